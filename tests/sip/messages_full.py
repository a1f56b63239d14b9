"""messages_full.py HOST UDP-PORT CLI STATE-FOLDER: the disk fills under a load of messages, and is freed.  None that was accepted may be lost,
none accepted that is not on disk; what is there is delivered and deleted meanwhile."""
import os
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from driver import Daemon, until
from ua import Phone

SERVER, CLI, STATE = (sys.argv[1], int(sys.argv[2])), sys.argv[3], sys.argv[4]
SENDERS, LARGE, BALLAST = 4, "x" * 2000, 4 << 20
AWAY, LATER = "away", "later"

daemon = Daemon(CLI)
stop, rest = threading.Event(), threading.Event()
accepted, refused = [[] for _ in range(SENDERS)], []


def phone(user, **more):
    return Phone(SERVER, user, "secret-of-" + user, **more)


def send(number):
    me, n = phone("from%d" % number), 0
    while not stop.is_set():
        to, text = (AWAY, LATER)[n % 2], "%d/%06d " % (number, n)
        code, fields = me.ask("MESSAGE", "sip:%s@wirechief.test" % to, "sip:%s@wirechief.test" % to,
                              "Message-UUID: u-%s\r\nContent-Type: text/plain\r\n" % text.strip(), (text + LARGE).encode())
        if code == 202:
            accepted[number].append((to, text.strip()))
        else:
            refused.append((code, fields.get("retry-after")))
            time.sleep(0.01)
        n += 1
        if rest.is_set():
            time.sleep(0.05)
    me.close()


def status():
    rows = until(lambda: daemon.rows("status"))
    return rows[0] if rows else {}


def count():
    return sum(map(len, accepted))


def fill(most=1 << 62):
    """The rest of the disk, to the last byte; or so much of it."""
    with open(os.path.join(STATE, "ballast"), "ab", buffering=0) as f:
        for size in (1 << 16, 4096, 1):
            try:
                while f.tell() < most:
                    f.write(b"\0" * size)
            except OSError:
                pass


def unseen(gone):
    """What was accepted before the queue was listed and is neither there nor was deleted."""
    before = {text for list_ in accepted for _, text in list(list_)}
    return before - gone - {row["uuid"][2:] for row in daemon.queue()}


threads = [threading.Thread(target=send, args=(n,)) for n in range(SENDERS)]
held, on_line, alice = phone("held", answer=486), phone("online"), phone("alice")
daemon.check("two recipients are on line", (held.register(3600), on_line.register(3600)) == (200, 200))
for n in range(3):
    daemon.check("a message waits for the busy one", alice.message("held", "held %d" % n) == 202)
watch = subprocess.Popen([CLI, "--json", "queue", "watch"], stdout=subprocess.PIPE, text=True)
told = []
threading.Thread(target=lambda: told.extend(watch.stdout), daemon=True).start()
for t in threads:
    t.start()
daemon.check("messages are accepted, and who watches is told", until(lambda: count() >= 100 and told), count())
fill()
daemon.check("a disk that is full from one moment to the next: they are refused", until(lambda: len(refused) > 20), len(refused))
lost = unseen(set())
daemon.check("but every 202 is in the queue", not lost, len(lost), sorted(lost)[:5])
os.unlink(os.path.join(STATE, "ballast"))
now = count()
daemon.check("with room again they are accepted", until(lambda: count() > now))
fill(BALLAST)
refused.clear()
daemon.check("under them the disk fills, and they are refused", until(lambda: refused, 120), count())
rest.set()
fill()
before = len(refused)
until(lambda: len(refused) >= before + 20)
daemon.check("with 503, and Retry-After", {code for code, _ in refused} == {503} and all(after for _, after in refused), refused[:5])
daemon.check("the status says so", until(lambda: status().get("store_ok") is False), status())
keeper = daemon.process("keeper")
lost = unseen(set())
daemon.check("every 202 so far is in the queue", not lost, len(lost), sorted(lost)[:5])
waits = daemon.queue()
victims = [row for row in waits if row["to"] == AWAY][:3]
gone = {row["uuid"][2:] for row in victims}
said = [daemon.command("queue", "delete", row["id"], "--yes") for row in victims]
daemon.check("messages can be deleted", all(s.returncode == 0 for s in said), [s.stderr for s in said])
daemon.check("and that is told", until(lambda: all(any("removed" in line and row["id"] in line for line in told) for row in victims)), told[-5:])
watch.terminate()
watch.wait()
daemon.check("one to a phone on line is delivered", alice.message("online", "hello") == 200 and on_line.wait(1) == ["hello"])
held.answer = 200
daemon.check("those that wait are delivered once their phone takes them", until(lambda: len(set(held.bodies())) == 3), held.bodies())
daemon.check("and leave the queue", until(lambda: not [row for row in daemon.queue() if row["to"] == "held"]))
daemon.check("each came once but for what it was busy for", held.bodies()[-3:] == ["held 0", "held 1", "held 2"], held.bodies())
print("# %d accepted, %d refused; %d bytes of store" % (count(), len(refused), os.path.getsize(os.path.join(STATE, "store", "data.mdb"))), flush=True)

# The senders take room as it comes, so that the status may never be seen to change.
now = count()
for row in [row for row in waits if row["to"] == LATER][100:]:
    if count() >= now + 10:
        break
    gone.add(row["uuid"][2:])
    daemon.command("queue", "delete", row["id"], "--yes")
daemon.check("what is deleted makes room, too", until(lambda: count() >= now + 10), len(gone), count() - now)
before = len(refused)
print("# %d were deleted for it" % len(gone), flush=True)
daemon.check("until that is full, too", until(lambda: len(refused) > before))
os.unlink(os.path.join(STATE, "ballast"))
away, later = phone(AWAY), phone(LATER)
daemon.check("with room again it takes again, by itself", until(lambda: status().get("store_ok") is True), status())
now = count()
daemon.check("and messages are accepted", until(lambda: count() > now), count() - now)
stop.set()
for t in threads:
    t.join()
for p in away, later:
    until(lambda: p.register() == 200)
wanted = {to: {text for list_ in accepted for name, text in list_ if name == to and text not in gone} for to in (AWAY, LATER)}


def came(p):
    return [body.split(" ")[0] for body in p.bodies()]


for p, to in (away, AWAY), (later, LATER):
    until(lambda: wanted[to] <= set(came(p)), 300, pause=0.2)
    lost = wanted[to] - set(came(p))
    daemon.check("what was accepted for %s comes" % to, not lost, len(lost), sorted(lost)[:5])
    extra = set(came(p)) - wanted[to] - gone
    daemon.check("and nothing that was refused", not extra, len(extra), sorted(extra)[:5])
daemon.check("the keeper has not been started again", daemon.process("keeper") == keeper)
daemon.verify()
sys.exit(daemon.bad > 0)
