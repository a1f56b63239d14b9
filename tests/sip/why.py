"""What `why` says of an account is what happens: in each state its sentence is asked for, and then a call and a message are tried.

    why.py HOST:PORT HOST:TCPPORT WIRECHIEF DAEMONPID

Exit status 0 when all was tried.
"""
import json
import os
import signal
import subprocess
import sys
import time

from callphone import CallPhone
from ua import Phone

PASSWORD = "a secret of its own"


def where(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


UDP, TCP, WIRECHIEF, DAEMON = where(sys.argv[1]), where(sys.argv[2]), sys.argv[3], sys.argv[4]
rings = False


def run(*words):
    return subprocess.run([WIRECHIEF, *words], stdout=subprocess.PIPE, timeout=120, text=True, check=True).stdout


def why(user="bob"):
    return json.loads(run("--json", "why", user))


def wait(test, seconds=60):
    until = time.monotonic() + seconds
    while not test():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def check(name, good, more=""):
    print(("ok " if good else "not ok ") + name, flush=True)
    if not good:
        print(f"# {more}", flush=True)


def called(alice):
    """The code that alice's call to bob is answered, 180 if it rings (then it is taken back)."""
    call = alice.invite("bob")
    answer = alice.response(180, "INVITE") if rings else alice.response(0, "INVITE")
    if answer is not None and answer[0] == 180:
        alice.cancel(call)
        alice.response(200, "CANCEL")
        answer = alice.response(487, "INVITE")
        alice.ack(call, answer[1]["to"][0])
        return 180
    if answer is not None:
        alice.ack(call, answer[1]["to"][0])
    return answer and answer[0]


class Ringing(CallPhone):
    """Rings, takes messages, answers OPTIONS."""
    probed = True

    def _take(self, raw):
        super()._take(raw)
        with self.lock:
            request = self.requests.pop(0) if self.requests else None
        if request is None or request.method == "ACK" or (request.method == "OPTIONS" and not self.probed):
            return
        if request.method == "INVITE":
            self.ringing = request
            self.reply(request, 180, "Ringing")
        elif request.method == "CANCEL":
            self.reply(request, 200, "OK", contact=False)
            self.reply(self.ringing, 487, "Request Terminated", contact=False)
        else:
            self.reply(request, 200, "OK", contact=False)


def state(name, call, message, *words):
    """Whether it is told that way, and so."""
    global rings
    told = why()
    rings = call == 180
    check(f"{name}: why says so", all(w in told["verdict"] for w in words) and (told["call"], told["message"]) == (call == 180, message == 200),
          told)
    got = called(alice)
    check(f"{name}: a call is answered {call}", got == call, got)
    got = alice.message("bob", f"in the state {name}")
    check(f"{name}: a message is answered {message}", got == message, got)
    return told


def stream_process():
    with open(f"/proc/{DAEMON}/task/{DAEMON}/children") as f:
        pids = f.read().split()
    return next(int(p) for p in pids if open(f"/proc/{p}/comm").read().strip() == "wc-stream")


def fact(told, name):
    return next((f for f in told["facts"] if f["fact"].strip() == name), None)


alice = CallPhone(UDP, "alice", PASSWORD)
check("alice is known", alice.register() == 200)

told = state("not registered", 480, 202, "Neither a call nor a message", "it is not registered", "with 480", "until it registers")
check("its queue is told, then", fact(why(), "Queue")["what"].startswith("1 message waits"), why())
check("nothing was refused yet", fact(told, "Refused last")["state"] == "ok", told)
check("a wrong password", Phone(UDP, "bob", "not the password").register() != 200)
f = fact(why(), "Refused last")
check("is told, with where from", f["state"] == "bad" and "wrong password, REGISTER from 127.0.0.1" in f["what"], f)

run("account", "disable", "bob")
state("disabled", 403, 202, "it is disabled", "with 403", "until it is enabled")
run("account", "enable", "bob")

bob = Ringing(UDP, "bob", PASSWORD)
check("bob registers", bob.register() == 200)
check("what waited is delivered", wait(lambda: fact(why(), "Queue")["what"].startswith("0 messages")), why())
check("its probe is answered", wait(lambda: fact(why(), "probe")["state"] == "ok"), why())
told = state("on line", 180, 200, "A call or a message would reach bob now, at 1 contact.")
check("its source is told", bob.here in fact(told, "Contact 1")["what"] and fact(told, "source")["state"] == "ok", told)

run("account", "set", "bob", "deny=0.0.0.0/0")
check("lists that refuse it are told", "403" in (fact(why(), "lists") or {"what": ""})["what"], why())
run("account", "set", "bob", "deny=")

run("registration", "drop", "bob")
bob.close()
bob = Ringing(TCP, "bob", PASSWORD, transport="tcp")
check("bob registers by TCP", bob.register() == 200)
check("its probe is answered", wait(lambda: (fact(why(), "probe") or {"state": ""})["state"] == "ok"), why())
told = state("on line by TCP", 180, 200, "A call or a message would reach bob now, at 1 contact.")
check("its connection stands", fact(told, "flow")["state"] == "ok", told)
bob.close()
check("it goes", wait(lambda: not why()["call"]))
state("closed by the phone", 480, 202, "it is not registered")

run("queue", "delete", json.loads(run("--json", "queue", "list"))["id"], "--yes")
bob = Ringing(TCP, "bob", PASSWORD, transport="tcp")
check("bob registers by TCP once more", bob.register() == 200)
check("it is reached", wait(lambda: why()["call"]))
os.kill(stream_process(), signal.SIGKILL)
check("the stream process dies, and its connections with it", wait(lambda: fact(why(), "flow")["state"] == "bad"))
told = state("connection gone", 480, 202, "Neither a call nor a message", "connection is gone", "with 480")
check("its connection is told to be gone", fact(told, "flow")["state"] == "bad", told)

run("registration", "drop", "bob")
run("queue", "delete", json.loads(run("--json", "queue", "list"))["id"], "--yes")
mute = Ringing(UDP, "bob", PASSWORD)
mute.probed = False
check("a phone that answers no OPTIONS registers", mute.register() == 200)
check("and is doubted", wait(lambda: "unlikely to reach anybody" in why()["verdict"]), why())
check("it is told that it is asked on, while it is", wait(lambda: "UNREACHABLE, no answer yet, asked now" in fact(why(), "probe")["what"]), why())
