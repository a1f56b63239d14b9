#!/bin/bash
# Real phones come up registered from what profiles come to: linphonec by its own remote provisioning, baresip with its line of `accounts`.
# The password, which `profile render` never shows, is put in the place that it leaves.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../sip/phones.bash"

W=$B/wirechief
secret='Pa;ss <w>&'"'"'o, r=d{domain}'
export secret
make_certificate tls
check "the daemon starts with TLS" start_daemon "listen = { \"udp:127.0.0.1:0\", \"tcp:127.0.0.1:0\", \"tls:127.0.0.1:0\" }" \
    "tls { certificate = \"$TMP/tls.crt\"  key = \"$TMP/tls.key\" }"
"$W" profile add linphone kind=linphone parameters='sip/verify_server_certs=0
sip/verify_server_cn=0
sip/register_only_when_network_is_up=0
sip/use_ipv6=0
rtp/audio_rtp_port=-1
sip/media_encryption=srtp
# the account'"'"'s own
reg_expires=120' > "$TMP/made"
"$W" profile add baresip kind=baresip parameters='mediaenc=srtp
regint=60
answermode=auto' >> "$TMP/made"
"$W" group add phones profile=baresip > /dev/null

make_account()	# USERNAME FIELD=VALUE...
{
	echo "$secret" | "$W" account add "$@" group=phones password=- > /dev/null
}

rendered()	# PROFILE USERNAME: with the password
{
	"$W" profile render "$1" "$2" | python3 -c 'import os, sys
from xml.sax.saxutils import escape
print(sys.stdin.read().replace("******", (escape if sys.argv[1] == "linphone" else str)(os.environ["secret"])), end="")' "$1"
}

# provide: a web server for what is in $TMP/www; sets WEB.
provide()
{
	mkdir "$TMP/www"
	WEB=$(free_port)
	python3 -m http.server -d "$TMP/www" -b 127.0.0.1 "$WEB" > "$TMP/web.log" 2>&1 &
	own_pids+=($!)
	wait_for 10 eval "(exec 3<> /dev/tcp/127.0.0.1/$WEB) 2> /dev/null"
}

# linphone_fetches USERNAME: one that knows nothing but where its configuration is.
linphone_fetches()
{
	local dir=$TMP/linphone-$1

	mkdir -p "$dir/.local/share/linphone"
	[ -e "$dir/in" ] || mkfifo "$dir/in"
	[ -e "$dir/rc" ] || printf '[misc]\nconfig-uri=http://127.0.0.1:%s/%s.xml\n[sip]\nsip_port=-1\nsip_tcp_port=-1\nsip_tls_port=-1\n' "$WEB" "$1" > "$dir/rc"
	HOME=$dir linphonec -c "$dir/rc" -d 3 -l "$dir/log" <> "$dir/in" > "$dir/out" 2>&1 &
	PHONE_PID=$!
	disown
	own_pids+=($PHONE_PID)
}

check "something serves the configurations" provide
for row in "tls TLS" "tcp TCP" "udp UDP"; do
	read -r transport shown <<< "$row"
	user=l-$transport
	make_account "$user" owner="The \"$transport\" <&> phone" profile=linphone
	sed -i '/^sip {/d' "$CONF"
	echo "sip { public = \"$transport:127.0.0.1:$(listening $transport)\" }" >> "$CONF"
	kill -HUP "$DAEMON_PID"
	check "phones are told $transport" wait_for 5 eval "'$W' profile render baresip $user | grep -q ';transport=$transport\"'"
	rendered linphone "$user" > "$TMP/www/$user.xml"
	check "its configuration is well-formed" python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$TMP/www/$user.xml"
	linphone_fetches "$user"
	check "linphonec registers over $shown" wait_for 20 registered "$user" "$shown"
	check "it has taken the parameters" eval "wait_for 10 grep -qx reg_expires=120 '$TMP/linphone-$user/rc'"
	echo quit 1<> "$TMP/linphone-$user/in"
	check "it goes" wait_for 10 not_registered "$user"
	if [ $transport = tls ]; then
		wait_for 10 eval "! lives $PHONE_PID"
		"$W" profile render linphone "$user" | sed '/section name="auth_info_0"/,/<\/section>/d' > "$TMP/www/$user.xml"
		linphone_fetches "$user"
		check "it comes again with a configuration without the password" wait_for 20 registered "$user" "$shown"
		echo quit 1<> "$TMP/linphone-$user/in"
	fi
	user="b-$transport"
	make_account "$user" owner="The \"$transport\" <&;> phone"
	BARESIP_LINE=$(rendered baresip "$user")
	baresip_start "$user" "" "" ""
	check "baresip registers over $shown, with its group's profile" wait_for 10 registered "$user" "$shown"
	kill -TERM "$PHONE_PID"
done
not_logged()
{
	! grep -qF -- "$secret" "$LOG"
}
check "no password is in the log" not_logged
check "the daemon ends well" stop_daemon
