#!/bin/bash
# F1 and F12 for messages: each process of the daemon is killed at random moments under load; every 202 is accounted for, and in order.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/driven.bash"

W=$B/wirechief
here=$(realpath "$(dirname "$0")")
udp=$(free_port)
tcp=$(free_port)
check "the daemon starts" start_daemon "listen = { \"udp:127.0.0.1:$udp\", \"tcp:127.0.0.1:$tcp\" }" "auth { algorithms = { \"MD5\" } }" \
    "queue { per_account = 100000 retry = 1 tries = 1000 }" "limits { requests_per_second = 0 auth_failures = 0 }"
"$W" group add g > "$TMP/out"
for user in from0 from1 from2 from3 to0 to1 to2 on0 on1; do
	echo "secret-of-$user" | "$W" account add $user group=g password=- > "$TMP/out"
done
python3 "$here/../accounts.py" "$WIRECHIEF_SOCKET" 0 2000 secretsecret > "$TMP/out"
drive "$here/messages_crash.py" 127.0.0.1 "$udp" "$tcp" "$W" "${ROUNDS:-10}"
check "the daemon ends well" stop_daemon
