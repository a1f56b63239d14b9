#!/bin/bash
# Calls through trunks: what each side is told of the other, which trunk a call goes to and when the next is tried, passwords, limits.
. "$(dirname "$0")/../lib.sh"
W=$B/wirechief
here=$(dirname "$0")

none_left()
{
	[ -z "$("$W" --json call list)" ]
}

# parts NAME "CONFIGURATION" PART...: with a daemon of its own.
parts()
{
	local name=$1 limits=$2 user

	shift 2
	rm -rf "$TMP/state"
	check "$name: the daemon starts" start_daemon 'auth { algorithms = { "MD5" } }' "qualify { interval = 5 retry = 1 lagged_ms = 8000 timeout = 16 }" "$limits"
	"$W" group add demo 'prefixes=+44, 00' > /dev/null
	echo "a secret of its own" | "$W" account add alice group=demo caller_id=+390001 caller_id_2=+390011 password=- > /dev/null
	echo "a secret of its own" | "$W" account add bare group=demo password=- > /dev/null
	cases python3 "$here/trunk_calls.py" "127.0.0.1:$(listening udp)" "$W" "$@"
	check "$name: no call is left" wait_for 5 none_left
	check "$name: the store is whole" "$W" verify
	check "$name: no password is in a log" eval '! grep -q "secret" "$LOG"'
	check "$name: it stops" stop_daemon
}

parts calls 'limits { requests_per_second = 0 }
calls { per_account = 0 outside = 0 }' identities numbers into silence passwords
parts limits 'limits { requests_per_second = 0 }
calls { per_account = 3 per_trunk = 4 outside = 0 }' limits
parts flood 'limits { requests_per_second = 5 burst = 10 }' flood
parts fraud 'limits { requests_per_second = 0 }
calls { per_account = 0 outside = 20 }' stolen
