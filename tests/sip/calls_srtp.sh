#!/bin/bash
# A trunk with encryption=yes: what does not offer SRTP is refused, from it and to it, at the beginning of a call and inside one.
. "$(dirname "$0")/../lib.sh"
here=$(dirname "$0")

make_certificate tls
check "the daemon starts" start_daemon 'auth { algorithms = { "MD5" } }' 'limits { requests_per_second = 0 }' "trunks { ca = \"$TMP/tls.crt\" }"
"$B/wirechief" group add demo 'prefixes=+44' > /dev/null
echo "a secret of its own" | "$B/wirechief" account add alice group=demo caller_id=+390001 qualify=no password=- > /dev/null
timeout 800 python3 "$here/calls_srtp.py" "$B/wirechief" "127.0.0.1:$(listening udp)" "$TMP/tls.crt" "$TMP/tls.key" 2>&1 | tee "$TMP/out"
status=${PIPESTATUS[0]}
failed=$((failed + $(grep -c '^not ok' "$TMP/out")))
check "all of that was tried" [ "$status" = 0 ]
check "it stops" stop_daemon
