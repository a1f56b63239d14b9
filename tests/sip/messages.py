"""messages.py HOST:PORT CLI: what becomes of messages, phone to phone through the daemon.  Prints "ok" and "not ok" lines."""
import json
import os
import re
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from ua import Phone

HOST, PORT = sys.argv[1].split(":")
SERVER, CLI = (HOST, int(PORT)), sys.argv[2]
failed = 0


def check(name, right, *more):
    global failed
    print("ok" if right else "not ok", name, *([] if right else more), flush=True)
    failed += not right


def cli(*words):
    return subprocess.run([CLI, *words], capture_output=True, text=True, check=False)


def rows(*words):
    return [json.loads(line) for line in cli("--json", "queue", "list", *words).stdout.splitlines()]


def waiting():
    """Messages that wait, by group."""
    groups = map(json.loads, cli("--json", "group", "list").stdout.splitlines())
    return {group["name"]: group["queue"] for group in groups}


def phone(user, **more):
    return Phone(SERVER, user, "secret-of-" + user, **more)


def until(test, seconds=60):
    end = time.monotonic() + seconds
    while True:
        said = test()
        if said or time.monotonic() > end:
            return said
        time.sleep(0.02)


def exchange(transport):
    alice, bob = phone("alice", transport=transport), phone("bob", transport=transport)
    check(transport + ": both register", (alice.register(), bob.register()) == (200, 200))
    check(transport + ": a message to a phone on line is answered by it", alice.message("bob", "on line") == 200)
    check(transport + ": and reaches it", bob.wait(1) == ["on line"], bob.got)
    check(transport + ": it unregisters", bob.register(0) == 200)
    codes = [alice.message("bob", "later %d" % i, uuid="%s-%d" % (transport, i), headers="Subject: s\r\n") for i in range(4)]
    check(transport + ": to one that is not they are accepted", codes == [202] * 4, codes)
    check(transport + ": the same again is not stored twice", alice.message("bob", "later 0", uuid=transport + "-0") == 202 and len(rows()) == 4)
    row = rows()[0]
    check(transport + ": the queue tells of them", (row["from"], row["to"], row["status"], row["sent"]) == ("alice", "bob", "ENQUEUED", 0), row)
    said = cli("verify")
    check(transport + ": every index agrees with what waits", said.returncode == 0, said.stderr)
    check(transport + ": it registers again", bob.register() == 200)
    check(transport + ": they come at once and in order", bob.wait(5) == ["on line"] + ["later %d" % i for i in range(4)], bob.bodies())
    fields = bob.got[-1][1]
    check(transport + ": with the date of acceptance, the Uuid and the sender's headers",
          "date" in fields and fields["message-uuid"] == [transport + "-3"] and fields["subject"] == ["s"] and
          fields["content-type"] == ["text/plain"], fields)
    check(transport + ": and the queue is empty", until(lambda: rows() == []))
    bob.register(0)
    alice.register(0)
    alice.close()
    bob.close()


def ended(*words):
    """How many events of the queue have all these words."""
    text = cli("event", "list", "--limit", "1000", "--query", "module:queue").stdout
    return sum(all(word in line for word in words) for line in text.splitlines())


def flood():
    """What a phone can do as often as it likes fills no log: ten are told, the others counted; in the next minute it may be ten again."""
    alice = phone("alice")
    codes = {alice.message("bob", "") for _ in range(40)}
    check("however often a message is refused", codes == {400}, codes)
    check("few events tell of it", 5 <= ended("INVALID_PAYLOAD", "empty") <= 20, ended("INVALID_PAYLOAD", "empty"))
    alice.close()


def refusals():
    alice, bob = phone("alice"), phone("bob")
    alice.register()
    check("nobody by that name: 404", alice.message("nobody", "x") == 404)
    check("which is told", ended("message from alice to nobody: INVALID_RECIPIENT at once, 404") == 1)
    check("harmlessly, whatever the name is", alice.message("no%1b%5B31m%0Abody", "x") == 404 and ended("to no\u00b7[31m\u00b7body: INVALID_RECIPIENT") == 1,
          cli("event", "list", "--query", "INVALID_RECIPIENT").stdout)
    check("an empty message: 400", alice.message("bob", "") == 400)
    check("one that is too large: 413", alice.message("bob", "x" * 2001) == 413)
    check("each an event, without what it said", [ended("INVALID_PAYLOAD", w) for w in ("empty", "2001 bytes", "xxxx")] == [1, 1, 0])
    check("somebody else's From is refused", alice_as(alice, "bob").message("bob", "x") == 403)
    check("a typing notice is never stored", alice.message("bob", "<x/>", kind="application/im-iscomposing+xml") == 480 and rows() == [])
    cli("account", "disable", "alice")
    check("a disabled sender: 403", alice.message("bob", "x") == 403)
    cli("account", "enable", "alice")
    cli("account", "disable", "bob")
    bob.register()
    check("to a disabled account it waits", alice.message("bob", "waits") == 202 and len(rows()) == 1)
    cli("account", "enable", "bob")
    check("until that is enabled", bob.wait(1) == ["waits"] and until(lambda: rows() == []), bob.bodies())
    bob.register(0)
    codes = [alice.message("bob", "n %d" % i) for i in range(6)]
    check("over its share of the queue: 480", codes == [202] * 5 + [480], codes)
    code, fields = alice.ask("MESSAGE", "sip:bob@wirechief.test", "sip:bob@wirechief.test", "Content-Type: text/plain\r\n", b"one more")
    check("with the time to try again", code == 480 and int(fields.get("retry-after", ["0"])[0]) > 0, fields)
    cli("group", "add", "other")
    cli("account", "set", "bob", "group=other")
    check("they are counted in the group that he is moved to", waiting() == {"g": 0, "other": 5}, waiting())
    for row in rows():
        cli("queue", "delete", row["id"], "--yes")
    check("deleted ones are gone", rows() == [] and waiting() == {"g": 0, "other": 0}, waiting())
    check("what expires soon is counted", alice.message("bob", "soon", headers="Expires: 3600\r\n") == 202 and
          alice.message("bob", "later") == 202 and json.loads(cli("--json", "status").stdout)["queue_expiring"] == 1)
    for row in rows():
        cli("queue", "delete", row["id"], "--yes")
    check("one that expires is given up", alice.message("bob", "short", headers="Expires: 1\r\n") == 202 and
          until(lambda: rows() == []) and ended("EXPIRED") == 1, rows())
    bob.close()
    alice.close()


def alice_as(alice, other):
    """A phone that calls itself by another name, with alice's credentials."""
    forger = Phone(SERVER, other, alice.password)

    def credentials(method, uri, fields, code):
        forger.user = alice.user
        text = Phone.credentials(forger, method, uri, fields, code)
        forger.user = other
        return text
    forger.credentials = credentials
    return forger


def numbers():
    """From is the sender's number, whatever it called itself; to the phone it is what it called itself."""
    for name, number, second in (("carla", "+3901", "+3902"), ("dino", "", "+3904"), ("elsa", "", "")):
        subprocess.run([CLI, "account", "add", name, "group=g", "password=-", "caller_id=" + number, "caller_id_2=" + second],
                       input="secret-of-" + name + "\n", text=True, check=True, stdout=subprocess.DEVNULL)
    said = []
    for user, name in (("carla", "carla"), ("carla", "+3901"), ("carla", "+3902"), ("dino", "dino"), ("elsa", "elsa")):
        one = alice_as(phone(user), name) if name != user else phone(user)
        said.append((one.message("bob", "by " + name), rows()[-1]["from"], rows()[-1]["from_account"]))
        one.close()
    check("the queue tells the sender's number", said == [(202, "+3901", "carla"), (202, "+3901", "carla"), (202, "+3902", "carla"),
          (202, "+3904", "dino"), (202, "elsa", "elsa")], said)
    bob = phone("bob")
    bob.register()
    bob.wait(5)
    names = list({call: fields["from"][0].split(":")[1].split("@")[0] for _, fields, call in bob.got}.values())     # each once
    check("the phone what it called itself", names == ["carla", "+3901", "+3902", "dino", "elsa"], names)
    bob.register(0)
    bob.close()


def attempts():
    alice, bob = phone("alice"), phone("bob", silent=True)
    alice.register()
    bob.register()
    check("a silent phone: stored after its time", alice.message("bob", "hard") == 202)
    check("and tried again", until(lambda: rows() and rows()[0]["sent"] >= 2), rows())
    shown = json.loads(cli("--json", "queue", "show", rows()[0]["id"]).stdout)
    check("its details tell why and what was tried", re.match(r"try \d+ (in \d+ s|now|is under way); last answer 408 ", shown["why"]), shown)
    check("with a timeline", len(shown["timeline"]) >= 1 and shown["timeline"][0]["code"] == 408, shown)
    bob.answer = 415
    bob.silent = False
    cli("queue", "retry", "--all")
    check("a phone that can't take it at all ends it", until(lambda: rows() == []))
    events = cli("event", "list", "--query", "INVALID_DEVICE").stdout
    check("and an event tells so, without the content", "INVALID_DEVICE" in events and "hard" not in events, events)
    bob.answer = 486
    check("a busy one leaves it in the queue", alice.message("bob", "busy") == 202 and rows()[0]["last_error"].startswith("486"), rows())
    said = cli("account", "delete", "bob", "--yes").stdout
    check("deleting an account tells how many messages go with it", "Messages" in said and said.split("Messages")[1].split()[0] == "1", said)
    check("a deleted account ends what waits for it", until(lambda: rows() == []), rows())
    check("as one that has nobody to go to", ended("INVALID_RECIPIENT after") == 1 and set(waiting().values()) == {0}, waiting())
    alice.close()
    bob.close()


def cpim(sender, to, more, body):
    return (f"From: <sip:{sender}@wirechief.test>\r\nTo: <sip:{to}@wirechief.test>\r\nDateTime: 2026-11-21T10:00:00Z\r\n"
            f"NS: imdn <urn:ietf:params:imdn>\r\n{more}\r\n{body}")


def got(who, body):
    """The headers of the first message with this body, when it came."""
    return until(lambda: next((fields for text, fields, _ in list(who.got) if text == body), None), 60)


def notifications():
    """Messages in CPIM with their IMDN Message-ID, and what their recipient's phone notifies of them: untouched, there and back."""
    alice, bob = phone("alice"), phone("bob")
    sent = cpim("alice", "bob", "imdn.Message-ID: 34jk324j\r\nimdn.Disposition-Notification: positive-delivery, display\r\n",
                "Content-type: text/plain\r\nContent-length: 5\r\n\r\nH\u00e9llo")
    codes = [alice.message("bob", sent, kind="message/cpim", headers="Expires: 3000\r\n") for _ in range(2)]
    check("a CPIM message waits once, by its IMDN Message-ID", codes == [202, 202] and [row["uuid"] for row in rows()] == ["34jk324j"], rows())
    bob.register()
    fields = got(bob, sent)
    check("and comes as it was sent", fields and fields["content-type"] == ["message/cpim"] and fields["message-uuid"] == ["34jk324j"] and
          fields["expires"] == ["3000"] and "date" in fields, fields)
    told = cpim("bob", "alice", "imdn.Message-ID: d834jied93rf\r\n", "Content-type: message/imdn+xml\r\nContent-Disposition: notification\r\n\r\n"
                "<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\"><message-id>34jk324j</message-id><delivery-notification><status><delivered/>"
                "</status></delivery-notification></imdn>")
    check("a delivery notification waits, too", bob.message("alice", told, kind="message/cpim") == 202)
    alice.register()
    check("and comes as it was sent", got(alice, told))
    shown = told.replace("d834jied93rf", "e945").replace("delivery-n", "display-n").replace("delivered", "displayed")
    check("to a phone on line it goes at once", bob.message("alice", shown, kind="message/cpim") in (200, 202) and got(alice, shown))
    check("so does a typing notice", until(lambda: bob.message("alice", "<isComposing/>", kind="application/im-iscomposing+xml") == 200, 60) and
          got(alice, "<isComposing/>"))
    alice.answer = 486
    check("which is refused where the phone does, and never stored",
          bob.message("alice", "<isComposing/>", kind="application/im-iscomposing+xml") not in (200, 202) and until(lambda: rows() == []), rows())
    bob.register(0)
    alice.register(0)
    bob.close()
    alice.close()


def watch():
    """`queue watch` tells what becomes of messages, and nothing of what they say."""
    alice, bob, told = phone("alice"), phone("bob"), []
    watcher = subprocess.Popen([CLI, "--json", "queue", "watch"], stdout=subprocess.PIPE, text=True)
    threading.Thread(target=lambda: told.extend(map(json.loads, watcher.stdout)), daemon=True).start()

    def came(event, uuid):
        return any((row["_event"], row["uuid"]) == (event, uuid) for row in list(told))

    def said():
        """Until the watch stands nothing is told."""
        alice.message("bob", "not to be seen")
        for row in rows():
            cli("queue", "delete", row["id"], "--yes")
        return bool(told)
    check("a watch is told of the queue", until(said, 60))
    check("a message that waits is told", alice.message("bob", "not to be seen", uuid="watched") == 202 and until(lambda: came("added", "watched"), 60), told)
    bob.answer = 486
    bob.register()
    check("a try", until(lambda: came("changed", "watched"), 60), told)
    bob.answer = 200
    cli("queue", "retry", "--all")
    check("and its end", until(lambda: came("removed", "watched"), 60), told)
    last = [row for row in list(told) if row["uuid"] == "watched"][-1]
    check("with what became of it", (last["status"], last["managed"], last["to_seq"] > 0) == ("DELIVERED", True, True), last)
    check("and no content", "not to be seen" not in json.dumps(told))
    watcher.terminate()
    watcher.wait()
    bob.register(0)
    bob.close()
    alice.close()


for transport in ("udp", "tcp"):
    exchange(transport)
notifications()
watch()
refusals()
flood()
numbers()
attempts()
sys.exit(failed > 0)
