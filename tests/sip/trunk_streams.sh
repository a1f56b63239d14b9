#!/bin/bash
# Calls through trunks over TCP and TLS, out and in, on our connection and on theirs, with one that is lost in mid-call; only SRTP through one
# that is encrypted.
. "$(dirname "$0")/../lib.sh"
W=$B/wirechief
here=$(dirname "$0")

# certificate NAME SUBJECT-ALTERNATIVE
certificate()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" -addext "subjectAltName=$2" \
	    -keyout "$TMP/$1.key" -out "$TMP/$1.crt" 2> /dev/null
}

certificate trunk IP:127.0.0.61
certificate own IP:127.0.0.1
port=$(free_port)
tls_port=$(free_port)
check "the daemon starts" start_daemon "listen = { \"udp:127.0.0.1:$port\", \"tcp:127.0.0.1:$port\", \"tls:127.0.0.1:$tls_port\" }" \
    'auth { algorithms = { "MD5" } }' "tls { certificate = \"$TMP/own.crt\" key = \"$TMP/own.key\" }" "trunks { ca = \"$TMP/trunk.crt\" }" \
    'limits { requests_per_second = 0 }' 'calls { per_account = 0 outside = 0 }' 'qualify { interval = 5 retry = 1 lagged_ms = 8000 timeout = 16 }'
"$W" group add demo prefixes=+44 > /dev/null
echo "a secret of its own" | "$W" account add alice group=demo caller_id=+390001 qualify=no password=- > /dev/null
cases python3 "$here/trunk_streams.py" "127.0.0.1:$port" "127.0.0.1:$tls_port" "$W" "$TMP/trunk.crt" "$TMP/trunk.key"
none_left()
{
	[ -z "$("$W" --json call list)" ]
}
check "no call is left" wait_for 5 none_left
check "the store is whole" "$W" verify
check "it stops" stop_daemon
