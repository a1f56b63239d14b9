#!/bin/bash
# UDP as it comes: sockets of all addresses and both families, many datagrams at once, what is none of ours, and too many of one source.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/phones.bash"
D="python3 $(dirname "$0")/datagrams.py"

port=$(free_port)
six=()		# where we are at home with IPv6, too
all6=
if python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2> /dev/null; then
	six=(::1 "$port")
	all6="\"udp:[::]:$port\", "
else
	echo "skip IPv6: this machine has none"
fi
write_conf "listen = { \"udp:0.0.0.0:$port\", $all6\"udp:127.0.0.1:0\" }" "limits { requests_per_second = 0 }"
check "the daemon starts on all addresses" start_daemon
one=$(grep -o 'udp:127\.0\.0\.1:[0-9]*' "$LOG" | head -1 | cut -d: -f3)
check "an answer comes from the address that was asked" $D answered_from 127.0.0.1 "$port" 127.0.0.5 "$port" "${six[@]}" 127.0.0.1 "$one"
check "of a thousand datagrams at once each is answered" $D each_answered 127.0.0.1 "$port" "${six[@]}" 127.0.0.1 "$one"
check "what is no message is left alone" $D no_messages 127.0.0.1 "$port" "${six[@]}"
check "large messages" $D large 127.0.0.1 "$one" "${six[@]}"
registers_at()
{
	local host=$1

	"$B/wirechief" registration list | grep -q "$host"
}
"$B/wirechief" group add phones > /dev/null
echo secretsecret | "$B/wirechief" account add bob group=phones password=- > /dev/null
check "a phone may take any of our addresses for the domain" \
    python3 "$(dirname "$0")/register.py" "127.0.0.7:$port" bob secretsecret --domain 127.0.0.7
# 2 s of little work: a busy machine and what was left to do may spoil some of them, one that turns in circles all.
idle_cpu()
{
	local pid before after

	pid=$(process_pid sip)
	before=$(cut -d' ' -f1 "/proc/$pid/schedstat")
	read -r -t 2 <> <(:) || :
	after=$(cut -d' ' -f1 "/proc/$pid/schedstat")
	[ $((after - before)) -lt 40000000 ] || { echo "# $(((after - before) / 1000)) us in 2 s"; return 1; }
}
check "an idle front takes no processor" wait_for 3 idle_cpu
check "and stops with status 0" stop_daemon
rm -r "$TMP/state"
write_conf "limits { requests_per_second = 20  burst = 40 }"
check "the daemon starts with limits" start_daemon
check "one source is held to its limit, another is not" $D limited 127.0.0.1 "$(listening udp)"
check "and stops with status 0" stop_daemon
