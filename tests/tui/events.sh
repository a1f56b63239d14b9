#!/bin/bash
# Events: the log on the command line and on the console: who changed what from what to what, filter, follow, and the way to the record.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/console.bash"
TZ=$(zone 3)
plus=$(date +%Z)

last_event()	# TEXT: of the newest
{
	[ "$("$W" --json event list --limit 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["event"])')" = "$1" ] && return 0
	"$W" event list --limit 1 | sed 's/^/# /'
	return 1
}

check "start" start_daemon

# Who changed what.
"$W" group add Sales > /dev/null
"$W" group add 'Back Office' description='Rome, "the" city' > /dev/null
check "a group that was made" last_event 'group Back Office: made, description "Rome, \"the\" city"'
"$W" account add alice group=Sales qualify=no owner='Alice Rossi' max_contacts=2 password=- <<< "secret-alice" > /dev/null
check "an account that was made, with all that it was given" last_event \
    'account alice: made in group Sales, owner "Alice Rossi", qualify no, max_contacts 2, password set'
"$W" account set alice owner='Alice Verdi' group='Back Office' email=a@example.org > /dev/null
check "a change, field by field, from and to" last_event \
    'account alice: owner "Alice Rossi" -> "Alice Verdi", group Sales -> Back Office, email "" -> "a@example.org"'
"$W" account set alice password=- <<< "another-secret" > /dev/null
check "a secret by its name alone" last_event 'account alice: password changed'
check "of which nothing is in the log" eval '! "$W" --json event list | grep -q secret'
"$W" account set alice password=- <<< "secret-alice" > /dev/null
"$W" account set alice description="$(printf '%0256d' 1)" permit="$(printf '10.0.0.0/255.255.255.%d,' {0..20})::1" deny=0.0.0.0/0 > /dev/null
check "a long change names every field, too" said 'description.* deny .* permit .*::1"' event list --limit 1
"$W" account disable alice > /dev/null
check "with its operator" said "account alice: enabled yes -> no +$(id -un)" event list --limit 1
"$W" account enable alice > /dev/null
"$W" account set alice permit= deny= > /dev/null
n=$("$W" --json event list | wc -l)
"$W" account enable alice > /dev/null
"$W" account set alice owner='Alice Verdi' > /dev/null
check "what changes nothing is no event" eval '[ "$("$W" --json event list | wc -l)" = "$n" ]'
"$W" account add gone group=Sales owner=Nobody > /dev/null
"$W" account delete gone --yes > /dev/null
check "a deletion, with what is gone" last_event 'account gone: deleted, was in group Sales, owner "Nobody"'

# The command line.
newest_last()
{
	"$W" --json event list "$@" | python3 -c '
import json, sys
at = [json.loads(l) for l in sys.stdin]
assert len(at) == int(sys.argv[1]) and at == sorted(at, key=lambda e: e["time"]) and "deleted" in at[-1]["event"], at' "$n"
}
n=3
check "a limit takes the newest, and they come newest last" newest_last --limit 3
check "a table has a header" said '^Time +Lv +Module +Subject +Event +Operator$' event list
check "a query" eval '[ "$("$W" --json event list --query subject:gone | wc -l)" = 2 ]'
check "sorted by subject" eval '"$W" --json event list --sort subject | head -1 | grep -q "\"alice\""'
check "the other way round" eval '"$W" --json event list --reverse | head -1 | grep -q "gone: deleted"'
check "the chain is whole" said '^Checked +[0-9]+' event verify
watch()		# REGEX OPTION...: a watch prints an event that comes
{
	local pid ok=1

	"$W" "${@:2}" event watch > "$TMP/watched" 2>&1 &
	pid=$!
	own_pids+=($pid)
	wait_for 20 watched "$1" && ok=0
	kill $pid
	wait $pid 2>/dev/null
	return $ok
}
watched()
{
	"$W" debug on sip > /dev/null
	grep -qE -- "$1" "$TMP/watched"
}
check "a watch prints what comes as a line" watch "^[0-9T:.+-]{29}  info  admin    sip  +debug sip on  +$(id -un)$"
check "or as an object" watch '"subject":"sip","event":"debug sip on".*"_event":"added"' --json

# The console.
check "alice registers" register alice secret-alice --contact 127.0.0.1:5062
register alice wrong > /dev/null 2>&1
for i in {1..20}; do
	"$W" account add "user$i" group=Sales owner="n$i" > /dev/null
done
check "it follows what comes, until somebody moves, and again after G" console <<E
wait LIVE
key 8
wait Events - $("$W" --json event list | wc -l) today
wait   FOLLOW
wait Time ^
wait Lv Module  Subject
wait user20
run $W account set user1 owner=now
wait owner "n1" -> "now"
screen
key Up
gone FOLLOW
wait user20
run $W account set user2 owner=A
run $W account set user2 owner=B
run $W account set user2 owner=C
wait +3 newer below (G)
gone owner "B"
screen
key G
wait FOLLOW
wait "B" -> "C"
gone newer below
key F
gone FOLLOW
run $W account set user3 owner=D
wait +1 newer below (G)
key F
wait FOLLOW
wait "n3" -> "D"
E
check "the newest was under the cursor" shows '^>.* admin +user1 +account user1: owner "n1" -> "now"'
check "and then the one before, where somebody read" shows '^>.* user20 '
check "the detail tells all of it, with date and zone" shows "^ 20[0-9-]{8} [0-9:]{8}\.[0-9]{3} \\$plus  $(id -un)  account user20: made in group Sales"
check "times as ages, and in UTC" console <<E
wait LIVE
key 8
wait FOLLOW
wait  $plus
key z
wait  UTC
gone $plus
key z
wait  $plus
key t
gone $(date +%Y)-
E
check "newest first, it follows at the top" console <<E
wait LIVE
key 8
wait "n3" -> "D"
key S
wait Time v
wait FOLLOW
run $W account set user4 owner=E
wait "n4" -> "E"
row 4
key Down
gone FOLLOW
run $W account set user5 owner=F
wait +1 newer above (g)
key g
wait "n5" -> "F"
wait FOLLOW
E
check "the newest is the first line" shows '^>.*user4'
check "the events of an account, with a filter to edit" console <<E
wait LIVE
key 3
wait > - alice
key o
wait filter: subject:alice   (
wait FOLLOW
gone user20
wait registered from
screen
key /
wait subject:alice
key C-u
text module:auth
wait   1 of
gone registered from
wait ~  auth
key Enter
key 4
wait Groups
key 8
wait filter: module:auth   (1)
key \\
gone filter:
wait user20
E
check "of a group with a blank in its name" console <<E
wait LIVE
key 4
wait >   Back Office
key o
wait filter: subject:"Back Office"
wait group Back Office: made
gone user20
E
check "of a registration" console <<E
wait LIVE
key 2
wait > - alice
key o
wait filter: subject:alice
wait registered from
E
check "Enter on an account's event opens the account" console <<E
wait LIVE
key 8
wait FOLLOW
key /
text user7
wait   1 of
key Enter
wait  account user7: made in group Sales, owner
key Enter
wait Events > user7
wait n7
key Escape
wait Events
wait filter: user7
E
check "on a registration's, too" console <<E
wait LIVE
key 8
wait FOLLOW
key /
text module:reg
wait registered from
key Enter
key Enter
wait > alice
wait Binding 1
E
check "on a group's goes to the group" console <<E
wait LIVE
key 8
wait FOLLOW
key /
text description
wait group Back Office: made
key Enter
key Home
key Enter
wait Groups - 2
wait >   Back Office
key Escape
wait Events -
E
"$W" licence set user9 key=12345-67890 > /dev/null
check "on a licence's goes to the licence" console <<E
wait LIVE
key 8
wait FOLLOW
wait   licence user9:
key Enter
wait > Licences
wait >   user9
E
"$W" profile add Office kind=text > /dev/null
check "on a profile's goes to the profile" console <<E
wait LIVE
key 8
wait FOLLOW
wait   profile Office:
key Enter
wait > Profiles
wait >   Office
key Escape
wait Events -
E
check "on one of what is gone says so" console <<E
wait LIVE
key 8
wait FOLLOW
key /
text subject:gone
wait   2 of
key Enter
key Enter
wait there is no account gone (any more)
E
check "on one of no record says so" console <<E
wait LIVE
key 8
wait FOLLOW
key /
text subject:sip
wait debug sip on
key Enter
key Enter
wait speaks of no record
E
check "the overview opens events, too" console <<E
wait LIVE
wait profile Office: made
key Enter
wait > Profiles
wait >   Office
E
check "it counts what came since Events was looked at" console <<E
wait LIVE
wait profile Office: made
run $W account set user11 owner=G
run $W account set user12 owner=H
wait 2 new
key 8
wait FOLLOW
wait user12
key 1
wait 8 Events
gone  new
run $W account set user13 owner=I
wait 1 new
E
check "a time is found" console <<E
wait LIVE
key 8
wait FOLLOW
wait account user13: owner
key f
wait Find:
text $(date +%Y-%m-%d) 00:00
key Enter
wait group Sales: made
gone FOLLOW
key f
wait Find:
text soon
key Enter
wait a time such as 14:01
E
