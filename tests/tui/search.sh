#!/bin/bash
# The console's search box: what matches while it is typed, where a query is wrong, what was searched for before.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/console.bash"

# accounts: forty in Sales, ten in Ops
accounts()
{
	{
		echo username,owner,group,caller_id,password
		for i in $(seq -w 1 40); do echo "s$i,Rossi $i,Sales,+3934000$i,random"; done
		for i in $(seq -w 1 10); do echo "o$i,Verdi $i,Ops,+3935000$i,random"; done
	} > "$TMP/accounts.csv"
	ctl account import "$TMP/accounts.csv"
}

# caret CELLS: the mark below the search box has so many before it
caret()
{
	local row=$((1 + $(grep -n 'Search: ' "$out" | head -1 | cut -d: -f1))) line column

	line=$(sed -n "${row}p" "$out")
	column=${line%%^*}
	[ "$line" != "$column" ] && [ ${#column} = "$1" ] && return 0
	sed 's/^/# /' "$out"
	return 1
}

check "start" start_daemon
check "groups" eval 'ctl group add Sales && ctl group add Ops'
check "accounts" accounts
check "another" eval 'ctl account add alice owner="Alice Neri" group=Ops qualify=no password=- <<< secret-alice'
check "she registers" register alice secret-alice

check "results while typing, with how many of how many, and the time" console 80x24 <<E
wait LIVE
key 3
wait > - alice
wait Accounts - 51
key /
wait Search:
wait 51 of 51 (
text verdi
wait 10 of 51 (
gone alice
wait o01
text  OR alice
wait 11 of 51 (
wait  ms)
screen
key Enter
wait filter: verdi OR alice   (11)
E
check "as designed" shows '^ Search: verdi OR alice  +11 of 51 \([0-9]+ ms\)$'
check "and the command that does the same" shows "^ wirechief account list --query 'verdi OR alice'"
check "in a group it counts its own" console 80x24 <<E
wait LIVE
key 3
wait >(all)
wait Sales        40
wait Accounts - 51
key Tab
key Down
key Down
wait Accounts of Sales - 40
key /
text s07
wait 1 of 40 in Sales (
wait --group Sales --query s07
key Escape
wait Accounts of Sales - 40
E
check "what is typed is not wrong at once; then it is, with its place; the rows stay" console 80x24 <<E
wait LIVE
key 3
wait > - alice
key /
text verdi
wait 10 of 51 (
wait o01
text  AND (
gone Owner ^
screen
text alice)
wait 0 of 51
key C-w
key C-w
key C-w
wait 51 of 51
key Escape
wait Accounts - 51
E
check "the rows of before" shows 'o01'
check "the mark stands under the fault" caret 20
check "where a range is not closed" console 80x24 <<E
wait LIVE
key 3
wait > - alice
key /
text owner:[a TO
gone Owner ^
screen
key Enter
wait Search: owner:[a TO
key Escape
gone Search:
wait Accounts - 51
wait > - alice
E
check "the mark stands under the end" caret 20
check "with wide characters before it, too" console 80x24 <<E
wait LIVE
key 3
wait > - alice
key /
text 日本 AND (
gone Owner ^
screen
key Escape
E
check "in cells" caret 19
check "a query that is refused after Enter: said why, and the box opens with it" console 80x24 <<E
wait LIVE
key 3
wait > - alice
run kill -STOP $(process_pid keeper)
key /
text owner:(
key Enter
gone Search:
run kill -CONT $(process_pid keeper)
wait / goes on with it
wait Accounts - 51
wait alice
key /
wait Search: owner:(
gone Owner ^
text rossi)
wait 40 of 51 (
key Enter
wait filter: owner:(rossi)
E
check "a field that there is not is told" console 80x24 <<E
wait LIVE
key 3
wait > - alice
key /
text ownr:rossi
wait account has no field ownr
wait 0 of 51
key Escape
wait Accounts - 51
E
check "history, and what was being typed" console 80x24 <<E
wait LIVE
key 3
wait > - alice
key /
text verdi
wait 10 of 51 (
key Enter
wait filter: verdi
key /
key C-u
text rossi
wait 40 of 51 (
key Enter
wait filter: rossi
key /
key C-u
text alice
wait 1 of 51 (
key Up
wait Search: rossi
wait 40 of 51 (
key Up
wait Search: verdi
wait 10 of 51 (
key Up
key Down
wait Search: rossi
key Down
wait Search: alice
wait 1 of 51 (
key Escape
wait filter: rossi   (40)
key 2
wait Registered Accounts - 1
gone filter:
key 3
wait filter: rossi   (40)
key \\
gone filter:
wait Accounts - 51
wait >   
E
check "Registered" console 80x24 <<E
wait LIVE
key 2
wait > - alice
key /
text owner:neri
wait 1 of 1 (
text x
wait 0 of 1 (
gone >   alice
key BSpace
wait > - alice
key Enter
wait filter: owner:neri
E
check "Events" console 80x24 <<E
wait LIVE
key 8
wait registered from
key /
text subject:alice
gone   s01 
wait registered from
key Enter
wait filter: subject:alice
E
check "Esc in the box comes back to what was there" console 60x15 <<E
wait LIVE
key 3
wait > - alice
key /
text verdi
wait 10 of 51 (
wide
text  AND (
gone Owner ^
wide
key Escape
gone Search:
wait Accounts - 51
wait > - alice
wide
E
check "stop" stop_daemon
