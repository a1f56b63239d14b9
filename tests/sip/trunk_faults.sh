#!/bin/bash
# Providers that fail in every way, and names that lead nowhere, to many addresses or to another one: what is said of each trunk.

. "$(dirname "$0")/../lib.sh"
here=$(dirname "$0")

port=$(free_port)
# certificate NAME SUBJECT-ALTERNATIVE DATES: of an authority of our own.
certificate()
{
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout "$TMP/$1.key" -out "$TMP/$1.csr" 2> /dev/null
	echo "subjectAltName=$2" > "$TMP/ext"
	openssl ca -batch -config "$TMP/ca.conf" -in "$TMP/$1.csr" -out "$TMP/$1.crt" -extfile "$TMP/ext" -notext "${@:3}" 2> /dev/null
}
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=authority -keyout "$TMP/ca.key" -out "$TMP/ca.crt" 2> /dev/null
: > "$TMP/ca.index"
cat > "$TMP/ca.conf" <<-C
	[ca]
	default_ca = it
	[it]
	database = $TMP/ca.index
	new_certs_dir = $TMP
	certificate = $TMP/ca.crt
	private_key = $TMP/ca.key
	rand_serial = yes
	default_md = sha256
	policy = any
	unique_subject = no
	[any]
	commonName = supplied
C
certificate good DNS:tls.example -days 2
certificate other DNS:elsewhere.example -days 2
certificate expired DNS:expired.example -startdate 20130101000000Z -enddate 20140101000000Z

start_with()	# PORT OF THE NAME SERVER
{
	start_daemon "listen = { \"udp:127.0.0.1:$port\", \"udp:[::1]:$port\" }" "resolver { servers = { \"127.0.0.1:$1\" } }" "trunks { ca = \"$TMP/ca.crt\" }" \
	    "qualify { interval = 5 retry = 1 lagged_ms = 1000 timeout = 20 }" "log { debug = { \"trunk\" } }"
}
coproc DRIVER { exec python3 "$here/trunk_faults.py" "$B/wirechief" "$TMP" 2>&1; }
own_pids+=("$DRIVER_PID")
driver=$DRIVER_PID
exec {from}<&"${DRIVER[0]}" {to}>&"${DRIVER[1]}"
read -r names <&"$from"
check "the daemon starts" start_with "$names"
echo go >&"$to"
while read -r line <&"$from"; do
	echo "$line"
	case $line in "not ok"*) failed=$((failed + 1)) ;; esac
done
wait "$driver" || failed=$((failed + 1))
[ $failed -eq 0 ] || grep trunk "$LOG" | tail -40 | sed 's/^/# /'
check "every index agrees with its records" "$B/wirechief" verify
check "no password is in a log" eval '! grep -q "secret" "$LOG"'
