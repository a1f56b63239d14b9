"""What RFC 3261 and those after it have a proxy do, one part after the other; phones under this program's hands.

    calls_rfc.py WIRECHIEF UDP UDP6 TCP TLS [PART...]       each of the four HOST:PORT
"""
import json
import os
import socket
import subprocess
import sys
import threading
import time

from callphone import SDP, CallPhone

PASSWORD = "a secret of its own"
RELIABLE = "Require: 100rel\r\nRSeq: 1\r\n"
failed = 0


def check(name, passed):
    global failed
    failed += not passed
    print(("ok " if passed else "not ok ") + name, flush=True)
    return passed


def address(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


UDP, UDP6, TCP, TLS = (address(a) for a in sys.argv[2:6])


def phone(user, server=UDP, transport="udp", register=True):
    p = CallPhone(server, user, PASSWORD, transport=transport)
    if register and (code := p.register()) != 200:
        check(f"{user} registers over {transport}, not {code}", False)
        sys.exit(1)
    return p


def away(*phones):
    for p in phones:
        p.register(expires=0)
        p.close()


def refused(caller, call, code, name, method="INVITE"):
    no = caller.response(0, method)
    if check(name, no is not None and no[0] == code) and method == "INVITE":
        caller.ack(call, no[1]["to"][0])
    return no


def accept(caller, call, callee, got):
    """The phone's 200 and its ACK; the dialog as who was called sees it."""
    callee.reply(got, 200, "OK", body=SDP)
    ok = caller.response(200, "INVITE")
    if ok is None:
        return None
    caller.established(call, ok)
    caller.inside(call, "ACK", cseq=call["cseq"])
    return callee.answering(got) if callee.request("ACK") else None


def hang_up(caller, call, callee, name="the call ends"):
    caller.inside(call, "BYE")
    bye = callee.request("BYE")
    if check(name, bye is not None):
        callee.reply(bye, 200, "OK")
        caller.response(200, "BYE")


def methods(alice, bob):
    for method in ("SUBSCRIBE", "NOTIFY", "PUBLISH", "REFER", "INFO", "UPDATE", "PRACK", "OPTIONS", "FROBNICATE"):
        alice.invite("bob", method=method, body="")
        got = bob.request(method)
        if got is not None:
            bob.reply(got, 299, "Heard")
        check(f"{method} outside a dialog arrives and is answered", got is not None and alice.response(299, method) is not None)
        dialog = method not in ("PUBLISH", "INFO", "OPTIONS")
        check(f"{method} is {'' if dialog else 'not '}record-routed", got is not None and ("record-route" in got.fields) == dialog)
    alice.send(alice.build("FROBNICATE", "sip:wirechief.test", {"id": "f@test", "tag": "f"}, 1, "<sip:wirechief.test>"))
    check("a method of no RFC to ourselves is 501", alice.response(501, "FROBNICATE") is not None)
    call = alice.invite("bob")
    got = bob.request("INVITE")
    back = accept(alice, call, bob, got)
    for who, dialog, other in ((alice, call, bob), (bob, back, alice)):
        for method in ("PRACK", "SUBSCRIBE", "FROBNICATE", "INVITE"):
            who.inside(dialog, method, body=SDP if method == "INVITE" else "")
            heard = other.request(method)
            if heard is not None:
                other.reply(heard, 200, "OK", body=heard.body.decode())
            check(f"{method} inside the dialog of {who.user} arrives and is answered", heard is not None and who.response(200, method) is not None)
            if method == "INVITE":
                who.inside(dialog, "ACK", cseq=dialog["cseq"])
                check("and its ACK arrives", other.request("ACK") is not None)
    hang_up(alice, call, bob)


def untouched(alice, bob):
    """What is not a proxy's business stays as it was sent."""
    lines = ("Session-Expires: 1800;refresher=uac\r\nMin-SE: 90\r\nSupported: timer, 100rel\r\nX-Odd:  \"a, b\" ;c\r\nAllow: INVITE,ACK\r\n"
             "Subject: =?utf-8?Q?caf=C3=A9?=\r\n")
    call = alice.invite("bob", headers=lines)
    got = bob.request("INVITE")
    check("every line is as it was sent", got is not None and all(line in got.raw.decode() for line in lines.split("\r\n")))
    check("Max-Forwards is one less", got.fields["max-forwards"] == ["69"])
    bob.reply(got, 486, "Busy Here", headers="X-Odd:  \"a, b\" ;c\r\nRetry-After: 9 (busy)\r\n")
    no = refused(alice, call, 486, "an answer comes back")
    check("and its lines, too", no[1]["x-odd"] == ["\"a, b\" ;c"] and no[1]["retry-after"] == ["9 (busy)"])
    check("with one Via: the caller's", len(no[1]["via"]) == 1 and alice.here in no[1]["via"][0])


def early_dialogs(alice, bob):
    bobs = [bob, phone("bob"), phone("bob")]
    call = alice.invite("bob", headers="Supported: 100rel\r\n")
    got = [b.request("INVITE") for b in bobs]
    early = []
    for b, g in zip(bobs, got):
        b.reply(g, 183, "Session Progress", headers=RELIABLE, body=SDP)
        r = alice.response(183, "INVITE")
        if not check("each phone's early answer comes back", r is not None and b.tag in r[1]["to"][0]):
            return
        early.append(dict(call))
        alice.established(early[-1], r)
    for b, dialog, others in ((bobs[1], early[1], (bobs[0], bobs[2])), (bobs[2], early[2], (bobs[0], bobs[1]))):
        for method in ("PRACK", "UPDATE"):
            alice.inside(dialog, method, headers="RAck: 1 2 INVITE\r\n")
            heard = b.request(method)
            check(f"{method} goes to the phone of its early dialog", heard is not None)
            b.reply(heard, 200, "OK")
            check("and is answered", alice.response(200, method) is not None)
            check("by no other", all(o.silent_for(method, 0.1) for o in others))
    # Two answer at once: both answers are the caller's to deal with (RFC 3261 section 16.7, step 5).
    bobs[1].reply(got[1], 200, "OK", body=SDP)
    bobs[2].reply(got[2], 200, "OK", body=SDP)
    answers = [alice.response(200, "INVITE"), alice.response(200, "INVITE")]
    if not check("both 200s come back", None not in answers):
        return
    answers.sort(key=lambda a: bobs[1].tag not in a[1]["to"][0])
    cancel = bobs[0].request("CANCEL")
    check("the third is cancelled", cancel is not None)
    bobs[0].reply(cancel, 200, "OK", contact=False)
    bobs[0].reply(got[0], 487, "Request Terminated")
    for b, dialog, ok in zip(bobs[1:], early[1:], answers):
        alice.established(dialog, ok)
        alice.inside(dialog, "ACK", cseq=call["cseq"])
        check("each gets its ACK", b.request("ACK") is not None)
    hang_up(alice, early[2], bobs[2], "the one too many is hung up")
    check("the other call stands", [c["state"] for c in calls()] == ["ANSWERED"])
    hang_up(alice, early[1], bobs[1])
    away(*bobs[1:])


def calls():
    return told("call", "list")


def told(*command):
    out = subprocess.run([sys.argv[1], "--json", *command], capture_output=True, text=True, timeout=60).stdout
    return [json.loads(line) for line in out.splitlines()]


def until(fits, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fits():
            return True
        time.sleep(0.02)
    return False


def repeated_invite(alice, bob):
    """RFC 6026: an INVITE that was answered and comes again is no new one."""
    call = alice.invite("bob")
    got = bob.request("INVITE")
    back = accept(alice, call, bob, got)
    check("a call stands", back is not None)
    alice.send(call["raw"])
    check("its INVITE, come again, reaches nobody", bob.silent_for("INVITE", 0.7))
    check("and is not answered anew", alice.response(0, "INVITE", 0.3) is None)
    bob.reply(got, 200, "OK", body=SDP)
    check("while a 200 that comes again goes back again", alice.response(200, "INVITE") is not None)
    hang_up(alice, call, bob)


def routes_of(call):
    return [line.split(": ", 1)[1] for line in call["routes"].split("\r\n") if line]


def routers(alice, bob):
    """Strict and loose routers on either side (RFC 3261 sections 16.4, 16.6 step 6, 16.12)."""
    call = alice.invite("bob")
    got = bob.request("INVITE")
    accept(alice, call, bob, got)
    first, rest = routes_of(call)[0], routes_of(call)[1:]
    strict = dict(call, target=first.strip("<>"), routes="".join(f"Route: {r}\r\n" for r in rest + [f"<{call['target']}>"]))
    alice.inside(strict, "INFO")
    heard = bob.request("INFO")
    check("from a strict router: the Request-URI is the phone's again",
          heard is not None and heard.uri == call["target"] and "route" not in heard.fields)
    bob.reply(heard, 200, "OK")
    alice.response(200, "INFO")
    call["cseq"] += 1
    hang_up(alice, call, bob)
    for kind in ("", ";lr", ";lr=on"):
        call = alice.invite("bob")
        got = bob.request("INVITE")
        router = f"<sip:edge@{bob.here}{kind}>"
        got.fields["record-route"].insert(0, router)
        accept(alice, call, bob, got)
        alice.inside(call, "INFO")
        heard = bob.request("INFO")
        if kind == "":
            check("to a strict router: its URI is the Request-URI, the phone's the last Route",
                  heard is not None and heard.uri == router.strip("<>") and heard.values("route") == [f"<{call['target']}>"])
        else:
            check(f"to a loose router ({kind}): it is the Route",
                  heard is not None and heard.uri == call["target"] and heard.values("route") == [router])
        bob.reply(heard, 200, "OK")
        alice.response(200, "INFO")
        hang_up(alice, call, bob)


def paths(alice, bob):
    """RFC 3327: the Path of a registration is the Route of what is sent to it."""
    bob.register(expires=0)
    for kind in (";lr", ""):
        edge = CallPhone(UDP, "bob", PASSWORD)
        path = f"<sip:token@{edge.here}{kind}>"
        contact = "sip:bob@192.0.2.7:5060"
        code, _ = edge.ask("REGISTER", "sip:wirechief.test", "sip:bob@wirechief.test",
                           f"Contact: <{contact}>\r\nSupported: path\r\nPath: {path}\r\nExpires: 600\r\n")
        check("a phone registers through an edge proxy", code == 200)
        call = alice.invite("bob")
        got = edge.request("INVITE")
        if kind == ";lr":
            check("what is for it goes there, by its Path", got is not None and got.uri == contact and got.values("route") == [path])
        else:
            check("a strict one's, too", got is not None and got.uri == path.strip("<>") and got.values("route") == [f"<{contact}>"])
        edge.reply(got, 486, "Busy Here")
        ack = edge.request("ACK")
        check("the ACK of a refusal goes the same way", ack is not None and ack.uri == got.uri and ack.values("route") == got.values("route"))
        refused(alice, call, 486, "and the refusal comes back")
        edge.ask("REGISTER", "sip:wirechief.test", "sip:bob@wirechief.test", f"Contact: <{contact}>\r\nSupported: path\r\nPath: {path}\r\nExpires: 0\r\n")
        edge.close()
    bob.register()


def outbound(alice, bob):
    """RFC 5626: of a device's flows one is used, the next when that fails."""
    bob.register(expires=0)
    flows = [CallPhone(TCP, "bob", PASSWORD, transport="tcp") for _ in range(2)]
    for i, f in enumerate(flows):
        code, _ = f.ask("REGISTER", "sip:wirechief.test", "sip:bob@wirechief.test",
                        f"Contact: <sip:bob@{f.here};transport=tcp;ob>;+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000A95A0E128>\";reg-id={i + 1}\r\n"
                        "Supported: path, outbound\r\nExpires: 600\r\n")
        check("a device registers one more flow", code == 200)
    for how in ("430", "closed"):
        call = alice.invite("bob")
        first = next((f for _ in range(600) for f in flows if f.request("INVITE", 0.05)), None)
        if not check("one flow rings", first is not None):
            return
        other = flows[1 - flows.index(first)]
        check("and no other", other.silent_for("INVITE", 0.3))
        if how == "430":
            first.requests.clear()
            first.reply(first.last, 430, "Flow Failed")
        else:
            first.close()
        got = other.request("INVITE")
        check(f"the other does when it fails ({how})", got is not None)
        other.reply(got, 486, "Busy Here")
        refused(alice, call, 486, "whose answer counts")
        for f in flows:
            f.requests.clear()
    away(other)
    bob.register()


def limits(alice, bob):
    call = {"id": os.urandom(4).hex(), "tag": "m", "uri": "sip:bob@wirechief.test"}

    def ask(headers, code, name, method="INFO"):
        text = alice.build(method, "sip:bob@wirechief.test", call, 1, "<sip:bob@wirechief.test>", headers)
        alice.send(text.replace("Max-Forwards: 70\r\n", "") if "Max-Forwards" in headers else text)
        r = alice.response(code, method)
        check(name, r is not None)
        return r

    ask("Max-Forwards: 0\r\n", 483, "Max-Forwards 0 is 483")
    ask("Max-Breadth: 0\r\n", 440, "Max-Breadth 0 is 440")
    r = ask("Proxy-Require: foo, bar\r\n", 420, "what a proxy is to support and does not is 420")
    check("and named", r is not None and r[1].get("unsupported") == ["foo, bar"])
    # It comes back to us as it left the caller (RFC 5393 section 4.2), and with another target.
    call = alice.invite("bob")
    got = bob.request("INVITE")
    vias = "".join(f"Via: {v}\r\n" for v in got.fields["via"])
    loop = bob.build("INVITE", call["uri"], {"id": call["id"], "tag": call["tag"]}, call["cseq"], call["to"], vias)
    loop = loop.replace(f"From: <sip:bob@", "From: <sip:alice@")
    bob.send(loop)
    check("a request that has come round is 482", bob.response(482, "INVITE") is not None)
    bob.reply(got, 486, "Busy Here")
    refused(alice, call, 486, "the first goes on")


def breadth(alice, bob):
    """RFC 5393 section 5.3: so many branches at once, and no more among all that follow."""
    bobs = [bob, phone("bob"), phone("bob")]
    for total, each in (("", "20"), ("Max-Breadth: 10\r\n", "3")):
        call = alice.invite("bob", headers=total)
        got = [b.request("INVITE") for b in bobs]
        check(f"of {total.strip() or 'the usual 60'} each of three gets {each}", all(g.fields.get("max-breadth") == [each] for g in got))
        for b, g in zip(bobs, got):
            b.reply(g, 486, "Busy Here")
        refused(alice, call, 486, "all are busy")
    call = alice.invite("bob", headers="Max-Breadth: 1\r\n")
    rung = []
    for _ in bobs:
        at = next((b for _ in range(600) for b in bobs if b not in rung and b.request("INVITE", 0.05)), None)
        rung.append(at)
        if not check("with Max-Breadth 1 one rings", at is not None):
            return
        check("and one only", all(b.silent_for("INVITE", 0.1) for b in bobs if b not in rung))
        at.reply(at.last, 486, "Busy Here")
    refused(alice, call, 486, "until all have")
    away(*bobs[1:])


def slow_answers(alice, bob):
    """RFC 4320: no 408 to what is no INVITE, but a 100 before it is repeated too often."""
    began = time.monotonic()
    alice.invite("bob", method="INFO", body="")
    got = bob.request("INFO")
    check("a 100 comes when nothing else does", alice.response(100, "INFO") is not None and time.monotonic() - began > 3)
    bob.reply(got, 408, "Request Timeout")
    check("a 408 does not go back", alice.response(0, "INFO", 1.5) is None)
    for _ in range(10):
        alice.responses.clear()
        began = time.monotonic()
        alice.invite("bob", method="INFO", body="")
        bob.reply(bob.request("INFO"), 200, "OK")
        quick = alice.response(200, "INFO")
        if time.monotonic() - began < 2:        # it was, as everybody was quick
            break
    check("a quick answer comes alone", quick is not None and alice.response(100, "INFO", 0.2) is None)
    call = alice.invite("bob")
    got = bob.request("INVITE")
    bob.reply(got, 408, "Request Timeout")
    refused(alice, call, 408, "an INVITE's 408 does")


def vias(alice, bob):
    """RFC 3261 section 18.2.2, RFC 3581: where an answer goes, and what a Via is told."""
    one, two = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    for s in (one, two):
        s.bind(("127.0.0.1", 0))
        s.settimeout(60)
    mine, other = one.getsockname()[1], two.getsockname()[1]

    def ask(host, port, rport):
        text = alice.build("OPTIONS", "sip:wirechief.test", {"id": os.urandom(4).hex(), "tag": "v"}, 1, "<sip:wirechief.test>")
        one.sendto(text.replace(f"{alice.here};", f"{host}:{port};").replace(";rport", rport).encode(), UDP)

    ask("127.0.0.1", other, "")
    check("without rport: to the port of the Via", two.recv(65536).startswith(b"SIP/2.0 200"))
    ask("127.0.0.1", other, ";rport")
    answer = one.recv(65536)
    check("with rport: whence it came", f";rport={mine}".encode() in answer and b";received=127.0.0.1" in answer)
    ask("phone.example", mine, "")
    check("received says what a name hides", b"received=127.0.0.1" in one.recv(65536))


def transports(alice, bob):
    """One side IPv4 and UDP, the other anything: each has a Record-Route of its own."""
    bob.register(expires=0)
    for server, transport, mark in ((UDP6, "udp", "@[::1]"), (TCP, "tcp", "transport=tcp"), (TLS, "tls", "transport=tls")):
        name = f"{transport} {server[0]}"
        other = phone("bob", server, transport)
        call = alice.invite("bob")
        got = other.request("INVITE")
        if not check(f"{name}: the phone rings", got is not None):
            continue
        lines = got.values("record-route")
        check(f"{name}: its own side's Record-Route is on top", len(lines) == 2 and mark in lines[0] and mark not in lines[1] and
              f"@127.0.0.1:{UDP[1]};transport=udp" in lines[1])
        check(f"{name}: its Via is ours, there", transport.upper() in got.fields["via"][0])
        back = accept(alice, call, other, got)
        if not check(f"{name}: it is answered and acknowledged", back is not None):
            continue
        other.inside(back, "INFO")
        heard = alice.request("INFO")
        check(f"{name}: it is heard, too", heard is not None)
        alice.reply(heard, 200, "OK")
        other.response(200, "INFO")
        hang_up(alice, call, other, f"{name}: and hears the end")
        away(other)
    bob.register()


def sips(alice, bob):
    """A sips: URI goes by TLS at every hop, or not at all (RFC 3261 section 26.2.2)."""
    secure = phone("alice", TLS, "tls")
    call = {"id": os.urandom(4).hex(), "tag": "s"}
    alice.send(alice.build("INVITE", "sips:bob@wirechief.test", call, 1, "<sips:bob@wirechief.test>"))
    check("sips over UDP is 416", alice.response(416, "INVITE") is not None)
    call = secure.invite("bob", scheme="sips")
    refused(secure, call, 480, "sips to a phone on UDP is 480")
    check("which hears nothing of it", bob.silent_for("INVITE", 0.3))
    other = phone("bob", TLS, "tls")
    call = secure.invite("bob", scheme="sips")
    got = other.request("INVITE")
    check("a phone on TLS rings, alone", got is not None and bob.silent_for("INVITE", 0.3))
    check("and is record-routed by sips", len(got.values("record-route")) == 2 and all(r.startswith("<sips:") for r in got.values("record-route")))
    back = accept(secure, call, other, got)
    check("it is answered", back is not None)
    hang_up(other, back, secure)
    away(other, secure)


def dead(alice, bob):
    gone = phone("bob")
    bob.register(expires=0)
    gone.close()
    began = time.monotonic()
    call = alice.invite("bob")
    refused(alice, call, 480, "a phone whose port is closed is not waited for")
    check("not even 20 s", time.monotonic() - began < 20)
    bob.register()
    call = alice.invite("bob")
    got = bob.request("INVITE")
    check("another of the account still rings", got is not None)
    bob.reply(got, 180, "Ringing")
    bob.reply(got, 486, "Busy Here")
    refused(alice, call, 486, "and its answer counts")


def crossing_byes(alice, bob):
    call = alice.invite("bob")
    got = bob.request("INVITE")
    back = accept(alice, call, bob, got)
    alice.inside(call, "BYE")
    bob.inside(back, "BYE")
    to_bob, to_alice = bob.request("BYE"), alice.request("BYE")
    if check("both BYEs arrive", to_bob is not None and to_alice is not None):
        bob.reply(to_bob, 200, "OK")
        alice.reply(to_alice, 200, "OK")
    check("and both are answered", alice.response(200, "BYE") is not None and bob.response(200, "BYE") is not None)
    check("the call is over", until(lambda: calls() == []))


def new_connection(alice, bob):
    """A phone on TCP connects anew in mid-call: what is for it takes the new way, an ACK, too."""
    bob.register(expires=0)
    old = phone("bob", TCP, "tcp")
    call = alice.invite("bob")
    got = old.request("INVITE")
    check("a call over TCP stands", accept(alice, call, old, got) is not None)
    old.close()
    check("it is known to be closed", until(lambda: not any(old.here in f["what"] for f in told("why", "bob")[0]["facts"])))
    new = phone("bob", TCP, "tcp")
    alice.inside(call, "INVITE", body=SDP)
    got = new.request("INVITE")
    if check("a re-INVITE finds the new connection", got is not None):
        new.reply(got, 200, "OK", body=SDP)
        check("is answered", alice.response(200, "INVITE") is not None)
        alice.inside(call, "ACK", cseq=call["cseq"])
        check("and acknowledged there", new.request("ACK") is not None)
    hang_up(alice, call, new)
    away(new)
    bob.register()


class TcpSide(CallPhone):
    """The same phone where it takes connections: at the port that it has for UDP; OSError if that is another's for TCP."""

    def __init__(self, of):
        self.listening = socket.create_server(("127.0.0.1", of.sock.getsockname()[1]))
        super().__init__(UDP, of.user, PASSWORD)
        self.here = of.here
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        sock, _ = self.listening.accept()
        self.sock.close()
        self.sock, self.transport = sock, "tcp"
        self._listen()


def large(alice, bob):
    """RFC 3261 section 18.1.1: what is too large for a datagram goes by TCP where that is taken, else by UDP."""
    bob.register(expires=0)
    long = "Subject: " + "x" * 1300 + "\r\n"
    other = phone("bob")
    for _ in range(2):
        call = alice.invite("bob", headers=long)
        got = other.request("INVITE")
        check("a large INVITE reaches a phone that takes no connection", got is not None and got.fields["via"][0].startswith("SIP/2.0/UDP"))
        other.reply(got, 486, "Busy Here")
        refused(alice, call, 486, "and is answered")
    away(other)
    for _ in range(10):
        other = phone("bob")
        try:
            tcp = TcpSide(other)
        except OSError:
            away(other)
            continue
        call = alice.invite("bob")
        got = other.request("INVITE")
        check("a small one goes by UDP", got is not None)
        other.reply(got, 486, "Busy Here")
        refused(alice, call, 486, "and is answered")
        call = alice.invite("bob", headers=long)
        if until(lambda: tcp.requests or any(q.method == "INVITE" for q in other.requests)) and tcp.requests:
            break
        # Not connected in the moment that is waited for: then UDP is right, and another phone may be quicker.
        other.reply(other.request("INVITE"), 486, "Busy Here")
        refused(alice, call, 486, "or by UDP, where no connection came in time")
        away(other)
    for again in range(2):
        if again:
            call = alice.invite("bob", headers=long)
        got = tcp.request("INVITE")
        if not check("a large one by TCP", got is not None and got.fields["via"][0].startswith("SIP/2.0/TCP")):
            return
        tcp.reply(got, 180, "Ringing")
        check("which rings", alice.response(180, "INVITE") is not None)
        alice.cancel(call)
        cancel = tcp.request("CANCEL")
        check("its CANCEL comes there, too", cancel is not None and cancel.fields["via"] == got.fields["via"][:1])
        tcp.reply(cancel, 200, "OK", contact=False)
        tcp.reply(got, 487, "Request Terminated")
        check("and its ACK", tcp.request("ACK") is not None)
        refused(alice, call, 487, "and it ends")
    call = alice.invite("bob", headers=long)
    got = tcp.request("INVITE")
    tcp.reply(got, 200, "OK", body=SDP)
    ok = alice.response(200, "INVITE")
    alice.established(call, ok)
    alice.inside(call, "ACK", cseq=call["cseq"])
    check("a call begun by TCP goes on by UDP", other.request("ACK") is not None)
    hang_up(alice, call, other)
    away(other)
    bob.register()


PARTS = (methods, untouched, early_dialogs, repeated_invite, routers, paths, outbound, limits, breadth, slow_answers, vias, transports, sips, dead,
         crossing_byes, new_connection, large)


def main():
    alice, bob = phone("alice"), phone("bob")
    for part in PARTS:
        if not sys.argv[6:] or part.__name__ in sys.argv[6:]:
            print("# " + part.__name__, flush=True)
            part(alice, bob)
            for p in (alice, bob):
                p.requests.clear()
                p.responses.clear()
    return failed > 0


sys.exit(main())
