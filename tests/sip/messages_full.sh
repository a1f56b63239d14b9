#!/bin/bash
# F3 for messages: a disk that fills under them, and is freed.

if [ -z "${IN_MOUNTS:-}" ]; then
	unshare -rm true 2> /dev/null || { echo "skip messages_full: no file system of its own (needs root)"; exit; }
	exec env IN_MOUNTS=1 unshare -rm bash "$0"
fi
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/driven.bash"

W=$B/wirechief
udp=$(free_port)
mkdir "$TMP/state"
mount -t tmpfs -o size=12m tmpfs "$TMP/state" || { echo "not ok a small file system"; exit 1; }
check "the daemon starts" start_daemon "listen = { \"udp:127.0.0.1:$udp\" }" "auth { algorithms = { \"MD5\" } }" \
    "queue { per_account = 100000 retry = 1 tries = 1000 }" "limits { requests_per_second = 0 auth_failures = 0 }"
"$W" group add g > "$TMP/out"
for user in from0 from1 from2 from3 alice away later held online; do
	echo "secret-of-$user" | "$W" account add $user group=g password=- > "$TMP/out"
done
drive "$(dirname "$0")/messages_full.py" 127.0.0.1 "$udp" "$W" "$TMP/state"
check "the daemon ends well" stop_daemon
umount "$TMP/state"
