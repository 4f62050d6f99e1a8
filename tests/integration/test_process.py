"""The process: flags and their refusals, where it listens, what it becomes, how it ends."""

import os
import pathlib
import pwd
import signal
import socket
import stat
import subprocess
import threading

import pytest

import wire
from server import (BINARY, DEADLINE_S, SANITIZED, Server, child_environment, run_to_end,
                    user_flags, wait_for)
from wire import packet

ROOT = os.getuid() == 0


def ipv6_works():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


# --- refusals, help, version ----------------------------------------------------------------------

REFUSED = {
    # flags: (exit code, what it says)
    "-c 0": (1, "Maximum connections must be greater than 0"),
    "-t 0": (1, "Number of threads must be greater than 0"),
    "-t x": (1, "Number of threads must be greater than 0"),
    "-f 1.0": (1, "Factor must be greater than 1"),
    "-n 0": (1, "Chunk size must be greater than 0"),
    "-R 0": (1, "Number of requests per event must be greater than 0"),
    "-o bogus": (1, 'Illegal suboption "bogus"'),
    "-o no_lru_crawler,bogus=1": (1, 'Illegal suboption "bogus=1"'),
    "-o hashpower": (1, "Missing numeric argument for hashpower"),
    "--nope": (1, "nope"),
    "-Q": (1, "Q"),
    "-B foo": (64, "Invalid value for binding protocol: foo"),
    "-p 99999": (64, "Invalid port number 99999"),
    "-I 10": (64, "Item max size cannot be less than 1024 bytes."),
    "-I 48m": (64, "Cannot set item size limit higher than 1/2 of memory max."),
    "-I 1025m -m 4096": (64, "Cannot set item size limit higher than a gigabyte"),
    "-m 0": (64, "Cannot set item size limit higher than 1/2 of memory max."),
    "-s /no/such/folder/socket": (71, "failed to listen on UNIX socket"),
    "-l 192.0.2.1 -p 22122": (71, "failed to listen on one of interface(s) 192.0.2.1"),
    "-l host.invalid -p 22122": (71, "failed to listen on one of interface(s) host.invalid"),
}


@pytest.mark.parametrize("flags", REFUSED)
def test_refused_flags(flags):
    code, said = REFUSED[flags]
    actual, _, err = run_to_end(*user_flags(), *flags.split())
    assert said in err
    assert actual == code


def test_unknown_user():
    if not ROOT:
        pytest.skip("only root may switch")
    code, _, err = run_to_end("-u", "no-such-user", "-p", "0")
    assert code == 67 and "can't find the user no-such-user" in err


def test_root_must_say_who_to_become():
    if not ROOT:
        pytest.skip("only for root")
    code, _, err = run_to_end("-p", "0")
    assert code == 64 and "-u root" in err


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_version(flag):
    code, out, _ = run_to_end(flag)
    assert code == 0 and "1.6.45" in out


# How the lines of memcached 1.6.45's -h begin (built with TLS, SASL and seccomp), but for external storage,
# whose flags are not here, and for a comma and a hyphen that it has wrong.
HELP_FLAGS = """
-p, --port=<num> | -U, --udp-port=<num> | -s, --unix-socket=<file> | -a, --unix-mask=<mask>
-A, --enable-shutdown | -l, --listen=<addr> | -d, --daemon | -r, --enable-coredumps | -u, --user=<user>
-m, --memory-limit=<num> | -M, --disable-evictions | -c, --conn-limit=<num> | -k, --lock-memory
-v, --verbose | -vv | -vvv | -h, --help | -i, --license | -V, --version | -P, --pidfile=<file>
-f, --slab-growth-factor=<num> | -n, --slab-min-size=<bytes> | -L, --enable-largepages | -D <char>
-t, --threads=<num> | -R, --max-reqs-per-event | -C, --disable-cas | -b, --listen-backlog=<num>
-B, --protocol=<name> | -I, --max-item-size=<num> | -S, --enable-sasl | -F, --disable-flush-all
-X, --disable-dumping | -W, --disable-watch | -Y, --auth-file=<file> | -e, --memory-file=<file>
-Z, --enable-ssl | -o, --extended | -N, --napi-ids=<num>
"""
HELP_OPTIONS = """
maxconns_fast hashpower tail_repair_time hash_algorithm no_lru_crawler lru_crawler_sleep lru_crawler_tocrawl
read_buf_mem_limit no_lru_maintainer hot_lru_pct warm_lru_pct hot_max_factor warm_max_factor temporary_ttl
idle_timeout slab_chunk_max watcher_logbuf_size worker_logbuf_size track_sizes no_hashexpand modern no_modern
sock_cookie_id slab_automove_freeratio drop_privileges no_drop_privileges ssl_chain_cert ssl_key ssl_keyformat
ssl_verify_mode ssl_ciphers ssl_ca_cert ssl_wbuf_size ssl_session_cache ssl_kernel_tls ssl_min_version
"""


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_has_the_lines_of_memcached(flag):
    code, out, err = run_to_end(flag)
    assert code == 0 and err == ""
    lines = out.splitlines()
    for head in HELP_FLAGS.replace("\n", " | ").split(" | "):
        if head:
            assert any(line.startswith(head + " ") for line in lines), head
    for option in HELP_OPTIONS.split():
        assert any(line.startswith(f"   - {option}: ") for line in lines), option


# --- where it listens -----------------------------------------------------------------------------

def test_tcp_port_picked_by_the_system(launch):
    server = launch(transport="tcp")
    assert server.address[1] > 0
    with server.text() as text:
        assert text.set(b"k", b"v") == b"STORED"
    assert int(server.stats("settings")["tcpport"]) in (-1, server.address[1])


def test_several_addresses(launch):
    addresses = ["127.0.0.1", "127.0.0.2"] + (["[::1]"] if ipv6_works() else [])
    server = launch("-l", ",".join(addresses), "-p", "-1", "-U", "0", transport=None)
    ports = wait_for(lambda: len(server.ports()) == len(addresses) and server.ports(), "the ports")
    for number, (address, port) in enumerate(zip(addresses, ports)):
        target = (address.strip("[]"), port)
        with server.text(target) as text:
            assert text.set(b"k%d" % number, b"v") == b"STORED"
            assert len(text.get_many([b"k%d" % i for i in range(3)])) == number + 1
    server.address = target


def test_repeated_listen_flags_with_ports(launch):
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        ports = [first.getsockname()[1], second.getsockname()[1]]
    server = launch("-l", f"127.0.0.1:{ports[0]}", "-l", f"127.0.0.1:{ports[1]}", "-U", "0",
                    transport=None)
    assert sorted(wait_for(lambda: len(server.ports()) == 2 and server.ports(), "both")) == sorted(ports)
    for port in ports:
        with server.text(("127.0.0.1", port)) as text:
            assert text.ask(b"get a\r\n") == b"END\r\n"


@pytest.mark.parametrize("mask, mode", [(None, 0o700), ("777", 0o777), ("0600", 0o600)])
def test_unix_socket_mode(launch, mask, mode):
    server = launch(*(["-a", mask] if mask else []))
    assert stat.S_IMODE(os.stat(server.address).st_mode) == mode
    assert int(server.stats("settings")["umask"], 8) == mode
    assert server.stats("settings")["domain_socket"] == server.address


def test_stale_unix_socket_is_replaced(tmp_path, launch):
    path = str(tmp_path / "stale")
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(path)
    server = launch("-s", path, transport=None)
    server.address = path
    wait_for(server._answers, "the server accepts connections")


# --- which protocol -------------------------------------------------------------------------------

def test_protocol_by_first_byte(launch):
    server = launch()
    with server.text() as text, server.binary_connection() as binary:
        assert text.set(b"k", b"v") == b"STORED"
        assert binary.ask_one(packet(wire.GET, b"k")).value == b"v"
    assert server.stats("settings")["binding_protocol"] == "auto-negotiate"


def test_ascii_only(launch):
    server = launch("-B", "ascii")
    with server.text() as text:
        assert text.set(b"k", b"v") == b"STORED"
    with server.binary_connection() as binary:
        binary.send(packet(wire.GET, b"k") + b"\r\n")
        assert binary.read(5) == b"ERROR"
    assert server.stats("settings")["binding_protocol"] == "ascii"


def test_binary_only(launch):
    server = launch("-B", "binary")
    with server.binary_connection() as binary:
        assert binary.ask_one(wire.storage(wire.SET, b"k", b"v")).status == 0
        settings = {r.key: r.value for r in binary.ask(packet(wire.STAT, b"settings"))}
        assert settings[b"binding_protocol"] == b"binary"
    with server.text() as text:
        reply = text.ask_until_closed(b"get k\r\n" + b" " * 24)
        assert not reply.startswith((b"VALUE", b"END"))


# --- what it may do -------------------------------------------------------------------------------

def test_cas_disabled(launch):
    server = launch("-C")
    with server.text() as text:
        text.set(b"k", b"v")
        assert text.ask(b"gets k\r\n") == b"VALUE k 0 1 0\r\nv\r\nEND\r\n"
        assert text.ask(b"cas k 0 0 1 1\r\nx\r\n") == b"EXISTS\r\n"
        assert text.ask(b"cas none 0 0 1 1\r\nx\r\n") == b"NOT_FOUND\r\n"
        assert text.get(b"k") == b"v"
    assert server.stats("settings")["cas_enabled"] == "no"


def test_flush_disabled(launch):
    server = launch("-F")
    with server.text() as text:
        text.set(b"k", b"v")
        assert text.ask(b"flush_all\r\n") == b"CLIENT_ERROR flush_all not allowed\r\n"
        assert text.ask(b"flush_all 0\r\n") == b"CLIENT_ERROR flush_all not allowed\r\n"
        assert text.get(b"k") == b"v"
    assert server.stats()["cmd_flush"] == "2"
    with server.binary_connection() as binary:
        assert binary.ask_one(packet(wire.FLUSH)).status != 0
    assert server.stats("settings")["flush_enabled"] == "no"


@pytest.mark.parametrize("size, fits, refused", [
    ("1024", 850, 1024), ("2m", 2_000_000, 2 << 20), ("5242880", 5_200_000, 5 << 20),
    ("1M", 1_000_000, 1 << 20), ("100k", 102_000, 102_400)])
def test_item_size_limit(launch, size, fits, refused):
    server = launch("-I", size, *(["-o", "slab_chunk_max=1"] if size in ("1024", "100k") else []))
    with server.text() as text:
        assert text.set(b"k", b"x" * refused) == b"SERVER_ERROR object too large for cache"
        assert text.get(b"k") is None
        assert text.set(b"k", b"x" * fits) == b"STORED"
        assert text.get(b"k") == b"x" * fits
    units = {"m": 1 << 20, "k": 1 << 10}
    limit = int(size.rstrip("mMkK")) * units.get(size[-1].lower(), 1)
    assert int(server.stats("settings")["item_size_max"]) == limit


def test_growth_factor_and_smallest_chunk(launch):
    """A larger factor makes fewer classes; neighbours differ by about that factor."""
    def classes(server):
        with server.text() as text:
            for power in range(240):
                text.set(b"k%d" % power, b"x" * int(1.05**power))
        rows = server.stats("slabs")
        return sorted(int(value) for name, value in rows.items() if name.endswith(":chunk_size"))

    fine, coarse = classes(launch("-f", "1.1")), classes(launch("-f", "2"))
    assert len(fine) > 2 * len(coarse)
    for small, large in zip(coarse, coarse[1:]):
        assert 1.8 <= large / small <= 2.2
    wide = classes(launch("-n", "1024"))
    assert wide[0] > 1024 > coarse[0]
    # memcached's own default is a factor like any other once it is asked for.
    asked = classes(launch("-f", "1.25"))
    assert 1.2 <= asked[1] / asked[0] <= 1.3
    assert len(asked) < len(classes(launch()))


def test_no_evictions(launch):
    """-M answers an error instead of evicting; what is held stays, and room made is room to use."""
    server = launch("-M", "-m", "8")
    with server.text() as text:
        stored = 0
        while (reply := text.set(b"k%d" % stored, b"x" * 10_000)) == b"STORED":
            stored += 1
            assert stored < 2000
        assert reply == b"SERVER_ERROR out of memory storing object"
        assert stored > 300
        for number in range(stored):
            assert text.get(b"k%d" % number) is not None
        assert text.ask(b"delete k0\r\n") == b"DELETED\r\n"
        assert text.set(b"again", b"x" * 10_000) == b"STORED"
    stats = server.stats()
    assert stats["evictions"] == "0" and int(stats["store_no_memory"]) >= 1
    assert server.stats("settings")["evictions"] == "off"


def test_fairness_limit_yields(launch):
    """One pipeline is served -R requests at a time; all of it is answered all the same."""
    server = launch("-R", "1", "-t", "1")
    with server.text() as text:
        before = int(text.stats()["conn_yields"])
        assert text.ask(b"get none\r\n" * 200) == b"END\r\n" * 200
        assert int(text.stats()["conn_yields"]) - before >= 5
    assert server.stats("settings")["reqs_per_event"] == "1"


def test_number_of_threads(launch):
    server = launch("-t", "7")
    assert server.stats()["threads"] == "7"
    assert len(os.listdir(f"/proc/{server.pid}/task")) >= 7


@pytest.mark.parametrize("flags", [["-k"], ["-r"], ["-L"], ["-b", "5"], ["-v"], ["-vv"], ["-vvv"]])
def test_flags_that_must_not_hurt(launch, flags):
    server = launch(*flags)
    with server.text() as text:
        assert text.set(b"k", b"v") == b"STORED"
        assert text.get(b"k") == b"v"
        assert text.ask(b"verbosity 1\r\n") == b"OK\r\n"


def test_core_limit(launch):
    server = launch("-r")
    line = next(line for line in pathlib.Path(f"/proc/{server.pid}/limits").read_text().splitlines()
                if line.startswith("Max core file size"))
    soft, hard = line.split()[4:6]
    assert soft == hard


def test_verbose_output_shows_requests(launch):
    server = launch("-vv")
    with server.text() as text:
        text.get(b"a-key-to-look-for")
    assert "a-key-to-look-for" in server.stderr_text()


def test_user_switch(launch):
    if not ROOT:
        pytest.skip("only root may switch")
    # A process that changed its user cannot be traced, and leak detection traces.
    server = launch("-u", "nobody", transport="tcp", env={"ASAN_OPTIONS": "detect_leaks=0"})
    status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
    uids = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:]
    assert uids == [str(pwd.getpwnam("nobody").pw_uid)] * 4
    with server.text() as text:
        assert text.set(b"k", b"v") == b"STORED"


# --- daemon, pid file, end ------------------------------------------------------------------------

def test_daemon(tmp_path):
    """-d detaches; the pid file tells who it is, and goes when the daemon ends."""
    path, pid_file = str(tmp_path / "socket"), tmp_path / "pid"
    subprocess.run([BINARY, *user_flags(), "-d", "-s", path, "-P", str(pid_file)],
                   env=child_environment(), timeout=DEADLINE_S, check=True)
    pid = int(wait_for(lambda: pid_file.exists() and pid_file.read_text(), "the pid file"))
    try:
        wait_for(lambda: os.path.exists(path), "the socket")
        assert pathlib.Path(f"/proc/{pid}/comm").read_text().strip()[:15] == \
            os.path.basename(BINARY)[:15]
        assert os.getsid(pid) != os.getsid(0)
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(DEADLINE_S)
            wait_for(lambda: sock.connect_ex(path) == 0, "the daemon accepts connections")
            assert int(wire.TextConnection(sock).stats()["pid"]) == pid
        os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not pid_file.exists(), "the pid file is removed")
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise


def test_pid_file_without_daemon(tmp_path, launch):
    pid_file = tmp_path / "pid"
    server = launch("-P", pid_file)
    assert int(wait_for(lambda: pid_file.exists() and pid_file.read_text(), "the file")) == server.pid


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signals_end_it_cleanly(launch, how):
    """With clients connected, half a request received and a large value on its way."""
    server = launch("-I", "8m")
    idle, half, large = server.text(), server.text(), server.text()
    large.set(b"large", b"x" * 4_000_000)
    large.send(b"get large\r\n" * 20)  # more than the socket takes
    large.read(1000)
    half.send(b"set k 0 0 1000000\r\nabc")
    idle.ask(b"version\r\n")
    server.stop(how)


def test_end_under_load(launch):
    server = launch()
    started = threading.Barrier(5)

    def work():
        with server.text() as text:
            started.wait()
            try:
                for number in range(100_000):
                    text.ask(b"set k%d 0 0 1\r\nx\r\nget k%d\r\n" % (number % 100, number % 100))
            except OSError:
                pass  # the server went away, as it was told

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    started.wait()
    server.stop()
    for thread in threads:
        thread.join()


def test_hangup_is_survived(launch):
    server = launch()
    server.process.send_signal(signal.SIGHUP)
    with server.text() as text:
        assert text.set(b"k", b"v") == b"STORED"


@pytest.mark.parametrize("request_line", [b"shutdown\r\n", b"shutdown graceful\r\n"])
def test_shutdown_command(launch, request_line):
    server = launch("-A")
    with server.text() as text:
        assert text.ask(b"shutdown bogus\r\n") == b"CLIENT_ERROR invalid shutdown mode\r\n"
        assert text.ask_until_closed(request_line) == b""
    server.wait_exit()


def test_start_and_stop_many_times():
    """Start-up and shutdown race with nothing."""
    for number in range(4 if SANITIZED else 10):
        server = Server("-t", str(1 + number % 8))
        if number % 2:
            server.text().set(b"k", b"v")
        server.stop()
