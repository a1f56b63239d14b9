#!/usr/bin/env python3
"""Registers one device over UDP, with MD5, and keeps nothing: a test's phone that is gone as soon as it has its answer.

	register.py HOST:PORT USER PASSWORD [--agent TEXT] [--expires N] [--contact HOST:PORT] [--domain NAME] [--once]

--agent takes the escapes \\e, \\xNN and \\uNNNN.  --once: nothing is sent again, for who counts what comes.
Exit status 0 for 200 OK; else the answer's first line goes to stderr.
"""
import argparse
import hashlib
import os
import re
import socket
import sys

TRIES, WAIT_S = 20, 3.0


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("server")
    p.add_argument("user")
    p.add_argument("password")
    p.add_argument("--agent", default="register.py")
    p.add_argument("--expires", type=int, default=300)
    p.add_argument("--contact", help="of the device; its socket's address if not given")
    p.add_argument("--domain", default="wirechief.test")
    p.add_argument("--once", action="store_true")
    a = p.parse_args()
    a.agent = re.sub(r"\\(e|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})",
                     lambda m: "\x1b" if m[1] == "e" else chr(int(m[1][1:], 16)), a.agent)
    return a


def md5(*parts):
    return hashlib.md5(":".join(parts).encode()).hexdigest()


def authorization(challenge, a, uri):
    """The answer to a WWW-Authenticate: the one of those offered that says MD5, or nothing."""
    field = {k.lower(): v.strip('"') for k, v in re.findall(r'(\w+)=("[^"]*"|[^\s,]+)', challenge)}
    cnonce, count = os.urandom(8).hex(), "00000001"
    ha1 = md5(a.user, field["realm"], a.password)
    response = md5(ha1, field["nonce"], count, cnonce, "auth", md5("REGISTER", uri))
    opaque = f', opaque="{field["opaque"]}"' if "opaque" in field else ""
    return (f'Authorization: Digest username="{a.user}", realm="{field["realm"]}", nonce="{field["nonce"]}", uri="{uri}", '
            f'algorithm=MD5, response="{response}", qop=auth, nc={count}, cnonce="{cnonce}"{opaque}\r\n')


def ask(sock, server, a, call, number, extra):
    host, port = sock.getsockname()
    uri = f"sip:{a.domain}"
    message = (
        f"REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{os.urandom(8).hex()};rport\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:{a.user}@{a.domain}>;tag={call[:8]}\r\nTo: <sip:{a.user}@{a.domain}>\r\n"
        f"Call-ID: {call}\r\nCSeq: {number} REGISTER\r\nContact: <sip:{a.user}@{a.contact or f'{host}:{port}'}>\r\n"
        f"Expires: {a.expires}\r\nUser-Agent: {a.agent}\r\n{extra}Content-Length: 0\r\n\r\n").encode()
    for _ in range(1 if a.once else TRIES):
        sock.sendto(message, server)
        try:
            while True:
                reply = sock.recv(65536).decode(errors="replace")
                if not reply.startswith("SIP/2.0 1") and f"CSeq: {number} " in reply:
                    return reply
        except socket.timeout:
            pass
    sys.exit("register.py: no answer")


def main():
    a = arguments()
    host, port = a.server.rsplit(":", 1)
    server = (host, int(port))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(server)
        where = sock.getsockname()
        sock.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((where[0], 0))
        sock.settimeout(TRIES * WAIT_S if a.once else WAIT_S)
        call = os.urandom(8).hex()
        reply = ask(sock, server, a, call, 1, "")
        offered = [h for h in re.findall(r"(?im)^WWW-Authenticate: *(.*?)\r?$", reply) if "SHA" not in h.upper()]
        if reply.startswith("SIP/2.0 401") and offered:
            reply = ask(sock, server, a, call, 2, authorization(offered[0], a, f"sip:{a.domain}"))
    if not reply.startswith("SIP/2.0 200"):
        sys.exit(reply.splitlines()[0])


main()
