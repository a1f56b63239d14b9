#!/bin/bash
# Calls between accounts: every answer, CANCEL, forking, requests inside a dialog, what must not get through, drop; UDP and TCP.
. "$(dirname "$0")/../lib.sh"
here=$(dirname "$0")

account()
{
	echo "a secret of its own" | "$B/wirechief" account add "$1" group=demo password=- caller_id="$2" > /dev/null
}

check "the daemon starts" start_daemon 'auth { algorithms = { "MD5" } }' 'limits { requests_per_second = 0 }' 'calls { per_account = 0 }'
"$B/wirechief" group add demo > /dev/null
account alice +390001
account bob +390002
account carlo +390003
account dora +390004
"$B/wirechief" account disable carlo > /dev/null
cases python3 "$here/calls.py" "127.0.0.1:$(listening udp)" "127.0.0.1:$(listening tcp)" "$B/wirechief"
"$B/wirechief" registration drop bob > /dev/null
cases python3 "$here/calls.py" "127.0.0.1:$(listening udp)" "127.0.0.1:$(listening tcp)" "$B/wirechief" tcp
none_left()
{
	[ -z "$("$B/wirechief" --json call list)" ]
}
check "no call is left" wait_for 5 none_left
check "the store is whole" "$B/wirechief" verify
check "it stops" stop_daemon
