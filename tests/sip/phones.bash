# Real phones for the test scripts; to be sourced after tests/lib.sh.

# baresip_start USER PASSWORD TRANSPORT PORT [LINE...]: registers and stays; its output in $TMP/baresip-USER/out.  Lines are added to its
# configuration, and BARESIP_ACCOUNT to its account's; BARESIP_LINE is the account's, whole.
baresip_start()
{
	local dir=$TMP/baresip-$1

	mkdir -p "$dir"
	cat > "$dir/config" <<EOF
poll_method epoll
sip_listen 127.0.0.1:0
sip_verify_server no
module_path /usr/lib/baresip/modules
module g711.so
module_app account.so
$([ $# -le 4 ] || printf '%s\n' "${@:5}")
EOF
	echo "${BARESIP_LINE:-<sip:$1@127.0.0.1:$4;transport=$3>;auth_user=$1;auth_pass=$2;regint=60${BARESIP_ACCOUNT:-}}" > "$dir/accounts"
	echo "${BARESIP_CONTACT:-}" > "$dir/contacts"
	baresip -f "$dir" < /dev/null > "$dir/out" 2>&1 &
	PHONE_PID=$!
	disown
	own_pids+=($PHONE_PID)
}

# baresip_writes TO: the next one that is started can send texts there, and nowhere else: its command for it takes the contact that is
# current, which is the first it has.  Sets BARESIP_LINES, to be given to baresip_start, and where baresip_says finds it.
baresip_writes()
{
	BARESIP_CONTROL=$(free_port)
	BARESIP_LINES=("module_app contact.so" "module ctrl_tcp.so" "ctrl_tcp_listen 127.0.0.1:$BARESIP_CONTROL")
	BARESIP_CONTACT="\"Peer\" <$1>"
}

# baresip_says TEXT: to its contact; fails when baresip refuses to.
baresip_says()
{
	baresip_does "$BARESIP_CONTROL" message "$1"
}

# baresip_does PORT COMMAND [WORDS]: where that one listens for commands; fails when it refuses to.
baresip_does()
{
	python3 - "$@" <<-'P'
		import json, socket, sys
		port, command, *words = sys.argv[1:]
		ask = json.dumps({"command": command, "params": " ".join(words)}).encode()
		with socket.create_connection(("127.0.0.1", int(port)), 60) as s:
		    s.sendall(b"%d:%s," % (len(ask), ask))
		    s.settimeout(60)
		    answer = b""
		    while b'"response":true' not in answer:
		        answer += (s.recv(4096) or sys.exit("baresip hung up")).replace(b" ", b"")
		sys.exit(b'"ok":true' not in answer)
	P
}

# linphone_start USER PASSWORD TRANSPORT PORT [LINE...]: the same with linphonec, its commands read from $TMP/linphone-USER/in; the lines
# are added to its section "sip".
linphone_start()
{
	local dir=$TMP/linphone-$1

	mkdir -p "$dir/.local/share/linphone"
	mkfifo "$dir/in"
	cat > "$dir/rc" <<EOF
[sip]
sip_port=$(free_port)
sip_tcp_port=$(free_port)
sip_tls_port=$(free_port)
default_proxy=0
register_only_when_network_is_up=0
use_ipv6=0
verify_server_certs=0
verify_server_cn=0
$([ $# -le 4 ] || printf '%s\n' "${@:5}")
[rtp]
audio_rtp_port=-1
[auth_info_0]
username=$1
passwd=$2
realm=wirechief.test
[proxy_0]
reg_proxy=sip:127.0.0.1:$4;transport=$3
reg_identity=sip:$1@127.0.0.1:$4
reg_expires=120
reg_sendregister=1
publish=0
EOF
	HOME=$dir linphonec -c "$dir/rc" -d 3 -l "$dir/log" <> "$dir/in" > "$dir/out" 2>&1 &
	PHONE_PID=$!
	disown
	own_pids+=($PHONE_PID)
}

# registered USER TRANSPORT: its row is there, over that transport.
registered()
{
	"$B/wirechief" --json registration list 2>/dev/null | grep -q "\"username\":\"$1\".*\"transport\":\"$2\""
}

not_registered()
{
	! "$B/wirechief" --json registration list 2>/dev/null | grep -q "\"username\":\"$1\""
}
