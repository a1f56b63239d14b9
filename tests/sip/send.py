"""send.py HOST:PORT USER PASSWORD TO TEXT: sends a message as that user, each request once.

Exit status 0 if it was taken, by a phone or into the queue."""
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
import ua

ua.TRIES, ua.WAIT_S = 1, 60        # who counts what comes would count what is sent again
host, port = sys.argv[1].split(":")
sys.exit(ua.Phone((host, int(port)), sys.argv[2], sys.argv[3]).message(sys.argv[4], sys.argv[5]) not in (200, 202))
