#!/usr/bin/env python3
"""Measures a long message queue through the control socket: how long from a question to its whole answer, in ms.

    queue_million.py SOCKET LABEL       one JSON line for each kind of question
"""
import sys
import time

from million import COUNT, PAGE, Client, rows_of, tell, until_ready

PATIENCE = 120


def stream(c, **args):
    """A list: its rows, and the ms to the first and to the end."""
    c.last += 1
    began, first, rows = time.monotonic(), None, []
    c.send(dict(args, id=c.last))
    while True:
        reply = c.next()
        first = first or (time.monotonic() - began) * 1000
        if "row" not in reply:
            return rows, round(first, 1), round((time.monotonic() - began) * 1000, 1)
        rows.append(reply["row"])


def lists(c, label):
    rows, _, _ = stream(c, do="queue list", limit=1)
    one = rows[0]
    for what, args in (("queue list --limit 50", dict(limit=50)), ("the same, oldest first", dict(limit=50, sort="received", reverse=True)),
                       ("by from", dict(limit=50, sort="from")), ("by expires, the last", dict(limit=50, sort="expires", reverse=True)),
                       ("of a recipient", dict(query='to:"%s"' % one["to"])), ("of a sender's number", dict(query='from:"%s"' % one["from"])),
                       ("by id", dict(query='id:"%s"' % one["id"])), ("of nobody", dict(query="to:nobody", limit=50)),
                       ("of 20000", dict(limit=20000))):
        rows, first, took = stream(c, do="queue list", **args)
        tell(label, "list: " + what, [took], rows=len(rows), first_ms=first)
    return one


def views(c, label):
    began = time.monotonic()
    reply, took = c.ask(do="view", kind="message", sort="received", count=COUNT, first=0)
    tell(label, "open Message Queue", [took], rows=rows_of(reply), counted_ms=until_ready(c, reply, began, PATIENCE))
    reply, _ = c.ask(do="view", of=reply["view"], first=0)
    view, total = reply["view"], reply["matched"]
    times = [c.ask(do="view", of=view, first=i * PAGE)[1] for i in range(1, 101)]
    tell(label, "PageDown", times)
    for what, first in (("End", total - PAGE), ("Home", 0)):
        reply, took = c.ask(do="view", of=view, first=first)
        tell(label, what, [took], rows=rows_of(reply))
    for sort in ("from", "to", "expires", "status", "sent", "next_try", "received"):
        began = time.monotonic()
        reply, took = c.ask(do="view", of=view, sort=sort, first=0)
        tell(label, "sort by " + sort, [took], rows=rows_of(reply), sorted_ms=until_ready(c, reply, began, PATIENCE))
    began = time.monotonic()
    reply, took = c.ask(do="view", of=view, filter="to:u0999*", first=0)
    tell(label, "filter", [took], rows=rows_of(reply), filtered_ms=until_ready(c, reply, began, PATIENCE))
    c.ask(do="view close", of=view)


def changes(c, label, one):
    for what, args in (("show", dict(do="queue show", name=one["id"])), ("retry one", dict(do="queue retry", name=one["id"])),
                       ("retry of a recipient", dict(do="queue retry", to=one["to"])), ("retry all", dict(do="queue retry", all=True)),
                       ("delete one", dict(do="queue delete", name=one["id"])), ("status", dict(do="status"))):
        tell(label, what, [c.ask(**args)[1]])


if __name__ == "__main__":
    client = Client(sys.argv[1])
    message = lists(client, sys.argv[2])
    views(client, sys.argv[2])
    changes(client, sys.argv[2], message)
