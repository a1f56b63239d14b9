#!/bin/bash
# `trace`: the messages of an account as they come and go, over UDP, TCP and TLS, and none of their secrets.
. "$(dirname "$0")/../lib.sh"
here=$(dirname "$0")
W=$B/wirechief

make_certificate server
check "the daemon starts" start_daemon 'auth { algorithms = { "MD5" } }' 'limits { requests_per_second = 0 }' \
    'listen = { "udp:127.0.0.1:0", "tcp:127.0.0.1:0", "tls:127.0.0.1:0" }' "tls { certificate = \"$TMP/server.crt\" key = \"$TMP/server.key\" }" \
    'qualify { interval = 600 }'
"$W" group add demo > /dev/null
for user in alice bob; do
	echo "a secret of its own" | "$W" account add $user group=demo password=- > /dev/null
done
python3 "$here/trace.py" "127.0.0.1:$(listening udp)" "127.0.0.1:$(listening tcp)" "127.0.0.1:$(listening tls)" "$W" 2>&1 | tee "$TMP/out"
status=${PIPESTATUS[0]}
failed=$((failed + $(grep -c '^not ok' "$TMP/out")))
check "all of that was tried" [ "$status" = 0 ]
check "an account that is not there" eval '! "$W" trace alise 2> "$TMP/said" && grep -q "account alise: not found" "$TMP/said"'
check "the chain of events is whole" "$W" event verify
check "it stops" stop_daemon
