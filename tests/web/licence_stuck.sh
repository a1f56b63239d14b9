#!/bin/bash
# A client whose first validation is cut off in the middle, as the disk fails just then, is stuck in CHECKING: it is seen everywhere, freed from
# the console, and its client is answered when it asks again.
. "$(dirname "$0")/../lib.sh"
TOOLS=$(realpath "${TOOLS:-$B}")
W=$B/wirechief
out=$TMP/out
export TZ=UTC LC_ALL=C.UTF-8 ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0

# order IN BURST ERROR: in the form of tests/sip/fail_io.c's struct orders.
order()
{
	python3 -c 'import struct, sys
with open(sys.argv[1], "r+b") as f:
    f.write(struct.pack("=3q", *map(int, sys.argv[2:])))' "$TMP/orders" "$@"
}

validate()	# as a client does; its answer is in $TMP/answer
{
	curl -s --max-time 60 --cacert "$TMP/tls.crt" --digest -u alice:password-of-alice -d key=ABCD-1234 "$url/licence" > "$TMP/answer"
}

state()
{
	"$W" --json licence show alice 2> "$TMP/err" | jq -r .state
}

is_well()
{
	[ "$("$W" --json status 2> "$TMP/err" | jq -r '.https and .sip')" = true ]
}

cleared()
{
	"$W" licence clear alice > "$out" 2>&1
}

# stuck: has the disk fail from the n-th call on, for each n, until that hits what is written between the client's question and its answer.
stuck()
{
	local n

	for n in {2..40}; do
		order "$n" 1000000 5
		validate
		order 0 0 0
		wait_for 20 is_well || return 1
		[ "$(state)" != CHECKING ] || return 0
		wait_for 20 cleared || return 1
	done
	return 1
}

make_certificate tls
port=$(free_port)
url=https://127.0.0.1:$port
write_conf "http { listen = \"127.0.0.1:$port\" public_url = \"$url\" templates = \"$(realpath "$(dirname "$0")/../../share/web")\"" \
    "ca = \"$TMP/tls.crt\" certificate = \"$TMP/tls.crt\" key = \"$TMP/tls.key\" }" "limits { requests_per_second = 0 }"
head -c 56 /dev/zero > "$TMP/orders"
FAIL_UNDER=$TMP/state FAIL_IO=$TMP/orders LD_PRELOAD=$TOOLS/tests/sip/fail_io.so "$B/wirechiefd" -c "$CONF" 2> "$LOG" &
DAEMON_PID=$!
own_pids+=($DAEMON_PID)
check "start, with a disk that can fail" wait_for 10 daemon_serves
"$W" group add Sales > "$out"
echo password-of-alice | "$W" account add alice group=Sales password=- > "$out"
"$W" licence set alice key=ABCD-1234 > "$out"

check "a client is stuck" stuck
check "it was not told that its licence is valid" eval '! grep -q VALID "$TMP/answer"'
check "the list tells it" eval '[ "$("$W" --json licence list --query state:checking | jq -r .username)" = alice ]'
check "its account tells it" eval '[ "$("$W" --json account show alice | jq -r .licence)" = CHECKING ]'
check "so does why" eval '"$W" why alice | grep -qE "Licence +CHECKING"'
console()
{
	"$TOOLS/tests/tui/vtdrive" 120x24 "$W" > "$out" 2>&1 && return 0
	sed 's/^/# /' "$out"
	return 1
}
check "the console shows it, and frees it" console <<'E'
wait LIVE
key L
wait Licences - 1 account with one
wait CHECKING
key r
wait Clear the licence of alice
wait wirechief licence clear alice
key y
wait done: alice's licence is cleared
gone CHECKING
wait VALID
key F10
exit
E
check "it can be used" [ "$(state)" = VALID ]
check "that it was stuck is an event" eval '"$W" --json event list --query subject:alice | grep -q "licence alice: cleared, was CHECKING\",\"operator\":\"$(id -un)\""'
validate
check "and is answered when it asks again" grep -q '"state":"VALID"' "$TMP/answer"
check "the indexes agree" "$W" verify
check "the daemon ends well" stop_daemon
