"""devices.py HOST:PORT USER...: registers a phone for each; prints "ready".  Then each line of the standard input, "USER answer", "USER late"
or "USER silent", is how that one meets probes from there on."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "sip"))
from ua import Phone

LATE_S = 5.2        # between once and twice what is late for it
HOW = {"answer": (200, 0), "late": (200, LATE_S), "silent": (None, 0)}

host, port = sys.argv[1].split(":")
phones = {user: Phone((host, int(port)), user, "secret-of-" + user) for user in sys.argv[2:]}
for user, phone in phones.items():
    phone.options, phone.late = HOW.get(user, HOW["answer"])
    if phone.register(7200) != 200:
        sys.exit(user + " does not register")
print("ready", flush=True)
for line in sys.stdin:
    user, how = line.split()
    phones[user].options, phones[user].late = HOW[how]
