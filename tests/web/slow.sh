#!/bin/bash
# A thousand slow connections starve nobody, and end: silent ones, half a handshake, a letter at a time, answers that nobody reads.
. "$(dirname "$0")/../lib.sh"

here=$(realpath "$(dirname "$0")")
make_certificate one
start_daemon "http { listen = \"127.0.0.1:0\" certificate = \"$TMP/one.crt\" key = \"$TMP/one.key\" templates = \"$here/../../share/web\" }" \
    'limits { requests_per_second = 0 }' || { echo "not ok the daemon starts"; cat "$LOG"; exit 1; }
if timeout 700 python3 "$here/slow.py" "$(listening https)" "$(process_pid web)" > "$TMP/out" 2>&1; then
	cat "$TMP/out"
else
	cat "$TMP/out"
	echo "not ok slow.py"
	failed=$((failed + 1))
fi
! grep -q '^not ok' "$TMP/out" || failed=$((failed + 1))
check "no errors in the log" [ "$(grep -c '^<3>' "$LOG")" = 0 ]
stops_soon()	# with all those connections: within the time of the slowest
{
	local began=$SECONDS

	stop_daemon && [ $((SECONDS - began)) -lt 60 ]
}
check "stops soon" stops_soon
