"""Calls through trunks over connections.

    trunk_streams.py HOST:PORT HOST:TLS_PORT WIRECHIEF CERTIFICATE KEY

Account alice, +390001.  Trunk "tcp" takes +441, trunk "tls", encrypted, +442; both are made here.
"""
import json
import socket
import ssl
import subprocess
import sys
import threading
import time

from callphone import SDP, CallPhone

PASSWORD = "a secret of its own"
SRTP = SDP.replace("RTP/AVP", "RTP/SAVP") + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n"
failed = 0


def check(name, passed):
    global failed
    failed += not passed
    print(("ok " if passed else "not ok ") + name, flush=True)
    return passed


def address(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


def told(*command):
    out = subprocess.run([sys.argv[3], "--json", *command], capture_output=True, text=True, timeout=60)
    if out.returncode != 0:
        print("#", command, out.stderr, flush=True)
    return [json.loads(line) for line in out.stdout.splitlines() if line.startswith("{")]


def until(fits, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fits():
            return True
        time.sleep(0.02)
    return False


class Trunk(CallPhone):
    """The provider's end of a connection that it accepts (host) or makes (server); of several the newest."""

    def __init__(self, name, transport, host=None, server=None, context=None):
        self.accepts, self.context = host is not None, context
        self.probed = None                      # on which connection it was asked OPTIONS last: that one is known to both ends
        if self.accepts:
            self.listening = socket.create_server((host, 0))
            self.port = self.listening.getsockname()[1]
            server = self.listening.getsockname()
        super().__init__(server, name, "", transport="tcp")
        self.transport = transport
        if self.accepts:
            threading.Thread(target=self._accept, daemon=True).start()

    def _listen(self):      # of the parent's own connection: only of one that we make
        if not self.accepts:
            super()._listen()

    def _accept(self):
        self.listening.accept()[0].close()      # the parent's to itself
        while True:
            connection = self.listening.accept()[0]
            try:
                if self.context is not None:
                    connection = self.context.wrap_socket(connection, server_side=True)
                    connection.setblocking(False)
            except OSError:
                continue
            self.sock = connection
            threading.Thread(target=super()._listen, daemon=True).start()

    def _take(self, raw):
        super()._take(raw)
        request = self.request("OPTIONS", 0)
        if request is not None:
            self.reply(request, 200, "OK", contact=False)
            self.probed = self.sock

    def cut(self):
        """The connection breaks; what it was."""
        cut = self.sock
        cut.shutdown(socket.SHUT_RDWR)
        return cut

    def is_well(self, cut=None):
        """It is in use, and not the one that was cut."""
        return until(lambda: self.probed not in (None, cut)) and until(lambda: told("trunk", "show", self.user)[0]["status"] == "OK")


def stand(name, caller, callee, to, body, **more):
    call = caller.invite(to, body=body, **more)
    got = callee.request("INVITE")
    if not check(f"{name}: it arrives", got is not None):
        return None
    callee.reply(got, 180, "Ringing")
    check(f"{name}: ringing is heard", caller.response(180, "INVITE") is not None)
    callee.reply(got, 200, "OK", body=body)
    ok = caller.response(200, "INVITE")
    if not check(f"{name}: it is answered", ok is not None):
        return None
    caller.established(call, ok)
    caller.inside(call, "ACK", cseq=call["cseq"])
    check(f"{name}: the ACK arrives", callee.request("ACK") is not None)
    return call, callee.answering(got)


def asks(name, who, dialog, other, method):
    who.inside(dialog, method)
    heard = other.request(method)
    if heard is not None:
        other.reply(heard, 200, "OK")
    check(f"{name}: {method} of {who.user} finds its way", heard is not None and who.response(200, method) is not None)


def over(transport, prefix, alice, trunk, body):
    stood = stand(f"{transport}, out", alice, trunk, prefix + "1", body)
    if stood is not None:
        for who, dialog, other in ((alice, stood[0], trunk), (trunk, stood[1], alice)):
            asks(f"{transport}, out", who, dialog, other, "INFO")
        asks(f"{transport}, out", alice, stood[0], trunk, "BYE")
    stood = stand(f"{transport}, in", trunk, alice, "+390001", body, challenged=False)
    if stood is not None:
        check(f"{transport}, in: it is listed with its trunk", until(lambda: [c["trunk"] for c in told("call", "list")] == [transport]))
        asks(f"{transport}, in", alice, stood[1], trunk, "INFO")
        asks(f"{transport}, in", trunk, stood[0], alice, "BYE")
    stood = stand(f"{transport}, lost", alice, trunk, prefix + "2", body)
    check(f"{transport}, lost: it is connected again", trunk.is_well(trunk.cut()))
    if stood is not None:
        asks(f"{transport}, lost", alice, stood[0], trunk, "INFO")
        asks(f"{transport}, lost", trunk, stood[1], alice, "INFO")
        asks(f"{transport}, lost", alice, stood[0], trunk, "BYE")
    call = alice.invite(prefix + "3", body=body)
    got = trunk.request("INVITE")
    trunk.reply(got, 180, "Ringing")
    alice.response(180, "INVITE")
    cut = trunk.cut()
    no = alice.response(0, "INVITE")
    if check(f"{transport}: a call that rings on a connection that is lost ends at once", no is not None and no[0] in (408, 480)):
        alice.ack(call, no[1]["to"][0])
    check(f"{transport}: the trunk comes back", trunk.is_well(cut))
    check(f"{transport}: no call is left", until(lambda: told("call", "list") == []))


def theirs(alice, tcp):
    """On a connection that the trunk makes, from its address."""
    source = socket.create_connection(tcp, source_address=("127.0.0.62", 0))
    trunk = Trunk("theirs", "tcp", server=tcp)
    trunk.sock.close()
    trunk.sock, trunk.here = source, "%s:%d" % source.getsockname()
    threading.Thread(target=CallPhone._listen, args=(trunk,), daemon=True).start()
    stood = stand("on their connection", trunk, alice, "+390001", SDP, challenged=False)
    if stood is not None:
        asks("on their connection", alice, stood[1], trunk, "INFO")
        asks("on their connection", alice, stood[1], trunk, "BYE")
    check("their connection: no call is left", until(lambda: told("call", "list") == []))


def sealed(alice, trunk):
    call = alice.invite("+4429", body=SDP)
    no = alice.response(0, "INVITE")
    check("without SRTP nothing goes to an encrypted trunk", no is not None and no[0] == 488 and trunk.request("INVITE", 0.3) is None)
    alice.ack(call, no[1]["to"][0])
    call = trunk.invite("+390001", body=SDP, challenged=False)
    no = trunk.response(0, "INVITE")
    check("nor comes from it", no is not None and no[0] == 488 and alice.request("INVITE", 0.3) is None)
    trunk.ack(call, no[1]["to"][0])


def main():
    udp = tcp = address(sys.argv[1])
    alice = CallPhone(udp, "alice", PASSWORD)
    check("alice registers", alice.register() == 200)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[4], sys.argv[5])
    plain, secure = Trunk("tcp", "tcp", host="127.0.0.60"), Trunk("tls", "tls", host="127.0.0.61", context=context)
    told("trunk", "add", "tcp", "host=127.0.0.60", f"port={plain.port}", "transport=TCP", "prefixes=+441", "permit=127.0.0.62")
    told("trunk", "add", "tls", "host=127.0.0.61", f"port={secure.port}", "transport=TLS", "encryption=yes", "prefixes=+442")
    for trunk in (plain, secure):
        check(f"{trunk.user}: the trunk is well", trunk.is_well())
    over("tcp", "+441", alice, plain, SDP)
    theirs(alice, tcp)
    over("tls", "+442", alice, secure, SRTP)
    sealed(alice, secure)
    return failed > 0


sys.exit(main())
