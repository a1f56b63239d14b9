"""What must be found nowhere: passwords, what is computed of them, texts of messages.

    secrets.py find USER REALM PASSWORD TEXT PUBLIC FOLDER...	looks for them in every file: prints where they are, and how many of the
								files have PUBLIC; exit status 1 if there are any
    secrets.py stage SOCKET PASSWORD	begins an import with that password in its rows, says "staged", and waits for the end of its input
    secrets.py bad SOCKET HOST:PORT PASSWORD TEXT	says what the daemon does not take, on the control socket and to its SIP port
"""
import hashlib
import json
import os
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from ua import Phone


def secrets(user, realm, password, text):
    found = {"password": password.encode(), "text": text.encode()}
    for name, hash_ in ("MD5", hashlib.md5), ("SHA-256", hashlib.sha256):
        ha1 = hash_(":".join((user, realm, password)).encode())
        found.update({"HA1 " + name: ha1.digest(), name + " in hex": ha1.hexdigest().encode(), name + " in capitals": ha1.hexdigest().upper().encode()})
    return found


def files(folder):
    for path, _, names in os.walk(folder):
        for name in names:
            full = os.path.join(path, name)
            if os.path.isfile(full) and not os.path.islink(full):
                yield full


def find(user, realm, password, text, public, *folders):
    wanted, bad, seen, public_in = secrets(user, realm, password, text), 0, 0, 0
    for name in (n for folder in folders for n in files(folder)):
        with open(name, "rb") as f:
            data = f.read()
        seen += 1
        public_in += public.encode() in data
        for what, secret in wanted.items():
            if secret in data:
                print("# %s: %s" % (name, what))
                bad += 1
    print("# %d files, %d with what is no secret, %d with what is one" % (seen, public_in, bad))
    sys.exit(bad > 0)


class Control:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(path)
        self.lines = self.sock.makefile("rb")
        self.lines.readline()

    def say(self, line):
        self.sock.sendall(line + b"\n")
        return self.lines.readline()

    def ask(self, **request):
        return json.loads(self.say(json.dumps({"id": 1, **request}).encode()))


def stage(path, password):
    c = Control(path)
    c.ask(do="account import", step="begin")
    row = {"username": "staged-1", "group": "g", "password": password}
    said = c.ask(id=2, do="account import", step="rows", rows=[{"line": 2, "set": row}])
    print("staged" if said.get("ok", {}).get("rows") == 1 else said, flush=True)
    sys.stdin.read()


def bad(path, server, password, text):
    for request in (
            {"do": "account add", "name": "x", "set": {"password": password, "pasword": password}},
            {"do": "account add", "name": "x", "set": {"group": "none", "password": password}},
            {"do": "account add", "name": "x", "set": {"password": [password]}},
            {"do": "account set", "name": "hidden-alice", "set": {"password": password}, "was": {"password": "x"}, "version": 1},
            {"do": "account import", "step": "rows", "rows": [{"line": 1, "set": {"username": "x", "password": password}}]},
    ):
        Control(path).ask(**request)
    Control(path).say(b'{"id":1,"do":"account add","set":{"password":"%s"' % password.encode())
    host, port = server.rsplit(":", 1)
    server = host, int(port)
    request = ("MESSAGE sip:hidden-bob@wirechief.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK1\r\n%sFrom: <sip:hidden-alice@wirechief.test>"
               ";tag=1\r\nTo: <sip:hidden-bob@wirechief.test>\r\nCall-ID: 1\r\nCSeq: 1 MESSAGE\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s")
    with socket.socket(type=socket.SOCK_DGRAM) as s:
        for more in "", "Max-Forwards: 0\r\n", "Max-Forwards: x\r\nBroken\r\n":
            for kind, length in ("text/plain", len(text)), ("message/cpim", len(text)), ("text/plain", len(text) + 100), ("x", -1):
                s.sendto((request % (more, kind, length, text)).encode(), server)
    stranger = Phone(server, "hidden-alice", "wrong")
    stranger.message("hidden-bob", text)
    alice = Phone(server, "hidden-alice", password)
    for to, kind in ("nobody", "text/plain"), ("hidden-bob", "no type"), ("hidden-bob", "message/cpim"), ("hidden-bob", "application/octet-stream"):
        alice.message(to, text, kind=kind)
    print("said")


{"find": find, "stage": stage, "bad": bad}[sys.argv[1]](*sys.argv[2:])
