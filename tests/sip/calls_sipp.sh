#!/bin/bash
# Calls as sipp makes them: answered, given up at each stage, refused, to five phones at once, acknowledged late, and very many.
#	calls_sipp.sh [CALLS=1500] [RATE=75]	of the many

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/sipp_calls.bash"

CALLS=${1:-1500}
RATE=${2:-75}
answered="call <?100 <?180 <200 >ACK"
given_up="<487 >ack"
cancelled="<CANCEL >ok >487 <ACK"

check "the daemon starts" calls_daemon

calls_between basic 20 50 "$answered pause:100 >BYE <200" "<INVITE >180 >200 <ACK <BYE >ok"
calls_between hangs-up 20 50 "$answered <BYE >ok" "<INVITE >180 >200 <ACK pause:100 >BYE <200"
calls_between busy 20 50 "call <?100 <486 >ack" "<INVITE >486 <ACK"

# Given up before the phone was heard of, after its 100, after its 180; and when it answers meanwhile.  Where one is to be later than
# another, it is so by many seconds: a busy machine lets either wait.
calls_between before-100 10 50 "call <100 pause:1000 >CANCEL <200 <180 $given_up" "<INVITE pause:11000 >180 $cancelled"
calls_between after-100 10 50 "call <100 pause:1000 >CANCEL <200 $given_up" "<INVITE >100 $cancelled"
calls_between after-180 10 50 "call <?100 <180 pause:100 >CANCEL <200 $given_up" "<INVITE >180 $cancelled"
calls_between crossing 10 50 "call <?100 <180 >CANCEL <200 <200 >ACK >BYE <200" "<INVITE >180 <CANCEL >200 <ACK <BYE >ok"

# All ring, one answers; all refuse; one refuses for all.
calls_between five-ring 10 20 "call <?100 <180 <180 <180 <180 <180 <200 >ACK >BYE <200" \
    "<INVITE >180 pause:8000 >200 <ACK <BYE >ok" "<INVITE >180 $cancelled" "<INVITE >180 $cancelled" "<INVITE >180 $cancelled" \
    "<INVITE >180 $cancelled"
calls_between five-refuse 10 20 "call <?100 <486 >ack" "<INVITE >480 <ACK" "<INVITE >503 <ACK" "<INVITE >486 <ACK" "<INVITE >500 <ACK" \
    "<INVITE pause:200 >480 <ACK"
calls_between one-declines 10 20 "call <?100 <?180 <?180 <?180 <?180 <603 >ack" "<INVITE pause:8000 >603 <ACK" "<INVITE >180 $cancelled" \
    "<INVITE >180 $cancelled" "<INVITE >180 $cancelled" "<INVITE >180 $cancelled"

# While its ACK does not come, the phone's 2xx comes again, all the way.
calls_between late-ack 20 50 "call <?100 <?180 <200 pause:1800 >ACK >BYE <200" "<INVITE >180 >200 <ACK <BYE >ok"
check "late-ack: the phone sent its answer again" [ "$(calls_again late-ack-1)" -gt 0 ]
check "late-ack: and the caller heard it" [ "$(calls_again late-ack)" -gt 0 ]

calls_between many "$CALLS" "$RATE" "$answered pause:1000 >BYE <200" "<INVITE >180 pause:200 >200 <ACK <BYE >ok"
none_left()
{
	[ -z "$("$B/wirechief" --json call list)" ]
}
check "no call is left" wait_for 5 none_left
check "every index agrees with its records" "$B/wirechief" verify
check "the daemon ends well" stop_daemon
