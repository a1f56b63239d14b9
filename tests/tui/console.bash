# What the tests of the console share: it runs on a terminal that vtdrive keeps, obeys a script, and what was printed is looked at; to be
# sourced after tests/lib.sh.

TOOLS=$(realpath "${TOOLS:-$B}")
W=$B/wirechief
sip=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../sip")
out=$TMP/out
export LC_ALL=C.UTF-8

# zone HOURS: a TZ so many hours east of Greenwich, or six more where a day would end soon: what is of today stays so.
zone()
{
	local hour=$(((10#$(date -u +%H) + $1) % 24)) hours=$1

	[ $hour -ge 1 ] && [ $hour -le 21 ] || hours=$(($1 + 6))
	[ $hours = 0 ] && echo UTC || echo Etc/GMT-$hours
}
TZ=$(zone 0)
export TZ

# console [COLSxROWS] [NAME=VALUE ...]: obeys the script on standard input; what it printed is in $out.  Whom a script stopped goes on after
# it, however far it came.
console()
{
	local size=80x24

	if [[ ${1:-} == [0-9]*x[0-9]* ]]; then
		size=$1
		shift
	fi
	env "$@" "$TOOLS/tests/tui/vtdrive" "$size" "$W" > "$out" 2>&1 && return 0
	kill -CONT "$DAEMON_PID" $(process_pid keeper) 2>/dev/null
	sed 's/^/# /' "$out"
	return 1
}

shows()		# REGEX: the last console printed it
{
	grep -qE -- "$1" "$out" && return 0
	sed 's/^/# /' "$out"
	return 1
}

said()		# REGEX COMMAND...: the command succeeds, and says a line like that
{
	"$W" "${@:2}" > "$TMP/said" 2>&1 && grep -qE -- "$1" "$TMP/said" && return 0
	sed 's/^/# /' "$TMP/said"
	return 1
}

has()		# REGEX COMMAND...: in JSON
{
	said "$1" --json "${@:2}"
}

ctl()		# COMMAND...: it succeeds
{
	"$W" "$@" > "$TMP/said" 2>&1 && return 0
	sed 's/^/# /' "$TMP/said"
	return 1
}

account()	# USER OWNER GROUP NUMBER: one whose phone is not probed; its password is secret-USER
{
	ctl account add "$1" owner="$2" group="$3" caller_id="$4" email="$1@example.org" qualify=no password=- <<< "secret-$1"
}

field()		# USER FIELD VALUE: the account has it
{
	ctl --json account show "$1" && grep -qF "\"$2\":$3" "$TMP/said" && return 0
	sed 's/^/# /' "$TMP/said"
	return 1
}

no_account()	# USER
{
	! "$W" account show "$1" > /dev/null 2>&1
}

# register USER PASSWORD [OPTION...]: a phone that is gone at once, but registered for longer than a test takes.
register()
{
	"$sip/register.py" "127.0.0.1:$(listening udp)" "$@" --expires 7200
}

# keeper_lost: lines of a script that end with the keeper killed and the console without a link, as long as nobody says keeper_back.  The
# supervisor stands still meanwhile, for it would start another at once.
keeper_lost()
{
	echo "run kill -STOP $DAEMON_PID && kill -9 $(process_pid keeper)"
	echo "wait LOST"
}

keeper_back()
{
	echo "run kill -CONT $DAEMON_PID"
	echo "wait LIVE"
}
