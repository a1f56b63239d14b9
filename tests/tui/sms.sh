#!/bin/bash
# An activation's SMS on the console: asked and sent from list and details, what the gateway said seen by itself, and counted on Overview.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/console.bash"
templates=$(realpath "$(dirname "$0")/../../share/web")
G=$TMP/gateway
mkdir "$G"

has_port()
{
	[ -s "$G/port" ]
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$TMP/tls.key" -out "$TMP/tls.crt" -days 90 \
    -subj /CN=phones.wirechief.test 2> /dev/null
echo ok > "$G/mode"
python3 "$(dirname "$0")/../web/gateway.py" "$G" &
own_pids+=($!)
check "a gateway" wait_for 10 has_port
check "the daemon starts" start_daemon "http { listen = \"127.0.0.1:0\" public_url = \"https://phones.wirechief.test\"" \
    "certificate = \"$TMP/tls.crt\" key = \"$TMP/tls.key\" templates = \"$templates\" }" \
    "sms { retry = 600 tries = 2 url = \"http://127.0.0.1:$(cat "$G/port")/?password=s3cret&to={number}&text={text}\" }"
"$W" profile add p kind=linphone > /dev/null
"$W" group add Sales profile=p > /dev/null
"$W" account add alice group=Sales caller_id=+3934011 password=random > /dev/null
"$W" account add bob group=Sales password=random > /dev/null
"$W" account add carla group=Sales caller_id=+3934012 password=random > /dev/null

check "from the list, asked before; seen at once, with its time" console <<'S'
wait LIVE
key 3
wait carla
wait Created
key Down
key Home
key i
wait Send alice the installation SMS, to +3934011? y
wait wirechief account activate alice
key n
gone Send alice
wait Created
key i
wait Send alice
key y
wait alice: the SMS is on its way
wait Installatio>
key Enter
wait Installation SMS sent: 202 0: Accepted for delivery
wait SMS tried
wait b block  i activate  Q qr
key i
wait again, to +3934011 (Installation SMS sent)? y
key Escape
key 1
wait 3 Accounts  3
wait Installation SMS sent            1
wait disabled
wait UDP
screen
key F10
exit
S
check "the count stands on Overview" grep -qE 'Installation SMS sent +1\b' "$out"
check "so do all ports, and the store's size" grep -qE '^ Up .* UDP [0-9]+ +TCP [0-9]+ +HTTPS [0-9]+ +Store [0-9.]+ [KMG]iB of [0-9.]+ GiB' "$out"
check "one was sent" [ "$(wc -l < "$G/requests")" = 1 ]
echo refuse > "$G/mode"
check "failures are seen in the details, while one looks; without a number nothing is asked" console <<'S'
wait LIVE
key 3
wait carla
key End
key Enter
wait Accounts > carla
wait Last Status date
key i
wait Send carla the installation SMS, to +3934012? y
key y
wait Installation SMS failed once: 403 Authorization failed for
wait sendsms
wait SMS next try
wait Created
key 1
wait no SMS is sent: 403 Authorization failed
key 3
wait carla
key /
wait Search
text bob
key Enter
wait bob
gone carla
key i
wait bob has no Caller Id
key F10
exit
S
check "nobody else was sent one" [ "$(jq -r .to "$G/requests" | sort | uniq -c | tr -s ' ' | tr '\n' ';')" = " 1 +3934011; 1 +3934012;" ]
