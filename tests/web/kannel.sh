#!/bin/bash
# An activation's SMS through the real thing: Kannel's bearerbox and smsbox, and its fake SMSC, which prints what would be sent.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/kannel.bash"
W=$B/wirechief
templates=$(realpath "$(dirname "$0")/../../share/web")
if ! kannel_is_here; then
	echo "skip kannel: the packages kannel and kannel-extras are not installed"
	exit
fi

has_received()	# NUMBER REGEX
{
	[[ $(kannel_received "$1") =~ $2 ]]
}

stands()	# USERNAME FIELD REGEX
{
	[[ $("$W" --json account show "$1" | jq -r ".$2 // \"\"") =~ $3 ]]
}

start()		# PASSWORD
{
	write_conf "http { listen = \"127.0.0.1:0\" public_url = \"https://phones.wirechief.test\" certificate = \"$TMP/tls.crt\"" \
	    "key = \"$TMP/tls.key\" templates = \"$templates\" }" "sms { retry = 1 install_text = \"Ciao è €, 日本 & {owner}: {link}\"" \
	    "url = \"http://127.0.0.1:$KANNEL/cgi-bin/sendsms?username=wirechief&password=$1&charset=UTF-8&coding=2&to={number}&text={text}\" }"
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$TMP/tls.key" -out "$TMP/tls.crt" -days 2 \
    -subj /CN=phones.wirechief.test 2> /dev/null
check "Kannel runs" kannel_start
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
check "once each" [ "$(kannel_received +393401112230 | grep -o Ciao | wc -l)" = 1 ]

start wrong
kill -HUP "$DAEMON_PID"
check "with a wrong password" wait_for 10 grep -q 'was read again' "$LOG"
"$W" account activate dora > /dev/null
check "Kannel's answer is seen in the account" wait_for 20 stands dora sms '^Installation SMS failed once: 403 Authorization failed for sendsms$'
check "and in its details on the command line" grep -q 'SMS *Installation SMS failed once: 403 Authorization failed' <("$W" account show dora)
