#!/bin/bash
# Announcements: who calls from a disabled account, or calls one, hears that it is so and is refused.  baresip hears it by RTP and by SRTP, and
# what it recorded is compared with the file; offers of all kinds, CANCEL, languages, the limit, IPv6 and hearers that go away by announce.py.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/phones.bash"

W=$B/wirechief
here=$(dirname "$0")
prompts=$TMP/prompts
declare -A control

account()	# NAME [disabled]
{
	echo "password-$1" | "$W" account add "$1" group=phones password=- > /dev/null
	[ $# -eq 1 ] || "$W" account disable "$1" > /dev/null
}

baresip_on()	# USER MEDIA
{
	mkdir "$TMP/$1"
	control[$1]=$(free_port)
	BARESIP_ACCOUNT=""
	[ "$2" = rtp ] || BARESIP_ACCOUNT=";mediaenc=$2"
	baresip_start "$1" "password-$1" udp "$port" "module_app menu.so" "module ctrl_tcp.so" "ctrl_tcp_listen 127.0.0.1:${control[$1]}" \
	    "module srtp.so" "module aubridge.so" "module aufile.so" "module sndfile.so" "snd_path $TMP/$1" "audio_alert aubridge,none" \
	    "audio_source aufile,$TMP/tone.wav" "audio_player aubridge,none"
}

not()
{
	! "$@"
}

refused()	# USER
{
	grep -q '403' "$TMP/baresip-$1/out"
}

hears()		# USER FILE
{
	python3 "$here/heard.py" "$2" "$TMP/$1"/dump-*-dec.wav
}

mkdir -p "$prompts/en" "$prompts/it"
for name in en/disabled en/called it/called; do
	cp "$here/../../share/prompts/$name.wav" "$prompts/$name.wav"
done
python3 "$here/tone.py" make "$TMP/tone.wav" 440 30
first=$(free_port)
check "the daemon starts" start_daemon "listen = { \"udp:127.0.0.1:0\", \"tcp:127.0.0.1:0\", \"udp:[::1]:0\" }" \
    "auth { algorithms = { \"MD5\" } }" "limits { requests_per_second = 0 }" \
    "announce { directory = \"$prompts\"  ports = \"$first-$((first + 199))\"  error_info = \"https://wirechief.test/p/{language}/{prompt}.wav\" }"
port=$(listening udp)
"$W" group add phones > /dev/null
account rtp disabled
account optional disabled
account mandatory disabled
account caller
account carlo disabled
baresip_on rtp rtp
baresip_on optional srtp
baresip_on mandatory srtp-mand
baresip_on caller rtp
for user in rtp optional mandatory caller; do
	check "$user registers" wait_for 15 registered $user UDP
	check "$user calls" baresip_does "${control[$user]}" dial "sip:carlo@127.0.0.1:$port"
done
for user in rtp optional mandatory caller; do
	check "$user is refused" wait_for 20 refused $user
done
for user in rtp optional mandatory; do
	check "$user heard that its account is disabled" wait_for 5 hears $user "$prompts/en/disabled.wav"
done
check "the caller heard that whom it called is disabled" wait_for 5 hears caller "$prompts/en/called.wav"
check "which is not the same" not hears caller "$prompts/en/disabled.wav"
for user in optional mandatory; do
	check "$user heard it by SRTP" grep -q "SRTP is Enabled" "$TMP/baresip-$user/out"
done
check "the daemon ends well" stop_daemon

# Prompts of a second each and one that can be interrupted; few of them at once.
short=$TMP/short
mkdir -p "$short/en" "$short/it" "$short/fr"
python3 "$here/tone.py" make "$short/en/disabled.wav" 440 1
python3 "$here/tone.py" make "$short/en/called.wav" 600 1
python3 "$here/tone.py" make "$short/it/disabled.wav" 800 1
python3 "$here/tone.py" make "$short/fr/disabled.wav" 700 30
check "it starts with other prompts" start_daemon 'auth { algorithms = { "MD5" } }' 'limits { requests_per_second = 0 }' \
    "announce { directory = \"$short\"  ports = \"$first-$((first + 199))\"  most = 3  error_info = \"https://wirechief.test/p/{language}/{prompt}.wav\" }"
echo "a secret of its own" | "$W" account add alice group=phones password=- > /dev/null
echo "a secret of its own" | "$W" account add dora group=phones password=- enabled=false > /dev/null
echo "a secret of its own" | "$W" account set carlo password=- > /dev/null
cases python3 "$here/announce.py" "127.0.0.1:$(listening udp)" "127.0.0.1:$(listening tcp)" "$short" "https://wirechief.test/p/" \
    "$(process_pid sip)"

# The front that came after it has the prompts, too.
one_more()
{
	python3 - "$here" "$(listening udp)" <<-'P'
		import sys
		sys.path.insert(0, sys.argv[1])
		from callphone import SDP, CallPhone
		phone = CallPhone(("127.0.0.1", int(sys.argv[2])), "carlo", "a secret of its own")
		phone.invite("alice", "", SDP)
		sys.exit(phone.response(183, "INVITE") is None)
	P
}
check "the next front announces as well" wait_for 15 one_more

says()		# WORDS: wirechiefd -t
{
	"$B/wirechiefd" -t -c "$CONF" | grep -q "$1"
}
echo "no recording" > "$short/en/called.wav"
check "a prompt that is none is told, with its name" says "announce.directory: $short/en/called.wav: is no recording"
: > "$LOG"
kill -HUP $DAEMON_PID
check "and on reload, when those from before stay" wait_for 5 grep -q "called.wav.*the configuration in force stays" "$LOG"
rm "$short/en/called.wav"
check "one less is no fault" says "ok"
rm "$short/en/disabled.wav"
check "none of the language is" says "holds no en/disabled.wav"
sed -i "s,$first-[0-9]*,99-100," "$CONF"
check "nor can it speak from any port" says "ports.*1024"
check "it ends well, too" stop_daemon
