"""Two nodes behind twemproxy (nutcracker) under ketama: keys are spread, one node dies and comes back."""

import pytest

from server import wait_for
from stack import accepts, free_port, need, programs_fixture  # noqa: F401 (a fixture)
from wire import TextConnection

CONFIG = """
web:
  listen: 127.0.0.1:{port}
  hash: fnv1a_64
  distribution: ketama
  timeout: 2000
  auto_eject_hosts: true
  server_retry_timeout: 300
  server_failure_limit: 1
  servers:
    - 127.0.0.1:{first}:1 first
    - 127.0.0.1:{second}:1 second
"""

KEYS = [b"key-%d" % number for number in range(200)]


@pytest.fixture(name="proxied")
def two_nodes_behind_a_proxy(launch, programs, tmp_path):
    nodes = [launch(transport="tcp") for _ in range(2)]
    port, stats_port = free_port(), free_port()
    config = tmp_path / "nutcracker.yml"
    config.write_text(CONFIG.format(port=port, first=nodes[0].address[1], second=nodes[1].address[1]))
    proxy = programs(need("nutcracker"), "-c", config, "-s", stats_port, "-a", "127.0.0.1",
                     "-o", tmp_path / "proxy-log", "-p", tmp_path / "proxy-pid")
    proxy.wait_until(lambda: accepts(("127.0.0.1", port)), "the proxy listens")
    return nodes, lambda: TextConnection(nodes[0].socket(("127.0.0.1", port)))


def items(node):
    return int(node.stats()["curr_items"])


def store(connect, keys):
    """Stores all keys; how many were taken. A node that is not there costs errors until it is ejected."""
    stored = 0
    with connect() as text:
        for key in keys:
            stored += text.set(key, b"value of " + key) == b"STORED"
    return stored


def test_keys_are_spread_and_found(proxied):
    nodes, connect = proxied
    assert store(connect, KEYS) == len(KEYS)
    held = [items(node) for node in nodes]
    assert sum(held) == len(KEYS) and min(held) > len(KEYS) // 10, held
    with connect() as text:
        assert text.get_many(KEYS) == {key: b"value of " + key for key in KEYS}
        text.set(b"n", b"5")
        text.send(b"incr n 3\r\n")
        assert text.line() == b"8"
        text.send(b"delete n\r\n")
        assert text.line() == b"DELETED"
        value, cas = text.gets(KEYS[0])
        text.send(b"cas %b 0 0 1 %d\r\nx\r\n" % (KEYS[0], cas))
        assert text.line() == b"STORED" and value
        text.set(b"large", b"L" * 500_000)
        assert text.get(b"large") == b"L" * 500_000


def test_a_node_dies_and_comes_back(proxied, launch):
    nodes, connect = proxied
    assert store(connect, KEYS) == len(KEYS)
    lost, kept = nodes
    on_kept = items(kept)
    port = lost.address[1]
    lost.discard()  # SIGKILL to its process id
    # The ring closes around the gap: every key has a place again.
    wait_for(lambda: store(connect, KEYS) == len(KEYS), "the dead node is ejected")
    assert items(kept) == len(KEYS)
    with connect() as text:
        assert len(text.get_many(KEYS)) == len(KEYS)

    again = launch("-l", "127.0.0.1", "-p", str(port), "-U", "0", transport=None)
    again.address = ("127.0.0.1", port)
    wait_for(again._answers, "the node listens again")
    # Its share of the keys goes to it again, and only that.
    wait_for(lambda: store(connect, KEYS) == len(KEYS) and items(again) == len(KEYS) - on_kept,
             "the node is taken back")

