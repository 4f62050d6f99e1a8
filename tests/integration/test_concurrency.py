"""Many clients at once: every value that is read must be one that was written, whole; counters and
compare-and-swap lose nothing; a flush is exact.

Clients are threads with a connection each. They send batches, so that the server's workers run
into each other although the clients take turns in the interpreter.
"""

import random
import threading
import zlib

import pytest

from server import Server, scaled
from threads import run_threads
import wire

THREADS = 6
SEED = 20240611


@pytest.fixture(scope="module", name="server")
def many_workers():
    running = Server("-m", "256", "-t", "4")
    yield running
    running.stop()


def stamped(key, writer, version, length):
    """A value that names its key, writer and version, and carries a checksum over all of it."""
    head = b"%b %d %d " % (key, writer, version)
    body = (b"%08x" % zlib.crc32(head)) * (max(0, length - len(head) - 9) // 8 + 1)
    payload = head + body
    return payload + b" %08x" % zlib.crc32(payload)


def check_stamp(key, value):
    """(writer, version) of a stamped value; fails when it is torn, mixed or of another key."""
    payload, _, checksum = value.rpartition(b" ")
    assert checksum == b"%08x" % zlib.crc32(payload), f"torn value of {key!r}: {value[:100]!r}"
    name, writer, version = payload.split(b" ", 3)[:3]
    assert name == key, f"{name!r} came back for {key!r}"
    return int(writer), int(version)


@pytest.mark.parametrize("sizes", [(40, 200), (5_000, 20_000), (200_000, 600_000)])
def test_every_value_read_was_written(server, sizes):
    """Threads overwrite, delete and read the same few keys. A version that its writer has replaced
    and acknowledged before the read was sent must not come back."""
    keys = [b"v-%d-%d" % (sizes[0], i) for i in range(THREADS)]
    acknowledged = [0] * THREADS  # per writer; key i is written by thread i only
    rounds = scaled(400, 60) if sizes[0] < 200_000 else scaled(60, 15)

    def work(index):
        rng = random.Random(SEED + index)
        mine = keys[index]
        version = 0
        with server.text() as connection:
            for _ in range(rounds):
                version += 1
                value = stamped(mine, index, version, rng.randint(*sizes))
                if rng.random() < 0.1:
                    connection.ask(b"delete %b noreply\r\n" % mine)
                assert connection.set(mine, value) == b"STORED"
                acknowledged[index] = version
                least = list(acknowledged)
                wanted = rng.choices(range(THREADS), k=4)
                found = connection.get_many([keys[i] for i in wanted])
                for i in set(wanted):
                    if keys[i] in found:
                        writer, seen = check_stamp(keys[i], found[keys[i]])
                        assert writer == i and seen >= least[i], (keys[i], seen, least[i])
                    else:
                        assert i != index, "the only writer's last value is missing"

    run_threads(work, THREADS)


def test_cas_conserves_a_sum(server):
    """Money moves between accounts by gets + cas only; none appears, none is lost."""
    accounts = [b"account-%d" % i for i in range(4)]
    with server.text() as connection:
        for account in accounts:
            connection.set(account, b"1000")

    moves = scaled(300, 50)
    net = [[0] * len(accounts) for _ in range(THREADS)]

    def change(connection, index, which, amount):
        while True:
            value, cas = connection.gets(accounts[which])
            new = b"%d" % (int(value) + amount)
            reply = connection.ask(b"cas %b 0 0 %d %d\r\n%b\r\n"
                                   % (accounts[which], len(new), cas, new))
            assert reply in (b"STORED\r\n", b"EXISTS\r\n"), reply
            if reply == b"STORED\r\n":
                net[index][which] += amount
                return

    def work(index):
        rng = random.Random(SEED * 2 + index)
        with server.text() as connection:
            for _ in range(moves):
                source, target = rng.sample(range(len(accounts)), 2)
                amount = rng.randint(1, 5)
                change(connection, index, source, -amount)
                change(connection, index, target, amount)

    run_threads(work, THREADS)
    with server.text() as connection:
        balances = [int(connection.get(account)) for account in accounts]
    assert sum(balances) == 1000 * len(accounts)
    for which, balance in enumerate(balances):
        assert balance == 1000 + sum(thread[which] for thread in net)


def test_meta_cas_conserves_a_sum(server):
    """The same with mg and ms C."""
    with server.text() as connection:
        connection.set(b"meta-sum", b"0")
    rounds = scaled(300, 50)

    def work(_):
        with server.text() as connection:
            done = 0
            while done < rounds:
                connection.send(b"mg meta-sum c v\r\n")
                word, size, cas = connection.line().split(b" ")
                assert word == b"VA"
                value = int(connection.read(int(size) + 2))
                new = b"%d" % (value + 1)
                reply = connection.ask(b"ms meta-sum %d C%b\r\n%b\r\n" % (len(new), cas[1:], new))
                assert reply in (b"HD\r\n", b"EX\r\n"), reply
                done += reply == b"HD\r\n"

    run_threads(work, THREADS)
    with server.text() as connection:
        assert int(connection.get(b"meta-sum")) == rounds * THREADS


def test_incr_loses_nothing(server):
    """Text, meta and binary clients count one number up and down; every answer is given once."""
    with server.text() as connection:
        connection.set(b"count", b"1000000000")
        connection.set(b"tickets", b"0")
    batches, width = scaled(40, 8), 50
    tickets = [[] for _ in range(THREADS)]

    def text_work(index, connection):
        for _ in range(batches):
            replies = connection.ask(b"incr count 3\r\n" * width + b"decr count 1\r\n" * width)
            assert replies.count(b"\r\n") == 2 * width
            replies = connection.ask(b"incr tickets 1\r\n" * width)
            tickets[index] += [int(line) for line in replies.split()]

    def meta_work(index, connection):
        for _ in range(batches):
            replies = connection.ask(b"ma count D3\r\n" * width + b"ma count MD\r\n" * width)
            assert replies == b"HD\r\n" * 2 * width
            replies = connection.ask(b"ma tickets v\r\n" * width)
            tickets[index] += [int(line) for line in replies.split(b"\r\n")[1::2]]

    def binary_work(index):
        up, down = wire.arithmetic(wire.INCR, b"count", 3), wire.arithmetic(wire.DECR, b"count", 1)
        take = wire.arithmetic(wire.INCR, b"tickets", 1)
        with server.binary_connection() as connection:
            for _ in range(batches):
                replies = connection.ask(up * width + down * width)
                assert len(replies) == 2 * width and all(r.status == 0 for r in replies)
                tickets[index] += [int.from_bytes(r.value, "big")
                                   for r in connection.ask(take * width)]

    def work(index):
        if index % 3 == 2:
            binary_work(index)
            return
        with server.text() as connection:
            (text_work, meta_work)[index % 3](index, connection)

    run_threads(work, THREADS)
    total = batches * width * THREADS
    with server.text() as connection:
        assert int(connection.get(b"count")) == 1000000000 + 2 * total
    assert sorted(ticket for own in tickets for ticket in own) == list(range(1, total + 1))
    for own in tickets:
        assert own == sorted(own)


def test_add_and_delete_have_one_winner(server):
    """Of several adds of a key one is stored; of several deletes one deletes."""
    count = scaled(400, 80)
    stored = [0] * count
    deleted = [0] * count
    lock = threading.Lock()
    barrier = threading.Barrier(THREADS)

    def work(index):
        with server.text() as connection:
            for request, good, tally in (
                    (b"add once-%d 0 0 1\r\nx\r\n", b"STORED", stored),
                    (b"delete once-%d\r\n", b"DELETED", deleted)):
                barrier.wait()
                replies = connection.ask(b"".join(request % i for i in range(count))).split()
                assert len(replies) == count
                with lock:
                    for i, reply in enumerate(replies):
                        tally[i] += reply == good

    run_threads(work, THREADS)
    assert stored == [1] * count
    assert deleted == [1] * count


@pytest.mark.parametrize("size", [6, 900])
def test_appends_and_prepends_lose_nothing(server, size):
    """Every piece ends up in the value exactly once and whole; large ones make it outgrow a page's
    half while others read it."""
    key = b"pieces-%d" % size
    with server.text() as connection:
        connection.set(key, b"")
    count = scaled(200, 40) if size == 6 else scaled(90, 40)

    def piece(index, number):
        return b"<%d.%03d%b>" % (index, number, b"." * (size - 6))

    def work(index):
        verb = b"append" if index % 2 else b"prepend"
        with server.text() as connection:
            for number in range(count):
                data = piece(index, number)
                reply = connection.ask(b"%b %b 0 0 %d\r\n%b\r\n" % (verb, key, len(data), data))
                assert reply == b"STORED\r\n"
                if number % 10 == 0:
                    seen = connection.get(key)
                    assert seen.startswith(b"<") and seen.endswith(b">")
                    assert len(seen) % len(data) == 0

    run_threads(work, THREADS)
    with server.text() as connection:
        value = connection.get(key)
    expected = sorted(piece(i, n) for i in range(THREADS) for n in range(count))
    assert sorted(part + b">" for part in value.split(b">")[:-1]) == expected


@pytest.mark.larder_only  # memcached's flush walks the items and now and then passes one by
def test_flush_all_is_exact(server):
    """What was acknowledged before the flush was sent is gone after its OK; what was sent after the
    OK survives until the next one. Writers never reuse a key."""
    rounds = scaled(15, 6)
    sent = [0] * THREADS
    acknowledged = [0] * THREADS
    stop = threading.Event()

    def key(index, number):
        return b"flush-%d-%07d" % (index, number)

    def writer(index):
        width = 20
        with server.text() as connection:
            while not stop.is_set():
                first = sent[index]
                sent[index] += width
                replies = connection.ask(b"".join(
                    b"set %b 0 0 1\r\nx\r\n" % key(index, n) for n in range(first, first + width)))
                assert replies == b"STORED\r\n" * width
                acknowledged[index] += width

    def present(connection, index, first, last):
        found = set()
        for start in range(first, last, 500):
            names = [key(index, n) for n in range(start, min(last, start + 500))]
            found |= set(connection.get_many(names))
        return found

    def flusher():
        checked = [0] * (THREADS - 1)
        with server.text() as connection:
            for _ in range(rounds):
                before = acknowledged[:-1]
                assert connection.ask(b"flush_all\r\n") == b"OK\r\n"
                after = sent[:-1]
                # Let each writer get past the flush by a few batches.
                while any(acknowledged[i] < after[i] + 100 for i in range(THREADS - 1)):
                    assert not stop.is_set()
                    connection.ask(b"version\r\n")
                until = acknowledged[:-1]
                for i in range(THREADS - 1):
                    left = present(connection, i, checked[i], before[i])
                    assert not left, f"survived a flush: {sorted(left)[:3]}"
                    kept = present(connection, i, after[i], until[i])
                    assert len(kept) == until[i] - after[i], "lost after a flush"
                checked = after

    def work(index):
        try:
            if index == THREADS - 1:
                flusher()
            else:
                writer(index)
        finally:
            stop.set()

    run_threads(work, THREADS)


def test_clients_that_come_and_go(server):
    """Connections opened and dropped in mid-request while others work."""
    rounds = scaled(150, 30)

    def work(index):
        rng = random.Random(SEED * 3 + index)
        for number in range(rounds):
            with server.text() as connection:
                key = b"come-%d" % index
                value = stamped(key, index, number, rng.randint(10, 30_000))
                if rng.random() < 0.5:
                    connection.send(b"set %b 0 0 %d\r\n%b" % (
                        key, len(value), value[:rng.randrange(len(value))]))
                    continue
                assert connection.set(key, value) == b"STORED"
                assert connection.get(key) == value

    run_threads(work, THREADS)
