#!/bin/bash
# Whatever keeps the daemon from starting is said in one line on stderr, ends it with status 1, and harms nothing.
. "$(dirname "$0")/../lib.sh"

# refused WHAT: the daemon does not start, and its only error names WHAT.
refused()
{
	local status

	timeout -s KILL 120 "$B/wirechiefd" -c "$CONF" 2> "$TMP/err" > "$TMP/out"
	status=$?
	if [ $status -eq 1 ] && [ ! -s "$TMP/out" ] && [ "$(grep -c '^<3>' "$TMP/err")" = 1 ] &&
	    [ "$(grep -cv '^<[3-7]>' "$TMP/err")" = 0 ] && grep '^<3>' "$TMP/err" | grep -qF -- "$1"; then
		return 0
	fi
	echo "# exit status $status, wanted one error with: $1"
	sed 's/^/# /' "$TMP/err"
	return 1
}

# says STATUS TEXT: what wirechiefd -t answers.
says()
{
	local out

	out=$("$B/wirechiefd" -t -c "$CONF" 2>&1)
	[ $? -eq "$1" ] && [ "$out" = "$2" ] && return 0
	printf '# %s\n' "$out"
	return 1
}

nobody_left()
{
	! pgrep -f -- "-c $CONF" > /dev/null
}

check "--help tells its options" eval '"$B/wirechiefd" --help | grep -q "^usage: wirechiefd .*-c FILE"'
check "--version its version" eval '"$B/wirechiefd" --version | grep -qE "^wirechiefd [0-9.]+$"'
write_conf
check "-t of a good configuration" says 0 "$CONF: ok"
write_conf 'register { min_expires = 0 }'
check "-t of a wrong value" says 1 "$CONF:5: register.min_expires: \"0\" must be a number from 1 to 86400"
check "a wrong value stops the start" refused "$CONF:5: register.min_expires"
write_conf 'nonsense = 1'
check "an unknown key stops the start" refused "$CONF:5: no such option 'nonsense'"
write_conf 'listen = "tls:127.0.0.1:0"'
check "a TLS listener without certificate" refused "$CONF:5: tls.certificate: is needed for the listener tls:127.0.0.1"
write_conf
mv "$CONF" "$CONF.away"
check "a missing configuration" refused "$CONF: No such file or directory"
mv "$CONF.away" "$CONF"

make_certificate one
make_certificate two
write_conf 'listen = "tls:127.0.0.1:0"' "tls { certificate = \"$TMP/one.crt\" key = \"$TMP/none.key\" }"
check "a missing key" refused "tls.key: $TMP/none.key: No such file or directory"
check "-t of a missing key" says 1 "$CONF: tls.key: $TMP/none.key: No such file or directory"
write_conf 'listen = "tls:127.0.0.1:0"' "tls { certificate = \"$TMP/one.crt\" key = \"$TMP/two.key\" }"
check "another certificate's key" refused "tls.key: $TMP/two.key: does not belong to the certificate"
echo garbage > "$TMP/bad.crt"
write_conf 'listen = "tls:127.0.0.1:0"' "tls { certificate = \"$TMP/bad.crt\" key = \"$TMP/one.key\" }"
check "a certificate that is none" refused "tls.certificate: $TMP/bad.crt: holds no certificate"

if [ "$(id -u)" = 0 ]; then
	chmod 711 "$TMP"
	chmod 644 "$CONF" "$TMP/one.crt"
	chmod 600 "$TMP/one.key"
	write_conf 'listen = "tls:127.0.0.1:0"' "tls { certificate = \"$TMP/one.crt\" key = \"$TMP/one.key\" }"
	chmod 644 "$CONF"
	cp "$B/wirechiefd" "$TMP/wirechiefd"
	unreadable()
	{
		[ "$(setpriv --reuid=65534 --clear-groups "$TMP/wirechiefd" -t -c "$CONF" 2>&1)" = \
		    "$CONF: tls.key: $TMP/one.key: Permission denied" ]
	}
	check "a key that may not be read" unreadable
else
	echo "skip a key that may not be read (needs root)"
fi

# A daemon that serves, and what a second one meets.
write_conf
check "the daemon starts" start_daemon
first=$CONF
udp=$(sed -n 's/.*sip is ready: udp:127.0.0.1:\([0-9]*\).*/\1/p' "$LOG")
tcp=$(sed -n 's/.*stream is ready: tcp:127.0.0.1:\([0-9]*\).*/\1/p' "$LOG")
CONF=$TMP/second.conf
write_conf "control { socket = \"$TMP/second.sock\" }"
check "a second daemon on the same state folder" refused "$TMP/state"
write_conf "state_dir = \"$TMP/other\"" "control { socket = \"$TMP/second.sock\" }" "listen = \"udp:127.0.0.1:$udp\""
check "a busy UDP port" refused "udp:127.0.0.1:$udp: Address already in use"
write_conf "state_dir = \"$TMP/other\"" "control { socket = \"$TMP/second.sock\" }" "listen = \"tcp:127.0.0.1:$tcp\""
check "a busy TCP port" refused "tcp:127.0.0.1:$tcp: Address already in use"
write_conf "state_dir = \"$TMP/other\""
check "a control socket that is served" refused "$WIRECHIEF_SOCKET"
check "no process stays behind" wait_for 5 nobody_left
check "the first one goes on" kill -0 $DAEMON_PID
CONF=$first
check "and stops with status 0" stop_daemon
check "without an error" [ "$(grep -c '^<3>' "$LOG")" = 0 ]

# The store.
head -c 4096 /dev/urandom > "$TMP/noise"
cp -r "$TMP/state" "$TMP/good"
dd if="$TMP/noise" of="$TMP/state/store/data.mdb" bs=4096 count=1 conv=notrunc 2>/dev/null
dd if="$TMP/noise" of="$TMP/state/store/data.mdb" bs=4096 count=1 seek=1 conv=notrunc 2>/dev/null
sum=$(sha256sum < "$TMP/state/store/data.mdb")
check "a damaged store" refused "$TMP/state/store"
check "is left as it is" [ "$(sha256sum < "$TMP/state/store/data.mdb")" = "$sum" ]
rm -r "$TMP/state"
cp -r "$TMP/good" "$TMP/state"
python3 - "$TMP/state/store/data.mdb" <<'EOF'
import re, sys
data = open(sys.argv[1], "rb").read()
data, n = re.subn(rb"(schema\0{6})\0(?=.)", lambda m: m[1] + b"\x7f", data, flags=re.S)
assert n > 0
open(sys.argv[1], "wb").write(data)
EOF
check "a newer store" refused "$TMP/state/store/data.mdb: written by a newer version"
rm -r "$TMP/state"
cp -r "$TMP/good" "$TMP/state"
check "the good store starts again" start_daemon
stop_daemon
check "a service that this version has not is no fault" start_daemon 'metrics { listen = "127.0.0.1:9345" }'
check "and said" grep -q "$CONF: metrics.listen: this version serves no metrics" "$LOG"
stop_daemon
write_conf
mv "$TMP/state/master.key" "$TMP/key.away"
start_without_key()
{
	refused "$TMP/state/master.key" && [ ! -e "$TMP/state/master.key" ]
}
if "$B/wirechief" --version > /dev/null 2>&1; then
	mv "$TMP/key.away" "$TMP/state/master.key"
	start_daemon
	"$B/wirechief" group add staff > /dev/null && "$B/wirechief" account add alice group=staff password=random > /dev/null
	stop_daemon
	mv "$TMP/state/master.key" "$TMP/key.away"
	check "a store whose key is lost" start_without_key
	mv "$TMP/key.away" "$TMP/state/master.key"
	check "and found again" start_daemon
	check "with its account" eval '"$B/wirechief" account show alice > /dev/null'
	stop_daemon
fi
