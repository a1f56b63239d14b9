"""Calls through a trunk with encryption=yes, whose end this program is.

    calls_srtp.py WIRECHIEF HOST:PORT CERTIFICATE KEY
"""
import json
import socket
import ssl
import subprocess
import sys
import threading
import time

from callphone import SDP, CallPhone

PLAIN = SDP
SEALED = SDP.replace("RTP/AVP 0", "RTP/SAVP 0") + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n"
HALF = SEALED + "m=video 40002 RTP/AVP 96\r\n"


def check(name, passed):
    print(("ok " if passed else "not ok ") + name, flush=True)
    return passed


def told(*command):
    return subprocess.run([sys.argv[1], "--json", *command], capture_output=True, text=True, timeout=60).stdout


class Trunk(CallPhone):
    """The provider's end of the connection that the daemon makes; it answers OPTIONS by itself."""

    def __init__(self, server, certificate, key):
        super().__init__(server, "trunk", "")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.listening = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        """What it says and hears is on that connection from now on."""
        sock = None
        while sock is None:
            try:
                sock = self.context.wrap_socket(self.listening.accept()[0], server_side=True)
            except OSError:
                pass            # given up meanwhile: another one comes
        sock.setblocking(False)
        self.close()
        self.sock, self.transport, self.closed = sock, "tls", False
        self.here = "%s:%d" % self.listening.getsockname()
        self._listen()

    def _take(self, raw):
        super()._take(raw)
        if raw.startswith(b"OPTIONS"):
            request = self.request("OPTIONS", 0)
            if request is not None:
                self.reply(request, 200, "OK", contact=False)


def refused(caller, call, callee, name, method="INVITE"):
    no = caller.response(0, method)
    if check(f"{name} is 488", no is not None and no[0] == 488) and method == "INVITE":
        caller.send(caller.build("ACK", call.get("target", call["uri"]), call, call["cseq"], no[1]["to"][0], branch=call["branch"]))
    check("and does not arrive", callee.silent_for(method, 0.3))


def stands(caller, call, callee):
    got = callee.request("INVITE")
    if not check("with SRTP it rings", got is not None):
        sys.exit(1)
    callee.reply(got, 200, "OK", body=SEALED)
    ok = caller.response(200, "INVITE")
    caller.established(call, ok)
    caller.inside(call, "ACK", cseq=call["cseq"])
    check("and stands", callee.request("ACK") is not None)
    return callee.answering(got)


def inside(one, call, other, back):
    for who, dialog, peer in ((one, call, other), (other, back, one)):
        for method in ("INVITE", "UPDATE"):
            who.inside(dialog, method, body=PLAIN)
            refused(who, dialog, peer, f"inside it: {method} of {who.user} with RTP", method)
        who.inside(dialog, "INVITE", body=SEALED)
        got = peer.request("INVITE")
        check(f"a re-INVITE of {who.user} with SRTP arrives", got is not None)
        peer.reply(got, 200, "OK", body=SEALED)
        check("and is answered", who.response(200, "INVITE") is not None)
        who.inside(dialog, "ACK", cseq=dialog["cseq"])
        peer.request("ACK")
    one.inside(call, "BYE")
    other.reply(other.request("BYE"), 200, "OK")
    check("the call ends", one.response(200, "BYE") is not None)


def main():
    host, _, port = sys.argv[2].rpartition(":")
    alice = CallPhone((host, int(port)), "alice", "a secret of its own")
    trunk = Trunk(alice.server, *sys.argv[3:5])
    told("trunk", "add", "sealed", "host=127.0.0.1", f"port={trunk.listening.getsockname()[1]}", "transport=TLS", "encryption=yes", "prefixes=+44")
    end, well = time.monotonic() + 60, False
    while not well and time.monotonic() < end:
        time.sleep(0.05)
        well = '"status":"OK"' in told("trunk", "show", "sealed")
    check("the trunk is well", well)
    check("alice registers", alice.register() == 200)
    for name, body in (("RTP", PLAIN), ("no offer", ""), ("video without SRTP", HALF)):
        call = alice.invite("+44123", body=body)
        refused(alice, call, trunk, f"a call to it with {name}")
        call = trunk.invite("+390001", body=body, challenged=False)
        refused(trunk, call, alice, f"a call from it with {name}")
    call = alice.invite("+44123", body=SEALED)
    inside(alice, call, trunk, stands(alice, call, trunk))
    call = trunk.invite("+390001", body=SEALED, challenged=False)
    inside(trunk, call, alice, stands(trunk, call, alice))
    print("# done", flush=True)


main()
