"""Tries to have the proxy send, or keep, what it must not (reliability A6).

    relay.py HOST:PORT TCP_HOST:PORT WIRECHIEF

Accounts alice and bob; trunks "one" and "two", made here, take every number; "victim" is a third that nobody has anything to do with.
"""
import os
import subprocess
import sys
import time

from callphone import SDP, CallPhone

PASSWORD = "a secret of its own"
REFUSED = (401, 403, 404, 407, 481)
failed = 0


def check(name, passed):
    global failed
    failed += not passed
    print(("ok " if passed else "not ok ") + name, flush=True)
    return passed


def address(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


def wirechief(*command):
    return subprocess.run([sys.argv[3], "--json", *command], capture_output=True, text=True, timeout=60).stdout


def until(fits, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fits():
            return True
        time.sleep(0.02)
    return False


class Trunk(CallPhone):
    """Answers OPTIONS; all else is kept."""

    def _take(self, raw):
        super()._take(raw)
        request = self.request("OPTIONS", 0)
        if request is not None:
            self.reply(request, 200, "OK", contact=False)


def ask(who, name, method, uri, wanted, headers="", says=None, to=None, body="", to_tag="", password=None):
    """Asks once; with a password, again with its credentials."""
    who.says = says
    who.responses.clear()
    call = {"id": os.urandom(8).hex() + "@relay", "tag": os.urandom(4).hex()}
    to = f"<{to or uri}>{to_tag}"
    body = body or (SDP if method == "INVITE" else "hello" if method == "MESSAGE" else "")
    who.send(who.build(method, uri, call, 1, to, headers, body))
    no = who.response(0, method)
    if password is not None and no is not None and no[0] in (401, 407):
        if method == "INVITE":
            who.send(who.build("ACK", uri, call, 1, no[1]["to"][0], branch=call["branch"]))
        who.send(who.build(method, uri, call, 2, to, headers + who.credentials(method, uri, no[1], no[0]), body))
        no = who.response(0, method)
    if method == "INVITE" and no is not None:
        who.send(who.build("ACK", uri, call, 2 if password else 1, no[1]["to"][0], branch=call["branch"]))
    who.says = None
    check(f"{name}: {no and no[0]}", no is not None and no[0] in wanted)


def strangers(who, transport):
    """Without a password, and as who it is not."""
    for method in ("INVITE", "MESSAGE", "REFER", "SUBSCRIBE", "NOTIFY", "PUBLISH", "INFO", "UPDATE", "BYE"):
        for says, kind in ((None, "as it says, alice"), ("sip:bob@wirechief.test", "as bob"), ("sip:+4411@elsewhere.example", "from elsewhere")):
            for to, what in (("bob", "an account"), ("+390002", "a number of ours"), ("+441234", "a number outside"), ("nobody", "nobody")):
                ask(who, f"{transport}: {method} {kind} to {what}", method, f"sip:{to}@wirechief.test", (401, 403, 407), says=says,
                    headers="P-Asserted-Identity: <sip:+390001@wirechief.test>\r\nRefer-To: <sip:+441234@wirechief.test>\r\nEvent: presence\r\n")


def relays(who, victim, transport):
    there = f"127.0.0.40:{victim.sock.getsockname()[1]}"
    for password in (None, PASSWORD):
        kind = f"{transport}, {'with' if password else 'without'} a password"
        for method in ("INVITE", "MESSAGE", "SUBSCRIBE"):
            for name, more in {
                "a Request-URI elsewhere": {"uri": f"sip:x@{there}"},
                "an address of the victim's with a name of ours in To": {"uri": f"sip:bob@{there}", "to": "sip:bob@wirechief.test"},
                "maddr": {"uri": f"sip:nobody@wirechief.test;maddr=127.0.0.40:{there.split(':')[1]}"},
                "a Route": {"uri": "sip:bob@wirechief.test", "headers": f"Route: <sip:{there};lr>\r\n"},
                "our Route, then another": {"uri": "sip:bob@wirechief.test", "headers": f"Route: <sip:127.0.0.1;lr>, <sip:{there};lr>\r\n"},
                "inside a dialog that is not": {"uri": f"sip:x@{there}", "to_tag": ";tag=1"},
                "inside one, by a Route": {"uri": f"sip:x@{there}", "to_tag": ";tag=1", "headers": f"Route: <sip:127.0.0.1;lr>, <sip:{there};lr>\r\n"},
                "a forged way": {"uri": f"sip:x@{there}", "to_tag": ";tag=1", "headers":
                                 "Route: <sip:wAX8AAAHEE3gAAAAAAAAAAAA@127.0.0.1;lr>\r\n"},
            }.items():
                if method == "MESSAGE" and "to_tag" not in more and "Route" in more.get("headers", "") and password:
                    continue            # a message for bob, by whichever way: it is bob's, and no one else's
                ask(who, f"{kind}: {method} by {name}", method, wanted=REFUSED, password=password, **more)


def of_trunks(one, two):
    for method in ("INVITE", "MESSAGE", "SUBSCRIBE", "REFER"):
        for uri, what in (("sip:+441234@wirechief.test", "a number outside"), (f"sip:+44@127.0.0.42:{two.sock.getsockname()[1]}", "the other trunk"),
                          ("sip:nobody@wirechief.test", "nobody")):
            ask(one, f"a trunk: {method} to {what}", method, uri, REFUSED, says="sip:+44999@provider.example",
                headers="Refer-To: <sip:+441234@wirechief.test>\r\nEvent: presence\r\n")
    ask(one, "a trunk that says to be alice", "INVITE", "sip:+441234@wirechief.test", (401, 403, 407), says="sip:alice@wirechief.test")
    ask(one, "a trunk's MESSAGE", "MESSAGE", "sip:bob@wirechief.test", (401, 403, 407), says="sip:+44999@provider.example")


def main():
    udp, tcp = address(sys.argv[1]), address(sys.argv[2])
    one, two = Trunk(udp, "one", "", host="127.0.0.41"), Trunk(udp, "two", "", host="127.0.0.42")
    for trunk in (one, two):
        host, port = trunk.sock.getsockname()
        wirechief("trunk", "add", trunk.user, "host=" + host, f"port={port}", "transport=UDP", "prefixes=*")
    check("the trunks are well", until(lambda: wirechief("trunk", "list").count('"status":"OK"') == 2))
    victim = CallPhone(udp, "victim", "", host="127.0.0.40")
    bob = CallPhone(udp, "bob", PASSWORD)
    check("bob registers", bob.register() == 200)
    for server, transport in ((udp, "udp"), (tcp, "tcp")):
        who = CallPhone(server, "alice", PASSWORD, transport=transport)
        strangers(who, transport)
        relays(who, victim, transport)
    of_trunks(one, two)
    time.sleep(0.5)         # what may still be under way
    for silent in (victim, bob, one, two):
        got = [q.method for q in silent.requests if q.method != "OPTIONS"]
        check(f"{silent.user} has heard of nothing {got[:5]}", got == [])
    return failed > 0


sys.exit(main())
