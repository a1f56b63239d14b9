"""Backups under load, and what is in them.

    backup.py load HOST:PORT CLI FOLDER	writers edit, send and register while backups are taken: FOLDER/backup-N, and what was acknowledged
					before each began in FOLDER/before-N
    backup.py held CLI FILE HOW KEEPER-PID STATUS WORDS	a backup to FILE is held when it has begun, and ended: by the signal HOW, or by "keeper"'s death
    backup.py edits SOCKET N	so many edits
    backup.py stalled CLI FILE SOCKET N	so many while a backup to FILE stands still, which is then ended
    backup.py compare CLI FOLDER N	the daemon serves the store of backup N: is that one state that there was?
"""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from driver import until
from ua import Phone

WRITERS, SENDERS, BACKUPS, BETWEEN = 3, 2, 3, 12
TRAILER, TRAILER_BYTES = b"wirechief-backup", 64
bad = 0


def check(name, right, *more):
    global bad
    print("ok" if right else "not ok", name, *([] if right else more), flush=True)
    bad += not right


def rows(cli, *words):
    said = subprocess.run([cli, "--json", *words], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in said.stdout.splitlines()]


class Load:
    """Each list grows by what was acknowledged."""

    def __init__(self, server, cli):
        self.server, self.cli, self.stop = server, cli, threading.Event()
        self.edits, self.sent, self.registered = [0] * WRITERS, [[] for _ in range(SENDERS)], []
        work = [(self.edit, n) for n in range(WRITERS)] + [(self.send, n) for n in range(SENDERS)] + [(self.register, 0)]
        self.threads = [threading.Thread(target=do, args=(n,)) for do, n in work]
        for t in self.threads:
            t.start()

    def edit(self, n):
        while not self.stop.is_set():
            number = self.edits[n] + 1
            subprocess.run([self.cli, "account", "set", "edited%d" % n, "owner=Edit %d" % number], capture_output=True, check=True)
            self.edits[n] = number

    def send(self, n):
        phone = Phone(self.server, "from%d" % n, "secret-of-from%d" % n)
        while not self.stop.is_set():
            uuid = "%d/%06d" % (n, len(self.sent[n]))
            if phone.message("to%d" % n, uuid, uuid=uuid) == 202:
                self.sent[n].append(uuid)
        phone.close()

    def register(self, _):
        while not self.stop.is_set():
            user = "u%06d" % len(self.registered)
            phone = Phone(self.server, user, "secretsecret")
            if phone.register(3600) == 200:
                self.registered.append(user)
            phone.close()

    def state(self):
        return {"edits": list(self.edits), "sent": [list(s) for s in self.sent], "registered": list(self.registered)}

    def has_moved(self, before):
        now = self.state()
        return all(a >= b + BETWEEN for a, b in zip(now["edits"], before["edits"])) and \
            all(len(a) >= len(b) + BETWEEN for a, b in zip(now["sent"], before["sent"])) and \
            len(now["registered"]) >= len(before["registered"]) + BETWEEN

    def end(self):
        self.stop.set()
        for t in self.threads:
            t.join()


def load(server, cli, folder):
    host, port = server.rsplit(":", 1)
    running = Load((host, int(port)), cli)
    for n in range(BACKUPS):
        before = running.state()
        until(lambda before=before: running.has_moved(before), 120)
        before = running.state()
        with open("%s/before-%d" % (folder, n), "w") as f:
            json.dump(before, f)
        file = "%s/backup-%d" % (folder, n)
        said = subprocess.run([cli, "backup", file], capture_output=True, text=True, check=False)
        check("a backup is taken under load", said.returncode == 0, said.stderr)
        check("it is its owner's alone", os.path.exists(file) and os.stat(file).st_mode & 0o777 == 0o600)
    before = running.state()
    check("the load went on all the time", until(lambda: running.has_moved(before), 120), running.state())
    running.end()
    with open(folder + "/events", "w") as f:
        json.dump(rows(cli, "event", "list"), f)
    now = running.state()
    print("# %d edits, %d messages, %d registrations" % (sum(now["edits"]), sum(map(len, now["sent"])), len(now["registered"])), flush=True)


def read(folder, name):
    with open(os.path.join(folder, name)) as f:
        return json.load(f)


def is_first_of(list_, whole):
    return list_ == whole[:len(list_)]


def compare(cli, folder, n):
    before, live = read(folder, "before-" + n), read(folder, "events")
    for what in ("verify",), ("event", "verify"):
        said = subprocess.run([cli, *what], capture_output=True, text=True, check=False)
        check("%s finds no fault" % " ".join(what), said.returncode == 0, said.stderr)
    events = rows(cli, "event", "list")
    told = [e for e in events if "was restored from a backup" in e["event"]]
    check("an event tells of the restore", len(told) == 1, told, events[-3:])
    events = events[:events.index(told[0])] if told else events
    check("the events are the first of those that there were", len(events) > 50 and is_first_of(events, live), len(events))

    for w in range(WRITERS):
        edits = [int(e) for ev in events if ev["subject"] == "edited%d" % w for e in re.findall(r'Edit (\d+)"$', ev["event"])]
        owner = rows(cli, "account", "show", "edited%d" % w)[0]["owner"]
        check("edits of account %d: none is lacking in between, and it is as the last of them made it" % w,
              edits == list(range(1, len(edits) + 1)) and owner == "Edit %d" % len(edits), owner, edits[-3:])
        check("each that was saved before the backup is there", len(edits) >= before["edits"][w], len(edits), before["edits"][w])
    queue = rows(cli, "queue", "list", "--sort", "received")
    for s in range(SENDERS):
        uuids = [m["uuid"] for m in queue if m["from_account"] == "from%d" % s]
        check("messages of sender %d: the first of those that it sent" % s, uuids == ["%d/%06d" % (s, i) for i in range(len(uuids))], uuids)
        check("with each that was answered 202 before the backup", set(before["sent"][s]) <= set(uuids), len(uuids), len(before["sent"][s]))
    listed = sorted(r["username"] for r in rows(cli, "registration", "list"))
    check("registrations: the first of those that there were", listed == ["u%06d" % i for i in range(len(listed))], listed)
    check("with each that was answered 200 before the backup", set(before["registered"]) <= set(listed), len(listed), len(before["registered"]))


def begun(file):
    """The temporary file that is there and has something in it, or None."""
    folder, name = os.path.split(file)
    for f in os.listdir(folder):
        try:
            if f.startswith(name + ".") and os.stat(os.path.join(folder, f)).st_size > 0:
                return os.path.join(folder, f)
        except FileNotFoundError:
            pass            # it has its name by now
    return None


def is_unfinished(program, file):
    """Whether the program, which stands still, has not all of it yet."""
    temporary = begun(file) if program.poll() is None else None
    if temporary is None:
        return False
    with open(temporary, "rb") as f:
        return TRAILER not in f.read()[-TRAILER_BYTES:]


def hold(cli, file):
    """The store is larger than what is on its way at any time: a program that stands still has not all of it."""
    while True:
        program = subprocess.Popen([cli, "backup", file], stderr=subprocess.PIPE, text=True)
        while program.poll() is None:
            if begun(file):
                program.send_signal(signal.SIGSTOP)
                os.waitid(os.P_PID, program.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
                break
        if is_unfinished(program, file):
            return program
        program.send_signal(signal.SIGCONT)
        program.communicate()
        os.unlink(file)         # it was quicker than we: once more


def held(cli, file, how, keeper, status, words):
    program = hold(cli, file)
    if how == "keeper":
        os.kill(int(keeper), signal.SIGKILL)
    else:
        program.send_signal(getattr(signal, "SIG" + how))
    program.send_signal(signal.SIGCONT)
    said = program.communicate(timeout=100)[1]
    if program.returncode != int(status) or words not in said:
        print("# status %d: %s" % (program.returncode, said))
        sys.exit(1)


def edits(path, n):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(100)
    sock.connect(path)
    lines = sock.makefile("rb")
    lines.readline()
    for i in range(int(n)):
        request = {"id": i, "do": "account set", "name": "u%06d" % (i % 2000), "set": {"description": os.urandom(100).hex()}}
        sock.sendall(json.dumps(request).encode() + b"\n")
        if "ok" not in json.loads(lines.readline()):
            sys.exit("edit %d: refused" % i)


def stalled(cli, file, path, n):
    program = hold(cli, file)
    try:
        edits(path, n)
    finally:
        program.send_signal(signal.SIGINT)
        program.send_signal(signal.SIGCONT)
        program.communicate()
    sys.exit(program.returncode != 130)


if sys.argv[1] == "edits":
    edits(*sys.argv[2:])
elif sys.argv[1] == "stalled":
    stalled(*sys.argv[2:])
elif sys.argv[1] == "load":
    load(*sys.argv[2:])
elif sys.argv[1] == "held":
    held(*sys.argv[2:])
else:
    compare(*sys.argv[2:])
sys.exit(bad > 0)
