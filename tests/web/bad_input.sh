#!/bin/bash
# Whatever a stranger sends to the HTTPS service gets a page that says what to do, or the end of the connection, and nothing of it comes back
# in a header.
. "$(dirname "$0")/../lib.sh"

templates=$(realpath "$(dirname "$0")/../../share/web")
make_certificate one
start_daemon "http { listen = \"127.0.0.1:0\" certificate = \"$TMP/one.crt\" key = \"$TMP/one.key\" templates = \"$templates\" brand = \"Northwind <Tel> & Co\" }" \
    'limits { requests_per_second = 0 }' || { echo "not ok the daemon starts"; cat "$LOG"; exit 1; }
port=$(listening https)
url=https://127.0.0.1:$port

# fetch ARGUMENT...: curl's, into head and body.
fetch()
{
	curl -s --max-time 60 --path-as-is --cacert "$TMP/one.crt" -D "$TMP/head" -o "$TMP/body" "$@"
}

# says CODE TEXT ARGUMENT...: the page's status and a text in it; a page that is whole and has all headers.
says()
{
	local code=$1 text=$2 header

	shift 2
	fetch "$@"
	if ! grep -q "^HTTP/1.1 $code " "$TMP/head" || ! grep -qF -- "$text" "$TMP/body"; then
		echo "# wanted $code with: $text"
		sed 's/^/# /' "$TMP/head"
		return 1
	fi
	for header in "Connection: close" "Cache-Control: no-store" "Referrer-Policy: no-referrer" "X-Frame-Options: DENY" \
	    "X-Content-Type-Options: nosniff" "Strict-Transport-Security: max-age=" "Content-Security-Policy: default-src 'none';"; do
		grep -q "^$header" "$TMP/head" || { echo "# no $header"; return 1; }
	done
	! grep -qi '^\(server\|set-cookie\|x-injected\):' "$TMP/head" && tail -c 12 "$TMP/body" | grep -q '</html>'
}

check "nothing there" says 404 "There is nothing here" $url/
check "the brand is escaped" grep -qF 'Northwind &lt;Tel&gt; &amp; Co' "$TMP/body"
check "no script, and nothing from elsewhere" eval '! grep -qiE "<script|src=|@import|url\(" "$TMP/body"'

i=0
while read -r path; do
	i=$((i + 1))
	check "path trick $i" says 404 "There is nothing here" "$url$path"
done <<'P'
/i/
/i/../i/abc
//i/abc
/i//abc
/i/%61bc
/i/abc%00
/i/abc%2e%2e
/%2e%2e/%2e%2e/etc/passwd
/../../../etc/passwd
/i/abc/
/i/abc;x
/i/abc.html
/I/abc
/i/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
/licence/
/share/web/head.html
P
long=$(printf 'a%.0s' {1..4000})
check "a very long path" says 414 "too long" "$url/i/$long"
check "a very long header" says 431 "too large" -H "X-Long: $long$long$long" "$url/"
many=()
for i in {1..70}; do
	many+=(-H "X-$i: y")
done
check "a hundred headers" says 431 "too large" "${many[@]}" "$url/"
check "a large body" says 413 "too large" -H Expect: --data-binary @<(head -c 9000 /dev/zero) "$url/i/abc"
check "a chunked body" says 501 "not understood" -H "Transfer-Encoding: chunked" -d x "$url/i/abc"
check "PUT" says 405 "not understood" -X PUT "$url/i/abc"
check "says what may be done" grep -q '^Allow: GET, HEAD, POST' "$TMP/head"
check "what is only to be fetched" says 405 "not understood" -d x "$url/c/abc"
check "says so" grep -q '^Allow: GET, HEAD.$' "$TMP/head"
check "TRACE" says 405 "not understood" -X TRACE "$url/"
licence_get()
{
	fetch "$url/licence"
	grep -q '^HTTP/1.1 405 ' "$TMP/head" && grep -q '^Allow: POST' "$TMP/head" && [ "$(cat "$TMP/body")" = '{"error":"method"}' ]
}
check "a program gets JSON" licence_get
head_only()
{
	fetch -I "$url/" && grep -q '^HTTP/1.1 404 ' "$TMP/head" && [ "$(grep -c '^Content-Length: [1-9]' "$TMP/head")" = 1 ]
}
check "HEAD has no body" head_only
check "the public name can be checked" eval 'fetch $url/alive && [ "$(cat "$TMP/body")" = alive ]'
check "another Host is of no interest" eval 'says 404 "nothing here" -H "Host: evil.test" $url/ && ! grep -q evil.test "$TMP/head" "$TMP/body"'

# raw TEXT: the first line of the answer to these bytes, over TLS.
raw()
{
	printf "$1" | timeout 60 openssl s_client -quiet -connect "127.0.0.1:$port" 2>/dev/null | head -1 | tr -d '\r'
}
raw_says()
{
	[ "$(raw "$2")" = "HTTP/1.1 $1" ] || { echo "# $(raw "$2")"; return 1; }
}
check "no HTTP" raw_says "400 Bad Request" 'hello there\r\n\r\n'
check "a NUL" raw_says "400 Bad Request" 'GET /i/a\0b HTTP/1.1\r\nHost: x\r\n\r\n'
check "a bare LF" raw_says "400 Bad Request" 'GET / HTTP/1.1\nHost: x\n\n'
check "a folded header" raw_says "400 Bad Request" 'GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n'
check "a header with a blank before its colon" raw_says "400 Bad Request" 'GET / HTTP/1.1\r\nHost : x\r\n\r\n'
check "a CR in a header" raw_says "400 Bad Request" 'GET / HTTP/1.1\r\nHost: x\r\nX: a\rX-Injected: 1\r\n\r\n'
check "two Hosts" raw_says "400 Bad Request" 'GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n'
check "no Host" raw_says "400 Bad Request" 'GET / HTTP/1.1\r\n\r\n'
check "two lengths" raw_says "400 Bad Request" 'POST /i/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'
check "a negative length" raw_says "400 Bad Request" 'POST /i/a HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'
check "HTTP/2 without asking" raw_says "505 HTTP Version Not Supported" 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
check "HTTP/0.9" raw_says "400 Bad Request" 'GET /\r\n\r\n'
check "another's address" raw_says "404 Not Found" 'GET https://evil.test/x HTTP/1.1\r\nHost: evil.test\r\n\r\n'
second_request()
{
	[ "$(printf 'GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /alive HTTP/1.1\r\nHost: x\r\n\r\n' |
	    timeout 60 openssl s_client -quiet -connect "127.0.0.1:$port" 2>/dev/null | grep -c '^HTTP/1.1')" = 1 ]
}
check "one request a connection" second_request

# TLS.
tls()
{
	timeout 60 openssl s_client -connect "127.0.0.1:$port" "$@" < /dev/null > "$TMP/tls" 2>&1 && grep -q 'Cipher is [A-Z]' "$TMP/tls"
}
check "TLS 1.3" tls -tls1_3
check "TLS 1.2" tls -tls1_2
check "no TLS 1.1" eval '! tls -tls1_1 -cipher ALL:@SECLEVEL=0'
check "no TLS 1.0" eval '! tls -tls1 -cipher ALL:@SECLEVEL=0'
check "no RSA key exchange" eval '! tls -tls1_2 -cipher kRSA:@SECLEVEL=0'
check "no CBC" eval '! tls -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0'
check "no plain HTTP" eval '! curl -s --max-time 30 http://127.0.0.1:$port/ > /dev/null'
check "no errors in the log" [ "$(grep -c '^<3>' "$LOG")" = 0 ]
stop_daemon
