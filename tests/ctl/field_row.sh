#!/bin/bash
# The test of the design: a member and a row make a field.  In a copy of the tree an account gets a "desk"; then it can be seen, set,
# searched, scripted, typed and read about, and it is on disk.

. "$(dirname "$0")/../lib.sh"

tree=$TMP/tree
mkdir "$tree"
cp -r Makefile core db sipd tui man "$tree"
sed -i 's/^	char		owner\[129\];/&\n	char		desk[33];/' "$tree/core/account.h"
sed -i 's/^	{ .tag = 5, .name = "caller_id", .title = "Caller Id"/	{ .tag = 60, .name = "desk", .title = "Desk", .width = 8, .keep = 3, AT(FT_STR, desk), .flags = FF_FORM | FF_COLUMN | FF_SEARCH, .help = "Where the phone stands." },\n&/' \
    "$tree/core/account.c"
built()
{
	make -s -C "$tree" -j"$(nproc)" VARIANT=release B=build/release all man > "$TMP/build" 2>&1 || { tail -20 "$TMP/build"; return 1; }
}
check "a member and a row compile" built
[ $failed -eq 0 ] || exit
B=$tree/build/release
W=$B/wirechief
check "the daemon starts" start_daemon
"$W" group add g > /dev/null
check "command line: it can be set" "$W" account add alice group=g desk=window
has()
{
	"${@:2}" | grep -q -- "$1"
}
check "JSON: it is there" has '"desk":"window"' "$W" --json account show alice
check "command line: it is shown" has 'Desk  *window' "$W" account show alice
check "column: it is in the list" has 'Desk.*' "$W" account list
check "search: it is looked through" has alice "$W" account list --query window
check "search: by its name" has alice "$W" account list --query desk:window
check "sort: by it" has alice "$W" account list --sort desk
check "events: its change is told" has 'desk' bash -c "'$W' account set alice desk=door > '$TMP/set'; '$W' event list"
check "help: it is told" has 'desk  *Where the phone stands' "$W" --help account add
check "manual: it is told" has 'Where the phone stands' cat "$tree/build/release/man/wirechief-fields.5"
form()
{
	local t="tmux -L $(basename "$TMP") -f /dev/null"

	$t new-session -d -x 80 -y 40 "$W" && wait_for 5 has Overview $t capture-pane -p
	$t send-keys 3; wait_for 5 has '>   alice' $t capture-pane -p
	$t send-keys e; wait_for 5 has 'Desk  *.door' $t capture-pane -p
	local rc=$?
	tmux_end $t
	return $rc
}
check "form and console: it can be typed" form
stop_daemon
check "disk: it is there after a restart" start_daemon
check "disk: with its value" has '"desk":"door"' "$W" --json account show alice
check "the daemon ends well" stop_daemon
