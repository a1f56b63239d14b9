#!/usr/bin/env python3
"""A phone for one message, or that waits for some.

	message.py HOST:PORT USER PASSWORD send TO TEXT [UUID]	sends it; prints the final answer's code
	message.py HOST:PORT USER PASSWORD receive N [CODE]	registers, answers each with 200, or CODE; ends when N came, and prints them

Exit status 0 if the message was taken with 200 or 202, or if N messages came; receive unregisters at its end.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from ua import Phone

WAIT_S = 120


def main():
    where, user, password, what, *words = sys.argv[1:]
    host, port = where.rsplit(":", 1)
    answer = int(words[1]) if what == "receive" and len(words) > 1 else 200
    phone = Phone((host, int(port)), user, password, answer=answer)
    if what == "send":
        code = phone.message(words[0], words[1], *words[2:3])
        print(code)
        sys.exit(code not in (200, 202))
    if phone.register() != 200:
        sys.exit("message.py: not registered")
    got = phone.wait(int(words[0]), WAIT_S)
    phone.register(0)
    print("\n".join(got))
    sys.exit(len(got) < int(words[0]))


main()
