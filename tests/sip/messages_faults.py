"""messages_faults.py HOST UDP-PORT CLI ORDERS SEED FAULTS: under a load of messages the disk's calls fail, one or some in a row, with EIO, then with
ENOSPC; the n-th of a daemon that runs, or the n-th from its start on.  After each the daemon must serve again within two seconds, and none
that was accepted may be lost.  ORDERS is the file that tests/sip/fail_io.c takes its orders from."""
import collections
import errno
import mmap
import os
import random
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from driver import Daemon, until
from ua import Phone

SERVER, CLI = (sys.argv[1], int(sys.argv[2])), sys.argv[3]
FAULTS = int(sys.argv[6])
WITHIN_S = 2.0
SLOWNESS = 10           # times the two seconds that a loaded machine is given, as in tests/lib.sh
SENDERS, AWAY = 3, ["to0", "to1"]
DEATHS = 2              # of one daemon, before it is started anew: the supervisor starts what dies often later and later
LAST = 500
CALLS = "write", "pwrite", "writev", "fdatasync", "fsync", "msync", "ftruncate"

random.seed(int(sys.argv[5]))
with open(sys.argv[4], "r+b") as orders_file:
    orders = mmap.mmap(orders_file.fileno(), 56)
stop = threading.Event()
accepted = [[] for _ in range(SENDERS)]
codes = collections.Counter()
refused = [0] * SENDERS


def order(place, value=None):
    """One number of struct orders; sets it."""
    if value is not None:
        struct.pack_into("=q", orders, place * 8, value)
    return struct.unpack_from("=q", orders, place * 8)[0]


def arm(n, burst, error, header=0):
    order(0, 0)
    order(6, header)
    order(1, burst)
    order(2, error)
    order(0, n)


def failed():
    return order(3)


def send(number):
    phone, n = Phone(SERVER, "from%d" % number, "secret-of-from%d" % number), 0
    while not stop.is_set():
        to, text = AWAY[n % len(AWAY)], "%d/%06d" % (number, n)
        code = phone.message(to, text, uuid="u-" + text)
        codes[code] += 1
        if code == 202:
            accepted[number].append((to, text))
        refused[number] += code == 503
        n += 1
    phone.close()


def count():
    return sum(map(len, accepted))


def header_fails(daemon):
    """What LMDB can't mend: the keeper ends, and its successor opens the store again."""
    daemon.restart()
    keeper, before = until(lambda: daemon.process("keeper")), failed()
    have = count()
    until(lambda: count() > have)
    arm(2, 1, errno.EIO, header=1)
    until(lambda: failed() > before)
    began = time.monotonic()
    ended = until(lambda: daemon.process("keeper") not in (None, keeper))
    daemon.check("a header that can't be written has the keeper start again", ended)
    have = count()
    daemon.check("and it serves", until(lambda: count() > have))
    print("# that took %.2f s" % (time.monotonic() - began), flush=True)


def disk_fails(daemon):
    """Each call, for a while: refusals, the status says so, and it heals."""
    def status():
        return (daemon.rows("status") or [{}])[0]

    def is_bad(told):
        return told.get("store_ok") is False and told["warnings"]

    def all_refused(more):
        before = refused[:]
        return until(lambda: all(now > was + more for now, was in zip(refused, before)))
    arm(1, 1 << 40, errno.EIO)
    daemon.check("a disk that fails for long: messages are refused", all_refused(5))
    daemon.check("the status says so", until(lambda: is_bad(status())), status())
    have = count()          # no answer to what was sent before is on its way any more
    all_refused(30)
    daemon.check("none is accepted", count() == have, count() - have)
    arm(0, 0, 0)
    daemon.check("when it works again they are accepted", until(lambda: count() > have))
    daemon.check("and the status is good", until(lambda: status().get("store_ok") is True), status())


def main():
    daemon = Daemon(CLI)
    online = Phone(SERVER, "online", "secret-of-online")
    online.register(7200)
    threads = [threading.Thread(target=send, args=(n,)) for n in range(SENDERS)]
    for t in threads:
        t.start()
    until(lambda: count() > 20)
    missed, slow, slowest, deaths, died, restarts, refusals = 0, [], 0, 0, 0, 0, 0
    what = collections.Counter()
    keeper = daemon.process("keeper")
    for i in range(FAULTS):
        n = 1 + i * (LAST - 1) // max(1, FAULTS - 1)
        error, burst = (errno.EIO, errno.ENOSPC)[i % 2], 1 + i % 3
        before = failed()
        if i % 4 == 3:
            arm(min(n, 60), burst, error)
            daemon.restart()
            restarts += 1
            if not daemon.is_there():
                refusals += 1           # a start that fails, ends: with a reason, and no harm done
                arm(0, 0, 0)
                daemon.restart()
            deaths = 0
        elif deaths >= DEATHS:
            daemon.restart()
            keeper, deaths = until(lambda: daemon.process("keeper")), 0
            arm(n, burst, error)
        else:
            arm(n, burst, error)
        if not until(lambda: failed() > before):
            missed += 1
            continue
        until(lambda: order(0) <= 0, 1)
        began, have = time.monotonic(), count()
        what[CALLS[order(4)]] += 1
        if not until(lambda: count() > have):
            daemon.check("it serves again after call %d failed" % n, False)
            break
        took = time.monotonic() - began
        slowest = max(slowest, took)
        if took > WITHIN_S * SLOWNESS:
            slow.append((n, round(took, 2)))
        now = until(lambda: daemon.process("keeper"))
        if now != keeper and i % 4 != 3:
            deaths += 1
            died += 1
        keeper = now
    header_fails(daemon)
    disk_fails(daemon)
    stop.set()
    for t in threads:
        t.join()
    daemon.check("%d times a call failed" % FAULTS, missed <= FAULTS // 10, missed)
    daemon.check("it served again within two seconds each time", not slow, slow)
    daemon.check("some messages were refused, with 503 only", codes[503] > 0 and set(codes) <= {0, 202, 407, 503}, codes)
    daemon.verify()
    queue = daemon.queue()
    uuids = [row["uuid"][2:] for row in queue]
    daemon.check("none is there twice", len(uuids) == len(set(uuids)))
    for to in AWAY:
        mine = [row["uuid"][2:] for row in queue if row["to"] == to]
        lost = {text for list_ in accepted for name, text in list_ if name == to} - set(mine)
        daemon.check("each 202 for %s is in the queue" % to, not lost, len(lost), sorted(lost)[:5])
        for number in range(SENDERS):
            of_one = [text for text in mine if text.startswith("%d/" % number)]
            daemon.check("and those of from%d are in order" % number, of_one == sorted(of_one))
    for to in AWAY:
        phone = Phone(SERVER, to, "secret-of-" + to)
        until(lambda: phone.register() == 200)
        wanted = [row["uuid"][2:] for row in queue if row["to"] == to]
        until(lambda: len(set(phone.bodies())) >= len(wanted), 300, pause=0.2)
        daemon.check("and %s gets them, in order" % to, list(dict.fromkeys(phone.bodies())) == wanted, len(phone.bodies()), len(wanted))
    print("# %d accepted, answers %s; what failed: %s, the keeper started again %d times; %d starts, of which %d refused; slowest %.2f s" %
          (count(), dict(codes), dict(what), died, restarts, refusals, slowest), flush=True)
    sys.exit(daemon.bad > 0)


main()
