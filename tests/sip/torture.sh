#!/bin/bash
# I1: RFC 4475's messages at the front, over UDP, TCP and TCP byte by byte; in a network of its own, since they name others' addresses.

if [ -z "${IN_NETWORK:-}" ]; then
	unshare -rn true 2> /dev/null || { echo "skip torture: no network of its own (needs root)"; exit; }
	exec env IN_NETWORK=1 unshare -rn bash "$0"
fi
ip link set lo up || { echo "not ok a network of its own"; exit 1; }
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/phones.bash"

write_conf 'domain = { "wirechief.test", "example.com", "example.net", "example.org" }' "limits { requests_per_second = 0 }"
sed -i '1d' "$CONF"
check "the daemon starts" start_daemon
here=$(dirname "$0")
python3 "$here/torture.py" udp 127.0.0.1 "$(listening udp)" || failed=1
python3 "$here/torture.py" tcp 127.0.0.1 "$(listening tcp)" || failed=1
python3 "$here/torture.py" bytes 127.0.0.1 "$(listening tcp)" || failed=1
alive()
{
	"$B/wirechief" status > /dev/null && ! grep -q 'was killed\|exited' "$LOG"
}
check "no process has died of it" alive
check "the daemon ends well" stop_daemon
