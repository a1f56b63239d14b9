#!/bin/bash
# Two operators and a script edit the same accounts at once: nothing is lost, nothing half-written, every refusal is explained
# (concurrent.py).  Once quietly, once with the keeper killed in the middle.  CONCURRENT_SECONDS: how long each of both takes.
. "$(dirname "$0")/../lib.sh"
seconds=${CONCURRENT_SECONDS:-5}

edit_at_once()
{
	timeout $((seconds + 400)) python3 "$(dirname "$0")/concurrent.py" "$WIRECHIEF_SOCKET" "$B/wirechief" "$seconds" "$1" > "$TMP/said" 2>&1
	local status=$?

	tail -20 "$TMP/said"
	return $status
}

clean()
{
	"$B/wirechief" "$@" verify > "$TMP/said" 2>&1 && return 0
	sed 's/^/# /' "$TMP/said"
	return 1
}

check "the daemon starts" start_daemon
check "edited at once, every change is there once and whole" edit_at_once 0
check "the chain of events is whole" clean event
check "every index agrees" clean
check "the daemon stops" stop_daemon
rm -rf "$TMP/state"
check "a daemon with nothing in it starts" start_daemon
check "edited at once, and the keeper killed in the middle" edit_at_once "$(process_pid keeper)"
check "then the chain of events is whole" clean event
check "and every index agrees" clean
check "after a stop" stop_daemon
check "and another start" start_daemon
check "the chain still is whole" clean event
