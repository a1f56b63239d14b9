#!/bin/bash
# Messages over TCP and TLS up to the largest, connections that end under them, and datagrams that are lost.

. "$(dirname "$0")/../lib.sh"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=wirechief.test -keyout "$TMP/key" \
    -out "$TMP/crt" 2> /dev/null
check "the daemon starts" start_daemon "listen = { \"udp:127.0.0.1:0\", \"tcp:127.0.0.1:0\", \"tls:127.0.0.1:0\" }" \
    "tls { certificate = \"$TMP/crt\" key = \"$TMP/key\" }" "auth { algorithms = { \"MD5\" } }" \
    "limits { requests_per_second = 0 }"
"$B/wirechief" group add g > /dev/null
for user in alice bob; do
	echo "secret-of-$user" | "$B/wirechief" account add $user group=g password=- > /dev/null
done
python3 "$(dirname "$0")/message_streams.py" 127.0.0.1 "$(listening tcp)" "$(listening tls)" "$(listening udp)" "$B/wirechief" ||
    failed=$((failed + 1))
check "no process has died of it" eval '! grep -q "was killed\|exited" "$LOG"'
check "the daemon ends well" stop_daemon
