#!/usr/bin/env python3
"""Two operators with forms and a script edit the same accounts at once; a model outside compares.

	concurrent.py SOCKET WIRECHIEF SECONDS KEEPER

Each operator reads a record, changes fields and saves them with the version and the values that he saw, as the console's form does; after
a conflict he sometimes saves his own over it.  The script works on the same accounts with the command line: set, enable, disable, delete
and add.  In the middle the process KEEPER is killed (0: none).  What was acknowledged is then compared with the events, and the events
with what is stored:

- each acknowledged change is exactly one event, and no event is there that nobody made;
- the changes of an account follow from each other: each tells as "from" what the one before left;
- what an answer showed is the account as it was after that very change, whole;
- what is stored at the end is what the events say, and the groups count as many as they hold;
- each refusal is a conflict that names the fields with theirs and mine, or tells that the account is gone.

A request whose answer was lost with the connection may have been done, or not; but then wholly.
"""
import json
import os
import pwd
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time

US = pwd.getpwuid(os.geteuid()).pw_name
CHANGES, CONFLICTS, LONGER_S = 10, 3, 100		# of each actor, and of all
NAMES = ["acct%d" % i for i in range(4)]
GROUPS = ["north", "south"]
SHOWN = ["owner", "email", "description", "qualify", "max_contacts", "group", "enabled", "permit"]
DEFAULTS = {"owner": "", "email": "", "description": "", "qualify": "yes", "max_contacts": "10", "enabled": "yes", "permit": ""}


def fail(text):
	print("# " + text)
	os._exit(1)


def text_of(value):
	"""A JSON value as events and forms write it."""
	if value is None:
		return ""
	if isinstance(value, bool):
		return "yes" if value else "no"
	return str(value)


def seen(record):
	return {f: text_of(record[f]) for f in SHOWN}


class Lost(Exception):
	pass


class Client:
	"""The control socket, found again when it was lost."""

	def __init__(self, path):
		self.path, self.sock, self.n = path, None, 0

	def connect(self):
		end = time.time() + 120
		while True:
			try:
				self.sock = socket.socket(socket.AF_UNIX)
				self.sock.settimeout(120)
				self.sock.connect(self.path)
				self.file = self.sock.makefile("rw")
				if '"role":"operator"' in self.file.readline():
					return
			except OSError:
				pass
			if time.time() > end:
				fail("the daemon did not come back")
			time.sleep(0.02)

	def ask(self, **request):
		if self.sock is None:
			self.connect()
		self.n += 1
		try:
			self.file.write(json.dumps({"id": self.n, **request}) + "\n")
			self.file.flush()
			line = self.file.readline()
		except (OSError, ValueError):
			line = ""
		if not line.endswith("\n"):
			self.sock.close()
			self.sock = None
			raise Lost
		return json.loads(line)

	def rows(self, **request):
		self.connect()
		self.file.write(json.dumps({"id": 0, **request}) + "\n")
		self.file.flush()
		rows = []
		for line in self.file:
			answer = json.loads(line)
			if "row" not in answer:
				return rows
			rows.append(answer["row"])


class Log:
	"""What was asked for and what was answered."""

	def __init__(self):
		self.lock = threading.Lock()
		self.done = {}		# token: (name, version, record, what the operator had seen) of an acknowledged set
		self.perhaps = set()	# tokens whose answer was lost
		self.plain = {name: [] for name in NAMES}	# what the script did without a token, in order
		self.conflicts = self.gone = self.overwritten = self.lost = 0


class Actor(threading.Thread):
	def __init__(self, who, log, path, end):
		super().__init__(daemon=True)
		self.who, self.log, self.path, self.end = who, log, path, end
		self.random = random.Random(who)
		self.n = self.made = 0

	def goes_on(self):
		"""Until the end, on a slow machine until it has done enough."""
		enough = self.made >= CHANGES and self.log.conflicts >= CONFLICTS
		return time.time() < self.end + (0 if enough else LONGER_S)

	def token(self):
		self.n += 1
		return "%s-%d" % (self.who, self.n)


class Operator(Actor):
	def change(self, token):
		r = self.random
		change = {r.choice(["owner", "description"]): token}
		more = {
			"email": token + "@example.org", "qualify": r.choice(["yes", "no", "500", "700"]), "max_contacts": str(r.randint(1, 50)),
			"group": r.choice(GROUPS), "permit": r.choice(["", "192.0.2.0/255.255.255.0", "10.0.0.0/8,2001:db8::/32"]), "owner": token,
		}
		for f in r.sample(sorted(more), r.randint(0, 3)):
			change[f] = more[f]
		return change

	def save(self, client, name, version, was, change, token):
		"""Returns a conflict's fields, or None."""
		with self.log.lock:
			self.log.perhaps.add(token)
		try:
			answer = client.ask(do="account set", name=name, version=version, set=change, was={f: was[f] for f in change})
		except Lost:
			with self.log.lock:
				self.log.lost += 1
			return None
		with self.log.lock:
			self.log.perhaps.discard(token)
			if "ok" in answer:
				self.log.done[token] = (name, answer["version"], seen(answer["ok"]), {f: was[f] for f in change})
				self.made += 1
				return None
			error = answer["error"]
			if error["code"] == "not-found" and name in error["text"]:
				self.log.gone += 1
				return None
			if error["code"] != "conflict" or "someone else" not in error["text"] or not error.get("fields"):
				fail("not explained: %s" % answer)
			self.log.conflicts += 1
		for f, v in error["fields"].items():
			if v["yours"] != change.get(f) or v["now"] in (was.get(f), change[f]):
				fail("a conflict that is none: %s was %s set %s" % (answer, was, change))
		return error["fields"]

	def run(self):
		client = Client(self.path)
		while self.goes_on():
			name, token = self.random.choice(NAMES), self.token()
			try:
				answer = client.ask(do="account show", name=name)
			except Lost:
				continue
			if "error" in answer:
				if answer["error"]["code"] != "not-found":
					fail("not explained: %s" % answer)
				continue
			was, change = seen(answer["ok"]), self.change(token)
			time.sleep(self.random.random() * 0.02)		# a person types meanwhile
			fields = self.save(client, name, answer["version"], was, change, token)
			if not fields or self.random.random() < 0.5:
				continue
			try:				# "F2 saves yours over it"
				answer = client.ask(do="account show", name=name)
			except Lost:
				continue
			if "ok" in answer:
				for f, v in fields.items():
					was[f] = v["now"]
				self.log.overwritten += 1
				self.save(client, name, answer["version"], was, change, token)


class Script(Actor):
	def __init__(self, *args):
		self.program = args[-1]
		super().__init__(*args[:-1])
		self.enabled = {name: True for name in NAMES}
		self.there = {name: True for name in NAMES}

	def call(self, *words):
		"""The record, True where there is none, or Lost."""
		p = subprocess.run([self.program, "--json", "account", *words], capture_output=True, text=True, stdin=subprocess.DEVNULL)
		if p.returncode == 0:
			return json.loads(p.stdout) if words[0] != "delete" else True
		if p.returncode == 3:
			raise Lost
		if words[0] == "show" and p.returncode == 1 and "not found" in p.stderr:
			return None
		fail("wirechief account %s: %d %s" % (" ".join(words), p.returncode, p.stderr))

	def look(self, name):
		"""The script alone adds, deletes and enables: how things are tells what its last request did."""
		while True:
			try:
				record = self.call("show", name)
			except Lost:
				time.sleep(0.02)
				continue
			return record is not None, record is None or record["enabled"]

	def plain(self, name, what, *words):
		try:
			record = self.call(*words)
			there, enabled = what != "deleted", record["enabled"] if what != "deleted" else True
			if what == "enabled" and not enabled or what == "disabled" and enabled:
				fail("%s answered with %s" % (words, record))
		except Lost:
			self.log.lost += 1
			there, enabled = self.look(name)
		if (there, enabled) != (self.there[name], self.enabled[name]):
			self.made += 1
			self.log.plain[name].append(what)
		self.there[name], self.enabled[name] = there, enabled

	def step(self, name):
		token = self.token()
		if not self.there[name]:
			self.plain(name, "made", "add", name, "group=" + self.random.choice(GROUPS))
		elif self.random.random() < 0.05:
			self.plain(name, "deleted", "delete", name, "--yes")
		elif self.random.random() < 0.5:
			self.plain(name, *(("disabled", "disable", name) if self.enabled[name] else ("enabled", "enable", name)))
		else:
			with self.log.lock:
				self.log.perhaps.add(token)
			try:
				record = self.call("set", name, "%s=%s" % (self.random.choice(["owner", "email", "description"]),
				    token + "@example.org"), "max_contacts=%d" % self.random.randint(1, 50))
			except Lost:
				self.log.lost += 1
				return
			with self.log.lock:
				self.log.perhaps.discard(token)
				self.log.done[token] = (name, None, seen(record), {})
				self.made += 1

	def run(self):
		while self.goes_on():
			self.step(self.random.choice(NAMES))


CHANGE = re.compile(r'(\w+) ("(?:[^"\\]|\\.)*"|\S*) -> ("(?:[^"\\]|\\.)*"|[^,\s]*)(?:, |$)')
TOKEN = re.compile(r"(?:one|two|script)-\d+")


class Model:
	"""The accounts as the events make them, one by one."""

	def __init__(self, log):
		self.log = log
		self.now, self.version = {}, {}
		self.at = {name: 0 for name in NAMES}
		self.matched = set()
		self.changes = 0

	def plain(self, name, what):
		sequence, at = self.log.plain[name], self.at[name]
		if at >= len(sequence) or sequence[at] != what:
			fail("%s: event %d of the script is %s, asked for was %s" % (name, at, what, sequence[at:at + 1]))
		self.at[name] += 1

	def made(self, name, text):
		if name in self.now:
			fail("%s was made twice" % name)
		self.plain(name, "made")
		group = re.match(r"made in group (\w+)", text).group(1)
		self.now[name], self.version[name] = {**DEFAULTS, "group": group}, 1

	def change(self, name, text):
		at, token, was = 0, TOKEN.search(text), dict(self.now.get(name, {}))
		record = self.now.get(name)
		if record is None:
			fail("%s is changed, and there is none" % name)
		for m in CHANGE.finditer(text):
			field, before, after = m.group(1), m.group(2).strip('"'), m.group(3).strip('"')
			if m.start() != at or record[field] != before or before == after:
				fail("%s does not follow from %s" % (text, record))
			record[field], at = after, m.end()
		if at != len(text):
			fail("not understood: " + text[at:])
		self.version[name] += 1
		if token is None:
			self.plain(name, {"enabled no -> yes": "enabled", "enabled yes -> no": "disabled"}[text])
			return
		self.token(name, text, was)

	def token(self, name, text, was):
		"""The one that something is set to is its own: others are what it replaced."""
		mine = sorted(set(re.findall(r'-> "?(%s)' % TOKEN.pattern, text)))
		if len(mine) != 1 or mine[0] in self.matched:
			fail("whose is %s" % text)
		self.matched.add(mine[0])
		if mine[0] in self.log.perhaps:
			return
		if mine[0] not in self.log.done:
			fail("nobody was told that it was done: %s" % text)
		asked, version, record, saw = self.log.done[mine[0]]
		for f, value in saw.items():
			if was[f] not in (value, record[f]):
				fail("%s overwrote %s of another, unasked: the operator had seen %s" % (text, was[f], value))
		if asked != name or version not in (None, self.version[name]) or record != self.now[name]:
			fail("%s was shown as %s %s, and is %s %s" % (text, version, record, self.version[name], self.now[name]))

	def event(self, event):
		text = event["event"]
		name, colon, what = text.partition(": ")
		if event["module"] != "admin" or not name.startswith("account ") or event["operator"] != US:
			return
		name = name[len("account "):]
		self.changes += 1
		if what.startswith("made"):
			self.made(name, what)
		elif what.startswith("deleted"):
			self.plain(name, "deleted")
			del self.now[name]
		else:
			self.change(name, what)


def compare(log, client):
	model = Model(log)
	for event in client.rows(do="event list"):
		model.event(event)
	missing = set(log.done) - model.matched
	if missing:
		fail("acknowledged, and no event: %s" % sorted(missing)[:5])
	for name in NAMES:
		if model.at[name] != len(log.plain[name]):
			fail("%s: acknowledged, and no event: %s" % (name, log.plain[name][model.at[name]:]))
	stored = {r["username"]: seen(r) for r in client.rows(do="account list")}
	if stored != model.now:
		fail("stored is %s, the events say %s" % (stored, model.now))
	for row in client.rows(do="group list"):
		held = sum(r["group"] == row["name"] for r in stored.values())
		enabled = sum(r["group"] == row["name"] and r["enabled"] == "yes" for r in stored.values())
		if (row["accounts"], row["enabled"]) != (held, enabled):
			fail("%s counts %s, and holds %d, %d enabled" % (row["name"], row, held, enabled))
	return model


def main():
	path, program, seconds, keeper = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
	log, end = Log(), time.time() + seconds
	client = Client(path)
	client.connect()
	for g in GROUPS:
		client.ask(do="group add", name=g)
	for name in NAMES:
		client.ask(do="account add", name=name, set={"group": GROUPS[0]})
		log.plain[name].append("made")
	actors = [Operator("one", log, path, end), Operator("two", log, path, end), Script("script", log, path, end, program)]
	for a in actors:
		a.start()
	if keeper:
		time.sleep(seconds / 2)
		os.kill(keeper, signal.SIGKILL)
	for a in actors:
		a.join(seconds + LONGER_S + 60)
		if a.is_alive():
			fail("%s does not end" % a.who)
		if a.made < CHANGES:
			fail("%s made %d changes only" % (a.who, a.made))
	if log.conflicts < CONFLICTS:
		fail("only %d conflicts" % log.conflicts)
	model = compare(log, client)
	print("# %d changes: %s; %d conflicts, %d of them saved over, %d found the account gone, %d answers lost" % (model.changes,
	    ", ".join("%d of %s" % (a.made, a.who) for a in actors), log.conflicts, log.overwritten, log.gone, log.lost))


main()
