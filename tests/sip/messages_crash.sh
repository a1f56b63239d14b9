#!/bin/bash
# kill -9 of the keeper at random moments while messages are accepted: each 202 is on disk.

. "$(dirname "$0")/../lib.sh"
rounds=${ROUNDS:-5}
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
check "the daemon starts" start_daemon "listen = { \"udp:127.0.0.1:$port\" }" "auth { algorithms = { \"MD5\" } }" \
    "queue { per_account = 100000 retry = 1 }" "limits { requests_per_second = 10000 burst = 10000 auth_failures = 1000 }"
"$B/wirechief" group add g > /dev/null
for user in from0 from1 from2 from3 to0 to1 to2; do
	echo "secret-of-$user" | "$B/wirechief" account add $user group=g password=- > /dev/null
done

keeper_pid()
{
	pgrep -P "$DAEMON_PID" -f wc-keeper || pgrep -P "$DAEMON_PID" wc-keeper
}

coproc crash { python3 "$(dirname "$0")/messages_crash.py" 127.0.0.1:$port "$rounds" 4; }
exec {from}<&"${crash[0]}" {to}>&"${crash[1]}"
while read -r -u "$from" line; do
	case $line in
	'keeper?')
		wait_for 20 keeper_pid > /dev/null
		keeper_pid | head -1 >&"$to"
		;;
	'not ok'*) echo "$line"; failed=$((failed + 1)) ;;
	*) echo "$line" ;;
	esac
done
check "every index agrees with its records" "$B/wirechief" verify
