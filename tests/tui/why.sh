#!/bin/bash
# Why, on the console: key w on lists and details, the sentence at the foot changes by itself, long facts go on below, small screens scroll.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/console.bash"

check "start" start_daemon 'auth { algorithms = { "MD5" } }' 'limits { requests_per_second = 0 }' 'qualify { interval = 5 retry = 1 }'
"$W" group add demo > /dev/null
for user in alice bob; do
	echo "a secret of its own" | "$W" account add $user group=demo password=- > /dev/null
done
check "a phone that is gone" register alice "a secret of its own" --contact 10.9.8.7:5062 --agent 'Evil\e[31m'

check "from the list, live" console 80x24 <<S
wait LIVE
key 3
wait alice  Group demo
key Down
wait bob  Group demo
key w
wait > Why > bob
wait Neither a call nor a message would reach bob now: it is not registered; a
wait until it registers.
wait ! Contacts
screen
run $W account disable bob > /dev/null
wait it is disabled
wait ! Enabled
key Escape
gone > Why
wait bob  Group demo
key F10
exit
S
check "facts and sentence" shows '^ \+ Enabled +yes'

check "from Registered and the details, with what is long" console 80x24 <<'S'
wait LIVE
key 2
wait UserAgent Evil
key w
wait > Registered > Why > alice
wait Contact says 10.9.8.7:5062, its packets come from
wait (NAT?): it is
wait Evil
key o
wait > Events
wait subject:alice
key Escape
wait > Why
key Escape
wait Registered Accounts
key Enter
wait Binding 1
key w
wait alice > Why > alice
wait Contact 1
wait alice now
screen
key F1
wait Keys of Why
key Escape
resize 60x15
wait more line
key End
wait Its own calls
key Home
wait Enabled
key F10
exit
S
check "nothing drives the terminal" shows 'Evil·\[31m'
check "it stops" stop_daemon
