"""Commands on several keys are atomic to every observer: many clients change them, others look on.

Each test has writers that move or rewrite values with one command, and watchers that read all keys concerned
with one command. What a watcher sees must hold at any instant: a token is in exactly one place, a sum is the
same, values that are written together are read together, versions never go back. Requests are pipelined, so
that the server's workers run into each other although the clients take turns in the interpreter.
"""

import os
import random
import tempfile

import pytest

from resp import Connection
from server import Server, scaled, wait_for
from threads import run_threads

WRITERS = 4
WATCHERS = 2
BATCH = 40
SEED = 20240611


@pytest.fixture(scope="module")
def path():
    with tempfile.TemporaryDirectory(prefix="larder-redis-") as folder:
        path = f"{folder}/s"
        server = Server("--engine", "redis", "-m", "256", "-t", "4", "--unixsocket", path)
        wait_for(lambda: os.path.exists(path), "the socket is there")
        yield path
        server.stop()


@pytest.fixture(autouse=True)
def setup(path):
    connection = Connection(path)
    connection.call("FLUSHALL")
    yield connection
    connection.close()


def pipeline(connection, commands):
    for command in commands:
        connection.send(command)
    return [connection.read() for _ in commands]


def run(path, change, look, check):
    """Writers send what change(rng, writer, n) makes; watchers send look() and give its reply to
    check(reply, memory), where memory is a dictionary of the watcher's own."""
    rounds = scaled(80, 15)

    def work(index):
        connection = Connection(path)
        memory = {}
        rng = random.Random(SEED + index)
        for n in range(rounds):
            if index < WRITERS:
                pipeline(connection, [change(rng, index, n * BATCH + i) for i in range(BATCH)])
            else:
                for reply in pipeline(connection, [look()] * BATCH):
                    check(reply, memory)
        connection.close()

    run_threads(work, WRITERS + WATCHERS)


def test_smove_neither_loses_nor_doubles_a_member(path, setup):
    places = [f"place{i}" for i in range(6)]
    tokens = [f"token{i}" for i in range(50)]
    setup.call("SADD", places[0], *tokens)

    def check(reply, _):
        assert sorted(reply) == sorted(token.encode() for token in tokens)

    run(path, lambda rng, writer, n: ["SMOVE", *rng.sample(places, 2), rng.choice(tokens)],
        lambda: ["SUNION", *places], check)
    assert sum(int(setup.call("SCARD", place)[1:]) for place in places) == len(tokens)


@pytest.mark.parametrize("command", ["LMOVE", "RPOPLPUSH", "RENAME", "RENAMENX"])
def test_a_value_is_in_one_of_two_places(path, setup, command):
    """EXISTS counts both keys at one instant: a move must not show in between."""
    setup.call("RPUSH", "here", "token")

    def change(rng, _, __):
        first, second = rng.sample(["here", "there"], 2)
        return [command, first, second, *(["LEFT", "RIGHT"] if command == "LMOVE" else [])]

    def check(reply, _):
        assert reply == ":1"

    run(path, change, lambda: ["EXISTS", "here", "there"], check)
    # One of them may have moved it onto itself, never away.
    assert setup.call("EXISTS", "here", "there") == ":1"


def test_lmove_conserves_elements_and_their_number(path, setup):
    lists = [f"list{i}" for i in range(5)]
    for i, name in enumerate(lists):
        setup.call("RPUSH", name, *(f"{i}:{j}" for j in range(40)))

    def change(rng, _, __):
        return ["LMOVE", rng.choice(lists), rng.choice(lists), rng.choice(["LEFT", "RIGHT"]),
                rng.choice(["LEFT", "RIGHT"])]

    def check(reply, _):
        assert int(reply[1:]) <= 200

    run(path, change, lambda: ["LLEN", lists[0]], check)
    found = [element for name in lists for element in setup.call("LRANGE", name, 0, -1)]
    assert sorted(found) == sorted(f"{i}:{j}".encode() for i in range(5) for j in range(40))


def test_mset_and_mget_of_many_keys_are_never_torn(path, setup):
    keys = [f"key{i}" for i in range(12)]
    setup.call("MSET", *(word for key in keys for word in (key, "start")))

    def change(rng, writer, n):
        value = f"{writer}:{n}:" + "x" * rng.choice([1, 100, 3000])
        order = rng.sample(keys, len(keys))
        return ["MSET", *(word for key in order for word in (key, value))]

    def check(reply, _):
        assert len(set(reply)) == 1, [value[:20] for value in reply]

    run(path, change, lambda: ["MGET", *keys], check)


def test_a_copy_is_never_ahead_of_its_source_and_never_goes_back(path, setup):
    """One writer counts the source up, others copy it; both are read together."""
    setup.call("MSET", "source", "0", "copy", "0")

    def change(_, writer, __):
        return ["INCR", "source"] if writer == 0 else ["COPY", "source", "copy", "REPLACE"]

    def check(reply, memory):
        source, copy = map(int, reply)
        assert copy <= source
        assert source >= memory.get("source", 0)
        assert copy >= memory.get("copy", 0)
        memory.update(source=source, copy=copy)

    run(path, change, lambda: ["MGET", "source", "copy"], check)


def test_stores_of_sets_show_one_instant_of_their_sources(path, setup):
    """Members only come; what was stored is always part of the sources, and holds all that was there."""
    setup.call("SADD", "a", "first")
    setup.call("SADD", "b", "first")

    def change(rng, writer, n):
        if writer < 2:
            return ["SADD", rng.choice("ab"), f"{writer}:{n // 60}"]
        return ["SUNIONSTORE", "union", "a", "b"] if writer == 2 else ["ZUNIONSTORE", "ranked", "2", "a", "b"]

    def check(reply, _):
        assert reply == []

    run(path, change, lambda: ["SDIFF", "union", "a", "b"], check)
    setup.call("SUNIONSTORE", "union", "a", "b")
    setup.call("ZUNIONSTORE", "ranked", 2, "a", "b")
    assert setup.call("ZDIFF", 2, "ranked", "union") == []
    assert setup.call("SCARD", "union") == setup.call("ZCARD", "ranked")


def test_what_sort_stores_is_what_was_there_at_one_instant(path, setup):
    """The list always holds the numbers 0..n-1 for some n, long enough to be sorted without locks."""
    start = 1100
    setup.call("RPUSH", "numbers", *range(start))
    setup.call("SORT", "numbers", "STORE", "sorted")

    def change(_, writer, n):
        # A writer that adds one at the end and takes it back; the others sort.
        if writer != 0:
            return ["SORT", "numbers", "STORE", "sorted"] if n % 40 == 0 else ["LLEN", "numbers"]
        return ["RPUSH", "numbers", start] if n % 2 == 0 else ["RPOP", "numbers"]

    def check(reply, _):
        assert reply[1:] in (str(start), str(start + 1))

    run(path, change, lambda: ["LLEN", "sorted"], check)
    found = setup.call("LRANGE", "sorted", 0, -1)
    assert found == [str(i).encode() for i in range(len(found))]


def test_transfers_between_sorted_sets_conserve_the_sum(path, setup):
    """ZUNIONSTORE reads all accounts at one instant while ZRANGESTORE and COPY put the same book back."""
    for book in ("book0", "book1"):
        setup.call("ZADD", book, *(word for i in range(50) for word in (1, f"{book}:{i}")))

    def change(rng, writer, n):
        if writer == 0:
            return ["ZRANGESTORE", "spare", "book0", 0, -1]
        if writer == 1:
            return ["COPY", "spare", "book0", "REPLACE"] if n % 2 else ["ZCARD", "spare"]
        return ["ZUNIONSTORE", f"total{writer}", 2, "book0", "book1"]

    def check(reply, _):
        assert reply == ":100"

    setup.call("ZRANGESTORE", "spare", "book0", 0, -1)
    for writer in (2, 3):
        setup.call("ZUNIONSTORE", f"total{writer}", 2, "book0", "book1")
    run(path, change, lambda: ["ZCARD", "total2"], check)
