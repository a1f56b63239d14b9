"""messages_crash.py HOST UDP-PORT TCP-PORT CLI ROUNDS: the keeper, sip, stream, or all of the daemon, is killed at random moments while messages go
to accounts that are away and to some on line, over UDP and TCP, accounts register, and an operator edits.  Then everything that was
acknowledged must be there."""
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from driver import Daemon, Steady, until
from ua import Phone

HOST, UDP, TCP, CLI, ROUNDS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], int(sys.argv[5])
SERVERS = {"udp": (HOST, UDP), "tcp": (HOST, TCP)}
KILLED = "keeper", "sip", "stream", "all"
SENDERS = ["udp", "tcp", "udp", "tcp"]
AWAY, ON_LINE = ["to0", "to1", "to2"], {"on0": "udp", "on1": "tcp"}
A_ROUND = 30

stop = threading.Event()
accepted = [[] for _ in SENDERS]        # (recipient, text, code), in order
registered = []                         # accounts that were answered 200
edits = [0, 0]                          # the last one that was tried, the last that was saved


def text_of(uuid):
    return uuid[2:]


def send(number, transport):
    phone, n = Steady(SERVERS, "from%d" % number, transport), 0
    while not stop.is_set():
        to = [*AWAY, *ON_LINE][random.randrange(len(AWAY) + len(ON_LINE))]
        text = "%d/%06d" % (number, n)
        code = phone.message(to, text, "u-" + text, stop)
        if code:
            accepted[number].append((to, text, code))
        n += 1
    phone.close()


def stay(phone):
    while not stop.is_set():
        phone.register()
        stop.wait(0.3)


def register():
    n = 0
    while not stop.is_set():
        user = "u%06d" % n
        phone = Phone(SERVERS["udp"], user, "secretsecret")
        if phone.register(3600) == 200:
            registered.append(user)
            n += 1
        phone.close()


def edit(daemon):
    while not stop.is_set():
        edits[0] += 1
        if daemon.command("account", "set", "from0", "owner=Edit %d" % edits[0]).returncode == 0:
            edits[1] = edits[0]


def in_order(texts):
    """Of each sender the first ones of what came twice are in order."""
    seen = {}
    for text in dict.fromkeys(texts):
        sender, n = text.split("/")
        if seen.get(sender, "") > n:
            return False
        seen[sender] = n
    return True


def wanted(to):
    return {text for list_ in accepted for name, text, _ in list_ if name == to}


def main():
    daemon = Daemon(CLI)
    phones = {user: Steady(SERVERS, user, transport) for user, transport in ON_LINE.items()}
    work = [threading.Thread(target=send, args=(n, t)) for n, t in enumerate(SENDERS)]
    work += [threading.Thread(target=stay, args=(p,)) for p in phones.values()]
    work += [threading.Thread(target=register), threading.Thread(target=edit, args=(daemon,))]
    for t in work:
        t.start()
    killed = slow = 0
    for i in range(ROUNDS):
        before = sum(map(len, accepted))
        slow += not until(lambda: sum(map(len, accepted)) >= before + A_ROUND)
        time.sleep(random.random() / 20)
        killed += daemon.kill(KILLED[i % len(KILLED)])
    before = sum(map(len, accepted))
    until(lambda: sum(map(len, accepted)) >= before + A_ROUND)
    stop.set()
    for t in work:
        t.join()
    daemon.check("%d processes were killed, and each time messages were accepted again" % ROUNDS, killed == ROUNDS and slow == 0, killed, slow)
    daemon.verify()

    queue = daemon.queue()
    uuids = [row["uuid"] for row in queue]
    daemon.check("none is in the queue twice, though it was sent more than once", len(uuids) == len(set(uuids)), uuids)
    for user in AWAY:
        here = [text_of(row["uuid"]) for row in queue if row["to"] == user]
        lost = wanted(user) - set(here)
        daemon.check("%s is away: each 202 for it is in the queue" % user, not lost, "%d lost: %s" % (len(lost), sorted(lost)[:5]))
        daemon.check("and in the order of acceptance", in_order(here), here)
    for user in AWAY:
        phones[user] = Steady(SERVERS, user, "udp")
    lacking = {user: set() for user in phones}
    for user, phone in phones.items():
        until(lambda: phone.register() == 200)

    def all_came():
        for user, phone in phones.items():
            lacking[user] = wanted(user) - set(phone.bodies())
        return not any(lacking.values())
    until(all_came, 300, pause=0.2)
    for user, phone in phones.items():
        daemon.check("what was accepted for %s comes" % user, not lacking[user], "%d lost: %s" % (len(lacking[user]), sorted(lacking[user])[:5]))
        daemon.check("and in each sender's order", in_order(phone.bodies()), phone.bodies())
    daemon.check("the queue is empty then", until(lambda: daemon.rows("queue", "list") == []), daemon.rows("queue", "list"))

    listed = {row["username"] for row in daemon.rows("registration", "list")}
    lost = set(registered) - listed
    daemon.check("each registration that was answered 200 is there", not lost, sorted(lost)[:5])
    owner = int(daemon.rows("account", "show", "from0")[0]["owner"].split()[1])
    daemon.check("so is each edit that was saved", edits[1] <= owner <= edits[0], owner, edits)
    daemon.verify("every index agrees at the end")
    codes = [code for list_ in accepted for _, _, code in list_]
    came = [body for phone in phones.values() for body in phone.bodies()]
    print("# %d answered 202, %d 200; %d came, %d of them twice; %d registrations, %d edits" % (codes.count(202), codes.count(200), len(came),
          len(came) - len(set(came)), len(registered), edits[1]), flush=True)
    sys.exit(daemon.bad > 0)


main()
