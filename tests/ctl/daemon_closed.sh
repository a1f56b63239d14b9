#!/bin/bash
# What the processes of a running daemon have given up: system calls, capabilities, memory, and keys that are not theirs.
. "$(dirname "$0")/../lib.sh"

status_is()	# PID KEY VALUE
{
	[ "$(sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status")" = "$3" ]
}

# holds STATUS PID FILE: 0: the private key of the PEM file stands in the process's memory, as text or as a number; 1: it doesn't.
holds()
{
	local expected=$1

	shift
	python3 - "$@" "$(openssl pkey -in "$2" -noout -text | sed -n '/^priv:/,/^pub:/p' | grep '^ ' | tr -d ' :\n')" <<'EOF'
import sys
number = bytes.fromhex(sys.argv[3]).lstrip(b"\0")
text = max(open(sys.argv[2], "rb").read().split(b"\n"), key=len)
needles = [text, number, number[::-1]]
assert all(len(n) > 24 for n in needles)
with open(f"/proc/{sys.argv[1]}/maps") as maps, open(f"/proc/{sys.argv[1]}/mem", "rb", 0) as mem:
    spans = [line.split()[:2] for line in maps if "[v" not in line]
    assert len(spans) > 20
    for span, rights in spans:
        start, end = (int(x, 16) for x in span.split("-"))
        if rights[:2] == "rw" and end - start < 1 << 30:
            try:
                mem.seek(start)
                found = mem.read(end - start)
            except OSError:	# unmapped meanwhile
                continue
            if any(n in found for n in needles):
                sys.exit(10)
sys.exit(11)
EOF
	[ $? -eq $((10 + expected)) ]
}

is_new()	# NAME OLD
{
	local pid

	pid=$(process_pid "$1")
	[ -n "$pid" ] && [ "$pid" != "$2" ]
}

no_listener()	# of TCP or UDP
{
	[ -z "$(find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' | tr -dc '0-9\n' | grep -Fwf - \
	    /proc/net/tcp /proc/net/udp /proc/net/tcp6 /proc/net/udp6)" ]
}

make_certificate tls
write_conf 'listen = { "udp:127.0.0.1:0", "tcp:127.0.0.1:0", "tls:127.0.0.1:0" }' \
    "tls { certificate = \"$TMP/tls.crt\" key = \"$TMP/tls.key\" }"
check "start" start_daemon
for name in keeper sip stream; do
	pid=$(process_pid $name)
	check "$name: seccomp" status_is "$pid" Seccomp 2
	check "$name: no new privileges" status_is "$pid" NoNewPrivs 1
	check "$name: no core file" grep -q '^Max core file size  *0  *0 ' "/proc/$pid/limits"
	check "$name: nothing to trace it with" status_is "$pid" TracerPid 0
done
for name in sip stream; do
	check "$name: no capabilities" status_is "$(process_pid $name)" CapEff 0000000000000000
done
check "the keeper has no network" no_listener "$(process_pid keeper)"
check "the search finds the key where it is" holds 0 "$(process_pid stream)" "$TMP/tls.key"
for name in keeper sip; do
	old=$(process_pid $name)
	check "$name: no TLS key in memory" holds 1 "$old" "$TMP/tls.key"
	kill -9 "$old"
	check "$name: comes back" wait_for 5 is_new $name "$old"
	check "$name: nor after a restart" holds 1 "$(process_pid $name)" "$TMP/tls.key"
done
check "the supervisor: no TLS key in memory" holds 1 $DAEMON_PID "$TMP/tls.key"
check "stop" stop_daemon
