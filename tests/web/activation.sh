#!/bin/bash
# The road of an activation from the wizard's account to a registered phone, walked with curl; links used twice, altered, expired by a newer one
# and looked at by robots; the configuration fetched again; licences; and whether the service is reached at its public name.
. "$(dirname "$0")/../lib.sh"

templates=$(realpath "$(dirname "$0")/../../share/web")
W=$B/wirechief
make_certificate web
port=$(free_port)
url=https://127.0.0.1:$port
cat > "$TMP/send" <<-S
	#!/bin/sh
	printf '%s|%s\n' "\$1" "\$2" >> $TMP/sms
S
chmod 755 "$TMP/send"
: > "$TMP/sms"
check "the daemon starts" start_daemon "http { listen = \"127.0.0.1:$port\" public_url = \"$url\" templates = \"$templates\"
	ca = \"$TMP/web.crt\" certificate = \"$TMP/web.crt\" key = \"$TMP/web.key\" }" "sms { command = \"$TMP/send {number} {text}\" retry = 1 }" \
    'limits { requests_per_second = 0 }' 'auth { algorithms = { "SHA-256", "MD5" } }'

# fetch ARGUMENT...: curl's; the answer's status is said, the rest in head and body.
fetch()
{
	curl -s --max-time 60 --cacert "$TMP/web.crt" -D "$TMP/head" -o "$TMP/body" -w '%{http_code}' "$@"
}

# answers CODE TEXT ARGUMENT...: that status, and a text on the page.
answers()
{
	local code=$1 text=$2 got

	shift 2
	got=$(fetch "$@")
	[ "$got" = "$code" ] && grep -qF -- "$text" "$TMP/body" && return 0
	echo "# wanted $code with $text, got $got"
	sed 's/^/# /' "$TMP/body" | head -40
	return 1
}

# is USER STATUS ENABLED
is()
{
	"$W" --json account show "$1" > "$TMP/shown" && grep -qF "\"status\":\"$2\"" "$TMP/shown" && grep -qF "\"enabled\":$3" "$TMP/shown"
}

# becomes USER STATUS ENABLED: within a while.
becomes()
{
	wait_for 10 is "$@" && return 0
	grep -o '"\(status\|enabled\|sms\)":[^,]*' "$TMP/shown" | sed 's/^/# /'
	return 1
}

# sms N: that there are so many, and the link in the last one.
sms()
{
	wait_for 10 eval '[ "$(wc -l < "$TMP/sms")" -ge '"$1"' ]'
	sed -n "${1}s,.*\(https://[^ ]*\).*,\1,p" "$TMP/sms"
}

# told OPERATOR TEXT: an event of his; null is nobody's.
told()
{
	"$W" --json event list > "$TMP/events"
	grep -F "\"operator\":$1" "$TMP/events" | grep -qF -- "$2"
}

# altered LINK: with another last letter, whatever that is.
altered()
{
	sed 's/_$/-/; t; s/.$/_/' <<< "$1"
}

configuration_link()
{
	sed -n 's,.*href="\(https://[^"]*/c/[^"]*\)".*,\1,p' "$TMP/body" | head -1
}

password()
{
	sed -n 's,.*name="passwd"[^>]*>\([^<]*\)<.*,\1,p' "$TMP/body"
}

"$W" profile add Phones kind=linphone install_url=https://example.com/get > /dev/null
"$W" group add Sales profile=Phones > /dev/null

check "a wizard's account" eval '"$W" account add alice group=Sales creation=wizard owner="Alice <Rossi>" caller_id=+393401112223 > "$TMP/said"'
install=$(sms 1)
check "its number gets an SMS with a link" grep -q '^+393401112223|.*'"$url/i/" "$TMP/sms"
check "Installation SMS sent" becomes alice "Installation SMS sent" false
check "the page to install" answers 200 "Get the app" "$install"
check "greets, harmlessly" grep -qF 'Alice &lt;Rossi&gt;' "$TMP/body"
check "to look at it, as robots do, changes nothing" eval 'fetch -I "$install" > "$TMP/code" && fetch -A "WhatsApp/2.23" "$install" > "$TMP/code" && is alice "Installation SMS sent" false'
check "an altered link is not known" answers 404 "not known" -X POST "$(altered "$install")"
check "the button goes on to the app" [ "$(fetch -X POST "$install")" = 303 ]
check "where the profile says" grep -q '^Location: https://example.com/get' "$TMP/head"
activate=$(sms 2)
check "the second SMS has a link" eval '[[ "$activate" == "$url"/a/* ]]'
check "Activation SMS sent" becomes alice "Activation SMS sent" false
check "that it was clicked is told" told '"web 127.0.0.1"' "Installation SMS sent -> Installation clicked"
check "pressed again, it says that it was used" answers 410 "has been used" -X POST "$install"
check "and sends nothing" [ "$(wc -l < "$TMP/sms")" = 2 ]
check "the page to activate" answers 200 "Activate" "$activate"
configure=$(configuration_link)
check "it has a link for Linphone, too" grep -qF "linphone-config:$url/c/" "$TMP/body"
check "HEAD of the configuration changes nothing" eval 'fetch -I "$configure" > "$TMP/code" && is alice "Activation SMS sent" false'
check "the configuration" answers 200 '<config' "$configure"
check "as a file" grep -qi '^Content-Disposition: attachment; filename="[^"]*\.xml"' "$TMP/head"
password=$(password)
check "has a password" [ ${#password} = 16 ]
check "Installed, and not enabled yet" becomes alice Installed false
check "Activate" answers 200 "Your phone is ready" -X POST "$activate"
check "Activated, and enabled" becomes alice Activated true
check "a phone registers with that password" python3 "$(dirname "$0")/../sip/register.py" "127.0.0.1:$(listening udp)" alice "$password"
check "Connected" becomes alice Connected true
check "each step is told with whence it came" eval 'told "\"web 127.0.0.1\"" "new password" && told "\"web 127.0.0.1\"" "Installed -> Activated, enabled no -> yes" && told null "Activated -> Connected"'
check "the password is in no event" eval '! "$W" --json event list | grep -qF "$password"'

check "the activation link works once" answers 410 "has been used" -X POST "$activate"
check "its page as well" answers 410 "has been used" "$activate"
check "the configuration's link asks for the password then" answers 401 "has been used" "$configure"
check "a wrong one will not do" answers 401 "has been used" --digest -u "alice:wrong" "$configure"
check "the right one gets it" answers 200 '<config' --digest -u "alice:$password" "$configure"
check "without a password in it" eval '! grep -qE "passwd|$password" "$TMP/body"'
check "all that changed nothing" is alice Connected true

check "disabled" eval '"$W" account disable alice > "$TMP/said"'
check "no link enables it again" answers 404 "not known" -X POST "$activate"
check "and it is not" is alice Connected false

first=$("$W" account link alice)
second=$("$W" account link alice)
check "a second link ends the first" answers 404 "not known" -X POST "$first"
check "the second is good" answers 200 "Activate" "$second"
check "a SIGHUP in between changes nothing of it" kill -HUP $DAEMON_PID
check "Activate with it" answers 200 "is switched on" -X POST "$second"
check "the settings are offered still" grep -qF "$url/c/" "$TMP/body"
check "Activated again" becomes alice Activated true
check "an SMS is sent again on demand" eval '"$W" account activate alice > "$TMP/said"'
again=$(sms 3)
check "with another link" eval '[[ "$again" == "$url"/i/* && "$again" != "$install" ]]'
check "Installation SMS sent again" becomes alice "Installation SMS sent" true

check "no link is on disk as it is" eval '! grep -qaF -e "${install##*/}" -e "${activate##*/}" -e "${configure##*/}" -e "${second##*/}" -r "$TMP/state" && ! grep -qF -e "${again##*/}" "$LOG"'
check "nor a password" eval '! grep -qaF "$password" -r "$TMP/state"'

# What is missing is named.
refused()	# WORDS COMMAND...
{
	local words=$1

	shift
	! "$@" > "$TMP/said" 2>&1 && grep -qF -- "$words" "$TMP/said" && return 0
	sed 's/^/# /' "$TMP/said"
	return 1
}
"$W" group add Bare > /dev/null
check "without a number an account is made all the same" eval '"$W" account add bob group=Sales creation=wizard > "$TMP/said" 2>&1 && grep -q "no installation SMS was sent: .*caller_id" "$TMP/said"'
check "a number that is missing" refused caller_id "$W" account activate bob
check "a profile that is missing" refused profile eval '"$W" account add carlo group=Bare caller_id=1234 > /dev/null && "$W" account activate carlo'
check "for a link, too" refused profile "$W" account link carlo
check "who does not exist" refused "not found" "$W" account activate nobody

# Licences.
echo "dora's own secret" | "$W" account add dora group=Sales password=- > /dev/null
licence()	# ARGUMENT...
{
	fetch --digest -u "dora:dora's own secret" "$@" "$url/licence" > "$TMP/code"
}
check "no licence" eval 'licence -d "" && [ "$(cat "$TMP/body")" = "{\"state\":\"NONE\",\"valid_until\":null}" ]'
check "one is given" eval '"$W" licence set dora key=K-123 valid_until=2099-12-31 > "$TMP/said"'
check "its client has it validated" eval 'licence -d key=K-123 && grep -q "\"state\":\"VALID\",\"valid_until\":\"2" "$TMP/body"'
check "CHECKING in between is told" told '"web 127.0.0.1"' "licence dora: VALID -> CHECKING"
check "and when that was is kept" eval '"$W" --json licence show dora | grep -q "\"checked_at\":\"2"'
check "another key is none" eval 'licence -d key=K-124; [ "$(cat "$TMP/code")" = 403 ] && grep -q "\"state\":\"NONE\"" "$TMP/body"'
check "revoked" eval '"$W" licence set dora state=REVOKED > /dev/null && licence -d key=K-123 && grep -q "\"state\":\"REVOKED\"" "$TMP/body"'
check "without a password nothing is said" eval '[ "$(fetch -d key=K-123 "$url/licence")" = 401 ] && [ "$(cat "$TMP/body")" = "{\"error\":\"unauthorized\"}" ]'

# The public name.
check "the service is reached at its public name" eval '"$W" --json web check | grep -qF "\"public_url\":\"$url\""'
check "the status says so" eval '"$W" --json status | grep -q "\"https\":true.*\"public_reached\":true"'
other=$(free_port)
sed -i "s,public_url = \"$url\",public_url = \"https://127.0.0.1:$other\"," "$CONF"
kill -HUP $DAEMON_PID
check "where nobody answers, it says why" eval 'wait_for 10 refused "https://127.0.0.1:$other is not reached: " "$W" web check'
check "and warns" eval '"$W" --json status | grep -q "\"public_reached\":false.*is not reached"'
openssl s_server -accept "127.0.0.1:$other" -cert "$TMP/web.crt" -key "$TMP/web.key" -www > "$TMP/other" 2>&1 &
own_pids+=($!)
check "where another server answers, it is not us" eval 'wait_for 10 refused "something else answers there" "$W" web check'

check "the store is whole" "$W" verify
check "it stops" stop_daemon
