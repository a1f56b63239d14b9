"""message_streams.py HOST TCP-PORT TLS-PORT UDP-PORT CLI: large messages, split ones, connections that end, answers that are lost.  Prints "ok"
and "not ok" lines."""
import json
import os
import socket
import subprocess
import sys
import time
from email.utils import parsedate_to_datetime

sys.path.insert(0, os.path.dirname(__file__))
from ua import Phone, parse

HOST = sys.argv[1]
PORTS = dict(zip(("tcp", "tls", "udp"), map(int, sys.argv[2:5])))
CLI = sys.argv[5]
LARGEST = 65536
failed = 0


class StreamPhone(Phone):
    def __init__(self, user, transport, **more):
        super().__init__((HOST, PORTS[transport]), user, "secret-of-" + user, transport=transport, **more)


def check(name, right, *more):
    global failed
    print("ok" if right else "not ok", name, *([] if right else more), flush=True)
    failed += not right


def text(size):
    return ("0123456789abcde\n" * (size // 16 + 1))[:size]


def large(transport):
    alice, bob = StreamPhone("alice", transport), StreamPhone("bob", transport)
    check(transport + ": both register", (alice.register(), bob.register()) == (200, 200))
    sizes = [1, 1400, 9000, 40000, LARGEST]
    codes = [alice.message("bob", text(size)) for size in sizes]
    check(transport + ": messages of all sizes are answered by the phone", codes == [200] * len(sizes), codes)
    check(transport + ": and reach it as they were", bob.wait(len(sizes)) == [text(size) for size in sizes], [len(b) for b in bob.bodies()])
    check(transport + ": what is larger is refused", alice.message("bob", text(LARGEST + 1)) == 413)
    check(transport + ": and the connection goes on", alice.message("bob", "after") == 200)
    for one in alice, bob:
        one.register(0)
        one.close()


def cpim(sender, to, ident, body, more=""):
    """A body as RFC 3862 has it, with the id by which RFC 5438 speaks of it."""
    return ("From: <sip:%s@wirechief.test>\r\nTo: <sip:%s@wirechief.test>\r\nDateTime: 2026-02-03T04:05:06Z\r\n"
            "NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: %s\r\n%s\r\n%s" % (sender, to, ident, more, body))


def with_notice(sender, to, ident, size):
    """Text that asks to be told of its delivery."""
    return cpim(sender, to, ident, "Content-Type: text/plain; charset=utf-8\r\n\r\n\u00e8\ttab, \x01 and\r\n" + text(size),
                "imdn.Disposition-Notification: positive-delivery, negative-delivery\r\n")


def notice(sender, to, ident, of):
    xml = ('<?xml version="1.0" encoding="UTF-8"?>\r\n<imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>%s</message-id>'
           "<delivery-notification><status><delivered/></status></delivery-notification></imdn>" % of)
    return cpim(sender, to, ident, "Content-type: message/imdn+xml\r\nContent-Disposition: notification\r\n\r\n" + xml)


def latest(phone, body):
    """The headers that came with it; {} if it did not, or was not the same to the byte."""
    return next((fields for got, fields, _ in reversed(phone.got) if got == body), {})


def age(date):
    return abs(time.time() - parsedate_to_datetime(date).timestamp())


def kinds(transport):
    """What phones say to each other about messages: it passes as it was sent, or it waits, or it must not."""
    alice, bob = StreamPhone("alice", transport), StreamPhone("bob", transport)
    bob.register()
    size = 900 if transport == "udp" else 40000
    said = "Date: Sat, 07 Feb 2026 05:14:02 GMT\r\nExpires: 7200\r\nSubject: plain; \u00e8\r\nX-Own: 1\r\n"
    kind, first, second = "Message/CPIM; x=\"y z\"", transport + "-first", transport + "-second"

    body = with_notice("alice", "bob", first, size)
    check(transport + ": text that asks for a notice is taken", alice.message("bob", body, kind=kind, headers=said) == 200)
    got = latest(bob, body)
    check(transport + ": it is as it was, and so are its headers", [got.get(name) for name in ("date", "expires", "subject", "x-own", "content-type")] ==
          [["Sat, 07 Feb 2026 05:14:02 GMT"], ["7200"], ["plain; \u00e8"], ["1"], [kind]], got)
    check(transport + ": its id is its Uuid", got.get("message-uuid") == [first], got)

    bob.register(0)
    body = with_notice("alice", "bob", second, size)
    codes = [alice.message("bob", body, kind=kind, headers=said) for _ in range(2)]
    check(transport + ": for one that is away it waits, once", codes == [202, 202], codes)
    check(transport + ": a typing notice does not", alice.message("bob", "<isComposing/>", kind="application/im-iscomposing+xml; charset=utf-8") == 480)
    bob.register()
    check(transport + ": it comes, alone", len(bob.wait(2)) == 2, bob.bodies())
    got = latest(bob, body)
    check(transport + ": it is as it was, of the time at which it was accepted", [got.get(name) for name in ("expires", "subject", "x-own", "content-type",
          "message-uuid")] == [["7200"], ["plain; \u00e8"], ["1"], [kind], [second]] and age(got["date"][0]) < 300, got)

    answer = notice("bob", "alice", second + "-notice", second)
    check(transport + ": the notice of its delivery waits, too", bob.message("alice", answer, kind="message/cpim") == 202)
    alice.register()
    check(transport + ": and comes as it was", alice.wait(1) == [answer] and latest(alice, answer)["content-type"] == ["message/cpim"], alice.bodies())
    answer = notice("bob", "alice", first + "-notice", first)
    check(transport + ": or at once", bob.message("alice", answer, kind="message/cpim") == 200 and bool(latest(alice, answer)))
    typing = "<isComposing><state>active</state></isComposing>"
    check(transport + ": and that somebody types", bob.message("alice", typing, kind="application/im-iscomposing+xml") == 200 and bool(latest(alice, typing)))
    check(transport + ": nothing else came", (len(alice.bodies()), len(bob.bodies())) == (3, 2), alice.bodies(), bob.bodies())
    for one in alice, bob:
        one.register(0)
        one.close()


def split():
    alice, bob = StreamPhone("alice", "tcp"), StreamPhone("bob", "tcp")
    bob.register()
    whole = alice._send

    def in_parts(data):
        for i in range(0, len(data), 7):
            whole(data[i:i + 7])

    alice.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    alice._send = in_parts
    check("a message in small parts", alice.message("bob", text(2000)) == 200 and bob.wait(1) == [text(2000)])
    bob.register(0)
    alice.close()
    bob.close()


def ending():
    """A phone hangs up with a message unanswered: the sender need not wait for its time to pass."""
    alice, bob = StreamPhone("alice", "tcp"), StreamPhone("bob", "tcp", silent=True)
    bob.register()
    take = bob._take

    def hang_up(raw):
        if raw.startswith(b"MESSAGE"):
            bob.close()
        else:
            take(raw)

    bob._take = hang_up
    code = alice.message("bob", "unheard")
    check("a message to a phone that hangs up is kept", code == 202, code)
    queued = subprocess.run([CLI, "--json", "queue", "list"], capture_output=True, text=True, check=False).stdout.splitlines()
    errors = [json.loads(line)["last_error"] for line in queued]
    check("as its connection is gone, not as its time is over", errors == ["503 Connection Gone"], errors)
    bob = StreamPhone("bob", "tcp")
    bob.register()
    check("and delivered when it is back", bob.wait(1) == ["unheard"], bob.bodies())
    bob.register(0)
    bob.close()
    alice.close()


def repeated(phone, ask):
    """What ask() gets, and what its last datagram gets when it is sent again to the letter, and again."""
    last, send = [], phone._send

    def remember(data):
        if not data.startswith(b"SIP/2.0"):     # a phone that has registered is asked with OPTIONS
            last[:] = [data]
        send(data)

    phone._send = remember
    codes = [ask()]
    phone._send = send
    _, fields, _ = parse(last[0])
    key = fields["cseq"][0] + fields["call-id"][0]
    for _ in range(3):
        with phone.lock:
            phone.answers.pop(key, None)
        send(last[0])
        with phone.lock:
            phone.lock.wait_for(lambda: key in phone.answers, 60)
            codes.append(phone.answers.get(key, (0,))[0])
    return codes


def lost_answer():
    """Over UDP: the 202 is lost, the phone repeats its request to the letter, and it is no second message."""
    alice = StreamPhone("alice", "udp")
    codes = repeated(alice, lambda: alice.message("bob", "once"))
    check("udp: a message that is repeated gets the same answer", codes == [202] * 4, codes)
    codes = repeated(alice, alice.register)
    check("udp: and so does a REGISTER, though its nonce was used", codes == [200] * 4, codes)
    check("udp: another is accepted", alice.message("bob", "last") == 202)
    bob = StreamPhone("bob", "udp")
    bob.register()
    check("udp: each was accepted once", bob.wait(2) == ["once", "last"], bob.bodies())
    bob.register(0)


def unheard_request():
    """Over UDP: the first copies of a request are lost."""
    alice, bob = StreamPhone("alice", "udp"), StreamPhone("bob", "udp")
    bob.register()
    take, copies = bob._take, {}

    def deaf(raw):
        if raw.startswith(b"MESSAGE"):
            same = copies.setdefault(parse(raw)[1]["call-id"][0], [])
            same.append(raw)
            if len(same) < 3:
                return
        take(raw)

    bob._take = deaf
    # 202: it took all of a phone's time, and that was asked once more.
    heard = alice.message("bob", text(20000)) in (200, 202) and set(bob.wait(1, 120)) == {text(20000)}
    check("udp: a request is sent until it is heard", heard, [len(same) for same in copies.values()])
    check("udp: each time the same", any(len(same) >= 3 for same in copies.values()) and all(len(set(same)) == 1 for same in copies.values()),
          [len(same) for same in copies.values()])
    bob.register(0)


for one in "tcp", "tls":
    large(one)
for one in "udp", "tcp", "tls":
    kinds(one)
split()
ending()
lost_answer()
unheard_request()
sys.exit(failed > 0)
