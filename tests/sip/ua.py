"""A SIP phone for tests, in the standard library: registers, sends MESSAGE, and answers those that it gets, over UDP or TCP, with MD5."""
import hashlib
import os
import re
import select
import socket
import ssl
import threading
import time

TRIES, WAIT_S = 40, 1.5


def md5(*parts):
    return hashlib.md5(":".join(parts).encode()).hexdigest()


def parse(raw):
    """First line, headers (names in lower case, the first of each), body."""
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.decode("utf-8", "replace").split("\r\n")
    fields = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        fields.setdefault(name.strip().lower(), []).append(value.strip())
    return lines[0], fields, body


class Phone:
    ended = None        # the socket that nothing comes from any more

    def __init__(self, server, user, password, domain="wirechief.test", transport="udp", answer=200, silent=False, host="127.0.0.1"):
        self.options, self.late, self.probes = 200, 0, []        # what OPTIONS is answered (None: nothing), after how long, when they came
        self.server, self.user, self.password, self.domain, self.transport = server, user, password, domain, transport
        self.answer, self.silent, self.got, self.lock = answer, silent, [], threading.Condition()
        self.answers, self.call, self.number = {}, os.urandom(8).hex(), 0
        self.from_user = None   # another user in From
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        ip6 = ":" in server[0]
        self.sock = socket.socket(socket.AF_INET6 if ip6 else socket.AF_INET, kind)
        self.sock.bind(("::1" if ip6 else host, 0))
        if transport != "udp":
            self.sock.connect(server)
        self.here = ("[%s]:%d" if ip6 else "%s:%d") % self.sock.getsockname()[:2]
        if transport == "tls":
            self.sock = ssl._create_unverified_context().wrap_socket(self.sock)
            self.sock.setblocking(False)
        self.closed, self.using, self.sending = False, threading.Lock(), threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self):
        self.closed = True
        with self.using:    # whoever is inside of a TLS connection would read on from its number, which may be the next socket's
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self.sock.close()

    def _send(self, data):
        if self.transport == "udp":
            self.sock.sendto(data, self.server)
        elif self.transport == "tcp":
            with self.using:
                self.sock.sendall(data)
        else:
            with self.sending:
                while data:
                    data = data[self._by_tls(self.sock.send, data):]

    def _receive(self):
        return self.sock.recv(131072) if self.transport != "tls" else self._by_tls(self.sock.recv, 131072)

    def _by_tls(self, what, argument):
        """One thread at a time may use a TLS connection; none while it waits."""
        while True:
            with self.using:
                if self.closed:
                    raise OSError("closed")
                try:
                    return what(argument)
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    pass
            select.select([self.sock], [], [], 0.02)

    def _listen(self):
        sock = self.sock
        try:
            self._hear()
        finally:
            with self.lock:
                self.ended = sock
                self.lock.notify_all()

    def _hear(self):
        buffer = b""
        while not self.closed:
            try:
                data = self._receive()
            except (OSError, ValueError):       # it was closed
                return
            if not data:
                return
            if self.transport == "udp":
                self._take(data)
                continue
            buffer += data
            while b"\r\n\r\n" in buffer:
                head, _, rest = buffer.partition(b"\r\n\r\n")
                size = int(re.search(rb"(?im)^content-length: *(\d+)", head)[1])
                if len(rest) < size:
                    break
                self._take(head + b"\r\n\r\n" + rest[:size])
                buffer = rest[size:]

    def _take(self, raw):
        first, fields, body = parse(raw)
        if first.startswith("SIP/2.0 1"):
            return
        if first.startswith("SIP/2.0"):
            with self.lock:
                self.answers[fields["cseq"][0] + fields["call-id"][0]] = (int(first.split()[1]), fields, body)
                self.lock.notify_all()
            return
        if first.startswith("OPTIONS"):
            self._probed(fields)
        elif not self.silent:
            reply = self._reply(self.answer, fields)
            with self.lock:
                self.got.append((body.decode("utf-8", "replace"), fields, fields["call-id"][0]))
                self.lock.notify_all()
            self._send_if_open(reply)

    def _probed(self, fields):
        """Each probe once, but answered whenever it comes."""
        call = fields["call-id"][0]
        if call not in [c for c, _, _ in self.probes]:
            self.probes.append((call, time.monotonic(), fields))
        if self.options is None or self.silent:
            return
        reply = self._reply(self.options, fields)
        if self.late == 0:
            self._send_if_open(reply)
        else:
            threading.Timer(self.late, self._send_if_open, [reply]).start()

    def _send_if_open(self, data):
        try:
            self._send(data)
        except OSError:
            pass            # the connection is gone, as the sender will see

    def _reply(self, code, fields):
        reply = "SIP/2.0 %d Answer\r\n" % code
        for name in ("via", "from", "to", "call-id", "cseq"):
            for value in fields[name]:
                reply += "%s: %s%s\r\n" % (name, value, ";tag=t" if name == "to" and ";tag=" not in value else "")
        return (reply + "Content-Length: 0\r\n\r\n").encode()

    def bodies(self):
        """What came, retransmissions left out, in order."""
        seen, out = set(), []
        with self.lock:
            for body, _, call in self.got:
                if call not in seen:
                    seen.add(call)
                    out.append(body)
        return out

    def wait(self, n, seconds=60):
        """Until n messages came; what came."""
        until = time.monotonic() + seconds
        while len(self.bodies()) < n and time.monotonic() < until:
            with self.lock:
                self.lock.wait(0.05)
        return self.bodies()

    def ask(self, method, uri, to, headers="", body=b"", authorization=""):
        """A request and its final answer, (code, headers); code 0 if none came, or the connection is gone."""
        self.number += 1
        call, cseq = self.call, "%d %s" % (self.number, method)
        message = (f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/{self.transport.upper()} {self.here};branch=z9hG4bK{os.urandom(8).hex()};rport\r\n"
                   f"Max-Forwards: 70\r\nFrom: <sip:{self.from_user or self.user}@{self.domain}>;tag={call[:8]}\r\nTo: <{to}>\r\nCall-ID: {call}\r\n"
                   f"CSeq: {cseq}\r\n{headers}{authorization}Content-Length: {len(body)}\r\n\r\n").encode() + body
        until = time.monotonic() + TRIES * WAIT_S
        while time.monotonic() < until and self.ended is not self.sock:
            try:
                self._send(message)
            except OSError:
                return 0, {}
            again = time.monotonic() + (WAIT_S if self.transport == "udp" else TRIES * WAIT_S)
            with self.lock:
                while cseq + call not in self.answers and self.ended is not self.sock and time.monotonic() < again:
                    self.lock.wait(max(0, again - time.monotonic()))
                if cseq + call in self.answers:
                    code, fields, _ = self.answers.pop(cseq + call)
                    break
        else:
            return 0, {}
        if code not in (401, 407) or authorization:
            return code, fields
        return self.ask(method, uri, to, headers, body, self.credentials(method, uri, fields, code))

    def credentials(self, method, uri, fields, code):
        for challenge in fields["www-authenticate" if code == 401 else "proxy-authenticate"]:
            field = {k.lower(): v.strip('"') for k, v in re.findall(r'(\w+)=("[^"]*"|[^\s,]+)', challenge)}
            if field.get("algorithm", "MD5").upper() == "MD5":
                break
        cnonce = os.urandom(8).hex()
        response = md5(md5(self.user, field["realm"], self.password), field["nonce"], "00000001", cnonce, "auth", md5(method, uri))
        return (f'{"Authorization" if code == 401 else "Proxy-Authorization"}: Digest username="{self.user}", realm="{field["realm"]}", '
                f'nonce="{field["nonce"]}", uri="{uri}", algorithm=MD5, response="{response}", qop=auth, nc=00000001, cnonce="{cnonce}"\r\n')

    def register(self, expires=600):
        contact = f"<sip:{self.user}@{self.here}{'' if self.transport == 'udp' else ';transport=' + self.transport}>"
        return self.ask("REGISTER", f"sip:{self.domain}", f"sip:{self.user}@{self.domain}", f"Contact: {contact}\r\nExpires: {expires}\r\n")[0]

    def message(self, to, text, uuid=None, kind="text/plain", headers=""):
        if uuid is not None:
            headers += f"Message-UUID: {uuid}\r\n"
        aor = f"sip:{to}@{self.domain}"
        body = text if isinstance(text, bytes) else text.encode()
        return self.ask("MESSAGE", aor, aor, headers + f"Content-Type: {kind}\r\n", body)[0]
