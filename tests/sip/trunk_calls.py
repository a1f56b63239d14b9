"""What trunks and accounts are told of each other in calls, which trunk a call goes to, and what limits them.

    trunk_calls.py HOST:PORT WIRECHIEF PART...

Accounts alice (+390001, +390011), bare (no number), both of a group that may call +44 and 00; trunks are made here, one for each number
range, on loopback addresses of their own.
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


def told(*command, given=""):
    out = subprocess.run([sys.argv[2], "--json", *command], input=given, capture_output=True, text=True, timeout=60)
    if out.returncode != 0:
        print("#", command, out.stderr, flush=True)
    return [json.loads(line) for line in out.stdout.splitlines() if line.startswith("{")]


def until(fits, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fits():
            return True
        time.sleep(0.02)
    return False


def events(module, level=None):
    return [e["event"] for e in told("event", "list", "--limit", "50", "--query", "module:" + module) if level in (None, e["level"])]


class Trunk(CallPhone):
    """The provider's end: it answers OPTIONS by itself; calls are the test's."""

    def __init__(self, server, host, name, prefixes, *fields, given="", **more):
        self.alive = True
        super().__init__(server, name, "", host=host, **more)
        self.name, self.host, self.port = name, host, self.sock.getsockname()[1]
        told("trunk", "add", name, "host=" + host, f"port={self.port}", "transport=UDP", "prefixes=" + prefixes, *fields, given=given)

    def _take(self, raw):
        if raw.startswith(b"OPTIONS"):
            if self.alive:
                super()._take(raw)
                request = self.request("OPTIONS", 0)
                if request is not None:
                    self.reply(request, 200, "OK", contact=False)
            return
        super()._take(raw)

    def is_well(self):
        return until(lambda: told("trunk", "show", self.name)[0]["status"] == "OK")


def refuse(trunk, request, caller, call, code=486):
    """Ends a call that arrived."""
    trunk.reply(request, code, "No")
    trunk.request("ACK")
    no = caller.response(0, "INVITE")
    if no is not None:
        caller.ack(call, no[1]["to"][0])
    return no


def asked(trunk, caller, to, headers="", says=None):
    """What the trunk is asked of a call, which it does not take; None: it is not asked, and the caller's answer is in caller.last."""
    caller.says = says
    call = caller.invite(to, headers)
    until(lambda: any(q.method == "INVITE" for q in trunk.requests) or
          any(r[0] >= 200 and r[1]["cseq"][0].endswith("INVITE") for r in caller.responses))
    got = trunk.request("INVITE", 0)
    if got is not None:
        refuse(trunk, got, caller, call)
    else:
        no = caller.response(0, "INVITE")
        caller.last = no[0] if no is not None else 0
        if no is not None:
            caller.ack(call, no[1]["to"][0])
    caller.says = None
    return got


def identities(server, alice, bare):
    t = Trunk(server, "127.0.0.11", "ident", "+4410", "number=+4499")
    check("the trunk is well", t.is_well())
    ours = "<sip:%s@wirechief.test>"
    got = asked(t, alice, "+44101")
    check("a call says the account's number", got is not None and got.fields.get("p-asserted-identity") == [ours % "+390001"])
    got = asked(t, alice, "+44101", says="sip:+390011@wirechief.test")
    check("or its second, if it calls by that", got is not None and got.fields.get("p-asserted-identity") == [ours % "+390011"])
    got = asked(t, bare, "+44101")
    check("one without a number says the trunk's", got is not None and got.fields.get("p-asserted-identity") == [ours % "+4499"])
    got = asked(t, alice, "+44101", "P-Asserted-Identity: <sip:+1555@evil.example>, <tel:+1555>\r\nP-Preferred-Identity: <sip:+1555@x>\r\n"
                "Remote-Party-ID: <sip:+1555@x>;party=calling\r\n")
    check("what it asserts itself is replaced", got is not None and got.fields.get("p-asserted-identity") == [ours % "+390001"] and
          b"1555" not in got.raw)
    got = asked(t, alice, "+44101", "Privacy: id\r\n", says="sip:anonymous@anonymous.invalid")
    check("one that hides its number may", got is not None and "anonymous.invalid" in got.fields["from"][0])
    check("the trunk is told who, and that it is to be hidden", got is not None and got.fields.get("privacy") == ["id"] and
          got.fields.get("p-asserted-identity") == [ours % "+390001"])
    check("an operator sees who it is", until(lambda: any("call" in e and "from alice to +44101" in e for e in events("call"))))
    for says in ("sip:bare@wirechief.test", "sip:+1555@wirechief.test", "sip:alice@evil.example", "sip:anonymous@evil.example"):
        got = asked(t, alice, "+44101", says=says)
        check(f"a forged From {says} is refused", got is None and alice.last == 403)
    told("trunk", "set", "ident", "number=")
    got = asked(t, bare, "+44101")
    check("nobody's number: nothing is asserted", got is not None and "p-asserted-identity" not in got.fields)


def numbers(server, alice, bare):
    t = Trunk(server, "127.0.0.12", "numbers", "+4420", "strip=3", "prepend=00")
    longer = Trunk(server, "127.0.0.13", "longer", "+44205")
    check("the trunks are well", t.is_well() and longer.is_well())
    got = asked(t, alice, "+4420123")
    check("a number is stripped and prepended", got is not None and got.uri == f"sip:0020123@127.0.0.12:{t.port}")
    got = asked(longer, alice, "+4420523")
    check("the longest prefix counts", got is not None and got.uri == f"sip:+4420523@127.0.0.13:{longer.port}")
    for to in ("+39222", "+4", "alice;x=1", "hello"):
        got = asked(t, alice, to)
        check(f"{to} goes nowhere", got is None and alice.last in (403, 404))
    got = asked(t, alice, "0012345")
    check("a number that no trunk takes is 404", got is None and alice.last == 404)
    told("trunk", "set", "numbers", "prefixes=+4420, +1")
    got = asked(t, alice, "+155512345")
    check("a number that the group may not call is 403", got is None and alice.last == 403)


def into(server, alice, bare):
    t = Trunk(server, "127.0.0.14", "into", "+4430", "permit=127.0.0.15")
    other = Trunk(server, "127.0.0.16", "other", "+4431")
    permitted = CallPhone(server, "permitted", "", host="127.0.0.15")
    stranger = CallPhone(server, "stranger", "", host="127.0.0.17")
    told("trunk", "add", "tls", "host=127.0.0.18", "transport=TLS", "encryption=yes", "prefixes=+4432")
    sealed = CallPhone(server, "sealed", "", host="127.0.0.18")
    check("the trunks are well", t.is_well() and other.is_well())
    for who, to in ((t, "+390001"), (t, "+390011"), (permitted, "+390001")):
        call = who.invite(to, challenged=False, headers="P-Asserted-Identity: <sip:+1@x>\r\n")
        got = alice.request("INVITE")
        if check(f"a call of {who.user} to {to} arrives", got is not None):
            check("its identity stays with us", "p-asserted-identity" not in got.fields)
            refuse(alice, got, who, call)
    for who, to, code, why in ((t, "+4431000", 404, "from a trunk to another"), (t, "+4430000", 404, "from a trunk to itself"),
                               (t, "+1", 404, "to nobody"), (stranger, "+390001", 407, "of a stranger"),
                               (sealed, "+390001", 407, "over UDP from the address of a trunk of TLS")):
        call = who.invite(to, challenged=False)
        no = who.response(0, "INVITE")
        if check(f"a call {why} is {code}", no is not None and no[0] == code):
            who.ack(call, no[1]["to"][0])
    call = t.build("INVITE", "sip:+390001@wirechief.test", {"id": "claims@test", "tag": "c"}, 1, "<sip:+390001@wirechief.test>", body=SDP)
    t.send(call.replace(f"<sip:{t.user}@wirechief.test>;tag", "<sip:bare@wirechief.test>;tag"))
    check("a trunk that says to be an account of ours is asked for its password", t.response(407, "INVITE") is not None)
    check("and nothing rings", alice.silent_for("INVITE", 0.5) and other.silent_for("INVITE", 0))


def silence(server, alice, bare):
    first = Trunk(server, "127.0.0.21", "first", "+4440", "priority=1")
    second = Trunk(server, "127.0.0.22", "second", "+4440", "priority=2")
    check("the trunks are well", first.is_well() and second.is_well())
    began = time.monotonic()
    call = alice.invite("+44401")
    got = first.request("INVITE")
    other = second.request("INVITE")
    took = time.monotonic() - began
    check("a trunk that says nothing is given up", got is not None and other is not None)
    check(f"not before 4 s, and long before 32 s ({took:.1f} s)", 4 <= took < 25)
    first.reply(got, 180, "Ringing")
    check("it is cancelled when it is heard of at last", first.request("CANCEL") is not None)
    check("and its ringing is not passed on", alice.response(180, "INVITE", 0.3) is None)
    first.reply(got, 487, "Request Terminated")
    first.request("ACK")
    second.reply(other, 200, "OK", body=SDP)
    ok = alice.response(200, "INVITE")
    if check("the next has it", ok is not None and second.tag in ok[1]["to"][0]):
        alice.established(call, ok)
        alice.inside(call, "ACK", cseq=call["cseq"])
        check("its ACK arrives", second.request("ACK") is not None)
        check("it is listed with its trunk", until(lambda: [c["trunk"] for c in told("call", "list")] == ["second"]))
        alice.inside(call, "BYE")
        second.reply(second.request("BYE"), 200, "OK")
        alice.response(200, "BYE")
    # One whose answer is late wins all the same, as it would have in a fork.
    call = alice.invite("+44402")
    got, other = first.request("INVITE"), second.request("INVITE")
    second.reply(other, 180, "Ringing")
    first.reply(got, 200, "OK", body=SDP)
    ok = alice.response(200, "INVITE")
    check("a late 200 is no orphan", ok is not None and first.tag in ok[1]["to"][0])
    cancel = second.request("CANCEL")
    if check("the other one is cancelled", cancel is not None):
        second.reply(other, 487, "Request Terminated")
        second.request("ACK")
    if ok is not None:
        alice.established(call, ok)
        alice.inside(call, "ACK", cseq=call["cseq"])
        alice.inside(call, "BYE")
        first.reply(first.request("BYE"), 200, "OK")
        alice.response(200, "BYE")
    check("no call is left", until(lambda: told("call", "list") == []))
    first.alive = False
    check("the first is found out", until(lambda: told("trunk", "show", "first")[0]["status"] == "UNREACHABLE", 120))
    call = alice.invite("+44403")
    other = second.request("INVITE", 60)
    check("one that is UNREACHABLE is not asked first", other is not None and first.silent_for("INVITE", 0))
    second.reply(other, 503, "Service Unavailable")
    second.request("ACK")
    got = first.request("INVITE")
    check("but last", got is not None)
    refuse(first, got, alice, call)


def passwords(server, alice, bare):
    given = "the trunk's secret\n"
    t = Trunk(server, "127.0.0.23", "asks", "+4450", "username=us", "password=-", "realm=right.example", given=given)
    check("the trunk is well", t.is_well())
    challenge = 'Proxy-Authenticate: Digest realm="%s", nonce="%s", algorithm=MD5, qop="auth"\r\n'

    def challenged(realm, by=None):
        call = alice.invite("+44501")
        got = t.request("INVITE")
        t.reply(got, 407, "Who Are You", headers=challenge % (realm, time.monotonic_ns()), by=by)
        return call, got, t.request("ACK")
    call, got, ack = challenged("right.example")
    again = t.request("INVITE")
    if check("its realm is answered", again is not None and "proxy-authorization" in again.fields):
        check("in a new transaction", again.values("via")[0] != got.values("via")[0])
        refuse(t, again, alice, call)
    call, got, ack = challenged("evil.example")
    no = alice.response(0, "INVITE")
    check("another realm is not", ack is not None and t.silent_for("INVITE", 0.5) and no is not None and no[0] in (480, 500, 503))
    alice.ack(call, no[1]["to"][0])
    check("and that is told", until(lambda: any("evil.example" in e for e in events("trunk"))))
    other = CallPhone(server, "elsewhere", "", host="127.0.0.24")
    call, got, ack = challenged("right.example", other)
    no = alice.response(0, "INVITE")
    check("another address is not", t.silent_for("INVITE", 0.5) and no is not None and no[0] in (480, 500, 503))
    alice.ack(call, no[1]["to"][0])
    call = alice.invite("+44502")
    got = t.request("INVITE")
    t.reply(got, 200, "OK", body=SDP)
    ok = alice.response(200, "INVITE")
    alice.established(call, ok)
    alice.inside(call, "ACK", cseq=call["cseq"])
    t.request("ACK")
    for method in ("INVITE", "BYE"):
        alice.inside(call, method, body=SDP if method == "INVITE" else "")
        got = t.request(method)
        t.reply(got, 407, "Who Are You", headers=challenge % ("right.example", time.monotonic_ns()))
        no = alice.response(407, method)
        check(f"inside a call a challenge of {method} is not ours", no is not None and t.silent_for(method, 0.5))
        if method == "INVITE":
            alice.send(alice.build("ACK", call["target"], call, call["cseq"], call["to"], call["routes"], branch=call["branch"]))
            t.request("ACK")
    check("a call whose BYE is challenged goes on", len(told("call", "list")) == 1)
    alice.inside(call, "BYE")
    t.reply(t.request("BYE"), 200, "OK")
    check("then it ends", alice.response(200, "BYE") is not None and until(lambda: told("call", "list") == []))


def limits(server, alice, bare):
    """per_account = 3, per_trunk = 4."""
    t = Trunk(server, "127.0.0.25", "narrow", "+4460")
    check("the trunk is well", t.is_well())
    calls = []
    for n in range(3):
        calls.append((alice, alice.invite(f"+44600{n}")))
        got = t.request("INVITE")
        if check(f"call {n} goes out", got is not None):
            t.reply(got, 180, "Ringing")         # one that says nothing is given up
        calls[-1] += (got,)
    got = asked(t, alice, "+446009")
    check("one more of an account is refused", got is None and alice.last == 403)
    check("and an alert", until(lambda: any("alice has 3 calls at once" in e for e in events("call", "alert"))))
    calls.append((bare, bare.invite("+446003"), t.request("INVITE")))
    if check("another account's goes out", calls[-1][2] is not None):
        t.reply(calls[-1][2], 180, "Ringing")
    got = asked(t, bare, "+446009")
    check("one more of a trunk is refused", got is None and bare.last == 503)
    check("the trunk tells how many it has", [t["calls"] for t in told("trunk", "list")] == [4] and told("trunk", "show", "narrow")[0]["calls"] == 4)
    for who, call, got in calls:
        refuse(t, got, who, call, 480)
    check("and when it has none", until(lambda: told("trunk", "show", "narrow")[0]["calls"] == 0))
    got = asked(t, alice, "+446009")
    check("both may again when calls have ended", got is not None)


def stolen(server, alice, bare):
    """A8: outside = 20, 200 numbers."""
    t = Trunk(server, "127.0.0.26", "abroad", "00")
    check("the trunk is well", t.is_well())
    through, refused, alarm = 0, 0, False
    for n in range(200):
        got = asked(t, alice, f"001900{n:04}")
        through += got is not None
        refused += got is None and alice.last == 403
        if got is not None and through == 20:   # the call that came through was told before it did
            alarm = any("password stolen" in e for e in events("call", "alert"))
    check(f"of 200 numbers {through} get through, {refused} are refused", through == 20 and refused == 180)
    check("it is an alert at once", alarm)
    check("and only once", sum("password stolen" in e for e in events("call", "alert")) == 1)
    got = asked(t, bare, "0019000001")
    check("others may call", got is not None)
    call = alice.invite("bare")
    got = bare.request("INVITE")
    check("so may it, inside", got is not None)
    refuse(bare, got, alice, call)


def flood(server, alice, bare):
    """limits { requests_per_second = 5 burst = 10 }"""
    t = Trunk(server, "127.0.0.27", "busy", "+4470")
    stranger = CallPhone(server, "stranger", "", host="127.0.0.28")
    check("the trunk is well", t.is_well())
    for who in (t, stranger):
        for n in range(300):
            until(lambda: who is stranger or len(t.responses) > n - 100)        # as much as a socket holds, should the front stand still
            who.send(who.build("OPTIONS", "sip:wirechief.test", {"id": f"{n}@{who.user}", "tag": "f"}, 1, "<sip:wirechief.test>"))
            time.sleep(0.002)
    until(lambda: len(t.responses) == 300)
    check(f"all of the trunk's are answered ({len(t.responses)} of 300)", len(t.responses) == 300)
    check(f"not all of a stranger's ({len(stranger.responses)} of 300)", len(stranger.responses) < 200)


PARTS = {f.__name__: f for f in (identities, numbers, into, silence, passwords, limits, stolen, flood)}


def main():
    host, _, port = sys.argv[1].rpartition(":")
    server = (host, int(port))
    alice, bare = (CallPhone(server, user, PASSWORD) for user in ("alice", "bare"))
    for phone in (alice, bare):
        check(f"{phone.user} registers", phone.register() == 200)
    for part in sys.argv[3:]:
        PARTS[part](server, alice, bare)
    return failed > 0


sys.exit(main())
