#!/bin/bash
# Calls and requests in all the ways that RFC 3261 and those after it know: every part of calls_rfc.py, over UDP, TCP and TLS, IPv4 and IPv6.
. "$(dirname "$0")/../lib.sh"
here=$(dirname "$0")

account()
{
	echo "a secret of its own" | "$B/wirechief" account add "$1" group=demo qualify=no password=- > /dev/null
}

make_certificate tls
check "the daemon starts" start_daemon 'listen = { "udp:127.0.0.1:0", "udp:[::1]:0", "tcp:127.0.0.1:0", "tls:127.0.0.1:0" }' \
    "tls { certificate = \"$TMP/tls.crt\"  key = \"$TMP/tls.key\" }" 'auth { algorithms = { "MD5" } }' \
    'limits { requests_per_second = 0 }' 'calls { per_account = 0 }'
"$B/wirechief" group add demo > /dev/null
account alice
account bob
ip6=$("$B/wirechief" --json status | sed -n 's/.*udp:\(\[::1\]:[0-9]*\).*/\1/p')
cases timeout 800 python3 "$here/calls_rfc.py" "$B/wirechief" "127.0.0.1:$(listening udp)" "$ip6" "127.0.0.1:$(listening tcp)" "127.0.0.1:$(listening tls)" \
    "$@"
none_left()
{
	[ -z "$("$B/wirechief" --json call list)" ]
}
check "no call is left" wait_for 5 none_left
check "it stops" stop_daemon
