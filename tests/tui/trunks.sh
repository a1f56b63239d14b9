#!/bin/bash
# SIP trunks on the console: the status list in which nothing can be changed, configuration with its form, details, and Overview's box.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/console.bash"

check "start" start_daemon
python3 -c 'import socket
s = socket.socket(type=socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
while True:
    s.recv(65536)' > "$TMP/silent" &		# a trunk that hears all and says nothing
own_pids+=($!)
wait_for 10 test -s "$TMP/silent"
silent=$(< "$TMP/silent")
"$W" trunk add Backup host=198.51.100.7 qualify=no number=+390699990001 > /dev/null
"$W" trunk add Off host=198.51.100.8 enabled=no > /dev/null

check "a trunk is made in its form; what is wrong stands at its field" console <<E2
wait LIVE
key 6
wait Sip trunk configuration - 2 trunks
wait > - Backup
screen
key a
wait New trunk
text 127.0.0.1
key Tab
text Carrier A
key Tab
key C-u
text $silent
key F2
wait saved: Carrier A
wait Sip trunk configuration - 3 trunks
wait 127.0.0.1:$silent
key Down
wait ! Carrier A
key e
wait Edit Carrier A
key Up
key Up
key Up
wait Enabled
key F10
exit
E2
check "its columns" shows '^ +Name \^ +Host:Port +Trans +Encr +Register +Qualify +Enabled$'
check "it is stored" has '"port":'"$silent" trunk show "Carrier A"

check "the status list: the seed's columns, no key that changes anything, live" console <<E2
wait LIVE
key 5
wait SIP Trunk status - 3 trunks
wait ! UNREACHABLE
screen
key e
key d
key v
key b
key a
wait SIP Trunk status - 3 trunks
run $W trunk disable "Carrier A"
wait - Disabled
wait Carrier A
run $W trunk add Zeta host=198.51.100.9 qualify=no
wait SIP Trunk status - 4 trunks
run $W trunk delete Zeta --yes
wait SIP Trunk status - 3 trunks
run $W trunk enable "Carrier A"
wait ! UNREACHABLE
key F10
exit
E2
check "its columns" shows '^ +Host +Name \^ +Virtual Phone +Username +Trans +Encr +Status$'
check "what is not probed says so" shows 'Backup +\+390699990001 +UDP +false - Unmonitored$'
check "nothing was changed by keys" has '"enabled":true' trunk show "Carrier A"

check "wide: whole titles" console 140x40 <<'E2'
wait LIVE
key 5
wait SIP Trunk status - 3 trunks
wait ! UNREACHABLE
screen
key F10
exit
E2
check "so they are" shows 'Host +Name \^ +Virtual Phone Number +Username +Transport +Encryption +Status$'

check "details, disabled and enabled there, its events and back" console <<'E2'
wait LIVE
key 5
wait SIP Trunk status
wait ! UNREACHABLE
key Down
wait >   127.0.0.1
key Enter
wait Trunks > Carrier A
wait Target 1
screen
key b
wait Disable Carrier A: not probed, not used?
wait wirechief trunk disable 'Carrier A'
key y
wait Carrier A is disabled
wait - Disabled
key b
wait Enable Carrier A?
key y
wait Carrier A is enabled
key o
wait > Events
wait filter: subject:"Carrier A"
key /
key C-u
text "Carrier A" AND made
wait 1 of
wait made, host
key Enter
wait (1)
key Enter
wait Target 1
key F10
exit
E2
check "the probe and the target are there" shows '^ Target 1 +127.0.0.1:'

check "Overview has the worst first, and the cursor goes there" console <<'E2'
wait LIVE
wait 5 SIP Trunks  3: 1 UNREACHABLE
wait ! Carrier A
screen
key Tab
wait > ! Carrier A
wait probe every
key Enter
wait Overview > Carrier A
key F10
exit
E2
check "in that order" eval '[ "$(grep -oE "(! Carrier A|- Backup|- Off) " "$out" | head -3 | tr -d "\n")" = "! Carrier A - Backup - Off " ]'

check "a test, from the list and from the form, changes no status" console <<'E2'
wait LIVE
key 6
wait > - Backup
key Down
key v
wait Test of Carrier A
wait ! OPTIONS
wait - REGISTER
wait failed
screen
key e
wait Edit Carrier A
wait F6 tests what stands here
key F6
wait Edit > Test
wait (v: again)   failed
key v
wait under way
wait (v: again)   failed
key Escape
wait Edit Carrier A
key Escape
key F7
wait New trunk
text no.such.host.invalid
key Tab
text Fresh
key F6
wait Test of Fresh
wait ! resolve
wait failed
key Escape
wait New trunk
key Escape
wait Leave without saving
key y
wait Sip trunk configuration - 3 trunks
key F10
exit
E2
check "each step has its line" shows '^ +\+ resolve +127\.0\.0\.1'
check "nothing was saved" eval '! "$W" trunk show Fresh > /dev/null 2>&1'

check "deleted when its name is typed out" console <<'E2'
wait LIVE
key 6
wait Sip trunk configuration - 3 trunks
key End
wait >
key d
wait Delete trunk Off? Nothing else goes with it.
wait wirechief trunk delete Off --yes
text Off
key Enter
wait deleted: trunk Off
wait Sip trunk configuration - 2 trunks
key F10
exit
E2
check "it is gone" eval '! "$W" trunk show Off > /dev/null 2>&1'
check "the daemon ends well" stop_daemon

make_certificate tls
check "start with TLS" start_daemon 'listen = { "udp:127.0.0.1:0", "tls:127.0.0.1:0" }' "tls { certificate = \"$TMP/tls.crt\"  key = \"$TMP/tls.key\" }" \
    "trunks { ca = \"$TMP/tls.crt\" }"
"$W" trunk add Secure host=127.0.0.1 port="$(listening tls)" transport=TLS > /dev/null
check "a test of TLS tells until when the certificate is good, on a line of its own where one is too short" console <<'S'
wait LIVE
key 6
wait Sip trunk configuration - 3 trunks
key End
wait > + Secure
key v
wait (v: again)   passed
wait + OPTIONS   200 OK
screen
key F10
exit
S
check "all of it" shows '^ {14}20[0-9]{2}-[0-9]{2}-[0-9]{2} +[0-9]+ ms$'
check "it ends well, too" stop_daemon
