"""watch: lines for what happens, in memcached's form, and what a slow watcher loses."""

import re
import socket

import pytest

from server import DEADLINE_S, wait_for

LINE = re.compile(rb"ts=\d+\.\d+ gid=(\d+) (.*)")


class Watcher:
    def __init__(self, server, request=b"watch", small_buffer=False):
        self.sock = server.socket()
        if small_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.sock.settimeout(DEADLINE_S)
        self.sock.sendall(request + b"\r\n")
        self.file = self.sock.makefile("rb")
        assert self.file.readline() == b"OK\r\n"

    def line(self):
        """The next line, without time and id."""
        line = self.file.readline()
        assert line.endswith(b"\n"), line
        found = LINE.fullmatch(line[:-1])
        return found[2] if found else line[:-1]

    def close(self):
        self.file.close()
        self.sock.close()


@pytest.fixture
def watch(server):
    watchers = []

    def start(streams=""):
        watchers.append(Watcher(server, b"watch " + streams.encode()))
        return watchers[-1]

    yield start
    for watcher in watchers:
        watcher.close()
    with server.text() as text:
        wait_for(lambda: text.stats()["log_watchers"] == "0", "no watcher is left")


def fields(line):
    return dict(word.split(b"=", 1) for word in line.split(b" "))


def own_fd(text):
    """The descriptor of a connection, as `stats conns` shows it while it asks."""
    return next(name.split(":")[0] for name, value in text.stats("conns").items()
                if name.endswith(":state") and value == "conn_parse_cmd").encode()


def test_lookups_and_stores(watch, text):
    watcher = watch("fetchers mutations")
    fd = own_fd(text)
    text.ask(b"set watched,1 5 100 4\r\nvbar\r\nget watched,1 nothing\r\n")
    got = fields(watcher.line())
    assert got[b"type"] == b"item_get" and got[b"key"] == b"watched%2C1"
    assert (got[b"status"], got[b"clsid"], got[b"size"]) == (b"not_found", b"0", b"0")
    assert got[b"cfd"] == fd
    stored = fields(watcher.line())
    assert stored[b"type"] == b"item_store" and stored[b"status"] == b"stored"
    assert stored[b"cmd"] == b"set" and stored[b"size"] == b"4" and int(stored[b"ttl"]) in (99, 100)
    assert stored[b"cfd"] == fd and int(stored[b"clsid"]) > 0
    assert fields(watcher.line())[b"status"] == b"found"
    assert fields(watcher.line())[b"key"] == b"nothing"


@pytest.mark.parametrize("request_, cmd, status", [
    (b"set w 0 0 1\r\nx\r\n", b"set", b"stored"),
    (b"add w 0 0 1\r\nx\r\n", b"add", b"not_stored"),
    (b"replace nothing 0 0 1\r\nx\r\n", b"replace", b"not_stored"),
    (b"append w 0 0 1\r\nx\r\n", b"append", b"stored"),
    (b"prepend w 0 0 1\r\nx\r\n", b"prepend", b"stored"),
    (b"cas w 0 0 1 1\r\nx\r\n", b"cas", b"exists"),
    (b"cas nothing 0 0 1 1\r\nx\r\n", b"cas", b"not_found"),
    (b"ms w 1 ME\r\nx\r\n", b"add", b"not_stored"),
    (b"ms w 1 MA\r\nx\r\n", b"append", b"stored"),
    (b"ms w 100000\r\n" + b"x" * 100000 + b"\r\n", b"set", b"stored"),
    (b"ma w_counter N0\r\nmd w_counter\r\n", b"add", b"stored"),
])
def test_every_store_is_told(watch, text, request_, cmd, status):
    text.ask(b"set w 0 0 1\r\nx\r\n")
    watcher = watch("mutations")
    text.ask(request_)
    told = fields(watcher.line())
    assert (told[b"cmd"], told[b"status"]) == (cmd, status)


@pytest.mark.larder_only
def test_a_refused_value_is_told_with_its_fields(watch, text):
    watcher = watch("mutations")
    text.ask(b"set w_large 0 0 2000000\r\n" + b"x" * 2000000 + b"\r\n")
    told = fields(watcher.line())
    assert (told[b"cmd"], told[b"status"], told[b"size"]) == (b"set", b"too_large", b"0")


def test_deletions(watch, text):
    watcher = watch("deletions")
    text.ask(b"set d 0 0 4\r\nvbar\r\nmd nothing\r\ndelete d\r\nset d 0 0 4\r\nvbar\r\nmd d I\r\nmd d\r\n")
    assert re.fullmatch(rb"type=deleted key=d cmd=delete clsid=\d+ size=4", watcher.line())
    assert re.fullmatch(rb"type=deleted key=d cmd=md clsid=\d+ size=4", watcher.line())


def test_evictions(launch):
    server = launch("-m", "8")
    watcher = Watcher(server, b"watch evictions")
    with server.text() as text:
        for i in range(120):
            text.set(b"evicted%d" % i, b"x" * 200_000, exptime=1000)
        told = fields(watcher.line())
    watcher.close()
    assert told[b"key"].startswith(b"evicted") and told[b"fetch"] == b"no" and told[b"size"] == b"200000"
    assert 900 < int(told[b"ttl"]) <= 1000 and int(told[b"la"]) < 100


@pytest.mark.larder_only
def test_command_lines(watch, text):
    watcher = watch("rawcmds")
    fd = own_fd(text)
    text.sock.sendall(b"get raw\r\nset raw 0 0 1\r\nx\r\n")
    assert text.read(len(b"END\r\nSTORED\r\n")) == b"END\r\nSTORED\r\n"
    lines = [watcher.line() for _ in range(3)]
    assert lines == [b"<%b stats conns" % fd, b"<%b get raw" % fd, b"<%b set raw 0 0 1" % fd]


def test_connections(launch):
    server = launch(transport="tcp")
    watcher = Watcher(server, b"watch connevents")
    with server.text() as client:
        port = client.sock.getsockname()[1]
        client.send(b"quit\r\n")
        client.until_closed()
    opened, closed = fields(watcher.line()), fields(watcher.line())
    assert opened[b"type"] == b"conn_new" and opened[b"rip"] == b"127.0.0.1"
    assert opened[b"rport"] == b"%d" % port and opened[b"transport"] == b"tcp"
    assert closed[b"type"] == b"conn_close" and closed[b"reason"] == b"normal"
    assert closed[b"cfd"] == opened[b"cfd"] and closed[b"rport"] == opened[b"rport"]
    with server.text() as client:
        client.ask_until_closed(b"GET / HTTP/1.1\r\n")
    assert fields(watcher.line())[b"type"] == b"conn_new"
    assert fields(watcher.line())[b"reason"] == b"error"
    watcher.close()


def test_refusals(launch, text):
    assert text.ask(b"watch bogus\r\n") == b"ERROR\r\n"
    assert text.ask(b"get a\r\nwatch\r\n").endswith(
        b"ERROR cannot pipeline other commands before watch\r\n")
    with launch("-W").text() as forbidden:
        assert forbidden.ask(b"watch\r\n") == b"CLIENT_ERROR watch commands not allowed\r\n"


def test_twenty_watchers_and_no_more(launch):
    server = launch()
    watchers = [Watcher(server) for _ in range(20)]
    with server.text() as text:
        assert text.ask(b"watch\r\n") == b"WATCHER_TOO_MANY log watcher limit reached\r\n"
        assert text.get(b"told_to_all") is None  # and the connection lives on
        for watcher in watchers:
            assert b"key=told_to_all" in watcher.line()
        watchers.pop().close()
        wait_for(lambda: text.stats()["log_watchers"] == "19", "a place is free")
        watchers.append(Watcher(server))
    for watcher in watchers:
        watcher.close()


def test_what_a_watcher_sends_is_ignored(launch):
    server = launch()
    watcher = Watcher(server)
    watcher.sock.sendall(b"get mine\r\nquit\r\n")
    with server.text() as text:
        text.get(b"theirs")
        assert b"key=theirs" in watcher.line()
        assert text.stats()["log_watchers"] == "1"
        states = [value for name, value in text.stats("conns").items() if name.endswith(":state")]
        assert "conn_watch" in states
    watcher.close()


def test_a_slow_watcher_is_told_what_it_lost(launch):
    server = launch("-o", "watcher_logbuf_size=8", "-t", "1")
    slow = Watcher(server, small_buffer=True)
    key = b"k" * 200
    with server.text() as text:
        def skipped():
            text.ask(b"get %b\r\n" % key * 200)
            return int(text.stats()["log_watcher_skipped"]) > 0
        wait_for(skipped, "lines are left out")
        seen = []
        slow.sock.settimeout(0.2)
        for _ in range(200_000):  # the rest of what fits, then a line that makes room known
            try:
                line = slow.line()
            except TimeoutError:
                slow.file = slow.sock.makefile("rb")  # a timed out file gives nothing more
                text.ask(b"get %b\r\n" % key)
                continue
            seen.append(line)
            if line.startswith(b"skipped="):
                break
        assert int(seen[-1].split(b"=")[1]) > 0
        slow.sock.settimeout(DEADLINE_S)
        text.ask(b"get %b\r\n" % key)
        assert slow.line().startswith(b"type=item_get")
        stats = text.stats()
        assert int(stats["log_watcher_sent"]) > 0
        assert int(stats["log_worker_written"]) > 0
        text.ask(b"stats reset\r\n")
        assert text.stats()["log_watcher_skipped"] == "0"
        assert text.stats()["log_watchers"] == "1"
    slow.close()


@pytest.mark.larder_only
def test_workers_drop_what_finds_no_room(launch):
    server = launch("-o", "worker_logbuf_size=4", "-t", "1")
    watcher = Watcher(server)
    with server.text() as text:
        def dropped():
            text.ask(b"get %b\r\n" % b" ".join([b"k" * 250] * 60) * 20)
            return int(text.stats()["log_worker_dropped"]) > 0
        wait_for(dropped, "a ring is full")
    watcher.close()


def test_watchers_do_not_hold_the_server_up_at_the_end(launch):
    server = launch("-A")
    watchers = [Watcher(server) for _ in range(3)]
    with server.text() as text:
        text.send(b"shutdown graceful\r\n")
        text.until_closed()
    server.process.wait(DEADLINE_S)
    for watcher in watchers:
        watcher.close()
