"""Calls while processes of the daemon are killed, and calls that nobody ends.

    calls_restart.py HOST:PORT TCP_HOST:PORT WIRECHIEF DAEMON_PID

Accounts alice, bob, dora; `calls { gone = 1 }`.
"""
import json
import os
import signal
import subprocess
import sys
import time

from callphone import SDP, CallPhone

PASSWORD = "a secret of its own"
failed = 0


def check(name, passed):
    global failed
    failed += not passed
    print(("ok " if passed else "not ok ") + name, flush=True)
    return passed


def address(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


def told(*command):
    out = subprocess.run([sys.argv[3], "--json", *command], capture_output=True, text=True, timeout=60).stdout
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def until(fits, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fits():
            return True
        time.sleep(0.02)
    return False


def process(name):
    pid = sys.argv[4]
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        for child in children.read().split():
            try:
                with open(f"/proc/{child}/comm", encoding="ascii") as comm:
                    if comm.read().strip() == "wc-" + name:
                        return int(child)
            except OSError:
                pass
    return None


def kill(name, phone):
    """kill -9; returns when another one serves: what it is asked without a password, it asks for that."""
    pid = process(name)
    os.kill(pid, signal.SIGKILL)
    until(lambda: process(name) not in (None, pid))
    phone.responses.clear()

    def serves():
        phone.send(phone.build("SUBSCRIBE", "sip:alice@wirechief.test", {"id": os.urandom(8).hex(), "tag": "s"}, 1, "<sip:alice@wirechief.test>"))
        return phone.response(407, "SUBSCRIBE", 0.3) is not None
    serving = until(serves) and until(lambda: told("status") != [])
    phone.responses.clear()
    return serving


def events():
    return [e["event"] for e in told("event", "list", "--limit", "30", "--query", "module:call")]


def stand(caller, callee, to, headers=""):
    call = caller.invite(to)
    got = callee.request("INVITE")
    callee.reply(got, 180, "Ringing")
    callee.reply(got, 200, "OK", body=SDP, headers=headers)
    ok = caller.response(200, "INVITE")
    caller.established(call, ok)
    caller.inside(call, "ACK", cseq=call["cseq"])
    callee.request("ACK")
    until(lambda: [c["state"] for c in told("call", "list")][-1:] == ["ANSWERED"])
    told("account", "set", caller.user, "description=" + call["id"])     # is said to be saved when all before it is on disk, too
    return call, callee.answering(got)


def asks(name, who, dialog, other, method):
    who.inside(dialog, method)
    heard = other.request(method)
    if heard is not None:
        other.reply(heard, 200, "OK")
    return check(f"{name}: {method} of {who.user} finds its way", heard is not None and who.response(200, method) is not None)


def states():
    return sorted(c["state"] for c in told("call", "list"))


def front_dies(alice, bob, dora, spare):
    call, back = stand(alice, bob, "bob")
    alice.invite("dora")
    ringing = dora.request("INVITE")
    dora.reply(ringing, 180, "Ringing")
    check("two calls are listed", until(lambda: states() == ["ANSWERED", "RINGING"]))
    before = [c for c in told("call", "list") if c["state"] == "ANSWERED"][0]
    check("sip is killed, and another one serves", kill("sip", spare))
    check("the one that rang is no call any more", until(lambda: states() == ["ANSWERED"]))
    check("and that is told", any("FAILED" in e and "Server Restarted" in e for e in events()))
    after = told("call", "list")[0]
    check("the other is as it was", all(before[k] == after[k] for k in ("id", "from", "to", "state", "since")))
    for who, dialog, other in ((alice, call, bob), (bob, back, alice)):
        asks("a new front", who, dialog, other, "INFO")
    asks("a new front", bob, back, alice, "BYE")
    check("the call has ended", until(lambda: states() == []) and any("to bob: ANSWERED" in e for e in events()))


def dropped(alice, bob, spare):
    call, back = stand(alice, bob, "+390002")
    call_at = call["cseq"]
    check("sip is killed again", kill("sip", spare))
    asks("before it is dropped", alice, call, bob, "INFO")
    told("call", "drop", told("call", "list")[0]["id"])
    for who, dialog, counted in ((bob, back, call["cseq"]), (alice, call, back["cseq"])):
        bye = who.request("BYE")
        if check(f"dropped by a new front: {who.user} is sent a BYE", bye is not None):
            fits = bye.fields["call-id"][0] == call["id"] and int(bye.fields["cseq"][0].split()[0]) > (counted if who is bob else call_at)
            check("dropped: it is one of the dialog", fits and f";tag={who.tag if who is bob else call['tag']}" in bye.fields["to"][0])
            who.reply(bye, 200, "OK")
    check("dropped: it is off the list", until(lambda: states() == []) and any("+390002: ANSWERED" in e for e in events()))


def returned(server, user):
    """A phone that connects until it is registered: while the stream process has no front yet, it closes what comes."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        phone = CallPhone(server, user, PASSWORD, transport="tcp")
        if phone.register() == 200:
            return phone
        phone.close()
    return None


def over_tcp(alice, server, spare):
    bob = CallPhone(server, "bob", PASSWORD, transport="tcp")
    bob.register()
    call, _ = stand(alice, bob, "bob")
    check("sip is killed under a connection", kill("sip", spare))
    again = returned(server, "bob")
    check("the phone comes back", again is not None)
    if again is None:
        return
    asks("over another connection", alice, call, again, "INFO")
    told("call", "drop", told("call", "list")[0]["id"])
    for who in (again, alice):
        bye = who.request("BYE")
        if check(f"over another connection: {who.user} is sent a BYE", bye is not None):
            who.reply(bye, 200, "OK")
    check("over another connection: it is off the list", until(lambda: states() == []))
    again.close()
    bob.close()
    told("registration", "drop", "bob")


def keeper_dies(alice, bob, spare):
    call, back = stand(alice, bob, "bob")
    check("the keeper is killed, and another one serves", kill("keeper", spare))
    check("the call is listed as it was", until(lambda: states() == ["ANSWERED"]))
    asks("a new keeper", alice, call, bob, "BYE")
    check("its end is seen", until(lambda: states() == []))
    call, back = stand(alice, bob, "bob")
    pid = process("keeper")
    os.kill(pid, signal.SIGSTOP)		# so that it misses what happens
    asks("without a keeper", bob, back, alice, "BYE")
    check("a keeper that missed an end is killed", kill("keeper", spare))
    check("the new one does not list it", until(lambda: states() == []))
    check("and says so", any("its end was not seen" in e for e in events()))


def nobody_ends(alice, bob, dora):
    call, _ = stand(alice, bob, "bob")
    stand(alice, dora, "dora", headers="Session-Expires: 4;refresher=uas\r\n")
    check("a session that is not refreshed ends", until(lambda: len(states()) == 1) and any("not refreshed" in e for e in events()))
    for who in (alice, dora):
        bye = who.request("BYE")
        if check(f"{who.user} is sent a BYE", bye is not None):
            who.reply(bye, 200, "OK")
    bob.register(0)
    check("a call goes on while one side can be reached", not until(lambda: states() != ["ANSWERED"], 8))
    alice.register(0)
    check("it ends when neither can", until(lambda: states() == []) and any("neither side" in e for e in events()))


def main():
    server, tcp = address(sys.argv[1]), address(sys.argv[2])
    phones = [CallPhone(server, user, PASSWORD) for user in ("alice", "bob", "dora")]
    for phone in phones:
        check(f"{phone.user} registers", phone.register() == 200)
    alice, bob, dora = phones
    spare = CallPhone(server, "alice", PASSWORD)

    front_dies(alice, bob, dora, spare)
    dropped(alice, bob, spare)
    bob.register(0)
    over_tcp(alice, tcp, spare)
    bob.register()
    keeper_dies(alice, bob, spare)
    nobody_ends(alice, bob, dora)
    return failed > 0


sys.exit(main())
