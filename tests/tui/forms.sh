#!/bin/bash
# The console's forms: what is typed, chosen and pasted into them, what is wrong with it, and what others do meanwhile.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/console.bash"

open_alice="wait LIVE
key 3
wait >   alice
key e
wait Edit alice"

check "start" start_daemon
check "a group" ctl group add Sales
check "more groups" eval 'for g in Ops Lab Labrador Porto Quito; do ctl group add "$g" || exit 1; done'
check "accounts" eval 'account alice "Alice Rossi" Sales +393401110001 && account bob "Bruno Bianchi" Ops +393401110002'

check "a new account by wizard, with a number for its name" console 80x24 <<E
wait LIVE
key 3
wait >   alice
key a
wait plain    enabled at once
wait wizard   not enabled until
key w
key Enter
wait New account, by wizard: not enabled until it is activated
wait empty: a random number
gone Enabled
key Tab
text Wanda
key F2
wait saved: 
screen
E
wanda=$(sed -n 's/^ saved: \([0-9]*\).*/\1/p' "$out")
check "it has the number that was told" field "$wanda" owner '"Wanda"'
check "is not enabled" field "$wanda" enabled false
check "and is in the group that was looked at" field "$wanda" group '"Sales"'
check "away" ctl account delete "$wanda" --yes

check "choices: letters, arrows, and all of them in a menu" console 80x24 <<E
$open_alice
wait <Sales
key Tab
wait F9 lists all
key o
wait <Ops
key Right
wait <Porto
key Left
wait <Ops
key F9
wait >   Ops
E
check "the menu of choices takes letters" console 80x24 <<E
$open_alice
key Tab
wait F9 lists all
key F9
wait Labrador
key l
wait >   Lab
key l
wait >   Labrador
key Enter
wait <Labrador
key F2
wait saved: alice
E
check "and is stored" field alice group '"Labrador"'
check "back" ctl account set alice group=Sales
check "F9 before the names have come: the menu opens when they do" console 80x24 <<E
wait LIVE
key 3
wait >   alice
key a
wait plain    enabled at once
run kill -STOP $(process_pid keeper)
key Enter
wait New account
key Tab
key Tab
key Tab
key Tab
wait  Group: 
key F9
run kill -CONT $(process_pid keeper)
wait Labrador
wait >   Sales
E

check "lists: a line an item, added, moved, taken away" console 80x24 <<E
$open_alice
key Tab
key Tab
key Tab
key Tab
key Tab
wait Deny: Sources
wait Enter adds a line
text 0.0.0.0/0.0.0.0
key Tab
wait Permit: Sources
text 192.0.2.0/255.255.255.0
key Enter
text 10.0.0.0/8
key Enter
text 2001:db8::/32
wait [2001:db8::/32
key PageUp
key F7
text 198.51.100.7
wait [198.51.100.7
key F2
wait saved: alice
E
check "in their order" field alice permit '"192.0.2.0/255.255.255.0,2001:db8::/32,198.51.100.7,10.0.0.0/8"'
check "and the other one" field alice deny '"0.0.0.0/0.0.0.0"'
check "a line is taken away, and what is pasted makes lines" console 80x24 <<E
$open_alice
wait [10.0.0.0/8
key Tab
key Tab
key Tab
key Tab
key Tab
key Tab
wait Permit: Sources
key F8
key F8
gone [2001:db8
key End
key Enter
paste 172.16.0.0/12\n  203.0.113.9\n
wait [172.16.0.0/12
wait [203.0.113.9
wait [10.0.0.0/8
key F2
wait saved: alice
E
check "as lines" field alice permit '"198.51.100.7,172.16.0.0/12,203.0.113.9,10.0.0.0/8"'
check "a fault stands at its line, and is told when the field is left" console 80x24 <<E
$open_alice
wait [10.0.0.0/8
key Tab
key Tab
key Tab
key Tab
key Tab
key Tab
wait Permit: Sources
key Down
key End
text x
wait [172.16.0.0/12x
key Tab
wait ! '172.16.0.0/12x' is not address/mask
wait Qualify: 
key F2
wait Permit: Sources
screen
cursor
E
line=$(grep -n '172.16.0.0/12x *\]' "$out" | cut -d: -f1)
check "below it" eval 'sed -n "$((line + 1))p" "$out" | grep -q "! .172.16.0.0/12x"'
check "and there is the cursor" shows "^cursor [0-9]+,$line "
check "nothing was stored" field alice permit '"198.51.100.7,172.16.0.0/12,203.0.113.9,10.0.0.0/8"'

check "what the daemon refuses stands at its field" console 80x24 <<E
wait LIVE
key 3
wait >   alice
key a
wait plain    enabled at once
key Enter
wait New account
text bob
key F2
wait ! there is an account bob already
wait Username: User part
key C-u
text carla
key Tab
text Carla
key Tab
text +393401110002
key F2
wait ! +393401110002 belongs to account bob
key C-u
text +393401110003
key F2
wait saved: carla
E
check "it is stored" field carla caller_id '"+393401110003"'

check "everybody may come again" ctl account set alice permit= deny=
check "the password is typed twice, and never shown" console 80x24 <<E
$open_alice
wait empty: keep
key Tab
key Tab
key Tab
key Tab
wait Password: Empty
text new-secret-1
wait [************
wait Again
key F2
wait ! not the same as the line above
text new-secret-2
key F2
wait ! not the same as the line above
key C-u
text new-secret-1
screen
key F2
wait saved: alice
E
check "not one of its letters" eval '! grep -q "secret" "$out"'
check "and it is the password now" register alice new-secret-1
open_alice=${open_alice/>   alice/> - alice}	# she is registered now
check "a random one is shown once, until a key" console 80x24 <<E
wait LIVE
key 3
wait > - alice
key Down
wait >   bob
key e
wait Edit bob
key Tab
key Tab
key Tab
key Tab
wait Password: Empty
text random
wait [random
gone Again
key F2
wait The password of bob; it is shown this once:
wait any key goes on
screen
idle 400
key Tab
gone any key goes on
wait saved: bob
wait >   bob
screen
E
password=$(sed -n '/shown this once/{n;n;p;}' "$out" | tr -d ' ')
check "it was one" [ ${#password} -ge 8 ]
check "that is nowhere afterwards" [ "$(grep -cF "$password" "$out")" = 1 ]
check "and it is the password" register bob "$password"

check "wide characters, marks and long text in a field" console 80x24 <<E
$open_alice
key C-u
text 日本語é👍🏽x
wait [日本語é👍
wide
key Left
key BSpace
key BSpace
wait [日本語x
key C-a
key Delete
wait [本語x
key C-k
text a long text that does not fit into the field because it is longer
wide
wait because it is longer
key Home
wait [a long text
wide
key C-e
key C-w
text wide 日
key F2
wait saved: alice
E
check "is stored as typed" field alice owner '"a long text that does not fit into the field because it is wide 日"'
check "what is pasted is text alone" console 80x24 <<E
$open_alice
pasting on
key C-u
paste \nAlice\r\n\tRossi\e[21~\n
wait [Alice Rossi   
key F2
wait saved: alice
E
check "newlines and tabs are one blank" field alice owner '"Alice Rossi"'
check "pasted into a list of records it does nothing" console 80x24 <<E
wait LIVE
key 3
wait > - alice
pasting on
paste by\ndalice\n4q\e2
key Down
wait > - bob
wait Accounts - 3
E
check "nothing at all" field alice enabled true

check "someone else's change is shown field by field" console 80x24 <<E
$open_alice
key C-u
text Alice Verdi
run $W account set alice owner="Alice Neri" email=neri@example.org description=theirs > /dev/null
key Tab
key Tab
key C-u
text verdi@example.org
key F2
wait was changed by someone else meanwhile: choose
wait Alice Neri
wait neri@example.org
screen
key Space
key t
wait Owner: Alice Verdi / Alice Neri
key Down
wait Email: verdi@example.org / neri@example.org
key Escape
wait Edit alice
wait [Alice Neri
wait [verdi@example.org
wait [theirs
key F2
wait saved: alice
E
check "nothing was overwritten until then" shows "Owner .*\* Alice Verdi +Alice Neri"
check "theirs where that was chosen" field alice owner '"Alice Neri"'
check "mine where not" field alice email '"verdi@example.org"'
check "and theirs where only they changed it" field alice description '"theirs"'
check "saved from where one chooses" console 80x24 <<E
$open_alice
key C-u
text Alice Rossi
run $W account set alice owner="Alice Bianchi" > /dev/null
key F2
wait Alice Bianchi
key F2
wait saved: alice
E
check "mine, knowingly" field alice owner '"Alice Rossi"'
check "deleted meanwhile: made again from what was typed" console 80x24 <<E
wait LIVE
key 3
wait > - alice
wait carla
key End
wait >   carla
key e
wait Edit carla
key C-u
text Carla Blu
run $W account delete carla --yes > /dev/null
key F2
wait was deleted meanwhile: F2 makes it again
wait [+393401110003
key F2
wait saved: carla
E
check "with all that it had" field carla caller_id '"+393401110003"'
check "and what was typed" field carla owner '"Carla Blu"'

check "an unsaved form survives the daemon" console 80x24 <<E
$open_alice
key C-u
text Alice Survives
$(keeper_lost)
key Tab
key Tab
text x
wait [verdi@example.orgx
key F2
wait can't be reached
$(keeper_back)
wait UNSAVED
key BSpace
key F2
wait saved: alice
E
check "and saves" field alice owner '"Alice Survives"'
processes="$DAEMON_PID $(cat /proc/$DAEMON_PID/task/$DAEMON_PID/children)"
check "also the whole daemon" console 80x24 <<E
$open_alice
key C-u
text Alice Again
run kill -9 $processes; for p in $processes; do while grep -qs '^State:.[^ZX]' /proc/\$p/status; do :; done; done
wait LOST
wait [Alice Again
run rm -f $TMP/log2; "$B/wirechiefd" -c "$CONF" 2> $TMP/log2 & echo \$! > $TMP/pid2
wait LIVE
key F2
wait saved: alice
E
wait "$DAEMON_PID" 2>/dev/null
own_pids+=("$(cat "$TMP/pid2")")
DAEMON_PID=$(cat "$TMP/pid2")
check "it is stored by the new one" field alice owner '"Alice Again"'

check "a group with accounts is not deleted, and says how to see them" console 80x24 <<E
wait LIVE
key 4
wait >   Lab
key End
wait >   Sales
key d
wait still holds 2 accounts
wait Enter lists
key Enter
wait Accounts of Sales
E
check "an empty one is, by its name" console 80x24 <<E
wait LIVE
key 4
wait >   Lab
key d
wait Delete group Lab? Nothing else goes with it.
wait wirechief group delete Lab --yes
wait Type its name:
text Lab
key Enter
wait deleted: group Lab
E
check "delete names what goes with it" console 80x24 <<E
wait LIVE
key 2
wait > - alice
key 3
wait > - alice
wait carla
key Enter
wait Binding 1
key d
wait Delete account alice? 1 contact on line goes with it.
wait wirechief account delete alice --yes
wait Type its name:
key Escape
gone Type its name:
wait Binding 1
key b
wait Disable alice
wait wirechief account disable alice
key y
wait done: alice is disabled
wait alice, Alice Again: disabled
E
check "disabled" field alice enabled false

check "60x15 without colour" console 60x15 NO_COLOR=1 <<E
$open_alice
wide
key C-u
text Alice 日本
wait [Alice 日本
wide
attr
key Tab
key Tab
key Tab
key Tab
key Tab
key Tab
wait Permit: Sources
wide
resize 140x40
wait Max contacts
wait [Alice 日本
wide
resize 60x15
gone Max contacts
wait Permit: Sources
wide
key Escape
wait Leave without saving
key y
gone Edit alice
E
check "has none" shows '^attr coloured=0$'
check "LC_ALL=C" console 80x24 LC_ALL=C <<E
$open_alice
key C-u
text Alice Ugo
key Tab
key Tab
key F2
wait saved: alice
E
check "C-z stops it and fg comes back, the form as it was" console 80x24 <<E
$open_alice
key C-u
text Typed before
wait [Typed before
pasting on
key C-z
pasting off
stopped
signal CONT
pasting on
wait [Typed before
text and after
wait [Typed beforeand after
key Escape
wait Leave without saving
key y
key C-c
exit
E
check "and leaves the terminal as it was" shows '^exit 0 alt=0 cursor=1 paste=0$'
check "killed by a signal it leaves the terminal as it was" console 80x24 <<E
$open_alice
pasting on
signal TERM
exit
E
check "on SIGTERM" shows '^exit 0 alt=0 cursor=1 paste=0$'
check "and as it crashes" console 80x24 <<E
$open_alice
pasting on
signal ABRT
exit
E
check "too" shows '^exit 134 alt=0 cursor=1 paste=0$'
daemon_gone()	# it is not this shell's child any more
{
	! grep -q '^State:.[^Z]' "/proc/$DAEMON_PID/status" 2>/dev/null
}

check "stop" eval 'kill -TERM "$DAEMON_PID" && wait_for 20 daemon_gone'
