#!/bin/bash
# An administrator in a hurry mistypes: every answer says what to type instead, with the exit status of interfaces: 1 the daemon
# refused, 2 usage, 3 it can't be reached.  Each line of the tables: status | words that the answer must hold, with ; between | the words
# typed.
. "$(dirname "$0")/../lib.sh"
W=$B/wirechief

# mistake STATUS WORDS COMMAND...: the answer is on stderr alone, and a table or JSON never comes with it.
mistake()
{
	local status=$1 words=$2 got

	shift 2
	timeout 120 "$W" "$@" > "$TMP/stdout" 2> "$TMP/stderr" < "${STDIN:-/dev/null}"
	got=$?
	if [ $got -ne "$status" ] || [ -s "$TMP/stdout" ]; then
		echo "# status $got, stdout $(wc -c < "$TMP/stdout") bytes: $(head -c 300 "$TMP/stderr")"
		return 1
	fi
	while IFS= read -r -d ';' word; do
		grep -qF -- "$word" "$TMP/stderr" && continue
		echo "# no \"$word\" in: $(head -c 400 "$TMP/stderr")"
		return 1
	done <<< "$words;"
}

# mistakes: the table on standard input.
mistakes()
{
	local status words command

	while IFS='|' read -r status words command; do
		case $status in '' | '#'*) continue ;; esac
		command=${command# }
		eval "set -- $command"
		check "$command" mistake "$((status))" "$(sed 's/^ *//; s/ *$//; s/; /;/g' <<< "$words")" "$@"
	done
}

# Before there is anything, and without a daemon.
mistakes <<E
3 | can't reach the daemon at $WIRECHIEF_SOCKET; is wirechiefd running?; WIRECHIEF_SOCKET | status
3 | $TMP/nosuch; is wirechiefd running?; -s SOCKET | -s $TMP/nosuch account list
3 | can't reach | -s / status
E
check "the daemon starts" start_daemon "control { operators = \"daemon\" viewers = \"bin\" }"
mistakes <<E
1 | group: there is no group yet; group add | account add alice
1 | no group Sales; group list | account add alice group=Sales
E
"$W" group add Sales > /dev/null
"$W" group add Operations > /dev/null
"$W" group add 'Back Office' > /dev/null
"$W" account add alice group=Sales caller_id=+390611 > /dev/null
"$W" account add bob.rossi group=Operations > /dev/null

printf 'username,grup\nx,Sales\n' > "$TMP/fields.csv"
printf 'username,group\nx,Slaes\n' > "$TMP/group.csv"
mistakes <<'E'
# Words that are no command.
2 | did you mean 'account list' | acount list
2 | did you mean 'account list' | accounts list
2 | did you mean 'account list' | Account List
2 | did you mean 'account list' | account lst
2 | did you mean 'account list' | account ls
2 | did you mean 'account list' | list accounts
2 | did you mean 'account show' | show account alice
2 | did you mean 'account delete' | account rm alice
2 | did you mean 'account delete' | account remove alice
2 | did you mean 'account delete' | account delet alice
2 | did you mean 'account add' | account create alice group=Sales
2 | did you mean 'account set' | account edit alice
2 | did you mean 'account disable' | account disabel alice
2 | did you mean 'registration' | registartion
2 | did you mean 'registration list' | registrations list
2 | did you mean 'debug off' | debug of sip
2 | did you mean 'status' | stauts
2 | did you mean 'event watch' | event tail
2 | list show add set delete enable disable | account
2 | account is followed by one of; list; enable | account fry alice
2 | wirechief --help lists them | frobnicate
2 | wirechief --help | help
2 | wirechief --help account | help account
# Options.
2 | did you mean '--help' | --halp
2 | did you mean '--json' | --jsn account list
2 | --json; -s SOCKET | -x account list
2 | -s needs the path of a socket | -s
2 | did you mean '--query'; usage: ; account list [--group G] | account list --qeury x
2 | did you mean '--limit' | account list --limt 3
2 | no option '-q'; usage:; [--query Q] | account list -q alice
2 | no option '--group' here | event list --group Sales
2 | --limit needs a value | account list --limit
2 | --limit takes a number such as 20; 'x' | account list --limit x
2 | --limit takes a number such as 20; '-1' | account list --limit -1
2 | --limit takes a number such as 20; '5k' | account list --limit=5k
2 | --limit takes a number such as 20 | event list --limit 99999999999999999999
2 | 'alice' is not expected here; --query 'alice' | account list alice
2 | --reverse takes no value | account list --reverse=yes
2 | did you mean '--yes' | account delete alice --force
# Arguments that are missing, or too many.
2 | which account?; usage: ; account show ID | account show
2 | 'bob' is one word too many; account show ID | account show alice bob
2 | which account?; account set ID FIELD=VALUE | account set
2 | which account?; name comes first | account set owner=x
2 | what of alice is to be set? | account set alice
2 | which account?; account delete ID [--yes] | account delete
2 | which account?; registration drop ID [CONTACT] | registration drop
2 | which group?; group add ID | group add
2 | which subsystem? | debug on
2 | which trunk?; trunk test [ID] [FIELD=VALUE ...] | trunk test
2 | 'now' is not FIELD=VALUE | trunk test carrier now
2 | no field 'hots' of trunk; did you mean 'host' | trunk test hots=sip.example.com
2 | 'now' is one word too many | status now
2 | 'all' is one word too many | verify all
1 | --yes | account delete alice
# Names that there are not.
1 | alise: not found; did you mean 'alice' | account show alise
1 | did you mean 'alice' | account set Alice owner=x
1 | did you mean 'alice' | account disable alcie
1 | did you mean 'bob.rossi' | account delete bob.rosi --yes
1 | did you mean 'alice' | registration drop alic
1 | zzz: not found; 'account list' tells | account show zzz
1 | did you mean 'Sales' | group show sales
1 | did you mean 'Back Office' | group set 'back ofice' description=x
1 | no group Slaes; did you mean 'Sales' | account add carla group=Slaes
1 | no group Slaes; did you mean 'Sales' | account set alice group=Slaes
1 | no group operation; did you mean 'Operations' | account list --group operation
1 | query: column 7: the ) to this ( is missing;   owner:(rossi;         ^ | account list --query 'owner:(rossi'
1 | query: column 1: a word can't begin with * or ?; write its first letter | account list --query '*ossi'
1 | no group zzz; 'group list' tells | account add carla group=zzz
1 | no such subsystem; there are main store sip | debug on spi
1 | none like that; account show alice | registration drop alice sip:alice@192.0.2.1
# Fields that there are not, or may not be set.
2 | no field 'grup' of account; did you mean 'group' | account add carla grup=Sales
2 | did you mean 'group' | account add carla GROUP=Sales
2 | did you mean 'caller_id' | account add carla group=Sales callerid=1
2 | did you mean 'max_contacts' | account set alice max-contacts=2
2 | there are username owner caller_id; max_contacts | account set alice shoe=43
2 | there are name description profile prefixes | group set Sales shoe=43
2 | 'Sales' is not FIELD=VALUE; usage: | account add carla group=Sales Sales
2 | owner is set twice | account set alice owner=a owner=b
1 | username: fixed: delete and re-create | account set alice username=al
1 | caller_id: fixed: delete and re-create | account set alice caller_id=12
1 | status: set by the server alone | account set alice status=Connected
1 | no such field of account; did you mean 'owner' | account list --sort ownr
1 | no such field of account; there are username owner | account list --sort nosuch
1 | no such field of account; there are username owner | account list --sort password
1 | no such field of event; did you mean 'subject' | event list --sort subjct
# Values.
1 | group: may not be empty; there are Back Office, Operations, Sales | account add carla
1 | username: there is an account alice already; choose another | account add alice group=Sales
1 | username: only letters, digits and | account add 'car la' group=Sales
1 | username: too long: 80 bytes, at most 64 | account add cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc group=Sales
1 | caller_id: +390611 belongs to account alice | account add carla group=Sales caller_id=+390611
1 | caller_id_2: +390611 belongs to account alice | account add carla group=Sales caller_id_2=+390611
1 | caller_id_2: the same as caller_id | account add carla group=Sales caller_id=12 caller_id_2=12
1 | caller_id: must be digits; such as +39 | account add carla group=Sales caller_id='12 34'
1 | max_contacts: must be a number from 1 to 50 | account set alice max_contacts=99
1 | max_contacts: must be a number from 1 to 50 | account set alice max_contacts=two
1 | qualify: must be no, yes or 2 to 60000 (ms) | account set alice qualify=maybe
1 | creation: must be plain or wizard | account add carla group=Sales creation=wizzard
1 | enabled: must be yes or no | account set alice enabled=ja
1 | permit: '192.0.2.300'; such as 192.0.2.0/255.255.255.0 | account set alice permit=192.0.2.300
1 | permit: '10.0.0.0/33'; such as; 10.0.0.0/8 | account set alice permit=10.0.0.0/33
1 | deny: '10.0.0.0/255.0.0'; such as | account set alice deny=10.0.0.0/255.0.0
1 | email: not an address: it needs name@host | account set alice email=alice
1 | email: not an address: ','; after '@' | account set alice email=alice@example,org
1 | owner: too long: 200 bytes, at most 128 | account set alice owner=$(printf %0200d 0)
1 | name: there is a group of that name already | group add Sales
1 | name: may not begin or end with a blank | group add ' Sales'
1 | name: may not be empty | group set Sales name=
1 | prefixes: 'abc' is no prefix: digits with an optional leading + | group set Sales prefixes=abc
1 | group Sales: still holds 1 account: move or delete it first | group delete Sales
# Queries: where the fault is.
1 | query: column 8; [from TO to]; owner:[ | account list --query 'owner:['
1 | query: column 1; the ) to this ( is missing | account list --query '(alice'
1 | column 1; can't begin with * | event list --query '*foo'
# Imports and exports.
2 | which file?; account import FILE | account import
1 | nosuch.csv: No such file | account import $TMP/nosuch.csv
1 | fields.csv:1: grup; did you mean 'group'; nothing was changed | account import $TMP/fields.csv
1 | group.csv:2: group: no group Slaes; did you mean 'Sales'; nothing was changed | account import $TMP/group.csv
2 | did you mean '--query' | account export --querry x
# Passwords.
2 | never an argument; password=-; password=random | account set alice password=secret
1 | no password on standard input; password=random | account set alice password=-
# JSON changes nothing about refusals.
1 | did you mean 'alice' | --json account show alise
2 | did you mean 'group' | account add carla grup=Sales --json
E
echo short > "$TMP/password"
STDIN=$TMP/password check "a short password" mistake 1 "password: too short: at least" account set alice password=-
check "bytes that are no text" mistake 2 "owner is not valid UTF-8" account set alice owner=$'\xff'
check "what a terminal would obey comes out harmless" eval '
	mistake 1 "not found" account show $'\''a\e[2J'\'' && ! grep -q $'\''\e'\'' "$TMP/stderr"'
noted()		# WORDS COMMAND...: it is done, with a note on stderr
{
	"$W" "${@:2}" > "$TMP/stdout" 2> "$TMP/stderr" && grep -qF -- "$1" "$TMP/stderr" && return 0
	sed 's/^/# /' "$TMP/stderr"
	return 1
}
check "a query in a field that there is not" noted "account has no field ownr, nothing is found in it; did you mean 'owner'?" \
    account list --query ownr:rossi
check "in one like nothing" noted "event has no field shoe, nothing is found in it; there are time level" event list --query 'alice AND (shoe:43)'
check "no note where there is none" eval '"$W" account list --query "owner:rossi OR *:*" > /dev/null 2> "$TMP/stderr" && ! [ -s "$TMP/stderr" ]'
check "an option may have its value behind =" eval '"$W" account list --limit=1 --sort=username | grep -q "^alice"'
same()
{
	[ "$("$W" --json account list | wc -l)" = 2 ] && [ "$("$W" --json group list | wc -l)" = 3 ] &&
	    [ "$("$W" --json event list | wc -l)" = 5 ]
}
check "nothing was changed by all that" same

# A large store: the nearest name is still found, and at once.
many()
{
	python3 - "$WIRECHIEF_SOCKET" <<-'P'
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		f = s.makefile('rw')
		f.readline()
		for n in range(3000):
		    f.write(json.dumps({"id": n, "do": "account add", "name": "user%05d" % n, "set": {"group": "Sales"}}) + "\n")
		    if n % 50 == 49:
		        f.flush()
		        for _ in range(50):
		            assert "ok" in json.loads(f.readline())
	P
}
check "3000 accounts" many
mistakes <<'E'
1 | did you mean 'user02345' | account show USER02345
1 | did you mean 'user02345' | account show usr02345
1 | did you mean 'user02345' | account show user0234s5
1 | did you mean 'user02345' | account show uesr02345
1 | 'account list' tells | account show ruse/2345
E

# Those who may not.
if [ "$(id -u)" = 0 ]; then
	chmod 711 "$TMP"
	cp "$W" "$TMP/wirechief"
	W="$TMP/wirechief"
	as()
	{
		local user=$1

		shift
		cat > "$TMP/as" <<-S
			#!/bin/bash
			exec setpriv --reuid=$user --regid=$user --clear-groups "$TMP/wirechief" "\$@"
		S
		chmod 755 "$TMP/as"
		W="$TMP/as" mistake "$@"
	}
	check "a viewer is told who may" as bin 1 "account add: only operators may do that;members of the group daemon" account add x group=Sales
	check "a stranger is told who may" as sys 1 "only root and members of" status
	chmod 600 "$WIRECHIEF_SOCKET"
	check "one who can't even see the socket, too" as sys 3 "Permission denied;operators or viewers" status
else
	echo "skip those who may not (needs root)"
fi
