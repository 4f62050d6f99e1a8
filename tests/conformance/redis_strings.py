#!/usr/bin/python3
"""Differential run of strings, bitmaps, keys and times to live against redis-server.

    redis_strings.py LARDER [--peer /usr/bin/redis-server] [--commands 20000] [--seed N]

Sends the same random commands to both servers, in RESP2 and RESP3 by turns, and compares every reply
with its type; times to live may differ by what passes between two calls. Now and then all keys and
values of all databases are compared.

Prints the seed and each difference with the commands before it; exits with 1 if there was one.
"""

import collections
import random
import sys

from redis_collections import Side, larder_command, redis_command, run_as_program

KEYS = [f"k{i}" for i in range(6)] + ["", "k" * 250, "k" * 251, "k" * 1000]
NUMBERS = ["0", "1", "-1", "2", "5", "10", "100", "-100", "1000", "9223372036854775807", "-9223372036854775808",
           "9223372036854775808", "abc", "", "1.5", "01", "+1", " 1", "4294967296", "536870911"]
TEXTS = ["", "0", "1", "10", "-5", "3.14", "1e3", "hello", "Hello World", "\x00\xff\r\n", "a" * 44, "a" * 45,
         "x" * 300, "y" * 9000, "z" * 70000, "inf", "nan", "0x10", "12345678901234567890"]
SMALL = ["0", "1", "-1", "3", "7", "-3", "100", "1000", "-1000", "50000"]
# Long enough that nothing ends while the run lasts, but for what ends at once.
TIMES = ["5000000", "6000000", "0", "-1", "abc", "9223372036854775807", "9223372036854775", "20000000000"]
TTL_COMMANDS = {"ttl", "pttl", "expiretime", "pexpiretime"}
# A number that INCRBYFLOAT wrote is text for Redis until the next INCRBY (docs/compatibility.md).
NUMBER_FORMS = (b"int", b"embstr")
TTL_SLACK = {"ttl": 1, "pttl": 2000, "expiretime": 1, "pexpiretime": 2000}


class Commands:
    def __init__(self, rng):
        self.rng = rng
        pick = rng.choice
        key = lambda: pick(KEYS)
        number = lambda: pick(NUMBERS)
        small = lambda: pick(SMALL)
        text = lambda: pick(TEXTS)
        word = lambda *words: pick(words)
        some = lambda make, low, high: [make() for _ in range(rng.randint(low, high))]
        time_option = lambda: pick([[], [], [], ["EX", pick(TIMES)], ["PX", pick(TIMES)], ["KEEPTTL"],
                                    ["EXAT", pick(TIMES)], ["PXAT", "99999999999999"]])
        field = lambda: word("u8", "i8", "i16", "u63", "i64", "u64", "u1", "i5", "x3", "u0")
        offset = lambda: word("0", "1", "7", "#0", "#1", "#5", "100", "-1", "abc")
        self.rows = [
            (8, lambda: ["set", key(), text()] + time_option() + some(lambda: word("NX", "XX", "GET"), 0, 1)),
            (8, lambda: ["get", key()]),
            (2, lambda: ["getset", key(), text()]),
            (2, lambda: ["getdel", key()]),
            (3, lambda: ["getex", key()] + pick([[], ["PERSIST"], ["EX", pick(TIMES)], ["PX", pick(TIMES)], ["FOO"]])),
            (2, lambda: ["setex", key(), pick(TIMES), text()]),
            (2, lambda: ["psetex", key(), pick(TIMES), text()]),
            (2, lambda: ["setnx", key(), text()]),
            (3, lambda: ["mget"] + some(key, 1, 4)),
            (2, lambda: ["mset"] + some(key, 1, 7)),
            (2, lambda: ["msetnx"] + some(key, 2, 4)),
            (4, lambda: ["append", key(), text()]),
            (2, lambda: ["strlen", key()]),
            (4, lambda: ["setrange", key(), small(), text()]),
            (4, lambda: [word("getrange", "substr"), key(), small(), small()]),
            (4, lambda: [word("incr", "decr"), key()]),
            (4, lambda: [word("incrby", "decrby"), key(), number()]),
            (3, lambda: ["incrbyfloat", key(), word("1", "0.1", "-2.5", "1e3", "3.0e-3", "abc", "inf")]),
            (2, lambda: ["lcs", word("k0", "k1"), word("k1", "k2")] + some(
                lambda: word("LEN", "IDX", "WITHMATCHLEN", "MINMATCHLEN", "2"), 0, 3)),
            (3, lambda: ["setbit", key(), word("0", "1", "7", "8", "100", "5000", "-1", "abc"), word("0", "1", "2")]),
            (3, lambda: ["getbit", key(), word("0", "1", "7", "8", "100", "999999")]),
            (3, lambda: ["bitcount", key()] + pick([[], [small(), small()], [small(), small(), word("BIT", "BYTE", "x")],
                                                    [small()]])),
            (3, lambda: ["bitpos", key(), word("0", "1", "2")] + pick([[], [small()], [small(), small()],
                                                                       [small(), small(), word("BIT", "BYTE", "x")]])),
            (3, lambda: ["bitop", word("AND", "OR", "XOR", "NOT", "FOO"), key()] + some(key, 1, 3)),
            (4, lambda: ["bitfield", key()] + sum(some(lambda: pick([
                ["GET", field(), offset()], ["SET", field(), offset(), number()],
                ["INCRBY", field(), offset(), number()], ["OVERFLOW", word("WRAP", "SAT", "FAIL", "x")]]), 1, 3), [])),
            (1, lambda: ["bitfield_ro", key(), "GET", field(), offset()]),
            (2, lambda: [word("del", "unlink", "exists", "touch")] + some(key, 1, 3)),
            (2, lambda: ["type", key()]),
            (3, lambda: [word("expire", "pexpire", "expireat", "pexpireat"), key(), pick(TIMES)] + some(
                lambda: word("NX", "XX", "GT", "LT", "foo"), 0, 1)),
            (4, lambda: [word(*TTL_COMMANDS), key()]),
            (2, lambda: ["persist", key()]),
            (2, lambda: [word("rename", "renamenx"), key(), key()]),
            (2, lambda: ["copy", key(), key()] + pick([[], ["REPLACE"], ["DB", "1"], ["DB", "1", "REPLACE"], ["DB", "99"]])),
            (1, lambda: ["move", key(), word("0", "1", "2", "abc")]),
            (1, lambda: ["swapdb", word("0", "1"), word("1", "2", "x")]),
            (1, lambda: ["select", word("0", "0", "1", "2", "x", "16")]),
            (3, lambda: ["object", word("encoding", "freq", "foo"), key()]),
            (1, lambda: ["wait", "0", "0"]),
            (1, lambda: [word("get", "set", "incr", "expire", "mset", "bitcount", "config", "nonsense")] + some(key, 0, 4)),
            (1, lambda: ["command", "getkeys"] + pick([["get", "a"], ["mset", "a", "b", "c", "d"], ["bitop", "and", "d", "a"],
                                                       ["sort", "a", "store", "b"], ["ping"]])),
        ]
        self.makers = [maker for weight, maker in self.rows for _ in range(weight)]

    def next(self):
        return self.rng.choice(self.makers)()


def alike(name, ours, theirs):
    """Whether two replies mean the same: times may differ by what passed between the calls."""
    if ours == theirs:
        return True
    if name == "object" and ours in NUMBER_FORMS and theirs in NUMBER_FORMS:
        return True
    if name not in TTL_COMMANDS or ours[0] != ":" or theirs[0] != ":":
        return False
    return abs(int(ours[1]) - int(theirs[1])) <= TTL_SLACK[name]


class Run:
    def __init__(self, larder, peer, seed):
        self.sides = [Side("larder", larder_command(larder)), Side("redis", redis_command(peer))]
        self.commands = Commands(random.Random(seed))
        self.recent = collections.deque(maxlen=8)
        self.differences = 0

    def report(self, args, ours, theirs):
        self.differences += 1
        if self.differences > 20:
            return
        print(f"different: {args!r:.400}\n  larder {ours!r:.400}\n  redis  {theirs!r:.400}\n  after:")
        for each in self.recent:
            print(f"    {each!r:.200}")

    def both(self, protocol, args):
        return [side.call(protocol, args) for side in self.sides]

    def compare_state(self):
        for database in ("0", "1", "2"):
            self.both(2, ["select", database])
            keys = [sorted(side.call(2, ["keys", "*"])[1]) for side in self.sides]
            if keys[0] != keys[1]:
                self.report(["keys", database], *keys)
            for key in keys[0]:
                values = self.both(2, ["get", key])
                if values[0] != values[1]:
                    self.report(["get", key], *values)
            # What a time in the past ended is counted until somebody finds it so.
            self.both(2, ["exists", *KEYS])
            sizes = self.both(2, ["dbsize"])
            if sizes[0] != sizes[1]:
                self.report(["dbsize", database], *sizes)
        for protocol in (2, 3):
            self.both(protocol, ["select", "0"])

    def run(self, count):
        for i in range(count):
            args = self.commands.next()
            protocol = 2 + i // 50 % 2
            ours, theirs = self.both(protocol, args)
            if not alike(args[0], ours, theirs):
                self.report(args, ours, theirs)
            self.recent.append(args)
            if i % 2000 == 1999:
                self.compare_state()
        return [side.stop() for side in self.sides]


if __name__ == "__main__":
    sys.exit(run_as_program(__doc__, Run))
