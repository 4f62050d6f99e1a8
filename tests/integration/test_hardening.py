"""What the process gives up and what it is given: user, groups, system calls, core files, locked memory,
sockets of the service manager; and the files that install it as a service."""

import os
import pathlib
import pwd
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys

import pytest

from server import (BINARY, DEADLINE_S, IS_PEER, SANITIZED, child_environment, run_to_end,
                    user_flags, wait_for)

AS_ROOT = os.getuid() == 0
ROOT = pathlib.Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.larder_only


def status_of(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def works(server):
    with server.text() as text:
        assert text.set(b"k", b"v") == b"STORED"
        assert text.get(b"k") == b"v"


@pytest.mark.skipif(not AS_ROOT, reason="only root may switch")
def test_user_group_and_supplementary_groups_go(launch):
    server = launch("-u", "nobody", transport="tcp", env={"ASAN_OPTIONS": "detect_leaks=0"})
    nobody = pwd.getpwnam("nobody")
    status = status_of(server.pid)
    assert status["Uid"].split() == [str(nobody.pw_uid)] * 4
    assert status["Gid"].split() == [str(nobody.pw_gid)] * 4
    assert status["Groups"].split() == []
    for name in ("CapEff", "CapPrm", "CapInh"):
        assert int(status[name], 16) == 0, name
    works(server)


def serving_threads(server):
    """The status of the main thread and of the workers."""
    threads = [dict(line.split(":\t", 1) for line in path.read_text().splitlines() if ":\t" in line)
               for path in pathlib.Path(f"/proc/{server.pid}/task").glob("*/status")]
    return [each for each in threads
            if each["Name"].startswith("larder-w") or each["Pid"] == str(server.pid)]


def filtered(server, workers=4):
    """Whether the filters of all these threads are in place."""
    modes = [thread["Seccomp"] for thread in serving_threads(server)]
    return modes == ["2"] * (workers + 1)


def sandboxed():
    return b"libseccomp" in subprocess.run(["ldd", BINARY], capture_output=True, check=True).stdout


@pytest.mark.skipif(SANITIZED, reason="sanitizers make system calls of their own")
@pytest.mark.parametrize("transport", ["unix", "tcp"])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGUSR1])
def test_dropped_system_calls(launch, tmp_path, transport, how):
    """Everything a client may ask for works under the filter, and so does the end."""
    assert sandboxed(), "built without libseccomp: scripts/install-deps"
    nodes = tmp_path / "nodes"
    nodes.write_text("1\na|b|1\n")
    os.chmod(tmp_path, 0o777)
    flags = ["-o", "drop_privileges,idle_timeout=60", "-A", "-e", tmp_path / "memory", "-m", "100",
             f"--discovery-file={nodes}", "-P", tmp_path / "pid", "-v"]
    server = launch(*flags, transport=transport)
    wait_for(lambda: filtered(server), "the filters")
    with server.text() as text, server.binary_connection() as binary:
        for number in range(200):
            text.set(b"k%d" % number, b"v" * (number * 4000))
        for group in (b"", b" settings", b" items", b" slabs", b" conns", b" sizes"):
            assert text.ask(b"stats%b\r\n" % group)
        text.ask(b"lru_crawler metadump all\r\n")
        text.ask(b"cache_memlimit 64\r\ncache_memlimit 100\r\n")
        text.ask(b"verbosity 1\r\nflush_all\r\n")
        binary.send(b"\x80\x0a" + bytes(22))
        assert binary.read(24)[0] == 0x81
        text.set(b"kept", b"v")
    nodes.write_text("2\na|b|1\n")
    server.process.send_signal(signal.SIGHUP)

    def told():
        with server.text() as text:
            return text.ask(b"config get cluster\r\n")

    wait_for(lambda: b"\r\n2\n" in told(), "the new list")
    server.process.send_signal(how)
    server.wait_exit()
    again = launch(*flags, transport=transport)
    with again.text() as text:
        assert text.get(b"kept") == (b"v" if how == signal.SIGUSR1 else None)


@pytest.mark.skipif(SANITIZED, reason="sanitizers change the limits")
def test_core_files(launch):
    """-r raises the soft limit to the hard one, also where the hard one cannot be raised."""
    server = launch("-r")
    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_CORE)
    assert soft == hard and soft != 0


def test_core_files_forbidden():
    if AS_ROOT:
        pytest.skip("root may raise any limit")
    done = subprocess.run(["sh", "-c", f"ulimit -c 0; exec {BINARY} -r -p 0"], capture_output=True,
                          check=False, timeout=DEADLINE_S)
    assert done.returncode == 71 and b"failed to ensure corefile creation" in done.stderr


@pytest.mark.skipif(SANITIZED, reason="shadow memory cannot be locked")
def test_locked_memory(launch):
    server = launch("-k")
    works(server)
    if AS_ROOT:
        assert int(status_of(server.pid)["VmLck"].split()[0]) > 0


def test_large_pages(launch):
    """The arena asks for huge pages; what the kernel makes of it is its own affair."""
    server = launch("-L")
    works(server)
    maps = pathlib.Path(f"/proc/{server.pid}/smaps").read_text()
    enabled = pathlib.Path("/sys/kernel/mm/transparent_hugepage/enabled")
    if enabled.exists():
        assert re.search(r"^VmFlags:.* hg( |$)", maps, re.MULTILINE), "no range asks for huge pages"


def test_pid_file(launch, tmp_path):
    pid_file = tmp_path / "pid"
    pid_file.write_text(str(os.getpid()))
    server = launch("-P", pid_file)
    wait_for(lambda: pid_file.read_text().strip() == str(server.pid), "the pid")
    assert f"WARNING: The pid file contained the following (running) pid: {os.getpid()}" \
        in server.stderr_text()
    unwritable = launch("-P", "/no/such/folder/pid")
    wait_for(lambda: "Could not open the pid file /no/such/folder/pid.tmp for writing"
             in unwritable.stderr_text(), "the complaint")


# --- socket activation ----------------------------------------------------------------------------------

ACTIVATE = """
import os, sys
count = int(sys.argv[1])
for number in range(count):
    os.dup2(int(sys.argv[2 + number]), 10 + number)
for number in range(count):
    os.dup2(10 + number, 3 + number, inheritable=True)
os.environ["LISTEN_FDS"] = str(count)
os.environ["LISTEN_PID"] = str(os.getpid() + int(os.environ.get("WRONG", "0")))
os.execv(sys.argv[2 + count], sys.argv[2 + count:])
"""


def activated(listeners, *flags, **environment):
    """Larder started the way systemd does it: with listening sockets as descriptors 3, 4, ..."""
    for listener in listeners:
        os.set_inheritable(listener.fileno(), True)
    return subprocess.Popen(
        [sys.executable, "-c", ACTIVATE, str(len(listeners)), *[str(each.fileno()) for each in listeners],
         BINARY, *user_flags(), *flags], pass_fds=[each.fileno() for each in listeners],
        env=child_environment(environment), stderr=subprocess.DEVNULL)


def ask(address, request):
    with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as sock:
        sock.settimeout(DEADLINE_S)
        sock.connect(address)
        sock.sendall(request)
        return sock.recv(1000)


def test_sockets_of_the_service_manager(tmp_path):
    path = str(tmp_path / "socket")
    with socket.socket() as tcp, socket.socket(socket.AF_UNIX) as unix, socket.socket() as not_listening:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        unix.bind(path)
        unix.listen()
        address = tcp.getsockname()
        process = activated([tcp, unix, not_listening], "-p", "1")  # where to listen is settled
        try:
            # Connections wait in the queue until the server is there.
            assert ask(address, b"set k 0 0 1\r\nx\r\n") == b"STORED\r\n"
            assert ask(path, b"get k\r\n") == b"VALUE k 0 1\r\nx\r\nEND\r\n"
        finally:
            process.terminate()
            assert process.wait(DEADLINE_S) == 0
    assert os.path.exists(path), "the socket file is the manager's"


def test_sockets_for_another_process_are_left_alone(tmp_path):
    path = str(tmp_path / "own")
    with socket.socket() as tcp:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        process = activated([tcp], "-s", path, WRONG="1")
        try:
            wait_for(lambda: os.path.exists(path), "its own socket")
            wait_for(lambda: ask(path, b"mn\r\n") == b"MN\r\n", "an answer")
        finally:
            process.terminate()
            process.wait(DEADLINE_S)


# --- service files ---------------------------------------------------------------------------------------

def test_unit_files_are_well_formed(tmp_path):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd here")
    folder = tmp_path / "units"
    shutil.copytree(ROOT / "scripts/systemd", folder)
    unit = folder / "larder.service"
    unit.write_text(unit.read_text().replace("/usr/bin/larder", "/bin/true"))
    for name in ("larder.service", "larder.socket"):
        done = subprocess.run([analyze, "verify", "--man=no", folder / name], capture_output=True,
                              check=False, timeout=DEADLINE_S)
        assert done.returncode == 0 and b"larder" not in done.stderr, done.stderr.decode()


def test_unit_starts_with_flags_that_exist():
    unit = (ROOT / "scripts/systemd/larder.service").read_text()
    flags = re.search(r'^Environment="OPTIONS=(.*)"$', unit, re.MULTILINE).group(1).split()
    assert not IS_PEER
    code, _, _ = run_to_end(*flags, "-V")
    assert code == 0
