#!/bin/bash
# Profiles and licences on the console: their lists, forms, what is typed out before it is deleted, and the choice in an account's form.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/console.bash"

check "start" start_daemon
"$W" group add Sales > /dev/null
for user in alice bob; do
	"$W" account add $user group=Sales owner="The $user" > /dev/null
done

check "an empty list, reached by name; a profile is made in its form" console <<'E2'
wait LIVE
key :
wait :
text profiles
key Enter
wait Accounts > Profiles
wait Profiles - 0 profiles
key a
wait New profile
text standard
key Tab
key Right
wait <baresip>
key Tab
text https://example.com/i
key Tab
text audio=alsa
key Enter
text video
key F2
wait line 2: must be key=value
text =none
screen
key F2
wait saved: standard
wait Profiles - 1 profile
wait Install URL
wait baresip
screen
key F10
exit
E2
check "its columns" shows 'Profile \^ +Kind +Install URL'
check "the parameters of the one under the cursor" shows '^ +audio=alsa'
check "as many lines as they have" shows '^ +video=none'
check "it is stored" has '"parameters":"audio=alsa\\nvideo=none"' profile show standard

check "edited, renamed, and a list that changes by itself" console <<E2
wait LIVE
key P
wait Profiles - 1 profile
run $W profile add other kind=text
wait Profiles - 2 profiles
run $W profile delete other
wait Profiles - 1 profile
wait >   standard
key e
wait Edit standard
text X
key F2
wait saved: standardX
wait standardX
key /
text kind:baresip
wait 1 of 1
key Enter
wait filter: kind:baresip
key F10
exit
E2
check "it has its new name" has '"name":"standardX"' profile list

check "an account's form offers it, and nothing is the group's" console <<'E2'
wait LIVE
key 3
wait >   alice
key e
wait Edit alice
wait Profile
wait <(the group's)>
key Escape
key F10
exit
E2
check "it is chosen" console 80x40 <<'E2'
wait LIVE
key 3
wait >   alice
key e
wait Edit alice
key Up
wait Profile: Provisioning profile
key Right
wait <standardX>
screen
key F2
wait saved: alice
key F10
exit
E2
check "and stored" has '"profile":"standardX"' account show alice

check "what it comes to, for an account, and from the account itself; unknown variables are told with their line" console <<E2
wait LIVE
key P
wait >   standardX
key R
wait What standardX comes to for account:
text nobody
key Enter
wait account nobody: not found
key R
text alice
key Enter
wait Rendered > standardX
wait standardX for alice: accounts, text/plain
wait <sip:alice@wirechief.test;transport=
wait auth_pass="******"
key Escape
key e
wait Edit standardX
key Tab
key Tab
key Tab
text x={domein}
key Enter
key F2
wait line 1: there is no {domein}
key Escape
key y
wait Profiles - 1 profile
key 3
wait >   alice
key R
wait standardX for alice: accounts
key F10
exit
E2

check "one that is used stays; one that is not goes when its name is typed" console <<E2
wait LIVE
key P
wait >   standardX
key d
wait is used by 1 account (alice)
run $W account set alice profile=
key d
wait Delete profile standardX? Nothing else goes with it.
wait wirechief profile delete standardX
text standardX
key Enter
wait deleted: profile standardX
wait Profiles - 0 profiles
key F10
exit
E2

check "a licence is given, by the account's name" console <<'E2'
wait LIVE
key :
text licences
key Enter
wait Accounts > Licences
wait Licences - 0 accounts with one
key a
wait Licence for account:
text nobody
key Enter
wait account nobody: not found
key a
text alice
key Enter
wait Edit alice
key F2
wait may not be empty; random makes one
text random
key Tab
text 2099-13-31
key F2
wait must be a date such as 2027-12-31
key C-u
text 2099-12-31
key F2
wait saved: alice
wait Licences - 1 account with one
wait VALID
wait 2099-12-31
screen
key F10
exit
E2
check "its columns" shows 'Username \^ +.*Key.* +Until +State'
check "it is valid to the end of that day" has '"valid_until":"2099-12-31T23:59:59.000\+00:00","state":"VALID"' licence show alice

check "revoked in the form; details are the account's; cleared and taken away after a question" console <<E2
wait LIVE
key L
wait >   alice
run $W licence set bob key=ABCDEFGH valid_until=\$(date -u -d '8 seconds' +%Y-%m-%dT%H:%M:%SZ)
wait Licences - 2 accounts with one
wait EXPIRED
key Enter
wait Accounts > Licences > alice
wait VALID
key Escape
wait Licences - 2
key r
wait Clear the licence of alice
wait wirechief licence clear alice
key y
wait done: alice's licence is cleared
key d
wait Take the licence of alice away
key y
wait done: alice's licence is taken away
wait Licences - 1 account with one
key F10
exit
E2
check "it is gone" has '"state":"NONE"' licence show alice
check "that it has expired is told" has '"event":"licence bob: has expired","operator":null' event list --query subject:bob

check "help tells the ways there" console 140x40 <<'E2'
wait LIVE
key ?
wait Keys of Overview
wait profiles
wait licences
key F10
exit
E2
check "the daemon ends well" stop_daemon
