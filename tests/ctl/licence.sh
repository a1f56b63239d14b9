#!/bin/bash
# Licences from the command line, through the daemon and over its restart; and how many devices an account may register, changed live.
. "$(dirname "$0")/../lib.sh"
W=$B/wirechief
register=$(realpath "$(dirname "$0")/../sip/register.py")
export TZ=UTC

says()	# STATUS WORDS COMMAND...
{
	"$W" "${@:3}" > "$TMP/said" 2>&1
	[ $? = "$1" ] && grep -qF -- "$2" "$TMP/said" && return 0
	sed 's/^/# /' "$TMP/said"
	return 1
}

udp=$(free_port)
check "start" start_daemon "listen = { \"udp:127.0.0.1:$udp\" }"
"$W" group add sales > /dev/null
"$W" account add alice group=sales password=- <<< secret-alice > /dev/null
"$W" account add bob group=sales > /dev/null
check "an account without one" says 0 '{"username":"alice","key":null,"valid_until":null,"state":"NONE","checked_at":null}' --json licence show alice
check "its account says so" says 0 '"licence":"NONE"' --json account show alice
check "it is not in the list" eval '[ -z "$("$W" --json licence list)" ]'
check "no such account" says 1 "account nobody: not found" licence show nobody
check "a licence has a key" says 1 "key: may not be empty; random makes one" licence set alice valid_until=2099-12-31
check "one is made" says 0 '"valid_until":"2099-12-31T23:59:59.000+00:00","state":"VALID"' --json licence set alice key=random valid_until=2099-12-31
key=$("$W" --json licence show alice | python3 -c 'import json, sys; print(json.load(sys.stdin)["key"])')
check "of 20 characters and dashes" eval '[[ "$key" =~ ^([A-Z2-9]{5}-){3}[A-Z2-9]{5}$ ]]'
check "a key is one account's" says 1 "key: belongs to account alice" licence set bob key="$key"
check "a time will do, too" says 0 '"valid_until":"2098-01-02T03:04:05.000+00:00"' --json licence set alice valid_until=2098-01-02T03:04:05Z
check "what is no date" says 1 "valid_until: must be a date such as 2027-12-31" licence set alice valid_until=tomorrow
check "its account says so" says 0 '"licence":"VALID"' --json account show alice
check "and its list" says 0 '"licence":"VALID"' --json account list --query username:alice
check "revoked" says 0 '"state":"REVOKED"' --json licence set alice state=REVOKED
check "search" says 0 '"username":"alice"' --json licence list --query state:revoked
check "valid again" says 0 '"state":"VALID"' --json licence set alice state=VALID
check "EXPIRED is not set" says 1 "state: follows from valid_until" licence set alice state=EXPIRED
check "nor CHECKING" says 1 "must be VALID or REVOKED" licence set alice state=CHECKING
check "clear keeps key and date" says 0 "\"key\":\"$key\",\"valid_until\":\"2098-01-02T03:04:05.000+00:00\",\"state\":\"VALID\"" --json licence clear alice
check "of an account without one" says 1 "account bob: has no licence" licence clear bob
check "it ends soon" says 0 VALID licence set alice valid_until="$(date -u -d '12 seconds' +%Y-%m-%dT%H:%M:%SZ)"
check "and then has expired, which is told" wait_for 20 eval '"$W" --json event list | grep -q "licence alice: has expired"'
check "its account says so" says 0 '"licence":"EXPIRED"' --json account show alice
check "not valid by word" says 1 "state: valid_until has passed: set that" licence set alice state=VALID
check "the indexes agree" says 0 Checked verify
stop_daemon
check "start again" start_daemon
check "it is there" says 0 "\"key\":\"$key\"" --json licence show alice
check "it goes with its account" says 0 '' account delete alice --yes
check "it is gone" eval '[ -z "$("$W" --json licence list)" ]'
check "its key is free" says 0 VALID licence set bob key="$key"
check "the indexes agree" says 0 Checked verify

# What the registrar does by an account's fields.
"$W" account add carlo group=sales max_contacts=1 password=- <<< secret-carlo > /dev/null
phone()	# PORT: registers one device; its last status
{
	"$register" "127.0.0.1:$udp" carlo secret-carlo --contact "127.0.0.1:$1" 2>&1 | tail -1
}
contacts()	# N
{
	[ "$("$W" --json registration list --query username:carlo | wc -l)" = "$1" ]
}
phone 5071 > "$TMP/phone"
check "one device" contacts 1
phone 5072 > "$TMP/phone"
check "not a second one" contacts 1
check "max_contacts is changed live" says 0 '"max_contacts":2' --json account set carlo max_contacts=2
phone 5072 > "$TMP/phone"
check "now a second one" contacts 2
phone 5073 > "$TMP/phone"
check "not a third one" contacts 2
check "max_contacts has its bounds" says 1 "max_contacts: must be a number from 1 to 50" account set carlo max_contacts=0
check "so has qualify" says 1 "qualify: must be no, yes or 2 to 60000 (ms)" account set carlo qualify=1
check "which takes a number" says 0 '"qualify":1500' --json account set carlo qualify=1500
check "or a word" says 0 '"qualify":"no"' --json account set carlo qualify=no
check "server is a node's name" says 1 "server: must be a node's name" account set carlo "server=b c"
check "its own node is not told" eval '"$W" account set carlo server=a > "$TMP/said" && ! "$W" account show carlo | grep -q assigned'
check "registered at another node than it must be is told" eval '"$W" account set carlo server=b > "$TMP/said" && says 0 "at a, assigned b" account show carlo'
check "the daemon ends well" stop_daemon
