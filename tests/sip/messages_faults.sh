#!/bin/bash
# F4: calls that write and sync the store fail, and nothing that was acknowledged is lost.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/driven.bash"

W=$B/wirechief
TOOLS=$(realpath "${TOOLS:-$B}")
here=$(realpath "$(dirname "$0")")
udp=$(free_port)
write_conf "listen = { \"udp:127.0.0.1:$udp\" }" "auth { algorithms = { \"MD5\" } }" \
    "queue { per_account = 1000000 retry = 1 tries = 1000 }" "limits { requests_per_second = 0 auth_failures = 0 }"
head -c 56 /dev/zero > "$TMP/orders"
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0

# start_failing: with the library between it and the disk.
start_failing()
{
	: > "$LOG"
	FAIL_UNDER=$TMP/state FAIL_IO=$TMP/orders LD_PRELOAD=$TOOLS/tests/sip/fail_io.so "$B/wirechiefd" -c "$CONF" 2>> "$LOG" &
	DAEMON_PID=$!
	own_pids+=($DAEMON_PID)
	wait_for 10 daemon_serves && grep -q 'wirechiefd .* serves' "$LOG"
}

# order IN BURST ERROR: in the form of struct orders.
order()
{
	python3 -c 'import struct, sys
with open(sys.argv[1], "r+b") as f:
    f.write(struct.pack("=3q", *map(int, sys.argv[2:])))' "$TMP/orders" "$@"
}

# A store that is being made: whatever call fails, the start ends with a reason or goes on, and the next one serves.
made=0
refused=0
for n in $(seq 1 "${FIRST_STEP:-3}" 30); do
	rm -rf "$TMP/state"
	order "$n" 1 5
	if start_failing; then
		stop_daemon
	else
		wait $DAEMON_PID
		refused=$((refused + 1))
		[ -s "$LOG" ] || { echo "not ok call $n of a first start fails without a word"; failed=$((failed + 1)); }
	fi
	order 0 0 0
	if start_failing && "$W" status > "$TMP/out" 2>&1 && stop_daemon; then
		made=$((made + 1))
	else
		echo "# call $n: $(tail -1 "$LOG")"
	fi
done
echo "# a first start was refused $refused times"
check "a store that could not be made is made by the next start" [ $made -eq "$(seq 1 "${FIRST_STEP:-3}" 30 | wc -l)" ]
check "a start was refused" [ $refused -gt 0 ]

start_daemon()
{
	start_failing
}
check "the daemon starts" start_daemon
"$W" group add g > "$TMP/out"
for user in from0 from1 from2 to0 to1 online; do
	echo "secret-of-$user" | "$W" account add $user group=g password=- > "$TMP/out"
done
drive "$here/messages_faults.py" 127.0.0.1 "$udp" "$W" "$TMP/orders" "${SEED:-$RANDOM}" "${FAULTS:-24}"
check "the daemon ends well" stop_daemon
