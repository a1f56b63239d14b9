#!/bin/bash
# Two real phones (baresip) talk; the SIP process is killed in mid-call.  What they hear goes on, the call is listed as it was, and it ends
# when one of them hangs up; the next is ended by an operator.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/phones.bash"

W=$B/wirechief
here=$(dirname "$0")
declare -A control
port=$(free_port)
check "the daemon starts" start_daemon "listen = { \"udp:127.0.0.1:$port\" }" 'auth { algorithms = { "MD5" } }'
"$W" group add phones > /dev/null
python3 "$here/tone.py" make "$TMP/440.wav" 440 300

phone()		# USER
{
	mkdir "$TMP/$1"
	control[$1]=$(free_port)
	echo "password-$1" | "$W" account add "$1" group=phones qualify=no password=- > /dev/null
	BARESIP_ACCOUNT=";answermode=auto" baresip_start "$1" "password-$1" udp "$port" "module_app menu.so" "module ctrl_tcp.so" \
	    "ctrl_tcp_listen 127.0.0.1:${control[$1]}" "module aubridge.so" "module aufile.so" "module sndfile.so" "snd_path $TMP/$1" \
	    "audio_alert aubridge,none" "audio_source aufile,$TMP/440.wav" "audio_player aubridge,none"
}

registered()
{
	[ "$("$W" --json registration list | wc -l)" = "$1" ]
}

listed()
{
	"$W" --json call list | grep -o '"id":"[0-9]*"\|"state":"[A-Z]*"\|"since":"[^"]*"' | tr '\n' ' '
}

answered()
{
	[[ $(listed) = *ANSWERED* ]]
}

none_listed()
{
	[ -z "$(listed)" ]
}

heard()		# bytes that both phones have recorded of each other, the fewer
{
	stat -c %s "$TMP"/anna/dump-*-dec.wav "$TMP"/berta/dump-*-dec.wav 2> /dev/null | sort -n | head -1
}

hears_on()	# BYTES: two seconds of 8000 samples more than those
{
	[ "$(heard)" -gt $(($1 + 32000)) ]
}

ended()		# N: so many calls have ended for both
{
	[ "$(grep -c 'terminated\|closed' "$TMP/baresip-anna/out")" -ge "$1" ] && [ "$(grep -c 'terminated\|closed' "$TMP/baresip-berta/out")" -ge "$1" ]
}

new_front()	# killed, and another one serves
{
	local old

	old=$(process_pid sip)
	kill -9 "$old"
	wait_for 10 eval '[ -n "$(process_pid sip)" ] && [ "$(process_pid sip)" != '"$old"' ] && [ -n "$(listening udp)" ]'
}

talk()
{
	rm -f "$TMP"/anna/*.wav "$TMP"/berta/*.wav
	baresip_does "${control[anna]}" dial "sip:berta@127.0.0.1:$port" && wait_for 10 answered && wait_for 10 hears_on 0
}

phone anna
phone berta
check "both register" wait_for 10 registered 2
check "they talk" talk
before=$(listed)
check "sip is killed, and another one serves" new_front
check "what they hear goes on" wait_for 10 hears_on "$(heard)"
check "and it is the tone" wait_for 10 eval "python3 $here/tone.py has $TMP/anna/dump-*-dec.wav 440 && python3 $here/tone.py has $TMP/berta/dump-*-dec.wav 440"
check "the call is listed as it was" [ "$(listed)" = "$before" ]
check "the one that was called hangs up" baresip_does "${control[berta]}" hangup
check "it is over for both" wait_for 10 ended 1
check "and for us" wait_for 10 none_listed
check "with its duration" eval '"$W" event list --query module:call | grep -q "from anna to berta: ANSWERED, 00:0"'
check "they talk again" talk
check "sip is killed again" new_front
check "an operator drops the call" "$W" call drop "$("$W" --json call list | sed -n 's/.*"id":"\([0-9]*\)".*/\1/p')"
check "it is over for both" wait_for 10 ended 2
check "and for us, too" wait_for 10 none_listed
check "it stops" stop_daemon
