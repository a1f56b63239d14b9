#!/bin/bash
# Trunks over connections of ours, found by a name server of the test's: both ends ask and answer on them; they are made again when the
# other end, or any process of the daemon, has gone.
. "$(dirname "$0")/../lib.sh"
D=$(dirname "$0")
W=$B/wirechief

# peer NAME ADDRESS [CERTIFICATE KEY]: one that listens; sets port_NAME and pid_NAME.
peer()
{
	python3 "$D/trunk_peer.py" "${@:2}" > "$TMP/$1.out" &
	own_pids+=($!)
	declare -g "pid_$1=$!"
	wait_for 5 test -s "$TMP/$1.out"
	declare -g "port_$1=$(head -1 "$TMP/$1.out")"
}

times()		# PEER WORDS
{
	grep -c -- "$2" "$TMP/$1.out"
}

seen()		# PEER N WORDS: at least so often
{
	[ "$(times "$1" "$3")" -ge "$2" ]
}

status_is()	# TRUNK STATUS
{
	"$W" --json trunk show "$1" | grep -q "\"status\":\"$2\""
}

says()		# WORDS COMMAND...
{
	"$W" --json "${@:2}" | grep -qF -- "$1"
}

# name_server PORT LINE...
name_server()
{
	printf '%s\n' "port=$1" listen-address=::1 bind-interfaces no-resolv no-hosts no-poll local=/test/ user=root local-ttl=5 "${@:2}" \
	    > "$TMP/dnsmasq.$1"
	dnsmasq --keep-in-foreground --pid-file= --conf-file="$TMP/dnsmasq.$1" --log-facility="$TMP/dnsmasq.log" &
	own_pids+=($!)
	wait_for 5 listens "$1"
}

listens()
{
	(: < "/dev/tcp/::1/$1") 2> /dev/null
}

conf()		# of the name server at that port
{
	write_conf "resolver { servers = { \"[::1]:$1\" } }" "trunks { ca = \"$TMP/good.crt\" }" "limits { idle = 1 }" \
	    "qualify { interval = 5 retry = 1 lagged_ms = 8000 timeout = 16 }" 'log { debug = { "trunk", "stream" } }'
}

# again NAME PEER WHAT...: after that, both trunks' connections are made anew and both ends ask on them.
again()
{
	local tcp tls tcp_answers tls_answers

	tcp=$(times tcp ^connected)
	tls=$(times tls ^connected)
	tcp_answers=$(times tcp 'answered SIP/2.0 200')
	tls_answers=$(times tls 'answered SIP/2.0 200')
	"${@:2}"
	check "$1: over TCP" eval "wait_for 10 seen tcp $((tcp + 1)) ^connected && wait_for 10 seen tcp $((tcp_answers + 1)) 'answered SIP/2.0 200'"
	check "$1: over TLS" eval "wait_for 10 seen tls $((tls + 1)) ^connected && wait_for 10 seen tls $((tls_answers + 1)) 'answered SIP/2.0 200'"
	check "$1: both are well" eval "wait_for 10 status_is tcp OK && wait_for 10 status_is tls OK"
}

kill_process()
{
	kill -9 "$(process_pid "$1")"
}

close_theirs()
{
	kill -USR1 "$pid_tcp" "$pid_tls"
}

make_certificate good
make_certificate other
peer tcp ::1
peer tls 127.0.0.1 "$TMP/good.crt" "$TMP/good.key"
peer bad 127.0.0.1 "$TMP/other.crt" "$TMP/other.key"
first=$(free_port)
second=$(free_port)
name_server "$first" "srv-host=_sip._tcp.tcp.test,six.test,$port_tcp,1,1" "host-record=six.test,::1" \
    "srv-host=_sips._tcp.wirechief.test,four.test,$port_tls,1,1" "host-record=four.test,127.0.0.1"
name_server "$second" "host-record=late.test,127.0.0.1"
conf "$first"
check "start" start_daemon
check "a trunk over TCP" says name trunk add tcp host=tcp.test transport=TCP qualify=yes
check "one over TLS" says name trunk add tls host=wirechief.test transport=TLS qualify=yes
check "one that shows a wrong certificate" says name trunk add bad host=localhost port="$port_bad" transport=TLS qualify=yes
check "one whose name is not there" says name trunk add late host=late.test port="$port_tls" transport=TCP qualify=yes
check "they are found and well" eval "wait_for 10 status_is tcp OK && wait_for 10 status_is tls OK"
check "asked over TCP" seen tcp 1 "asked OPTIONS"
check "asked over TLS" seen tls 1 "asked OPTIONS"
check "their own requests are answered" eval "wait_for 10 seen tcp 1 'answered SIP/2.0 200' && wait_for 10 seen tls 1 'answered SIP/2.0 200'"
check "a wrong certificate is said" wait_for 10 says "certificate is not signed by anyone we trust (self-signed)" trunk show bad
check "so is a name that is not there" wait_for 10 says "no such name: late.test" trunk show late
check "they stay for longer than strangers' may idle" eval 'wait_for 10 seen tcp 2 "asked OPTIONS" && ! seen tcp 2 ^connected'
again "the other end closes" close_theirs
again "sip dies" kill_process sip
again "stream dies" kill_process stream
again "the keeper dies" kill_process keeper
check "none is left over" eval 'wait_for 10 seen tcp $(($(times tcp ^connected) - 1)) ^closed'
conf "$second"
kill -HUP $DAEMON_PID
check "another name server knows the name, after a reload" wait_for 15 eval '! says "no such name" trunk show late'
check "the daemon stops" stop_daemon
check "and leaves no connection" wait_for 5 seen tcp "$(times tcp ^connected)" ^closed
