"""What bounds Redis clients and what they may do to others: output, idle time, DEBUG, long work, memory."""

import os
import tempfile
import threading
import time

import pytest

from resp import Connection
from server import Server, scaled, wait_for


@pytest.fixture(scope="module", name="place")
def server_with_both_ports():
    with tempfile.TemporaryDirectory(prefix="larder-redis-") as folder:
        path = f"{folder}/s"
        server = Server("--engine", "redis", "-m", "256", "-t", "4", "--unixsocket", path,
                        "--enable-debug-command", "local")
        wait_for(lambda: os.path.exists(path), "the socket is there")
        yield server, path
        server.stop()


@pytest.fixture(name="client")
def connection(place):
    opened = Connection(place[1])
    opened.call("FLUSHALL")
    yield opened
    opened.close()


def closed(client):
    """Whether the server has closed the connection."""
    client.socket.setblocking(False)
    try:
        return client.socket.recv(1 << 20) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


# --- output ----------------------------------------------------------------------------------------


def test_the_setting_is_read_and_told_as_redis_does(client):
    name = "client-output-buffer-limit"
    assert client.call("CONFIG", "GET", name) == [
        name.encode(), b"normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"]
    assert client.call("CONFIG", "SET", name, "normal 10mb 5mb 30 replica 1 2 3") == "+OK"
    assert client.call("CONFIG", "GET", name)[1] == (
        b"normal 10485760 5242880 30 slave 1 2 3 pubsub 33554432 8388608 60")
    for value, why in (("normal 1 2", "Wrong number of arguments in buffer limit configuration."),
                       ("master 1 2 3", "Invalid client class specified in buffer limit configuration."),
                       ("normal x 2 3",
                        "Error in hard, soft or soft_seconds setting in buffer limit configuration.")):
        assert client.call("CONFIG", "SET", name, value) == (
            f"-ERR CONFIG SET failed (possibly related to argument '{name}') - {why}")
    assert client.call("CONFIG", "SET", name, "normal 0 0 0 slave 256mb 64mb 60") == "+OK"


def test_a_reply_above_the_hard_limit_ends_the_connection(place, client):
    client.call("RPUSH", "list", *(["x" * 1000] * 500))
    client.call("CONFIG", "SET", "client-output-buffer-limit", "normal 100kb 0 0")
    greedy = Connection(place[1])
    greedy.send(["LRANGE", "list", "0", "-1"])
    with pytest.raises(ConnectionError):
        greedy.read()
    modest = Connection(place[1])
    assert len(modest.call("LRANGE", "list", "0", "49")) == 50
    assert client.call("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0") == "+OK"
    assert len(modest.call("LRANGE", "list", "0", "-1")) == 500


def test_replies_that_wait_above_the_soft_limit_end_the_connection(place, client):
    client.call("RPUSH", "list", *(["x" * 10_000] * 2000))
    client.call("CONFIG", "SET", "client-output-buffer-limit", "normal 0 1mb 1")
    slow = Connection(place[1])
    slow.send(["LRANGE", "list", "0", "-1"])  # 20 MB that nobody reads
    wait_for(lambda: b"cmd=lrange" not in client.call("CLIENT", "LIST"), "the slow client is gone")
    assert client.call("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0") == "+OK"


def test_an_idle_client_is_closed_after_its_time(place, client):
    idle = Connection(place[1])
    assert idle.call("PING") == "+PONG"
    client.call("CONFIG", "SET", "timeout", "1")
    # The one that asks is not idle.
    wait_for(lambda: client.call("PING") == "+PONG" and closed(idle), "the idle client is closed")
    assert client.call("CONFIG", "SET", "timeout", "0") == "+OK"


# --- DEBUG -----------------------------------------------------------------------------------------


def test_debug_is_for_whom_it_was_enabled(place, client):
    assert client.call("DEBUG", "SET-ACTIVE-EXPIRE", "1") == "+OK"
    assert client.call("CONFIG", "SET", "enable-debug-command", "yes").endswith("can't set immutable config")
    with tempfile.TemporaryDirectory(prefix="larder-redis-") as folder:
        server = Server("--engine", "redis", "--unixsocket", f"{folder}/s")
        wait_for(lambda: os.path.exists(f"{folder}/s"), "the socket is there")
        other = Connection(f"{folder}/s")
        assert other.call("DEBUG", "SLEEP", "0").startswith("-ERR DEBUG command not allowed.")
        other.close()
        server.stop()


def test_debug_tells_of_values(client):
    client.call("RPUSH", "list", "a", "b", "c")
    text = client.call("DEBUG", "OBJECT", "list")
    assert text.startswith("+Value at:0x") and " refcount:1 encoding:quicklist serializedlength:" in text
    assert "ql_nodes:1 ql_avg_node:3.00 ql_listpack_max:-2 ql_compressed:0 ql_uncompressed_size:" in text
    assert client.call("DEBUG", "OBJECT", "none") == "-ERR no such key"
    assert client.call("DEBUG", "DIGEST-VALUE", "none") == ["+" + "0" * 40]


@pytest.mark.parametrize("make, same, other", [
    (["SET", "a", "x"], ["SET", "b", "x"], ["APPEND", "b", "y"]),
    (["RPUSH", "a", "x", "y"], ["RPUSH", "b", "x", "y"], ["LMOVE", "b", "b", "LEFT", "RIGHT"]),
    (["SADD", "a", "x", "y"], ["SADD", "b", "y", "x"], ["SREM", "b", "x"]),
    (["HSET", "a", "f", "x", "g", "y"], ["HSET", "b", "g", "y", "f", "x"], ["HSET", "b", "f", "y"]),
    (["ZADD", "a", "1", "x", "2", "y"], ["ZADD", "b", "2", "y", "1", "x"], ["ZINCRBY", "b", "1", "x"]),
    (["XADD", "a", "1-1", "f", "v"], ["XADD", "b", "1-1", "f", "v"], ["XADD", "b", "1-2", "f", "v"]),
])
def test_digests_are_equal_for_equal_values(client, make, same, other):
    client.call(*make)
    client.call(*same)
    first, second = client.call("DEBUG", "DIGEST-VALUE", "a", "b")
    assert first == second
    whole = client.call("DEBUG", "DIGEST")
    assert client.call("DEBUG", "DIGEST") == whole
    client.call(*other)
    assert client.call("DEBUG", "DIGEST-VALUE", "b") != [first]
    assert client.call("DEBUG", "DIGEST") != whole


# --- long commands ---------------------------------------------------------------------------------


def test_others_are_served_while_a_long_command_works(place, client):
    """LCS and SORT work on copies: the keys they name can be written meanwhile."""
    size = scaled(3000, 1500)
    client.call("MSET", "a", "ab" * (size // 2), "b", "ba" * (size // 2))
    client.call("RPUSH", "list", *(str(i * 7919 % 100_003) for i in range(scaled(100_000, 20_000))))
    served = []

    def work(*words):
        other = Connection(place[1])
        other.call(*words)
        served.append(words[0])
        other.close()

    threads = [threading.Thread(target=work, args=("LCS", "a", "b")),
               threading.Thread(target=work, args=("SORT", "list", "STORE", "sorted"))]
    for thread in threads:
        thread.start()
    writes = 0
    while any(thread.is_alive() for thread in threads):
        assert client.call("APPEND", "a", "") == f":{size}"
        writes += 1
    for thread in threads:
        thread.join()
    assert sorted(served) == ["LCS", "SORT"] and writes > 0
    found = client.call("LRANGE", "sorted", "0", "-1")
    assert found == sorted(found, key=int)


def test_long_lcs_and_sort_answer_as_short_ones_do(client):
    client.call("MSET", "a", "x" * 700 + "tail", "b", "head" + "x" * 700)
    assert client.call("LCS", "a", "b") == b"x" * 700
    assert client.call("LCS", "a", "b", "LEN") == ":700"
    numbers = [i * 31 % 2003 for i in range(2003)]
    client.call("SADD", "s", *numbers)
    for n in numbers[:50]:
        client.call("SET", f"w{n}", 5000 - n)
    assert client.call("SORT", "s") == [b"%d" % n for n in sorted(numbers)]
    assert client.call("SORT", "s", "DESC", "LIMIT", "1", "2") == [b"2001", b"2000"]
    by = client.call("SORT", "s", "BY", "w*", "DESC", "GET", "#", "GET", "w*", "LIMIT", "0", "2")
    largest = sorted(numbers[:50])[:2]
    assert by == [word for n in largest for word in (b"%d" % n, b"%d" % (5000 - n))]
    assert client.call("SORT", "s", "BY", "nosort", "STORE", "l") == ":2003"
    assert client.call("LRANGE", "l", "0", "1") == [b"0", b"1"]
    client.call("SADD", "s", "no number")
    assert client.call("SORT", "s") == "-ERR One or more scores can't be converted into double"


# --- memory ----------------------------------------------------------------------------------------


def test_cache_memlimit_is_maxmemory(place, client):
    server, _ = place
    with server.text() as text:
        assert text.ask(b"cache_memlimit 128\r\n") == b"OK\r\n"
    assert client.call("CONFIG", "GET", "maxmemory") == [b"maxmemory", str(128 << 20).encode()]
    end = time.monotonic() + 0.5  # several times what the measurement takes its time for
    while time.monotonic() < end:
        assert int(server.stats()["limit_maxbytes"]) <= 128 << 20
        time.sleep(0.05)
    assert client.call("CONFIG", "SET", "maxmemory", str(256 << 20)) == "+OK"


def test_fields_of_hashes_end_though_nobody_asks(client):
    client.call("HSET", "small", "f", "v", "stays", "v")
    client.call("HSET", "large", *(word for i in range(2000) for word in (f"f{i}", "v")))
    client.call("HPEXPIRE", "small", "50", "FIELDS", "1", "f")
    client.call("HPEXPIRE", "large", "50", "FIELDS", "2000", *(f"f{i}" for i in range(2000)))
    client.call("HSET", "gone", "f", "v")
    client.call("HPEXPIRE", "gone", "50", "FIELDS", "1", "f")
    # DBSIZE looks at no hash.
    wait_for(lambda: client.call("DBSIZE") == ":1", "the walk finds them")
    assert client.call("HGETALL", "small") == [b"stays", b"v"]


def test_values_that_were_made_in_vain_are_not_charged(client):
    client.call("ZADD", "z", "1", "a")
    before = client.call("MEMORY", "USAGE", "z")
    for _ in range(100):
        assert client.call("ZUNIONSTORE", "d", "1", "missing") == ":0"
        assert client.call("GEOSEARCHSTORE", "d", "missing", "FROMLONLAT", 1, 1, "BYRADIUS", 1, "m") == ":0"
        assert client.call("SINTERSTORE", "d", "missing", "other") == ":0"
    assert client.call("MEMORY", "USAGE", "z") == before
