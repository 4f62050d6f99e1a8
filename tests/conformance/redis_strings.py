"""Strings, bitmaps, keys and times to live for redis_differential.py.

Every reply is compared with its type; times to live may differ by what passes between two calls.
"""

from redis_pair import Group

KEYS = [f"k{i}" for i in range(6)] + ["", "k" * 250, "k" * 251, "k" * 1000]
NUMBERS = ["0", "1", "-1", "2", "5", "10", "100", "-100", "1000", "9223372036854775807", "-9223372036854775808",
           "9223372036854775808", "abc", "", "1.5", "01", "+1", " 1", "4294967296", "536870911"]
TEXTS = ["", "0", "1", "10", "-5", "3.14", "1e3", "hello", "Hello World", "\x00\xff\r\n", "a" * 44, "a" * 45,
         "x" * 300, "y" * 9000, "z" * 70000, "inf", "nan", "0x10", "12345678901234567890"]
SMALL = ["0", "1", "-1", "3", "7", "-3", "100", "1000", "-1000", "50000"]
# Long enough that nothing ends while the run lasts, but for what ends at once.
TIMES = ["5000000", "6000000", "0", "-1", "abc", "9223372036854775807", "9223372036854775", "20000000000"]
TTL_COMMANDS = {"ttl", "pttl", "expiretime", "pexpiretime"}
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
    if name not in TTL_COMMANDS or not (ours[:1] == theirs[:1] == ":"):
        return False
    return abs(int(ours[1:]) - int(theirs[1:])) <= TTL_SLACK[name]


class Strings(Group):
    def __init__(self, pair, rng):
        super().__init__(pair, rng)
        self.commands = Commands(rng)

    def step(self):
        args = self.commands.next()
        self.note(args)
        ours, theirs = self.both(self.rng.choice([2, 3]), args)
        if not alike(args[0], ours, theirs):
            self.differ(args, ours, theirs)
