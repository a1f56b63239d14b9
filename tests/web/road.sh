#!/bin/bash
# The whole road of an activation, with real parts: an account is made on the console, its SMS go through Kannel, Chromium walks the pages at
# a phone's size, linphonec sets itself up by what it is given there and registers; each step is seen on the console as it happens.
# SHOTS=FOLDER keeps the pictures of the pages and of the console.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../tui/terminal.bash"
. "$(dirname "$0")/../sip/phones.bash"
. "$(dirname "$0")/kannel.bash"
here=$(realpath "$(dirname "$0")")
W=$B/wirechief
shots=${SHOTS:-$TMP/shots}
mkdir -p "$shots"
if ! kannel_is_here || ! command -v chromedriver > /dev/null; then
	echo "skip road: kannel, kannel-extras or chromium-driver are not installed"
	exit
fi

browser()
{
	timeout 150 "$here/browser.py" "http://127.0.0.1:$driver" "$TMP/session" "$@"
}

driver_is_up()
{
	curl -s --max-time 5 "http://127.0.0.1:$driver/status" | grep -q '"ready":true'
}

start_browser()
{
	mkdir "$TMP/home"
	driver=$(free_port)
	HOME=$TMP/home timeout 850 chromedriver --port="$driver" > "$TMP/driver" 2>&1 &
	own_pids+=($!)
	wait_for 20 driver_is_up && browser begin "$TMP/home"
}

# The shop of the application: what the installation's button leads to.
start_shop()
{
	mkdir "$TMP/shop"
	echo '<title>Shop</title><h1>The shop has Linphone</h1>' > "$TMP/shop/linphone.html"
	shop=$(free_port)
	python3 -m http.server -d "$TMP/shop" -b 127.0.0.1 "$shop" > "$TMP/shop.log" 2>&1 &
	own_pids+=($!)
	wait_for 10 kannel_listens "$shop"
}

on_page()
{
	browser text > "$TMP/page" 2> "$TMP/trouble" && grep -qF -- "$1" "$TMP/page"
}

# phone_reads WORDS: they stand on the page that the browser shows, or comes to.
phone_reads()
{
	wait_for 10 on_page "$1" && return 0
	sed 's/^/# /' "$TMP/page"
	return 1
}

picture()	# NAME: of the page and of the console
{
	browser picture "$shots/road-$1.png"
	screen > "$shots/road-$1.txt"
}

sms_link()	# i or a: the link of that kind in an SMS to the account
{
	link=$(kannel_received +390612345678 | grep -oE "$url/$1/[A-Za-z0-9_-]+") && [ -n "$link" ]
}

stands()	# FIELD VALUE
{
	[ "$("$W" --json account show anna | jq -r ".$1")" = "$2" ]
}

# status_is WORDS: seen on the console, which nobody touches, and what the daemon says.
status_is()
{
	shown "$1" 20 && stands status "$1"
}

# phone_opens LINK: as a phone's system does with a link of Linphone's.
phone_opens()
{
	local dir=$TMP/linphone-anna

	mkdir -p "$dir/.local/share/linphone"
	mkfifo "$dir/in"
	printf '[misc]\nconfig-uri=%s\n[sip]\nsip_port=-1\nsip_tcp_port=-1\nsip_tls_port=-1\nroot_ca=%s\n' "${1#linphone-config:}" "$TMP/tls.crt" > "$dir/rc"
	HOME=$dir linphonec -c "$dir/rc" -d 3 -l "$dir/log" <> "$dir/in" > "$dir/out" 2>&1 &
	own_pids+=($!)
	disown
}

# must NAME COMMAND...: without this step there is no next.
must()
{
	check "$@"
	[ $failed = 0 ] && return
	tail -n 5 "$K/out" "$K"/*.log "$TMP"/linphone-*/out 2> /dev/null | sed 's/^/# /'
	exit
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout "$TMP/tls.key" -out "$TMP/tls.crt" 2> /dev/null
must "Kannel" kannel_start
must "the shop" start_shop
must "a browser" start_browser
port=$(free_port)
url=https://localhost:$port
must "the daemon" start_daemon "listen = { \"udp:127.0.0.1:0\", \"tcp:127.0.0.1:0\", \"tls:127.0.0.1:0\" }" \
    "tls { certificate = \"$TMP/tls.crt\"  key = \"$TMP/tls.key\" }" "register { min_expires = 5 }" \
    "http { listen = \"127.0.0.1:$port\" public_url = \"$url\" certificate = \"$TMP/tls.crt\" key = \"$TMP/tls.key\"" \
    "templates = \"$(realpath "$here/../../share/web")\" brand = \"Northwind Telecom\" colour = \"#0b6e4f\" }" \
    "sms { url = \"http://127.0.0.1:$KANNEL/cgi-bin/sendsms?username=wirechief&password=kannel-secret&charset=UTF-8&coding=2&to={number}&text={text}\" }"
"$W" profile add app kind=linphone install_url="http://127.0.0.1:$shop/linphone.html" parameters='reg_expires=10
sip/register_only_when_network_is_up=0
sip/use_ipv6=0
rtp/audio_rtp_port=-1' > /dev/null
"$W" group add Sales profile=app > /dev/null

terminal 100 30 C.UTF-8 "TZ=UTC $W"
make_on_console()
{
	shown LIVE && type_key 3 && shown Accounts && type_key a && shown "how is it made?" && type_key w && type_key Enter &&
	    shown "New account" && type_text anna && type_key Tab && type_text "Anna Müller" && type_key Tab && type_text +390612345678 &&
	    shown "+390612345678" && type_key F2 && shown "saved: anna"
}
must "a wizard's account is made on the console" make_on_console
must "its first SMS is sent by itself" status_is "Installation SMS sent"
must "it came through Kannel" wait_for 20 sms_link i
install=$link
must "the phone opens it" browser open "$install"
must "a preview changes nothing" stands status "Installation SMS sent"
picture install
must "and its person touches the button: the shop" eval 'browser click button && phone_reads "The shop has Linphone"'
must "the second SMS is sent" status_is "Activation SMS sent"
must "that it was clicked is an event" eval '"$W" event list --query subject:anna | grep -q "Installation SMS sent -> Installation clicked"'
must "it came, too" wait_for 20 sms_link a
must "the phone opens it" browser open "$link"
picture activate
must "it is in the operator's name, and knows whose phone it is" eval 'phone_reads "Northwind Telecom" && phone_reads "Anna Müller"'
must "nothing has changed" stands status "Activation SMS sent"
must "it has a link that Linphone opens" eval '[[ $(browser href "a[href^=linphone]") = linphone-config:$url/c/* ]]'
phone_opens "$(browser href 'a[href^=linphone]')"
must "Linphone has its settings" status_is "Installed"
must "it registers over TLS" wait_for 20 registered anna TLS
must "its account still is disabled" stands enabled false
picture installed
must "the button activates it" browser click button
must "the phone says so" phone_reads "ready"
must "seen on the console" wait_for 20 eval 'on_screen Activated || on_screen Connected'
must "it is enabled" stands enabled true
picture activated
must "with its next REGISTER it is connected" status_is "Connected"
picture connected
must "each step is an event" eval '[ "$("$W" event list --query "module:activation AND subject:anna" | grep -c -- "->")" -ge 6 ]'
must "the link is used up" eval 'browser open "$install" && phone_reads "has been used" && ! on_page "Install"'
picture used
must "no password is in the log" eval '! grep -i "passwd" "$LOG"'
browser end
must "the daemon ends well" stop_daemon
