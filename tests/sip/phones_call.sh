#!/bin/bash
# Real phones call each other, baresip and linphonec as Debian ships them: over UDP, TCP, TLS and from each to the next, with SRTP and
# without, in both directions, each side hanging up.  The tone that one plays must be what the other one records.  All pairs of phones call
# at the same time.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/phones.bash"

W=$B/wirechief
here=$(dirname "$0")
transports=(udp tcp tls)
rounds=0
declare -A port control		# of a transport: ours; of a baresip: where it listens for commands

make_certificate tls
check "the daemon starts" start_daemon "listen = { \"udp:127.0.0.1:0\", \"tcp:127.0.0.1:0\", \"tls:127.0.0.1:0\" }" \
    "tls { certificate = \"$TMP/tls.crt\"  key = \"$TMP/tls.key\" }" "auth { algorithms = { \"MD5\" } }" \
    "limits { requests_per_second = 0 }"
"$W" group add phones > /dev/null
python3 "$here/tone.py" make "$TMP/440.wav" 440 120
python3 "$here/tone.py" make "$TMP/600.wav" 600 120

baresip_on()	# USER TRANSPORT MEDIA: it plays 440 Hz
{
	mkdir "$TMP/$1"
	control[$1]=$(free_port)
	BARESIP_ACCOUNT=";answermode=auto"
	[ "$3" = rtp ] || BARESIP_ACCOUNT+=";mediaenc=srtp-mand"
	baresip_start "$1" "password-$1" "$2" "${port[$2]}" "module_app menu.so" "module ctrl_tcp.so" "ctrl_tcp_listen 127.0.0.1:${control[$1]}" \
	    "module srtp.so" "module aubridge.so" "module aufile.so" "module sndfile.so" "snd_path $TMP/$1" "audio_alert aubridge,none" \
	    "audio_source aufile,$TMP/440.wav" "audio_player aubridge,none"
}

linphone_on()	# USER TRANSPORT MEDIA: it plays 600 Hz
{
	local secure=()

	[ "$3" = rtp ] || secure=(media_encryption=srtp media_encryption_mandatory=1)
	linphone_start "$1" "password-$1" "$2" "${port[$2]}" "${secure[@]}"
	linphone_does "$1" "soundcard use files"
	linphone_does "$1" "play $TMP/600.wav"
	linphone_does "$1" "autoanswer enable"
}

linphone_does()	# USER COMMAND
{
	echo "$2" > "$TMP/linphone-$1/in"
}

calls_are()	# N [STATE]
{
	[ "$("$W" --json call list | grep -c "\"state\":\"${2:-}")" = "$1" ]
}

ended()		# FROM TO: how often the event of that call's end came
{
	"$W" event list --limit 200 --query module:call | grep -c "from $1 to $2: ANSWERED, 00:"
}

# Both recordings are only of this call.
tones_are_heard()	# BARESIP LINPHONE
{
	wait_for 10 eval "python3 $here/tone.py has $TMP/$1/dump-*-dec.wav 600" && wait_for 10 python3 "$here/tone.py" has "$TMP/$2.wav" 440
}

begin()		# CALLER CALLEE
{
	local to="sip:$2@127.0.0.1:${port[${1:2:3}]};transport=${1:2:3}"

	if [ "${1:0:1}" = b ]; then
		rm -f "$TMP/$1"/*.wav "$TMP/$2.wav"
		linphone_does "$2" "record $TMP/$2.wav"
		baresip_does "${control[$1]}" dial "$to"
	else
		rm -f "$TMP/$2"/*.wav "$TMP/$1.wav"
		linphone_does "$1" "record $TMP/$1.wav"
		linphone_does "$1" "call $to"
	fi
}

hang_up()	# USER
{
	if [ "${1:0:1}" = b ]; then
		baresip_does "${control[$1]}" hangup
	else
		linphone_does "$1" "terminate"
	fi
}

phones_ended()	# b or l: how many calls all phones of that kind say to have ended
{
	cat "$TMP"/{baresip,linphone}-"$1"-*/out 2> /dev/null | grep -cE "terminated \(duration|ended \(No error\)"
}

# round NAME FROM TO FURTHER: all phones whose names begin with FROM call those that begin with TO, of the transport that is FURTHER in the
# list.  Those without SRTP are ended by who was called, the others by who called.
round()
{
	local t media from to pairs=() pair before

	for t in 0 1 2; do
		for media in rtp srtp; do
			pairs+=("$2-${transports[t]}-$media $3-${transports[(t + $4) % 3]}-$media")
		done
	done
	before=$(ended "$2-.*" "$3-.*")
	for pair in "${pairs[@]}"; do
		read -r from to <<< "$pair"
		check "$1: $from calls $to" begin $from $to
	done
	check "$1: all are answered" wait_for 15 calls_are 6 ANSWERED
	for pair in "${pairs[@]}"; do
		read -r from to <<< "$pair"
		if [ "$2" = b ]; then
			check "$1: $from and $to hear each other" tones_are_heard $from $to
		else
			check "$1: $from and $to hear each other" tones_are_heard $to $from
		fi
	done
	for pair in "${pairs[@]}"; do
		read -r from to <<< "$pair"
		[[ $from = *-srtp ]] && check "$1: $from hangs up" hang_up $from || check "$1: $to hangs up" hang_up $to
	done
	check "$1: all are over" wait_for 10 calls_are 0
	check "$1: for the phones, too" wait_for 5 eval "[ \$(phones_ended b) = $((6 * ++rounds)) ] && [ \$(phones_ended l) = $((6 * rounds)) ]"
	check "$1: and told as events" wait_for 10 eval "[ \$(ended '$2-.*' '$3-.*') = $((before + 6)) ]"
}

for transport in "${transports[@]}"; do
	port[$transport]=$(listening $transport)
	for media in rtp srtp; do
		for user in b-$transport-$media l-$transport-$media; do
			echo "password-$user" | "$W" account add $user group=phones password=- > /dev/null
		done
		baresip_on b-$transport-$media $transport $media
		linphone_on l-$transport-$media $transport $media
	done
done
for transport in "${transports[@]}"; do
	for user in {b,l}-$transport-{rtp,srtp}; do
		check "$user registers" wait_for 15 registered $user ${transport^^}
	done
done
round "baresip calls" b l 0
round "linphonec calls" l b 0
round "across transports" b l 1
secured()
{
	! grep -L "SRTP is Enabled" "$TMP"/baresip-b-*-srtp/out | grep -q . && ! grep -l "SRTP is Enabled" "$TMP"/baresip-b-*-rtp/out | grep -q .
}
check "those that should have used SRTP" secured
check "the daemon ends well" stop_daemon
