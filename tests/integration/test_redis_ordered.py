"""Sorted sets, geo, streams, HyperLogLog, DUMP and RESTORE over a real connection.

Each test is a list of commands and the replies that Redis 7.0.15 gives. To hold the expectations against the
original: REDIS_PEER=/usr/bin/redis-server python3 -m pytest tests/integration/test_redis_ordered.py
"""

import os
import pathlib
import shlex
import subprocess
import tempfile

import pytest

from resp import Connection
from server import Server, wait_for

PEER = os.environ.get("REDIS_PEER")


class Error(str):
    """The whole text of an error reply."""


class Any:
    """A reply that a clock or chance decides, of one type."""

    def __init__(self, kind):
        self.kind = kind

    def __eq__(self, other):
        return isinstance(other, self.kind)


@pytest.fixture(scope="module")
def address():
    """A server for this file, ours or the peer."""
    with tempfile.TemporaryDirectory(prefix="larder-redis-") as folder:
        path = os.path.join(folder, "redis")
        if PEER:
            peer = subprocess.Popen(
                [PEER, "--port", "0", "--unixsocket", path, "--save", "", "--dir", folder],
                stdout=subprocess.DEVNULL,
            )
            wait_for(lambda: pathlib.Path(path).exists(), "the peer listens")
            yield path
            peer.terminate()
            peer.wait()
        else:
            running = Server("-m", "128", "--engine", "redis", "--unixsocket", path)
            yield path
            running.stop()


@pytest.fixture
def client(address):
    connection = Connection(address)
    yield connection
    connection.close()


def plain(reply):
    """A reply as the transcripts below spell it."""
    if isinstance(reply, list):
        return [plain(item) for item in reply]
    if isinstance(reply, bytes):
        return reply
    if reply in ("$-1", "*-1"):
        return None
    if reply[0] == "-":
        return Error(reply[1:])
    return int(reply[1:]) if reply[0] == ":" else reply[1:].encode()


def check(client, transcript):
    """Sends each command and compares its reply."""
    for command, expected in transcript:
        words = shlex.split(command) if isinstance(command, str) else command
        assert plain(client.call(*words)) == expected, command


def pairs(*items):
    return [item if isinstance(item, (bytes, type(None))) else str(item).encode() for item in items]


SYNTAX = Error("ERR syntax error")
NOT_FLOAT = Error("ERR value is not a valid float")
NOT_INTEGER = Error("ERR value is not an integer or out of range")
WRONG_TYPE = Error("WRONGTYPE Operation against a key holding the wrong kind of value")


def test_adding_and_reading_elements(client):
    check(
        client,
        [
            ("ZADD zadd 1 a 2 b 3 c", 3),
            ("ZADD zadd 5 a 7 d", 1),
            ("ZADD zadd CH 6 a 8 d 9 e", 3),
            ("ZADD zadd NX 100 a 1 f", 1),
            ("ZADD zadd XX CH 1.5 a 1 missing", 1),
            ("ZADD zadd GT CH 1 a 9 d", 1),
            ("ZADD zadd LT CH 1 a 99 d", 1),
            ("ZADD zadd INCR 2.5 a", b"3.5"),
            ("ZADD zadd NX INCR 2.5 a", None),
            ("ZADD zadd XX INCR 2.5 none", None),
            ("ZADD none XX 1 a", 0),
            ("EXISTS none", 0),
            ("ZADD zadd NX XX 1 a", Error("ERR XX and NX options at the same time are not compatible")),
            (
                "ZADD zadd GT LT 1 a",
                Error("ERR GT, LT, and/or NX options at the same time are not compatible"),
            ),
            (
                "ZADD zadd NX GT 1 a",
                Error("ERR GT, LT, and/or NX options at the same time are not compatible"),
            ),
            ("ZADD zadd INCR 1 a 2 b", Error("ERR INCR option supports a single increment-element pair")),
            ("ZADD zadd 1", Error("ERR wrong number of arguments for 'zadd' command")),
            ("ZADD zadd NX 1 ", SYNTAX),
            ("ZADD zadd x a", NOT_FLOAT),
            ("ZADD zadd nan a", NOT_FLOAT),
            ("ZADD zadd inf pole", 1),
            ("ZINCRBY zadd -inf pole", Error("ERR resulting score is not a number (NaN)")),
            ("ZSCORE zadd pole", b"inf"),
            ("ZINCRBY zadd 0.1 a", b"3.6000000000000001"),
            ("ZMSCORE zadd a none f", [b"3.6000000000000001", None, b"1"]),
            ("ZMSCORE none a", [None]),
            ("ZSCORE zadd none", None),
            ("ZSCORE none a", None),
            ("ZRANK zadd f", 0),
            ("ZREVRANK zadd f", 6),
            ("ZRANK zadd none", None),
            ("ZCARD zadd", 7),
            ("ZCARD none", 0),
            ("ZREM zadd a none b", 2),
            ("ZREM none a", 0),
            ("ZREM zadd c d e f pole", 5),
            ("EXISTS zadd", 0),
            ("SET text x", b"OK"),
            ("ZADD text 1 a", WRONG_TYPE),
            ("ZSCORE text a", WRONG_TYPE),
            ("ZCARD text", WRONG_TYPE),
        ],
    )


def test_ranges_by_rank_score_and_name(client):
    check(
        client,
        [
            ("ZADD zr 1 a 2 b 3 c 4 d", 4),
            ("ZRANGE zr 0 -1", pairs("a", "b", "c", "d")),
            ("ZRANGE zr 1 2 WITHSCORES", pairs("b", 2, "c", 3)),
            ("ZRANGE zr 0 0 REV", pairs("d")),
            ("ZREVRANGE zr 0 1 WITHSCORES", pairs("d", 4, "c", 3)),
            ("ZRANGE zr 5 10", []),
            ("ZRANGE zr -100 -3", pairs("a", "b")),
            ("ZRANGE none 0 -1", []),
            ("ZRANGE zr a b", NOT_INTEGER),
            ("ZRANGE zr (1 3 BYSCORE", pairs("b", "c")),
            ("ZRANGE zr 3 (1 BYSCORE REV", pairs("c", "b")),
            ("ZRANGE zr -inf +inf BYSCORE LIMIT 1 2", pairs("b", "c")),
            ("ZRANGE zr -inf +inf BYSCORE LIMIT 1 -1", pairs("b", "c", "d")),
            ("ZRANGE zr -inf +inf BYSCORE LIMIT -1 2", []),
            ("ZRANGE zr +inf -inf BYSCORE REV LIMIT 3 5 WITHSCORES", pairs("a", 1)),
            ("ZRANGEBYSCORE zr 2 3 WITHSCORES", pairs("b", 2, "c", 3)),
            ("ZREVRANGEBYSCORE zr 3 2 LIMIT 1 1", pairs("b")),
            ("ZRANGE zr x 3 BYSCORE", Error("ERR min or max is not a float")),
            (
                "ZRANGE zr 0 1 LIMIT 0 1",
                Error(
                    "ERR syntax error, LIMIT is only supported in combination with " "either BYSCORE or BYLEX"
                ),
            ),
            ("ZRANGE zr 0 1 BYSCORE BYLEX", SYNTAX),
            ("ZREVRANGE zr 0 1 REV", SYNTAX),
            ("ZCOUNT zr (1 +inf", 3),
            ("ZCOUNT zr x 1", Error("ERR min or max is not a float")),
            ("ZADD lex 0 alpha 0 bar 0 cool 0 down", 4),
            ("ZRANGE lex [bar (down BYLEX", pairs("bar", "cool")),
            ("ZRANGE lex + [bar BYLEX REV LIMIT 0 2", pairs("down", "cool")),
            ("ZRANGEBYLEX lex - (bar", pairs("alpha")),
            ("ZREVRANGEBYLEX lex [cool -", pairs("cool", "bar", "alpha")),
            ("ZLEXCOUNT lex - +", 4),
            ("ZLEXCOUNT lex + -", 0),
            ("ZRANGE lex bar + BYLEX", Error("ERR min or max not valid string range item")),
            (
                "ZRANGE lex - + BYLEX WITHSCORES",
                Error("ERR syntax error, WITHSCORES not supported in combination " "with BYLEX"),
            ),
            ("ZRANGESTORE to zr 2 3 BYSCORE", 2),
            ("ZRANGE to 0 -1 WITHSCORES", pairs("b", 2, "c", 3)),
            ("ZRANGESTORE to none 0 -1", 0),
            ("EXISTS to", 0),
            ("ZRANGESTORE zr zr 0 1 REV", 2),
            ("ZRANGE zr 0 -1", pairs("c", "d")),
            ("ZRANGESTORE to zr 0 -1 WITHSCORES", SYNTAX),
            ("ZREMRANGEBYLEX lex [bar [cool", 2),
            ("ZREMRANGEBYSCORE zr 3 (4", 1),
            ("ZREMRANGEBYRANK zr 0 -1", 1),
            ("EXISTS zr", 0),
            ("ZREMRANGEBYRANK zr x 1", NOT_INTEGER),
        ],
    )


def test_popping_and_chance(client):
    check(
        client,
        [
            ("ZADD pop 1 a 2 b 3 c 4 d 5 e", 5),
            ("ZPOPMIN pop", pairs("a", 1)),
            ("ZPOPMAX pop 2", pairs("e", 5, "d", 4)),
            ("ZPOPMIN pop 0", []),
            ("ZPOPMIN pop -1", Error("ERR value is out of range, must be positive")),
            ("ZPOPMIN pop x", Error("ERR value is out of range, must be positive")),
            ("ZPOPMIN pop 1 2", SYNTAX),
            ("ZPOPMIN none", []),
            ("ZMPOP 2 none pop MIN", [b"pop", [[b"b", b"2"]]]),
            ("ZMPOP 1 pop MAX COUNT 10", [b"pop", [[b"c", b"3"]]]),
            ("ZMPOP 2 none pop MIN", None),
            ("ZMPOP 0 pop MIN", Error("ERR numkeys should be greater than 0")),
            ("ZMPOP 1 pop MID", SYNTAX),
            ("ZMPOP 1 pop MIN COUNT 0", Error("ERR count should be greater than 0")),
            ("EXISTS pop", 0),
            ("ZADD chance 1 a", 1),
            ("ZRANDMEMBER chance", b"a"),
            ("ZRANDMEMBER chance -3", pairs("a", "a", "a")),
            ("ZRANDMEMBER chance 3 WITHSCORES", pairs("a", 1)),
            ("ZRANDMEMBER chance 0", []),
            ("ZRANDMEMBER none", None),
            ("ZRANDMEMBER none 2", []),
            ("ZRANDMEMBER chance x", NOT_INTEGER),
            ("ZSCAN chance 0", [b"0", pairs("a", 1)]),
            ("ZSCAN chance 0 MATCH b* COUNT 5", [b"0", []]),
            ("ZSCAN chance x", Error("ERR invalid cursor")),
            ("ZSCAN chance 0 COUNT 0", SYNTAX),
            ("ZSCAN none 0", [b"0", []]),
        ],
    )


def test_a_scan_meets_every_element_while_the_set_grows(client):
    names = {f"member:{i}".encode() for i in range(2000)}
    client.call("ZADD", "scanned", *[word for name in names for word in (1, name)])
    seen, cursor, more = set(), b"0", 0
    while True:
        cursor, elements = client.call("ZSCAN", "scanned", cursor, "COUNT", 50)
        seen.update(elements[::2])
        if cursor == b"0":
            break
        more += 100
        client.call("ZADD", "scanned", *[w for i in range(more, more + 100) for w in (2, f"new:{i}")])
    assert names <= seen


def test_combining_sets(client):
    check(
        client,
        [
            ("ZADD one 1 a 2 b 3 c", 3),
            ("ZADD two 10 b 20 c 30 d", 3),
            ("SADD set a b", 2),
            ("ZUNION 2 one two WITHSCORES", pairs("a", 1, "b", 12, "c", 23, "d", 30)),
            ("ZINTER 2 one two WITHSCORES WEIGHTS 2 1 AGGREGATE MIN", pairs("b", 4, "c", 6)),
            ("ZINTER 3 one two set WITHSCORES", pairs("b", 13)),
            ("ZDIFF 2 one two", pairs("a")),
            ("ZINTERCARD 2 one two", 2),
            ("ZINTERCARD 2 one two LIMIT 1", 1),
            ("ZINTERCARD 2 one two LIMIT -1", Error("ERR LIMIT can't be negative")),
            ("ZUNIONSTORE to 2 one two AGGREGATE MAX", 4),
            ("ZRANGE to 0 -1 WITHSCORES", pairs("a", 1, "b", 10, "c", 20, "d", 30)),
            ("ZINTERSTORE to 2 one none", 0),
            ("EXISTS to", 0),
            ("ZDIFFSTORE to 2 one set", 1),
            ("ZUNIONSTORE one 2 one one", 3),
            ("ZSCORE one c", b"6"),
            ("ZUNION 0 one", Error("ERR at least 1 input key is needed for 'zunion' command")),
            ("ZUNIONSTORE to 0 one", Error("ERR at least 1 input key is needed for 'zunionstore' command")),
            ("ZUNION x one", NOT_INTEGER),
            ("ZUNION 3 one two", SYNTAX),
            ("ZUNION 1 one WEIGHTS x", Error("ERR weight value is not a float")),
            ("ZUNION 1 one AGGREGATE avg", SYNTAX),
            ("ZDIFF 1 one WEIGHTS 1", SYNTAX),
            ("ZADD poles inf x", 1),
            ("ZADD depths -inf x", 1),
            ("ZUNION 2 poles depths WITHSCORES", pairs("x", 0)),
            ("ZUNION 1 poles WEIGHTS 0 WITHSCORES", pairs("x", 0)),
            ("ZUNION 1 text2", []),
            ("SET text2 x", b"OK"),
            ("ZUNION 1 text2", WRONG_TYPE),
        ],
    )


def test_places(client):
    check(
        client,
        [
            ("GEOADD geo 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", 2),
            ("GEOADD geo NX CH 1 1 Palermo", 0),
            ("GEOADD geo XX CH 13.361389 38.115557 Palermo", 0),
            ("GEOADD geo NX XX 1 1 x", SYNTAX),
            ("GEOADD geo 181 1 x", Error("ERR invalid longitude,latitude pair 181.000000,1.000000")),
            ("GEOADD geo x 1 y", NOT_FLOAT),
            ("GEOADD geo 1 2", Error("ERR wrong number of arguments for 'geoadd' command")),
            ("GEODIST geo Palermo Catania", b"166274.1516"),
            ("GEODIST geo Palermo Catania km", b"166.2742"),
            (
                "GEODIST geo Palermo Catania cm",
                Error("ERR unsupported unit provided. please use M, KM, FT, MI"),
            ),
            ("GEODIST geo Palermo none", None),
            ("GEOHASH geo Palermo none", [b"sqc8b49rny0", None]),
            ("GEOPOS geo Catania none", [[b"15.08726745843887329", b"37.50266842333162032"], None]),
            ("GEOSEARCH geo FROMLONLAT 15 37 BYRADIUS 200 km ASC", pairs("Catania", "Palermo")),
            (
                "GEOSEARCH geo FROMMEMBER Palermo BYBOX 400 400 km DESC COUNT 1 WITHDIST",
                [[b"Catania", b"166.2742"]],
            ),
            (
                "GEOSEARCH geo FROMLONLAT 15 37 BYRADIUS 100 km WITHHASH WITHCOORD WITHDIST",
                [
                    [
                        b"Catania",
                        b"56.4413",
                        3479447370796909,
                        [b"15.08726745843887329", b"37.50266842333162032"],
                    ]
                ],
            ),
            (
                "GEOSEARCH geo FROMLONLAT 15 37 BYRADIUS 200 km ANY",
                Error("ERR the ANY argument requires COUNT argument"),
            ),
            (
                "GEOSEARCH geo FROMLONLAT 15 37 ASC WITHDIST WITHHASH",
                Error("ERR exactly one of BYRADIUS and BYBOX can be specified for GEOSEARCH"),
            ),
            (
                "GEOSEARCH geo BYRADIUS 200 km ASC WITHDIST",
                Error("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSEARCH"),
            ),
            (
                "GEOSEARCH geo FROMMEMBER none BYRADIUS 1 km",
                Error("ERR could not decode requested zset member"),
            ),
            ("GEOSEARCH geo FROMLONLAT 15 37 BYRADIUS -1 km", Error("ERR radius cannot be negative")),
            ("GEOSEARCH geo FROMLONLAT 15 37 BYBOX x 1 km", Error("ERR need numeric width")),
            ("GEOSEARCH none FROMLONLAT 15 37 BYRADIUS 1 km", []),
            ("GEOSEARCHSTORE near geo FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST", 2),
            ("ZRANGE near 0 -1", pairs("Catania", "Palermo")),
            ("GEOSEARCHSTORE near geo FROMLONLAT 0 0 BYRADIUS 1 m", 0),
            ("EXISTS near", 0),
            ("GEORADIUS geo 15 37 200 km WITHDIST", [[b"Palermo", b"190.4424"], [b"Catania", b"56.4413"]]),
            ("GEORADIUS geo 15 37 200 km STORE near", 2),
            (
                "GEORADIUS geo 15 37 200 km STORE near WITHDIST",
                Error(
                    "ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD "
                    "options"
                ),
            ),
            ("GEORADIUS_RO geo 15 37 200 km STORE near", SYNTAX),
            ("GEORADIUSBYMEMBER geo Palermo 100 km", pairs("Palermo")),
            ("GEORADIUSBYMEMBER_RO geo none 100 km", Error("ERR could not decode requested zset member")),
        ],
    )


def entry(entry_id, *fields):
    return [entry_id.encode(), pairs(*fields)]


def test_entries_of_streams(client):
    check(
        client,
        [
            ("XADD s 1-1 f v g w", b"1-1"),
            ("XADD s 1-* f v", b"1-2"),
            ("XADD s 5 f v", b"5-0"),
            (
                "XADD s 5-0 f v",
                Error("ERR The ID specified in XADD is equal or smaller than the target stream top " "item"),
            ),
            ("XADD s 0-0 f v", Error("ERR The ID specified in XADD must be greater than 0-0")),
            ("XADD s x f v", Error("ERR Invalid stream ID specified as stream command argument")),
            ("XADD s 6 f", Error("ERR wrong number of arguments for 'xadd' command")),
            ("XADD s * f v w", Error("ERR wrong number of arguments for 'xadd' command")),
            ("XADD none NOMKSTREAM * f v", None),
            ("XADD s MAXLEN 3 6-0 f v", b"6-0"),
            ("XLEN s", 3),
            ("XRANGE s - +", [entry("1-2", "f", "v"), entry("5-0", "f", "v"), entry("6-0", "f", "v")]),
            ("XRANGE s (1-2 5", [entry("5-0", "f", "v")]),
            ("XREVRANGE s + - COUNT 1", [entry("6-0", "f", "v")]),
            ("XRANGE s - + COUNT 0", None),
            ("XRANGE s (- +", Error("ERR Invalid stream ID specified as stream command argument")),
            ("XRANGE none - +", []),
            ("XDEL s 5-0 9-9", 1),
            ("XLEN s", 2),
            ("XTRIM s MINID 6", 1),
            ("XTRIM s MAXLEN ~ 0", 1),
            (
                "XTRIM s MAXLEN 0 LIMIT 1",
                Error("ERR syntax error, LIMIT cannot be used without the special ~ option"),
            ),
            (
                "XTRIM s LIMIT 1 LIMIT 2",
                Error("ERR syntax error, LIMIT cannot be used without specifying a trimming " "strategy"),
            ),
            (
                "XTRIM s MAXLEN 1 MINID 1",
                Error("ERR syntax error, MAXLEN and MINID options at the same time are not " "compatible"),
            ),
            ("XTRIM s MAXLEN -1", Error("ERR The MAXLEN argument must be >= 0.")),
            ("EXISTS s", 1),
            ("XSETID s 10-5 ENTRIESADDED 20 MAXDELETEDID 3-3", b"OK"),
            (
                "XADD s 10-5 f v",
                Error("ERR The ID specified in XADD is equal or smaller than the target stream top " "item"),
            ),
            ("XADD s 10-* f v", b"10-6"),
            (
                "XSETID s 1-1",
                Error("ERR The ID specified in XSETID is smaller than the target stream top item"),
            ),
            (
                "XSETID s 11 ENTRIESADDED 0",
                Error(
                    "ERR The entries_added specified in XSETID is smaller than the " "target stream length"
                ),
            ),
            ("XSETID none 1", Error("ERR no such key")),
            (
                "XADD last 18446744073709551615-18446744073709551615 f v",
                b"18446744073709551615-18446744073709551615",
            ),
            (
                "XADD last * f v",
                Error("ERR The stream has exhausted the last possible ID, unable to add more items"),
            ),
            (
                "XREAD COUNT 1 STREAMS s last 0 0",
                [
                    [b"s", [entry("10-6", "f", "v")]],
                    [b"last", [entry("18446744073709551615-18446744073709551615", "f", "v")]],
                ],
            ),
            ("XREAD STREAMS s $", None),
            ("XREAD STREAMS s 10-6", None),
            ("XREAD STREAMS s", Error("ERR wrong number of arguments for 'xread' command")),
            (
                "XREAD STREAMS s none 0",
                Error(
                    "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' "
                    "must be specified."
                ),
            ),
            (
                "XREAD STREAMS s >",
                Error(
                    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP "
                    "<group> <consumer> option."
                ),
            ),
            (
                "XINFO STREAM s",
                [
                    b"length",
                    1,
                    b"radix-tree-keys",
                    1,
                    b"radix-tree-nodes",
                    Any(int),
                    b"last-generated-id",
                    b"10-6",
                    b"max-deleted-entry-id",
                    b"3-3",
                    b"entries-added",
                    21,
                    b"recorded-first-entry-id",
                    b"10-6",
                    b"groups",
                    0,
                    b"first-entry",
                    entry("10-6", "f", "v"),
                    b"last-entry",
                    entry("10-6", "f", "v"),
                ],
            ),
            ("XINFO STREAM none", Error("ERR no such key")),
        ],
    )


def test_groups_of_consumers(client):
    check(
        client,
        [
            (
                "XGROUP CREATE q g $",
                Error(
                    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE "
                    "you may want to use the MKSTREAM option to create an empty stream "
                    "automatically."
                ),
            ),
            ("XGROUP CREATE q g $ MKSTREAM", b"OK"),
            ("XGROUP CREATE q g $", Error("BUSYGROUP Consumer Group name already exists")),
            ("XADD q 1-0 f 1", b"1-0"),
            ("XADD q 2-0 f 2", b"2-0"),
            ("XADD q 3-0 f 3", b"3-0"),
            (
                "XREADGROUP GROUP g alice COUNT 2 STREAMS q >",
                [[b"q", [entry("1-0", "f", 1), entry("2-0", "f", 2)]]],
            ),
            ("XREADGROUP GROUP g bob STREAMS q >", [[b"q", [entry("3-0", "f", 3)]]]),
            ("XREADGROUP GROUP g bob STREAMS q >", None),
            ("XREADGROUP GROUP g alice STREAMS q 0", [[b"q", [entry("1-0", "f", 1), entry("2-0", "f", 2)]]]),
            (
                "XREADGROUP GROUP none alice STREAMS q >",
                Error("NOGROUP No such key 'q' or consumer group 'none' in XREADGROUP with GROUP option"),
            ),
            (
                "XREADGROUP GROUP g alice STREAMS q $",
                Error(
                    "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the "
                    "history of this consumer by specifying a proper ID, or use the > ID to get new "
                    "messages. The $ ID would just return an empty result set."
                ),
            ),
            ("XPENDING q g", [3, b"1-0", b"3-0", [[b"alice", b"2"], [b"bob", b"1"]]]),
            ("XPENDING q g - + 1", [[b"1-0", b"alice", Any(int), 2]]),
            ("XPENDING q g IDLE 3600000 - + 10", []),
            ("XPENDING q g - + 10 bob", [[b"3-0", b"bob", Any(int), 1]]),
            ("XPENDING q g - + 10 nobody", []),
            ("XPENDING q none", Error("NOGROUP No such key 'q' or consumer group 'none'")),
            ("XACK q g 1-0 9-9", 1),
            ("XACK q none 1-0", 0),
            ("XCLAIM q g bob 0 2-0", [entry("2-0", "f", 2)]),
            ("XCLAIM q g bob 3600000 3-0", []),
            ("XCLAIM q g carol 0 2-0 3-0 JUSTID", pairs("2-0", "3-0")),
            ("XCLAIM q g carol 0 1-0 FORCE RETRYCOUNT 7 JUSTID", pairs("1-0")),
            ("XCLAIM q g carol 0 1-0 WHAT", Error("ERR Unrecognized XCLAIM option 'WHAT'")),
            ("XCLAIM q none carol 0 1-0", Error("NOGROUP No such key 'q' or consumer group 'none'")),
            ("XDEL q 2-0", 1),
            ("XAUTOCLAIM q g alice 0 0 COUNT 2", [b"3-0", [entry("1-0", "f", 1)], [b"2-0"]]),
            ("XAUTOCLAIM q g alice 0 (1-0 JUSTID", [b"0-0", [b"3-0"], []]),
            ("XAUTOCLAIM q g alice 0 0 COUNT 0", Error("ERR COUNT must be > 0")),
            (
                "XINFO GROUPS q",
                [
                    [
                        b"name",
                        b"g",
                        b"consumers",
                        3,
                        b"pending",
                        2,
                        b"last-delivered-id",
                        b"3-0",
                        b"entries-read",
                        3,
                        b"lag",
                        0,
                    ]
                ],
            ),
            (
                "XINFO CONSUMERS q g",
                [
                    [b"name", b"alice", b"pending", 2, b"idle", Any(int)],
                    [b"name", b"bob", b"pending", 0, b"idle", Any(int)],
                    [b"name", b"carol", b"pending", 0, b"idle", Any(int)],
                ],
            ),
            ("XGROUP CREATECONSUMER q g dave", 1),
            ("XGROUP CREATECONSUMER q g dave", 0),
            ("XGROUP DELCONSUMER q g alice", 2),
            ("XGROUP DELCONSUMER q g alice", 0),
            ("XGROUP SETID q g 0 ENTRIESREAD 0", b"OK"),
            (
                "XREADGROUP GROUP g dave NOACK STREAMS q >",
                [[b"q", [entry("1-0", "f", 1), entry("3-0", "f", 3)]]],
            ),
            ("XPENDING q g", [0, None, None, None]),
            ("XGROUP SETID q none 0", Error("NOGROUP No such consumer group 'none' for key name 'q'")),
            ("XGROUP DESTROY q g", 1),
            ("XGROUP DESTROY q g", 0),
        ],
    )


def test_counting_different_elements(client):
    check(
        client,
        [
            ("PFADD h a b c", 1),
            ("PFADD h a b", 0),
            ("PFADD empty", 1),
            ("PFADD empty", 0),
            ("PFCOUNT h", 3),
            ("PFCOUNT h", 3),
            ("PFCOUNT none", 0),
            ("PFADD h2 c d e f", 1),
            ("PFCOUNT h h2 none", 6),
            ("PFMERGE hto h h2", b"OK"),
            ("PFCOUNT hto", 6),
            ("PFDEBUG ENCODING hto", b"sparse"),
            ("PFDEBUG DECODE h", b"Z:8436 v:1,1 Z:4274 v:2,1 Z:3068 v:1,1 Z:603"),
            ("PFDEBUG TODENSE hto", 1),
            ("PFDEBUG ENCODING hto", b"dense"),
            ("PFADD hto x", 1),
            ("PFCOUNT hto", 7),
            ("STRLEN hto", 12304),
            ("SET htext x", b"OK"),
            ("PFADD htext a", Error("WRONGTYPE Key is not a valid HyperLogLog string value.")),
            ("PFCOUNT htext", Error("WRONGTYPE Key is not a valid HyperLogLog string value.")),
            ("PFADD h d", 1),
            ("APPEND h hello", Any(int)),
            ("PFCOUNT h", Error("INVALIDOBJ Corrupted HLL object detected")),
        ],
    )


def test_values_as_bytes(client):
    check(
        client,
        [
            ("ZADD d1 1 a 2.5 b", 2),
            ("XADD d2 1-1 f v", b"1-1"),
            ("PFADD d3 a", 1),
        ],
    )
    for key in ("d1", "d2", "d3"):
        payload = client.call("DUMP", key)
        check(
            client,
            [
                (["RESTORE", key, "0", payload], Error("BUSYKEY Target key name already exists.")),
                (["RESTORE", key, "0", payload, "REPLACE"], b"OK"),
                (["RESTORE", "copy", "0", payload, "REPLACE", "IDLETIME", "5"], b"OK"),
                (["DUMP", "copy"], payload),
                (["RESTORE", "copy", "1", payload, "REPLACE", "ABSTTL"], b"OK"),
                (["EXISTS", "copy"], 0),
                (["RESTORE", "copy", "100000", payload], b"OK"),
                (
                    ["RESTORE", "copy", "0", payload[:-1], "REPLACE"],
                    Error("ERR DUMP payload version or checksum are wrong"),
                ),
                (["RESTORE", "copy", "-1", payload, "REPLACE"], Error("ERR Invalid TTL value, must be >= 0")),
                (
                    ["RESTORE", "copy", "0", payload, "FREQ", "256"],
                    Error("ERR Invalid FREQ value, must be >= 0 and <= 255"),
                ),
                (["RESTORE", "copy", "0", payload, "IDLETIME", "1", "FREQ", "1"], SYNTAX),
                (["DEL", "copy"], 1),
            ],
        )
    check(client, [("DUMP none", None), ("ZRANGE d1 0 -1 WITHSCORES", pairs("a", 1, "b", "2.5"))])
