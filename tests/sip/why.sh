#!/bin/bash
# `why`: in each state of an account what it says is what a call and a message then meet; and how it looks.
. "$(dirname "$0")/../lib.sh"
here=$(dirname "$0")
W=$B/wirechief

check "the daemon starts" start_daemon 'auth { algorithms = { "MD5" } }' 'limits { requests_per_second = 0 }' \
    'qualify { interval = 5 retry = 1 lagged_ms = 6000 timeout = 12 }'
"$W" group add demo > /dev/null
for user in alice bob; do
	echo "a secret of its own" | "$W" account add $user group=demo password=- > /dev/null
done
python3 "$here/why.py" "127.0.0.1:$(listening udp)" "127.0.0.1:$(listening tcp)" "$W" "$DAEMON_PID" 2>&1 | tee "$TMP/out"
status=${PIPESTATUS[0]}
failed=$((failed + $(grep -c '^not ok' "$TMP/out")))
check "all of that was tried" [ "$status" = 0 ]

# A phone whose User-Agent would drive the terminal.
python3 "$here/register.py" "127.0.0.1:$(listening udp)" alice "a secret of its own" --agent $'Evil\e[31m\\u202e' --contact 10.9.8.7:5062 > /dev/null
"$W" why alice > "$TMP/said"
check "its User-Agent is made harmless" eval 'grep -q "Evil·\[31m·" "$TMP/said" && ! grep -q $'"'"'\e'"'"' "$TMP/said"'
check "the Contact is held against the source" grep -qE 'source +Contact says 10\.9\.8\.7:5062, its packets come from 127\.0\.0\.1:[0-9]+ ' "$TMP/said"
check "the sentence is last" eval 'tail -1 "$TMP/said" | grep -qE "^A call or a message would (reach|be sent to) alice now"'
check "an account that is not there" eval '! "$W" why alise 2> "$TMP/said" && grep -q "account alise: not found; did you mean .alice" "$TMP/said"'
check "and none at all" eval '"$W" why 2> "$TMP/said"; [ $? = 2 ] && grep -q "which account?" "$TMP/said"'
check "it stops" stop_daemon
