#!/bin/bash
# The screen of calls: it fills and empties by itself, a duration goes on, one is ended.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/console.bash"

ring()		# N [NUMBER]: so many calls
{
	python3 "$sip/ring.py" "127.0.0.1:$(listening udp)" alice "a secret of its own" "$@"
}

check "start" start_daemon 'auth { algorithms = { "MD5" } }' 'limits { requests_per_second = 0 }'
"$W" group add Sales > /dev/null
echo "a secret of its own" | "$W" account add alice group=Sales owner="Alice Rossi" caller_id=+390001 password=- > /dev/null

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
check "how long each lasts" shows ' RINGING +[0-9:]{8} +0:[0-9]{2}:[0-9]{2} *$'
check "the command line lists what is left" [ "$("$W" --json call list | wc -l)" = 1 ]
check "one by number rings" ring 1 +390001
check "whose account Enter shows" console <<'S'
wait LIVE
key 9
wait Calls - 2 calls
key End
wait >   +390001
key Enter
wait > Calls > alice
wait Alice Rossi
key F10
exit
S
check "it stops" stop_daemon
