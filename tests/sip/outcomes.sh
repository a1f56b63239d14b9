#!/bin/bash
# E4: what became of each call is an event: ANSWERED, NO ANSWER, BUSY or FAILED, with its duration, whoever ended it and how.
. "$(dirname "$0")/../lib.sh"
here=$(dirname "$0")

check "the daemon starts" start_daemon 'auth { algorithms = { "MD5" } }' 'limits { requests_per_second = 0 }' 'calls { per_account = 0 }'
"$B/wirechief" group add demo 'prefixes=+44' > /dev/null
for user in alice:1 bob:2 away:3; do
	echo "a secret of its own" | "$B/wirechief" account add "${user%:*}" group=demo password=- qualify=no caller_id=+39000"${user#*:}" > /dev/null
done
cases python3 "$here/outcomes.py" "127.0.0.1:$(listening udp)" "127.0.0.1:$(listening tcp)" "$B/wirechief"
none_left()
{
	[ -z "$("$B/wirechief" --json call list)" ]
}
check "no call is left" wait_for 5 none_left
check "the store is whole" "$B/wirechief" verify
check "it stops" stop_daemon
