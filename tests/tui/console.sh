#!/bin/bash
# The console on a terminal: its screens, what is typed into them, and what comes to them by itself.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/console.bash"
. "$(dirname "$0")/terminal.bash"
esc=$'\e'

shows_not()
{
	! grep -qaP -- "$1" "$out"
}

rate_below()	# LIMIT: the B/s of the quietest "idle"
{
	local rate

	rate=$(sed -n 's/^idle .* \([0-9]*\) B\/s.*/\1/p' "$out" | sort -n | head -1)
	[ -n "$rate" ] && [ "$rate" -lt "$1" ] && return 0
	echo "# $rate B/s"
	return 1
}

screens()	# SIZE REGISTERED ACCOUNTS GROUPS EVENTS: each shows its heading and these columns
{
	console "$1" <<-E
		wait LIVE
		wait 2 Registered  2 of 3 accounts
		wait 8 Events
		wide
		key 2
		wait Registered Accounts - 2 registered users
		wait $2
		wait alice
		wide
		key 3
		wait Accounts - 3
		wait $3
		wait carlo
		wide
		key 4
		wait Groups - 2 groups
		wait $4
		wait Sales
		wide
		key 8
		wait Events - 
		wait $5
		wait registered from
		wide
		key ?
		wait Keys of Events
		wait F1 ?
		wide
		key Escape
		gone Keys of
		wait Events - 
		key 1
		wait 2 Registered
		key q
		exit
	E
}

check "start" start_daemon
server=127.0.0.1:$(listening udp)
register="$sip/register.py $server"	# in "run"
check "a group" ctl group add Sales description="Rome, Milan"
check "another" ctl group add Ops
check "an account" account alice "Alice Rossi" Sales +393401110001
check "an account with a long name" account bob "Bruno Bianchi Très Long" Ops +393401110002
check "an account with wide characters" account carlo "Carlo 日本" Sales +393401110003
check "alice registers" register alice secret-alice --agent 'Evil\e[2J\e]0;x\x07\u202e\u200b End'
check "bob registers" register bob secret-bob

check "screens at 80x24" screens 80x24 "Username   Owner ^      Caller Id     Group   IpAddr           Port Expires" \
    "Username     Owner ^        Caller Id      En  Last Status" "Description" "Lv Module  Subject        Event"
check "the exit leaves the terminal as it was" shows '^exit 0 alt=0 cursor=1 paste=0$'
check "screens at 140x40" screens 140x40 "Port Registration Expires    UserAgent" "Group      En  Last Status" "Description" "Operator"
check "screens at 60x15" screens 60x15 "Username   Caller Id     IpAddr           Port Expires" "Username     Owner ^" "Accounts Enabled Registered" "Subject"
check "the place is told at 60x15" console 60x15 <<E
wait LIVE
key 2
wait > Registered
wait F9 Menu F10 Quit
key 3
wait > Accounts
wait F10 Quit
E
check "too small, and large again" console 80x24 <<E
wait LIVE
key 2
wait > - alice
resize 59x24
wait too small
gone alice
resize 80x14
wait too small
resize 60x15
gone too small
wait Registered Accounts
wait alice
resize 140x40
wait UserAgent
wide
E

check "another account" account dora "Dora Neri" Ops +393401110004
check "a registration comes and goes by itself" console 80x24 <<E
wait LIVE
key 2
wait > - alice
idle 2100
run $register dora secret-dora --contact 127.0.0.1:5062
wait dora
wait 3 registered users
screen
run $register dora secret-dora --contact 127.0.0.1:5062 --expires 0
gone  dora
wait 2 registered users
E
check "with its address" shows 'dora .* 127\.0\.0\.1 +[0-9]+ [0-9:]{8}'

check "an account is added, after a wrong address" console 80x24 <<E
wait LIVE
key 3
wait > - alice
wait carlo
key F7
wait plain    enabled at once
key Enter
wait New account
wait F2 Save
text erin
key Tab
text Erin Blu
key Tab
text +393401110005
key Tab
key Tab
key Tab
text erin@example,org
wait * changed
key F2
wait ! 
screen
key C-u
text erin@example.org
key F2
wait saved
wait erin
E
check "the fault stands at its field" eval 'grep -A1 "^\*Email" "$out" | tail -1 | grep -q "^   ! "'
check "and is stored" field erin email '"erin@example.org"'
check "an account is edited" console 80x24 <<E
wait LIVE
key 3
wait > - alice
key e
wait Edit alice
wait fixed
key C-u
text Alice Verdi
key F2
wait saved
wait Alice Verdi
E
check "and the edit is stored" field alice owner '"Alice Verdi"'
check "the box of groups chooses, and Esc comes back from Groups" console 80x24 <<E
wait LIVE
key 3
wait >(all)
wait Ops
key Tab
key Down
wait Accounts of Ops
gone alice
wait Accounts > Ops
key 4
wait Rome
key Down
key Enter
wait Accounts of Sales
wait alice
key Escape
wait Groups - 2
E
check "Esc asks before it loses an edit" console 80x24 <<E
wait LIVE
key 3
wait > - alice
key e
wait Edit alice
text XX
wait UNSAVED
key Escape
wait Leave without saving
key n
gone Leave without saving
wait Edit alice
key Escape
wait Leave without saving
key y
gone Edit alice
wait Accounts - 
E
check "and loses it then" field alice owner '"Alice Verdi"'
check "Enter is no yes" console 80x24 <<E
wait LIVE
key 3
wait > - alice
key b
wait Disable alice
key Enter
gone Disable alice
E
check "nothing was done" field alice enabled true
check "b and y disable" console 80x24 <<E
wait LIVE
key 3
wait > - alice
key b
wait Disable alice
wait wirechief account disable alice
key y
wait done
wait +393401110001  no
key b
wait Enable alice
key Escape
gone Enable alice
E
check "the account is disabled" field alice enabled false
check "and enabled" ctl account enable alice
check "a wrong name deletes nothing" console 80x24 <<E
wait LIVE
key 3
wait > - alice
wait erin
key /
text erin
wait 1 of
key Enter
wait >   erin
key d
wait Type its name:
text erim
key Enter
gone Type its name:
wait erin
E
check "the account is there" field erin owner '"Erin Blu"'
check "its name deletes it" console 80x24 <<E
wait LIVE
key 3
wait > - alice
wait erin
key /
text erin
wait 1 of
key Enter
wait >   erin
key F8
wait Type its name:
text erin
key Enter
wait deleted
gone >   erin
E
check "the account is gone" no_account erin

check "the filter narrows while typing, and goes" console 80x24 <<E
wait LIVE
key 3
wait > - alice
wait carlo
key /
wait Search:
text car*
gone alice
wait carlo
wait 1 of
key Enter
wait filter: car
key 2
wait Registered Accounts
key 3
wait filter: car
gone alice
key \\
gone filter:
wait alice
E
check "the sort moves by > and turns by S" console 80x24 <<E
wait LIVE
key 2
wait Owner ^
key >
wait Caller Id ^
key <
wait Owner ^
key S
wait Owner v
E
check "the palette completes, and remembers" console 80x24 <<E
wait LIVE
key 2
wait Owner ^
key :
text sort-rev
wait : sort-rev
key Tab
wait : sort-reverse
key Enter
wait Owner v
key :
key Up
wait : sort-reverse
key Enter
wait Owner ^
E
check "a list is exported, all of it and no more" console 80x24 <<E
wait LIVE
key 3
wait alice
key /
text 39340111000*
wait of 4
key Enter
key F2
wait Write to file
text $TMP/accounts
key Enter
wait written to $TMP/accounts
key x
text $TMP/accounts
key Enter
wait File exists
key 2
wait Registered Accounts
key x
text $TMP/registered
key Enter
wait written to $TMP/registered
key 8
wait Events -
key x
text $TMP/events
key Enter
wait written to $TMP/events
E
cut -f1 "$TMP/accounts" | paste -sd, > "$out"
check "with its filter" shows "^Username,alice,bob,carlo,dora$"
check "without what a terminal would obey" eval 'grep -q Evil "$TMP/registered" && ! grep -qaP "[\x00-\x08\x0b-\x1f\x7f]" "$TMP/registered"'
check "events, too" grep -q "registered from" "$TMP/events"
check "Help is searched" console 80x24 <<E
wait LIVE
key 3
wait > - alice
key ?
wait Keys of Accounts
wait sort-reverse
key /
wait Search:
text disable
gone sort-reverse
wait block
key Enter
wait filter: disable
E
check "NO_COLOR has no colour" console 80x24 NO_COLOR=1 <<E
wait LIVE
key :
text nonsense
key Enter
wait no action nonsense
attr
E
check "not one cell" shows '^attr coloured=0$'
check "else there is colour" console 80x24 <<E
wait LIVE
key :
text nonsense
key Enter
wait no action nonsense
attr
E
check "in some cells" shows '^attr coloured=[1-9]'
check "LC_ALL=C shows ? for what is not ASCII" console 80x24 LC_ALL=C <<E
wait LIVE
key 3
wait Carlo ??
key 2
wait > - alice
screen
E
check "and nothing else" shows_not '[^\x00-\x7f]'
check "vt100" console 80x24 VT_TERM=vt100 <<E
wait LIVE
key 2
wait > - alice
text ${esc}[B
wait > - bob
text ${esc}OA
wait > - alice
text ${esc}[6~
wait > - bob
key 3
wait > - alice
wait carlo
wide
key F10
exit
E
check "a terminal that nobody describes" console 80x24 VT_TERM=nonesuch <<E
wait unknown here
key 2
wait > - alice
E
check "the tail of a late one does nothing" console 80x24 <<E
wait LIVE
key 3
wait > - alice
text $esc
wait 2 Registered
text [B
key 3
wait > - alice
gone Disable
E
check "what is pasted runs no keys" console 80x24 <<E
wait LIVE
key 3
wait > - alice
text ${esc}[200~by4dq2${esc}[201~
key /
wait Search:
text ${esc}[200~car4${esc}[201~
wait Search: car4
key Escape
gone Search:
wait Accounts - 
E
check "and changed nothing" field alice enabled true
check "a hostile User-Agent is harmless" console 140x40 <<E
wait LIVE
key 2
wait Evil
wait End
wide
screen
key Enter
wait Binding 1
wait Evil
screen
E
check "no control characters, no text turned round" shows_not '\xe2\x80[\x8b-\x8f\xaa-\xae]|[\x00-\x08\x0b-\x1f\x7f]'
check "a killed keeper: LOST, and by itself LIVE with the same row" console 80x24 <<E
wait LIVE
key 3
wait > - alice
key Down
wait > - bob
$(keeper_lost)
wait bob
$(keeper_back)
wait > - bob
wait carlo
E
check "Overview that stands still" console 80x24 <<E
wait LIVE
wait 8 Events
wait alice
bytes
idle 2000
idle 2000
idle 2000
lat t 50
key 3
wait > - alice
wait carlo
bytes
lat C-l 20
E
check "writes at most 40 bytes a second" rate_below 41
grep -E '^(idle|lat|bytes)' "$out" | sed 's/^/# /'

cursor_at()	# COLUMN,ROW
{
	[ "$("${tmux[@]}" display -p -t 0 '#{cursor_x},#{cursor_y} #{cursor_flag}')" = "$1 1" ]
}

check "in tmux" terminal 80 24 C.UTF-8 "$W"
check "tmux: it is live" shown LIVE
type_key 2
check "tmux: a key" shown "Registered Accounts - 2"
"${tmux[@]}" resize-window -t 0 -x 140 -y 40
check "tmux: a larger window" shown "Registration Expires"
check "tmux: the cursor is on the row" wait_for 5 cursor_at 0,3
check "stop" stop_daemon
