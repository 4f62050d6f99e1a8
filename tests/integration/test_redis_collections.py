"""Lists, sets and hashes through redis-py, and what only a real connection shows."""

import collections
import tempfile
import time

import pytest

from server import Server, scaled, wait_for

redis = pytest.importorskip("redis")


@pytest.fixture(scope="module")
def client():
    with tempfile.TemporaryDirectory(prefix="larder-redis-") as folder:
        server = Server("--engine", "redis", "-m", "512", "--unixsocket", f"{folder}/s")
        connection = redis.Redis(unix_socket_path=f"{folder}/s", decode_responses=True)
        wait_for(lambda: answers(connection), "the socket answers")
        yield connection
        connection.close()
        server.stop()


def answers(connection):
    try:
        return connection.ping()
    except redis.ConnectionError:
        return False


@pytest.fixture(autouse=True)
def no_keys_left(client):
    yield
    client.flushall()


def refused(client, *args):
    with pytest.raises(redis.ResponseError) as caught:
        client.execute_command(*args)
    return str(caught.value)


# --- lists ------------------------------------------------------------------------------------------


def test_a_list_takes_and_gives_at_both_ends(client):
    assert client.rpush("l", "b", "c") == 2
    assert client.lpush("l", "a") == 3
    assert client.rpushx("none", "x") == 0
    assert client.lrange("l", 0, -1) == ["a", "b", "c"]
    assert client.lpop("l") == "a"
    assert client.rpop("l", 5) == ["c", "b"]
    assert client.exists("l") == 0
    assert client.lpop("l") is None
    assert client.lpop("l", 2) is None


def test_lists_are_changed_in_the_middle(client):
    client.rpush("l", *"abcabc")
    assert client.linsert("l", "before", "c", "x") == 7
    assert client.linsert("l", "after", "none", "x") == -1
    assert client.lset("l", -1, "z")
    assert client.lrem("l", -1, "a") == 1
    assert client.lrange("l", 0, -1) == ["a", "b", "x", "c", "b", "z"]
    assert client.ltrim("l", 1, -2)
    assert client.lrange("l", 0, -1) == ["b", "x", "c", "b"]
    assert client.lpos("l", "b", rank=-1) == 3
    assert client.lpos("l", "b", count=0) == [0, 3]
    assert refused(client, "LSET", "l", 9, "x") == "index out of range"
    assert refused(client, "LPOS", "l", "b", "RANK", 0).startswith("RANK can't be zero")


def test_elements_move_between_lists_and_within_one(client):
    client.rpush("from", "1", "2", "3")
    assert client.lmove("from", "to", "LEFT", "RIGHT") == "1"
    assert client.rpoplpush("from", "to") == "3"
    assert client.lrange("to", 0, -1) == ["3", "1"]
    assert client.lmove("to", "to", "LEFT", "RIGHT") == "3"
    assert client.lrange("to", 0, -1) == ["1", "3"]
    assert client.lmove("from", "to", "LEFT", "LEFT") == "2"
    assert client.exists("from") == 0
    assert client.execute_command("LMPOP", 2, "from", "to", "RIGHT", "COUNT", 2) == ["to", ["3", "1"]]
    assert client.execute_command("LMPOP", 1, "none", "LEFT") is None


def test_a_long_list_keeps_its_order(client):
    count = scaled(50_000, 5_000)
    pipe = client.pipeline(transaction=False)
    for start in range(0, count, 100):
        pipe.rpush("long", *range(start, start + 100))
    pipe.execute()
    assert client.llen("long") == count
    for index in (0, 1, count // 3, count // 2, count - 1, -1, -count // 2):
        assert client.lindex("long", index) == str(index % count)
    middle = count // 2
    assert client.lrange("long", middle, middle + 99) == [str(i) for i in range(middle, middle + 100)]
    for _ in range(200):
        client.linsert("long", "after", middle, "x" * 500)
    assert client.lrem("long", 0, "x" * 500) == 200
    assert client.lrange("long", middle, middle + 1) == [str(middle), str(middle + 1)]


# --- sets -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [range(20), [f"m{i}" for i in range(20)], [f"m{i}" for i in range(800)]],
                         ids=["integers", "packed", "table"])
def test_a_set_in_each_encoding(client, names):
    names = set(map(str, names))
    assert client.sadd("s", *names) == len(names)
    assert client.sadd("s", *names) == 0
    assert client.smembers("s") == names
    assert set(client.sscan_iter("s")) == names
    assert client.smismember("s", [next(iter(names)), "none"]) == [True, False]
    assert set(client.srandmember("s", len(names))) == names
    assert len(set(client.srandmember("s", 5))) == 5
    assert len(client.srandmember("s", -3 * len(names))) == 3 * len(names)
    popped = client.spop("s", 7)
    assert len(set(popped)) == 7
    assert client.smembers("s") == names - set(popped)
    assert client.srem("s", *names) == len(names) - 7
    assert client.exists("s") == 0


def test_sets_are_combined(client):
    client.sadd("a", 1, 2, 3, 4)
    client.sadd("b", 3, 4, 5, "x")
    client.sadd("c", 4, "x")
    assert client.sinter("a", "b") == {"3", "4"}
    assert client.sunion("a", "b", "none") == {"1", "2", "3", "4", "5", "x"}
    assert client.sdiff("b", "a", "c") == {"5"}
    assert client.sdiff("a", "a") == set()
    assert client.execute_command("SINTERCARD", 2, "a", "b", "LIMIT", 1) == 1
    assert client.sinterstore("a", "a", "b") == 2
    assert client.smembers("a") == {"3", "4"}
    client.set("text", "x")
    assert client.sunionstore("text", "b", "c") == 4
    assert client.type("text") == "set"
    assert client.sdiffstore("text", "none") == 0
    assert client.exists("text") == 0


def test_a_scan_sees_what_stays_while_the_set_grows_and_shrinks(client):
    stays = {f"stays:{i}" for i in range(300)}
    client.sadd("s", *stays)
    seen, cursor, step = set(), 0, 0
    while True:
        cursor, found = client.sscan("s", cursor)
        seen.update(found)
        if cursor == 0:
            break
        if step < 20:
            client.sadd("s", *(f"comes:{step}:{i}" for i in range(200)))
        elif step < 40:
            client.srem("s", *(f"comes:{step - 20}:{i}" for i in range(200)))
        step += 1
    assert stays <= seen


def test_random_members_are_fair(client):
    client.sadd("s", *(f"m{i}" for i in range(100)))
    drawn = collections.Counter(client.srandmember("s", -20_000))
    assert len(drawn) == 100
    assert 100 < min(drawn.values()) <= max(drawn.values()) < 320


# --- hashes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [10, 1000])
def test_a_hash_in_each_encoding(client, count):
    pairs = {f"f{i}": f"v{i}" for i in range(count)}
    assert client.hset("h", mapping=pairs) == count
    assert client.hset("h", "f1", "other") == 0
    pairs["f1"] = "other"
    assert client.hgetall("h") == pairs
    assert dict(client.hscan_iter("h")) == pairs
    assert sorted(client.hkeys("h")) == sorted(pairs)
    assert sorted(client.hvals("h")) == sorted(pairs.values())
    assert client.hmget("h", "f2", "none") == ["v2", None]
    assert client.hstrlen("h", "f1") == 5
    assert client.hsetnx("h", "f1", "x") == 0
    assert client.hincrby("h", "n", 5) == 5
    assert client.hincrbyfloat("h", "n", "0.5") == 5.5
    assert refused(client, "HINCRBY", "h", "n", 1) == "hash value is not an integer"
    fields = client.execute_command("HRANDFIELD", "h", 6, "WITHVALUES")
    assert all(pairs.get(name, "5.5") == value for name, value in zip(fields[::2], fields[1::2]))
    assert client.hdel("h", "n", *pairs) == count + 1
    assert client.exists("h") == 0


def test_wrong_types_and_counts_are_refused(client):
    client.set("text", "x")
    for command in (["LPUSH", "text", "a"], ["SADD", "text", "a"], ["HSET", "text", "a", "b"],
                    ["LMOVE", "text", "l", "LEFT", "LEFT"], ["SINTER", "text"], ["HSCAN", "text", 0]):
        with pytest.raises(redis.ResponseError, match="wrong kind of value"):
            client.execute_command(*command)
    assert refused(client, "HSET", "h", "a", "b", "c") == "wrong number of arguments for 'hset' command"
    assert client.exists("h") == 0


def test_a_draw_of_any_size_is_bounded(client):
    client.sadd("s", "x" * 1000)
    client.hset("h", "f", "x" * 1000)
    assert refused(client, "SRANDMEMBER", "s", -(2**62)) == "value is out of range"
    assert refused(client, "HRANDFIELD", "h", -(2**61), "WITHVALUES") == "value is out of range"
    assert client.ping()


# --- deadlines of fields ----------------------------------------------------------------------------


def field_command(client, name, key, *rest):
    return client.execute_command(name, key, *rest)


@pytest.mark.parametrize("count", [5, 1000], ids=["packed", "table"])
def test_fields_get_deadlines_and_end(client, count):
    client.hset("h", mapping={f"f{i}": i for i in range(count)})
    assert field_command(client, "HEXPIRE", "h", 100, "FIELDS", 2, "f0", "none") == [1, -2]
    assert field_command(client, "HTTL", "h", "FIELDS", 3, "f0", "f1", "none") == [100, -1, -2]
    assert field_command(client, "HEXPIRE", "h", 50, "GT", "FIELDS", 2, "f0", "f1") == [0, 0]
    assert field_command(client, "HEXPIRE", "h", 50, "LT", "FIELDS", 2, "f0", "f1") == [1, 1]
    assert field_command(client, "HEXPIRE", "h", 60, "NX", "FIELDS", 2, "f0", "f2") == [0, 1]
    assert field_command(client, "HEXPIRE", "h", 70, "XX", "FIELDS", 2, "f0", "f3") == [1, 0]
    at = int(time.time()) + 1000
    assert field_command(client, "HEXPIREAT", "h", at, "FIELDS", 1, "f3") == [1]
    assert field_command(client, "HEXPIRETIME", "h", "FIELDS", 1, "f3") == [at]
    assert field_command(client, "HPEXPIRETIME", "h", "FIELDS", 1, "f3") == [at * 1000]
    assert field_command(client, "HPERSIST", "h", "FIELDS", 3, "f3", "f4", "none") == [1, -1, -2]
    client.hset("h", "f1", "new")
    assert field_command(client, "HTTL", "h", "FIELDS", 1, "f1") == [-1]
    client.hincrby("h", "f2", 1)
    assert field_command(client, "HTTL", "h", "FIELDS", 1, "f2") != [-1]
    assert field_command(client, "HPEXPIRE", "h", 20, "FIELDS", 2, "f0", "f1") == [1, 1]
    wait_for(lambda: client.hget("h", "f0") is None, "the field has ended")
    assert client.hmget("h", "f0", "f1", "f4") == [None, None, "4"]
    assert client.hlen("h") == count - 2
    assert "f0" not in client.hgetall("h")
    assert field_command(client, "HEXPIREAT", "h", 1, "FIELDS", 2, "f4", "f0") == [2, -2]
    assert client.hexists("h", "f4") is False


def test_a_hash_ends_with_its_last_field(client):
    client.hset("h", mapping={"a": 1, "b": 2})
    assert field_command(client, "HPEXPIRE", "h", 10, "FIELDS", 2, "a", "b") == [1, 1]
    wait_for(lambda: client.hgetall("h") == {}, "the fields have ended")
    assert client.exists("h") == 0
    client.hset("h", "a", 1)
    assert field_command(client, "HEXPIRE", "h", 0, "FIELDS", 1, "a") == [2]
    assert client.exists("h") == 0


def test_deadline_commands_refuse_nonsense(client):
    client.hset("h", "a", 1)
    assert refused(client, "HEXPIRE", "h", -1, "FIELDS", 1, "a") == "invalid expire time, must be >= 0"
    assert refused(client, "HEXPIRE", "h", 2**60, "FIELDS", 1, "a") == "invalid expire time in 'hexpire' command"
    assert refused(client, "HEXPIRE", "h", 1, "FIELD", 1, "a").startswith("Mandatory keyword FIELDS")
    assert refused(client, "HEXPIRE", "h", 1, "FIELDS", 0, "a") == "Parameter `numFields` should be greater than 0"
    assert refused(client, "HTTL", "h", "FIELDS", 2, "a") == (
        "The `numfields` parameter must match the number of arguments")
    assert field_command(client, "HTTL", "none", "FIELDS", 2, "a", "b") == [-2, -2]
