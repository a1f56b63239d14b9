#!/bin/bash
# A6: who has no password, or is somebody else, gets nothing stored and nothing sent, whatever it asks, over UDP and TCP; nor does a trunk
# that would be led to another, or outside.
. "$(dirname "$0")/../lib.sh"
here=$(dirname "$0")

check "the daemon starts" start_daemon 'auth { algorithms = { "MD5" } }' 'limits { requests_per_second = 0 }'
"$B/wirechief" group add demo 'prefixes=*' > /dev/null
for user in alice:1 bob:2; do
	echo "a secret of its own" | "$B/wirechief" account add "${user%:*}" group=demo password=- caller_id=+39000"${user#*:}" > /dev/null
done
cases python3 "$here/relay.py" "127.0.0.1:$(listening udp)" "127.0.0.1:$(listening tcp)" "$B/wirechief"
check "no call is listed" [ -z "$("$B/wirechief" --json call list)" ]
check "no message is stored" [ -z "$("$B/wirechief" --json queue list)" ]
check "the store is whole" "$B/wirechief" verify
check "it stops" stop_daemon
