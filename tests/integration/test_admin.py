"""Administrative commands, word for word as memcached 1.6.45 answers them."""

import pytest

from server import IS_PEER, wait_for

FORMAT = b"CLIENT_ERROR bad command line format"
BADCLASS = b"BADCLASS invalid class id"
OK, ERROR = b"OK", b"ERROR"

REPLIES = {
    "lru_crawler": ERROR, "lru_crawler x": ERROR, "lru_crawler x y": ERROR,
    "lru_crawler crawl": ERROR, "lru_crawler crawl a b": ERROR,
    "lru_crawler crawl 0": BADCLASS, "lru_crawler crawl 99": BADCLASS,
    "lru_crawler crawl 1,2,99": BADCLASS, "lru_crawler c abc": BADCLASS,
    "lru_crawler crawl hash": b"ERROR an unknown error happened",
    "lru_crawler metadump": ERROR, "lru_crawler metadump 99": BADCLASS, "lru_crawler mg 99": BADCLASS,
    "lru_crawler metadump all x": ERROR, "lru_crawler autocrawl": ERROR,
    "lru_crawler autocrawl all": ERROR,
    "lru_crawler tocrawl 5": OK, "lru_crawler t 5": OK, "lru_crawler tocrawl -5": FORMAT,
    "lru_crawler tocrawl 99999999999": FORMAT, "lru_crawler tocrawl": ERROR,
    "lru_crawler sleep 100": OK, "lru_crawler s 100": OK, "lru_crawler sleep x": FORMAT,
    "lru_crawler sleep 1000001": b"CLIENT_ERROR sleep must be one second or less",
    "lru_crawler enable": b"ERROR failed to start lru crawler thread",
    "lru_crawler enable x": ERROR,
    "slabs": ERROR, "slabs x": ERROR, "slabs x y z": ERROR,
    "slabs reassign": ERROR, "slabs reassign 1": ERROR, "slabs reassign 1 2 3": ERROR,
    "slabs reassign a b": FORMAT, "slabs re 1 1": b"SAME src and dst class are identical",
    "slabs reassign 1 99": b"BADCLASS invalid src or dst class id",
    "slabs reassign -2 1": b"BADCLASS invalid src or dst class id",
    "slabs reassign 5 -1": b"BADCLASS invalid src or dst class id",
    "slabs automove": ERROR, "slabs automove 1": OK, "slabs a 1": OK, "slabs automove 1 2": OK,
    "slabs automove 3": ERROR, "slabs automove -1": FORMAT, "slabs automove x": FORMAT,
    "slabs automove ratio 0.8": OK, "slabs automove ratio": ERROR, "slabs automove ratio x": ERROR,
    "slabs automove freeratio 0.01": OK, "slabs automove freeratio x": ERROR,
    "slabs automove window 10": OK, "slabs automove window": FORMAT,
    "slabs automove window 2": b"CLIENT_ERROR automove window too low or too high",
    "lru": ERROR, "lru x": ERROR, "lru x y": ERROR, "lru tune": ERROR, "lru tune 10": ERROR,
    "lru tune 20 40 0.2 2.0": OK, "lru t 20 40 0.2 2.0": OK, "lru tune 20 40 0.2 2.0 x": OK,
    "lru tune 50 40 0.2 2.0": b"ERROR hot and warm pcts must not exceed 80",
    "lru tune 20 40 0 2.0": b"ERROR hot/warm age factors must be greater than 0",
    "lru tune 20 40 a 2.0": ERROR, "lru tune a 40 0.2 2.0": ERROR,
    "lru mode": ERROR, "lru mode x": ERROR, "lru mode segmented": OK, "lru m segmented": OK,
    "lru temp_ttl": ERROR, "lru temp_ttl -1": OK, "lru te -1": OK, "lru temp_ttl x": ERROR,
    "lru temp_ttl 99999999999": ERROR,
    "cache_memlimit": ERROR, "cache_memlimit x": ERROR, "cache_memlimit 4294967296": ERROR,
    "cache_memlimit 7": b"MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m",
    "cache_memlimit 1000000001": b"MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes",
    "cache_memlimit 64": OK, "cache_memlimit 64 x": OK,
    "verbosity": FORMAT, "verbosity x": FORMAT, "verbosity -1": FORMAT, "verbosity 0": OK,
    "verbosity 0 1 2": OK, "verbosity 99999999999": FORMAT,
    "shutdown": b"SERVER_ERROR: shutdown not enabled", "shutdown x": b"SERVER_ERROR: shutdown not enabled",
    "stats cachedump 1": b"CLIENT_ERROR bad command line", "stats cachedump x 1": FORMAT,
    "stats cachedump 300 1": b"CLIENT_ERROR Illegal slab id",
    "stats detail": b"CLIENT_ERROR usage: stats detail on|off|dump", "stats nothing": ERROR,
    "watch bogus": ERROR, "watch fetchers bogus": ERROR,
}


@pytest.mark.parametrize("command", REPLIES)
def test_the_reply(text, command):
    assert text.ask(command.encode() + b"\r\n") == REPLIES[command] + b"\r\n"


@pytest.mark.parametrize("command", ["slabs automove 1", "lru mode segmented", "cache_memlimit 64",
                                     "lru_crawler sleep 100", "verbosity 0"])
def test_noreply(text, command):
    assert text.ask(command.encode() + b" noreply\r\n") in (b"", ERROR + b"\r\n")


def test_what_commands_set_is_shown(launch):
    with launch().text() as text:
        text.ask(b"lru_crawler sleep 7\r\nlru_crawler tocrawl 8\r\nslabs automove 2\r\n"
                 b"slabs automove ratio 0.5\r\nslabs automove window 9\r\nlru tune 11 22 0.3 3.5\r\n"
                 b"lru temp_ttl 44\r\ncache_memlimit 33\r\nverbosity 1\r\n")
        settings = text.stats("settings")
    expected = {"lru_crawler_sleep": "7", "lru_crawler_tocrawl": "8", "slab_automove": "2",
                "slab_automove_ratio": "0.50", "slab_automove_window": "9", "hot_lru_pct": "11",
                "warm_lru_pct": "22", "hot_max_factor": "0.30", "warm_max_factor": "3.50",
                "temp_lru": "yes", "temporary_ttl": "44", "maxbytes": str(33 << 20), "verbosity": "1"}
    assert {name: settings[name] for name in expected} == expected


def test_the_crawler_switched_off(launch):
    with launch().text() as text:
        disabled = b"CLIENT_ERROR lru crawler disabled\r\n"
        assert text.ask(b"lru_crawler disable\r\nlru_crawler disable\r\n") == b"OK\r\nOK\r\n"
        wait_for(lambda: text.stats("settings")["lru_crawler"] == "no", "the crawler is off")
        assert text.ask(b"lru_crawler crawl 1\r\n") == disabled
        assert text.ask(b"lru_crawler metadump all\r\n") == disabled
        assert text.ask(b"lru_crawler mgdump all\r\n") == disabled
        assert text.ask(b"lru_crawler enable\r\n") == b"OK\r\n"


def test_reassigning_may_be_switched_off(launch):
    with launch("-o", "no_slab_reassign").text() as text:
        assert text.ask(b"slabs reassign 1 2\r\n") == b"CLIENT_ERROR slab reassignment disabled\r\n"


@pytest.mark.larder_only
def test_a_page_moves_at_once(launch):
    with launch("-m", "16").text() as text:
        for i in range(3000):
            text.send(b"set moved%d 0 0 1000 noreply\r\n%b\r\n" % (i, b"x" * 1000))
        slabs = text.stats("slabs")
        source = max((name.split(":")[0] for name in slabs if name.endswith(":total_pages")),
                     key=lambda name: int(slabs[f"{name}:total_pages"]))
        before = int(slabs[f"{source}:total_pages"])
        cas = text.gets(b"moved2999")[1]
        assert text.ask(b"slabs reassign %b 0\r\n" % source.encode()) == b"OK\r\n"
        after = text.stats("slabs")
        assert int(after[f"{source}:total_pages"]) == before - 1
        assert int(text.stats()["slabs_moved"]) >= 1
        assert text.gets(b"moved2999") == (b"x" * 1000, cas)


def test_memory_shrinks_and_grows_at_run_time(launch):
    with launch("-m", "64").text() as text:
        for i in range(60):
            text.set(b"room%d" % i, b"x" * 900_000)
        assert text.ask(b"cache_memlimit 16\r\n") == b"OK\r\n"
        if not IS_PEER:  # memcached frees pages only as they are moved, one a second
            wait_for(lambda: int(text.stats()["bytes"]) <= 16 << 20, "what is held fits")
        assert text.ask(b"cache_memlimit 64\r\n") == b"OK\r\n"
        assert text.stats()["limit_maxbytes"] == str(64 << 20)
        assert text.set(b"room", b"x" * 900_000) == b"STORED"
