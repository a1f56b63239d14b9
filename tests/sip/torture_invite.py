"""RFC 4475's messages as INVITEs that are let through, and answers of that kind.

    torture_invite.py HOST:PORT TCP_HOST:PORT WIRECHIEF

Each goes to account bob, as a trunk's, and to a number of that trunk's, with alice's password; over UDP and TCP.
"""
import glob
import os
import re
import subprocess
import sys
import time

from callphone import SDP, CallPhone

PASSWORD = "a secret of its own"
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "torture")
failed = 0


def check(name, passed):
    global failed
    failed += not passed
    print(("ok " if passed else "not ok ") + name, flush=True)
    return passed


def address(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


def wirechief(*command):
    return subprocess.run([sys.argv[3], "--json", *command], capture_output=True, text=True, timeout=60).stdout


def until(fits, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fits():
            return True
        time.sleep(0.02)
    return False


BODY = "v=0\r\n" + "a=" + "x" * 3000 + "\r\n"
# Status line, headers that replace the right ones (None: left out), more headers, body.
ANSWERS = [
    ("SIP/2.0 180 Ringing", {}, "", ""),
    ("SIP/2.0 100 ", {}, "", ""),
    ("SIP/2.0 183 \xff\xfe\x01", {}, "", ""),
    ("SIP/2.0 4294967301 better not break the receiver", {}, "", ""),
    ("SIP/2.0 0 Zero", {}, "", ""),
    ("SIP/2.0 -1 Less", {}, "", ""),
    ("SIP/2.0 699 " + "long " * 5000, {}, "", ""),
    ("SIP/2.0 200", {}, "", ""),
    ("SIP/2.0 180 Ringing", {"to": None}, "", ""),
    ("SIP/2.0 180 Ringing", {"from": None}, "", ""),
    ("SIP/2.0 180 Ringing", {"call-id": None}, "", ""),
    ("SIP/2.0 180 Ringing", {"cseq": None}, "", ""),
    ("SIP/2.0 200 OK", {"cseq": "36893488147419103232 INVITE"}, "", ""),
    ("SIP/2.0 180 Ringing", {"cseq": "1 " + "X" * 4000}, "", ""),
    ("SIP/2.0 183 Progress", {}, "Contact: <sip:" + "c" * 8000 + "@x>\r\nRSeq: 99999999999999999999\r\nWarning: x\r\n", ""),
    ("SIP/2.0 183 Progress", {}, "Record-Route: <sip:a;lr>, <sip:b;lr>,,, <\r\n" * 40, BODY),
    ("SIP/2.0 183 Progress", {}, "Session-Expires: -1;refresher=\r\nSession-Expires: 99999999999999\r\n", "\0\1\2" * 100),
    ("SIP/2.0 407 Who", {}, "Proxy-Authenticate: Digest realm=\"\r\nProxy-Authenticate: ,,,\r\nProxy-Authenticate: Digest " + "a=b," * 3000 + "\r\n", ""),
    ("SIP/2.0 302 Moved", {}, "Contact: *\r\nContact: <\r\n" * 50, ""),
]
ENDS = [
    ("SIP/2.0 200 OK", {}, "", SDP),
    ("SIP/2.0 200 OK", {}, "Contact: \"" + "q" * 9000 + "\" <sip:x@y>;a=b\r\nSession-Expires: 0\r\n", ""),
    ("SIP/2.0 200 OK", {"to": "<sip:x>;tag=" + "t" * 5000}, "Contact: <sip:x@y?h=1>\r\nSession-Expires: 4294967296\r\n", BODY),
    ("SIP/2.0 486 Busy", {}, "Contact: <\r\n", ""),
    ("SIP/2.0 603 \x7f\x1b[31m", {}, "", ""),
    ("SIP/2.0 401 Who", {}, "WWW-Authenticate: Digest realm=\"a\", nonce=\"" + "n" * 3000 + "\", algorithm=MD5, qop=\"auth\"\r\n", ""),
]


class Asked(CallPhone):
    """Answers what rings here with the next of the answers above, then with the next end."""

    def __init__(self, *more, **other):
        self.n, self.methods = 0, []
        super().__init__(*more, **other)

    def _take(self, raw):
        if raw.startswith(b"SIP/2.0"):
            super()._take(raw)
            return
        super()._take(raw)
        with self.lock:
            news, self.requests = self.requests, []
        for request in news:
            self.methods.append(request.method)
            if request.method == "INVITE":
                self.n += 1
                self.answer_with(request, *ANSWERS[self.n % len(ANSWERS)])
                self.answer_with(request, *ENDS[self.n % len(ENDS)])
            elif request.method != "ACK":
                self.reply(request, 200, "OK")

    def answer_with(self, request, status, replaced, headers, body):
        out = status + "\r\n"
        for name in ("via", "record-route", "from", "to", "call-id", "cseq"):
            values = request.fields.get(name, [])
            if name in replaced:
                values = [] if replaced[name] is None else [replaced[name]]
            for value in values:
                out += f"{name}: {value}{';tag=' + self.tag if name == 'to' and ';tag=' not in value else ''}\r\n"
        data = (out + headers + f"Content-Length: {len(body)}\r\n\r\n{body}").encode("latin-1", "replace")
        if len(data) < 60000:
            self._send_if_open(data)


class Sender(CallPhone):
    """What it sends may be answered without what an answer needs."""

    def _take(self, raw):
        try:
            super()._take(raw)
        except (KeyError, ValueError):
            pass


def tortured():
    for path in sorted(glob.glob(os.path.join(HERE, "*.dat"))):
        with open(path, "rb") as f:
            raw = f.read()
        if not raw.startswith(b"SIP/2.0 "):
            yield os.path.basename(path)[:-4], raw


def as_invite(raw, target, unique):
    """Its first line asks target, its CSeq is an INVITE's, its Call-ID and branch are its own; all else is as it was."""
    first, _, rest = raw.partition(b"\r\n")
    line = b"INVITE " + target.encode() + b" SIP/2.0" if target else re.sub(rb"^\S+", b"INVITE", first)
    rest = re.sub(rb"(?i)(\r\ncseq[ \t]*:[\s]*\d+\s+)\S+", rb"\1INVITE", b"\r\n" + rest, count=1)
    rest = re.sub(rb"(?i)(branch[ \t]*=[ \t]*z9hG4bK)", rb"\g<1>" + unique, rest, count=1)
    rest = re.sub(rb"(?i)(\r\n(?:call-id|i)[ \t]*:[ \t]*)", rb"\g<1>" + unique, rest, count=1)
    return line + rest


def ours(raw, alice, unique):
    """Alice's, who must say so: her From, and her password."""
    uri = "sip:+441234@wirechief.test"
    alice.responses.clear()
    ask = alice.build("SUBSCRIBE", uri, {"id": unique.decode(), "tag": "t"}, 1, f"<{uri}>")
    for _ in range(30):         # the kernel may have no room for it beside all that was sent before
        alice.send(ask)
        no = alice.response(407, "SUBSCRIBE", 2)
        if no is not None:
            break
    line = alice.credentials("INVITE", uri, no[1], 407).encode()
    text = as_invite(raw, uri, unique)
    text = re.sub(rb"(?i)\r\n(from|f)[ \t]*:.*?(?=\r\n[^ \t])", rb"\r\nFrom: <sip:alice@wirechief.test>;tag=1", text, count=1, flags=re.S)
    return text.replace(b"\r\n", b"\r\n" + line, 1)


def rounds(server, transport, bob, trunk):
    sender = Sender(server, "provider", "", host="127.0.0.41", transport=transport)
    alice = Sender(server, "alice", PASSWORD, transport=transport)
    before = bob.n, trunk.n
    for number, (name, raw) in enumerate(tortured()):
        for kind, target in ((0, "sip:bob@wirechief.test"), (1, "sip:+390002@wirechief.test"), (2, "")):
            if transport == "tcp":            # a stream that can't be cut into messages is closed
                sender.close()
                sender = Sender(server, "provider", "", host="127.0.0.41", transport=transport)
            sender._send_if_open(as_invite(raw, target, b"%s%d%d" % (transport.encode(), number, kind)))
        if transport == "tcp":
            alice.close()
            alice = Sender(server, "alice", PASSWORD, transport=transport)
        alice._send_if_open(ours(raw, alice, b"a%s%d" % (transport.encode(), number)))
    until(lambda: bob.n - before[0] > 20 and trunk.n - before[1] > 10)
    check(f"over {transport}: {bob.n - before[0]} of them rang at the phone, {trunk.n - before[1]} at the trunk",
          bob.n - before[0] > 20 and trunk.n - before[1] > 10)


def main():
    udp, tcp = address(sys.argv[1]), address(sys.argv[2])
    bob, trunk = Asked(udp, "bob", PASSWORD), Asked(udp, "trunk", "", host="127.0.0.41")
    check("bob registers", bob.register() == 200)
    wirechief("trunk", "add", "trunk", "host=127.0.0.41", f"port={trunk.sock.getsockname()[1]}", "transport=UDP", "prefixes=+44")
    check("the trunk is well", until(lambda: '"status":"OK"' in wirechief("trunk", "show", "trunk")))
    rounds(udp, "udp", bob, trunk)
    rounds(tcp, "tcp", bob, trunk)
    alice = CallPhone(udp, "alice", PASSWORD)
    alice.register()
    call = alice.invite("bob")
    check("calls go on", alice.response(0, "INVITE") is not None and call is not None)
    for listed in wirechief("call", "list").splitlines():
        wirechief("call", "drop", re.search(r'"id":"(\d+)"', listed)[1])
    check("and those that stand can be dropped", until(lambda: '"id"' not in wirechief("call", "list"), 100))
    return failed > 0


sys.exit(main())
