#!/bin/bash
# Real phones take each other's texts, on line and across an absence: baresip and linphonec as Debian ships them.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/phones.bash"

W=$B/wirechief
check "the daemon starts" start_daemon "listen = { \"udp:127.0.0.1:0\", \"tcp:127.0.0.1:0\" }" "queue { retry = 1 }" \
    "auth { algorithms = { \"MD5\" } }"
"$W" group add phones > /dev/null
for user in bu lu ou; do
	echo "password-$user" | "$W" account add $user group=phones password=- > /dev/null
done
port=$(listening udp)

baresip_on()
{
	baresip_writes "sip:lu@127.0.0.1:$port"
	baresip_start bu password-bu udp "$port" "module_app menu.so" "${BARESIP_LINES[@]}"	# menu takes texts
	BARESIP=$PHONE_PID
	wait_for 10 registered bu UDP
}

linphone_on()
{
	rm -rf "$TMP/linphone-lu"
	linphone_start lu password-lu udp "$port"
	LINPHONE=$PHONE_PID
	wait_for 15 registered lu UDP
}

linphone_says()
{
	echo "chat sip:bu@127.0.0.1:$port $1" > "$TMP/linphone-lu/in"
}

# A text of the third account's; 0 when a phone or the queue took it.
other_says()
{
	python3 "$(dirname "$0")/send.py" 127.0.0.1:"$port" ou password-ou lu "$1"
}

delivered()	# WORDS N: so many events say that
{
	[ "$("$W" event list --query "module:queue AND subject:bu" | grep -c "$1")" = "$2" ]
}

linphone_has()
{
	grep -qF "$1" "$TMP/linphone-lu/out"
}

queued()	# N
{
	[ "$("$W" --json queue list | wc -l)" = "$1" ]
}

check "baresip registers" baresip_on
check "linphonec registers" linphone_on
linphone_says "from-linphone-on-line"
check "baresip takes linphonec's text" wait_for 10 delivered "DELIVERED at once" 1
check "a text of baresip's reaches linphonec" eval "baresip_says from-baresip-on-line && wait_for 10 linphone_has from-baresip-on-line"
check "a text reaches linphonec" other_says "to-linphone-on-line"
check "which shows it" wait_for 10 linphone_has to-linphone-on-line
kill -TERM "$BARESIP"
check "baresip goes" wait_for 10 not_registered bu
linphone_says "from-linphone-one"
check "a text for it waits" wait_for 10 queued 1
linphone_says "from-linphone-two"
check "and another" wait_for 10 queued 2
check "baresip comes back" baresip_on
check "and takes both" wait_for 10 delivered "DELIVERED after" 2
check "so that nothing waits" wait_for 10 queued 0
kill -KILL "$LINPHONE"
"$W" registration drop lu > /dev/null
check "linphonec is gone" wait_for 10 not_registered lu
check "texts for it are accepted" eval 'other_says later-one && other_says later-two'
check "and wait" wait_for 10 queued 2
check "and one of baresip's" eval 'baresip_says later-three && wait_for 10 queued 3'
check "linphonec comes back" linphone_on
check "and shows them" wait_for 10 eval "linphone_has later-one && linphone_has later-two && linphone_has later-three"
check "in their order" eval '[ "$(grep -o "later-[a-z]*" "$TMP/linphone-lu/out" | uniq | paste -sd,)" = later-one,later-two,later-three ]'
check "the daemon ends well" stop_daemon
