#!/bin/bash
# F3: a disk that fills under registrations and changes, and is freed: refusals, no crash, nothing acknowledged lost, heals by itself.

if [ -z "${IN_MOUNTS:-}" ]; then
	unshare -rm true 2> /dev/null || { echo "skip full_disk: no file system of its own (needs root)"; exit; }
	exec env IN_MOUNTS=1 unshare -rm bash "$0"
fi
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/phones.bash"

W=$B/wirechief
mkdir "$TMP/state"
mount -t tmpfs -o size=6m tmpfs "$TMP/state" || { echo "not ok a small file system"; exit 1; }
write_conf
check "the daemon starts" start_daemon
"$W" group add g > "$TMP/out" && echo password-a | "$W" account add a group=g password=- > "$TMP/out"
fill()
{
	cat /dev/zero > "$TMP/state/ballast" 2>/dev/null
	true
}
full()
{
	"$W" --json status | grep -q '"store_ok":false'
}
refused()
{
	"$W" account add b group=g password=random > "$TMP/out" 2> "$TMP/err"
	[ $? -eq 1 ] && grep -q 'takes nothing' "$TMP/err"
}
check "the disk is filled" fill
check "the status says so" wait_for 10 full
check "a change is refused with the reason" refused
code()
{
	python3 "$(dirname "$0")/register.py" "127.0.0.1:$(listening udp)" a password-a 2>&1 | grep -q "$1"
}
check "a REGISTER is answered 503, not 200" code 503
check "what was there still is" "$W" account show a
rm -f "$TMP/state/ballast"
taking()
{
	"$W" --json status | grep -q '"store_ok":true'
}
check "room again: it takes again by itself" wait_for 10 taking
check "a change is taken" "$W" account add b group=g password=random
phone()
{
	python3 "$(dirname "$0")/register.py" "127.0.0.1:$(listening udp)" a password-a
}
check "a REGISTER is answered 200" phone
check "the indexes agree with the records" "$W" verify
check "the daemon ends well" stop_daemon
