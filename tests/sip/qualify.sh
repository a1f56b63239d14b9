#!/bin/bash
# Device status: what a phone answers to OPTIONS, and when, is what an operator sees of it; also after a restart.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/driven.bash"
here=$(dirname "$0")

port=$(free_port)
check "the daemon starts" start_daemon "node = \"a\"" "listen = { \"udp:127.0.0.1:$port\", \"tcp:127.0.0.1:$port\" }" \
    "qualify { interval = 5 retry = 1 lagged_ms = 1000 unknown_after = 20 }" "auth { algorithms = { \"MD5\" } }" \
    "limits { requests_per_second = 10000 burst = 10000 }"
"$B/wirechief" group add g > /dev/null
for user in well slow quiet error wire off away own twice; do
	echo "secret-of-$user" | "$B/wirechief" account add $user group=g password=- > /dev/null
done
"$B/wirechief" account set off qualify=no > /dev/null
"$B/wirechief" account set away server=b > /dev/null
"$B/wirechief" account set own qualify=150 > /dev/null
drive "$here/qualify.py" 127.0.0.1:$port "$B/wirechief"
check "each probe is in the log while debug is on" grep -q 'OPTIONS sip:well@' "$LOG"
check "every index agrees with its records" "$B/wirechief" verify
