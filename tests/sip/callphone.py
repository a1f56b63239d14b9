"""A SIP phone for tests of calls: like ua.Phone, but what it hears waits until the test asks for it, and every answer is the test's own."""
import os
import time

from ua import Phone, parse

SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n"


class Request:
    def __init__(self, raw):
        first, self.fields, self.body = parse(raw)
        self.method, self.uri, _ = first.split(" ", 2)
        self.raw = raw

    def values(self, name):
        """All values of a header, one by one."""
        return [v.strip() for line in self.fields.get(name, []) for v in line.split(",")]


class CallPhone(Phone):
    def __init__(self, server, user, password, **more):
        self.seen, self.requests, self.responses, self.tag, self.last = set(), [], [], os.urandom(4).hex(), None
        self.says = None        # another URI for From
        super().__init__(server, user, password, **more)

    def _take(self, raw):
        if raw.startswith(b"SIP/2.0"):
            first, fields, body = parse(raw)
            code = int(first.split()[1])
            with self.lock:
                if code < 300 or raw not in self.seen:	# a refusal comes again until its ACK has arrived
                    self.seen.add(raw)
                    self.responses.append((code, fields, body))
                self.lock.notify_all()
            super()._take(raw)
            return
        with self.lock:
            if raw not in self.seen:		# else a repetition
                self.seen.add(raw)
                self.requests.append(Request(raw))
            self.lock.notify_all()

    def _pop(self, items, fits, seconds):
        until = time.monotonic() + seconds
        with self.lock:
            while True:
                for i, item in enumerate(items):
                    if fits(item):
                        return items.pop(i)
                if not self.lock.wait(max(0, until - time.monotonic())) and time.monotonic() >= until:
                    return None

    def request(self, method, seconds=60):
        """The next request of that method, repetitions left out; None: none came."""
        got = self._pop(self.requests, lambda q: q.method == method, seconds)
        self.last = got or self.last
        return got

    def silent_for(self, method, seconds):
        """True if no request of that method comes meanwhile."""
        return self.request(method, seconds) is None

    def response(self, code, method, seconds=60):
        """The next answer with that code (0: any final) to that method: (code, fields, body) or None."""
        return self._pop(self.responses, lambda r: (r[0] == code or (code == 0 and r[0] >= 200)) and r[1]["cseq"][0].endswith(method), seconds)

    def send(self, text):
        self._send(text.encode() if isinstance(text, str) else text)

    def reply(self, request, code, reason="Answer", headers="", body="", contact=True, by=None):
        """by: another phone, from whose address it comes."""
        out = f"SIP/2.0 {code} {reason}\r\n"
        for name in ("via", "record-route", "from", "to", "call-id", "cseq"):
            for value in request.fields.get(name, []):
                tag = f";tag={self.tag}" if name == "to" and ";tag=" not in value and code > 100 else ""
                out += f"{name}: {value}{tag}\r\n"
        if contact:
            out += f"Contact: <sip:{self.user}@{self.here}>\r\n"
        if body:
            headers += "Content-Type: application/sdp\r\n"
        (by or self).send(out + headers + f"Content-Length: {len(body)}\r\n\r\n{body}")

    def build(self, method, uri, call, cseq, to, headers="", body="", branch=None):
        call["branch"] = branch or "z9hG4bK" + os.urandom(8).hex()
        if body:
            headers += "Content-Type: application/sdp\r\n"
        return (f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/{self.transport.upper()} {self.here};branch={call['branch']};rport\r\nMax-Forwards: 70\r\n"
                f"From: <{self.says or f'sip:{self.user}@{self.domain}'}>;tag={call['tag']}\r\nTo: {to}\r\nCall-ID: {call['id']}\r\nCSeq: {cseq} {method}\r\n"
                f"Contact: <sip:{self.user}@{self.here}>\r\n{headers}Content-Length: {len(body)}\r\n\r\n{body}")

    def invite(self, to, headers="", body=SDP, method="INVITE", challenged=True, scheme="sip"):
        """Asks, is challenged, asks again.  Returns the call; its answers wait in responses."""
        uri = f"{scheme}:{to}@{self.domain}"
        call = {"id": os.urandom(8).hex() + "@test", "tag": os.urandom(4).hex(), "uri": uri, "to": f"<{uri}>", "cseq": 1, "method": method}
        self.send(self.build(method, uri, call, 1, call["to"], headers, body))
        if not challenged:
            return call
        no = self.response(0, method)
        if no is None:
            return call
        if no[0] != 407:
            self.responses.insert(0, no)
            return call
        if method == "INVITE":
            self.ack(call, no[1]["to"][0])
        call["cseq"] = 2
        call["raw"] = self.build(method, uri, call, 2, call["to"], headers + self.credentials(method, uri, no[1], 407), body)
        self.send(call["raw"])
        return call

    def ack(self, call, to):
        """Of an answer that is not 2xx: in the INVITE's transaction."""
        self.send(self.build("ACK", call["uri"], call, call["cseq"], to, branch=call["branch"]))

    def cancel(self, call):
        self.send(self.build("CANCEL", call["uri"], call, call["cseq"], call["to"], branch=call["branch"]))

    def established(self, call, answer):
        """From the 2xx: where requests inside the dialog go."""
        fields = answer[1]
        call["to"] = fields["to"][0]
        call["target"] = fields["contact"][0].split("<")[1].split(">")[0]
        routes = [v for line in fields.get("record-route", []) for v in line.split(",")]
        call["routes"] = "".join(f"Route: {r.strip()}\r\n" for r in reversed(routes))

    def inside(self, call, method, headers="", body="", cseq=None):
        """A request inside the dialog."""
        if method != "ACK":
            call["cseq"] += 1
        self.send(self.build(method, call["target"], call, cseq or call["cseq"], call["to"], call["routes"] + headers, body))

    def answering(self, request, call_tag=None):
        """The dialog as who was called sees it."""
        f = request.fields
        routes = request.fields.get("record-route", [])
        return {"id": f["call-id"][0], "tag": self.tag, "to": f["from"][0], "cseq": 100, "target": f["contact"][0].split("<")[1].split(">")[0],
                "routes": "".join(f"Route: {r}\r\n" for r in routes), "uri": request.uri}
