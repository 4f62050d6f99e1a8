"""Commands that work on keys of any type, over the keys of all groups, for redis_differential.py.

RENAME, COPY and their like carry values of one group to the keys of another. The check reads every key of the
databases on both sides: type, encoding, value and time to live.
"""

from redis_ordered import read
from redis_pair import DATABASES, Group, in_order, is_error, walk
import redis_collections
import redis_ordered_commands
import redis_strings

KEYS = [*redis_strings.KEYS, *redis_collections.LISTS, *redis_collections.SETS, *redis_collections.HASHES,
        *redis_ordered_commands.KEYS, *redis_ordered_commands.LOGS, *redis_ordered_commands.GEO_KEYS, "lex",
        "stream", "set", "missing", "other1", "other2", "weight_1", "weight_2", "weight_3"]
# Not lex: ranges of names mean nothing unless all scores are the same.
TARGETS = [key for key in KEYS if key != "lex"]
SORTABLE = [*redis_collections.LISTS, *redis_collections.SETS, *redis_ordered_commands.KEYS, "lex", "set"]
# Long enough that nothing ends while the run lasts, but for what ends at once.
TIMES = ["5000000", "6000000", "9000000", "0", "-1", "abc", "9223372036854775807", "20000000000"]
TYPES = ["string", "list", "set", "zset", "hash", "stream", "nothing"]
PATTERNS = ["*", "k*", "?", "[a-d]", "*1", "h?", "\\*", "", "[^a-m]*", "nothing"]
TTL_SLACK_MS = 120_000


class Generic(Group):
    def __init__(self, pair, rng):
        super().__init__(pair, rng)
        pick = rng.choice
        key = lambda: pick(KEYS)
        some = lambda low, high: [key() for _ in range(rng.randint(low, high))]
        maybe = lambda *words: [word for word in words if rng.random() < 0.3]
        rows = [
            (4, lambda: ["type", key()]),
            (10, lambda: ["object", pick(["encoding"] * 3 + ["refcount", "nothing"]), key()]),
            (2, lambda: [pick(["exists", "touch"]), *some(1, 4)]),
            (3, lambda: [pick(["del", "unlink"]), *some(1, 2)]),
            (5, lambda: [pick(["rename", "renamenx"]), key(), pick(TARGETS)]),
            (5, lambda: ["copy", key(), pick(TARGETS),
                         *pick([[], ["DB", pick(["0", "1", "2", "16", "x"])]]), *maybe("REPLACE")]),
            (2, lambda: ["move", key(), pick(["0", "1", "2", "-1", "x"])]),
            (3, lambda: [pick(["expire", "pexpireat", "expireat", "pexpire"]), key(), pick(TIMES),
                         *maybe("NX", "XX", "GT", "LT")]),
            (2, lambda: ["persist", key()]),
            (8, self.sort),
            (3, self.scan),
            (2, lambda: ["keys", pick(PATTERNS)]),
            (1, lambda: ["dbsize"]),
            (1, lambda: ["randomkey"]),
            (6, self.restore),
            (1, lambda: ["swapdb", pick(DATABASES), pick(DATABASES)]),
            (1, lambda: ["select", pick([*DATABASES, "0", "0", "0", "99"])]),
            (2, lambda: ["set", pick(["weight_1", "weight_2", "weight_3"]), str(rng.randint(-5, 5))]),
            (0.3, lambda: ["flushdb", *maybe("async", "sync")]),
            (0.05, lambda: ["flushall"]),
            (1, self.facts),
        ]
        self.makers = [row[1] for row in rows]
        self.weights = [row[0] for row in rows]

    # --- commands ---

    def sort(self):
        pick, rng = self.rng.choice, self.rng
        words = [pick(["sort", "sort", "sort_ro"]), pick(SORTABLE if rng.random() < 0.9 else KEYS)]
        if rng.random() < 0.5:
            words += ["BY", pick(["weight_*", "nosort", "h1->*", "k*", "h*->f:1", "#", "weight_*->x"])]
        elif rng.random() < 0.4:  # what is left of equal weights, or of a set, would be anybody's choice
            words += ["LIMIT", pick(["0", "1", "2", "-1"]), pick(["5", "1", "0", "-1", "x"])]
        for _ in range(rng.choice([0, 0, 0, 1, 2])):
            words += ["GET", pick(["#", "weight_*", "h1->*", "k*", "none", "*->f:1"])]
        words += [pick(["ASC", "DESC"])] if rng.random() < 0.5 else []
        # Mostly with it: most elements are no numbers.
        words += ["ALPHA"] if rng.random() < 0.8 else []
        if rng.random() < 0.3:
            words += ["STORE", pick(["other1", "other2", "l1"])]
        return words

    def scan(self):
        words = ["scan", "0" if self.rng.random() < 0.9 else "abc"]
        if self.rng.random() < 0.5:
            words += ["MATCH", self.rng.choice(PATTERNS)]
        if self.rng.random() < 0.5:
            words += ["COUNT", self.rng.choice(["1", "5", "1000", "0", "x"])]
        if self.rng.random() < 0.4:
            words += ["TYPE", self.rng.choice(TYPES)]
        return words

    def restore(self):
        """The payload of one side, for both; now and then with a broken byte."""
        side = self.rng.choice(self.connections[2])
        payload = side.call("DUMP", self.rng.choice(KEYS))
        if not isinstance(payload, bytes):
            return ["dump", "never"]
        if self.rng.random() < 0.1:
            at = self.rng.randrange(len(payload))
            payload = payload[:at] + bytes([payload[at] ^ 1]) + payload[at + 1:]
        options = self.rng.choice([["REPLACE"], ["REPLACE"], [], ["REPLACE", "ABSTTL"], ["IDLETIME", "5"],
                                   ["what"]])
        time = self.rng.choice(["0", "0", "99999999999999", "-1", "x"] if "ABSTTL" in options
                               else ["0", "0", "9000000", "-1", "x"])
        return ["restore", self.rng.choice(TARGETS), time, payload, *options]

    def facts(self):
        return self.rng.choice([
            ["echo", "x"], ["command", "getkeys", "sort", "a", "store", "b"],
            ["command", "getkeysandflags", "set", "k", "v"], ["command", "getkeys", "xread", "streams", "a", "0"],
            ["command", "getkeys", "zunionstore", "d", "2", "a", "b"], ["wait", "0", "0"], ["ping"],
            ["config", "nothing"],
            ["config", "get", "hz"], ["type"], ["expire", "a"]])

    # --- comparing ---

    def step(self):
        args = self.rng.choices(self.makers, self.weights)[0]()
        self.note(args)
        protocol = self.rng.choice([2, 3])
        if args[0] == "select":  # both protocols stay in one database
            self.both(5 - protocol, args)
        if args[0] == "dbsize":
            self.both(protocol, ["exists", *KEYS])  # or what has ended may still be counted
        if args[0].startswith("sort"):
            # redis-server unpacks the sorted set that it sorts; what matters here is the answer.
            self.both(protocol, ["copy", args[1], "sorted", "REPLACE"])
            args = [args[0], "sorted", *args[2:]]
        before = in_order(self.both(protocol, ["keys", "*"])[1]) if args[0] == "randomkey" else []
        ours, theirs = self.both(protocol, args)
        name = args[0]
        if name == "randomkey":
            known = all(reply in before or (isinstance(reply, str) and not before)
                        for reply in (ours, theirs))
            return None if known else self.differ(args, ours, theirs)
        if name == "scan" and not is_error(ours) and not is_error(theirs):
            ours, theirs = (walk(connection, args, reply)
                            for connection, reply in zip(self.connections[protocol], (ours, theirs)))
        if name == "keys" or name.startswith("sort") and self.any_order(args):
            ours, theirs = in_order(ours), in_order(theirs)
        if name == "object" and args[1] == "refcount" and ours == ":1" and theirs == ":2147483647":
            return None  # small integers are shared there (docs/compatibility.md)
        self.compare(args, ours, theirs)
        if name.startswith("sort"):
            self.both(protocol, ["del", "sorted"])
        if "STORE" in args and self.any_order(args):
            self.both(protocol, ["del", args[args.index("STORE") + 1]])
        return None

    @staticmethod
    def any_order(args):
        """Whether equal weights, or the order in which a set lies, show in the reply."""
        return "BY" in args

    def check(self):
        for number in DATABASES:
            self.both(2, ["select", number])
            keys = [sorted(reply) for reply in self.both(2, ["keys", "*"])]
            self.compare(f"keys of {number}", *keys)
            for key in keys[0]:
                self.compare(f"state of {number} {key!r}", *(read(side, key) for side in self.connections[2]))
                times = [int(reply[1:]) for reply in self.both(2, ["pttl", key])]
                if min(times) < 0 and times[0] != times[1] or abs(times[0] - times[1]) > TTL_SLACK_MS:
                    self.differ(f"time to live of {key!r}", *times)
            # What a time in the past ended is counted until somebody finds it so.
            self.both(2, ["exists", *KEYS])
            self.compare(f"size of {number}", *self.both(2, ["dbsize"]))
        for protocol in (2, 3):
            self.both(protocol, ["select", "0"])
