"""Announcements as a phone under this program's hands meets them: what it offers, what it is answered, each packet that it hears.

    announce.py HOST:PORT TCP_HOST:PORT PROMPTS URL PID

Accounts alice, carlo and dora (both disabled), of PASSWORD; PROMPTS has en/disabled, en/called and it/disabled, each a second of a tone, and
fr/disabled, half a minute; URL is what Error-Info names but for LANGUAGE/NAME.wav.  Of announcements three may be heard at once (announce.most).  PID is
that of the front, which is killed at last.
"""
import array
import os
import re
import signal
import socket
import sys
import threading
import time

from callphone import SDP, CallPhone
from tone import is_tone, samples

PASSWORD = "a secret of its own"
PACKET, HEADER = 160, 12
MARK = b"all that was sent before"
LONG, LONG_PACKETS = "Accept-Language: fr\r\n", 1500
failed = 0


def check(name, passed):
    global failed
    failed += not passed
    print(("ok " if passed else "not ok ") + name, flush=True)
    return passed


def address(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


class Ear:
    """Where a phone hears; its packets with the time when each was read."""

    def __init__(self, host="127.0.0.1"):
        self.sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((host, 0))
        self.sock.settimeout(0.1)
        self.host, self.port, self.got, self.closed = host, self.sock.getsockname()[1], [], False
        self.marks, self.marked = 0, 0
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self):
        while not self.closed:
            try:
                data, source = self.sock.recvfrom(2048)
            except TimeoutError:
                continue
            if data == MARK:
                self.marked += 1
            else:
                self.got.append((time.monotonic(), data, source))

    def close(self):
        self.closed = True
        self.thread.join()
        self.sock.close()

    def wait(self, n, seconds=60):
        end = time.monotonic() + seconds
        while len(self.got) < n and time.monotonic() < end:
            time.sleep(0.01)
        return len(self.got) >= n

    def settled(self):
        """Itself, once all is read that was sent so far: what is sent now comes after it."""
        self.marks += 1
        with socket.socket(self.sock.family, socket.SOCK_DGRAM) as s:
            s.sendto(MARK, (self.host, self.port))
        end = time.monotonic() + 60
        while self.marked < self.marks and time.monotonic() < end:
            time.sleep(0.01)
        return self

    def silent(self, seconds=0.5):
        """Whether nothing more is sent."""
        n = len(self.settled().got)
        time.sleep(seconds)
        return len(self.settled().got) == n

    def falls_silent(self):
        """Whether that is so soon, and long before the end of what is said."""
        return any(self.silent(1) for _ in range(20)) and len(self.got) < LONG_PACKETS

    def offer(self, media="RTP/AVP 0", lines=""):
        family = "IP6" if ":" in self.host else "IP4"
        return (f"v=0\r\no=- 1 1 IN {family} {self.host}\r\ns=-\r\nc=IN {family} {self.host}\r\nt=0 0\r\n"
                f"m=audio {self.port} {media}\r\n{lines}")

    def packets(self):
        return [data for _, data, _ in self.got]

    def wave(self, alaw=False):
        """All that was heard, decoded as ITU-T G.711 has it."""
        def ulaw(code):
            bits = ~code & 255
            size = (((bits & 15) << 3) + 132) << (bits >> 4 & 7)
            return 132 - size if bits & 128 else size - 132

        def a(code):
            bits = code ^ 0x55
            segment, size = bits >> 4 & 7, (bits & 15) << 4
            size = size + 8 if segment == 0 else (size + 0x108) << (segment - 1)
            return size if bits & 128 else -size
        table = [(a if alaw else ulaw)(c) for c in range(256)]
        return array.array("h", (max(-32768, min(32767, table[c])) for p in self.packets() for c in p[HEADER:]))


class Caller:
    def __init__(self, user, server, **more):
        self.phone = CallPhone(server, user, PASSWORD, **more)

    def call(self, offer, to="alice", headers=""):
        self.phone.responses.clear()
        self.called = time.monotonic()
        self.made = self.phone.invite(to, headers, offer)

    def final(self, code=403):
        """The final answer, acknowledged; None: it is another one."""
        got = self.phone.response(0, "INVITE")
        if got is None:
            return None
        self.phone.ack(self.made, got[1]["to"][0])
        return got if got[0] == code else None

    def progress(self, seconds=60):
        return self.phone.response(183, "INVITE", seconds)

    def hears_nothing(self, name, offer, headers=""):
        self.call(offer, headers=headers)
        no = self.final()
        check(f"{name}: 403 at once, and the URL", no is not None and "error-info" in no[1] and self.progress(0) is None)


def error_info(answer, what):
    return answer is not None and answer[1].get("error-info") == [f"<{sys.argv[4]}{what}.wav>"]


def packets_are_right(ear, wave, payload_type, called):
    got = ear.settled().packets()
    heads = [(p[0], p[1], int.from_bytes(p[2:4], "big"), int.from_bytes(p[4:8], "big"), p[8:12]) for p in got]
    check("as many packets as the prompt has, of 20 ms each", len(got) == -(-len(wave) // PACKET) and {len(p) for p in got} == {HEADER + PACKET})
    check("RTP, marked at its beginning", {h[0] for h in heads} == {0x80} and [h[1] for h in heads] == [payload_type | 128] + [payload_type] * (len(heads) - 1))
    pairs = list(zip(heads, heads[1:]))
    check("counted one by one", all((b[2] - a[2]) % 65536 == 1 and (b[3] - a[3]) % 2**32 == PACKET and a[4] == b[4] for a, b in pairs))
    heard = ear.wave(payload_type == 8)
    check("sample by sample what the file says", len(heard) >= len(wave) and all(abs(x - y) <= 40 + abs(x) // 16 for x, y in zip(wave, heard)))
    times = [t for t, _, _ in ear.got]
    check("paced by the clock", all(t - called > 0.02 * i for i, t in enumerate(times)))
    check("to its end", times[-1] - times[0] < 0.02 * len(times) + 20)


def whole_announcement(carlo, prompts):
    ear = Ear()
    carlo.call(ear.offer("RTP/AVP 101 8 0", "a=rtpmap:101 telephone-event/8000\r\n"))
    early = carlo.progress()
    check("early media", early is not None and ";tag=" in early[1]["to"][0] and early[1]["content-type"] == ["application/sdp"])
    answer = early[2].decode() if early else ""
    check("its answer takes the first codec that is G.711", re.search(r"(?m)^m=audio [0-9]+ RTP/AVP 8\r$", answer) is not None)
    no = carlo.final()
    check("then 403, with the URL of what was said", error_info(no, "en/disabled"))
    check("and in the same dialog", no is not None and no[1]["to"] == early[1]["to"])
    packets_are_right(ear, samples(prompts + "/en/disabled.wav")[1], 8, carlo.called)
    check("from the port of the answer", f"m=audio {ear.got[0][2][1]} " in answer)
    ear.close()


def hears(name, caller, prompt, prompts, offer=None, **more):
    """A whole announcement that is that prompt."""
    ear = Ear() if offer is None else offer
    caller.call(ear.offer(), **more)
    check(f"{name}: early media", caller.progress() is not None)
    check(f"{name}: the URL is that of what is heard", error_info(caller.final(), prompt))
    wave, heard = samples(f"{prompts}/{prompt}.wav")[1], ear.settled().wave()
    check(f"{name}: it is heard", len(heard) >= len(wave) and all(abs(x - y) <= 40 + abs(x) // 16 for x, y in zip(wave, heard)))
    ear.close()


def cancels(carlo):
    ear = Ear()
    carlo.call(ear.offer(), headers=LONG)
    check("it speaks", ear.wait(5))
    carlo.phone.cancel(carlo.made)
    check("a CANCEL is answered", carlo.phone.response(200, "CANCEL") is not None)
    check("and ends the call", carlo.final(487) is not None)
    check("and the announcement, at once", ear.silent() and len(ear.got) < LONG_PACKETS)
    ear.close()


def nothing_to_hear(carlo):
    ear = Ear()
    dtls = "a=fingerprint:sha-256 00:11\r\na=setup:actpass\r\n"
    carlo.hears_nothing("no offer", "")
    carlo.hears_nothing("only video", SDP.replace("m=audio 40000 RTP/AVP 0", "m=video 40000 RTP/AVP 31"))
    carlo.hears_nothing("only DTLS", ear.offer("UDP/TLS/RTP/SAVPF 0", dtls))
    carlo.hears_nothing("SAVP without keys", ear.offer("RTP/SAVP 0"))
    carlo.hears_nothing("no G.711", ear.offer("RTP/AVP 96", "a=rtpmap:96 opus/48000/2\r\n"))
    carlo.hears_nothing("on hold", ear.offer(lines="a=sendonly\r\n"))
    carlo.hears_nothing("everybody's address", ear.offer().replace("127.0.0.1", "224.0.0.1"))
    carlo.hears_nothing("no description at all", "This is no SDP.")
    carlo.hears_nothing("reliability required", ear.offer(), "Require: 100rel\r\n")
    check("and nothing was sent anywhere", ear.settled().got == [])
    ear.close()


def secure(carlo):
    ear = Ear()
    crypto = "a=crypto:7 AES_CM_128_HMAC_SHA1_32 inline:" + "a2tr" * 10 + "\r\n"
    carlo.call(ear.offer("RTP/SAVP 0", crypto))
    early = carlo.progress()
    answer = early[2].decode() if early else ""
    key = re.search(r"(?m)^a=crypto:7 AES_CM_128_HMAC_SHA1_32 inline:([A-Za-z0-9+/]{40})\r$", answer)
    check("an offer of SRTP is answered with a key of ours", key is not None and "RTP/SAVP 0\r\n" in answer and key[1] != "a2tr" * 10)
    check("and refused when all is said", carlo.final() is not None)
    check("each packet has its tag", len(ear.settled().got) == 50 and {len(p) for p in ear.packets()} == {HEADER + PACKET + 4})
    check("and is no speech", not is_tone(ear.wave()[:800], 8000, 440))
    ear.close()


def many(server, prompts):
    callers = [Caller(user, server) for user in ("carlo", "dora", "carlo", "dora")]
    ears = [Ear() for _ in callers]
    for caller, ear in zip(callers[:3], ears):
        caller.call(ear.offer(), headers=LONG)
    check("three hear at once", all(e.wait(1) for e in ears[:3]))
    callers[3].call(ears[3].offer())
    no = callers[3].final()
    check("the fourth is one too many", no is not None and callers[3].progress(0) is None and ears[3].settled().got == [])
    check("of different ports", len({e.got[0][2] for e in ears[:3]}) == 3)
    check("each to its end", all(c.final() is not None and len(e.settled().got) == LONG_PACKETS for c, e in zip(callers[:3], ears)))
    for e in ears:
        e.close()


def hearer_goes(carlo):
    ear = Ear()
    carlo.call(ear.offer())
    check("it hears the beginning", ear.wait(3))
    ear.close()
    check("its port is closed: the call ends as it would", carlo.final() is not None)


def connection_goes(server):
    ear = Ear()
    carlo = Caller("carlo", server, transport="tcp")
    carlo.call(ear.offer(), headers=LONG)
    check("over TCP, too", ear.wait(3))
    carlo.phone.close()
    check("the caller's connection goes: nothing more is said", ear.falls_silent())
    ear.close()


def front_dies(carlo, pid):
    ear = Ear()
    carlo.call(ear.offer(), headers=LONG)
    check("one more hears the beginning", ear.wait(3))
    os.kill(pid, signal.SIGKILL)
    check("the front dies: the announcement with it", ear.falls_silent())
    ear.close()


def main():
    server, tcp, prompts = address(sys.argv[1]), address(sys.argv[2]), sys.argv[3]
    carlo = Caller("carlo", server)
    whole_announcement(carlo, prompts)
    alice = Caller("alice", server)
    hears("who calls a disabled account", alice, "en/called", prompts, to="carlo")
    hears("in Italian", carlo, "it/disabled", prompts, headers="Accept-Language: de, it-CH;q=0.8, en;q=0.5\r\n")
    hears("in a language that there is not", carlo, "en/disabled", prompts, headers="Accept-Language: de\r\n")
    hears("what its language has no words of", alice, "it/disabled", prompts, headers="Accept-Language: it\r\n", to="carlo")
    hears("over TCP", Caller("carlo", tcp, transport="tcp"), "en/disabled", prompts)
    hears("by IPv6", carlo, "en/disabled", prompts, offer=Ear("::1"))
    cancels(carlo)
    nothing_to_hear(carlo)
    secure(carlo)
    many(server, prompts)
    hearer_goes(carlo)
    connection_goes(tcp)
    front_dies(carlo, int(sys.argv[5]))
    sys.exit(failed > 0)


main()
