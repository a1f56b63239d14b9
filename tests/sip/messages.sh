#!/bin/bash
# Messages: forwarded, stored, delivered in order, refused, retried, ended; and what they say is in no file.

. "$(dirname "$0")/../lib.sh"
here=$(dirname "$0")

port=$(free_port)
check "the daemon starts" start_daemon "listen = { \"udp:127.0.0.1:$port\", \"tcp:127.0.0.1:$port\" }" \
    "queue { retry = 1 max_size = 2000 per_account = 5 }" "auth { algorithms = { \"MD5\" } }" \
    "limits { requests_per_second = 10000 burst = 10000 }"
"$B/wirechief" group add g > /dev/null
for user in alice bob; do
	echo "secret-of-$user" | "$B/wirechief" account add $user group=g password=- > /dev/null
done
python3 "$here/messages.py" 127.0.0.1:$port "$B/wirechief" || failed=$((failed + 1))
check "what they said is in no file" eval '! grep -rqaE "later [0-9]|hard|waits" "$TMP/state"'
check "nor in the log" eval '! grep -qE "later [0-9]" "$LOG"'
check "every index agrees with its records" "$B/wirechief" verify
