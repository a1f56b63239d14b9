#!/bin/bash
# A trace on the console: key T, messages come by themselves, Enter shows one without its secrets, Esc ends it; who looked is an event.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/console.bash"
secret="a secret of its own"

told()		# REGEX: an event
{
	"$W" --json event list --query module:admin | grep -qE -- "$1"
}

check "start" start_daemon 'auth { algorithms = { "MD5" } }' 'limits { requests_per_second = 0 }'
"$W" group add demo > /dev/null
for user in alice bob; do
	echo "$secret" | "$W" account add $user group=demo qualify=no password=- > /dev/null
done
at=127.0.0.1:$(listening udp)
echo "exec python3 $sip/register.py $at alice '$secret' --once --agent 'Evil\\e[31m' > /dev/null" > "$TMP/register"
echo "exec python3 $sip/send.py $at alice '$secret' bob 'meet me at noon' > /dev/null" > "$TMP/send"

check "the ladder grows by itself" console 80x24 <<S
wait LIVE
key 3
wait alice  Group demo
key T
wait > Accounts > Trace > alice
wait ends in
wait Nothing yet
wait Time          phone      us     peer  Message
run bash $TMP/register
wait REGISTER sip:wirechief.test
wait 401 Unauthorized (REGISTER)
wait 200 OK (REGISTER)
wait Trace of alice - 4 messages
wait $at
screen
key Home
key Down
key Down
key Enter
wait REGISTER sip:wirechief.test SIP/2.0
wait Authorization: Digest username="alice"
wait response=[redacted]
wait User-Agent: Evil
wait Esc: back
screen
run bash $TMP/send
key Escape
wait MESSAGE sip:bob@wirechief.test
wait 407 Proxy Authentication
wait Trace of alice - 8 messages
key End
key Up
wait body 15 bytes, text/plain
key F1
wait Keys of Trace
key Escape
wait Trace of alice - 8 messages
key Escape
gone > Trace
key F10
exit
S
check "what came from the phone" shows '^[ >][0-9:.]{12}  -------->             REGISTER sip:wirechief\.test'
check "what it was answered" shows '^[ >][0-9:.]{12}  <--------             401 Unauthorized \(REGISTER\)'
check "nothing drives the terminal" shows 'Evil·\[31m'
check "no answer to a challenge and no text is there" eval '! grep -qE "noon|response=\"|nonce=\"" "$out"'
check "who looked is told" told '"event":"account alice: trace begun"'
check "and that it ended, with its screen" wait_for 5 told '"event":"account alice: trace ended after [^,]*, left, 8 messages"'

check "a small screen; the daemon that goes and comes; what goes on below" console 60x15 <<S
wait LIVE
key 3
wait alice  Group demo
key Enter
wait alice: 
key T
wait Nothing yet
run bash $TMP/register
wait - 4 messages
key End
key Enter
wait SIP/2.0 200 OK
wait Down: more
key End
wait Content-Length: 0
key Escape
$(keeper_lost)
wait waits for the daemon
$(keeper_back)
run until $W --json status | grep -q "$at"; do :; done
wait ends in
run bash $TMP/register
wait - 8 messages
key Escape
key F10
exit
S
check "it stops" stop_daemon
