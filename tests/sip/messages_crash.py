"""messages_crash.py HOST:PORT ROUNDS SENDERS: the keeper, told by its process id on standard input of each round, is killed while messages are
sent to accounts that are not on line.  Every one that was answered 202 must come, in each sender's order, once these register."""
import os
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from ua import Phone

HOST, PORT = sys.argv[1].split(":")
SERVER, ROUNDS, SENDERS = (HOST, int(PORT)), int(sys.argv[2]), int(sys.argv[3])
accepted = [[] for _ in range(SENDERS)]
stop = threading.Event()


def send(number):
    phone, n = Phone(SERVER, "from%d" % number, "secret-of-from%d" % number), 0
    while not stop.is_set():
        text = "%d/%06d" % (number, n)
        code = phone.message("to%d" % (n % 3), text, uuid="u-" + text)
        if code == 202:
            accepted[number].append(text)
        n += 1
    phone.close()


def keeper():
    print("keeper?", flush=True)
    return int(sys.stdin.readline())


threads = [threading.Thread(target=send, args=(n,)) for n in range(SENDERS)]
for t in threads:
    t.start()
for _ in range(ROUNDS):
    before = sum(map(len, accepted))
    end = time.monotonic() + 30
    while sum(map(len, accepted)) < before + 40 and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(random.random() / 20)
    os.kill(keeper(), signal.SIGKILL)
stop.set()
for t in threads:
    t.join()
phones = [Phone(SERVER, "to%d" % n, "secret-of-to%d" % n) for n in range(3)]
end = time.monotonic() + 60
for p in phones:
    while p.register() != 200 and time.monotonic() < end:
        time.sleep(0.2)
wanted = [[text for list_ in accepted for text in list_ if int(text.split("/")[1]) % 3 == n] for n in range(3)]
while any(len(set(p.bodies())) < len(w) for p, w in zip(phones, wanted)) and time.monotonic() < end:
    time.sleep(0.1)
bad = 0
for n, (p, w) in enumerate(zip(phones, wanted)):
    came = p.bodies()
    lost = set(w) - set(came)
    bad += len(lost)
    if lost:
        print("# to%d: %d of %d lost, as %s" % (n, len(lost), len(w), sorted(lost)[:5]))
    first = list(dict.fromkeys(came))
    for sender in range(SENDERS):
        mine = [text for text in first if text.startswith("%d/" % sender)]
        if mine != sorted(mine):
            bad += 1
            print("# to%d: those of from%d are out of order" % (n, sender))
total, came = sum(map(len, accepted)), sum(len(p.bodies()) for p in phones)
print("# %d answered 202, %d came, %d of them twice" % (total, came, came - sum(len(set(p.bodies())) for p in phones)))
print("ok" if bad == 0 and total >= 40 * ROUNDS else "not ok", "every 202 is there after the keeper was killed %d times" % ROUNDS, flush=True)
sys.exit(bad > 0)
