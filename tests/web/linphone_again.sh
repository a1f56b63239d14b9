#!/bin/bash
# A real Linphone sets itself up by an activation link's configuration, and at its next start fetches it again from the same link: it shows the
# password that it was given, is told everything but that, and comes up registered.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../sip/phones.bash"

W=$B/wirechief
if ! command -v linphonec > /dev/null; then
	echo "skip linphone_again: linphonec is not installed"
	exit
fi
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout "$TMP/tls.key" -out "$TMP/tls.crt" 2> /dev/null
port=$(free_port)
url=https://localhost:$port
dir=$TMP/linphone
check "the daemon starts" start_daemon "listen = { \"udp:127.0.0.1:0\", \"tcp:127.0.0.1:0\", \"tls:127.0.0.1:0\" }" \
    "tls { certificate = \"$TMP/tls.crt\"  key = \"$TMP/tls.key\" }" "register { min_expires = 5 }" \
    "http { listen = \"127.0.0.1:$port\" public_url = \"$url\" certificate = \"$TMP/tls.crt\" key = \"$TMP/tls.key\" ca = \"$TMP/tls.crt\"
	templates = \"$(realpath "$(dirname "$0")/../../share/web")\" }"
"$W" profile add app kind=linphone parameters='reg_expires=10
sip/register_only_when_network_is_up=0
sip/use_ipv6=0
rtp/audio_rtp_port=-1' > /dev/null
"$W" group add Sales profile=app > /dev/null
"$W" account add anna group=Sales > /dev/null

# start N: the phone, knowing only where its configuration is; the start's log is log.N.
start()
{
	HOME=$dir linphonec -c "$dir/rc" -d 6 -l "$dir/log.$1" <> "$dir/in" > "$dir/out" 2>&1 &
	PHONE_PID=$!
	own_pids+=($PHONE_PID)
}

got()	# N LINE: the phone's log of that start has it
{
	grep -qF -- "$2" "$dir/log.$1"
}

page=$(curl -s --max-time 60 --cacert "$TMP/tls.crt" "$("$W" account link anna)")
configure=$(sed -n 's,.*href="\(https://[^"]*/c/[^"]*\)".*,\1,p' <<< "$page" | head -1)
check "the page has the configuration's link" [ -n "$configure" ]
mkdir -p "$dir/.local/share/linphone"
mkfifo "$dir/in"
printf '[misc]\nconfig-uri=%s\n[sip]\nsip_port=-1\nsip_tcp_port=-1\nsip_tls_port=-1\nroot_ca=%s\n' "$configure" "$TMP/tls.crt" > "$dir/rc"
start 1
check "it sets itself up and registers" wait_for 20 registered anna TLS
check "was told a password" wait_for 10 got 1 'name="passwd"'
echo quit 1<> "$dir/in"
check "it ends" wait_for 20 eval '! lives $PHONE_PID'
check "it is gone" wait_for 20 not_registered anna
start 2
check "it registers again" wait_for 20 registered anna TLS
check "was asked for its password" wait_for 10 got 2 "HTTP/1.1 401"
check "showed it, and has its configuration again" wait_for 10 got 2 'name="reg_identity"'
check "without the password" eval '! got 2 "name=\"passwd\""'
check "which is the same as before" [ "$("$W" --json event list | grep -c 'new password')" = 1 ]
echo quit 1<> "$dir/in"
check "the daemon ends well" stop_daemon
