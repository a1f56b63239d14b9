#!/bin/bash
# The life of a running daemon: processes that are killed come back, a configuration is read again, a stop is clean.
. "$(dirname "$0")/../lib.sh"

answers()	# an OPTIONS to the server itself
{
	local reply=

	exec 9<> "/dev/udp/127.0.0.1/$udp"
	printf '%s\r\n' 'OPTIONS sip:127.0.0.1 SIP/2.0' "Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK$RANDOM$RANDOM;rport" 'Max-Forwards: 9' \
	    'From: <sip:t@wirechief.test>;tag=1' 'To: <sip:127.0.0.1>' "Call-ID: $RANDOM$RANDOM" 'CSeq: 1 OPTIONS' 'Content-Length: 0' '' |
	    dd bs=4096 iflag=fullblock status=none >&9	# one datagram
	reply=$(timeout 3 dd bs=4096 count=1 status=none <&9 | head -1)
	exec 9>&-
	[ "${reply#SIP/2.0 200}" != "$reply" ]
}

has_control()
{
	"$B/wirechief" status > /dev/null 2>&1
}

is_new()	# NAME OLD
{
	local pid

	pid=$(process_pid "$1")
	[ -n "$pid" ] && [ "$pid" != "$2" ]
}

logged()	# COUNT TEXT
{
	[ "$(grep -cF -- "$2" "$LOG")" -ge "$1" ]
}

all_gone()
{
	local pid

	for pid in "$@"; do
		! lives "$pid" || return 1
	done
}

udp=$(free_port)
write_conf "listen = { \"udp:127.0.0.1:$udp\", \"tcp:127.0.0.1:0\" }"
check "start" start_daemon
check "SIP is answered" wait_for 5 answers
check "the control socket greets" wait_for 5 has_control

for name in keeper sip stream; do
	old=$(process_pid $name)
	kill -9 "$old"
	check "$name comes back after kill -9" wait_for 5 is_new $name "$old"
	check "$name serves again" wait_for 5 logged 2 "$name is ready"
	check "SIP is answered after $name died" wait_for 5 answers
	check "the control socket greets after $name died" wait_for 5 has_control
done

sed -i 's/"wirechief\.test"/"other.test"/' "$CONF"
kill -HUP $DAEMON_PID
check "the configuration is read again" wait_for 5 logged 1 "$CONF was read again"
echo nonsense >> "$CONF"
kill -HUP $DAEMON_PID
check "a wrong one is refused" wait_for 5 logged 1 "the configuration in force stays"
check "SIP is answered after the reloads" wait_for 5 answers
sed -i '$d' "$CONF"

children=$(cat /proc/$DAEMON_PID/task/$DAEMON_PID/children)
check "SIGTERM ends it with status 0" stop_daemon
check "no process stays" all_gone $children
check "nothing but the three kills was an error" [ "$(grep -c '^<3>' "$LOG")" = 4 ]

check "start again" start_daemon
children=$(cat /proc/$DAEMON_PID/task/$DAEMON_PID/children)
kill -9 $DAEMON_PID
{ wait $DAEMON_PID; } 2>/dev/null
check "the processes end with the supervisor" wait_for 5 all_gone $children
check "and a new one can start at once" start_daemon
check "SIGINT ends it too" eval 'kill -INT $DAEMON_PID; wait $DAEMON_PID'
