#!/usr/bin/env python3
"""Measures lists through the control socket as a console uses them: how long from a question to its whole answer, in ms.

    million.py SOCKET LABEL [SECONDS]       one JSON line for each kind of question; SECONDS bounds the wait for a sort
    million.py SOCKET ping SECONDS          asks something small again and again, and prints how long the longest answer took
"""
import json
import random
import socket
import sys
import time

COUNT, PAGE = 72, 24


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.lines = self.socket.makefile("rb")
        self.last = 0
        if json.loads(self.lines.readline()).get("role") != "operator":
            sys.exit("million.py: not an operator on " + path)

    def send(self, question):
        self.socket.sendall(json.dumps(question).encode() + b"\n")

    def ask(self, **args):
        """The answer, and the ms that it took."""
        self.last += 1
        began = time.monotonic()
        self.send(dict(args, id=self.last))
        while True:
            reply = self.lines.readline()
            took = (time.monotonic() - began) * 1000
            reply = json.loads(reply)
            if reply.get("id") == self.last:
                if "error" in reply:
                    sys.exit("million.py: " + json.dumps(reply))
                return reply, took

    def next(self):
        return json.loads(self.lines.readline())


def tell(label, what, times, **more):
    times = sorted(times)
    print(json.dumps(dict({"run": label, "what": what, "n": len(times), "p50_ms": round(times[len(times) // 2], 2),
                           "p99_ms": round(times[int(len(times) * 0.99)], 2), "max_ms": round(times[-1], 2)}, **more)), flush=True)


def until_ready(c, reply, began, patience):
    """Takes what comes by itself until all is sorted; the ms since began."""
    while reply.get("state") != "ready" and time.monotonic() - began < patience:
        reply = c.next()
    return round((time.monotonic() - began) * 1000, 1)


def rows_of(reply):
    return len(reply.get("order", []))


def ordered(reply, field):
    values = [str(reply["rows"][i].get(field) or "").lower() for i in reply["order"] if i in reply["rows"]]
    return values == sorted(values)


def measure(c, label, patience):
    began = time.monotonic()
    reply, took = c.ask(do="view", kind="account", sort="owner", count=COUNT, first=0)
    tell(label, "open Accounts", [took], rows=rows_of(reply), in_order=ordered(reply, "owner"),
         sorted_ms=until_ready(c, reply, began, patience))
    reply, _ = c.ask(do="view", of=reply["view"], first=0)
    view, total = reply["view"], reply["matched"]
    times = []
    for i in range(1, 101):
        reply, took = c.ask(do="view", of=view, first=i * PAGE)
        times.append(took)
    tell(label, "PageDown", times, rows=rows_of(reply))
    for what, first in (("End", total - PAGE), ("Home", 0), ("middle", total // 2)):
        times = []
        for _ in range(20):
            reply, took = c.ask(do="view", of=view, first=first)
            times.append(took)
            c.ask(do="view", of=view, first=first // 3)
        tell(label, what, times, rows=rows_of(reply))
    times = []
    for _ in range(200):
        reply, took = c.ask(do="view", of=view, first=random.randrange(total))
        times.append(took)
    tell(label, "any place", times)
    times = []
    for _ in range(50):
        reply, took = c.ask(do="view find", of=view, text=random.choice("abcdefghil"))
        times.append(took)
    tell(label, "find", times)
    for sort in ("username", "caller_id", "group", "enabled", "status", "owner"):
        began = time.monotonic()
        reply, took = c.ask(do="view", of=view, sort=sort, first=0)
        ready = until_ready(c, reply, began, patience)
        end, last = c.ask(do="view", of=view, first=total - PAGE)
        tell(label, "sort by " + sort, [took], rows=rows_of(reply), sorted_ms=ready, end_ms=round(last, 2), end_rows=rows_of(end))
    for group, what in (("Guests", "a group of a tenth"), ("", "all groups")):
        began = time.monotonic()
        reply, took = c.ask(do="view", of=view, group=group, first=0)
        tell(label, what, [took], rows=rows_of(reply), sorted_ms=until_ready(c, reply, began, patience))
    c.ask(do="view close", of=view)


def ping(c, seconds):
    times, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        times.append(c.ask(do="group show", name="Sales")[1])
        time.sleep(0.0005)
    tell("ping", "a small answer meanwhile", times)


if __name__ == "__main__":
    client = Client(sys.argv[1])
    if sys.argv[2] == "ping":
        ping(client, float(sys.argv[3]))
    else:
        measure(client, sys.argv[2], float(sys.argv[3]) if len(sys.argv) > 3 else 60)
