#!/bin/bash
# Licences on the console as clients validate them over HTTPS, and whether that service is reached at its public name.
. "$(dirname "$0")/../lib.sh"
TOOLS=$(realpath "${TOOLS:-$B}")
W=$B/wirechief
templates=$(realpath "$(dirname "$0")/../../share/web")
out=$TMP/out
export TZ=UTC LC_ALL=C.UTF-8

console()	# the script on standard input
{
	"$TOOLS/tests/tui/vtdrive" "${1:-120x24}" "$W" > "$out" 2>&1 && return 0
	sed 's/^/# /' "$out"
	return 1
}

make_certificate tls
port=$(free_port)
url=https://127.0.0.1:$port
http="http { listen = \"127.0.0.1:$port\" public_url = \"$url\" templates = \"$templates\" ca = \"$TMP/tls.crt\" certificate = \"$TMP/tls.crt\" key = \"$TMP/tls.key\" }"
check "start, without the service" start_daemon
"$W" group add Sales > /dev/null
echo password-of-alice | "$W" account add alice group=Sales password=- > /dev/null
"$W" licence set alice key=ABCD-1234 valid_until=2099-12-31 > /dev/null
check "that there is none is told" console <<'E2'
wait LIVE
key L
wait Licences - 1 account with one
wait HTTPS service: none is configured
key v
wait the configuration has no http
key F10
exit
E2
stop_daemon
write_conf "$http"
check "start with it" start_daemon

# validate KEY: as a client does; its answer is in $TMP/answer.
cat > "$TMP/validate" <<E2
#!/bin/sh
curl -s --max-time 60 --cacert $TMP/tls.crt --digest -u alice:password-of-alice -d "key=\$1" $url/licence > $TMP/answer
E2
chmod +x "$TMP/validate"

check "it is reached; a client's validation is seen" console <<E2
wait LIVE
key v
wait $url is reached, in
key L
wait HTTPS service $url: reached in
wait VALID
run $TMP/validate ABCD-1234
wait VALID                         20
key Enter
wait Accounts > Licences > alice
key Escape
wait Licences - 1 account
key F10
exit
E2
check "on 80 columns, too, whole" eval 'console 80x24 <<< "wait LIVE
key L
wait HTTPS service $url: reached in
screen
key F10
exit" && grep -qE "reached in [0-9]+ ms, checked [0-9:]{8}$" "$out"'
check "the client's answer" grep -q '"state":"VALID"' "$TMP/answer"
check "it stands" eval '[ "$("$W" --json licence show alice | jq -r .checked_at)" != null ]'
"$TMP/validate" WRONG-1234
check "another key than the account's is refused" grep -q '"error":' "$TMP/answer"
check "cleared: its client may ask again" console <<'E2'
wait LIVE
key L
wait >   alice
key r
wait wirechief licence clear alice
key y
wait done: alice's licence is cleared
key F10
exit
E2
check "nothing was checked then" eval '[ "$("$W" --json licence show alice | jq -r .checked_at)" = null ]'

sed -i "s,public_url = \"$url\",public_url = \"https://127.0.0.1:$(free_port)\"," "$CONF"
kill -HUP "$DAEMON_PID"
wait_for 10 grep -q 'was read again' "$LOG"
check "it is not reached by another name" console <<'E2'
wait LIVE
key L
wait Licences - 1
key v
wait is not reached:
wait HTTPS service https://127.0.0.1:
wait : not reached, checked
key 1
wait ! https://127.0.0.1:
key F10
exit
E2
check "the daemon ends well" stop_daemon
