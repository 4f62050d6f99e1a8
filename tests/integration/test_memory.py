"""The memory limit: what is evicted, what is never refused, and what is always found again."""

import random

import pytest

from server import SANITIZED, scaled, wait_for

MB = 1 << 20


def fill(text, prefix, count, size, batch=2000):
    """Stores count values of a size, each naming its own number; the answers must all be STORED."""
    for first in range(0, count, batch):
        last = min(count, first + batch)
        reply = text.ask(b"".join(b"set %b%d 0 0 %d\r\n%b\r\n" % (
            prefix, i, size, value_of(i, size)) for i in range(first, last)))
        assert reply == b"STORED\r\n" * (last - first), \
            next(line for line in reply.split(b"\r\n") if line != b"STORED")


def value_of(number, size):
    head = b"%d:" % number
    return head + b"." * (size - len(head))


def found(text, prefix, numbers, size, width=100):
    """Which of the numbered values are there; each must be the right one."""
    present = set()
    numbers = list(numbers)
    for start in range(0, len(numbers), width):
        chunk = numbers[start:start + width]
        values = text.get_many([b"%b%d" % (prefix, i) for i in chunk])
        for i in chunk:
            value = values.get(b"%b%d" % (prefix, i))
            if value is not None:
                assert value == value_of(i, size)
                present.add(i)
    return present


@pytest.mark.larder_only
@pytest.mark.parametrize("first, second", [(100, 900_000), (900_000, 100), (100, 5000),
                                           (5000, 100), (20_000, 400_000)])
def test_a_change_of_sizes_is_never_refused(launch, first, second):
    """A cache full of one size takes any other at once: no store fails while anything could be
    evicted, and what was stored last is there."""
    limit = 64 * MB
    server = launch("-m", "64")
    with server.text() as text:
        for prefix, size in ((b"a", first), (b"b", second), (b"c", first)):
            count = min(2 * limit // (size + 60), scaled(500_000, 120_000))
            fill(text, prefix, count, size, batch=max(1, min(2000, 8 * MB // size)))
            recent = min(count, 20 if size > 10_000 else 1000)
            kept = found(text, prefix, range(count - recent, count), size)
            assert len(kept) == recent, f"{recent - len(kept)} of the last {recent} are gone"
    stats = server.stats()
    assert stats["store_no_memory"] == "0"
    if not SANITIZED:
        assert int(stats["evictions"]) > 0


@pytest.mark.larder_only
def test_mixed_sizes_are_never_refused(launch):
    """Sizes from a few bytes to the limit, in random order, from a seed."""
    server = launch("-m", "64")
    rng = random.Random(4242)
    with server.text() as text:
        for number in range(scaled(6000, 1500)):
            size = int(10 ** rng.uniform(1, 5.99))
            assert text.set(b"mixed%d" % number, value_of(number, size)) == b"STORED"
            assert text.get(b"mixed%d" % number) == value_of(number, size)
    assert server.stats()["store_no_memory"] == "0"


def test_the_limit_is_kept(launch):
    """Whatever is written, memory stays near -m and `bytes` below it."""
    server = launch("-m", "64")
    rss = server.rss_bytes()
    with server.text() as text:
        for size in (200, 3000, 50_000):
            fill(text, b"limit%d-" % size, scaled(160, 80) * MB // (size + 60), size)
            stats = text.stats()
            assert int(stats["bytes"]) <= 64 * MB == int(stats["limit_maxbytes"])
            if not SANITIZED:
                assert server.rss_bytes() - rss < 100 * MB
        assert int(stats["evictions"]) > 0


def test_evicted_are_old_ones(launch):
    """Items that are read all the time outlive the stream of new ones that nobody reads."""
    server = launch("-m", "64")
    with server.text() as text:
        fill(text, b"hot", 200, 1000)
        cold = 0
        for _ in range(scaled(150, 110)):
            fill(text, b"cold%d-" % cold, 1000, 1000)
            cold += 1
            assert found(text, b"hot", range(200), 1000) == set(range(200))
    stats = server.stats()
    assert int(stats["evictions"]) > 0
    assert int(stats["evicted_unfetched"]) <= int(stats["evictions"])


def test_expired_items_go_before_live_ones(launch):
    """With half the cache expired, new items take that half."""
    server = launch("-m", "64")
    with server.text() as text:
        count = 25_000
        fill(text, b"live", count, 1000)
        for first in range(0, count, 1000):
            text.ask(b"".join(b"set dead%d 0 1 1000 noreply\r\n%1000d\r\n" % (i, i)
                              for i in range(first, first + 1000)))
        wait_for(lambda: text.get(b"dead%d" % (count - 1)) is None, "the items expire")
        wait_for(lambda: text.ask(b"lru_crawler crawl all\r\n") and
                 int(text.stats()["curr_items"]) <= count, "expired items are reclaimed")
        before = int(text.stats()["evictions"])
        fill(text, b"new", 15_000, 1000)
        assert int(text.stats()["evictions"]) == before
        assert len(found(text, b"live", range(count), 1000)) == count


@pytest.mark.slow
def test_two_million_small_items(launch):
    """The table grows while it is used; nothing is lost and nothing takes another's place."""
    server = launch("-m", "1024")
    count = scaled(2_000_000, 160_000)
    with server.text() as text:
        batch = 20_000
        for first in range(0, count, batch):
            text.ask(b"".join([b"set grow%d 0 0 8 noreply\r\n%08d\r\n" % (i, i)
                               for i in range(first, first + batch)]))
            # An early key is found at every size of the table.
            assert text.get(b"grow%d" % (first // 2)) == b"%08d" % (first // 2)
        assert int(text.stats()["curr_items"]) == count
        for first in range(0, count, 1000):
            reply = text.ask(b"get " + b" ".join([b"grow%d" % i
                                                  for i in range(first, first + 1000)]) + b"\r\n")
            assert reply == b"".join([b"VALUE grow%d 0 8\r\n%08d\r\n" % (i, i)
                                      for i in range(first, first + 1000)]) + b"END\r\n"
        stats = text.stats()
        assert int(stats["get_misses"]) == 0 and int(stats["evictions"]) == 0
        text.ask(b"".join([b"delete grow%d noreply\r\n" % i for i in range(0, count, 2)]))
        assert int(text.stats()["curr_items"]) == count // 2
        assert text.get_many([b"grow%d" % i for i in range(1000)]).keys() == {
            b"grow%d" % i for i in range(1, 1000, 2)}


def test_overwriting_does_not_leak(launch):
    """The same few keys with ever new sizes: the cache holds them and nothing else."""
    server = launch("-m", "64")
    rng = random.Random(99)
    with server.text() as text:
        for number in range(scaled(30_000, 5_000)):
            key = b"same%d" % (number % 10)
            text.send(b"set %b 0 0 %d noreply\r\n%b\r\n" % (
                key, size := rng.choice((1, 100, 2000, 50_000)), b"x" * size))
        for number in range(10):
            text.ask(b"set same%d 0 0 1\r\nx\r\n" % number)
        stats = text.stats()
        assert stats["curr_items"] == "10" and stats["evictions"] == "0"
        assert int(stats["bytes"]) < 2000


def test_flush_gives_the_memory_back_for_use(launch):
    """After a flush the cache takes as much again without evicting a live item."""
    server = launch("-m", "64")
    with server.text() as text:
        for round_number in range(4):
            fill(text, b"round%d-" % round_number, 30_000, 1000)
            assert len(found(text, b"round%d-" % round_number, range(30_000), 1000)) == 30_000
            assert text.ask(b"flush_all\r\n") == b"OK\r\n"
            assert not found(text, b"round%d-" % round_number, range(0, 30_000, 100), 1000)


def test_memory_limit_can_be_changed(launch):
    """cache_memlimit raises the limit at run time."""
    server = launch("-m", "16", "-I", "1m")
    with server.text() as text:
        fill(text, b"small", 30_000, 1000)
        few = int(text.stats()["curr_items"])
        assert text.ask(b"cache_memlimit 64\r\n") == b"OK\r\n"
        assert text.stats()["limit_maxbytes"] == str(64 * MB)
        fill(text, b"large", 40_000, 1000)
        assert int(text.stats()["curr_items"]) > 2 * few
        assert text.ask(b"cache_memlimit 1\r\n").startswith(b"MEMLIMIT_TOO_SMALL")
