#!/bin/bash
# Who may do what: every command as a stranger, a viewer, an operator and root, by the socket peer's credentials.  What is refused
# changes nothing, what changes something is an event with the operator's name, and one flipped byte of those is found.
. "$(dirname "$0")/../lib.sh"
if [ "$(id -u)" != 0 ]; then
	echo "skip roles (needs root)"
	exit
fi
chmod 711 "$TMP"
cp "$B/wirechief" "$TMP/wirechief"

# as USER COMMAND...: what it says is in $TMP/said, its status the exit status.
as()
{
	local user=$1

	shift
	timeout 120 setpriv --reuid="$user" --regid="$user" --init-groups "$TMP/wirechief" "$@" > "$TMP/said" 2>&1 < "$TMP/input"
}

# What each command takes, and what to type for it: role | command.  @ stands for the user's name: each who may has records of his own.
table()
{
	cat <<-'E'
		viewer | status
		operator | group add g-@ description=@
		viewer | group list
		viewer | group show g-@
		operator | group set g-@ description=changed
		operator | account add a-@ group=g-@ caller_id=NUMBER password=random
		viewer | account list
		viewer | account list --query a-@ --sort username --limit 3
		viewer | account show a-@
		viewer | why a-@
		operator | trace a-@
		operator | account set a-@ owner=@ password=-
		operator | account disable a-@
		operator | account enable a-@
		operator | registration drop a-@
		viewer | registration list
		viewer | registration watch
		viewer | event list
		viewer | event watch
		viewer | event verify
		viewer | verify
		operator | backup -
		viewer | web check
		operator | debug on sip
		operator | debug off sip
		viewer | account export
		operator | account import FILE
		operator | profile add p-@ kind=text
		viewer | profile list
		viewer | profile show p-@
		operator | profile set p-@ install_url=https://example.org/
		viewer | profile render p-@ a-@
		operator | account set a-@ profile=p-@
		operator | account activate a-@
		operator | account link a-@
		operator | account set a-@ profile=
		operator | profile delete p-@
		operator | trunk add t-@ host=127.0.0.1 port=PORT qualify=no username=@ password=-
		viewer | trunk list
		viewer | trunk show t-@
		operator | trunk set t-@ priority=3
		operator | trunk retry t-@
		operator | trunk test t-@
		operator | trunk disable t-@
		operator | trunk enable t-@
		operator | trunk delete t-@ --yes
		operator | licence set a-@ key=12345
		viewer | licence list
		viewer | licence show a-@
		operator | licence clear a-@
		viewer | call list
		operator | call drop CALL
		viewer | queue list
		viewer | queue show MESSAGE
		viewer | queue watch
		operator | queue retry MESSAGE
		operator | queue delete MESSAGE --yes
		operator | account delete a-@ --yes
		operator | group delete g-@
	E
}

# The commands that there are, from the program's own help: "group add".
commands()
{
	"$TMP/wirechief" --help | sed -n 's/^  \([a-z][a-z ]*[a-z]\)\( [A-Z[-].*\)\{0,1\}$/\1/p' | sed 's/ *$//'
}

exists()	# COMMAND WITH ARGUMENTS
{
	commands | grep -qxE "$(cut -d' ' -f1-2 <<< "$1")|${1%% *}"
}

all_are_in_the_table()
{
	local command

	commands > "$TMP/commands"
	[ "$(wc -l < "$TMP/commands")" -ge 20 ] || return 1
	while read -r command; do
		[ "$command" = restore ] && continue	# not asked of the daemon: whoever may write its files may
		table | grep -qE "\| $command( |$)" && continue
		echo "# no line for $command"
		return 1
	done < "$TMP/commands"
}

# Everything that could have been changed.
state()
{
	"$TMP/wirechief" --json account list
	"$TMP/wirechief" --json group list
	"$TMP/wirechief" --json event list
}

# asks USER REQUEST: one request by hand; its first answer.
asks()
{
	python3 - "$WIRECHIEF_SOCKET" "$2" "$1" <<-'P'
		import json, os, pwd, socket, sys
		user = pwd.getpwnam(sys.argv[3])
		os.setgroups([])
		os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
		os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
		s = socket.socket(socket.AF_UNIX)
		s.settimeout(120)
		s.connect(sys.argv[1])
		f = s.makefile('rw')
		f.readline()
		f.write(json.dumps({"id": 1, "name": "a-kept", "kind": "account", **json.loads(sys.argv[2])}) + "\n")
		f.flush()
		print(f.readline())
	P
}

# allowed USER COMMAND...: it is done; refused USER WORDS COMMAND...: status 1, those words, and nothing is changed.
allowed()
{
	if [ "${3:-}" = watch ]; then	# it goes on until it is ended: that it stands is what counts
		asks "$1" "{\"do\": \"$2 watch\"}" > "$TMP/said"
		grep -qF '"ok":{}' "$TMP/said" && return 0
	elif [ "${2:-}" = trace ]; then
		asks "$1" "{\"do\": \"trace\", \"name\": \"$3\"}" > "$TMP/said"
		grep -qF '"ok":{}' "$TMP/said" && return 0
	else
		as "$@" && return 0
	fi
	sed 's/^/# /' "$TMP/said"
	return 1
}

refused()
{
	local user=$1 words=$2

	shift 2
	state > "$TMP/before"
	as "$user" "$@"
	[ $? = 1 ] && grep -qF "$words" "$TMP/said" && state | cmp -s - "$TMP/before" && return 0
	sed 's/^/# /' "$TMP/said"
	return 1
}

# A change is an event of that operator, behind those that were there before it, and about that name, as all of his there.  What the daemon
# does by itself meanwhile has no operator.
audited()
{
	local user=$1 name=$2 told

	"$TMP/wirechief" --json event list --limit 50 > "$TMP/events"
	told=$(awk 'NR == FNR { last = $0; next } seen { print } $0 == last { seen = 1 }' "$TMP/last" "$TMP/events" | grep "\"operator\":\"$user\"")
	[ -n "$told" ] && ! grep -qvF "\"subject\":\"$name\"" <<< "$told" && return 0
	echo "# $told"
	return 1
}

# What a command is about: its event's subject.
about()
{
	case $1 in
	queue) echo a-kept ;;
	call) echo a-ringing ;;
	backup) echo backup ;;
	trace) echo "$2" ;;
	*) echo "$3" ;;
	esac
}

# role USER: goes through the table.
role()
{
	local user=$1 role=$2 takes command words

	while IFS='|' read -r takes command; do
		takes=${takes// /}
		command=${command# }
		exists "$command" || continue
		command=${command//@/$user}
		command=${command//FILE/$TMP/import-$user.csv}
		command=${command//MESSAGE/${messages[$user]}}
		if [ "$role" = operator ]; then
			[[ $command != *CALL* ]] || check "a phone rings for $user" ring "$user"
			"$TMP/wirechief" --json event list --limit 1 > "$TMP/last"
		fi
		command=${command//CALL/${calls[$user]}}
		command=${command//PORT/$port}
		command=${command//NUMBER/${numbers[$user]}}
		read -r -a words <<< "$command"
		if [ "$role" = stranger ]; then
			check "a stranger is refused: $command" refused "$user" "only root and members of" "${words[@]}"
		elif [ "$role" = viewer ] && [ "$takes" = operator ]; then
			check "a viewer is refused: $command" refused "$user" "only operators may do that" "${words[@]}"
		elif [ "$role" = viewer ]; then
			check "a viewer may: $command" allowed "$user" "${words[@]//-$user/-kept}"
		else
			check "$user may: $command" allowed "$user" "${words[@]}"
			[ "$takes" = viewer ] || [[ $command == "registration drop"* || $command == *import* ]] ||
			    check "and it is audited: $command" audited "$user" "$(about "${words[@]}")"
		fi
	done < <(table)
}

echo "a secret of its own" > "$TMP/input"
chmod 644 "$TMP/input"
make_certificate web
web_port=$(free_port)
check "the daemon starts" start_daemon "control { operators = \"daemon\" viewers = \"bin\" }" "auth { algorithms = { \"MD5\" } }" \
    "sms { url = \"http://127.0.0.1:$(free_port)/?to={number}&text={text}\" }" \
    "http { listen = \"127.0.0.1:$web_port\" public_url = \"https://127.0.0.1:$web_port\" ca = \"$TMP/web.crt\" certificate = \"$TMP/web.crt\"
	key = \"$TMP/web.key\" templates = \"$(realpath "$(dirname "$0")/../../share/web")\" }"
port=$(listening udp)
check "every command is in the table" all_are_in_the_table
"$TMP/wirechief" group add g-kept > /dev/null
echo "a secret of its own" | "$TMP/wirechief" account add a-kept group=g-kept qualify=no password=- > /dev/null
echo "a secret of its own" | "$TMP/wirechief" account add a-ringing group=g-kept qualify=no password=- > /dev/null
! exists "profile add" || "$TMP/wirechief" profile add p-kept kind=text > /dev/null
! exists "trunk add" || "$TMP/wirechief" trunk add t-kept host=192.0.2.1 qualify=no > /dev/null
for user in sys bin daemon root; do
	printf 'username,group\ni-%s,g-kept\n' $user > "$TMP/import-$user.csv"
	chmod 644 "$TMP/import-$user.csv"
done
declare -A messages
for user in sys bin daemon root; do
	messages[$user]=$(python3 "$(dirname "$0")/../sip/send.py" "$(sed -n 's/.*udp:\(127[0-9.:]*\).*/\1/p' "$LOG" | head -1)" a-kept "a secret of its own" a-kept hello > /dev/null
	    "$TMP/wirechief" --json queue list | tail -1 | sed 's/.*"id":"\([^"]*\)".*/\1/')
done
declare -A numbers=([sys]=1001 [bin]=1002 [daemon]=1003 [root]=1004)
declare -A calls=([sys]=1 [bin]=1 [daemon]="" [root]="")
# ring USER: that one's call, which nobody answers; it is dropped before its time is over
ring()
{
	python3 "$(dirname "$0")/../sip/ring.py" "$(sed -n 's/.*udp:\(127[0-9.:]*\).*/\1/p' "$LOG" | head -1)" a-ringing "a secret of its own" 1 || return 1
	calls[$1]=$("$TMP/wirechief" --json call list | tail -1 | sed 's/.*"id":"\([^"]*\)".*/\1/')
}
check "a message waits for each" [ "$("$TMP/wirechief" --json queue list | wc -l)" = 4 ]
role sys stranger
role bin viewer
role daemon operator
role root operator

# What none of the commands is.
says()
{
	asks bin "$2" | grep -F "$1" > /dev/null
}
check "a viewer may open a view" says '"matched":' '{"do": "view"}'
check "a viewer may not try a deletion dry" says '"denied"' '{"do": "account delete", "dry": true}'
check "a viewer may not restore" says '"denied"' '{"do": "restore"}'
check "a viewer may not by another case or a blank" says '"usage"' '{"do": "Account  delete"}'

# The chain: whole, and not any more when a byte of an event was changed on disk.
whole()
{
	"$TMP/wirechief" "$@" verify > "$TMP/said" 2>&1
}
check "the chain is whole" whole event
check "and so is the store" whole
flip()		# FROM TO: wherever the store's file has it
{
	python3 - "$TMP"/state/store/data.mdb "$1" "$2" <<-'P'
		import sys
		path, old, new = sys.argv[1], sys.argv[2].encode(), sys.argv[3].encode()
		data = open(path, 'rb').read()
		assert old in data and len(old) == len(new)
		open(path, 'r+b').write(data.replace(old, new))
	P
}
verify_says()
{
	! "$TMP/wirechief" event verify > "$TMP/said" 2>&1 && grep -qE "event [0-9]+ does not follow from the one before it" "$TMP/said"
}
check "the daemon stops" stop_daemon
check "one byte of an event is flipped" flip 'account a-daemon: deleted' 'account a-daemon: deleued'
check "the daemon starts again" start_daemon
check "and finds it" verify_says
check "the daemon stops again" stop_daemon
check "the byte is put back" flip 'account a-daemon: deleued' 'account a-daemon: deleted'
check "the daemon starts once more" start_daemon
check "and the chain is whole" whole event
