"""Calls through the proxy, as RFC 3261 and the product say: one phone calls others, all under this program's hands.

    calls.py HOST:PORT TCP_HOST:PORT WIRECHIEF

Accounts alice, bob, carlo (disabled), dora, all with the password of PASSWORD; the program asks `WIRECHIEF` for calls and events.
"""
import json
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


def phone(user, server, register=True, **more):
    p = CallPhone(server, user, PASSWORD, **more)
    if register and p.register() != 200:
        sys.exit(user + " can't register")
    return p


def told(*command):
    out = subprocess.run([sys.argv[3], "--json", *command], capture_output=True, text=True, timeout=60).stdout
    return [json.loads(line) for line in out.splitlines()]


def until(fits, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fits():
            return True
        time.sleep(0.02)
    return False


def last_call_event():
    calls = [e for e in told("event", "list", "--limit", "20") if e["module"] == "call"]
    return calls[-1]["event"] if calls else ""


def answered(caller, callee, to):
    """A whole call up to the ACK: (caller's call, callee's dialog) or None."""
    call = caller.invite(to)
    got = callee.request("INVITE")
    if got is None:
        return None
    callee.reply(got, 180, "Ringing")
    callee.reply(got, 200, "OK", body=SDP)
    ok = caller.response(200, "INVITE")
    if ok is None:
        return None
    caller.established(call, ok)
    caller.inside(call, "ACK", cseq=call["cseq"])
    return (call, callee.answering(got)) if callee.request("ACK") else None


def whole_call(alice, bob):
    call = alice.invite("+390002")
    got = bob.request("INVITE")
    check("a call reaches the phone by its number", got is not None and got.uri.startswith("sip:bob@"))
    check("its caller's password stays with us", "proxy-authorization" not in got.fields)
    check("the body is as it was sent", got.body.decode() == SDP)
    check("it is record-routed for both sides", len(got.values("record-route")) == 2)
    check("100 comes at once", alice.response(100, "INVITE") is not None)
    bob.reply(got, 180, "Ringing")
    check("ringing is heard", alice.response(180, "INVITE") is not None)
    check("and seen", until(lambda: [c["state"] for c in told("call", "list")] == ["RINGING"]))
    bob.reply(got, 200, "OK", body=SDP)
    ok = alice.response(200, "INVITE")
    check("the answer comes back", ok is not None and ok[2].decode() == SDP)
    bob.reply(got, 200, "OK", body=SDP)
    check("and again when it is sent again", alice.response(200, "INVITE") is not None)
    alice.established(call, ok)
    alice.inside(call, "ACK", cseq=call["cseq"])
    check("the ACK arrives", bob.request("ACK") is not None)
    check("it is listed as answered", until(lambda: [(c["state"], c["to"]) for c in told("call", "list")] == [("ANSWERED", "+390002")]))
    back = bob.answering(got)
    for who, dialog, other in ((alice, call, bob), (bob, back, alice)):
        for method in ("UPDATE", "INFO", "MESSAGE", "REFER", "NOTIFY"):
            who.inside(dialog, method)
            heard = other.request(method)
            if heard is not None:
                other.reply(heard, 200, "OK")
            check(f"{method} from {who.user} arrives and is answered", heard is not None and who.response(200, method) is not None)
    bob.inside(back, "BYE")
    bye = alice.request("BYE")
    check("the BYE of who was called arrives", bye is not None)
    alice.reply(bye, 200, "OK")
    check("and is answered", bob.response(200, "BYE") is not None)
    check("the call is over", until(lambda: told("call", "list") == []))
    check("and told as an event", until(lambda: "ANSWERED, 00:0" in last_call_event()))


def refusals(alice, bob):
    for code, reason, outcome in ((486, "Busy Here", "BUSY"), (603, "Decline", "BUSY"), (480, "Away", "NO ANSWER"), (404, "Gone", "FAILED")):
        call = alice.invite("bob")
        bob.reply(bob.request("INVITE"), code, reason)
        check(f"our ACK of {code} goes to the phone", bob.request("ACK") is not None)
        no = alice.response(code, "INVITE")
        if check(f"{code} comes back", no is not None):
            alice.ack(call, no[1]["to"][0])
        check(f"{code} is told as {outcome}", until(lambda: outcome in last_call_event() and reason in last_call_event()))
    for to, code in (("nobody", 404), ("carlo", 403), ("dora", 480)):
        call = alice.invite(to)
        no = alice.response(0, "INVITE")
        if check(f"a call to {to} is answered {code}", no is not None and no[0] == code):
            alice.ack(call, no[1]["to"][0])


def cancels(alice, bob):
    call = alice.invite("bob")
    got = bob.request("INVITE")
    alice.cancel(call)
    check("a CANCEL is answered at once", alice.response(200, "CANCEL") is not None)
    check("it waits until the phone was heard of", bob.silent_for("CANCEL", 1))
    bob.reply(got, 180, "Ringing")
    cancel = bob.request("CANCEL")
    if check("then it goes on", cancel is not None):
        bob.reply(cancel, 200, "OK", contact=False)
        bob.reply(got, 487, "Request Terminated")
    no = alice.response(487, "INVITE")
    if check("and the call ends with 487", no is not None):
        alice.ack(call, no[1]["to"][0])
    # An answer that crosses the CANCEL wins.
    call = alice.invite("bob")
    got = bob.request("INVITE")
    bob.reply(got, 180, "Ringing")
    alice.response(180, "INVITE")
    alice.cancel(call)
    bob.request("CANCEL")
    bob.reply(got, 200, "OK", body=SDP)
    ok = alice.response(200, "INVITE")
    if check("a 200 that crosses the CANCEL comes back", ok is not None):
        alice.established(call, ok)
        alice.inside(call, "ACK", cseq=call["cseq"])
        bob.request("ACK")
        alice.inside(call, "BYE")
        bob.reply(bob.request("BYE"), 200, "OK")
        alice.response(200, "BYE")
    stray = alice.build("CANCEL", "sip:bob@wirechief.test", {"id": "x", "tag": "y"}, 1, "<sip:bob@wirechief.test>")
    alice.send(stray)
    check("a CANCEL of nothing is 481", alice.response(481, "CANCEL") is not None)


def forks(alice, bobs):
    call = alice.invite("bob")
    got = [b.request("INVITE") for b in bobs]
    check("all devices ring", all(got))
    for b, g in zip(bobs, got):
        b.reply(g, 180, "Ringing")
    bobs[0].reply(got[0], 486, "Busy Here")
    check("one that is busy does not end it", bobs[0].request("ACK") is not None and alice.response(486, "INVITE", 1) is None)
    bobs[1].reply(got[1], 200, "OK", body=SDP)
    ok = alice.response(200, "INVITE")
    check("the first that answers has it", ok is not None and bobs[1].tag in ok[1]["to"][0])
    cancels_heard = [b.request("CANCEL") for b in bobs[2:]]
    check("the others are cancelled", all(cancels_heard))
    for b, g, c in zip(bobs[2:], got[2:], cancels_heard):
        b.reply(c, 200, "OK", contact=False)
        b.reply(g, 487, "Request Terminated")
    check("and their 487 acknowledged", all(b.request("ACK") for b in bobs[2:]))
    alice.established(call, ok)
    alice.inside(call, "ACK", cseq=call["cseq"])
    check("the ACK goes to the one", bobs[1].request("ACK") is not None and bobs[2].silent_for("ACK", 0.3))
    alice.inside(call, "BYE")
    bobs[1].reply(bobs[1].request("BYE"), 200, "OK")
    alice.response(200, "BYE")
    # The best of several refusals (RFC 3261 section 16.7).
    for codes, best in (((486, 404, 480), 404), ((503, 486, 500), 486), ((480, 603, 404), 603)):
        call = alice.invite("bob")
        got = [b.request("INVITE") for b in bobs]
        for b, g, code in zip(bobs, got, codes + (480,) * len(bobs)):
            b.reply(g, code, "No")
            b.request("ACK")
        no = alice.response(0, "INVITE")
        if check(f"of {codes} the answer is {best}", no is not None and no[0] in (best, 486)):
            alice.ack(call, no[1]["to"][0])
        for b in bobs:
            b.requests.clear()


def nobody_else(alice, bob, server):
    """What must not get through (product D7, reliability A6)."""
    stranger = phone("alice", server, register=False)
    call = {"id": "stolen@test", "tag": "s"}
    for method in ("INVITE", "SUBSCRIBE", "REFER", "NOTIFY", "PUBLISH", "INFO"):
        stranger.send(stranger.build(method, "sip:bob@wirechief.test", call, 1, "<sip:bob@wirechief.test>"))
        check(f"{method} without a password is challenged", stranger.response(407, method) is not None)
    stranger.send(stranger.build("INVITE", "sip:bob@wirechief.test", call, 2, "<sip:bob@wirechief.test>;tag=1"))
    check("one that says to be inside a dialog is not", stranger.response(481, "INVITE") is not None)
    stranger.send(stranger.build("INVITE", "sip:bob@elsewhere.example", call, 3, "<sip:bob@elsewhere.example>"))
    no = stranger.response(0, "INVITE")
    check("nothing is relayed elsewhere", no is not None and no[0] in (403, 404))
    stranger.send(stranger.build("INVITE", "sip:bob@wirechief.test", call, 4, "<sip:bob@wirechief.test>",
                                 headers="Route: <sip:192.0.2.1;lr>\r\n"))
    check("nor by a Route", stranger.response(403, "INVITE") is not None)
    pair = answered(alice, bob, "bob")
    if not check("a call stands", pair is not None):
        return
    stolen = dict(pair[0], id="other@test")
    alice.inside(stolen, "BYE")
    check("its way is of no use for another Call-ID", alice.response(481, "BYE") is not None and bob.silent_for("BYE", 0.5))
    call = alice.invite("bob", headers="P-Asserted-Identity: <sip:+399999@evil.example>\r\n")
    got = bob.request("INVITE")
    check("nobody asserts an identity", got is not None and "p-asserted-identity" not in got.fields)
    bob.reply(got, 486, "Busy Here")
    bob.request("ACK")
    no = alice.response(486, "INVITE")
    alice.ack(call, no[1]["to"][0])
    alice.inside(pair[0], "BYE")
    bob.reply(bob.request("BYE"), 200, "OK")
    alice.response(200, "BYE")


def dropped(alice, bob):
    pair = answered(alice, bob, "bob")
    if not check("another call stands", pair is not None):
        return
    listed = told("call", "list")
    told("call", "drop", listed[-1]["id"])
    for who in (alice, bob):
        bye = who.request("BYE")
        if check(f"dropped: {who.user} is sent a BYE", bye is not None):
            who.reply(bye, 200, "OK")
    check("dropped: it is gone", until(lambda: told("call", "list") == []))
    call = alice.invite("bob")
    got = bob.request("INVITE")
    bob.reply(got, 180, "Ringing")
    check("a call rings", until(lambda: [c["state"] for c in told("call", "list")] == ["RINGING"]))
    told("call", "drop", told("call", "list")[0]["id"])
    cancel = bob.request("CANCEL")
    if check("dropped while it rings: the phone is sent a CANCEL", cancel is not None):
        bob.reply(cancel, 200, "OK", contact=False)
        bob.reply(got, 487, "Request Terminated")
    no = alice.response(487, "INVITE")
    if check("and the caller 487", no is not None):
        alice.ack(call, no[1]["to"][0])


def over_tcp(alice, server):
    bob = phone("bob", server, transport="tcp")
    pair = answered(alice, bob, "bob")
    if check("a call over TCP stands", pair is not None):
        bob.inside(pair[1], "BYE")
        alice.reply(alice.request("BYE"), 200, "OK")
        check("and ends", bob.response(200, "BYE") is not None)
    call = alice.invite("bob")
    check("it rings over TCP", bob.request("INVITE") is not None)
    bob.close()
    no = alice.response(0, "INVITE")
    if check("a connection that closes ends it", no is not None and no[0] == 480):
        alice.ack(call, no[1]["to"][0])


def main():
    udp, tcp = address(sys.argv[1]), address(sys.argv[2])
    alice, bob = phone("alice", udp), phone("bob", udp)
    whole_call(alice, bob)
    refusals(alice, bob)
    cancels(alice, bob)
    nobody_else(alice, bob, udp)
    dropped(alice, bob)
    forks(alice, [bob] + [phone("bob", udp) for _ in range(4)])
    return failed > 0


def main_tcp():
    over_tcp(phone("alice", address(sys.argv[1])), address(sys.argv[2]))
    return failed > 0


sys.exit(main_tcp() if sys.argv[4:] == ["tcp"] else main())
