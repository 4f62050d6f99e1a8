"""Time: items that end, items whose end is moved, and flushes that come later.

The clock is the server's; a test waits for what must happen and never measures how long it took.
"Has happened by now" is told by a second item whose time comes later.
"""

import time

from server import wait_for


def wait_gone(connection, key):
    wait_for(lambda: connection.get(key) is None, f"{key!r} expires")


def test_relative_seconds(text):
    text.set(b"rel", b"v", exptime=1)
    text.set(b"rel-long", b"v", exptime=1000)
    wait_gone(text, b"rel")
    assert text.get(b"rel-long") == b"v"


def test_unix_time(text):
    text.set(b"unix", b"v", exptime=int(time.time()) + 2)
    text.set(b"unix-long", b"v", exptime=int(time.time()) + 1000)
    text.set(b"unix-past", b"v", exptime=int(time.time()) - 10)
    assert text.get(b"unix-past") is None
    wait_gone(text, b"unix")
    assert text.get(b"unix-long") == b"v"


def test_every_way_to_move_the_end(text):
    """Items given one second, then more by touch, gat, gats, mg, ma or md: all outlive the first."""
    moves = {
        b"touch": (b"touch m-touch 1000\r\n", b"TOUCHED\r\n"),
        b"gat": (b"gat 1000 m-gat\r\n", b"VALUE m-gat 0 1\r\n1\r\nEND\r\n"),
        b"mg": (b"mg m-mg T1000\r\n", b"HD\r\n"),
        b"ma": (b"ma m-ma T1000\r\n", b"HD\r\n"),
        b"md": (b"md m-md I T1000\r\n", b"HD\r\n"),
        b"never": (b"touch m-never 0\r\n", b"TOUCHED\r\n"),
    }
    for name, (request, reply) in moves.items():
        text.set(b"m-" + name, b"1", exptime=2)
        assert text.ask(request) == reply
    text.set(b"m-late", b"1", exptime=3)
    wait_gone(text, b"m-late")
    assert set(text.get_many([b"m-" + name for name in moves])) == {b"m-" + name for name in moves}


def test_what_does_not_move_the_end(text):
    """Appends, counting and reading keep the end that was set."""
    text.set(b"keep", b"1", exptime=2)
    text.set(b"keep-n", b"1", exptime=2)
    assert text.ask(b"append keep 0 1000 1\r\n2\r\n") == b"STORED\r\n"
    assert text.ask(b"incr keep-n 1\r\n") == b"2\r\n"
    wait_gone(text, b"keep")
    wait_gone(text, b"keep-n")


def test_an_expired_item_does_not_exist(text):
    for key in (b"x-add", b"x-replace", b"x-incr", b"x-touch", b"x-delete", b"x-meta"):
        text.set(key, b"1", exptime=1)
    text.set(b"x-late", b"1", exptime=2)
    wait_gone(text, b"x-late")
    assert text.ask(b"replace x-replace 0 0 1\r\n2\r\n") == b"NOT_STORED\r\n"
    assert text.ask(b"append x-replace 0 0 1\r\n2\r\n") == b"NOT_STORED\r\n"
    assert text.ask(b"incr x-incr 1\r\n") == b"NOT_FOUND\r\n"
    assert text.ask(b"touch x-touch 100\r\n") == b"NOT_FOUND\r\n"
    assert text.ask(b"delete x-delete\r\n") == b"NOT_FOUND\r\n"
    assert text.ask(b"mg x-meta v\r\n") == b"EN\r\n"
    assert text.ask(b"ma x-meta\r\n") == b"NF\r\n"
    assert text.ask(b"add x-add 0 0 1\r\n2\r\n") == b"STORED\r\n"


def test_remaining_time_is_told(text):
    """`t` never grows and never exceeds what was given."""
    assert text.ask(b"ms told 1 T1000\r\nx\r\n") == b"HD\r\n"
    left = 1000
    for _ in range(20):
        now = int(text.ask(b"mg told t\r\n").removeprefix(b"HD t"))
        assert 0 < now <= left
        left = now


def test_idle_time_is_told(text):
    """`l` counts the seconds since the item was last looked at."""
    text.set(b"idle", b"v")
    text.set(b"idle-late", b"v", exptime=2)
    wait_gone(text, b"idle-late")
    assert int(text.ask(b"mg idle l\r\n").removeprefix(b"HD l")) >= 1


def test_flush_later(launch):
    """Everything stored until the moment is gone then; what is stored afterwards stays."""
    text = launch().text()
    text.set(b"before", b"1")
    assert text.ask(b"flush_all 2\r\n") == b"OK\r\n"
    text.set(b"between", b"1")
    assert text.get(b"before") == b"1"
    wait_gone(text, b"before")
    assert text.get(b"between") is None

    def stays():  # what is stored in the very second of the flush may still go
        text.set(b"after", b"1")
        return text.get(b"after") == b"1"

    wait_for(stays, "an item outlives the flush")
    text.set(b"after-late", b"1", exptime=2)
    wait_gone(text, b"after-late")
    assert text.get(b"after") == b"1"


def test_a_later_flush_replaces_the_pending_one(launch):
    text = launch().text()
    assert text.ask(b"flush_all 1\r\n") == b"OK\r\n"
    assert text.ask(b"flush_all 3600\r\n") == b"OK\r\n"
    text.set(b"stays", b"1")
    text.set(b"late", b"1", exptime=3)
    wait_gone(text, b"late")
    assert text.get(b"stays") == b"1"


def test_expired_items_give_their_memory_back(launch):
    """Nobody asks for them again: the background crawler takes them away."""
    server = launch("-m", "64")
    text = server.text()
    text.ask(b"".join(b"set bulk%d 0 1 100 noreply\r\n%100d\r\n" % (i, i) for i in range(2000)))
    text.set(b"permanent", b"v")
    wait_for(lambda: int(text.stats()["curr_items"]) == 1, "expired items are reclaimed")
    assert text.get(b"permanent") == b"v"
