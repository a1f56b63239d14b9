"""What a trace shows of an account, and what it must not: registrations, calls and messages over UDP, TCP and TLS while one runs.

    trace.py UDP TCP TLS WIRECHIEF     each HOST:PORT

Exit status 0 when all was tried.
"""
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

from callphone import CallPhone
from ua import Phone

PASSWORD, TEXT, KEY = "a secret of its own", "meet me at noon, tell nobody", "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
SDP = ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/SAVP 0\r\n"
       f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\r\n")
WAIT_S = 60


def where(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


UDP, TCP, TLS, WIRECHIEF = where(sys.argv[1]), where(sys.argv[2]), where(sys.argv[3]), sys.argv[4]


def check(name, good, more=""):
    print(("ok " if good else "not ok ") + name, flush=True)
    if not good:
        print(f"# {more}", flush=True)


def wait(test):
    until = time.monotonic() + WAIT_S
    while not test():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def events():
    out = subprocess.run([WIRECHIEF, "--json", "event", "list", "--limit", "200"], stdout=subprocess.PIPE, timeout=120, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


class Trace:
    def __init__(self, user, *options):
        before = self.begun(user)
        self.lines = []
        self.process = subprocess.Popen([WIRECHIEF, *options, "trace", user], stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._read, daemon=True).start()
        self.stands = wait(lambda: self.begun(user) > before)

    @staticmethod
    def begun(user):
        return sum(e["event"] == f"account {user}: trace begun" for e in events())

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def messages(self):
        return [json.loads(line) for line in list(self.lines)]

    def wait(self, **want):
        """The first message like this."""
        found = []

        def look():
            found[:] = [m for m in self.messages() if all((v in m[k] if isinstance(v, str) and m[k] else m[k] == v) for k, v in want.items())]
            return found

        return found[0] if wait(look) else None

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=WAIT_S)


sent = []                # all that the phones said and heard


class Recorded(CallPhone):
    def _send(self, data):
        sent.append(data)
        super()._send(data)

    def _take(self, raw):
        sent.append(raw)
        super()._take(raw)


def over_tls(user):
    """A REGISTER without credentials; its answer."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(TLS, timeout=WAIT_S) as plain, context.wrap_socket(plain) as s:
        s.sendall((f"REGISTER sip:wirechief.test SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:1;branch=z9hG4bKtls;rport\r\n"
                   f"From: <sip:{user}@wirechief.test>;tag=1\r\nTo: <sip:{user}@wirechief.test>\r\nCall-ID: tls@test\r\nCSeq: 1 REGISTER\r\n"
                   "Max-Forwards: 70\r\nContact: <sip:x@127.0.0.1:1;transport=tls>\r\nContent-Length: 0\r\n\r\n").encode())
        return s.recv(65536).decode()


alice, bob = Trace("alice", "--json"), Trace("bob")
check("traces begin", alice.stands and bob.stands)

phone = Recorded(UDP, "alice", PASSWORD)
check("alice registers", phone.register() == 200)
m = alice.wait(method="REGISTER", direction="in")
check("her REGISTER is seen", m and m["with"] == "phone" and m["transport"] == "UDP" and m["remote"] == phone.here and m["local"] == "%s:%d" % UDP, m)
m = alice.wait(code=401)
check("and what it is answered", m and m["direction"] == "out" and m["with"] == "phone" and m["first"] == "SIP/2.0 401 Unauthorized" and
      "nonce=[redacted]" in m["text"], m)
check("and the second, whose answer is not", (m := alice.wait(text='username="alice"')) and "response=[redacted]" in m["text"], m)
check("and the 200", alice.wait(code=200, method="REGISTER"))

called = Recorded(TCP, "bob", PASSWORD, transport="tcp")
check("bob registers over TCP", called.register() == 200)
call = phone.invite("bob", body=SDP)
invite = called.request("INVITE")
check("bob is called", invite is not None)
called.reply(invite, 180, "Ringing")
called.reply(invite, 200, "OK", body=SDP.replace(KEY, KEY[::-1]))
answer = phone.response(200, "INVITE")
phone.established(call, answer)
phone.inside(call, "ACK", cseq=call["cseq"])
check("he hears the ACK", called.request("ACK") is not None)
phone.inside(call, "BYE")
called.reply(called.request("BYE"), 200, "OK")
check("the call ends", phone.response(200, "BYE") is not None)

m = alice.wait(method="INVITE", code=None, direction="out")
check("the INVITE to bob is in her trace", m and m["with"] == "peer" and m["transport"] == "TCP" and m["remote"] == called.here, m)
check("with its body's size and type only", m and m["body"] == len(SDP) and m["content_type"] == "application/sdp", m)
m = alice.wait(method="INVITE", code=180, direction="in")
check("what bob says, too", m and m["with"] == "peer" and m["transport"] == "TCP", m)
m = alice.wait(method="BYE", code=200, direction="out")
check("to the end", m and m["with"] == "phone", m)
order = [(m["direction"], m["with"], m["method"], m["code"]) for m in alice.messages()]
check("in order", order.index(("in", "phone", "INVITE", None)) < order.index(("out", "peer", "INVITE", None)) <
      order.index(("in", "peer", "INVITE", 180)) < order.index(("out", "phone", "INVITE", 180)) < order.index(("in", "phone", "BYE", None)), order)

check("a message with a text", phone.message("bob", TEXT) in (200, 202))
m = alice.wait(method="MESSAGE", direction="in")
check("is seen without it", m and m["body"] == len(TEXT), m)
check("TLS answers", over_tls("alice").startswith("SIP/2.0 401"))
m = alice.wait(transport="TLS", direction="in")
check("over TLS it is seen as it was meant", m and m["method"] == "REGISTER" and m["first"].startswith("REGISTER sip:"), m)
check("and the answer", alice.wait(transport="TLS", direction="out", code=401))

hidden = Recorded(UDP, "alice", PASSWORD)
sent_before = len(alice.messages())
hidden.send(phone.build("OPTIONS", "sip:carol@wirechief.test", {"id": "other@test", "tag": "o", "uri": ""}, 1, "<sip:carol@wirechief.test>")
            .replace("sip:alice@wirechief.test", "sip:carol@wirechief.test").replace("sip:alice@", "sip:carol@"))
check("a stranger's is answered", wait(lambda: any(b"other@test" in raw for raw in sent if raw.startswith(b"SIP/2.0"))))
check("a mark for the end", Phone(UDP, "alice", PASSWORD).register() == 200)
wait(lambda: sum(m["method"] == "REGISTER" and m["code"] == 200 for m in alice.messages()) >= 2)
check("and is in nobody's trace", not any("other@test" in m["text"] for m in alice.messages()))

check("bob's trace is a ladder", wait(lambda: any("MESSAGE sip:" in line for line in bob.lines)) and
      bob.lines[0].startswith("Time          phone      us     peer  Message") and
      any(re.match(r"\d\d:\d\d:\d\d\.\d{3}  <--------             INVITE sip:bob@127\.0\.0\.1:\d+\S*  127\.0\.0\.1:\d+ TCP  body \d+ bytes, application/sdp", line)
          for line in bob.lines), "".join(bob.lines))
for t in (alice, bob):
    t.end()
check("its end is an event, with who and how many", wait(lambda: any(re.fullmatch(
    r"account alice: trace ended after \d+ s, left, \d+ messages", e["event"]) and e["operator"] for e in events())), events()[-3:])

heard = b"\n".join(s if isinstance(s, bytes) else s.encode() for s in sent).decode("utf-8", "replace")
secrets = set(re.findall(r'\b(?:response|nonce|cnonce|opaque)="([^"]{8,})"', heard)) | {TEXT, KEY, KEY[::-1], PASSWORD}
said = "".join(alice.lines + bob.lines)
check(f"none of {len(secrets)} secrets is in what was shown", len(secrets) > 10 and not [s for s in secrets if s in said], [s for s in secrets if s in said])
log = json.dumps(events())
check("nor in the events", not [s for s in secrets if s in log])

# A watcher that does not read: nothing waits for it, and it is told what it missed.
s = socket.socket(socket.AF_UNIX)
s.connect(os.environ["WIRECHIEF_SOCKET"])
s.settimeout(WAIT_S)
lines = s.makefile("r")
lines.readline()
began = time.monotonic()
s.sendall(b'{"id":1,"do":"trace","name":"alice"}\n')
check("one by hand begins", json.loads(lines.readline()) == {"id": 1, "ok": {}})
flood = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
flood.bind(("127.0.0.1", 0))
flood.settimeout(WAIT_S)
padding = "".join(f"X-Padding-{i}: {'x' * 100}\r\n" for i in range(25))
for i in range(2000):
    flood.sendto((f"OPTIONS sip:wirechief.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{flood.getsockname()[1]};branch=z9hG4bK{i};rport\r\n"
                  f"From: <sip:alice@wirechief.test>;tag=1\r\nTo: <sip:wirechief.test>\r\nCall-ID: flood{i}@test\r\nCSeq: 1 OPTIONS\r\n"
                  f"Max-Forwards: 70\r\n{padding}Content-Length: 0\r\n\r\n").encode(), UDP)
    if i % 20 == 19:            # so that the sockets' buffers hold them
        for _ in range(20):
            flood.recv(65536)
check("a phone registers meanwhile", Phone(UDP, "alice", PASSWORD).register() == 200)
told, missed, done = 0, 0, False


def go_on():
    """Registers again and again, so that there is something to be told once what was left out is."""
    while not done:
        Phone(UDP, "alice", PASSWORD).register()
        time.sleep(0.3)


time.sleep(1)                   # so that there is room to be told more: 200 at once and 100 a second
threading.Thread(target=go_on, daemon=True).start()
while True:
    m = json.loads(lines.readline())
    told += "message" in m
    missed += m.get("missed", 0)
    if missed > 1000 and m.get("message", {}).get("method") == "REGISTER" and m["message"]["code"] == 200:
        break
done, most = True, 200 + 100 * (time.monotonic() - began)
check(f"it was told {told} messages, and how many it missed", told <= most and missed > 1000, (told, most, missed))
lines.close()
s.close()
check("it leaves, which is told", wait(lambda: sum(e["event"].startswith("account alice: trace ended") for e in events()) == 2), events()[-3:])
