#!/bin/bash
# Real phones register over UDP, TCP and TLS, are seen, and go: baresip and linphonec as Debian ships them.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/phones.bash"

W=$B/wirechief
make_certificate tls
write_conf "listen = { \"udp:127.0.0.1:0\", \"tcp:127.0.0.1:0\", \"tls:127.0.0.1:0\" }" \
    "tls { certificate = \"$TMP/tls.crt\"  key = \"$TMP/tls.key\" }"
check "the daemon starts with TLS" start_daemon
"$W" group add phones > /dev/null
for user in bu bt bs lu lt ls; do
	echo "password-$user" | "$W" account add $user group=phones password=- > /dev/null
done

for row in "bu udp UDP" "bt tcp TCP" "bs tls TLS"; do
	read -r user transport shown <<< "$row"
	baresip_start $user password-$user $transport "$(listening $transport)"
	check "baresip registers over $shown" wait_for 10 registered $user $shown
	kill -TERM "$PHONE_PID"
	check "baresip over $shown unregisters when it ends" wait_for 10 not_registered $user
done
for row in "lu udp UDP" "lt tcp TCP" "ls tls TLS"; do
	read -r user transport shown <<< "$row"
	linphone_start $user password-$user $transport "$(listening $transport)"
	check "linphonec registers over $shown" wait_for 15 registered $user $shown
	[ $transport = udp ] && continue
	kill -KILL "$PHONE_PID"
	check "linphonec killed over $shown: the closed connection ends its registration" wait_for 10 not_registered $user
done
connected()
{
	"$W" --json account show bu | grep -q '"status":"Connected"'
}
check "an account that has registered is Connected" connected
check "the daemon ends well" stop_daemon
