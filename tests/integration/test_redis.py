"""The Redis side of the server over real sockets: protocol, both languages on one keyspace, atomicity."""

import os
import socket
import tempfile
import threading

import pytest

from resp import Connection
from server import Server, scaled, wait_for

redis = pytest.importorskip("redis")


@pytest.fixture(scope="module")
def place():
    """A server with both ports on; its unix socket for Redis, and its memcached port."""
    with tempfile.TemporaryDirectory(prefix="larder-redis-") as folder:
        path = f"{folder}/s"
        server = Server("--engine", "redis", "-m", "256", "--unixsocket", path)
        wait_for(lambda: os.path.exists(path), "the socket is there")
        yield server, path
        server.stop()


@pytest.fixture
def client(place):
    connection = redis.Redis(unix_socket_path=place[1])
    connection.flushall()
    yield connection
    connection.close()


@pytest.fixture
def raw(place):
    connection = Connection(place[1])
    yield connection
    connection.close()


def exchange(path, sent, until=None):
    """Sends bytes, returns what comes back: up to `until`, or to the end of the stream."""
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(60)
        stream.connect(path)
        stream.sendall(sent)
        got = b""
        while until is None or not got.endswith(until):
            piece = stream.recv(65536)
            if not piece:
                break
            got += piece
        return got


# --- protocol ---------------------------------------------------------------------------------------


def test_a_pipeline_answers_in_order_however_it_is_cut(place):
    path = place[1]
    requests = b"".join(
        b"*3\r\n$3\r\nSET\r\n$2\r\nk%d\r\n$1\r\n%d\r\n*2\r\n$3\r\nGET\r\n$2\r\nk%d\r\n" % (i, i, i) for i in range(10))
    requests += b"*1\r\n$4\r\nQUIT\r\n"
    expected = b"".join(b"+OK\r\n$1\r\n%d\r\n" % i for i in range(10)) + b"+OK\r\n"
    assert exchange(path, requests) == expected
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(60)
        stream.connect(path)
        for i in range(0, len(requests), 7):
            stream.sendall(requests[i:i + 7])
        got = b""
        while piece := stream.recv(65536):
            got += piece
        assert got == expected


@pytest.mark.parametrize("sent, answer", [
    (b"*abc\r\n", b"-ERR Protocol error: invalid multibulk length\r\n"),
    (b"*1\r\nfoo\r\n", b"-ERR Protocol error: expected '$', got 'f'\r\n"),
    (b"*1\r\n\n\r\n", b"-ERR Protocol error: expected '$', got ' '\r\n"),
    (b"*1\r\n$-10\r\n", b"-ERR Protocol error: invalid bulk length\r\n"),
    (b"*1\r\n$600000000\r\n", b"-ERR Protocol error: invalid bulk length\r\n"),
    (b"PING\r\nset a \"b\r\n", b"+PONG\r\n-ERR Protocol error: unbalanced quotes in request\r\n"),
    (b"x" * 70000, b"-ERR Protocol error: too big inline request\r\n"),
])
def test_what_is_no_request_is_named_and_ends_the_connection(place, sent, answer):
    assert exchange(place[1], sent) == answer


def test_an_error_is_one_line_whatever_it_shows(raw):
    assert raw.call("EXPIREAT", "k", "1", "\r\na\r\nb\r\n") == "-ERR Unsupported option   a  b"
    assert raw.call("CONFIG", "SET", "a\n", "b").endswith(" for CONFIG SET - 'a '")
    assert raw.call("a\r\nb\n", "c\n") == "-ERR unknown command 'a  b ', with args beginning with: 'c ' "


def test_inline_commands(place):
    assert exchange(place[1], b"SET 'a b' \"\\x41\\n\"\r\nGET \"a b\"\r\n", b"\n\r\n") == b"+OK\r\n$2\r\nA\n\r\n"


def test_hello_chooses_the_protocol(raw):
    assert raw.call("HELLO", "4") == "-NOPROTO unsupported protocol version"
    assert raw.call("GET", "nothing") == "$-1"
    reply = raw.call("HELLO", "3", "SETNAME", "me")
    assert reply[0] == "map"
    facts = dict((name, value) for name, value in reply[1])
    assert facts[b"version"] == b"7.0.15"
    assert facts[b"proto"] == ":3"
    assert raw.call("GET", "nothing") == "_"
    assert raw.call("CLIENT", "GETNAME") == b"me"
    assert raw.call("RESET") == "+RESET"
    assert raw.call("GET", "nothing") == "$-1"


def test_large_values_come_and_go_whole(client):
    for size in (8192, 8193, 100_000, 1 << 20, scaled(64 << 20, 8 << 20)):
        value = os.urandom(1 << 16) * (size // (1 << 16) + 1)
        value = value[:size]
        client.set("large", value)
        assert client.get("large") == value
        assert client.append("large", b"!") == size + 1
        assert client.getrange("large", -2, -1) == value[-1:] + b"!"


def test_many_arguments(client):
    count = scaled(100_000, 10_000)
    assert client.execute_command("MSET", *(x for i in range(count) for x in (f"k{i}", i)))
    assert client.dbsize() == count
    assert client.mget([f"k{i}" for i in range(count)]) == [str(i).encode() for i in range(count)]
    assert client.delete(*(f"k{i}" for i in range(count))) == count


def test_a_password_is_asked_for():
    with tempfile.TemporaryDirectory(prefix="larder-redis-") as folder:
        path = f"{folder}/s"
        server = Server("--engine", "redis", "-m", "64", "--unixsocket", path, "--requirepass", "secret")
        raw = Connection(path)
        assert raw.call("GET", "a") == "-NOAUTH Authentication required."
        assert raw.call("AUTH", "wrong").startswith("-WRONGPASS")
        assert raw.call("HELLO", "3").startswith("-NOAUTH HELLO must be called")
        assert raw.call("AUTH", "default", "secret") == "+OK"
        assert raw.call("GET", "a") == "$-1"
        assert exchange(path, b"*11\r\n") == b"-ERR Protocol error: unauthenticated multibulk length\r\n"
        raw.close()
        server.stop()


# --- one keyspace -----------------------------------------------------------------------------------


def test_memcached_and_redis_clients_see_the_same_strings(place, client):
    with place[0].text() as memcached:
        client.set("n", "41", px=50_000)
        memcached.send(b"incr n 1\r\n")
        assert memcached.line() == b"42"
        assert client.get("n") == b"42"
        assert 0 < client.pttl("n") <= 50_000
        memcached.send(b"set f 7 0 5\r\nhello\r\n")
        assert memcached.line() == b"STORED"
        assert client.append("f", " you") == 9
        memcached.send(b"get f\r\n")
        assert memcached.line() == b"VALUE f 7 9"
        assert memcached.line() == b"hello you"
        assert memcached.line() == b"END"
        memcached.send(b"flush_all\r\n")
        assert memcached.line() == b"OK"
        assert client.dbsize() == 0


def test_memcached_verbs_on_structured_values(place, client):
    with place[0].text() as memcached:
        def ask(request):
            memcached.send(request)
            return memcached.line()
        client.rpush("l", "a", "b")
        assert ask(b"get l\r\n") == b"END"
        assert ask(b"add l 0 0 1\r\nx\r\n") == b"NOT_STORED"
        assert ask(b"append l 0 0 1\r\nx\r\n") == b"NOT_STORED"
        assert ask(b"incr l 1\r\n").startswith(b"CLIENT_ERROR")
        assert ask(b"touch l 10\r\n") == b"NOT_FOUND"
        assert client.lrange("l", 0, -1) == [b"a", b"b"]
        assert ask(b"set l 0 0 1\r\nx\r\n") == b"STORED"
        assert client.get("l") == b"x"
        client.delete("l")
        client.rpush("l", "a")
        assert ask(b"delete l\r\n") == b"DELETED"
        assert client.exists("l") == 0


def test_resp_is_told_by_its_first_byte_on_the_memcached_port(place, client):
    client.set("a", "1")
    with place[0].text() as connection:
        connection.send(b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n")
        assert connection.line() == b"$1"
        assert connection.line() == b"1"


# --- time -------------------------------------------------------------------------------------------


def test_keys_end_to_the_millisecond_and_are_found_when_nobody_asks(client):
    for i in range(100):
        client.psetex(f"short{i}", 300, "v")
    client.set("long", "v", ex=100)
    assert client.dbsize() == 101
    wait_for(lambda: client.dbsize() == 1, "the crawler removes what has ended")
    assert client.info("stats")["expired_keys"] >= 100
    client.set("a", "v", px=20)
    wait_for(lambda: client.get("a") is None, "the key ends")


# --- atomicity --------------------------------------------------------------------------------------


def test_sums_are_conserved_and_no_read_is_torn(place):
    accounts = [f"account{i}" for i in range(8)]
    setup = redis.Redis(unix_socket_path=place[1])
    setup.flushall()
    setup.mset({name: 100 for name in accounts})
    pairs = scaled(1500, 300)
    failures = []

    def swap(seed):
        connection = redis.Redis(unix_socket_path=place[1])
        for i in range(pairs):
            first, second = accounts[(seed + i) % 8], accounts[(seed + 3 * i + 1) % 8]
            if first != second:
                connection.rename(first, f"t{seed}")
                connection.rename(f"t{seed}", first)
            number = str(seed * 1_000_000 + i)
            connection.mset({"x": number, "y": number, "z": number})
        connection.close()

    def watch():
        connection = redis.Redis(unix_socket_path=place[1])
        for _ in range(pairs):
            values = set(connection.mget("z", "x", "y"))
            if len(values) != 1:
                failures.append(values)
        connection.close()

    threads = [threading.Thread(target=swap, args=(1,))]
    threads += [threading.Thread(target=watch) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert setup.mget(accounts) == [b"100"] * 8
    setup.close()
