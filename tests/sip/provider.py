"""SIP providers and a name server for tests, in the standard library.  How each answers is an attribute that may be changed at any time."""
import hashlib
import os
import re
import socket
import ssl
import struct
import threading
import time

from ua import parse

HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


class Provider:
    """Answers OPTIONS, REGISTER and INVITE at ADDR:PORT; port 0: one that is free, then in port."""

    def __init__(self, addr, port, transport="udp", context=None, **more):
        self.options, self.register, self.invite = 200, 200, 0      # codes; 0: silence
        self.delay = 0.0                            # before each answer
        self.answer_from = None                     # a socket of another address
        self.realm, self.algorithms, self.user, self.password = None, ["SHA-256", "MD5"], "carol", "secret"
        self.headers, self.expires = "", 600        # of the answer to REGISTER
        self.requests, self.nonces, self.seen = [], set(), set()      # of requests that came again the first
        self.transport, self.context = transport, context
        self.__dict__.update(more)
        family = socket.AF_INET6 if ":" in addr else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((addr, port))
        self.port = self.sock.getsockname()[1]
        if transport != "udp":
            self.sock.listen(16)
        threading.Thread(target=self._datagrams if transport == "udp" else self._accept, daemon=True).start()

    def close(self):
        self.sock.close()

    def _datagrams(self):
        while True:
            try:
                raw, source = self.sock.recvfrom(65536)
            except OSError:
                return
            threading.Thread(target=self._take, args=(raw, lambda data: (self.answer_from or self.sock).sendto(data, source)), daemon=True).start()

    def _accept(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self._stream, args=(conn,), daemon=True).start()

    def _stream(self, conn):
        buffer = b""
        try:
            if self.context is not None:
                conn = self.context.wrap_socket(conn, server_side=True)
            while data := conn.recv(65536):
                buffer += data
                while buffer.startswith(b"\r\n"):
                    buffer = buffer[2:]
                while b"\r\n\r\n" in buffer:
                    raw, _, buffer = buffer.partition(b"\r\n\r\n")
                    self._take(raw + b"\r\n\r\n", conn.sendall)
        except (OSError, ssl.SSLError):
            pass
        conn.close()

    def _take(self, raw, send):
        first, fields, _ = parse(raw)
        method = first.split()[0]
        if method not in ("OPTIONS", "REGISTER", "INVITE"):
            return
        if raw not in self.seen:
            self.seen.add(raw)
            self.requests.append((method, fields))
        code, more = self._judge(first, method, fields)
        if code == 0:
            return
        time.sleep(self.delay)
        reply = "SIP/2.0 %d %s\r\n" % (code, {200: "OK", 401: "Unauthorized", 403: "Forbidden"}.get(code, "Answer"))
        for name in ("via", "from", "to", "call-id", "cseq"):
            for value in fields[name]:
                reply += "%s: %s%s\r\n" % (name, value, ";tag=t" if name == "to" and ";tag=" not in value else "")
        try:
            send((reply + more + "Content-Length: 0\r\n\r\n").encode())
        except OSError:
            pass

    def _judge(self, first, method, fields):
        if method == "OPTIONS":
            return self.options, ""
        if method == "INVITE":
            return self.invite, ""
        if self.register != 200:
            return self.register, self.headers
        if self.realm is not None and not self._is_right(first, fields):
            nonce = os.urandom(8).hex()
            self.nonces.add(nonce)
            return 401, "".join('WWW-Authenticate: Digest realm="%s", nonce="%s", algorithm=%s, qop="auth"\r\n' % (self.realm, nonce, a)
                                for a in self.algorithms)
        contact = "".join("Contact: %s;expires=%d\r\n" % (value, self.expires) for value in fields.get("contact", []))
        return 200, contact + self.headers

    def _is_right(self, first, fields):
        if "authorization" not in fields:
            return False
        said = {k.lower(): v.strip('"') for k, v in re.findall(r'(\w+)=("[^"]*"|[^\s,]+)', fields["authorization"][0])}
        if said["nonce"] not in self.nonces or said["algorithm"] not in self.algorithms:
            return False

        def digest(*parts):
            return HASHES[said["algorithm"]](":".join(parts).encode()).hexdigest()
        return said["response"] == digest(digest(self.user, self.realm, self.password), said["nonce"], said["nc"], said["cnonce"], "auth",
                                          digest("REGISTER", first.split()[1]))

    def count(self, method):
        return sum(1 for m, _ in self.requests if m == method)

    def authorizations(self):
        return sum(1 for _, fields in self.requests if "authorization" in fields or "proxy-authorization" in fields)


class Names:
    """A name server: A and AAAA records of a table, name: addresses, which may change; what is not in it does not exist."""

    def __init__(self, ttl=5):
        self.table, self.ttl, self.questions = {}, ttl, 0
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            raw, source = self.sock.recvfrom(4096)
            self.questions += 1
            self.sock.sendto(self._answer(raw), source)

    def _answer(self, raw):
        at, labels = 12, []
        while raw[at]:
            labels.append(raw[at + 1:at + 1 + raw[at]].decode())
            at += 1 + raw[at]
        kind = struct.unpack(">H", raw[at + 1:at + 3])[0]
        addresses = self.table.get(".".join(labels).lower())
        records = b""
        n = 0
        for address in addresses or []:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            if kind == (28 if ":" in address else 1):
                data = socket.inet_pton(family, address)
                records += struct.pack(">HHHIH", 0xc00c, kind, 1, self.ttl, len(data)) + data
                n += 1
        return raw[:2] + struct.pack(">HHHHH", 0x8180 | (3 if addresses is None else 0), 1, n, 0, 0) + raw[12:at + 5] + records
