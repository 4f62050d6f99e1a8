"""What the tests of whole web stacks need: programs that run beside the server, and HTTP."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess

import pytest

from server import DEADLINE_S, wait_for


def need(program):
    """The path of a program that scripts/install-deps --test installs."""
    path = shutil.which(program, path="/usr/bin:/usr/sbin:/bin:/sbin")
    assert path, f"{program} is not installed: scripts/install-deps --test"
    return path


class Program:
    """A foreground program with processes of its own; ended as a group, its output shown when something went wrong."""

    def __init__(self, command, folder, env=None):
        self.log = pathlib.Path(folder) / (pathlib.Path(command[0]).name + ".log")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=env, cwd=folder, start_new_session=True)

    def wait_until(self, condition, what):
        def check():
            assert self.process.poll() is None, f"{self.process.args} ended:\n{self.output()}"
            return condition()
        return wait_for(check, what)

    def output(self):
        return self.log.read_text(errors="replace")[-4000:]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(DEADLINE_S)
            except subprocess.TimeoutExpired:
                pass
        # What it left running, PHP's workers for one.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture(name="programs")
def programs_fixture(tmp_path):
    """Starts programs in a temporary folder and ends them after the test."""
    running = []

    def start(*command, env=None):
        running.append(Program(command, tmp_path, env))
        return running[-1]

    yield start
    for program in reversed(running):
        program.stop()


def free_port():
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts(address):
    """Whether somebody listens there: a path or (host, port)."""
    with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as probe:
        return probe.connect_ex(address) == 0


def http_get(address, path, headers=(), version="1.0"):
    """(status, headers, body) of one request; address as for accepts()."""
    lines = [f"GET {path} HTTP/{version}", "Host: test", "Connection: close", *headers, "", ""]
    with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as sock:
        sock.settimeout(DEADLINE_S)
        sock.connect(address)
        sock.sendall("\r\n".join(lines).encode())
        reply = b""
        while data := sock.recv(1 << 16):
            reply += data
    head, _, body = reply.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    return int(first.split()[1]), [tuple(line.split(": ", 1)) for line in rest], body
