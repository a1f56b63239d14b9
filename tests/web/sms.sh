#!/bin/bash
# An activation's SMS by a gateway's URL and by a program: what it gets, what becomes of it when the gateway is down, slow, says no or talks
# nonsense, when the keeper is killed; and that the password in the URL is seen nowhere.
. "$(dirname "$0")/../lib.sh"
W=$B/wirechief
templates=$(realpath "$(dirname "$0")/../../share/web")
G=$TMP/gateway
mkdir "$G"
password=s3cr%40t.pw
text='Ciao {owner} è € 日本 & "more" $(id); 100%: {link}'

sms()		# FIELD USERNAME: of the account, as text
{
	"$W" --json account show "$2" | jq -r ".$1 // \"\""
}

stands()	# USERNAME FIELD REGEX
{
	local what

	what=$(sms "$2" "$1")
	[[ $what =~ $3 ]] && return
	echo "# $1: $what" > "$TMP/stood"
	return 1
}

requests()	# NUMBER: how many the gateway got for it
{
	touch "$G/requests"
	jq -c --arg n "$1" 'select(.to == $n)' "$G/requests" | wc -l
}

# gateway_does MODE: from its next request on; never half a word.
gateway_does()
{
	echo "$1" > "$G/mode.new"
	mv "$G/mode.new" "$G/mode"
}

is_asked()	# NUMBER TIMES
{
	[ "$(requests "$1")" -ge "$2" ]
}

has_port()
{
	[ -s "$G/port" ]
}

start_gateway()	# [PORT]
{
	rm -f "$G/port"
	python3 "$(dirname "$0")/gateway.py" "$G" "$@" &
	gateway=$!
	own_pids+=("$gateway")
	wait_for 10 has_port
}

stop_gateway()
{
	kill -9 "$gateway"
	wait "$gateway" 2>/dev/null
}

account()	# USERNAME NUMBER
{
	"$W" account add "$1" group=g "caller_id=$2" owner="Zoë <$1>" password=random > /dev/null
}

activate()	# USERNAME
{
	"$W" account activate "$1" > "$TMP/said" 2>&1
}

keeper()
{
	pgrep -P "$DAEMON_PID" -x wc-keeper
}

kill_keeper()
{
	local pid

	pid=$(keeper)
	kill -9 "$pid"
	wait_for 10 other_keeper "$pid"
}

other_keeper()
{
	local pid

	pid=$(keeper) && [ "$pid" != "$1" ] && "$W" status > /dev/null 2>&1
}

# Nothing here takes 8 s but what is to take longer than its time; nothing is given up before the test wants that.
configure()	# LINE...: of the section sms; the last one wins
{
	write_conf "http { listen = \"127.0.0.1:0\" public_url = \"https://phones.wirechief.test\" certificate = \"$TMP/tls.crt\"" \
	    "key = \"$TMP/tls.key\" templates = \"$templates\" }" "sms { retry = 1 timeout = 8 tries = 20 install_text = '$text'" "$@" "}"
}

read_again()	# LINE...
{
	local before

	before=$(grep -c 'was read again' "$LOG")
	configure "$@"
	kill -HUP "$DAEMON_PID"
	wait_for 10 was_read "$before"
}

was_read()
{
	[ "$(grep -c 'was read again' "$LOG")" -gt "$1" ]
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$TMP/tls.key" -out "$TMP/tls.crt" -days 2 \
    -subj /CN=phones.wirechief.test 2> /dev/null
gateway_does ok
configure
check "the daemon starts" start_daemon
[ $failed = 0 ] || exit
"$W" profile add p kind=linphone > /dev/null
"$W" group add g profile=p > /dev/null
for i in 1 2 3 4 5 6 7 8 9; do
	account "a$i" "+39340111000$i"
done

activate a1
check "without a gateway it says what is missing" grep -q 'sms.url or sms.command' "$TMP/said"
check "and nothing has changed" [ "$(sms status a1)" = Created ]

start_gateway
port=$(cat "$G/port")
url="url = \"http://127.0.0.1:$port/send?user=u&password=$password&to={number}&text={text}\""
check "the gateway is named while the daemon runs" read_again "$url"
check "an SMS is asked for" activate a1
check "and taken by the gateway" wait_for 10 stands a1 sms '^Installation SMS sent: 202 0: Accepted for delivery$'
check "the status follows" stands a1 status '^Installation SMS sent$'
check "with its time" stands a1 status_at '^20'
link=$(jq -r .text "$G/requests" | grep -o 'https://phones.wirechief.test/i/[A-Za-z0-9_-]*$')
check "the text has the link" [ -n "$link" ]
check "number and text come as they are" [ "$(jq -r '.to + " " + .text' "$G/requests")" = "+393401110001 Ciao Zoë <a1> è € 日本 & \"more\" \$(id); 100%: $link" ]
check "an event tells it" [ "$("$W" --json event list --query a1 | grep -c 'Installation SMS to +393401110001 was taken by the gateway')" = 1 ]

stop_gateway
check "the gateway is down: it is accepted all the same" activate a2
check "what is wrong is seen in the account" wait_for 10 stands a2 sms '^Installation SMS failed (once|[0-9]+ times): .*refused'
check "and in the status" grep -q 'no SMS is sent: ' <("$W" status)
check "the keeper is killed, and comes back" kill_keeper
start_gateway "$port"
check "once the gateway is up the SMS is sent" wait_for 10 stands a2 sms '^Installation SMS sent'
check "once" [ "$(requests +393401110002)" = 1 ]
check "then all is well" [ -z "$("$W" status | grep 'no SMS is sent')" ]

gateway_does slow
check "a gateway that does not answer" activate a3
check "is asked" wait_for 10 is_asked +393401110003 1
gateway_does ok		# but for who waits already
check "and the keeper killed meanwhile" kill_keeper
check "the SMS whose answer was lost is sent again" wait_for 30 stands a3 sms '^Installation SMS sent'
check "one time more" [ "$(requests +393401110003)" = 2 ]

gateway_does slow
read_again "$url" "timeout = 2 tries = 3"
check "without an answer" activate a4
check "its time is over" wait_for 10 stands a4 sms '^Installation SMS failed (once|[23] times)'
check "and that is said" wait_for 10 stands a4 sms ': no answer to the request in 2.0 s'
gateway_does fail
check "it is asked for again" activate a4
check "a failing gateway's words are seen, harmless, when it is given up" wait_for 20 stands a4 sms \
    '^Installation SMS failed 3 times and was given up: 503 Busy ·\[31mlater·\[0m$'
check "that is counted" [ "$("$W" --json status | jq .sms_failed)" = 1 ]
check "and an event" [ "$("$W" --json event list --query a4 | grep -c 'was given up after 3 tries: 503 Busy')" = 1 ]

read_again "$url"
gateway_does refuse
check "a gateway that says no" activate a5
check "is quoted" wait_for 10 stands a5 sms '^Installation SMS failed once: 403 Authorization failed for sendsms$'
later()		# the next try of a5 is half a minute after the last
{
	[ $(($(date -d "$(sms sms_next_at a5)" +%s) - $(date -d "$(sms sms_at a5)" +%s))) -ge 29 ]
}
check "and not asked again soon" later
check "the status is as it was" stands a5 status '^Created$'

for how in nonsense drop huge redirect error echo; do
	gateway_does $how
	[ $how != error ] || read_again "$url" 'accept = "Accepted"'
	"$W" account activate a6 > /dev/null
	check "a gateway with $how" wait_for 20 stands a6 sms 'failed (once|[0-9]+ times): '
	echo "# $(sms sms a6)"
	check "is asked again later" wait_for 20 stands a6 sms_state '^WAITING$'
	check "is no success" stands a6 status '^Created$'
	[ $how != redirect ] || check "a redirect is not followed" [ "$(grep -c elsewhere "$G/requests")" = 0 ]
	[ $how != error ] || check "words that say no are seen" stands a6 sms '200 .*ERROR 7 no credit'
	[ $how != echo ] || check "what it said back is hidden" stands a6 sms '500 can.t do .*\*\*\*'
done
gateway_does ok
check "asked for again, it is sent" activate a6
check "at once" wait_for 10 stands a6 sms '^Installation SMS sent'

"$W" --json event list --limit 10000 > "$TMP/seen"
"$W" --json account list >> "$TMP/seen"
"$W" --json status >> "$TMP/seen"
cat "$LOG" >> "$TMP/seen"
check "the password is seen nowhere" [ "$(grep -c 's3cr' "$TMP/seen")" = 0 ]
check "nor a link" [ "$(grep -c '/i/[A-Za-z0-9_-]\{8\}' "$TMP/seen")" = 0 ]
check "what was sent is not left on the disk" [ -z "$(grep -l -a -F "${link##*/}" "$TMP"/state/store/*)" ]

# A program.
cat > "$TMP/send" <<'P'
#!/bin/bash
printf '%s\n' "$#" "$@" > "$0.args"
cat > "$0.in"
case $(cat "$0.mode") in
fail)	echo >&2; echo "modem: no carrier" >&2; echo "more" >&2; exit 3 ;;
hang)	sleep 100 & echo $! > "$0.child"; wait ;;
chatter) while :; do echo "and so on" >&2; done ;;
esac
P
chmod 755 "$TMP/send"
echo ok > "$TMP/send.mode"
check "a program in the place of the URL" read_again "command = \"$TMP/send -n '{number}' 'two words'\""
check "is run" activate a7
check "to its end" wait_for 10 stands a7 sms '^Installation SMS sent: exit 0$'
check "with its words" [ "$(cat "$TMP/send.args")" = "3
-n
+393401110007
two words" ]
check "and the text on its standard input" grep -qE '^Ciao Zoë <a7> è € 日本 & "more" \$\(id\); 100%: https://.*/i/[A-Za-z0-9_-]+$' "$TMP/send.in"
read_again "command = \"$TMP/send --to={number} {text}\""
check "or the text as a word" activate a8
check "it is one" wait_for 10 stands a8 sms '^Installation SMS sent: exit 0$'
check "whatever stands in it" grep -qE '^Ciao Zoë <a8> è € 日本 & "more" \$\(id\); 100%: https' "$TMP/send.args"
check "and nothing on standard input" [ ! -s "$TMP/send.in" ]
echo fail > "$TMP/send.mode"
check "one that fails" activate a9
check "is quoted" wait_for 10 stands a9 sms '^Installation SMS failed (once|[0-9]+ times): exit 3: modem: no carrier$'
read_again "command = \"$TMP/send --to={number} {text}\" timeout = 2"
for how in hang chatter; do
	echo $how > "$TMP/send.mode"
	"$W" account activate a9 > /dev/null
	check "one that $how""s is ended" wait_for 10 stands a9 sms 'took too long'
done
gone()
{
	! lives "$(cat "$TMP/send.child")"
}
check "with what it started" wait_for 4 gone
read_again "command = \"$TMP/none {number}\""
check "one that is not there" activate a9
check "is named" wait_for 10 stands a9 sms 'none: No such file'
check "the daemon is well" [ "$("$W" verify > /dev/null && echo yes)" = yes ]

# What the configuration refuses.
refuses()	# LINE REGEX
{
	local said

	configure "$1"
	said=$("$B/wirechiefd" -t -c "$CONF" 2>&1)
	[ $? -ne 0 ] && [[ $said =~ $2 ]] && [[ ! $said =~ s3cr ]]
}
check "a URL without a place for the text" refuses 'url = "http://127.0.0.1/?password=s3cret&to={number}"' 'sms.url: must hold \{number\} and \{text\}'
check "another scheme" refuses 'url = "ftp://127.0.0.1/?password=s3cret&to={number}&text={text}"' 'must start with http'
check "a program without its path" refuses 'command = "send {number}"' 'whole path'
check "one without the number" refuses 'command = "/bin/true {text}"' 'must hold \{number\}'
check "an open quote" refuses "command = \"/bin/true '{number}\"" 'quote that is not closed'
check "both at once" refuses "$url command = \"/bin/true {number}\"" 'only one of them'
