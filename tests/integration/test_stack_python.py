"""Python applications: pools of pymemcache and pylibmc connections shared by threads, operations on many
keys, several nodes."""

import pylibmc
import pytest
from pymemcache.client.base import PooledClient
from pymemcache.client.hash import HashClient

from server import DEADLINE_S, Server, scaled
from threads import run_threads

THREADS = 8
ROUNDS = scaled(30, 8)


@pytest.fixture(scope="module", name="nodes")
def two_nodes():
    nodes = [Server("-m", "64", transport="tcp") for _ in range(2)]
    yield nodes
    for node in nodes:
        node.stop()


@pytest.fixture(name="empty", autouse=True)
def emptied(nodes):
    for node in nodes:
        with node.text() as text:
            text.ask(b"flush_all\r\n")


def values_of(number, round_number):
    return {f"t{number}-{round_number}-{i}": f"value {number} {round_number} {i}".encode() for i in range(50)}


def test_pymemcache_pool(nodes):
    client = PooledClient(nodes[0].address, max_pool_size=THREADS, timeout=DEADLINE_S, default_noreply=False)
    client.set("shared", 0)

    def work(number):
        for round_number in range(ROUNDS):
            values = values_of(number, round_number)
            assert client.set_many(values) == []
            assert client.get_many(values) == values
            client.incr("shared", 1)
            assert client.delete_many(list(values))

    run_threads(work, THREADS)
    assert client.get("shared") == str(THREADS * ROUNDS).encode()
    assert int(nodes[0].stats()["curr_items"]) == 1
    client.close()


def test_pymemcache_hash_client_with_pools(nodes):
    client = HashClient([node.address for node in nodes], use_pooling=True, max_pool_size=THREADS,
                        timeout=DEADLINE_S, default_noreply=False)

    def work(number):
        for round_number in range(ROUNDS):
            values = values_of(number, round_number)
            assert client.set_many(values) == []
            assert client.get_many(values) == values
            found = client.gets_many(list(values)[:5])
            for key, (value, cas) in found.items():
                assert client.cas(key, value + b"!", cas) is True

    run_threads(work, THREADS)
    held = [int(node.stats()["curr_items"]) for node in nodes]
    assert sum(held) == THREADS * ROUNDS * 50 and min(held) > 0
    client.close()


@pytest.fixture(name="pylibmc_client", params=["text", "binary"])
def pylibmc_over_both(request, nodes):
    client = pylibmc.Client(["127.0.0.1:%d" % node.address[1] for node in nodes],
                            binary=request.param == "binary",
                            behaviors={"ketama": True, "tcp_nodelay": True})
    yield client
    client.disconnect_all()


@pytest.mark.parametrize("pool", ["pool", "thread-mapped"])
def test_pylibmc_pools(pylibmc_client, pool):
    if pool == "pool":
        shared = pylibmc.ClientPool(pylibmc_client, 4)
        reserve = lambda: shared.reserve(block=True)
    else:
        shared = pylibmc.ThreadMappedPool(pylibmc_client)
        reserve = shared.reserve
    pylibmc_client.set("shared", 0)

    def work(number):
        for round_number in range(ROUNDS):
            values = values_of(number, round_number)
            with reserve() as client:
                assert client.set_multi(values) == []
                assert client.get_multi(list(values)) == values
                client.incr("shared")
                assert client.delete_multi(list(values))
        if pool == "thread-mapped":
            shared.relinquish()

    run_threads(work, THREADS)
    assert pylibmc_client.get("shared") == THREADS * ROUNDS


def test_pylibmc_multi_key_operations(pylibmc_client):
    client = pylibmc_client
    numbers = {f"n{i}": i for i in range(200)}
    assert client.set_multi(numbers, time=100, key_prefix="p:") == []
    assert client.get_multi(list(numbers), key_prefix="p:") == numbers
    client.incr_multi(list(numbers), key_prefix="p:", delta=5)
    assert client.get_multi(list(numbers), key_prefix="p:") == \
        {key: value + 5 for key, value in numbers.items()}
    assert client.add_multi({"p:n1": 0, "p:new": 1}) == ["p:n1"]
    objects = {f"o{i}": {"list": list(range(i)), "text": "ä" * i} for i in range(60)}
    assert client.set_multi(objects, min_compress_len=100) == []
    assert client.get_multi(list(objects)) == objects
    assert client.get_multi(["none1", "none2"]) == {}
