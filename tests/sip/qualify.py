"""qualify.py HOST:PORT CLI: phones that answer OPTIONS well, late, not at all, with an error, and what is shown of them.  Prints "ok" and
"not ok" lines; reads the daemon's process id, has it started again by "start?"."""
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from ua import Phone

HOST, PORT = sys.argv[1].split(":")
SERVER, CLI = (HOST, int(PORT)), sys.argv[2]


def check(name, right, *more):
    print("ok" if right else "not ok", name, *([] if right else more), flush=True)


def cli(*words):
    return subprocess.run([CLI, "--json", *words], capture_output=True, text=True, check=False).stdout


def lines(*words):
    return [json.loads(line) for line in cli(*words).splitlines()]


def status(user):
    """Of its devices, as `registration list` tells."""
    return sorted(str(r["device_status"]) for r in lines("registration", "list") if r["username"] == user)


def account(user):
    return next((a for a in lines("account", "list") if a["username"] == user), {})


def counts():
    told = lines("status")
    return told and (told[0]["devices"]["OK"], told[0]["devices"]["UNMONITORED"])


def until(test, seconds=60):
    """What test says once it is true.  A phone may be late for once, and is what it was with the next probe."""
    end = time.monotonic() + seconds
    while True:
        said = test()
        if said or time.monotonic() > end:
            return said
        time.sleep(0.05)


def becomes(user, *statuses):
    check(f"{user} is {' and '.join(statuses)}", until(lambda: status(user) == list(statuses)), status(user))


def phone(user, options=200, late=0, transport="udp"):
    p = Phone(SERVER, user, "secret-of-" + user, transport=transport)
    p.options, p.late = options, late
    if p.register() != 200:
        check(user + " registers", False)
    return p


pid = int(sys.stdin.readline())
well, slow, quiet = phone("well"), phone("slow", late=1.4), phone("quiet", options=None)
error, wire, off, away = phone("error", options=404), phone("wire", options=501, transport="tcp"), phone("off"), phone("away")
own, worse, better = phone("own", late=0.2), phone("twice", options=None), phone("twice")

becomes("well", "OK")
becomes("slow", "LAGGED")
becomes("quiet", "UNREACHABLE")
becomes("error", "OK")
becomes("wire", "OK")
becomes("off", "UNMONITORED")
becomes("twice", "OK", "UNREACHABLE")
check("a phone of an account with its own threshold is measured by that", until(lambda: status("own") in (["LAGGED"], ["UNREACHABLE"])),
      status("own"))
check("one that must register elsewhere has no status and is not probed", status("away") == ["None"] and not away.probes, status("away"))
check("nor is one whose account wants none", not off.probes)
check("the account list tells the best of several", until(lambda: account("twice").get("device_status") == "OK"), account("twice"))
check("and how long its answer took", until(lambda: (account("slow").get("latency_ms") or 0) >= 1400), account("slow"))
check("an account's details tell it, too", until(lambda: [a["device_status"] for a in lines("account", "show", "well")] == ["OK"]))
check("the status counts them", until(lambda: counts() == (4, 1)), counts())
check("a change is an event", any(e["module"] == "device" and e["subject"] == "quiet" and "UNREACHABLE" in e["event"]
                                  for e in lines("event", "list")))

n = len(well.probes)
check("one that is well is probed again every interval", until(lambda: len(well.probes) >= n + 4), len(well.probes))
came = [at for _, at, _ in well.probes[n:n + 4]]        # one that is late comes nearer to the next
check("and not more often", came[-1] - came[0] > 9, came)

becomes("quiet", "UNKNOWN")
becomes("well", "OK")
n = len(quiet.probes)
time.sleep(3)           # three times the retry: that nothing comes is only seen by waiting
check("one that is UNKNOWN is not tried any more", len(quiet.probes) == n)
os.kill(pid, signal.SIGTERM)
print("start?", flush=True)
pid = int(sys.stdin.readline())
cli("debug", "on", "qualify")
check("a restart knows it still", status("quiet") == ["UNKNOWN"], status("quiet"))
check("and what was well", status("well") == ["OK"], status("well"))
quiet.options = 200
quiet.register()
becomes("quiet", "OK")
well.options = None
becomes("well", "UNREACHABLE")
well.options = 481
becomes("well", "OK")
check("one whose connection went with the daemon is not reached", until(lambda: status("wire") in (["UNREACHABLE"], ["UNKNOWN"])),
      status("wire"))
wire.close()
