#!/bin/bash
# An activation's SMS through the real thing: Kannel's bearerbox and smsbox, and its fake SMSC, which prints what would be sent.
. "$(dirname "$0")/../lib.sh"
W=$B/wirechief
templates=$(realpath "$(dirname "$0")/../../share/web")
fakesmsc=/usr/lib/kannel/test/fakesmsc
if [ ! -x $fakesmsc ] || [ ! -x /usr/sbin/bearerbox ] || [ ! -x /usr/sbin/smsbox ]; then
	echo "skip kannel: the packages kannel and kannel-extras are not installed"
	exit
fi
K=$TMP/kannel
mkdir "$K"

free_ports()	# N: that nobody listens at now
{
	python3 -c 'import socket, sys
s = [socket.socket() for _ in range(int(sys.argv[1]))]
[one.bind(("127.0.0.1", 0)) for one in s]
print(*(one.getsockname()[1] for one in s))' "$1"
}

listens()	# PORT
{
	[ -n "$(ss -Hltn "sport = :$1")" ]
}

# The driver of the fake SMSC listens at all addresses, whatever it is told; it lets nobody in but us.
start_kannel()
{
	read -r admin boxes smsc send <<< "$(free_ports 4)"
	cat > "$K/kannel.conf" <<-C
		group = core
		admin-port = $admin
		admin-interface = 127.0.0.1
		admin-password = none
		smsbox-port = $boxes
		smsbox-interface = 127.0.0.1
		log-file = $K/bearerbox.log

		group = smsc
		smsc = fake
		smsc-id = fake
		port = $smsc
		connect-allow-ip = 127.0.0.1

		group = smsbox
		bearerbox-host = 127.0.0.1
		sendsms-port = $send
		sendsms-interface = 127.0.0.1
		log-file = $K/smsbox.log

		group = sendsms-user
		username = wirechief
		password = kannel-secret
		concatenation = true
		max-messages = 9
		default-sender = 4400

		group = sms-service
		keyword = default
		text = ""
	C
	/usr/sbin/bearerbox "$K/kannel.conf" > "$K/out" 2>&1 &
	own_pids+=($!)
	wait_for 10 listens "$boxes" && wait_for 10 listens "$smsc" || return 1
	/usr/sbin/smsbox "$K/kannel.conf" >> "$K/out" 2>&1 &
	own_pids+=($!)
	mkfifo "$K/silence"
	$fakesmsc -H 127.0.0.1 -r "$smsc" <> "$K/silence" > "$K/fakesmsc" 2>&1 &
	own_pids+=($!)
	wait_for 10 listens "$send"
}

# received NUMBER: all texts that the SMSC got for it, the parts of a long one put together.
received()
{
	python3 -c 'import re, sys, urllib.parse
whole = ""
for line in open(sys.argv[1], encoding="utf-8", errors="replace"):
	m = re.search(r"Got message \d+: <(\S+) (\S+) (?:udh (\S+) )?(text|data|ucs-2) (.*)>$", line)
	if m and m[2] == sys.argv[2]:
		raw = urllib.parse.unquote_to_bytes(m[5].replace("+", " "))
		whole += m[5] if m[4] == "text" else raw.decode("utf-16-be")
print(whole)' "$K/fakesmsc" "$1"
}

has_received()	# NUMBER REGEX
{
	[[ $(received "$1") =~ $2 ]]
}

stands()	# USERNAME FIELD REGEX
{
	[[ $("$W" --json account show "$1" | jq -r ".$2 // \"\"") =~ $3 ]]
}

start()		# PASSWORD
{
	write_conf "http { listen = \"127.0.0.1:0\" public_url = \"https://phones.wirechief.test\" certificate = \"$TMP/tls.crt\"" \
	    "key = \"$TMP/tls.key\" templates = \"$templates\" }" "sms { retry = 1 install_text = \"Ciao è €, 日本 & {owner}: {link}\"" \
	    "url = \"http://127.0.0.1:$send/cgi-bin/sendsms?username=wirechief&password=$1&charset=UTF-8&coding=2&to={number}&text={text}\" }"
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$TMP/tls.key" -out "$TMP/tls.crt" -days 2 \
    -subj /CN=phones.wirechief.test 2> /dev/null
check "Kannel runs" start_kannel
[ $failed = 0 ] || exit
start kannel-secret
check "the daemon starts" start_daemon
[ $failed = 0 ] || exit
"$W" profile add p kind=linphone > /dev/null
"$W" group add g profile=p > /dev/null
"$W" account add carlo group=g caller_id=+393401112230 owner='Zoë "Z" O’Neil' creation=wizard password=random > /dev/null
check "a wizard's account is sent its SMS by itself" wait_for 20 stands carlo sms '^Installation SMS sent: 202 0: Accepted for delivery'
check "which is its status" stands carlo status '^Installation SMS sent$'
check "the SMSC has it, number and text as they are" wait_for 20 has_received +393401112230 \
    '^Ciao è €, 日本 & Zoë "Z" O’Neil: https://phones.wirechief.test/i/[A-Za-z0-9_-]{20,}$'
[ $failed = 0 ] || tail -5 "$K"/*
"$W" account add dora group=g caller_id=0039340111 password=random > /dev/null
"$W" account activate dora > /dev/null
check "another one" wait_for 20 has_received 0039340111 '日本.*/i/'
check "once each" [ "$(received +393401112230 | grep -o Ciao | wc -l)" = 1 ]

start wrong
kill -HUP "$DAEMON_PID"
check "with a wrong password" wait_for 10 grep -q 'was read again' "$LOG"
"$W" account activate dora > /dev/null
check "Kannel's answer is seen in the account" wait_for 20 stands dora sms '^Installation SMS failed once: 403 Authorization failed for sendsms$'
check "and in its details on the command line" grep -q 'SMS *Installation SMS failed once: 403 Authorization failed' <("$W" account show dora)
