#!/bin/bash
# The message queue on the console: what waits, why, its details, retry and delete, and the ways there and on.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/console.bash"
message=$sip/message.py

queued()	# N: so many messages wait
{
	[ "$("$W" --json queue list | wc -l)" = "$1" ]
}

send()		# TO TEXT UUID: it is taken into the queue
{
	[ "$(python3 "$message" "$server" alice secret-alice send "$@")" = 202 ]
}

message_field()	# NAME UUID: of the message with that Uuid
{
	"$W" --json queue list | python3 -c '
import json, sys
print(next(row[sys.argv[1]] for row in map(json.loads, sys.stdin) if row["uuid"] == sys.argv[2]))' "$1" "$2"
}

check "start" start_daemon 'auth { algorithms = { "MD5" } }' 'limits { requests_per_second = 10000 burst = 10000 }'
server=127.0.0.1:$(listening udp)
"$W" group add Sales > /dev/null
for user in alice bob dora; do
	echo "secret-$user" | "$W" account add $user group=Sales password=- > /dev/null
done

check "an empty queue" console <<'S'
wait LIVE
wait 7 Message Queue
wait 0 ENQUEUED
wait oldest   -
wait expire within 24 h                 0
wait delivered today                    0
wait per minute, last 20:
key 7
wait > Queue
wait Message Queue - 0 messages
wait Received v
gone oldest
key F10
exit
S

check "the first waits" send dora 'a secret text' uuid-one
check "the second" send bob 'another' uuid-two
check "the third" send dora 'and more' uuid-three
one=$(message_field id uuid-one)
three=$(message_field id uuid-three)

check "the list, newest first, what the queue is like, and why it waits" console 80x24 <<'S'
wait LIVE
wait 3 ENQUEUED
key 7
wait Message Queue - 3 messages
wait 2 recipients, 0 in flight
wait To is not registered; try 1 when it registers; expires 20
screen
key F10
exit
S
check "its columns" shows '^ +Received v +From +To +Status +Sent'
check "a date and a time with ms" shows '^> +20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9:]{8}\.[0-9]{3} alice +dora +ENQUEUED +0'
check "the third is the first" eval '[ "$(grep -cE "ENQUEUED +0" "$out")" = 3 ] && grep -E "ENQUEUED" "$out" | sed -n 2p | grep -q bob'
check "beside the heading" shows '^ Message Queue - 3 messages .*oldest [0-9]+ .*, 2 recipients, 0 in flight'

check "on a large Overview those that wait longest, and what for" console 140x40 <<'S'
wait LIVE
wait 7 Message Queue - 3 messages     per minute, last 60:  _
wait when it registers
screen
key Tab
key Tab
key Enter
wait Show Message
key F10
exit
S
check "with their columns" shows '^ +Received \^ +From +To +Status +Sent Next try'
check "the oldest first" eval '[ "$(grep -E "ENQUEUED +0 when it registers" "$out" | awk "{ print \$4 }" | paste -sd,)" = dora,bob,dora ]'
check "the command line says it, too" eval '"$W" queue show "$one" | grep -qE "^Why +To is not registered; try 2 when it registers$"'

check "on a narrow screen" console 60x15 <<'S'
wait LIVE
wait 7 Message Queue
wait 3 ENQUEUED
key 7
wait Message Queue - 3 messages
wait ENQUEUED
screen
key F10
exit
S
check "its details, where there are few lines" console 60x15 <<'S'
wait LIVE
key 7
wait Message Queue - 3 messages
key Enter
wait Show Message
wait Tries
screen
key F10
exit
S
check "all of them are there" eval '[ "$(sed -n "/Show Message/,/Tries/p" "$out" | grep -oE "[A-Z][A-Za-z ]*:  " | tr -d "\n" | tr -s " ")" = \
    "Id: From Account: To Account: Uuid: Api Version: From: From Seq: Managed: Received: Sent: Status: To: To Seq: " ]'
check "on a narrow list" console 60x15 <<'S'
wait LIVE
wait 7 Message Queue
key 7
wait Message Queue - 3 messages
wait ENQUEUED
screen
key F10
exit
S
check "the time is whole, and whom it is for" shows '^> +20[0-9-]{8} [0-9:]{8}\.[0-9]{3} .*dora +ENQUEUED'

check "the details of one" console 80x24 <<S
wait LIVE
key 7
wait Message Queue - 3 messages
key Enter
wait > Queue > Message
wait Show Message
wait $three
wait uuid-three
wait To is not registered
screen
key Escape
wait Message Queue - 3 messages
key F10
exit
S
check "its fields in their order" eval '[ "$(sed -n "s/^ \([A-Z][A-Za-z ]*:\)  .*/\1/p" "$out" | tr -d "\n")" = \
    "Id:From Account:To Account:Uuid:Api Version:From:From Seq:Managed:Received:Sent:Status:To:To Seq:" ]'
check "of which some are known" shows '^ Managed: +False'
check "what is done to it, and what is not shown" shows '^ The content is not kept readable and is never shown. r retry  d delete'
check "no content anywhere" eval '! grep -qE "secret text|and more" "$out"'

check "an account's messages are a filter" console <<'S'
wait LIVE
key 3
wait >   alice
key Down
wait >   bob
key m
wait > Queue
wait filter: to_account:bob   (1)
wait To is not registered
gone dora
key /
wait to_account:bob
key C-u
text to_account:dora
wait 2 of
key Enter
wait filter: to_account:dora   (2)
key \
gone filter:
wait bob
key F10
exit
S

check "an account's details tell how many wait, live, and deleting it how many go" console <<'S'
wait LIVE
key 3
wait >   alice
key End
wait >   dora
key Enter
wait 2 messages for dora (m)
screen
key d
wait Delete account dora? 2 queued messages go with it.
key Escape
gone Delete account
key m
wait filter: to_account:dora   (2)
key F10
exit
S
check "in the place of the mock-up" shows '^ Queue      2 messages for dora \(m\)'
check "the command line tells it, too" eval '"$W" account show dora | grep -qE "^Messages +2$"'

check "Enter means no, y deletes; its events are found by its id" console 140x30 <<S
wait LIVE
key 7
wait Message Queue - 3 messages
key Enter
wait $three
key d
wait Delete this message for dora? It will not be delivered. y
wait wirechief queue delete $three --yes
key Enter
wait Show Message
key d
wait Delete this message
key y
wait deleted: message $three
wait Message Queue - 2 messages
key End
wait To is not registered
key o
wait > Events
wait filter: "$one"
key \\
wait $three
key F10
exit
S
check "two are left" queued 2
check "and not that one" eval '! "$W" queue show "$three" > /dev/null 2>&1'

check "the menu of a row begins with what is done to it" console 80x24 <<S
wait LIVE
key 7
wait Message Queue - 2 messages
key .
wait What to do
wait send it again now
screen
key Down
key Down
key Down
key Enter
wait Send again now
key Escape
key F10
exit
S
check "open, delete, events, retry" [ "$(sed -n '/What to do/,$p' "$out" | sed -n '2,5s/^[> ]*\([^ ]*\).*/\1/p' | paste -sd,)" = Enter,F8,o,r ]

check "a retry: of this one, its recipient's, or all" console 80x24 <<S
wait LIVE
key 7
wait Message Queue - 2 messages
key End
wait To is not registered
key r
wait this one
wait wirechief queue retry $one
wait wirechief queue retry --to dora
wait wirechief queue retry --all
key Enter
wait 1 message is tried again
key r
wait this one
key End
key Enter
wait 2 messages are tried again
key F10
exit
S

check "an empty message is refused" [ "$(python3 "$message" "$server" alice secret-alice send bob "")" = 400 ]
check "Enter on an event opens the message that it is about, says that it has ended, or goes to its account" console 140x30 <<S
wait LIVE
key 8
wait FOLLOW
key /
text "$one" AND retry
wait 1 of
key Enter
wait $(id -un)  message $one: retry
key Enter
wait Show Message
wait $one
key Escape
wait > Events
key /
key C-u
text "$three" AND deleted
wait 1 of
key Enter
wait $(id -un)  message $three from alice to dora: deleted
key Enter
wait this message is not in the queue any more
key /
key C-u
text INVALID_PAYLOAD
wait 1 of
key Enter
wait message from alice to bob: INVALID_PAYLOAD at once, empty
key Enter
wait > Events > bob
wait 1 message for bob (m)
key F10
exit
S

python3 "$message" "$server" dora secret-dora receive 1 > "$TMP/dora" &
own_pids+=($!)
check "when she registers it leaves the list by itself, and is counted" console 80x24 <<S
wait LIVE
key 7
wait Message Queue - 1 message
gone dora
key 1
wait 1 ENQUEUED
wait delivered today                    1
wait per minute, last 20:
wait #
screen
key F10
exit
S
check "it came" wait_for 20 grep -qx 'a secret text' "$TMP/dora"
check "delivered" shows 'delivered today +1$'
check "which the daemon remembers, also for one that comes later" eval '"$W" --json status | grep -q "\"queue_delivered_today\":1.*\"queue_per_minute\":\[[01, ]*1[0, ]*\]"'

python3 "$message" "$server" bob secret-bob receive 1 486 > /dev/null &
own_pids+=($!)
check "the tries of one that is refused" console 80x24 <<'S'
wait LIVE
key 7
wait Message Queue - 1 message
key Enter
wait Show Message
wait Tries
wait 486
screen
key F10
exit
S
check "each with its time" eval "shows '^ Tries  [0-9:]{8} 480 not registered' && shows '^ {8}[0-9:]{8} 486 '"
"$W" queue delete "$(message_field id uuid-two)" --yes > /dev/null

check "help tells the keys" console 140x40 <<'S'
wait LIVE
key 7
wait Message Queue
key ?
wait retry
wait events-of
wait delete
key F10
exit
S
check "the daemon ends well" stop_daemon
