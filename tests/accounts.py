#!/usr/bin/env python3
"""Makes many accounts through the control socket, many requests at once: what a script of an operator would do.

    accounts.py SOCKET FIRST COUNT PASSWORD [GROUP]     makes u%06d from FIRST on, in GROUP (made if it is not there)
"""
import json
import socket
import sys

WINDOW = 32


def main():
    path, first, count, password = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    group = sys.argv[5] if len(sys.argv) > 5 else "load"
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(60)
    s.connect(path)
    lines, out = s.makefile("rb"), s.makefile("wb")
    if json.loads(lines.readline()).get("role") != "operator":
        sys.exit("accounts.py: not an operator on " + path)

    def ask(n, do, name, fields):
        out.write(json.dumps({"id": n, "do": do, "name": name, "set": fields}).encode() + b"\n")

    def answer():
        reply = json.loads(lines.readline())
        if "error" in reply and reply["error"]["code"] != "exists":
            sys.exit("accounts.py: " + json.dumps(reply))

    ask(0, "group add", group, {})
    out.flush()
    answer()
    sent = got = 0
    while got < count:
        while sent < count and sent - got < WINDOW:
            n = first + sent
            ask(n + 1, "account add", "u%06d" % n, {"group": group, "password": password, "owner": "User %06d" % n,
                                                    "caller_id": "+39%08d" % n})
            sent += 1
        out.flush()
        answer()
        got += 1
    print("%d accounts" % got)


main()
