#!/bin/bash
# TLS as strangers meet it at a running daemon: what gets in, the chain, a reload, clients that say nothing, and the memory of many.
. "$(dirname "$0")/../lib.sh"

TOOLS=${TOOLS:-$B}

# make_chain NAME: root.crt, and NAME.crt (a server and the authority between) with NAME.key.
make_chain()
{
	local cd=$TMP

	[ -e "$cd/root.crt" ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=root \
	    -keyout "$cd/root.key" -out "$cd/root.crt" 2>/dev/null
	[ -e "$cd/middle.crt" ] || {
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=middle \
		    -keyout "$cd/middle.key" -out "$cd/middle.csr" 2>/dev/null
		openssl x509 -req -in "$cd/middle.csr" -CA "$cd/root.crt" -CAkey "$cd/root.key" -days 2 -set_serial 2 \
		    -extfile <(echo basicConstraints=critical,CA:TRUE) -out "$cd/middle.crt" 2>/dev/null
	}
	openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$cd/$1.key" -out "$cd/$1.csr" 2>/dev/null
	openssl x509 -req -in "$cd/$1.csr" -CA "$cd/middle.crt" -CAkey "$cd/middle.key" -days 2 -set_serial 3 \
	    -extfile <(echo subjectAltName=DNS:wirechief.test) -out "$cd/$1.crt" 2>/dev/null
	cat "$cd/middle.crt" >> "$cd/$1.crt"
}

# s_client ARGUMENT...: one connection that ends at once; its report goes to $TMP/report.
s_client()
{
	timeout 120 openssl s_client -connect "127.0.0.1:$port" -CAfile "$TMP/root.crt" "$@" < /dev/null > "$TMP/report" 2>&1
}

gets_in()
{
	s_client "$@" && ! grep -q 'Cipher is (NONE)' "$TMP/report"
}

stays_out()
{
	! gets_in "$@"
}

chain_is_served()
{
	gets_in -verify_return_error -verify_hostname wirechief.test && grep -q 'Verify return code: 0 (ok)' "$TMP/report"
}

subject_is()	# NAME
{
	gets_in && grep -q "^subject=CN = $1$" "$TMP/report"
}

# An OPTIONS and its answer over the connection that stands.
old_is_served()
{
	printf 'OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\n' "$RANDOM$RANDOM" >&"$to_old"
	printf 'From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: %s\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n' \
	    "$RANDOM$RANDOM" >&"$to_old"
	read -r -t 60 line <&"$from_old" && [[ $line == SIP/2.0* ]] || return 1
	while read -r -t 60 line <&"$from_old" && [ "$line" != $'\r' ]; do
		:
	done
}

reload_with()	# NAME LOG-LINE
{
	local lines

	lines=$(wc -l < "$LOG")
	cp "$TMP/$1.crt" "$TMP/current.crt"
	cp "$TMP/$1.key" "$TMP/current.key"
	kill -HUP $DAEMON_PID
	wait_for 10 eval "tail -n +$((lines + 1)) '$LOG' | grep -q '$2'"
}

# silent_goes PORT: a connection that says nothing is closed.
silent_goes()
{
	timeout 60 bash -c "exec 9<> /dev/tcp/127.0.0.1/$1; read -r line <&9; [ \$? -eq 1 ]"
}

make_chain first
make_chain second
cp "$TMP/first.crt" "$TMP/current.crt"
cp "$TMP/first.key" "$TMP/current.key"
check "daemon starts" start_daemon "listen = { \"tcp:127.0.0.1:0\", \"tls:127.0.0.1:0\" }" \
    "tls { certificate = \"$TMP/current.crt\" key = \"$TMP/current.key\" }" "limits { connections = 0 }"
port=$(grep -o 'tls:127\.0\.0\.1:[0-9]*' "$LOG" | head -1 | cut -d: -f3)
tcp_port=$(grep -o 'tcp:127\.0\.0\.1:[0-9]*' "$LOG" | head -1 | cut -d: -f3)

check "TLS 1.3 gets in" gets_in -tls1_3
check "TLS 1.2 with ECDHE and GCM gets in" gets_in -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256
check "TLS 1.2 with ECDHE and ChaCha20 gets in" gets_in -tls1_2 -cipher ECDHE-RSA-CHACHA20-POLY1305
check "TLS 1.0 stays out" stays_out -tls1 -cipher ALL:@SECLEVEL=0
check "TLS 1.1 stays out" stays_out -tls1_1 -cipher ALL:@SECLEVEL=0
check "RSA key exchange stays out" stays_out -tls1_2 -cipher AES128-GCM-SHA256:AES256-SHA:@SECLEVEL=0
check "CBC stays out" stays_out -tls1_2 -cipher ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA:@SECLEVEL=0
check "finite-field Diffie-Hellman stays out" stays_out -tls1_2 -cipher DHE-RSA-AES256-GCM-SHA384
check "the chain is served" chain_is_served
check "an unknown server name does not matter" gets_in -servername nobody.example

coproc OLD { openssl s_client -quiet -connect "127.0.0.1:$port" 2>/dev/null; }
own_pids+=("$OLD_PID")
from_old=${OLD[0]}
to_old=${OLD[1]}
check "a connection before the reload is served" old_is_served
check "a reload says so" reload_with second 'was read again'
check "new connections meet the new certificate" wait_for 5 subject_is second
check "the old connection is still served" old_is_served
cp "$TMP/first.key" "$TMP/second.key"
check "a key that does not fit is refused" reload_with second 'stays'
check "and the certificate in force stays" subject_is second

silent_goes "$port" & tls=$!
silent_goes "$tcp_port" & tcp=$!
check "a client that never shakes hands is gone" wait $tls
check "a client that never speaks is gone" wait $tcp
check "the daemon stops" stop_daemon
TOOLS=$TOOLS check "memory stays flat" "$(dirname "$0")/../bench/tls_flat" 2000
