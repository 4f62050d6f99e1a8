"""Starts the server under test and makes sure that it ends well.

The binary is named by the environment: LARDER (set by ctest), or LARDER_PEER, which puts another
memcached in its place so that the expectations of these tests can be held against the original:

    LARDER_PEER=/usr/bin/memcached python3 -m pytest tests/integration/test_meta.py

LARDER_SANITIZED=1 says that the binary carries a sanitizer, and shrinks counts (scaled()).
A server ends by its own process id; stop() fails when it did not exit with 0 or when a sanitizer
reported anything.
"""

import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from wire import BinaryConnection, TextConnection

DEADLINE_S = 60  # for anything that should happen at once; long, so that load cannot break a test

SANITIZED = os.environ.get("LARDER_SANITIZED") == "1"
IS_PEER = "LARDER_PEER" in os.environ
ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = (os.environ.get("LARDER_PEER") or os.environ.get("LARDER")
          or str(ROOT / "build/release/larder"))

SANITIZER_REPORT = re.compile(
    r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|SUMMARY: \w+Sanitizer|: runtime error: ")


def scaled(count, sanitized):
    """`count`, or the smaller number when the server runs under a sanitizer."""
    return sanitized if SANITIZED else count


def wait_for(condition, what, deadline_s=DEADLINE_S):
    """Polls until condition() is true and returns its value; fails loudly after the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {deadline_s} s for: {what}")
        time.sleep(0.01)


def user_flags():
    """memcached refuses root without -u; staying root keeps leak detection and /proc usable."""
    return ["-u", pwd.getpwuid(os.getuid()).pw_name] if os.getuid() == 0 else []


def child_environment(extra=None):
    """The environment of a server: sanitizers exit with a code of their own and say everything."""
    environment = dict(os.environ)
    environment.setdefault("ASAN_OPTIONS", "detect_leaks=1:exitcode=99:abort_on_error=0")
    environment.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    environment.setdefault("TSAN_OPTIONS", "exitcode=66:second_deadlock_stack=1")
    environment.update(extra or {})
    return environment


class Server:
    """One running server.

    transport "unix": a socket in the server's own temporary folder. "tcp": 127.0.0.1 and a port
    that the system picks. None: the flags say where it listens, and nothing is waited for.
    """

    def __init__(self, *flags, transport="unix", env=None, binary=None):
        self.binary = binary or BINARY
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="larder-test-"))
        self.folder.chmod(0o777)  # a server that changes its user writes its port file here
        self.stderr_path = self.folder / "stderr"
        self.stdout_path = self.folder / "stdout"
        self.port_file = self.folder / "ports"
        self.address = None
        command = [self.binary, *user_flags()]
        if transport == "unix":
            self.address = str(self.folder / "socket")
            command += ["-s", self.address]
        elif transport == "tcp":
            command += ["-l", "127.0.0.1", "-p", "-1", "-U", "0"]
        self.command = command + [str(flag) for flag in flags]
        with open(self.stderr_path, "wb") as err, open(self.stdout_path, "wb") as out:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                env=child_environment({"MEMCACHED_PORT_FILENAME": str(self.port_file)} | (env or {})))
        self.pid = self.process.pid
        try:
            if transport == "tcp":
                self.address = ("127.0.0.1", self.ports()[0])
            if transport is not None:
                wait_for(self._answers, "the server accepts connections")
        except BaseException:
            self.discard()
            raise

    def ports(self):
        """TCP ports as the server wrote them to its port file, in order."""
        def read():
            self._check_alive()
            if not self.port_file.exists():
                return None
            return [int(line.rsplit(b":", 1)[1]) for line in self.port_file.read_bytes().splitlines()
                    if line.startswith(b"TCP")]
        return wait_for(read, "the port file is written")

    def _check_alive(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{' '.join(self.command)} ended with {self.process.returncode}:\n"
                                 f"{self.stderr_text()[-4000:]}")

    def _answers(self):
        self._check_alive()
        try:
            self.socket().close()
            return True
        except (ConnectionRefusedError, FileNotFoundError):
            return False

    def socket(self, address=None):
        """A new connected socket, with a timeout on every operation."""
        address = address or self.address
        if isinstance(address, str):
            family = socket.AF_UNIX
        else:
            family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(DEADLINE_S)
            sock.connect(address)
        except BaseException:
            sock.close()
            raise
        return sock

    def text(self, address=None):
        return TextConnection(self.socket(address))

    def binary_connection(self, address=None):
        return BinaryConnection(self.socket(address))

    def stats(self, group=""):
        """One group of statistics, in the order sent, as text."""
        with self.text() as connection:
            return connection.stats(group)

    def stderr_text(self):
        return self.stderr_path.read_text(errors="replace")

    def rss_bytes(self):
        """Resident memory, from /proc."""
        pages = int(pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def wait_exit(self):
        """Waits for a server that was told to end and checks how it did."""
        try:
            code = self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired as slow:
            raise AssertionError("the server did not end") from slow
        text = self.stderr_text()
        report = SANITIZER_REPORT.search(text)
        assert report is None, text[max(0, report.start() - 200):][:8000]
        assert code == 0, f"exit code {code}:\n{text[-4000:]}"

    def stop(self, how=signal.SIGTERM):
        """Ends the server, checks exit code and sanitizer output, removes its folder."""
        try:
            if self.process.returncode is None:
                self._check_alive()
                self.process.send_signal(how)
                self.wait_exit()
        finally:
            self.discard()

    def discard(self):
        """Makes sure that nothing is left over, whatever happened."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def run_to_end(*flags, binary=None):
    """Runs the binary with flags that make it print or refuse; (exit code, stdout, stderr)."""
    done = subprocess.run([binary or BINARY, *map(str, flags)], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=DEADLINE_S, env=child_environment(),
                          check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()
