#!/usr/bin/env python3
"""An SMS gateway for tests, on loopback: gateway.py FOLDER [PORT].

Writes its port to FOLDER/port and a line of JSON for each request to FOLDER/requests, before it answers.  How it answers says FOLDER/mode,
read for each request: ok, refuse (403), fail (503), slow (never), drop (closes), nonsense (no HTTP), huge (without end), redirect,
echo (500 with all that it was sent), error (200 and words that say no)."""

import json
import os
import socket
import sys
import threading
import urllib.parse

folder = sys.argv[1]
lock = threading.Lock()


def mode():
	with open(os.path.join(folder, "mode")) as f:
		return f.read().strip()


def note(path):
	values = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query, keep_blank_values=True, strict_parsing=True))
	with lock, open(os.path.join(folder, "requests"), "a") as f:
		f.write(json.dumps(values, sort_keys=True, ensure_ascii=False) + "\n")


def answer(c, status, body):
	data = body.encode()
	c.sendall(("HTTP/1.1 %s\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, len(data))).encode() + data)


def serve(c):
	data = b""
	while b"\r\n\r\n" not in data:
		more = c.recv(65536)
		if not more:
			return
		data += more
	path = data.split()[1].decode()
	how = mode()
	note(path)
	if how == "ok":
		answer(c, "202 Accepted", "0: Accepted for delivery")
	elif how == "refuse":
		answer(c, "403 Forbidden", "Authorization failed for sendsms")
	elif how == "fail":
		answer(c, "503 Service Unavailable", "<html><head><title>Busy</title></head>\n<body>\033[31mlater\033[0m</body></html>")
	elif how == "slow":
		while c.recv(65536):
			pass
	elif how == "nonsense":
		c.sendall(b"\x00\xff\x16\x03\x01 hello? SSH-2.0-x\r\n" * 20)
	elif how == "huge":
		c.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain\r\n\r\n")
		while True:
			c.sendall(b"x" * 65536)
	elif how == "redirect":
		answer(c, "302 Found\r\nLocation: /elsewhere?to=1&text=2", "")
	elif how == "echo":
		answer(c, "500 Internal Server Error", "can't do " + path + " that is " + urllib.parse.unquote(path))
	elif how == "error":
		answer(c, "200 OK", "ERROR 7 no credit")


def one(c):
	try:
		serve(c)
	except OSError:
		pass
	finally:
		c.close()


s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0))
s.listen(64)
with open(os.path.join(folder, "port.new"), "w") as f:
	f.write("%d\n" % s.getsockname()[1])
os.rename(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
while True:
	threading.Thread(target=one, args=(s.accept()[0],), daemon=True).start()
