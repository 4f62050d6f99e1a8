"""Larder and redis-server side by side: the same command to both, and what they answer.

A group of commands (redis_strings.py, redis_collections.py, ...) derives from Group: it has connections of
its own to both servers, in RESP2 and RESP3, sends one random command a step and reports what differs.
"""

import collections
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from resp import Connection, Set  # noqa: E402

DEADLINE_S = 60
SHOWN_MAX = 20
DATABASES = ("0", "1", "2")


def larder_command(binary):
    user = ["-u", pwd.getpwuid(os.getuid()).pw_name] if os.getuid() == 0 else []
    return lambda path, folder: [binary, *user, "-p", "0", "-U", "0", "--engine", "redis", "-m", "1024",
                                 "--unixsocket", path, "-s", os.path.join(folder, "m")]


def redis_command(binary):
    return lambda path, folder: [binary, "--port", "0", "--unixsocket", path, "--save", "",
                                 "--appendonly", "no", "--dir", folder]


class Process:
    """A server on a unix socket in a folder of its own."""

    def __init__(self, name, command):
        self.folder = tempfile.mkdtemp(prefix=f"differential-{name}-")
        self.path = os.path.join(self.folder, "s")
        self.process = subprocess.Popen(command(self.path, self.folder), cwd=self.folder,
                                        stdout=subprocess.DEVNULL)

    def stop(self):
        self.process.terminate()
        code = self.process.wait(DEADLINE_S)
        shutil.rmtree(self.folder, ignore_errors=True)
        return code


class Pair:
    """Both servers, and what was found to differ. All groups share it."""

    def __init__(self, larder, peer):
        self.processes = [Process("larder", larder_command(larder)), Process("redis", redis_command(peer))]
        self.history = collections.deque(maxlen=60)
        self.differences = 0

    def differ(self, what, ours, theirs):
        self.differences += 1
        if self.differences > SHOWN_MAX:
            return
        print(f"DIFFERENCE {what}\n  larder: {ours!r:.1000}\n  redis:  {theirs!r:.1000}\n  after:")
        for args in self.history:
            print(f"    {' '.join(map(repr, args)):.200}")
        sys.stdout.flush()

    def stop(self):
        return [process.stop() for process in self.processes]


class Group:
    """One group of commands on connections of its own."""

    def __init__(self, pair, rng):
        self.pair = pair
        self.rng = rng
        self.connections = {2: [], 3: []}
        for protocol, both in self.connections.items():
            for process in pair.processes:
                connection = Connection(process.path)
                reply = connection.call("HELLO", str(protocol))
                assert isinstance(reply, (tuple, list)), reply
                both.append(connection)

    def both(self, protocol, args):
        """The two replies to a command."""
        for connection in self.connections[protocol]:
            connection.send(args)
        return [connection.read() for connection in self.connections[protocol]]

    def note(self, args):
        self.pair.history.append(args)

    def differ(self, what, ours, theirs):
        self.pair.differ(what if isinstance(what, str) else " ".join(map(repr, what))[:300], ours, theirs)

    def compare(self, what, ours, theirs):
        if ours != theirs:
            self.differ(what, ours, theirs)

    def step(self):
        """Sends one command and compares."""
        raise NotImplementedError

    def check(self):
        """Compares more than replies: what there is. Called now and then."""


def is_error(reply):
    return isinstance(reply, str) and reply.startswith("-")


def pairs_of(elements):
    return list(zip(elements[::2], elements[1::2]))


def in_order(reply):
    """A container's elements in an order of their own; it stays the kind that it is."""
    if isinstance(reply, Set):
        return Set(sorted(reply, key=repr))
    if isinstance(reply, list):
        return sorted(reply, key=repr)
    if isinstance(reply, tuple):
        return (reply[0], sorted(reply[1], key=repr))
    return reply


def walk(connection, args, reply):
    """All elements of a scan that began with `reply`, once each; args[cursor] is where its cursor goes."""
    cursor = 1 if args[0].lower() == "scan" else 2
    found = set()
    for _ in range(1_000_000):
        position, elements = reply
        found.update(pairs_of(elements) if args[0].lower() in ("hscan", "zscan") else elements)
        if position == b"0":
            return found
        reply = connection.call(*args[:cursor], position, *args[cursor + 1:])
    return "endless"
