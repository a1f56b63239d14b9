#!/bin/bash
# A backup from the console: by its key and by its name, over no file that is there, and not by who may only look.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/console.bash"

check "the daemon starts" start_daemon
"$W" group add Sales > "$out"
check "by its key" console <<S
wait LIVE
key K
wait Back the store up to a new file:
text $TMP/one
key Enter
wait written to $TMP/one
wait Enter goes back to the console
key Enter
wait LIVE
wait Overview
key F10
exit
S
is_backup()
{
	[ "$(stat -c %a "$1")" = 600 ] && [ "$(tail -c 64 "$1" | head -c 16)" = wirechief-backup ]
}
check "it is there" is_backup "$TMP/one"
check "by its name, from another screen; not over a file" console <<S
wait LIVE
key 4
wait Sales
key :
text backup
key Enter
wait Back the store up
text $TMP/one
key Enter
wait exists; name another file
wait Enter goes back
key Enter
wait LIVE
wait Sales
key :
text backup
key Enter
wait Back the store up
text $TMP/two
key Enter
wait written to
key Enter
wait Sales
key K
wait Back the store up
key Escape
gone Back the store up
wait Sales
key F10
exit
S
check "it is there, too" is_backup "$TMP/two"
both_told()
{
	[ "$("$W" --json event list | grep -c '"event":"backup of the store taken, [0-9]* bytes"')" = 2 ]
}
check "each is an event" wait_for 5 both_told
check "and nothing else was left" [ -z "$(ls "$TMP" | grep -vxE 'one|two|out|log|state|control.sock|wirechief.conf')" ]
