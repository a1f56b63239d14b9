"""Ends calls in every way, and reads what is told of each.

    outcomes.py HOST:PORT TCP_HOST:PORT WIRECHIEF

Accounts alice, bob, and away, which never registers; a trunk for +44 is made here.
"""
import json
import re
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


def ends():
    """What the log tells of calls, the oldest first, without those that an operator dropped."""
    return [e["event"] for e in told("event", "list", "--limit", "100", "--query", "module:call")]


class Trunk(CallPhone):
    """Answers OPTIONS by itself."""

    def _take(self, raw):
        super()._take(raw)
        request = self.request("OPTIONS", 0)
        if request is not None:
            self.reply(request, 200, "OK", contact=False)


class Outcomes:
    def __init__(self):
        self.seen = len(ends())

    def check(self, name, wanted):
        """There is one more event, and it fits."""
        came = until(lambda: len(ends()) > self.seen, 60)
        news = ends()[self.seen:]
        self.seen += len(news)
        if not check(f"{name}: {wanted}", came and len(news) == 1 and re.search(wanted + "$", news[0]) is not None):
            print("#", news)

    def none(self, name):
        news = ends()[self.seen:]
        self.seen += len(news)
        check(f"{name}: no call, so nothing is told of one", news == [])


def refused(caller, callee, to, code, reason):
    call = caller.invite(to)
    got = callee.request("INVITE")
    callee.reply(got, code, reason)
    callee.request("ACK")
    no = caller.response(0, "INVITE")
    caller.ack(call, no[1]["to"][0])


def stands(caller, callee, to):
    call = caller.invite(to)
    got = callee.request("INVITE")
    callee.reply(got, 180, "Ringing")
    callee.reply(got, 200, "OK", body=SDP)
    ok = caller.response(200, "INVITE")
    caller.established(call, ok)
    caller.inside(call, "ACK", cseq=call["cseq"])
    callee.request("ACK")
    return call, callee.answering(got)


def hang_up(who, dialog, other):
    who.inside(dialog, "BYE")
    other.reply(other.request("BYE"), 200, "OK")
    who.response(200, "BYE")


def duration(o, alice, bob):
    """Between what the keeper can not have seen sooner, or later, than we."""
    began = time.monotonic()
    call, _ = stands(alice, bob, "bob")
    until(lambda: [c["state"] for c in told("call", "list")] == ["ANSWERED"])
    answered = time.monotonic()
    until(lambda: time.monotonic() - answered > 3.2)
    at_least = int(time.monotonic() - answered) - 1
    hang_up(alice, call, bob)
    until(lambda: len(ends()) > o.seen)
    at_most = int(time.monotonic() - began) + 1
    told_s = re.search(r"ANSWERED, (\d+):(\d\d):(\d\d)$", ends()[-1])
    seconds = told_s and int(told_s[1]) * 3600 + int(told_s[2]) * 60 + int(told_s[3])
    check(f"an answered call lasts as long as it does: {at_least} <= {seconds} <= {at_most}", seconds is not None and
          at_least <= seconds <= at_most)
    o.seen = len(ends())


def inside(o, alice, bob):
    for code, reason, outcome in ((486, "Busy Here", "BUSY"), (600, "Busy Everywhere", "BUSY"), (603, "Decline", "BUSY"),
                                  (480, "Away", "NO ANSWER"), (408, "Too Slow", "NO ANSWER"), (487, "Ended", "NO ANSWER"),
                                  (404, "Gone", "FAILED"), (415, "Not That", "FAILED"), (488, "Not Acceptable Here", "FAILED"),
                                  (500, "Broken", "FAILED"), (302, "Elsewhere", "FAILED")):
        refused(alice, bob, "bob", code, reason)
        o.check(f"{code}", rf"from alice to bob: {outcome} after \d+ s, {reason}")
    call = alice.invite("bob")
    got = bob.request("INVITE")
    bob.reply(got, 180, "Ringing")
    alice.response(180, "INVITE")
    alice.cancel(call)
    bob.reply(bob.request("CANCEL"), 200, "OK", contact=False)
    bob.reply(got, 487, "Request Terminated")
    no = alice.response(487, "INVITE")
    alice.ack(call, no[1]["to"][0])
    o.check("cancelled", r"from alice to bob: NO ANSWER after \d+ s, Request Terminated")
    call, back = stands(alice, bob, "+390002")
    hang_up(alice, call, bob)
    o.check("ended by who called", r"from alice to \+390002: ANSWERED, 00:00:\d\d")
    call, back = stands(alice, bob, "bob")
    hang_up(bob, back, alice)
    o.check("ended by who was called", r"from alice to bob: ANSWERED, 00:00:\d\d")
    call, back = stands(alice, bob, "bob")
    alice.inside(call, "BYE")
    bob.reply(bob.request("BYE"), 481, "No Such Call")
    alice.response(481, "BYE")
    o.check("a BYE that finds nothing", r"from alice to bob: ANSWERED, 00:00:\d\d")
    for to, code in (("nobody", 404), ("away", 480), ("+390003", 480), ("+1555", 404)):
        call = alice.invite(to)
        no = alice.response(0, "INVITE")
        check(f"a call to {to} is {code}", no is not None and no[0] == code)
        alice.ack(call, no[1]["to"][0])
    o.none("never let through")


def lost(o, alice, tcp):
    carlo = CallPhone(tcp, "bob", PASSWORD, transport="tcp")
    carlo.register()
    call = alice.invite("bob")
    carlo.request("INVITE")
    carlo.close()
    no = alice.response(0, "INVITE")
    alice.ack(call, no[1]["to"][0])
    o.check("a phone that is lost while it rings", r"from alice to bob: NO ANSWER after \d+ s, Temporarily Unavailable")


def dropped(o, alice, bob):
    call = alice.invite("bob")
    got = bob.request("INVITE")
    bob.reply(got, 180, "Ringing")
    told("call", "drop", told("call", "list")[0]["id"])
    bob.reply(bob.request("CANCEL"), 200, "OK", contact=False)
    bob.reply(got, 487, "Request Terminated")
    no = alice.response(487, "INVITE")
    alice.ack(call, no[1]["to"][0])
    o.check("dropped while it rings", r"from alice to bob: NO ANSWER after \d+ s, Request Terminated")
    stands(alice, bob, "bob")
    until(lambda: [c["state"] for c in told("call", "list")] == ["ANSWERED"])
    told("call", "drop", told("call", "list")[0]["id"])
    for who in (alice, bob):
        who.reply(who.request("BYE"), 200, "OK")
    o.check("dropped", r"from alice to bob: ANSWERED, 00:00:\d\d")


def through_trunk(o, alice, server):
    trunk = Trunk(server, "trunk", "", host="127.0.0.51")
    told("trunk", "add", "trunk", "host=127.0.0.51", f"port={trunk.sock.getsockname()[1]}", "transport=UDP", "prefixes=+44")
    check("the trunk is well", until(lambda: told("trunk", "show", "trunk")[0]["status"] == "OK"))
    refused(alice, trunk, "+441", 486, "Busy There")
    o.check("busy behind a trunk", r"from alice to \+441: BUSY after \d+ s, Busy There")
    refused(alice, trunk, "+441", 503, "No Lines")
    o.check("a trunk that has no lines", r"from alice to \+441: FAILED after \d+ s, (No Lines|Server Failure)")
    call, back = stands(alice, trunk, "+442")
    hang_up(trunk, back, alice)
    o.check("ended behind a trunk", r"from alice to \+442: ANSWERED, 00:00:\d\d")
    call = trunk.invite("+390001", challenged=False)
    got = alice.request("INVITE")
    alice.reply(got, 486, "Busy Here")
    alice.request("ACK")
    no = trunk.response(0, "INVITE")
    trunk.ack(call, no[1]["to"][0])
    o.check("busy for a trunk", r"from trunk to \+390001: BUSY after \d+ s, Busy Here")


def main():
    udp, tcp = address(sys.argv[1]), address(sys.argv[2])
    alice, bob = CallPhone(udp, "alice", PASSWORD), CallPhone(udp, "bob", PASSWORD)
    for phone in (alice, bob):
        check(f"{phone.user} registers", phone.register() == 200)
    o = Outcomes()
    inside(o, alice, bob)
    duration(o, alice, bob)
    dropped(o, alice, bob)
    through_trunk(o, alice, udp)
    bob.register(0)
    lost(o, alice, tcp)
    return failed > 0


sys.exit(main())
