#!/bin/bash
# Thousands of messages by sipp, over UDP and over TCP: each is accepted while its recipient is away, and each comes when that registers.
#	messages_sipp.sh [MESSAGES=1500] [RECIPIENTS=50]	of each transport

. "$(dirname "$0")/../lib.sh"

export TZ="TST$(($(date -u +%-H) - 12))"	# noon: today does not end under us
MESSAGES=${1:-1500}
RECIPIENTS=${2:-50}
SENDERS=10
W=$B/wirechief
here=$(realpath "$(dirname "$0")")
server=127.0.0.1:$(free_port)
check "the daemon starts" start_daemon "listen = { \"udp:$server\", \"tcp:$server\" }" "auth { algorithms = { \"MD5\" } }" \
    "limits { requests_per_second = 0 }" "queue { per_account = 1000000 }"

accounts()
{
	python3 "$here/../accounts.py" "$WIRECHIEF_SOCKET" 0 $((SENDERS + 2 * RECIPIENTS)) secretsecret > "$TMP/made"
}

who()		# NUMBER: its name, and how it proves that
{
	printf 'u%06d;[authentication username=u%06d password=secretsecret];wirechief.test' "$1" "$1"
}

lines()		# TRANSPORT FIRST: what is sent, and who is to get it, from that account on
{
	local i

	{
		echo SEQUENTIAL
		for ((i = 0; i < MESSAGES; i++)); do
			printf '%s;u%06d;%s-%d\n' "$(who $((i % SENDERS)))" $(($2 + i % RECIPIENTS)) "$1" "$i"
		done
	} > "$TMP/$1-sent"
	{
		echo SEQUENTIAL
		for ((i = $2; i < $2 + RECIPIENTS; i++)); do
			who "$i"
			echo
		done
	} > "$TMP/$1-users"
	for ((i = 0; i < MESSAGES; i++)); do
		echo "$1-$i"
	done | sort > "$TMP/$1-all"
}

phone()		# NAME OPTION...: sipp, its log in $TMP/NAME
{
	local name=$1

	shift
	cd "$TMP" && exec sipp "$@" -i 127.0.0.1 -p "$(free_port)" -nostdin -trace_logs -log_file "$name" -trace_err -error_file "$name-errors" \
	    -recv_timeout 60000 "$server" > "$name-screen" 2>&1
}

send()		# TRANSPORT SIPP'S
{
	(phone "$1-answers" -sf "$here/message_send.xml" -t "$2" -inf "$1-sent" -m "$MESSAGES" -r 5000 -l 100 -timeout 300s -timeout_error)
}

has_all()	# FILE WORD TRANSPORT: its lines of that word name every message, some perhaps more than once
{
	sed -n "s/^$2 //p" "$TMP/$1" | tr -d '\r' | sort -u | cmp -s - "$TMP/$3-all"
}

queued()
{
	"$W" --json status | sed -n 's/.*"queued":\([0-9]*\).*/\1/p'
}

empty()
{
	[ "$(queued)" = 0 ]
}

rate()		# WORD SINCE
{
	echo "# $transport: $MESSAGES $1 in $(($(date +%s%3N) - $2)) ms"
}

check "its accounts are made" accounts
first=$SENDERS
for transport in udp tcp; do
	kind=${transport:0:1}1
	lines $transport "$first"
	first=$((first + RECIPIENTS))
	since=$(date +%s%3N)
	check "$transport: sipp sends $MESSAGES messages" send $transport $kind
	rate accepted "$since"
	check "$transport: every one was accepted with 202" has_all $transport-answers 202 $transport
	check "$transport: and waits" [ "$(queued)" = "$MESSAGES" ]
	check "$transport: each once, for its recipient" eval '[ "$("$W" --json queue list | sed -n "s/.*\"to_account\":\"\([^\"]*\)\",\"uuid\":\"\([^\"]*\)\".*/\1 \2/p" |
	    sort -u | wc -l)" = "$MESSAGES" ]'
	since=$(date +%s%3N)
	(phone $transport-taken -sf "$here/message_register.xml" -oocsf "$here/message_take.xml" -t $kind -inf $transport-users -m "$RECIPIENTS" -r 50) &
	own_pids+=($!)
	check "$transport: the recipients register, and the queue is empty" wait_for 60 empty
	rate delivered "$since"
	check "$transport: every message came" wait_for 10 has_all $transport-taken took $transport
	echo "# $transport: $(grep -c '^took' "$TMP/$transport-taken") copies came"
done
check "as many were delivered today" eval '"$W" --json status | grep -q "\"queue_delivered_today\":$((2 * MESSAGES)),"'
check "every index agrees with its records" "$W" verify
check "the event log's chain is whole" "$W" event verify
check "the daemon ends well" stop_daemon
