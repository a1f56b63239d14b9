#!/bin/bash
# The status of devices on the console: glyph and word in the lists, the details, the form and on Overview, changing by itself.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/console.bash"

is()		# USER STATUS: what the command line tells of its device
{
	"$W" --json registration list --query "username:$1" | grep -q "\"device_status\":\"$2\""
}

latency()	# USER REGEX: what is told of its answers
{
	"$W" --json registration list --query "username:$1" | grep -qE "\"latency_ms\":$2\\b"
}

lists()		# KIND REGEX: its table has a row like that
{
	"$W" "$1" list > "$out" && grep -qE -- "$2" "$out"
}

# What is late is so late, and what is not so early, that a machine which stands still for a while changes nothing.
check "start" start_daemon "qualify { interval = 5 retry = 1 lagged_ms = 2500 }" "auth { algorithms = { \"MD5\" } }" \
    "limits { requests_per_second = 10000 burst = 10000 }"
"$W" group add g > /dev/null
for user in answer late silent off absent away; do
	echo "secret-of-$user" | "$W" account add $user group=g password=- > /dev/null
done
"$W" account set off qualify=no > /dev/null
"$W" account set away server=b > /dev/null
"$W" account set late qualify=4000 > /dev/null
mkfifo "$TMP/how"
: > "$TMP/phones"
python3 "$(dirname "$0")/devices.py" "127.0.0.1:$(listening udp)" answer late silent off away <> "$TMP/how" > "$TMP/phones" 2>&1 &
own_pids+=($!)
check "phones register" wait_for 5 grep -q ready "$TMP/phones"
check "one answers" wait_for 5 is answer OK
check "one answers late" wait_for 5 is late LAGGED
check "one does not" wait_for 5 is silent UNREACHABLE
check "one is not asked" is off UNMONITORED
check "JSON: how long the answer took" wait_for 5 latency late '[5-7][0-9]{3}'
check "and that there was none" wait_for 5 latency silent null
for list in registration account; do
	check "the table of $list list has the status, with glyph and latency" wait_for 5 lists $list '^answer .*  \+ OK [0-9]+ ms( |$)'
	check "$list list: in seconds where it is long" wait_for 5 lists $list '^late .*  ~ LAGGED [5-7]\.[0-9] s( |$)'
	check "$list list: without one where there was no answer" wait_for 5 lists $list '^silent .*  ! UNREACHABLE(  |$)'
	check "$list list: and where nobody asks" lists $list '^off .*  - UNMONITORED(  |$)'
	check "$list list: one at another node says so" lists $list '^away .*  at a, assigned b(  |$)'
done

check "Overview counts them, Registered has their glyphs, and the probes of the selected one" console 80x24 <<'S'
wait + OK               1 #
wait ~ LAGGED           1 #
wait ! UNREACHABLE      1 #
wait - Unmonitored      1 #
key 2
wait Registered Accounts - 5
wait + answer
wait ~ late
wait - off
wait ! silent
wait answer  OK 
wait , last answer
wait s ago), 
screen
key End
wait silent  UNREACHABLE, no answer yet
key Up
wait off  Unmonitored
key t
key Home
gone s ago), 
wait s ago, 
resize 60x15
wait ! silent
wait Status OK
wide
key F10
exit
S
check "a narrow list has no word" eval '! grep -q "! silent.*UNREACHABLE" "$out"'
check "on a wide screen words stand beside them" console 140x40 <<'S'
wait LIVE
key 2
wait Registered Accounts - 5
wait UNREACHABLE
wait Status
wait at a, assi
screen
key 3
wait Accounts - 6
wait Device
wait UNREACHABLE
wait Unmonitored
wide
screen
key F10
exit
S
check "of registrations" shows '! silent .* UNREACHABLE +127\.0\.0\.1'
check "with the latency where it fits" shows '\+ answer .* OK [0-9]+ ms +127\.0\.0\.1'
check "of accounts" shows '~ late .* LAGGED( [0-9.]+ s)?$'
check "one that never registered has none" shows '>   absent +g +yes Created$'
check "nor has one at another node, and the list says so" shows '^ +away .* Connected +at a, assigned b *$'

check "accounts are sorted by it, worst first, and found by it" console 140x40 <<'S'
wait LIVE
key 3
wait Accounts - 6
key Tab
key F6
key End
key Enter
wait Device ^
wait >(all)         6   ! silent
screen
key /
key C-u
text device_status:LAGGED
wait 1 of
key Enter
wait (1)
wait ~ late
gone ! silent
key F10
exit
S
check "in that order" eval '[ "$(grep -oE "[!~+?-] (silent|late|answer|off) " "$out" | head -4 | tr -d "\n")" = "! silent ~ late + answer - off " ]'

check "details and form tell it, and that it changes, without a key" console 80x24 <<S
wait LIVE
key 2
wait + answer
key Home
wait > + answer
key Enter
wait Registered > answer
wait enabled, + OK
wait OK 
wait , last answer
key e
wait Edit answer
wait Device            + OK
screen
run echo answer silent > $TMP/how
wait Device            ! UNREACHABLE
key Escape
wait enabled, ! UNREACHABLE
run echo answer answer > $TMP/how
wait enabled, + OK
key Escape
wait Registered Accounts
wait > + answer
run echo answer silent > $TMP/how
wait >*! answer
wait answer  UNREACHABLE (
run echo answer answer > $TMP/how
wait + answer
wait answer  OK 
key F10
exit
S
check "it is nothing that was changed in the form" eval '! grep -q "\* changed" "$out"'

check "one that never registered has no status in its form" console 80x24 <<'S'
wait LIVE
key 3
wait absent
key Home
wait >   absent
key e
wait Edit absent
wait Device            no status
key F10
exit
S

check "of one at another node all screens say where it is, and where it must be" console 80x24 <<'S'
wait LIVE
key 2
wait Registered Accounts - 5
key Home
wait > + answer
key Down
wait >   away
wait registered at a, assigned b
key Enter
wait Registered > away
wait at a, assigned b
key e
wait Edit away
wait Device            at a, assigned b
key F10
exit
S

check "NO_COLOR: glyphs and words say it all" console 140x40 NO_COLOR=1 <<'S'
wait LIVE
key 2
wait ! silent
wait UNREACHABLE
wait ~ late
attr
key F10
exit
S
check "not one cell is coloured" shows '^attr coloured=0$'
check "else they are coloured" console 140x40 <<'S'
wait LIVE
key 2
wait ! silent
wait UNREACHABLE
attr
key F10
exit
S
check "in some cells" shows '^attr coloured=[1-9]'

check "debug of probes is on each screen while it is on" console 80x24 <<S
wait LIVE
run $W debug on qualify
wait DEBUG qualify
key 2
wait Registered Accounts
wait DEBUG qualify
run $W debug off qualify
gone DEBUG
key 1
wait 2 Registered
run $W debug on qualify
wait DEBUG qualify
key 2
run $W debug off qualify
gone DEBUG
key F10
exit
S
check "the daemon ends well" stop_daemon
