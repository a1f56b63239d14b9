#!/usr/bin/env python3
"""Sends RFC 4475's messages to a SIP server and judges its answers by torture/manifest.tsv.

    torture.py udp|tcp|bytes HOST PORT      bytes: over TCP, one byte at a time

Answers to datagrams go where Via says, so this listens there, on 127.0.0.2.  Prints "ok NAME" or "not ok NAME" for each.
"""
import csv
import os
import re
import select
import socket
import sys

# Where libsofia-sip-ua 1.12.11 drops what the RFC wants answered.  It must be silence, nothing else.
KNOWN = {
    "intmeth": "libsofia takes a method with all token characters for garbage",
}

ME = "127.0.0.2"
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "torture")
WAIT, QUIET = 60.0, 0.4		# for an answer that must come; where silence is as good


def via_port(raw):
    m = re.search(rb"\r\n(?:v|via)[ \t]*:[ \t\r\n]*SIP[ \t\r\n]*/[ \t\r\n]*2\.0[ \t\r\n]*/[ \t\r\n]*\w+[ \t\r\n]+([^\s;,]+)", raw, re.I)
    port = m and re.search(rb":(\d+)$", m.group(1))
    return int(port.group(1)) if port else 5060


def codes(data):
    return [int(c) for c in re.findall(rb"^SIP/2\.0 (\d{3}) ", data, re.M)]


def is_to(raw, data):
    """Whether it may be an answer to this one, and no repetition of an earlier one's."""
    m = re.search(rb"\r\n(?:i|call-id)[ \t]*:[ \t\r\n]*([^\s]+)", raw, re.I)
    other = re.search(rb"\r\ncall-id[ \t]*:[ \t]*([^\s]+)", data, re.I)
    return not m or not other or m.group(1) == other.group(1)


def over_udp(raw, host, port, wait):
    """The answer's codes, wherever they come to."""
    socks = []
    for number in {0, via_port(raw)}:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((ME, number))
        socks.append(s)
    socks[0].sendto(raw, (host, port))
    found = []
    while not found:
        ready = select.select(socks, [], [], wait)[0]
        if not ready:
            break
        for s in ready:
            data = s.recv(65536)
            found += codes(data) if is_to(raw, data) else []
    for s in socks:
        s.close()
    return found


def over_tcp(raw, host, port, step, wait):
    s = socket.create_connection((host, port), timeout=WAIT, source_address=(ME, 0))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    data = b""
    try:
        for at in range(0, len(raw), step):
            s.sendall(raw[at:at + step])
        s.settimeout(wait)
        while not codes(data):
            more = s.recv(65536)
            if not more:
                break
            data += more
    except OSError:
        pass
    s.close()
    return codes(data)


def may_be_silent(expected):
    return any(e in ("drop", "error", "liberal") for e in expected)


def judge(expected, got):
    if not got:
        return may_be_silent(expected)
    code = got[0]
    for e in expected:
        if e.isdigit() and code == int(e):
            return True
        if e == "ok" and code != 400 and code < 500 or e == "ok" and code in (501, 503):
            return True
        if e == "liberal" and code < 500 or e == "error" and code >= 400:
            return True
    return False


def main():
    how, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    bad = 0
    with open(os.path.join(HERE, "manifest.tsv"), encoding="utf-8") as f:
        rows = list(csv.DictReader(f, delimiter="\t"))
    for row in rows:
        with open(os.path.join(HERE, row["name"] + ".dat"), "rb") as f:
            raw = f.read()
        expected = row["expected"].split("|") + (["error"] if how != "udp" and row["name"] in ("clerr", "dblreq") else [])
        # A stream without Content-Length can't be cut into messages: RFC 2543's is refused there.
        expected += ["error"] if how != "udp" and row["name"] == "inv2543" else []
        wait = QUIET if may_be_silent(expected) or row["name"] in KNOWN else WAIT
        got = over_udp(raw, host, port, wait) if how == "udp" else over_tcp(raw, host, port, 1 if how == "bytes" else len(raw), wait)
        fine = judge(expected, got) or (not got and row["name"] in KNOWN)
        bad += not fine
        print("%s RFC 4475 %s over %s (%s)" % ("ok" if fine else "not ok", row["name"], how, got or "silence"
              if fine else "wants %s, got %s" % (row["expected"], got or "silence")))
    return bad != 0


sys.exit(main())
