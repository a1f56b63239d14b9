"""Has an account call itself and its phone ring: `call list` then has N more calls.  Nobody answers them.

    ring.py HOST:PORT USER PASSWORD N [NUMBER]

NUMBER: who calls says to be that, and calls that.
"""
import sys
import threading

from callphone import CallPhone
from ua import Phone


def main():
    host, _, port = sys.argv[1].rpartition(":")
    user, password, n = sys.argv[2], sys.argv[3], int(sys.argv[4])
    server = (host, int(port))
    phone = CallPhone(server, user, password)
    if phone.register() != 200:
        sys.exit("it can't register")
    party = sys.argv[5] if len(sys.argv) > 5 else user
    for _ in range(n):
        caller = Phone(server, user, password)
        caller.from_user = party
        aor = f"sip:{party}@{caller.domain}"
        threading.Thread(target=caller.ask, args=("INVITE", aor, aor, f"Contact: <sip:{user}@{caller.here}>\r\n"), daemon=True).start()
    for _ in range(n):
        invite = phone.request("INVITE")
        if invite is None:
            sys.exit("it did not ring")
        phone.reply(invite, 180, "Ringing")


main()
