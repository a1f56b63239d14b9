#!/bin/bash
# A disk that fills under an import: before the commit all is refused, after it the rows are applied when there is room again.

if [ -z "${IN_MOUNTS:-}" ]; then
	unshare -rm true 2> /dev/null || { echo "skip import_full: no file system of its own (needs root)"; exit; }
	exec env IN_MOUNTS=1 unshare -rm bash "$0"
fi
. "$(dirname "$0")/../lib.sh"

W=$B/wirechief
mkdir "$TMP/state"
mount -t tmpfs -o size=64m tmpfs "$TMP/state" || { echo "not ok a small file system"; exit 1; }
write_conf
check "the daemon starts" start_daemon
"$W" group add sales > /dev/null
accounts()
{
	[ "$("$W" --json status | jq .accounts)" = "$1" ]
}

# The import: its rows, a full disk, a commit that is refused; room, a commit that is taken, and a full disk at once.
filled()
{
	python3 - "$WIRECHIEF_SOCKET" "$TMP/state/ballast" <<'PYTHON'
import json, os, socket, sys, time
path, ballast = sys.argv[1:]
s = socket.socket(socket.AF_UNIX)
s.settimeout(120)
s.connect(path)
f = s.makefile("rw")
f.readline()
def ask(id, do, **more):
    f.write(json.dumps(dict(id=id, do=do, **more)) + "\n")
    f.flush()
    while True:
        line = json.loads(f.readline())
        if line["id"] == id:
            return line
def fill():
    with open(ballast, "wb", buffering=0) as b:
        try:
            while b.write(bytes(1 << 20)):
                pass
        except OSError:
            pass
def wait_taking(wanted):
    until = time.monotonic() + 120
    while ask(1000, "status")["ok"]["store_ok"] != wanted:
        assert time.monotonic() < until
        time.sleep(0.05)
assert "import" in ask(1, "account import", step="begin")
for part in range(30):
    rows = [dict(line=i, set=dict(username="f%d" % i, group="sales", owner="Owner %d" % i))
        for i in range(part * 100, part * 100 + 100)]
    assert not ask(2 + part, "account import", step="rows", rows=rows)["ok"]["faults"]
fill()
wait_taking(False)
assert ask(100, "account import", step="commit")["error"]["code"] == "unavailable"
os.unlink(ballast)
wait_taking(True)
assert ask(101, "account import", step="commit")["ok"]["rows"] == 3000
fill()
PYTHON
}
check "a full disk refuses the commit, room takes it" filled
serves()
{
	"$W" group show sales > "$TMP/out"
}
check "the daemon serves on a full disk" serves
rm -f "$TMP/state/ballast"
check "room again: all is applied" wait_for 60 accounts 3000
check "indexes agree with records" "$W" verify
check "the chain of events is unbroken" "$W" event verify
check "the daemon ends well" stop_daemon
umount "$TMP/state"
