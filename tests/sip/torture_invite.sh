#!/bin/bash
# I1 with INVITE: RFC 4475's messages as calls that go on to a registered phone and to a trunk, and phones that answer as badly; in a network
# of its own, since they name others' addresses.

if [ -z "${IN_NETWORK:-}" ]; then
	unshare -rn true 2> /dev/null || { echo "skip torture_invite: no network of its own (needs root)"; exit; }
	exec env IN_NETWORK=1 unshare -rn bash "$0"
fi
ip link set lo up || { echo "not ok a network of its own"; exit 1; }
. "$(dirname "$0")/../lib.sh"
here=$(dirname "$0")

check "the daemon starts" start_daemon 'auth { algorithms = { "MD5" } }' 'limits { requests_per_second = 0 }' \
    'calls { per_account = 0 outside = 0 }'
"$B/wirechief" group add demo 'prefixes=*' > /dev/null
for user in alice:1 bob:2; do
	echo "a secret of its own" | "$B/wirechief" account add "${user%:*}" group=demo password=- qualify=no caller_id=+39000"${user#*:}" > /dev/null
done
cases python3 "$here/torture_invite.py" "127.0.0.1:$(listening udp)" "127.0.0.1:$(listening tcp)" "$B/wirechief"
alive()
{
	"$B/wirechief" status > /dev/null && ! grep -q 'was killed\|exited\|Sanitizer\|runtime error' "$LOG"
}
check "no process has died of it" alive
check "the store is whole" "$B/wirechief" verify
check "the daemon ends well" stop_daemon
check "and no sanitizer complains" eval '! grep -q "Sanitizer\|runtime error" "$LOG"'
