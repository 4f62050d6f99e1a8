"""TLS: handshakes, certificates, listeners, and that bytes come through whole however they are cut."""

import os
import pathlib
import signal
import socket
import ssl
import subprocess
import threading

import pytest

from server import DEADLINE_S, run_to_end, scaled, user_flags, wait_for
from tls import Certificates, Puppet, TlsServer, openssl, refused
from wire import GET, NOT_FOUND, TextConnection, packet


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def server(certificates):
    """-R 1: a turn ends after each request, so that what OpenSSL holds back has to be remembered."""
    running = TlsServer(certificates, "-R", "1", "-t", "1", "-m", "128")
    yield running
    running.stop()


@pytest.fixture
def start(certificates):
    """Starts a server for one test."""
    servers = []

    def launch_tls(*flags, **more):
        servers.append(TlsServer(certificates, *flags, **more))
        return servers[-1]

    yield launch_tls
    for running in servers:
        running.stop()


def in_background(work, *arguments):
    thread = threading.Thread(target=work, args=arguments)
    thread.start()
    return thread


def pattern(size, seed=0):
    return bytes((i * 7 + i // 251 + seed) & 0xff for i in range(997)) * (size // 997 + 1)


def descriptors(running):
    return len(os.listdir(f"/proc/{running.pid}/fd"))


# --- bytes ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("size", [1, 8192, 16384, 16385, 100_000, 900_000])
def test_values_of_all_sizes(server, certificates, version, size):
    value = pattern(size)[:size]
    with server.text(certificates.context(version=version)) as client:
        assert client.sock.version() == f"TLSv{version}"
        client.sock.sendall(b"set big 0 0 %d\r\n%b\r\n" % (size, value))
        assert client.line() == b"STORED"
        assert client.get(b"big") == value


def test_handshake_and_requests_byte_by_byte(server, certificates):
    sock = server.raw()
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    puppet = Puppet(sock, certificates.context())

    def dribble(data):
        for byte in data:
            sock.sendall(bytes([byte]))

    puppet.handshake(dribble)
    dribble(puppet.record(b"mn\r\n"))
    assert puppet.read(4) == b"MN\r\n"
    sock.close()


def test_many_records_in_one_write(server, certificates):
    """They are read off the socket together, and no event will tell of those that wait inside."""
    puppet = Puppet(server.raw(), certificates.context())
    puppet.handshake()
    count = 700
    puppet.sock.sendall(b"".join(puppet.record(b"mn\r\n") for _ in range(count)))
    assert puppet.read(4 * count) == b"MN\r\n" * count
    puppet.sock.close()


def test_many_requests_in_one_record(server, certificates):
    puppet = Puppet(server.raw(), certificates.context())
    puppet.handshake()
    puppet.sock.sendall(puppet.record(b"mn\r\n" * 4000))
    assert puppet.read(16000) == b"MN\r\n" * 4000
    puppet.sock.close()


def test_several_busy_clients_share_a_worker(server, certificates):
    """Each pipeline is cut short by -R, in turns with the others."""
    puppets = [Puppet(server.raw(), certificates.context()) for _ in range(4)]
    for puppet in puppets:
        puppet.handshake()
    for puppet in puppets:
        puppet.sock.sendall(b"".join(puppet.record(b"mn\r\n" * 50) for _ in range(10)))
    for puppet in puppets:
        assert puppet.read(2000) == b"MN\r\n" * 500
        puppet.sock.close()


@pytest.mark.larder_only
def test_requests_cut_anywhere_by_records(server, certificates):
    request = b"set cut 0 0 10\r\n0123456789\r\nget cut\r\n"
    reply = b"STORED\r\nVALUE cut 0 10\r\n0123456789\r\nEND\r\n"
    puppet = Puppet(server.raw(), certificates.context())
    puppet.handshake()
    for at in range(1, len(request)):
        puppet.sock.sendall(puppet.record(request[:at]) + puppet.record(request[at:]))
        assert puppet.read(len(reply)) == reply
    puppet.sock.close()


@pytest.mark.larder_only
def test_large_value_cut_by_records(server, certificates):
    """Received straight into its item, with the next request in the last record."""
    value = pattern(200_000)[:200_000]
    request = b"set straight 0 0 200000\r\n%b\r\nget straight\r\n" % value
    puppet = Puppet(server.raw(), certificates.context())
    puppet.handshake()
    for size in (1000, 16384, 5000):
        records = [puppet.record(request[at:at + size]) for at in range(0, len(request), size)]
        thread = in_background(puppet.sock.sendall, b"".join(records))
        reply = b"STORED\r\nVALUE straight 0 200000\r\n%b\r\nEND\r\n" % value
        assert puppet.read(len(reply)) == reply
        thread.join()
    puppet.sock.close()


@pytest.mark.parametrize("options", ["", "ssl_wbuf_size=0", "ssl_wbuf_size=1", "ssl_wbuf_size=64",
                                     "ssl_kernel_tls"])
def test_slow_reader(start, options):
    """Writes stop in the middle of records and go on later; small and large pieces alternate."""
    running = start("-m", "128", options=options)
    value = pattern(300_000)[:300_000]
    with running.text() as client:
        client.sock.sendall(b"set large 0 0 300000\r\n%b\r\nset small 0 0 3\r\nabc\r\n" % value)
        assert client.line() == b"STORED" and client.line() == b"STORED"
        count = scaled(60, 20)
        client.sock.sendall(b"get small large small small\r\n" * count)
        wait_for(lambda: stuck(running), "replies wait for the reader")
        small = b"VALUE small 0 3\r\nabc\r\n"
        reply = small + b"VALUE large 0 300000\r\n%b\r\n" % value + 2 * small + b"END\r\n"
        for _ in range(count):
            assert client.read(len(reply)) == reply


def stuck(running):
    with running.text() as other:
        return "conn_mwrite" in other.stats("conns").values()


def test_stream_ends_with_a_good_bye(server):
    """suppress_ragged_eofs is off in these clients: an end without close_notify would raise."""
    with server.text() as client:
        client.send(b"mn\r\nquit\r\n")
        assert client.until_closed() == b"MN\r\n"


def test_client_may_end_its_half_first(server):
    sock = server.secure()
    sock.sendall(b"mn\r\n")
    assert sock.recv(100) == b"MN\r\n"
    sock.unwrap().close()  # waits for the server's close_notify


def test_end_behind_requests(server, certificates):
    """Requests and the end of the stream in one write: the requests are answered."""
    puppet = Puppet(server.raw(), certificates.context())
    puppet.handshake()
    request = puppet.record(b"mn\r\n")
    try:
        puppet.tls.unwrap()
    except ssl.SSLWantReadError:
        pass
    puppet.sock.sendall(request + puppet.outgoing.read())
    assert puppet.read(4) == b"MN\r\n"
    wait_for(lambda: puppet.sock.recv(1000) == b"", "the server hangs up")
    puppet.sock.close()


def test_binary_protocol(server):
    with server.binary_connection() as client:
        assert client.ask_one(packet(GET, b"missing")).status == NOT_FOUND


# --- handshakes that fail ------------------------------------------------------------------------

@pytest.mark.larder_only
def test_broken_handshakes_leave_nothing_behind(start):
    running = start("-t", "1")
    with running.text() as client:
        def errors():
            return int(client.stats()["ssl_handshake_errors"])
        before = descriptors(running)
        known = errors()
        hello = b"\x16\x03\x01\x00\xff" + b"\x01" * 20
        attempts = [b"", b"get foo\r\n", hello, b"\xfe" * 500, b"\x80" * 24]
        for sent in attempts * scaled(10, 4):
            sock = running.raw()
            sock.sendall(sent)
            sock.shutdown(socket.SHUT_WR)
            try:
                while sock.recv(1000):
                    pass
            except ConnectionResetError:
                pass
            sock.close()
        wait_for(lambda: errors() >= known + len(attempts), "handshake errors are counted")
        wait_for(lambda: descriptors(running) == before, "descriptors are given back")
        stats = client.stats()
        assert stats["curr_connections"] == "1"
        assert stats["ssl_proto_errors"] == "0"


@pytest.mark.larder_only
def test_broken_handshakes_are_told_to_watchers(start):
    """As memcached tells them, between the coming and the going of the client."""
    running = start("-t", "1")
    with running.text() as watcher:
        watcher.send(b"watch connevents\r\n")
        assert watcher.line() == b"OK"

        def event():
            while (end := watcher.buffer.find(b"\n")) < 0:
                assert watcher.fill()
            return dict(word.split(b"=", 1) for word in watcher.take(end + 1)[:-1].split(b" ", 4))

        for sent, said in [(b"version\r\n", b"error:0A00010B:SSL routines::wrong version number"),
                           (b"GET / HTTP/1.0\r\n\r\n", b"error:0A00009C:SSL routines::http request"),
                           (b"\x16\x03\x01", b"error:0A000126:SSL routines::unexpected eof while reading"),
                           (b"", b"error:0A000126:SSL routines::unexpected eof while reading")]:
            sock = running.raw()
            sock.sendall(sent)
            sock.shutdown(socket.SHUT_WR)
            came, broke, went = event(), event(), event()
            sock.close()
            assert came[b"type"] == b"conn_new" and broke[b"type"] == b"conntlserr"
            assert went[b"type"] == b"conn_close"
            assert broke[b"msg"] == said and b"reason=error" in went[b"rport"]


def test_garbage_after_the_handshake(start):
    running = start("-t", "1")
    with running.text() as client:
        sock = running.secure()
        raw = socket.socket(fileno=sock.detach())
        raw.settimeout(DEADLINE_S)
        raw.sendall(b"\x17\x03\x03\x00\x40" + b"?" * 64)  # a record that nobody encrypted
        try:
            while raw.recv(1000):
                pass
        except ConnectionResetError:
            pass
        raw.close()
        wait_for(lambda: client.stats()["ssl_proto_errors"] == "1", "a protocol error is counted")
        assert client.stats()["curr_connections"] == "1"


def test_half_open_handshake_meets_the_idle_timeout(start):
    running = start("-o", "idle_timeout=1")
    silent = running.raw()
    talker = running.raw()
    talker.sendall(b"\x16\x03\x01\x02\x00\x01")  # begins a hello and never ends it
    for sock in (silent, talker):
        assert sock.recv(100) == b""
        sock.close()
    with running.text() as client:
        assert int(client.stats()["idle_kicks"]) == 2


@pytest.mark.larder_only
def test_renegotiation_is_refused(server, certificates):
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.all_ports[0]}", "-tls1_2",
         "-CAfile", certificates.ca], input=b"R\n", capture_output=True, timeout=60, check=False)
    assert b"no renegotiation" in done.stderr, done.stderr
    with server.text() as client:
        assert client.ask(b"get x\r\n") == b"END\r\n"


def test_oldest_version(start, certificates):
    running = start(options="ssl_min_version=3")
    with refused():
        running.secure(certificates.context(version="1.2"))
    with running.text(certificates.context(version="1.3")) as client:
        assert client.stats("settings")["ssl_min_version"] == "tlsv1.3"


def test_ciphers(start, certificates):
    running = start(options="ssl_ciphers=ECDHE-ECDSA-AES256-GCM-SHA384")
    context = certificates.context(version="1.2")
    with running.text(context) as client:
        assert client.sock.cipher()[0] == "ECDHE-ECDSA-AES256-GCM-SHA384"
    context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    with refused():
        running.secure(context)


# --- who may come in -----------------------------------------------------------------------------

def answers(running, context, listener=0):
    """Says something first: in TLS 1.3 a client learns after its handshake that it is refused."""
    with running.text(context, listener) as client:
        client.send(b"mn\r\n")
        return client.line() == b"MN"


def test_prefixes_of_listeners(start, certificates):
    running = start(prefixes=("notls:", "", "btls:", "mtls:"), options="ssl_verify_mode=2")
    known = certificates.context(certificates.client)
    unknown = certificates.context(certificates.stranger)
    nobody = certificates.context()
    with TextConnection(running.raw(0)) as client:
        assert client.ask(b"get x\r\n") == b"END\r\n"
    for listener in (1, 3):
        assert answers(running, known, listener)
        for stranger in (unknown, nobody):
            with refused():
                answers(running, stranger, listener)
    for client in (known, unknown, nobody):
        assert answers(running, client, 2)


def test_certificate_on_request(start, certificates):
    """Mode 1: who shows none is let in, who shows a bad one is not."""
    running = start(options="ssl_verify_mode=1")
    assert answers(running, certificates.context())
    assert answers(running, certificates.context(certificates.client))
    with refused():
        answers(running, certificates.context(certificates.stranger))


def session_of(context, running, listener):
    """A session that the server offers to resume."""
    with running.text(context, listener) as client:
        client.send(b"mn\r\n")
        assert client.line() == b"MN"
        return client.sock.session


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("options", ["", "ssl_session_cache"])
@pytest.mark.larder_only
def test_sessions_do_not_cross_listeners(start, certificates, version, options):
    """A session made where nobody is asked for a certificate does not do where one is required."""
    running = start(prefixes=("btls:", "mtls:"), options=options)
    nobody = certificates.context(version=version)
    session = session_of(nobody, running, 0)
    with running.text(nobody, 0, session=session) as client:
        assert client.sock.session_reused
    with refused():
        with running.text(nobody, 1, session=session) as client:
            client.send(b"mn\r\n")
            client.line()
    known = certificates.context(certificates.client, version)
    session = session_of(known, running, 1)
    with running.text(known, 1, session=session) as client:
        assert client.sock.session_reused
        assert client.ask(b"get x\r\n") == b"END\r\n"


@pytest.mark.larder_only
def test_session_cache_is_counted(start, certificates):
    running = start("-t", "1", options="ssl_session_cache")
    context = certificates.context(version="1.2")
    context.options |= ssl.OP_NO_TICKET
    session = session_of(context, running, 0)
    with running.text(context, session=session) as client:
        assert client.sock.session_reused
        assert client.stats()["ssl_new_sessions"] == "1"


# --- certificates --------------------------------------------------------------------------------

@pytest.fixture
def own_files(certificates, tmp_path):
    """A server certificate in files that a test may change, and the means to change them."""
    class Files:
        chain = tmp_path / "chain.pem"
        key = tmp_path / "key.pem"

        def use(self, pair):
            self.chain.write_bytes(pathlib.Path(pair[0]).read_bytes())
            self.key.write_bytes(pathlib.Path(pair[1]).read_bytes())

    files = Files()
    files.use(certificates.server)
    return files


def name_of(sock):
    names = ssl.DER_cert_to_PEM_cert(sock.getpeercert(True))
    done = subprocess.run(["openssl", "x509", "-noout", "-subject"], input=names.encode(),
                          capture_output=True, check=True)
    return done.stdout.decode().strip().rsplit(" ", 1)[-1]


def shown_name(running, certificates):
    with running.secure(certificates.context()) as sock:
        return name_of(sock)


@pytest.fixture
def refreshing(certificates, own_files, start):
    options = f"ssl_chain_cert={own_files.chain},ssl_key={own_files.key}"
    return start(options=options)


def test_refresh_by_command(refreshing, certificates, own_files):
    with refreshing.text() as old:
        assert name_of(old.sock) == "server"
        own_files.use(certificates.client)
        assert shown_name(refreshing, certificates) == "server"
        old.send(b"refresh_certs\r\n")
        assert old.line() == b"OK"
        assert shown_name(refreshing, certificates) == "client"
        assert old.ask(b"get x\r\n") == b"END\r\n"
        old.send(b"refresh_certs noreply\r\nmn\r\n")
        assert old.line() == b"MN"


def test_failed_refresh_changes_nothing(refreshing, certificates, own_files):
    with refreshing.text() as client:
        own_files.key.write_text("no key")
        client.send(b"refresh_certs\r\n")
        assert client.line().startswith(b"Error loading the key: %b : error:"
                                        % str(own_files.key).encode())
        own_files.chain.unlink()
        client.send(b"refresh_certs\r\n")
        assert client.line() == (b"Error loading the certificate chain: %b : error:80000002:"
                                 b"system library::No such file or directory"
                                 % str(own_files.chain).encode())
        assert shown_name(refreshing, certificates) == "server"


def test_refresh_by_signal(refreshing, certificates, own_files):
    own_files.use(certificates.client)
    refreshing.process.send_signal(signal.SIGHUP)
    wait_for(lambda: shown_name(refreshing, certificates) == "client", "the new certificate")
    own_files.chain.unlink()
    refreshing.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "Could not reload TLS certificates on SIGHUP: Error loading the certificate"
             in refreshing.stderr_text(), "the server complains")
    assert shown_name(refreshing, certificates) == "client"


def test_refresh_without_tls(launch):
    with launch().text() as client:
        client.send(b"refresh_certs\r\n")
        assert client.line() == b"Error TLS not enabled"


@pytest.mark.larder_only
def test_key_in_the_chain_file(certificates, start, tmp_path):
    both = tmp_path / "both.pem"
    both.write_bytes(b"".join(pathlib.Path(path).read_bytes() for path in certificates.server))
    running = start(options=f"ssl_chain_cert={both},ssl_key=")
    assert shown_name(running, certificates) == "server"


def test_der_key(certificates, start, tmp_path):
    key = tmp_path / "key.der"
    openssl("pkey", "-in", certificates.server[1], "-outform", "DER", "-out", key)
    running = start(options=f"ssl_key={key},ssl_keyformat=2")
    assert shown_name(running, certificates) == "server"


@pytest.mark.parametrize("options, text", [
    ("ssl_chain_cert=/none", "Error loading the certificate chain: /none : error:80000002:system "
                             "library::No such file or directory"),
    ("ssl_key=/none", "Error loading the key: /none : error:80000002:system library::No such file "
                      "or directory"),
    ("ssl_key={ca_key}", "Error loading the key: {ca_key} : error:05800074:x509 certificate "
                         "routines::key values mismatch"),
    ("ssl_ca_cert=/none", "Error loading the CA certificate: /none : error:80000002:system "
                          "library::No such file or directory"),
    ("ssl_ciphers=FOO", "Error setting the provided cipher(s): FOO"),
    ("ssl_keyformat=7", "Error loading the key: {key} : error:0A00007C:SSL routines::bad ssl "
                        "filetype"),
])
def test_start_is_refused(certificates, options, text):
    words = {"ca_key": certificates.path("ca.key"), "key": certificates.server[1]}
    code, _, err = run_to_end(*user_flags(), "-l", "127.0.0.1", "-p", "-1",
                              *certificates.flags(options.format(**words)))
    assert code == 64
    assert text.format(**words) in err.replace("\r\n", "\n").splitlines()


# --- what it says of itself ----------------------------------------------------------------------

def test_stats_and_settings(start, certificates):
    running = start(options="ssl_wbuf_size=32,ssl_verify_mode=3", prefixes=("btls:",))
    with running.text() as client:
        names = list(client.stats())
        at = names.index("ssl_handshake_errors")
        assert names[at:at + 4] == ["ssl_handshake_errors", "ssl_proto_errors",
                                    "time_since_server_cert_refresh", "unexpected_napi_ids"]
        assert "ssl_new_sessions" not in names
        settings = client.stats("settings")
        assert {name: value for name, value in settings.items() if name.startswith("ssl_")} == {
            "ssl_enabled": "yes", "ssl_chain_cert": certificates.server[0],
            "ssl_key": certificates.server[1], "ssl_verify_mode": "7", "ssl_keyformat": "1",
            "ssl_ciphers": "NULL", "ssl_ca_cert": certificates.ca, "ssl_wbuf_size": "32768",
            "ssl_session_cache": "no", "ssl_kernel_tls": "no", "ssl_min_version": "tlsv1.2"}


def test_no_stats_without_tls(launch):
    with launch().text() as client:
        assert not [name for name in client.stats() if name.startswith(("ssl", "time_since"))]
        assert client.stats("settings")["ssl_enabled"] == "no"


@pytest.mark.larder_only
def test_idle_streams_hold_no_record_buffers(start):
    """About 15 KB, nearly all of it OpenSSL's state; buffers for a record each way would be 34 more."""
    running = start("-t", "1", "-c", "2000")
    with running.text() as client:
        client.ask(b"get x\r\n")
        count = scaled(400, 0)
        if count == 0:
            pytest.skip("a sanitizer's allocator keeps what is freed")
        before = running.rss_bytes()
        clients = [running.text() for _ in range(count)]
        for each in clients:
            assert each.ask(b"get x\r\n") == b"END\r\n"
        assert (running.rss_bytes() - before) / count < 30_000
        for each in clients:
            each.close()
