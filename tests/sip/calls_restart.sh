#!/bin/bash
# Calls that go on while the SIP process or the keeper is killed, and calls that nobody ends: what is listed, who is told.
. "$(dirname "$0")/../lib.sh"
here=$(dirname "$0")

port=$(free_port)
check "the daemon starts" start_daemon "listen = { \"udp:127.0.0.1:$port\", \"tcp:127.0.0.1:$port\" }" 'auth { algorithms = { "MD5" } }' 'limits { requests_per_second = 0 }' 'calls { gone = 1 }'
"$B/wirechief" group add demo > /dev/null
for user in alice:1 bob:2 dora:4; do
	echo "a secret of its own" | "$B/wirechief" account add "${user%:*}" group=demo password=- qualify=no caller_id=+39000"${user#*:}" > /dev/null
done
cases python3 "$here/calls_restart.py" "127.0.0.1:$port" "127.0.0.1:$port" "$B/wirechief" $DAEMON_PID
none_left()
{
	[ -z "$("$B/wirechief" --json call list)" ]
}
check "no call is left" wait_for 5 none_left
check "the store is whole" "$B/wirechief" verify
check "it stops" stop_daemon
