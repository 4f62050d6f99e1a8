"""Connections in number and at rest: ten thousand idle ones, readers that do not read, limits.

Memory is read from /proc and compared with what the server used before; sanitized servers keep
freed memory on purpose, so there only the behaviour is looked at.
"""

import resource
import select
import socket

import pytest

from server import SANITIZED, scaled, wait_for

MB = 1 << 20
REFUSAL = b"ERROR Too many open connections\r\n"


@pytest.fixture
def many_descriptors():
    """Raises this process's own limit, which the server inherits."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 12_000
    hard = before[1] if before[1] != resource.RLIM_INFINITY else wanted
    if hard < wanted:
        pytest.skip(f"only {hard} descriptors are allowed here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], wanted), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def grown(server, before):
    """Bytes the server's memory grew by; 0 under a sanitizer, whose figures say nothing."""
    return 0 if SANITIZED else server.rss_bytes() - before


def test_idle_connections_cost_little(launch, many_descriptors):
    """They were used, then left alone: no buffers stay with them, and the rest goes on."""
    server = launch("-c", "11000", "-b", "4096")
    count = scaled(10_000, 2_000)
    with server.text() as text:
        text.set(b"k", b"v" * 3000)
        text.get(b"k")
    before = server.rss_bytes()
    idle = []
    try:
        for number in range(count):
            connection = server.text()
            idle.append(connection)
            if number % 2:
                assert connection.get(b"k") == b"v" * 3000
        with server.text() as text:
            assert int(text.stats()["curr_connections"]) >= count
            assert text.ask(b"get k\r\n" * 1000).count(b"END\r\n") == 1000
        assert grown(server, before) < 10 * MB
        for connection in idle:
            connection.send(b"get k\r\n")
        for connection in idle:
            assert connection.line() == b"VALUE k 0 3000"
        assert grown(server, before) < 64 * MB
    finally:
        for connection in idle:
            connection.close()
    with server.text() as text:
        wait_for(lambda: int(text.stats()["curr_connections"]) < 20, "the connections close")


def push(connection, data, quiet_polls=20):
    """Sends until all is sent, or until the server has stopped taking it; bytes that were taken."""
    connection.sock.setblocking(False)
    sent, refused = 0, 0
    while sent < len(data) and refused < quiet_polls:
        if select.select([], [connection.sock], [], 0.05)[1]:
            sent += connection.sock.send(data[sent:sent + 65536])
            refused = 0
        else:
            refused += 1
    connection.sock.setblocking(True)
    connection.sock.settimeout(60)
    return sent


@pytest.mark.parametrize("size, count", [(100_000, 100_000), (1_000, 1_000_000), (20, 2_000_000)])
def test_a_client_that_never_reads(launch, size, count):
    """Its replies would be gigabytes. The server keeps a bounded part, stops reading it and serves
    the others; replies that were promised stay whole, whatever happens to the item meanwhile."""
    server = launch("-m", "128")
    count = scaled(count, count // 10)
    old, new = b"a" * size, b"b" * size
    with server.text() as deaf, server.text() as other:
        other.set(b"big", old)
        other.get(b"big")
        before = server.rss_bytes()
        taken = push(deaf, b"get big\r\n" * count)
        assert grown(server, before) < 64 * MB
        for number in range(200):
            assert other.set(b"other", b"%d" % number) == b"STORED"
            assert other.get(b"other") == b"%d" % number
        other.set(b"big", new)
        assert other.ask(b"delete big\r\n") == b"DELETED\r\n"
        other.set(b"big", new)
        # Now it reads: whole values, first the old one, then perhaps the new one.
        header = b"VALUE big 0 %d\r\n" % size
        for _ in range(min(300, taken // 9)):
            reply = deaf.read(len(header) + size + 7)
            assert reply in (header + old + b"\r\nEND\r\n", header + new + b"\r\nEND\r\n")
        assert grown(server, before) < 64 * MB
        assert other.get(b"big") == new


def test_many_clients_that_never_read(launch):
    """Fifty of them at once, large values, and one that works."""
    server = launch("-m", "256", "-I", "8m")
    with server.text() as other:
        other.set(b"big", b"x" * 5_000_000)
        other.get(b"big")
        before = server.rss_bytes()
        deaf = [server.text() for _ in range(50)]
        for connection in deaf:
            connection.send(b"get big\r\n" * 50)
        for number in range(200):
            assert other.set(b"other", b"%d" % number) == b"STORED"
        assert grown(server, before) < 64 * MB
        for connection in deaf:
            connection.close()
        wait_for(lambda: int(other.stats()["curr_connections"]) < 20, "the connections close")


def test_a_slow_sender_of_a_large_value(launch):
    """A value arriving in small pieces, some of them across other clients' work."""
    server = launch()
    value = bytes(i % 251 for i in range(900_000))
    with server.text() as slow, server.text() as other:
        slow.send(b"set slow 0 0 %d\r\n" % len(value))
        for start in range(0, len(value), 30_011):
            slow.send(value[start:start + 30_011])
            assert other.set(b"other", b"%d" % start) == b"STORED"
            assert other.get(b"slow") is None
        slow.send(b"\r\n")
        assert slow.line() == b"STORED"
        assert other.get(b"slow") == value


def open_until_refused(server, most):
    """Connections that are served, and the first one that is not."""
    served = []
    for _ in range(most):
        connection = server.text()
        try:
            connection.send(b"version\r\n")
            line = connection.line()
        except OSError:  # refused and closed before the request was sent
            line = connection.until_closed().strip() or REFUSAL.strip()
        if line == REFUSAL.strip():
            return served, connection
        assert line.startswith(b"VERSION")
        served.append(connection)
    raise AssertionError(f"{most} connections were served")


def test_connection_limit_answers_and_closes(launch):
    """The default: whoever comes over the limit is told so. The others do not notice."""
    server = launch("-c", "100", "-t", "1")
    served, refused = open_until_refused(server, 120)
    assert 50 <= len(served) <= 100
    assert refused.until_closed() in (b"", REFUSAL)
    for _ in range(10):
        with server.text() as connection:
            assert connection.until_closed() == REFUSAL
    stats = served[0].stats()
    assert int(stats["rejected_connections"]) >= 11
    assert stats["max_connections"] == "100"
    for connection in served:
        assert connection.ask(b"get none\r\n") == b"END\r\n"
    for connection in served[1:10]:
        connection.close()

    def serves_again():
        with server.text() as connection:
            try:
                connection.send(b"get none\r\n")
                return connection.line() == b"END"
            except OSError:
                return False

    wait_for(serves_again, "a place that became free is taken")
    assert server.stats("settings")["maxconns_fast"] == "yes"


def test_connection_limit_stops_accepting(launch):
    """no_maxconns_fast: the listener rests, and clients wait in the queue until one leaves."""
    server = launch("-c", "100", "-t", "1", "-o", "no_maxconns_fast")
    served = []
    waiting = None
    for _ in range(120):
        connection = server.text()
        connection.send(b"get none\r\n")
        # With all served so far answered, the next is answered too unless the listener rests.
        ready = wait_for(lambda c=connection: select.select([c.sock], [], [], 0)[0] or
                         (served and served[0].stats()["accepting_conns"] == "0"), "an answer or a rest")
        if ready is True and not select.select([connection.sock], [], [], 0)[0]:
            waiting = connection
            break
        assert connection.line() == b"END"
        served.append(connection)
    assert waiting is not None, "the listener never rested"
    assert 50 <= len(served) <= 100
    stats = served[0].stats()
    assert int(stats["listen_disabled_num"]) >= 1
    for connection in served[1:5]:
        connection.close()
    assert waiting.line() == b"END"
    wait_for(lambda: served[0].stats()["accepting_conns"] == "1", "the listener works again")


def test_connections_are_spread_over_workers(launch):
    """Every worker gets some; each connection keeps its answers."""
    server = launch("-t", "4")
    connections = [server.text() for _ in range(40)]
    for number, connection in enumerate(connections):
        connection.send(b"set spread%d 0 0 2\r\n%02d\r\n" % (number, number))
    for connection in connections:
        assert connection.line() == b"STORED"
    for number, connection in enumerate(connections):
        assert connection.get(b"spread%d" % number) == b"%02d" % number
    stats = server.stats()
    assert int(stats["curr_connections"]) >= 40
    assert int(stats["total_connections"]) >= 40
    for connection in connections:
        connection.close()


def test_a_pipeline_deeper_than_any_buffer(launch):
    """Half a million requests in one go, read while they are sent; all answered, in order."""
    server = launch("-m", "128")
    count = scaled(500_000, 50_000)
    with server.text() as connection:
        requests = b"".join(b"set p%d 0 0 6\r\n%06d\r\nget p%d\r\n" % (i % 1000, i, i % 1000)
                            for i in range(count))
        expected = b"".join(b"STORED\r\nVALUE p%d 0 6\r\n%06d\r\nEND\r\n" % (i % 1000, i)
                            for i in range(count))
        connection.sock.setblocking(False)
        sent, received = 0, bytearray()
        while len(received) < len(expected):
            want_write = [connection.sock] if sent < len(requests) else []
            readable, writable, _ = select.select([connection.sock], want_write, [], 60)
            assert readable or writable, "the server fell silent"
            if writable:
                sent += connection.sock.send(requests[sent:sent + 200_000])
            if readable:
                data = connection.sock.recv(1 << 20)
                assert data, "closed"
                received += data
        assert bytes(received) == expected


def test_many_short_connections(launch):
    """Thousands that come, ask once and go; nothing is left behind."""
    server = launch(transport="tcp")
    for number in range(scaled(3000, 500)):
        with server.text() as connection:
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.send(b"get none\r\n")
            assert connection.line() == b"END"
    stats = server.stats()
    assert int(stats["total_connections"]) >= scaled(3000, 500)
    wait_for(lambda: int(server.stats()["curr_connections"]) < 20, "the connections close")
