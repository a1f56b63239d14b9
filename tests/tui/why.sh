#!/bin/bash
# Why, on the console: key w on lists and details, the sentence at the foot changes by itself, long facts go on below, small screens scroll.
. "$(dirname "$0")/../lib.sh"
TOOLS=$(realpath "${TOOLS:-$B}")
W=$B/wirechief
here=$(dirname "$0")
out=$TMP/out
export TZ=UTC LC_ALL=C.UTF-8

console()	# SIZE: the script on standard input; what it printed is in $out
{
	env TERM=xterm "$TOOLS/tests/tui/vtdrive" "$1" "$W" > "$out" 2>&1 && return 0
	sed 's/^/# /' "$out"
	return 1
}

shows()		# REGEX: the last console printed it
{
	grep -qE -- "$1" "$out" && return 0
	sed 's/^/# /' "$out"
	return 1
}

check "start" start_daemon 'auth { algorithms = { "MD5" } }' 'limits { requests_per_second = 0 }' 'qualify { interval = 5 retry = 1 }'
"$W" group add demo > /dev/null
for user in alice bob; do
	echo "a secret of its own" | "$W" account add $user group=demo password=- > /dev/null
done
python3 "$here/../sip/register.py" "127.0.0.1:$(listening udp)" alice "a secret of its own" --contact 10.9.8.7:5062 --agent 'Evil\e[31m'

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
