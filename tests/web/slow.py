"""slow.py PORT PID: a thousand slow clients of the HTTPS service, from twenty addresses, and a good one among them."""
import resource
import select
import socket
import ssl
import sys
import time

port, pid = int(sys.argv[1]), sys.argv[2]
CLIENTS, SOURCES, PATIENCE = 1000, 20, 120	# the service's own time is 15 s
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, max(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def check(name, passed):
    print(("ok " if passed else "not ok ") + name, flush=True)


def connect(source):
    s = socket.socket()
    s.settimeout(60)
    s.bind((source, 0))
    s.connect(("127.0.0.1", port))
    return s


def good():
    began = time.monotonic()
    s = context.wrap_socket(connect("127.0.9.9"))
    s.sendall(b"GET /alive HTTP/1.1\r\nHost: x\r\n\r\n")
    text = b""
    while part := s.recv(4096):
        text += part
    s.close()
    assert text.startswith(b"HTTP/1.1 200 ") and text.endswith(b"\r\n\r\nalive\n"), text
    return time.monotonic() - began


def silent(source):
    return connect(source)


def half_a_handshake(source):
    s = connect(source)
    s.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    return s


def trickling(source):
    s = context.wrap_socket(connect(source))
    s.sendall(b"GET /ali")
    return s


def kilobytes():
    with open("/proc/%s/status" % pid) as f:
        return int(next(line.split()[1] for line in f if line.startswith("VmRSS:")))


def ended(s):
    """Whether the service has closed it; what it said before is read."""
    try:
        while True:
            if not s.recv(65536):
                return True
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True


alone = sorted(good() for _ in range(20))[10]
before = kilobytes()
kinds = [silent, half_a_handshake, trickling, trickling]
slow = [kinds[i % 4]("127.0.1.%d" % (1 + i % SOURCES)) for i in range(CLIENTS)]
began = time.monotonic()
for s in slow:
    s.setblocking(False)
times = []
next_letter = 0
left = set(slow)
while left and time.monotonic() < began + PATIENCE:
    times.append(good())
    if time.monotonic() >= next_letter:
        next_letter = time.monotonic() + 1
        for s in slow:
            if s in left and isinstance(s, ssl.SSLSocket):
                try:
                    s.send(b"v")		# the path grows a letter a second
                except OSError:
                    pass
    left -= {s for s in left if ended(s)}
times.sort()
check("a thousand slow connections end", not left)
check("those a letter at a time too, in bounded time", time.monotonic() - began < PATIENCE)
print("# %d good requests meanwhile: median %.0f ms, slowest %.0f ms; %.0f ms without the others; %d kB more" % (
    len(times), times[len(times) // 2] * 1000, times[-1] * 1000, alone * 1000, kilobytes() - before))
check("a good client is served all the while", len(times) >= 5 and times[len(times) // 2] < 1 + 10 * alone)
check("and never waits for the slow", times[-1] < 12)		# for the first of whom it would for 15 s

# More than there is room for, from one address: the last ones are turned away, and others are not.  The first would end as slow ones do.
for s in slow:
    s.close()
flood = []
refused = []
for i in range(150):
    s = connect("127.0.2.1")
    s.setblocking(False)
    flood.append(s)
good()
until = time.monotonic() + 60
while len(refused) < 50 and time.monotonic() < until:
    refused = [i for i, s in enumerate(flood) if select.select([s], [], [], 0)[0]]
    time.sleep(0.05)
check("one address has a hundred connections at most", refused == list(range(100, 150)))
good()
check("and its neighbours are served", True)
