#!/bin/bash
# F6: the keeper is killed between a phone's 2xx and the end of the message that it took.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/driven.bash"

W=$B/wirechief
udp=$(free_port)
check "the daemon starts" start_daemon "listen = { \"udp:127.0.0.1:$udp\" }" "auth { algorithms = { \"MD5\" } }" \
    "queue { retry = 1 tries = 1000 }" "limits { requests_per_second = 0 auth_failures = 0 }"
"$W" group add g > "$TMP/out"
for user in alice bob; do
	echo "secret-of-$user" | "$W" account add $user group=g password=- > "$TMP/out"
done
drive "$(dirname "$0")/messages_twice.py" 127.0.0.1 "$udp" "$W" "${ROUNDS:-10}"
check "the daemon ends well" stop_daemon
