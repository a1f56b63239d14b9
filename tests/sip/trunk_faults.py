"""trunk_faults.py CLI FOLDER: providers and a name server; prints its port, waits for a line, and tries trunks.  Prints "ok" and "not ok"."""
import itertools
import json
import os
import random
import socket
import ssl
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from provider import Names, Provider

CLI, FOLDER = sys.argv[1:]
failed = 0


def check(name, right, *more):
    global failed
    print("ok" if right else "not ok", name, *([] if right else more), flush=True)
    failed += not right


def cli(*words, text=None):
    return subprocess.run([CLI, *words], capture_output=True, text=True, check=False, input=text)


def rows():
    return {row["name"]: row for row in map(json.loads, cli("--json", "trunk", "list").stdout.splitlines())}


def targets(name):
    return json.loads(cli("--json", "trunk", "show", name).stdout)["targets"]


def until(test, seconds=60):
    """What test says, once that is true or the time is over."""
    end = time.monotonic() + seconds
    while True:
        said = test()
        if said or time.monotonic() > end:
            return said
        time.sleep(0.1)


def becomes(name, status, error=""):
    """The trunk comes to that status, with that in its last error."""
    def is_so():
        row = rows()[name]
        return row["status"] == status and error in (row["last_error"] or "")
    check("%s: %s %s" % (name, status, error), until(is_so), rows()[name])


def events(query):
    return cli("event", "list", "--query", query).stdout


def free_port():
    """One that nobody has anywhere, of those that the system gives to nobody by itself."""
    while True:
        port = random.randrange(10000, 32000)
        try:
            for family, kind in itertools.product((socket.AF_INET, socket.AF_INET6), (socket.SOCK_STREAM, socket.SOCK_DGRAM)):
                with socket.socket(family, kind) as s:
                    s.bind(("", port))
        except OSError:
            continue
        return port


PORT = free_port()
names = Names()
addresses = iter(range(2, 250))


def provider(*hosts, **more):
    """One at an address of its own, which the hosts have."""
    addr = "127.0.0.%d" % next(addresses)
    for host in hosts:
        names.table[host] = [addr]
    p = Provider(addr, PORT, **more)
    p.addr = addr
    return p


def add(name, host, registers=False, transport="UDP", *more):
    said = cli("trunk", "add", name, "host=" + host, "port=%d" % PORT, "username=carol", "password=-", "transport=" + transport,
               "register=%s" % ("yes" if registers else "no"), *more, text="secret\n")
    check(name + " is made", said.returncode == 0, said.stderr)


def context(certificate):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(FOLDER + "/%s.crt" % certificate, FOLDER + "/%s.key" % certificate)
    return c


print(names.port, flush=True)
sys.stdin.readline()

good = provider("good.example", realm="provider", expires=3600)
md5 = provider("md5.example", realm="provider", algorithms=["MD5", "SHA-512-256"])
silent = provider("silent.example", options=0)
slow = provider("slow.example", delay=1.3)
busy = provider("busy.example", options=503)
full = provider("full.example", register=503, headers="Retry-After: 3000\r\n")
forbids = provider("forbids.example", register=403)
wrong = provider("wrong.example", realm="provider", password="another")
shifty = provider("shifty.example", realm="before")
other = provider("other.example", realm="provider")
other.answer_from = provider()
other.answer_from = other.answer_from.sock
moves = provider("moves.example")
ten = [provider() for _ in range(10)]
names.table["ten.example"] = [p.addr for p in ten]
names.table["six.example"] = ["::1"]
six = Provider("::1", PORT)
names.table["empty.example"] = []
tls = [provider(host, transport="tls", context=context(certificate))
       for host, certificate in (("tls.example", "good"), ("named.example", "other"), ("expired.example", "expired"))]

# Those that are to be well stay so while anybody stands still for some seconds; what is silent is found out sooner.
for trunk, host in (("good", "good"), ("md5", "md5"), ("full", "full"), ("forbids", "forbids"), ("wrong", "wrong"), ("shifty", "shifty"),
                    ("other", "other")):
    add(trunk, host + ".example", True, "UDP", "qualify=15000")
for trunk in ("silent", "slow", "busy", "moves", "ten", "six", "empty", "none"):
    add(trunk, trunk + ".example")
add("unmonitored", "good.example", False, "UDP", "qualify=no")
add("off", "good.example", True, "UDP", "enabled=no")
for trunk, host in (("secure", "tls"), ("named", "named"), ("expired", "expired")):
    add(trunk, host + ".example", False, "TLS", "encryption=yes", "qualify=15000")
add("nobody", "127.0.0.1", False, "TCP")

becomes("good", "OK")
check("good: registered for what it was granted", rows()["good"]["registration_expires"] is not None)
check("good: SHA-256 was taken", any('algorithm=SHA-256' in f.get("authorization", [""])[0] for _, f in good.requests))
check("good: its realm is known", rows()["good"].get("realm", json.loads(cli("--json", "trunk", "show", "good").stdout).get("realm")) == "provider")
becomes("md5", "OK")
check("md5: MD5 was taken", any('algorithm=MD5' in f.get("authorization", [""])[0] for _, f in md5.requests))
becomes("silent", "UNREACHABLE", "no answer in 2.0 s")
becomes("slow", "LAGGED")
becomes("busy", "UNREACHABLE", "503 Answer")
becomes("full", "UNREGISTERED", "503 Answer; next try ")
becomes("forbids", "REJECTED", "403 Forbidden; next try ")
becomes("wrong", "REJECTED", "username or password are not taken")
check("wrong: one password was sent, once", wrong.authorizations() == 1, wrong.authorizations())
becomes("six", "OK")
check("six: by its only address", [t["address"] for t in targets("six")] == ["[::1]:%d" % PORT], targets("six"))
becomes("empty", "UNREACHABLE", "no address")
becomes("none", "UNREACHABLE", "no such name")
becomes("unmonitored", "UNMONITORED")
becomes("off", "DISABLED")
becomes("nobody", "UNREACHABLE", "refused")
becomes("secure", "OK")
becomes("named", "UNREACHABLE", "elsewhere.example")
becomes("expired", "UNREACHABLE", "expired")

becomes("ten", "OK")
check("ten: each of its addresses is probed", until(lambda: [t["status"] for t in targets("ten")] == ["OK"] * 10), targets("ten"))
for one in ten[1:]:
    one.options = 0
check("ten: nine are lost, each told", until(lambda: sorted(t["status"] for t in targets("ten")) == ["OK"] + ["UNREACHABLE"] * 9), targets("ten"))
becomes("ten", "OK", "no answer")

check("other: it is told whence it answers", until(lambda: targets("other")[0]["status"] == "OK" and
      "answers from 127.0.0." in targets("other")[0]["error"]), targets("other"))
becomes("other", "REJECTED", "none was sent")
check("other: no password went to who was not asked", other.authorizations() == 0)

becomes("moves", "OK")
moved = provider("moves.example")
moves.options = 0
check("moves: it is found where it went", until(lambda: [t["address"] for t in targets("moves")] == ["%s:%d" % (moved.addr, PORT)]), targets("moves"))
becomes("moves", "OK")
del names.table["moves.example"]
becomes("moves", "OK", "its last addresses are used")

becomes("shifty", "OK")
before = shifty.authorizations()
shifty.realm = "after"
cli("trunk", "retry", "shifty")
becomes("shifty", "REJECTED", 'realm "after" asks for the password of "before": none was sent')
check("shifty: none was", shifty.authorizations() - before <= 1 and not any('realm="after"' in f.get("authorization", [""])[0]
      for _, f in shifty.requests))
cli("trunk", "set", "shifty", "realm=")
becomes("shifty", "OK")

silent.options = 200
becomes("silent", "OK")
check("events tell of each change", "UNREACHABLE -> " in events("module:trunk AND subject:silent") and
      "REJECTED, 403 Forbidden" in events("module:trunk AND subject:forbids"), events("module:trunk"))
count = forbids.count("REGISTER")
cli("trunk", "retry", "forbids")
check("a retry has it tried at once", until(lambda: forbids.count("REGISTER") == count + 1))
forbids.register = 200
cli("trunk", "set", "forbids", "priority=3")
becomes("forbids", "OK")
cli("trunk", "disable", "forbids")
check("disabled, it takes its registration away", until(lambda: any(m == "REGISTER" and f.get("expires") == ["0"] for m, f in forbids.requests)))

# The test, step by step.
before, asked = rows()["good"], len(good.requests)
said = cli("trunk", "test", "good", "--json")
steps = [json.loads(line) for line in said.stdout.splitlines()]
check("a test tells its steps", [(s["step"], s["result"]) for s in steps[:5]] == [("resolve", "ok"), ("connect", "skipped"), ("tls", "skipped"),
      ("options", "ok"), ("register", "ok")] and said.returncode == 0, said.stdout, said.stderr)
check("and asks the registrar for nothing", not any("contact" in f for m, f in good.requests[asked:] if m == "REGISTER"))
said = cli("trunk", "test", "expired", "--json")
steps = [json.loads(line) for line in said.stdout.splitlines()]
check("one of TLS fails at TLS", [(s["step"], s["result"]) for s in steps[:5]] == [("resolve", "ok"), ("connect", "ok"), ("tls", "failed"),
      ("options", "skipped"), ("register", "skipped")] and "2014" in steps[2]["what"] and said.returncode == 1, said.stdout, said.stderr)
said = cli("trunk", "test", "secure")
check("one of TLS tells version, name and expiry", "TLSv1." in said.stdout and "tls.example" in said.stdout and "until 20" in said.stdout
      and said.returncode == 0, said.stdout, said.stderr)
said = cli("trunk", "test", "wrong")
check("a password that is not taken fails", "username or password are not taken" in said.stdout and said.returncode == 1, said.stdout, said.stderr)
check("a test changes nothing of what is live", {**rows()["good"], "latency_ms": 0} == {**before, "latency_ms": 0}, before, rows()["good"])
check("a test is an event", "tested, failed: tls, " in events("module:admin AND subject:expired"), events("module:admin AND subject:expired"))
sys.exit(failed > 0)
