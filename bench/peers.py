"""Servers that the measuring programs start: how each is called, awaited and ended.

A kind is a family of servers that take the same flags; a server is one running process of a binary.
Only processes started here are ever ended, each through its own handle.
"""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections import namedtuple

# What a server is asked to be, whatever its kind.
Shape = namedtuple("Shape", "threads memory_mb connections_max extra", defaults=((),))


def memcached_arguments(socket_path, shape):
    arguments = ["-s", socket_path, "-t", str(shape.threads), "-m", str(shape.memory_mb),
                 "-c", str(shape.connections_max)]
    if os.geteuid() == 0:  # memcached refuses to run as root unless told so
        arguments += ["-u", pwd.getpwuid(0).pw_name]
    return arguments + list(shape.extra)


def redis_arguments(socket_path, shape):
    return ["--port", "0", "--unixsocket", socket_path, "--save", "", "--appendonly", "no",
            "--dir", os.path.dirname(socket_path), "--maxmemory", f"{shape.memory_mb}mb",
            "--maxmemory-policy", "allkeys-lru", "--io-threads", str(shape.threads),
            "--maxclients", str(shape.connections_max), *shape.extra]


def pogocache_arguments(socket_path, shape):
    return ["-s", socket_path, "-p", "0", "--threads", str(shape.threads),
            "--maxmemory", f"{shape.memory_mb}mb", "--maxconns", str(shape.connections_max),
            *shape.extra]


# One row a family: `protocols` are those loadgen can measure, in the order shown. A new peer is a new
# row; two servers are compared over the protocols that both rows name.
Kind = namedtuple("Kind", "arguments protocols version_flag")
KINDS = {
    "memcached": Kind(memcached_arguments, ("text", "meta", "binary"), "-V"),
    "larder": Kind(memcached_arguments, ("text", "meta", "binary"), "-V"),
    "pogocache": Kind(pogocache_arguments, ("text", "resp"), "--version"),
    "redis-server": Kind(redis_arguments, ("resp",), "--version"),
    "valkey-server": Kind(redis_arguments, ("resp",), "--version"),
}


def kind_of(binary):
    """The kind a binary belongs to by its name; memcached's when the name says nothing."""
    name = os.path.basename(binary)
    for kind in KINDS:
        if name.startswith(kind):
            return kind
    return "memcached"


def find_binary(name):
    """An absolute path, or None when there is no such program."""
    found = shutil.which(name)
    return os.path.abspath(found) if found else None


def version_of(binary):
    flag = KINDS[kind_of(binary)].version_flag
    try:
        shown = subprocess.run([binary, flag], capture_output=True, text=True, timeout=10)
        return (shown.stdout or shown.stderr).strip().splitlines()[0]
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return "version unknown"


class Server:
    """A running server on a unix socket. Use as a context manager: leaving ends it.

    `cpus`, when given, are the processors it may run on.
    """

    START_SECONDS = 20
    STOP_SECONDS = 20

    def __init__(self, command, socket_path, cpus=None):
        self.command = list(command)
        self.socket_path = socket_path
        self._cpus = cpus
        self._process = None

    @classmethod
    def of_kind(cls, binary, socket_path, shape, cpus=None):
        arguments = KINDS[kind_of(binary)].arguments(socket_path, shape)
        return cls([binary, *arguments], socket_path, cpus)

    @property
    def pid(self):
        return self._process.pid

    def is_running(self):
        return self._process is not None and self._process.poll() is None

    def __enter__(self):
        self._process = subprocess.Popen(pinned(self.command, self._cpus),
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            self._wait_until_it_accepts()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def _wait_until_it_accepts(self):
        deadline = time.monotonic() + self.START_SECONDS
        while time.monotonic() < deadline:
            if not self.is_running():
                raise RuntimeError(f"{self.command[0]} ended at once, "
                                   f"with status {self._process.returncode}")
            with socket.socket(socket.AF_UNIX) as probe:
                try:
                    probe.connect(self.socket_path)
                    return
                except OSError:
                    time.sleep(0.02)
        raise RuntimeError(f"{self.command[0]} does not accept connections")

    def stop(self):
        """Ends the process and returns its exit status."""
        if self._process is None:
            return None
        if self.is_running():
            self._process.terminate()
            try:
                self._process.wait(self.STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        return self._process.returncode


def pinned(command, cpus):
    """The command, held to some processors when `cpus` names any and taskset is there."""
    if not cpus or not find_binary("taskset"):
        return list(command)
    return ["taskset", "-c", ",".join(map(str, cpus)), *command]
