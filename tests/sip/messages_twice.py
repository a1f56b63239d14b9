"""messages_twice.py HOST UDP-PORT CLI ROUNDS: a phone answers a message with 200, and before its end is written the keeper is killed: that message
may come twice, with its Uuid; none may be lost, and none overtake another."""
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from driver import Daemon, until
from ua import Phone

SERVER, CLI, ROUNDS = (sys.argv[1], int(sys.argv[2])), sys.argv[3], int(sys.argv[4])
AT_ONCE = 3             # messages for each kill
FRESH = 4               # kills of one daemon: the supervisor starts what dies often later and later
LATEST_S = 0.003


class Killer(Phone):
    """A recipient; when armed, its answer to a message that it has not had before is the last that the keeper lives to see.  Every other time
    that is stopped meanwhile, so that surely nothing of the answer is written; else it runs on for a moment."""

    def arm(self, daemon, moment):
        self.daemon, self.moment = daemon, moment

    def _take(self, raw):
        moment = getattr(self, "moment", None)
        if not raw.startswith(b"MESSAGE") or moment is None or raw.partition(b"\r\n\r\n")[2].decode() in self.bodies():
            super()._take(raw)
            return
        self.moment = None
        pid = self.daemon.process("keeper")
        if moment == 0:
            os.kill(pid, signal.SIGSTOP)
        super()._take(raw)
        time.sleep(moment or LATEST_S)
        os.kill(pid, signal.SIGKILL)
        self.killed.append(moment)


daemon = Daemon(CLI)
alice, bob = Phone(SERVER, "alice", "secret-of-alice"), Killer(SERVER, "bob", "secret-of-bob")
bob.killed = []
daemon.check("the recipient registers", bob.register() == 200)
sent, codes = [], []
for i in range(ROUNDS):
    if i % FRESH == 0 and i > 0:
        until(lambda: daemon.queue() == [])
        daemon.restart()
    until(lambda: bob.register(0) == 200)
    for n in range(AT_ONCE):
        text = "%04d" % (i * AT_ONCE + n)
        until(lambda: codes.append(alice.message("bob", text, uuid="u-" + text)) or codes[-1] == 202)
        sent.append(text)
    bob.arm(daemon, 0 if i % 2 == 0 else LATEST_S * random.random() + 1e-6)
    until(lambda: bob.register() == 200)
    until(lambda: len(bob.killed) == i + 1 and set(sent) <= set(bob.bodies()), 120)
until(lambda: daemon.rows("queue", "list") == [])
came = bob.bodies()
first = list(dict.fromkeys(came))
daemon.check("the keeper was killed %d times between the 200 and what follows" % ROUNDS, len(bob.killed) == ROUNDS, len(bob.killed))
daemon.check("every message came", not set(sent) - set(came), sorted(set(sent) - set(came)))
daemon.check("once or twice", all(came.count(text) <= 2 for text in sent), [text for text in sent if came.count(text) > 2])
twice = sum(came.count(text) == 2 for text in sent)
daemon.check("twice where the keeper can't have seen the answer", twice >= (ROUNDS + 1) // 2, twice)
daemon.check("in order", first == sent, first)
daemon.check("each time with its Uuid", all(fields.get("message-uuid") == ["u-" + body] for body, fields, _ in bob.got))
daemon.verify()
print("# %d messages, %d kills, %d came twice" % (len(sent), len(bob.killed), twice), flush=True)
sys.exit(daemon.bad > 0)
