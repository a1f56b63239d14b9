#!/bin/bash
# A11: a known password, the HA1s that follow from it and the text of messages are in no file that the daemon, the console and the command
# line write: store with its free pages, backups, logs at debug level, lists, exports; and no process of the daemon leaves a core.

. "$(dirname "$0")/../lib.sh"
TOOLS=$(realpath "${TOOLS:-$B}")
W=$B/wirechief
here=$(realpath "$(dirname "$0")")
export TZ=UTC LC_ALL=C.UTF-8
password=Kn0wn-Pa55-of-al1ce
text='The eagle lands at nine beside the old mill.'
mkdir "$TMP/said" "$TMP/cwd"
cd "$TMP/cwd" || exit 1
ulimit -c unlimited 2> /dev/null
n=0

run()		# COMMAND...: what it says is a file
{
	n=$((n + 1))
	timeout 60 "$@" > "$TMP/said/$n" 2>&1 < /dev/null
}

typed()		# WHAT COMMAND...: with that on standard input
{
	local what=$1

	shift
	n=$((n + 1))
	printf '%s' "$what" | timeout 60 "$@" > "$TMP/said/$n" 2>&1
}

check "the daemon starts" start_daemon "listen = { \"udp:127.0.0.1:0\", \"tcp:127.0.0.1:0\" }" "auth { algorithms = { \"SHA-256\", \"MD5\" } }" \
    "log { level = \"debug\" debug = { \"main\", \"store\", \"sip\", \"stream\", \"registrar\", \"auth\", \"control\", \"qualify\" } }" \
    "limits { requests_per_second = 0 auth_failures = 0 }"
check "and logs everything" grep -q '<7>' "$LOG"
run "$W" group add g
check "an account with a known password" typed "$password" "$W" account add hidden-alice group=g password=-
check "another, which is away" typed "$password" "$W" account add hidden-bob group=g password=-
check "the first one's is set again" typed "$password" "$W" account set hidden-alice password=-
check "a trunk that registers with it" typed "$password" "$W" trunk add hidden-alice host=127.0.0.1 port=9 username=hidden-alice register=yes password=-
run "$W" account add hidden-x group=g "password=$password"
run "$W" account set hidden-alice "password=$password" owner=x
check "one that is imported" typed "username,group,password
hidden-carl,g,$password
" "$W" account import -
typed "username,group,password,caller_id
hidden-dora,none,$password,+39
$password,g,$password$password,no number
" "$W" account import -
udp=$(listening udp)
check "what is not taken is said" [ "$(python3 "$here/secrets.py" bad "$WIRECHIEF_SOCKET" "127.0.0.1:$udp" "$password" "$text")" = said ]
python3 "$here/message.py" "127.0.0.1:$udp" hidden-carl "$password" receive 1 > "$TMP/got" &
phone=$!
own_pids+=($phone)
on_line()
{
	"$W" --json registration list | grep -q hidden-carl
}
check "a phone registers" wait_for 10 on_line
to()		# USER UUID CODE
{
	[ "$(python3 "$here/message.py" "127.0.0.1:$udp" hidden-alice "$password" send "$1" "$text" "$2")" = "$3" ]
}
received()
{
	wait $phone && [ "$(cat "$TMP/got")" = "$text" ]
}
check "it takes a message" to hidden-carl uuid-on-line 200
check "and that is the text" received
rm "$TMP/got"
for uuid in uuid-1 uuid-2 uuid-3; do
	check "for the one that is away it waits" to hidden-bob $uuid 202
done

# What is unfinished: an import that is staged and not committed, while a backup is taken.
mkfifo "$TMP/end"
python3 "$here/secrets.py" stage "$WIRECHIEF_SOCKET" "$password" < "$TMP/end" > "$TMP/staged" 2>&1 &
own_pids+=($!)
exec 9> "$TMP/end"
check "an import is staged" wait_for 10 grep -qx staged "$TMP/staged"
waiting()
{
	"$W" --json queue list | wc -l
}
waited=$(waiting)
check "a backup is taken" run "$W" backup "$TMP/backup-1"

# Everything that the programs say.
id=$("$W" --json queue list | sed -n 's/.*"id":"\([^"]*\)".*/\1/p' | head -1)
for subsystem in main store sip stream registrar auth control qualify trunk; do
	run "$W" debug on $subsystem
done
for json in "" --json; do
	for command in status "group list" "account list" "account show hidden-alice" "account export" "account list --query $password" \
	    "registration list" "queue list" "queue show $id" "queue retry $id" "event list" "event verify" verify "licence list" \
	    "profile list" "trunk list" "trunk show hidden-alice" "trunk test hidden-alice" "queue list --query eagle"; do
		# shellcheck disable=SC2086
		run "$W" $json $command
	done
done
console()
{
	"$TOOLS/tests/tui/vtdrive" 140x40 "$W" > "$TMP/said/console" 2>&1 && return 0
	sed 's/^/# /' "$TMP/said/console" | tail -40
	return 1
}
check "the console shows and exports it" console <<S
wait LIVE
wait $waited ENQUEUED
screen
key 3
wait hidden-alice
screen
key Enter
wait hidden-
screen
key x
wait Write to file
text $TMP/said/export
key Enter
wait written
key 7
wait ENQUEUED
screen
key x
wait Write to file
text $TMP/said/export-queue
key Enter
wait written
key Enter
wait Show Message
screen
key 8
wait hidden-alice
screen
key F10
exit
S

# Deleted, and killed.
writes_here()		# PID: what it has open to write is in our folder, or has no name
{
	local fd file flags other=0

	for fd in /proc/"$1"/fd/*; do
		file=$(readlink "$fd")
		flags=$(awk '/^flags:/ { print $2 }' "/proc/$1/fdinfo/${fd##*/}")
		[ -f "$fd" ] && (((8#$flags & 3) != 0)) || continue
		[[ $file == "$TMP"/* || $file == anon_inode:* || $file == /memfd:* || $file == *'(deleted)' ]] && continue
		echo "# $file"
		other=1
	done
	return $other
}
check "one message is deleted" run "$W" queue delete "$id" --yes
exec 9>&-
for process in keeper sip stream; do
	pid=$(process_pid $process)
	check "$process may leave no core" grep -qE '^Max core file size +0 +0' "/proc/$pid/limits"
	check "it writes no file but in its folder" writes_here "$pid"
	kill -ABRT "$pid"
	again()
	{
		local now

		now=$(process_pid $process)
		[ -n "$now" ] && [ "$now" != "$pid" ] && "$W" status > "$TMP/status" 2>&1 && [ -n "$(listening udp)" ]
	}
	check "it is aborted, and comes back" wait_for 20 again
done
check "an account is deleted with what it has" run "$W" account delete hidden-carl --yes
check "another backup" run "$W" backup "$TMP/backup-2"
check "the daemon ends well" stop_daemon
grep -c . "$LOG" | sed 's/^/# lines of log: /'
check "one is restored" run "$W" restore "$TMP/backup-1" --config "$CONF" --yes
cp "$LOG" "$TMP/first.log"
check "the daemon starts with it" start_daemon
check "the messages wait again" [ "$(waiting)" = "$waited" ]
kill -ABRT $DAEMON_PID
wait $DAEMON_PID 2> /dev/null
processes_gone()
{
	! pgrep -f "^$B/wirechiefd -c $CONF" > /dev/null
}
check "the first process aborts, and the others end" wait_for 20 processes_gone

# A process that may leave a core does so here: else it means nothing that ours left none.
left=$(find "$TMP" -name 'core*')
(python3 -c 'import os; os.abort()') 2> /dev/null
if rm core* 2> /dev/null; then
	check "no process left a core" [ -z "$left" ]
else
	echo "skip cores: this system puts them elsewhere ($(cat /proc/sys/kernel/core_pattern))"
fi

# Nor may another program of the same user look into their memory: the system gives what is in /proc of such a process to root.  Programs
# built with sanitizers look into themselves.
closed()
{
	local process pid

	for process in keeper sip stream; do
		pid=$(process_pid $process)
		[ "$(stat -c %u "/proc/$pid/mem")" = 0 ] && [ "$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status")" = "$(id -u "$user")" ] || return 1
	done
}
real=$(realpath "${TOOLS:-$B}/wirechiefd")
if ldd "$real" | grep -q libasan; then
	echo "skip who looks into its memory: it is built with sanitizers, and there is no other"
else
	mkdir "$TMP/theirs"
	if [ "$(id -u)" = 0 ]; then
		user=daemon
		chmod 711 "$TMP"
		mkdir "$TMP/bin"
		chown $user "$TMP/theirs"
		cp "$real" "$TMP/bin/real"
		printf '#!/bin/sh\nexec setpriv --reuid=daemon --regid=daemon --clear-groups %s "$@"\n' "$TMP/bin/real" > "$TMP/bin/wirechiefd"
		chmod 755 "$TMP/bin/wirechiefd"
		B=$TMP/bin
	else
		user=$(id -un)
		B=${real%/*}
	fi
	check "not as root it starts, too" start_daemon "state_dir = \"$TMP/theirs/state\"" "control { socket = \"$TMP/theirs/sock\" }"
	check "and nobody but root looks into its memory" closed
	check "it ends well" stop_daemon
fi

found()
{
	python3 "$here/secrets.py" find "$@"
}
for user in hidden-alice hidden-bob hidden-carl staged-1; do
	check "no file has $user's password, an HA1 of it, or a text" found $user wirechief.test "$password" "$text" $user "$TMP"
done
public()	# FILES THAT HAVE IT...
{
	grep -lF hidden-alice "$@" | wc -l | grep -qx $#
}
check "where other things are found: store, backups, log, console, exports" public "$TMP/state/store/data.mdb" "$TMP/backup-1" "$TMP/backup-2" \
    "$TMP/first.log" "$TMP/said/console" "$TMP/said/export-queue"
printf 'x%sy' "$password" > "$TMP/planted"
planted()
{
	! found hidden-alice wirechief.test "$password" "$text" hidden-alice "$TMP" > "$TMP/cwd/said" && grep -q planted "$TMP/cwd/said"
}
check "and what is there is found" planted
