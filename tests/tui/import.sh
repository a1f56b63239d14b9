#!/bin/bash
# An import from the console: the terminal is its own meanwhile, and the list has the new accounts after it.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/console.bash"

check "start" start_daemon
"$W" group add sales > /dev/null
"$W" account add alice group=sales owner=Alice > /dev/null
printf 'username,group,owner,password\ndora,sales,Dora,random\nemil,sales,Emil,\n' > "$TMP/good.csv"
printf 'username,group\nfred,nowhere\n' > "$TMP/bad.csv"
check "an import from the console" console <<E
wait LIVE
key 3
wait Accounts - 1
wait >   alice
key I
wait Import accounts from file
text $TMP/good.csv
key Enter
wait dora
wait 2 added, 0 changed
wait Enter goes back
key Enter
wait Accounts - 3
wait Emil
key I
text $TMP/bad.csv
key Enter
wait bad.csv:2: group: no group nowhere
wait nothing was changed
key Enter
wait Accounts - 3
key I
text $TMP/none.csv
key Enter
wait No such file
key Enter
wait alice
key I
key Escape
wait alice
key 1
key q
exit
E
check "the daemon ends well" stop_daemon
