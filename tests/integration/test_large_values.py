"""Values above half a page, up to the largest item there may be (-I, 1 GiB)."""

import hashlib
import random

import pytest

import wire
from server import SANITIZED, scaled
from wire import packet, storage

MB = 1 << 20
GB = 1 << 30


def pattern(size, seed):
    """Bytes that differ everywhere, quickly made."""
    block = random.Random(seed).randbytes(min(size, 65_521))
    return (block * (size // len(block) + 1))[:size] if size else b""


def available_memory():
    with open("/proc/meminfo", encoding="ascii") as lines:
        for line in lines:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return 0


# Around every boundary that an implementation may have: chunk, half a page, page.
SIZES = sorted({base + delta for base in (8192, 16_384, 262_144, 524_288, MB, 2 * MB, 4 * MB)
                for delta in (-100, -1, 0, 1, 100)} | {7 * MB})


def test_sizes_around_every_boundary(launch):
    server = launch("-m", "128", "-I", "8m")
    with server.text() as text, server.binary_connection() as binary:
        for size in SIZES:
            value = pattern(size, size)
            assert text.set(b"size%d" % size, value, flags=size) == b"STORED"
            assert text.get(b"size%d" % size) == value
            assert text.ask(b"mg size%d s f\r\n" % size) == b"HD s%d f%d\r\n" % (size, size)
            found = binary.ask_one(packet(wire.GETK, b"size%d" % size))
            assert found.value == value
            assert binary.ask_one(storage(wire.REPLACE, b"size%d" % size, value[::-1])).status == 0
            assert text.get(b"size%d" % size) == value[::-1]
            assert text.ask(b"ms size%d %d\r\n%b\r\n" % (size, size, value)) == b"HD\r\n"
            assert text.get(b"size%d" % size) == value


def test_everything_that_can_be_done_to_a_large_value(launch):
    server = launch("-m", "128", "-I", "8m")
    value = pattern(3 * MB, 1)
    with server.text() as text:
        text.set(b"k", value)
        assert text.ask(b"add k 0 0 1\r\nx\r\n") == b"NOT_STORED\r\n"
        assert text.ask(b"touch k 1000\r\n") == b"TOUCHED\r\n"
        text.send(b"gat 0 k\r\n")
        assert text.line() == b"VALUE k 0 %d" % len(value)
        assert text.read(len(value) + 7) == value + b"\r\nEND\r\n"
        assert text.ask(b"append k 0 0 4\r\ntail\r\n") == b"STORED\r\n"
        assert text.ask(b"prepend k 0 0 4\r\nhead\r\n") == b"STORED\r\n"
        whole = b"head" + value + b"tail"
        assert text.get(b"k") == whole
        more = pattern(2 * MB, 2)
        assert text.ask(b"append k 0 0 %d\r\n%b\r\n" % (len(more), more)) == b"STORED\r\n"
        assert text.get(b"k") == whole + more
        assert text.ask(b"incr k 1\r\n") == \
            b"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"
        _, cas = text.gets(b"k")
        assert text.ask(b"cas k 0 0 %d %d\r\n%b\r\n" % (len(more), cas, more)) == b"STORED\r\n"
        assert text.ask(b"cas k 0 0 %d %d\r\n%b\r\n" % (len(value), cas, value)) == b"EXISTS\r\n"
        assert text.get(b"k") == more
        assert text.ask(b"append k 0 0 %d\r\n%b\r\n" % (7 * MB, b"x" * 7 * MB)) == b"NOT_STORED\r\n"
        assert text.get(b"k") == more
        assert text.ask(b"delete k\r\n") == b"DELETED\r\n"
        assert text.get(b"k") is None


def test_several_large_values_in_one_get(launch):
    server = launch("-m", "256", "-I", "8m")
    values = {b"many%d" % i: pattern(MB + i * 500_000, i) for i in range(10)}
    with server.text() as text:
        for key, value in values.items():
            text.set(key, value)
        assert text.get_many(list(values)) == values
        binary = server.binary_connection()
        responses = binary.ask(b"".join(packet(wire.GETKQ, key) for key in values))
        assert {r.key: r.value for r in responses} == values
        binary.close()


def test_large_values_are_evicted_for_large_values(launch):
    """A stream of them through a small cache: always taken, the last ones there, memory bounded."""
    server = launch("-m", "64", "-I", "16m")
    with server.text() as text:
        rss = server.rss_bytes()
        rng = random.Random(5)
        for number in range(scaled(150, 60)):
            value = pattern(rng.randint(MB, 12 * MB), number)
            assert text.set(b"stream%d" % number, value) == b"STORED"
            assert text.get(b"stream%d" % number) == value
        if not SANITIZED:
            assert server.rss_bytes() - rss < 120 * MB
        assert int(text.stats()["evictions"]) > 0


@pytest.mark.slow
@pytest.mark.larder_only  # memcached keeps half of -m, this needs it whole
def test_one_gibibyte(launch):
    """The largest item there is; it is written and read back in pieces."""
    if available_memory() < 5 * GB or SANITIZED:
        pytest.skip("needs 5 GB of free memory and no sanitizer")
    server = launch("-m", "2300", "-I", "1024m")
    size = GB - 1000
    piece = pattern(8 * MB, 3)
    with server.text() as text:
        text.send(b"set big 0 0 %d\r\n" % size)
        sent = hashlib.sha1()
        for start in range(0, size, len(piece)):
            part = piece[:min(len(piece), size - start)]
            sent.update(part)
            text.send(part)
        text.send(b"\r\n")
        assert text.line() == b"STORED"
        text.send(b"get big\r\n")
        assert text.line() == b"VALUE big 0 %d" % size
        received = hashlib.sha1()
        left = size
        while left:
            part = text.read(min(left, 8 * MB))
            received.update(part)
            left -= len(part)
        assert text.read(7) == b"\r\nEND\r\n"
        assert received.digest() == sent.digest()
        with server.text() as other:
            assert other.set(b"small", b"v") == b"STORED"
        assert text.ask(b"set over 0 0 %d\r\n" % (GB + 1)
                        + b"x" * (GB + 1) + b"\r\n") == b"SERVER_ERROR object too large for cache\r\n"
