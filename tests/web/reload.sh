#!/bin/bash
# SIGHUP: a new certificate and new templates hold from then on, faulty ones change nothing, connections stay; the status tells the earliest end.
. "$(dirname "$0")/../lib.sh"

mkdir "$TMP/pages"
cp "$(dirname "$0")"/../../share/web/*.html "$TMP/pages"
make_certificate one
cp "$TMP/one.crt" "$TMP/site.crt"
cp "$TMP/one.key" "$TMP/site.key"
http="http { listen = \"127.0.0.1:0\" certificate = \"$TMP/site.crt\" key = \"$TMP/site.key\" templates = \"$TMP/pages\" brand = \"First\" }"
start_daemon "$http" || { echo "not ok the daemon starts"; cat "$LOG"; exit 1; }
port=$(listening https)

# reload: and waits until each process has taken it.
reload()
{
	local before

	before=$(grep -c 'web is ready' "$LOG")
	kill -HUP $DAEMON_PID
	wait_for 10 taken "$before"
}
taken()
{
	[ "$(grep -c 'web is ready' "$LOG")" -gt "$1" ]
}
refused()
{
	local before

	before=$(grep -c 'the configuration in force stays' "$LOG")
	kill -HUP $DAEMON_PID
	wait_for 10 eval "[ \$(grep -c 'the configuration in force stays' '$LOG') -gt $before ]"
}
shown()
{
	timeout 60 openssl s_client -connect "127.0.0.1:$port" < /dev/null 2>/dev/null | openssl x509 -noout -fingerprint
}
is_shown()
{
	[ "$(shown)" = "$(openssl x509 -noout -fingerprint < "$TMP/$1.crt")" ]
}
page()
{
	curl -sk --max-time 60 "https://127.0.0.1:$port/"
}
expires()
{
	"$B/wirechief" --json status | jq -r .certificate_expires
}
ends()
{
	[ "$(date -d "$(expires)" +%s)" = "$(date -d "$(openssl x509 -noout -enddate < "$TMP/$1.crt" | cut -d= -f2)" +%s)" ]
}

check "the certificate" is_shown one
check "its end in the status" ends one
check "a warning of it" eval '"$B/wirechief" status | grep -q "the HTTPS certificate expires in 1 day"'

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -subj /CN=wirechief.test \
    -keyout "$TMP/two.key" -out "$TMP/two.crt" 2>/dev/null
cp "$TMP/two.crt" "$TMP/site.crt"
cp "$TMP/two.key" "$TMP/site.key"
sed -i 's/<h1>/<h1>Renewed: /' "$TMP/pages/error.html"
echo '<p>Numero {{code}}' > "$TMP/pages/method.html"
write_conf "${http/First/Second}"

# A connection that stands over the reload; it has 15 s for its request.
mkfifo "$TMP/in"
timeout 200 openssl s_client -nocommands -ign_eof -connect "127.0.0.1:$port" < "$TMP/in" > "$TMP/answer" 2> /dev/null &
own_pids+=($!)
exec 7> "$TMP/in"
printf 'GET /alive HTTP/1.1\r\n' >&7
check "a connection stands" wait_for 10 grep -q 'handshake has read' "$TMP/answer"
check "SIGHUP" reload
printf 'Host: x\r\n\r\n' >&7
check "the connection that stood is answered" wait_for 5 grep -q '^alive' "$TMP/answer"
exec 7>&-
check "the new certificate" is_shown two
check "its end in the status" wait_for 5 ends two
check "no warning of it" eval '! "$B/wirechief" status | grep -q "certificate expires"'
check "the new template" eval 'page | grep -q "<h1>Renewed: There is nothing here"'
check "a page of its own for what went wrong" eval '[ "$(curl -sk --max-time 60 -X PUT "https://127.0.0.1:$port/")" = "<p>Numero 405" ]'
check "the new brand" eval 'page | grep -q "<header><p>Second"'

warned()
{
	"$B/wirechief" status | grep -q "http.listen was changed: that takes effect when the daemon is started again"
}
check "no warning of what it listens at" eval '! warned'
other=${http/First/Second}
write_conf "${other/127.0.0.1:0/127.0.0.1:$(free_port)}"
check "another place to listen at" reload
check "needs a start, as the status says" wait_for 5 warned
check "until then the old one serves" is_shown two
write_conf "$other"
check "the old place again" reload
check "is no reason to warn" wait_for 5 eval "! warned"

cp "$TMP/one.key" "$TMP/site.key"
check "a key of another certificate is refused" refused
check "and named" grep -q "http.key: $TMP/site.key: does not belong to the certificate" "$LOG"
cp "$TMP/two.key" "$TMP/site.key"
echo '{{#title}}' >> "$TMP/pages/error.html"
check "a broken template is refused" refused
lines=$(wc -l < "$TMP/pages/error.html")
check "and named with its line" grep -qF "$TMP/pages/error.html:$((lines + 1)): at the end of the file still open: \"title\"" "$LOG"
check "the service goes on as before" eval 'is_shown two && page | grep -q "<h1>Renewed"'
check "-t names it, too" eval '"$B/wirechiefd" -t -c "$CONF" | grep -q "error.html:.*still open"'
rm "$TMP/pages/install.html"
sed -i '$d' "$TMP/pages/error.html"
check "-t names one that is missing" eval '"$B/wirechiefd" -t -c "$CONF" | grep -q "$TMP/pages/install.html: is missing"'
stop_daemon
