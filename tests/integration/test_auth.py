"""Who may use the server: the auth file (-Y) for text clients, SASL (-S) for binary ones."""

import os
import signal

import pytest

from server import run_to_end, user_flags, wait_for
from tls import Certificates, TlsServer
from wire import GET, NOOP, OK, QUIT, VERSION, packet, storage

LIST, AUTH, STEP = 0x20, 0x21, 0x22
AUTH_FAILURE, AUTH_CONTINUE = 0x20, 0x21


def login(client, token):
    client.send(b"set k 0 0 %d\r\n%b\r\n" % (len(token), token))
    return client.line()


# --- the auth file -------------------------------------------------------------------------------

@pytest.fixture
def users(tmp_path):
    path = tmp_path / "users"
    path.write_text("ann:secret\nbob:pa:ss word")
    return path


def test_login_opens_one_connection(launch, users):
    running = launch("-Y", users)
    with running.text() as client, running.text() as other:
        client.send(b"get foo\r\n")
        assert client.line() == b"CLIENT_ERROR unauthenticated"
        assert login(client, b"ann wrong") == b"CLIENT_ERROR authentication failure"
        assert login(client, b"bob pa:ss word") == b"STORED"
        assert client.set(b"foo", b"1") == b"STORED"
        assert client.get(b"foo") == b"1"
        other.send(b"get foo\r\n")
        assert other.line() == b"CLIENT_ERROR unauthenticated"
        stats = client.stats()
        assert (stats["auth_cmds"], stats["auth_errors"]) == ("2", "1")
        settings = client.stats("settings")
        assert settings["auth_enabled_ascii"] == str(users)
        assert settings["auth_enabled_sasl"] == "no"
        assert settings["binding_protocol"] == "ascii"


def test_login_and_requests_in_one_packet(launch, users):
    with launch("-Y", users).text() as client:
        client.send(b"set k 0 0 10\r\nann secret\r\nset a 0 0 1\r\n1\r\nget a\r\nmn\r\n")
        assert client.until_suffix(b"MN\r\n") == b"STORED\r\nSTORED\r\nVALUE a 0 1\r\n1\r\nEND\r\nMN\r\n"


def test_strangers_are_let_go(launch, users):
    running = launch("-Y", users)
    for sent in (b"mn\r\nxxx", b"quit\r\n", b"x" * 2049):
        with running.text() as client:
            assert client.ask_until_closed(sent) == b""
    with running.text() as client:
        assert login(client, b"ann secret") == b"STORED"
        wait_for(lambda: client.stats()["curr_connections"] == "1", "strangers are gone")


def test_binary_clients_are_not_understood(launch, users):
    with launch("-Y", users).binary_connection() as client:
        client.send(packet(VERSION) + b"\n")
        assert client.until_suffix(b"\r\n") == b"CLIENT_ERROR unauthenticated\r\n"


def test_users_are_read_again_on_hup(launch, users):
    running = launch("-v", "-Y", users)

    def lets_in(token):
        with running.text() as client:
            return login(client, token) == b"STORED"

    with running.text() as inside:
        assert login(inside, b"ann secret") == b"STORED"
        users.write_text("eve:new\n")
        running.process.send_signal(signal.SIGHUP)
        wait_for(lambda: lets_in(b"eve new"), "the new user is known")
        assert not lets_in(b"ann secret")
        assert inside.get(b"x") is None  # who is in stays in
        users.write_text("broken\n")
        running.process.send_signal(signal.SIGHUP)
        if b"larder" in running.binary.encode():
            wait_for(lambda: "Could not reload authfile" in running.stderr_text(), "a complaint")
        assert lets_in(b"eve new")


@pytest.mark.parametrize("content, text", [
    (None, "Could not open authfile [{}] for reading, error No such file or directory"),
    ("nonsense\n", "Authfile [{}] has a malformed entry. Should be 'user:password'"),
])
def test_bad_files_stop_the_start(tmp_path, content, text):
    path = tmp_path / "bad"
    if content is not None:
        path.write_text(content)
    code, _, err = run_to_end(*user_flags(), "-l", "127.0.0.1", "-p", "-1", "-Y", path)
    assert code == 1
    assert text.format(path) in err


def test_login_over_tls(tmp_path, users):
    running = TlsServer(Certificates(tmp_path), "-Y", users)
    with running.text() as client:
        assert login(client, b"ann secret") == b"STORED"
        assert client.set(b"foo", b"x" * 20_000) == b"STORED"
        assert client.get(b"foo") == b"x" * 20_000
    running.stop()


# --- SASL ----------------------------------------------------------------------------------------

@pytest.fixture
def sasl(launch, tmp_path):
    """Starts a server whose password database knows ann."""
    (tmp_path / "memcached.conf").write_text("mech_list: plain cram-md5\nlog_level: 0\n")
    realm = os.uname().nodename
    (tmp_path / "pwdb").write_text(f"eve:other:\nann:secret:::\nann@{realm}:secret\n")
    environment = {"SASL_CONF_PATH": str(tmp_path), "MEMCACHED_SASL_PWDB": str(tmp_path / "pwdb")}

    def start(*flags, **more):
        return launch("-S", *flags, env=environment, **more)

    return start


def plain(user, password, opcode=AUTH):
    return packet(opcode, b"PLAIN", b"\0%b\0%b" % (user, password))


def said(client, request):
    client.send(request)
    return client.response()


def test_mechanisms(sasl):
    with sasl().binary_connection() as client:
        response = said(client, packet(LIST))
        assert response.status == OK
        assert sorted(response.value.split()) == [b"CRAM-MD5", b"PLAIN"]
        assert said(client, packet(VERSION)).value == b"1.6.45"


def test_strangers_are_refused(sasl):
    running = sasl()
    requests = [packet(GET, b"k"), storage(0x01, b"k", b"v"), packet(NOOP), packet(QUIT),
                packet(0x08), packet(0x10), packet(0xff)]
    for request in requests:
        with running.binary_connection() as client:
            response = said(client, request)
            assert (response.status, response.value) == (AUTH_FAILURE, b"Auth failure.")
            assert client.until_closed() == b""


def test_plain(sasl):
    running = sasl()
    with running.binary_connection() as client, running.binary_connection() as other:
        assert said(client, plain(b"ann", b"wrong")).status == AUTH_FAILURE
        assert said(client, plain(b"nobody", b"secret")).status == AUTH_FAILURE
        response = said(client, plain(b"ann", b"secret"))
        assert (response.status, response.value) == (OK, b"Authenticated")
        assert client.ask_one(storage(0x01, b"k", b"v")).status == OK
        assert said(other, packet(GET, b"k")).status == AUTH_FAILURE
        client.send(packet(0x10))
        stats = {}
        while (row := client.response()).key:
            stats[row.key] = row.value
        assert (stats[b"auth_cmds"], stats[b"auth_errors"]) == (b"3", b"2")
        client.send(packet(0x10, b"settings"))
        while (row := client.response()).key:
            stats[row.key] = row.value
        assert stats[b"auth_enabled_sasl"] == b"yes"
        assert stats[b"binding_protocol"] == b"binary"


def test_challenge_and_step(sasl):
    with sasl().binary_connection() as client:
        response = said(client, packet(AUTH, b"CRAM-MD5"))
        assert response.status == AUTH_CONTINUE
        assert response.value.startswith(b"<")
        assert said(client, packet(STEP, b"CRAM-MD5", b"ann " + b"0" * 32)).status == AUTH_FAILURE
        assert said(client, plain(b"ann", b"secret")).status == OK


def test_step_without_beginning(sasl):
    with sasl().binary_connection() as client:
        assert said(client, plain(b"ann", b"secret", STEP)).status == AUTH_FAILURE
        assert said(client, packet(AUTH, b"NONSENSE", b"x")).status == AUTH_FAILURE
        assert said(client, plain(b"ann", b"secret")).status == OK


def test_text_clients_are_not_understood(sasl):
    with sasl().text() as client:
        assert client.ask_until_closed(b"version\r\n") == b""


def test_many_at_once(sasl):
    """Exchanges of all workers share the library."""
    running = sasl("-t", "4")
    clients = [running.binary_connection() for _ in range(24)]
    for turn in range(4):
        for number, client in enumerate(clients):
            good = (number + turn) % 2 == 0
            client.send(packet(LIST) + plain(b"ann", b"secret" if good else b"guess"))
        for number, client in enumerate(clients):
            good = (number + turn) % 2 == 0
            assert client.response().status == OK
            assert client.response().status == (OK if good else AUTH_FAILURE)
    for client in clients:
        client.close()


def test_long_passwords(sasl):
    with sasl().binary_connection() as client:
        assert said(client, plain(b"ann", b"x" * 300)).status == AUTH_FAILURE
        assert said(client, plain(b"ann", b"s" * 60_000)).status == AUTH_FAILURE
        assert said(client, plain(b"ann", b"secret")).status == OK


def test_no_configuration(tmp_path):
    """As memcached: without a memcached.conf anywhere, nothing starts."""
    if any(os.path.exists(f"/etc/{folder}/memcached.conf") for folder in ("sasl", "sasl2")):
        pytest.skip("this machine has a memcached.conf")
    environment = dict(os.environ)
    os.environ.pop("SASL_CONF_PATH", None)
    try:
        code, _, err = run_to_end(*user_flags(), "-v", "-S", "-s", tmp_path / "socket")
    finally:
        os.environ.clear()
        os.environ.update(environment)
    assert code == 1
    assert "Failed to locate a config path\n" in err
    assert err.endswith("Error initializing sasl.\n")


# --- the memory of connections -------------------------------------------------------------------

@pytest.mark.larder_only
def test_kept_requests_have_a_limit(launch):
    """1 MB over 32 threads is 32 KB each: what waits for its rest is closed above that."""
    running = launch("-t", "32", "-o", "read_buf_mem_limit=1")
    with running.text() as client:
        clients = [running.text() for _ in range(600)]
        for each in clients:
            each.send(b"set k 0 0 3000\r\n" + b"x" * 2900)
        wait_for(lambda: int(client.stats()["read_buf_oom"]) > 0, "the limit is met")
        assert client.set(b"other", b"1") == b"STORED"
        for each in clients:
            each.close()


@pytest.mark.larder_only
def test_kept_replies_have_a_limit(launch):
    running = launch("-t", "32", "-o", "read_buf_mem_limit=1")
    with running.text() as client, running.text() as reader:
        assert client.set(b"k", b"x" * 8000) == b"STORED"
        reader.send(b"get k\r\n" * 500)
        wait_for(lambda: client.stats()["response_obj_oom"] == "1", "the limit is met")
        wait_for(lambda: client.stats()["curr_connections"] == "1", "the reader is gone")


def test_no_limit_by_default(launch):
    with launch().text() as client:
        stats = client.stats()
        assert (stats["read_buf_oom"], stats["response_obj_oom"]) == ("0", "0")
