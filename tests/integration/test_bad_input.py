"""Input that is wrong, endless, cut off or noise: each connection gets the documented error or is
closed, and another client, who sits beside all of it, sees nothing."""

import os
import random
import socket
import struct

import pytest

import wire
from server import Server, scaled, wait_for
from wire import packet

SEED = 7_011_977

FORMAT = b"CLIENT_ERROR bad command line format\r\n"


@pytest.fixture(scope="module", name="server")
def watched():
    """A server that holds values of another client, which must be there after every test."""
    running = Server("-m", "64")
    with running.text() as witness:
        for number in range(50):
            witness.set(b"witness%d" % number, b"%d" % (number % 10) * 50)
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def other_clients_see_nothing(server):
    with server.text() as witness:
        yield
        names = [b"witness%d" % number for number in range(50)]
        found = witness.get_many(names)
        assert found == {name: b"%d" % (number % 10) * 50 for number, name in enumerate(names)}


def endless(server, start, filler, limit=64 << 20):
    """Sends start and then filler without end; returns what came back once the server hung up."""
    with server.text() as connection:
        connection.sock.settimeout(None)
        connection.sock.setblocking(True)
        sent = 0
        try:
            connection.send(start)
            while sent < limit:
                connection.send(filler)
                sent += len(filler)
        except (BrokenPipeError, ConnectionResetError):
            return connection.until_closed()
    raise AssertionError(f"{limit} bytes were taken without an answer")


@pytest.mark.parametrize("start", [b"", b"set ", b"delete ", b"mg ", b"bogus", b" " * 200 + b"get "])
def test_a_line_without_end_is_hung_up_on(server, start):
    rss = server.rss_bytes()
    endless(server, start, b"x" * 4096)
    assert server.rss_bytes() - rss < 16 << 20


def test_long_get_lines_may_come_in_pieces(server):
    """The one kind of line that has no limit, sent slowly."""
    names = [b"witness%d" % (i % 60) for i in range(3000)]
    line = b"get " + b" ".join(names) + b"\r\n"
    with server.text() as connection:
        for start in range(0, len(line), 1000):
            connection.send(line[start:start + 1000])
        reply = connection.ask(b"")
    assert reply.count(b"VALUE ") == sum(1 for i in range(3000) if i % 60 < 50)
    assert reply.endswith(b"END\r\n")


@pytest.mark.larder_only  # memcached buffers such a line without bound
def test_a_get_line_without_end_does_not_fill_the_memory(server):
    """It may be any length, but a single key may not, and nothing is kept of what was handled."""
    rss = server.rss_bytes()
    try:
        endless(server, b"get ", b"x" * 4096, limit=32 << 20)
    except AssertionError:
        pass  # taken, and thrown away
    assert server.rss_bytes() - rss < 16 << 20


@pytest.mark.parametrize("length", [
    b"-1", b"-2147483648", b"-9223372036854775808", b"2147483646", b"2147483647", b"2147483648",
    b"4294967295", b"4294967296", b"4294967297", b"18446744073709551615",
    b"99999999999999999999999999", b"0x10", b"1e3", b"1.5", b"1a", b"nan"])
@pytest.mark.parametrize("request_line", [b"set k 0 0 %b\r\n", b"ms k %b\r\n", b"cas k 0 0 %b 1\r\n"])
def test_lengths_that_are_none(server, request_line, length):
    with server.text() as connection:
        assert connection.ask(request_line % length) == FORMAT
        assert connection.ask(b"get k\r\n") == b"END\r\n"


@pytest.mark.parametrize("size", [2 << 20, 1_000_000_000, 2_147_483_645])
def test_huge_lengths_reserve_nothing(server, size):
    """The length is legal, the value is over the limit: its data is thrown away as it comes."""
    rss = server.rss_bytes()
    connections = [server.text() for _ in range(20)]
    for connection in connections:
        connection.send(b"set huge 0 0 %d\r\n" % size + b"x" * (1 << 20))
    with server.text() as other:
        assert other.ask(b"get huge\r\n") == b"END\r\n"
    assert server.rss_bytes() - rss < 32 << 20
    if size == 2 << 20:
        for connection in connections:
            assert connection.ask(b"x" * (1 << 20) + b"\r\n") == \
                b"SERVER_ERROR object too large for cache\r\n"
    for connection in connections:
        connection.close()


def test_huge_binary_bodies_reserve_nothing(server):
    rss = server.rss_bytes()
    for size in (1 << 21, 1 << 29, (1 << 30) - 1):
        with server.binary_connection() as connection:
            connection.send(packet(wire.SET, b"k", extras=b"\0" * 8, body_length=size)
                            + b"x" * (1 << 20))
            if size == 1 << 21:
                connection.send(b"x" * ((1 << 20) - 9))
                assert connection.response().status == wire.TOO_LARGE
                assert connection.ask_one(packet(wire.NOOP)).status == 0
    assert server.rss_bytes() - rss < 32 << 20


def test_missing_line_end_of_the_data(server):
    with server.text() as connection:
        assert connection.ask(b"set k 0 0 5\r\nabcdeXXget witness1\r\n").startswith(
            b"CLIENT_ERROR bad data chunk\r\n")
        assert connection.ask(b"get k\r\n") == b"END\r\n"
        assert connection.ask(b"ms k 5\r\nabcde\n\nmn\r\n").startswith(
            b"CLIENT_ERROR bad data chunk\r\n")


@pytest.mark.parametrize("part", [
    b"g", b"get witness1", b"get witness1\r", b"set half 0 0 100\r\n", b"set half 0 0 100\r\nabc",
    b"set half 0 0 3\r\nabc", b"set half 0 0 3\r\nabc\r", b"ms half 3\r\nab", b"mg half",
    b"\x80", packet(wire.GET, b"half")[:10], packet(wire.GET, b"half")[:-1],
    wire.storage(wire.SET, b"half", b"value")[:-2],
    b"set half 0 0 900000\r\n" + b"x" * 800_000], ids=lambda part: repr(part[:30]))
def test_cut_off_requests_leave_nothing(server, part):
    """The client goes away, politely or not, in the middle of a request."""
    before = int(server.stats()["curr_connections"])
    for rude in (False, True):
        connection = server.text()
        connection.send(part)
        if rude:
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            connection.sock.shutdown(socket.SHUT_WR)
            connection.until_closed()
        connection.close()
    with server.text() as text:
        assert text.get(b"half") is None
        wait_for(lambda: int(text.stats()["curr_connections"]) <= before, "the connections close")


def test_half_closed_clients_get_their_answers(server):
    """A client that sends all it has and closes its side still receives every reply."""
    with server.text() as connection:
        connection.send(b"get witness1\r\n" * 500)
        connection.sock.shutdown(socket.SHUT_WR)
        assert connection.until_closed() == (b"VALUE witness1 0 50\r\n" + b"1" * 50
                                             + b"\r\nEND\r\n") * 500


def test_clients_that_never_read_their_errors(server):
    """Floods of bad lines, answers unread."""
    for _ in range(20):
        connection = server.text()
        connection.sock.setblocking(False)
        try:
            for _ in range(50):
                connection.sock.send(b"bogus\r\n" * 5000)
        except OSError:
            pass
        connection.close()


def hurl(server, data):
    """Sends bytes, closes the sending side, and reads what comes until the end."""
    with server.text() as connection:
        try:
            connection.send(data)
            connection.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        return connection.until_closed()


def test_noise(server):
    """Random bytes, from a seed, opening a connection as text and as binary."""
    rng = random.Random(SEED)
    for _ in range(scaled(600, 200)):
        data = rng.randbytes(rng.choice((1, 10, 24, 25, 100, 3000, 70_000)))
        hurl(server, rng.choice((b"", b"\x80", b"get ", b"set k 0 0 ", b"ms k ", b"mg ")) + data)


def test_noisy_lines(server):
    """Lines of words that commands are made of, in any order: always answered, never with data of
    others, and the connection still understands the next request."""
    rng = random.Random(SEED + 1)
    words = [b"get", b"gets", b"gat", b"set", b"add", b"cas", b"append", b"incr", b"decr", b"touch",
             b"delete", b"mg", b"ms", b"md", b"ma", b"me", b"mn", b"verbosity", b"version", b"stats",
             b"lru", b"slabs", b"lru_crawler", b"cache_memlimit", b"noreply", b"0", b"1", b"-1",
             b"65", b"18446744073709551615", b"4294967296", b"x", b"v", b"k", b"q", b"T0", b"T-1",
             b"N30", b"O123", b"C1", b"I", b"b", b"MS", b"", b"\x00", b"\xff" * 9, b"k" * 251]
    for _ in range(scaled(3000, 800)):
        line = b" ".join(rng.choices(words, k=rng.randint(1, 8)))
        if line.startswith((b"cache_memlimit", b"slabs", b"verbosity", b"lru", b"stats reset")):
            continue  # these may legally change what the other tests look at
        with server.text() as connection:
            connection.send(line + b"\r\n")
            # Whatever the line was, even the start of a value: this is enough to end it, and a
            # fresh line after it is read as one.
            connection.send(b"y" * 80 + b"\r\n" + b"get witness7\r\n")
            connection.sock.shutdown(socket.SHUT_WR)
            reply = connection.until_closed()
            assert b"witness7" in reply or not reply or b"ERROR" in reply, (line, reply)


def test_noisy_packets(server):
    """Binary headers with random fields around real opcodes."""
    rng = random.Random(SEED + 2)
    interesting = (0, 1, 4, 8, 20, 24, 250, 251, 255, 65535)
    for _ in range(scaled(3000, 800)):
        opcode = rng.choice((rng.randrange(0x28), rng.randrange(256)))
        if opcode in (wire.FLUSH, wire.FLUSHQ):
            continue
        data = wire.HEADER.pack(0x80, opcode, rng.choice(interesting) & 0xFFFF,
                                rng.choice(interesting) & 0xFF, rng.choice((0, 0, 0, 1)), 0,
                                rng.choice(interesting + (1 << 20, 1 << 30, 0xFFFFFFFF)),
                                rng.getrandbits(32), rng.choice((0, 1, rng.getrandbits(64))))
        reply = hurl(server, data + rng.randbytes(rng.choice((0, 8, 30, 300))))
        assert not reply or reply[0] == 0x81 or reply[:1] in b"CES", reply[:50]


def test_descriptors_are_given_back(server):
    """After all of that, the server holds no more descriptors than connections; a few may be
    on their way in or out."""
    open_now = len(os.listdir(f"/proc/{server.pid}/fd"))
    for _ in range(200):
        hurl(server, b"get witness1\r\n")
    wait_for(lambda: len(os.listdir(f"/proc/{server.pid}/fd")) < open_now + 10, "descriptors close")
