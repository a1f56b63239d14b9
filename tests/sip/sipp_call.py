"""Writes a sipp scenario of one side of a call from words, in the order in which things happen.

    sipp_call.py NAME WORD... > NAME.xml

    call        INVITE, challenged, acknowledged, INVITE with the password
    >METHOD     sends a request: CANCEL, ACK (of a 2xx), ack (of any other answer), BYE
    >NNN        answers the INVITE, >ok what came last
    <METHOD     waits for a request, <NNN for an answer, <?NNN for one that may be left out
    pause:MS

The -inf file of a caller has: user; [authentication ...]; who is called.
"""
import sys

DOMAIN = "wirechief.test"
SDP = "v=0\no=a 1 1 IN IP4 [local_ip]\ns=-\nc=IN IP4 [local_ip]\nt=0 0\nm=audio 40000 RTP/AVP 0"

# Of an INVITE, for its answers: which of the headers of that name.
KEPT = {"via1": ("Via", 1), "via2": ("Via", 2), "route1": ("Record-Route", 1), "route2": ("Record-Route", 2), "cseq": ("CSeq", 1),
        "from": ("From", 1)}


class Scenario:
    def __init__(self):
        self.parts, self.index, self.invite, self.cseq, self.called, self.skips = [], 0, 0, 0, False, False
        self.received, self.sent = "", 0		# what came last, and how much was sent since

    def add(self, element):
        self.parts.append(element)
        self.index += 1

    def send(self, text, body="", attributes=""):
        kind = "Content-Type: application/sdp\n" if body else ""
        message = f"{text}{kind}Content-Length: {'[len]' if body else 0}\n\n{body}"
        self.sent += 1
        self.add(f"<send{attributes}><![CDATA[\n{message}\n]]></send>")

    def request(self, method, inside=True, branch="[branch]", more="", body="", attributes=""):
        uri = "[next_url]" if inside else f"sip:[field2]@{DOMAIN}"
        who = f"<sip:[field0]@{DOMAIN}>;tag=[call_number]"
        to = "[last_To:]" if inside or method == "ACK" else f"To: <sip:[field2]@{DOMAIN}>"
        if self.called:
            who, to = f"<sip:phone@{DOMAIN}>;tag=p[pid]x[call_number]", "To:[$from]"
        routes = "[routes]\n" if inside else ""
        self.send(f"{method} {uri} SIP/2.0\nVia: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch};rport\n{routes}Max-Forwards: 70\n"
                  f"From: {who}\n{to}\nCall-ID: [call_id]\nCSeq: {self.cseq} {method}\n"
                  f"Contact: <sip:test@[local_ip]:[local_port]>\n{more}", body, attributes)

    def of_invite(self, method):
        """A CANCEL or an ACK in the INVITE's transaction; that has the branch of its place in the scenario."""
        self.request(method, inside=False, branch=f"[branch-{self.index - self.invite}]", attributes=' retrans="500"' if method == "CANCEL" else "")

    def call(self):
        for more in ("", "[field1]\n"):
            self.invite = self.index
            self.cseq += 1
            self.request("INVITE", inside=False, more=more, body=SDP, attributes=' retrans="500"')
            if not more:
                self.receive("?100")
                self.add('<recv response="407" auth="true" />')
                self.received, self.sent = "407", 0
                self.of_invite("ACK")

    def answer(self, code):
        """Of the INVITE, also when something else came after it."""
        body = SDP if code == "200" else ""
        contact = "Contact: <sip:phone@[local_ip]:[local_port]>\n" if code[0] in "12" else ""
        self.send(f"SIP/2.0 {code} Answer\nVia:[$via1]\nVia:[$via2]\nRecord-Route:[$route1]\nRecord-Route:[$route2]\n[last_From:]\n[last_To:];tag=p[pid]x[call_number]\n[last_Call-ID:]\n"
                  f"CSeq:[$cseq]\n{contact}", body, ' retrans="500"' if code[0] != "1" else "")

    def take_again(self, what):
        """sipp knows what comes again, and says again what it answered, unless it has sent two messages since."""
        if self.sent > 1 and self.received not in ("", what):
            self.add(f'<recv {"response" if self.received.isdigit() else "request"}="{self.received}" optional="true" />')
        self.received, self.sent = what, 0

    def receive(self, what):
        optional = ' optional="true"' if what[0] == "?" else ""
        what = what.lstrip("?")
        self.take_again(what)
        if what == "INVITE":
            take = "".join(f'<ereg regexp=".*" search_in="hdr" header="{header}:" occurrence="{n}" assign_to="{name}" />'
                           for name, (header, n) in KEPT.items())
            self.called = True
            self.add(f'<recv request="INVITE" rrs="true"><action>{take}</action></recv>')
        elif what.isdigit():
            routes = ' rrs="true"' if what == "200" and not self.skips else ""		# not of a CANCEL's or a BYE's
            self.skips = self.skips and what != "200"
            self.add(f'<recv response="{what}"{routes}{optional} />')
        else:
            self.add(f'<recv request="{what}"{optional} />')

    def word(self, word):
        what = word[1:]
        if word == "call":
            self.call()
        elif word.startswith("pause:"):
            self.add(f'<pause milliseconds="{word[6:]}" />')
        elif word[0] == "<":
            self.receive(what)
        elif what.isdigit():
            self.answer(what)
        elif what == "ok":
            self.send("SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\n")
        elif what == "ack":
            self.of_invite("ACK")
        elif what == "CANCEL":
            self.of_invite("CANCEL")
            self.skips = True
        else:
            self.cseq += what != "ACK"
            self.skips = True
            self.request(what, attributes="" if what == "ACK" else ' retrans="500"')

    def text(self, name):
        names = ",".join(KEPT)
        unused = f'<Reference variables="{names}" />' if '"via1"' in "".join(self.parts) else ""
        return f'<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="{name}">\n' + "\n".join(self.parts) + f"\n{unused}\n</scenario>\n"


def main():
    s = Scenario()
    for word in sys.argv[2:]:
        s.word(word)
    sys.stdout.write(s.text(sys.argv[1]))


main()
