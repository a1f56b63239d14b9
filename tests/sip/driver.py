"""What tests that kill the daemon share: its processes, its command line, phones that come back.  tests/sip/driven.bash starts such a test."""
import json
import os
import signal
import subprocess
import sys
import time

from ua import Phone


def until(test, seconds=60, pause=0.005):
    """What test says, once that is true or the time is over.  As long as a slow machine takes."""
    end = time.monotonic() + seconds
    while True:
        said = test()
        if said or time.monotonic() > end:
            return said
        time.sleep(pause)


def is_in(pid, states):
    """Whether the process is in one of these states, as proc(5) calls them; one that is not there is dead."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] in states
    except OSError:
        return "X" in states


def is_alive(pid):
    return not is_in(pid, "ZX")


class Daemon:
    """The daemon under test; CLI is its console's command line."""

    def __init__(self, cli):
        self.cli, self.bad = cli, 0
        self.pid = int(sys.stdin.readline())

    def check(self, name, right, *more):
        print("ok" if right else "not ok", name, *([] if right else more), flush=True)
        self.bad += not right

    def children(self):
        try:
            with open("/proc/%d/task/%d/children" % (self.pid, self.pid)) as f:
                return [int(pid) for pid in f.read().split()]
        except OSError:
            return []

    def process(self, name):
        for pid in self.children():
            try:
                with open("/proc/%d/comm" % pid) as f:
                    if f.read().strip() == "wc-" + name:
                        return pid
            except OSError:
                pass
        return None

    def kill(self, name):
        """kill -9 of keeper, sip or stream, once it is there; "all": of every process, and then a start."""
        if name == "all":
            self.restart()
            return True
        pid = until(lambda: self.process(name))
        try:
            os.kill(pid, signal.SIGKILL)
        except (ProcessLookupError, TypeError):
            return False
        return True

    def is_there(self):
        """Not ended by itself, its number perhaps another's."""
        try:
            with open("/proc/%d/comm" % self.pid) as f:
                return f.read().strip() == "wirechiefd"
        except OSError:
            return False

    def restart(self):
        pids = []
        if self.is_there():
            os.kill(self.pid, signal.SIGSTOP)   # so that it starts no other one meanwhile
            until(lambda: is_in(self.pid, "TZX"))
            pids = [self.pid, *self.children()]
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        until(lambda: not any(map(is_alive, pids)))     # a port is free when its owner is gone
        print("start?", flush=True)
        self.pid = int(sys.stdin.readline())

    def command(self, *words):
        return subprocess.run([self.cli, *words], capture_output=True, text=True, check=False)

    def serves(self):
        return self.command("status").returncode == 0

    def rows(self, *words):
        """Lines of JSON that the command prints; None if it fails."""
        said = self.command("--json", *words)
        return None if said.returncode else [json.loads(line) for line in said.stdout.splitlines()]

    def queue(self):
        """What waits, in the order of acceptance."""
        until(self.serves)
        return self.rows("queue", "list", "--sort", "received") or []

    def verify(self, name="every index agrees with its records"):
        until(self.serves)
        said = self.command("verify")
        self.check(name, said.returncode == 0, said.stderr.strip())
        said = self.command("event", "verify")
        self.check("the events' chain is whole", said.returncode == 0, said.stderr.strip())


class Steady:
    """A phone that stays: connects, and registers, again and again, whatever is killed."""

    def __init__(self, servers, user, transport, **more):
        self.servers, self.user, self.transport, self.more = servers, user, transport, more
        self.old, self.phone = [], None
        self.connect()

    def connect(self):
        def attempt():
            try:
                return Phone(self.servers[self.transport], self.user, "secret-of-" + self.user, transport=self.transport, **self.more)
            except OSError:
                return None
        if self.phone is not None:
            self.phone.close()
            self.old.append(self.phone)
        self.phone = until(attempt)

    def message(self, to, text, uuid, stop):
        """Says it, with the same Uuid, until it is accepted; the code, or 0 when stop is set first."""
        while True:
            code = self.phone.message(to, text, uuid=uuid)
            if code in (200, 202):
                return code
            if stop.is_set():
                return 0
            if self.transport != "udp" and code in (0, 503):
                self.connect()
            time.sleep(0.02)

    def register(self):
        """0 where the connection is gone: then there is another one to try with."""
        code = self.phone.register()
        if code == 0 and self.transport != "udp":
            self.connect()
        return code

    def bodies(self):
        """What came on any of its connections, retransmissions left out, in order."""
        return [body for phone in [*self.old, self.phone] for body in phone.bodies()]

    def close(self):
        self.phone.close()
