#!/usr/bin/env python3
"""Datagrams at the front: each argument names a case, run against the UDP ports given.

    datagrams.py CASE HOST PORT [HOST PORT...]      exit status 0 when it holds
"""
import os
import re
import select
import socket
import sys
import time

WAIT, AGAIN = 60.0, 1.0


def options(n=0, host="192.0.2.1"):
    return (f"OPTIONS sip:wirechief.test SIP/2.0\r\nVia: SIP/2.0/UDP {host}:9;branch=z9hG4bK{os.urandom(6).hex()};rport\r\n"
            f"From: <sip:a@wirechief.test>;tag=1\r\nTo: <sip:a@wirechief.test>\r\nCall-ID: c{n}\r\nCSeq: {n} OPTIONS\r\n"
            "Content-Length: 0\r\n\r\n").encode()


def udp(server, bind=None):
    s = socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(WAIT)
    if bind:
        s.bind((bind, 0))
    return s


def status(s):
    data, where = s.recvfrom(65536)
    return data.split(b"\r\n", 1)[0].decode(), where, data.decode()


def answered_from(host, port):
    """The answer comes from the address that was asked, and names the asker's."""
    s = udp(host)
    s.sendto(options(), (host, port))
    line, where, text = status(s)
    own = s.getsockname()
    if own[0] in ("0.0.0.0", "::"):
        own = ("::1" if ":" in host else "127.0.0.1", own[1])
    return (line == "SIP/2.0 200 OK" and where[:2] == (host, port) and f";received={own[0]};rport={own[1]}\r\n" in text)


def each_answered(host, port):
    """A thousand at once, each with its own answer.  What the kernel had no room for is sent again, as a phone would."""
    s = udp(host)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    s.settimeout(AGAIN)
    requests, until = {"c%d" % n: options(n) for n in range(1000)}, time.monotonic() + WAIT
    for request in requests.values():
        s.sendto(request, (host, port))
    while requests and time.monotonic() < until:
        try:
            line, _, text = status(s)
        except socket.timeout:
            print("# %d once more" % len(requests))
            for request in list(requests.values())[:50]:
                s.sendto(request, (host, port))
            continue
        if line != "SIP/2.0 200 OK":
            return False
        requests.pop(re.search(r"\r\nCall-ID: (\w+)\r\n", text)[1], None)
    return not requests


def alive(s, server, others):
    """It answers, at last; others: so may it what was sent before."""
    until = time.monotonic() + WAIT
    while time.monotonic() < until:
        s.sendto(options(7), server)
        while select.select([s], [], [], AGAIN)[0]:
            line, _, text = status(s)
            if line == "SIP/2.0 200 OK" and "\r\nCall-ID: c7\r\n" in text:
                return True
            if not others:
                return False
    return False


def silence_then_alive(s, server, datagrams):
    for d in datagrams:
        s.sendto(d, server)
    if not alive(s, server, False):
        return False
    while select.select([s], [], [], 0.2)[0]:
        if "\r\nCall-ID: c7\r\n" not in status(s)[2]:
            return False
    return True


def no_messages(host, port):
    """Keep-alives, STUN, SigComp, zeroes, nothing and noise are not answered and harm nothing."""
    noise = [b"", b"\0", b"\r\n\r\n", b"\0" * 20, b"\0\1\0\0" + os.urandom(16), b"\xf8" * 40, b"\r\n" * 30000, b"x" * 65507,
             b"GET / HTTP/1.1\r\n\r\n", b"INVITE\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n"] + [os.urandom(n) for n in range(1, 1500, 7)]
    return silence_then_alive(udp(host), (host, port), noise)


def large(host, port):
    """Whatever its size, a request is answered or dropped, and the next one is served."""
    s = udp(host)
    for size in (8000, 20000, 60000, 65000):
        request = options(1).replace(b"Content-Length", b"X-Long: " + b"a" * (size - 400) + b"\r\nContent-Length")
        s.sendto(request, (host, port))
        s.sendto(options(1).replace(b"Content-Length", b"Via: SIP/2.0/UDP h;branch=" + b"b" * (size - 400) + b"\r\nContent-Length"),
                 (host, port))
    return alive(s, (host, port), True)


def limited(host, port):
    """More than the burst from one address is dropped; another one is served meanwhile."""
    s, other = udp(host, "127.0.0.1"), udp(host, "127.0.0.2")
    began = time.monotonic()
    for n in range(300):
        s.sendto(options(n), (host, port))
    if not alive(other, (host, port), False):
        return False
    got = 0
    s.settimeout(2)
    try:
        while True:
            status(s)
            got += 1
    except socket.timeout:
        pass
    allowed = 40 + 20 * (time.monotonic() - began) + 1
    print("# %d of 300 answered, at most %d" % (got, allowed))
    return 20 <= got <= allowed and got < 300


def main():
    case, pairs = globals()[sys.argv[1]], sys.argv[2:]
    try:
        fine = all([case(host, int(port)) for host, port in zip(pairs[::2], pairs[1::2])])
    except socket.timeout:
        print("# no answer")
        fine = False
    return not fine


sys.exit(main())
