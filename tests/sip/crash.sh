#!/bin/bash
# F1: sipp registers 5,000 accounts in ten rounds, in each the keeper is killed at a random moment; every 200 that was answered is in
# the list afterwards, and the indexes agree with the records.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/phones.bash"

ROUNDS=${ROUNDS:-10}
ACCOUNTS=$((ROUNDS * 500))
W=$B/wirechief
here=$(realpath "$(dirname "$0")")
write_conf "limits { requests_per_second = 0  auth_failures = 0 }" "auth { algorithms = { \"MD5\" } }"	# sipp knows no other
check "the daemon starts" start_daemon
made()
{
	python3 "$here/../accounts.py" "$WIRECHIEF_SOCKET" 0 "$ACCOUNTS" secretsecret > "$TMP/made"
}
check "$ACCOUNTS accounts are made" made

# serves: the keeper is (again) there and answers.
serves()
{
	"$W" status > /dev/null 2>&1
}

# has_answers N: so many of this round were answered with 200.
has_answers()
{
	[ "$(cat "$TMP/answers-$round" 2> /dev/null | grep -c '^ok')" -ge "$1" ] || ! kill -0 $sipp 2> /dev/null
}

: > "$TMP/answered"
killed=0
for round in $(seq 0 $((ROUNDS - 1))); do
	{
		echo SEQUENTIAL
		for i in $(seq $((round * 500)) $((round * 500 + 499))); do
			printf 'u%06d;[authentication username=u%06d password=secretsecret];wirechief.test\n' "$i" "$i"
		done
	} > "$TMP/users"
	port=$(listening udp)
	(cd "$TMP" && exec sipp -sf "$here/register.xml" -inf users -m 500 -r 400 -l 200 -i 127.0.0.1 -p "$(free_port)" -nostdin \
	    -trace_logs -log_file "answers-$round" -timeout 60s -recv_timeout 20000 "127.0.0.1:$port" > "sipp-$round" 2>&1) &
	sipp=$!
	wait_for 3 has_answers $((RANDOM % 400))	# the random moment
	kill -9 "$(process_pid keeper)" && killed=$((killed + 1))
	wait $sipp
	grep -h '^ok' "$TMP/answers-$round" | awk '{print $2}' >> "$TMP/answered"
	wait_for 10 serves || break
done
check "the keeper was killed $ROUNDS times, and came back" [ $killed -eq "$ROUNDS" ]
"$W" --json registration list | sed -n 's/.*"username":"\([^"]*\)".*/\1/p' | sort -u > "$TMP/listed"
sort -u "$TMP/answered" > "$TMP/wanted"
lost=$(comm -23 "$TMP/wanted" "$TMP/listed" | wc -l)
echo "# $(wc -l < "$TMP/wanted") of $ACCOUNTS were answered 200, $(wc -l < "$TMP/listed") are listed, $lost lost"
check "many were answered 200" [ "$(wc -l < "$TMP/wanted")" -gt $((ACCOUNTS / 10)) ]
check "every 200 is in the list" [ "$lost" -eq 0 ]
check "the indexes agree with the records" "$W" verify
check "the event log's chain is whole" "$W" event verify
check "the daemon ends well" stop_daemon
