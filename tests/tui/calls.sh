#!/bin/bash
# The screen of calls: it fills and empties by itself, a duration goes on, one is ended.
. "$(dirname "$0")/../lib.sh"
W=$B/wirechief
TOOLS=$(realpath "${TOOLS:-$B}")
out=$TMP/out

console()
{
	"$TOOLS/tests/tui/vtdrive" 80x24 "$W" > "$out" 2>&1 && return 0
	sed 's/^/# /' "$out"
	return 1
}

shows()
{
	grep -qE -- "$1" "$out" && return 0
	sed 's/^/# /' "$out"
	return 1
}

ring()		# N: so many calls
{
	python3 "$(dirname "$0")/../sip/ring.py" "127.0.0.1:$(listening udp)" alice "a secret of its own" "$1"
}

check "start" start_daemon 'auth { algorithms = { "MD5" } }' 'limits { requests_per_second = 0 }'
"$W" group add Sales > /dev/null
echo "a secret of its own" | "$W" account add alice group=Sales owner="Alice Rossi" password=- > /dev/null

check "no calls" console <<'S'
wait LIVE
key 9
wait > Calls
wait Calls - 0 calls
wait From
wait Duration
key F10
exit
S

check "two ring" ring 2
check "they are listed, and one is ended" console <<'S'
wait LIVE
key 9
wait Calls - 2 calls
wait RINGING
wait 0:00:0
screen
key d
wait End the call from alice to alice, for both? y
wait wirechief call drop
key y
wait is ended
wait Calls - 1 call
key :
text calls
key Enter
wait > Calls
key F10
exit
S
check "its columns" shows '^ +From +To +State +Since \^ +Duration Trunk *$'
check "the command line lists what is left" [ "$("$W" --json call list | wc -l)" = 1 ]
check "it stops" stop_daemon
