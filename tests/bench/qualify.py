"""qualify.py PORT DEVICES INTERVAL PASSWORD: registers the devices, answers their probes, and tells how these come."""
import os
import re
import signal
import socket
import sys
import time
from hashlib import md5

PORT, DEVICES, INTERVAL, PASSWORD = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
DOMAIN, WINDOW = "wirechief.test", 64
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
sock.bind(("127.0.0.1", 0))
sock.connect(("127.0.0.1", PORT))
HERE = "127.0.0.1:%d" % sock.getsockname()[1]
HEADERS = re.compile(rb"(?im)^(?:via|from|to|call-id|cseq): *[^\r]*\r\n")
TICKS = os.sysconf("SC_CLK_TCK")
probes = []


def hexed(text):
    return md5(text.encode()).hexdigest()


def answer(data):
    probes.append(time.monotonic())
    sock.send(b"SIP/2.0 200 OK\r\n" + b"".join(HEADERS.findall(data)) + b"Content-Length: 0\r\n\r\n")


def register(i, nonce=None):
    user, uri, authorization = "u%06d" % i, "sip:" + DOMAIN, ""
    if nonce:
        response = hexed(":".join((hexed(f"{user}:{DOMAIN}:{PASSWORD}"), nonce, "00000001", "c", "auth", hexed("REGISTER:" + uri))))
        authorization = (f'Authorization: Digest username="{user}", realm="{DOMAIN}", nonce="{nonce}", uri="{uri}", algorithm=MD5, '
                         f'response="{response}", qop=auth, nc=00000001, cnonce="c"\r\n')
    sock.send((f"REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {HERE};branch=z9hG4bK{os.urandom(6).hex()};rport\r\nMax-Forwards: 70\r\n"
               f"From: <sip:{user}@{DOMAIN}>;tag=t\r\nTo: <sip:{user}@{DOMAIN}>\r\nCall-ID: {user}\r\nCSeq: {2 if nonce else 1} REGISTER\r\n"
               f"Contact: <sip:{user}@{HERE}>\r\nExpires: 7200\r\n{authorization}Content-Length: 0\r\n\r\n").encode())


def register_all():
    following, done = 0, 0
    sock.settimeout(5)
    while done < DEVICES:
        while following < DEVICES and following - done < WINDOW:
            register(following)
            following += 1
        data = sock.recv(65536)
        if data.startswith(b"OPTIONS"):
            answer(data)
            continue
        user = int(re.search(rb"(?im)^call-id: *u(\d+)", data)[1])
        if data.startswith(b"SIP/2.0 401"):
            register(user, re.search(rb'nonce="([^"]*)"', data)[1].decode())
        else:
            done += data.startswith(b"SIP/2.0 200")


def serve(seconds):
    """Answers for that long; when the probes of it came."""
    first, until = len(probes), time.monotonic() + seconds
    sock.settimeout(0.05)
    while time.monotonic() < until:
        try:
            data = sock.recv(65536)
        except (TimeoutError, ConnectionRefusedError):
            continue
        if data.startswith(b"OPTIONS"):
            answer(data)
    return probes[first:]


def cpu(daemon):
    used = {}
    for pid in open(f"/proc/{daemon}/task/{daemon}/children").read().split():
        name = open(f"/proc/{pid}/comm").read().strip()
        fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
        used[name] = (int(fields[11]) + int(fields[12])) / TICKS
    return used


def tell(what, times, seconds):
    slots = {}
    for t in times:
        slots[int((t - times[0]) * 10)] = slots.get(int((t - times[0]) * 10), 0) + 1
    print(f"{what:<28} {len(times) / seconds:8.0f} probes/s   {len(times) / seconds / 10:6.0f} in 100 ms, at most {max(slots.values())}", flush=True)


daemon = int(sys.stdin.readline())
begun = time.monotonic()
register_all()
print(f"registered {DEVICES} in {time.monotonic() - begun:.1f} s", flush=True)
serve(2 * INTERVAL)
before, seconds = cpu(daemon), 3 * INTERVAL
tell("steady", serve(seconds), seconds)
for name, used in cpu(daemon).items():
    print(f"{name:<28} {100 * (used - before[name]) / seconds:8.1f} % of a core", flush=True)
os.kill(daemon, signal.SIGTERM)
print("start?", flush=True)
daemon = int(sys.stdin.readline())
tell("after a restart", serve(2 * INTERVAL), 2 * INTERVAL)
