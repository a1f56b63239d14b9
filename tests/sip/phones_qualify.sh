#!/bin/bash
# Real phones are asked with OPTIONS over UDP, TCP and TLS: what is shown of them while they live, are killed and come back.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/phones.bash"

W=$B/wirechief
make_certificate tls
write_conf "listen = { \"udp:127.0.0.1:0\", \"tcp:127.0.0.1:0\", \"tls:127.0.0.1:0\" }" \
    "tls { certificate = \"$TMP/tls.crt\"  key = \"$TMP/tls.key\" }" "qualify { interval = 5 retry = 1 lagged_ms = 8000 timeout = 60 }"
check "the daemon starts with TLS" start_daemon
"$W" group add phones > /dev/null
users="bu:udp bt:tcp bs:tls lu:udp lt:tcp ls:tls"
declare -A name=([b]=baresip [l]=linphone) pid

# start_phone USER TRANSPORT: the first letter says which.
start_phone()
{
	"${name[${1:0:1}]}_start" "$1" "password-$1" "$2" "$(listening "$2")"
	pid[$1]=$PHONE_PID
}

# is USER STATUS: of one of its devices.
is()
{
	"$W" --json registration list | grep -q "\"username\":\"$1\".*\"device_status\":\"$2\""
}

refused()
{
	"$W" --json event list | grep "\"subject\":\"$1\"" | grep -q "Connection Refused"
}

answers()
{
	"$W" --json registration list | grep "\"device_status\":\"OK\"" | grep "\"username\":\"$1\"" | grep -q '"latency_ms":[1-9]'
}

for each in $users; do
	echo "password-${each%:*}" | "$W" account add "${each%:*}" group=phones password=- > /dev/null
	start_phone "${each%:*}" "${each#*:}"
done
for each in $users; do
	user=${each%:*}
	check "${name[${user:0:1}]} over ${each#*:} is OK, with a latency" wait_for 15 answers $user
done
for each in $users; do
	kill -KILL "${pid[${each%:*}]}"
done
for each in $users; do
	user=${each%:*}
	if [ "${each#*:}" = udp ]; then		# its port says that nobody is there: no waiting for twice lagged_ms
		check "${name[${user:0:1}]} killed over udp is UNREACHABLE" wait_for 10 is $user UNREACHABLE
		check "and that it was refused is told" refused $user
	else
		check "${name[${user:0:1}]} killed over ${each#*:} is not registered any more" wait_for 10 not_registered $user
	fi
done
for each in $users; do
	rm -rf "$TMP"/{baresip,linphone}-"${each%:*}"
	start_phone "${each%:*}" "${each#*:}"
done
for each in $users; do
	user=${each%:*}
	check "${name[${user:0:1}]} over ${each#*:} is back and OK" wait_for 15 answers $user
done
check "the daemon ends well" stop_daemon
