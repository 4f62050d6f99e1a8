"""libmemcached's command line tools, over the text and the binary protocol."""

import re
import subprocess

import pytest

from server import DEADLINE_S, Server, scaled
from stack import need

PROTOCOLS = {"text": [], "binary": ["--binary"]}


@pytest.fixture(scope="module", name="server")
def over_tcp():
    running = Server("-m", "64", transport="tcp")
    yield running
    running.stop()


@pytest.fixture(name="tool", params=PROTOCOLS)
def run_tool(request, server):
    """tool(name, arguments..., fails=False, plain=False) -> its standard output."""
    with server.text() as text:
        text.ask(b"flush_all\r\n")

    def run(name, *arguments, fails=False, plain=False, stdin=b""):
        protocol = [] if plain else PROTOCOLS[request.param]
        done = subprocess.run([need(name), "--servers", "127.0.0.1:%d" % server.address[1], *protocol,
                               *map(str, arguments)], input=stdin, capture_output=True, timeout=DEADLINE_S,
                              check=False)
        assert (done.returncode != 0) == fails, (done.returncode, done.stdout, done.stderr)
        return done.stdout.decode()

    return run


def test_copy_cat_exist_touch_remove(tool, server, tmp_path):
    (tmp_path / "first").write_text("first content")
    (tmp_path / "second").write_bytes(b"x" * 200_000)
    tool("memccp", "--expire=100", tmp_path / "first", tmp_path / "second")
    assert "first content" in tool("memccat", "first")
    assert tool("memccat", "second").rstrip("\n") == "x" * 200_000
    tool("memccat", "none", fails=True)
    tool("memcexist", "first", "second")
    tool("memcexist", "none", fails=True)
    tool("memctouch", "--expire=5000", "first")
    tool("memctouch", "--expire=5000", "none", fails=True)
    with server.text() as text:
        left = int(re.fullmatch(rb"HD t(\d+)\r\n", text.ask(b"mg first t\r\n")).group(1))
        assert 4900 < left <= 5000
    tool("memcrm", "first")
    tool("memcrm", "first", fails=True)
    tool("memcexist", "first", fails=True)
    assert tool("memccat", "second").startswith("xxx")


def test_ping_stat_dump_flush(tool, server):
    tool("memcping", plain=True)
    with server.text() as text:
        for number in range(50):
            text.set(b"dumped-%d" % number, b"v")
    stats = tool("memcstat")
    assert "pid: %d" % server.pid in stats and "version: 1.6.45" in stats, stats
    assert "curr_items: 50" in stats
    assert "evicted" in tool("memcstat", "items")
    # stats cachedump has no form in the binary protocol.
    dumped = tool("memcdump", plain=True).split()
    assert sorted(dumped) == sorted(f"dumped-{number}" for number in range(50))
    tool("memcflush")
    assert tool("memcdump", plain=True) == ""


def test_slap(tool, server):
    before = int(server.stats()["cmd_set"])
    count = scaled(1000, 200)
    tool("memcslap", "--concurrency=4", f"--execute-number={count}", f"--initial-load={count}", "--test=set")
    tool("memcslap", "--concurrency=4", f"--execute-number={count}", f"--initial-load={count}", "--test=get")
    tool("memcslap", "--concurrency=4", f"--execute-number={count}", f"--initial-load={count}", "--test=mget")
    assert int(server.stats()["cmd_set"]) - before >= count


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_memcaslap(server, protocol):
    """Sets and gets with every value verified."""
    binary = ["-B"] if protocol == "binary" else []
    done = subprocess.run(
        [need("memcaslap"), "-s", "127.0.0.1:%d" % server.address[1], "-T", "2", "-c", "8",
         "-x", str(scaled(20_000, 4_000)), "-v", "1.0", "-d", "10", *binary],
        capture_output=True, timeout=DEADLINE_S, check=False)
    out = done.stdout.decode()
    assert done.returncode == 0, out + done.stderr.decode()
    assert re.search(r"^verify_misses: 0$", out, re.MULTILINE), out
    assert re.search(r"^verify_failed: 0$", out, re.MULTILINE), out
