"""Random commands of the ordered types for redis_ordered.py: right ones, and now and then a wrong word."""

KEYS = ["a", "b", "c", "d"]
LOGS = ["log1", "log2", "log3"]
GEO_KEYS = ["geo"]
NAMES = ["", "x", "y", "z", "12", "-7", "007", "longer-name", "\xff\x00bin", "0.5"] + [
    f"m{i}" for i in range(40)
]
SCORES = [
    "0",
    "1",
    "-1",
    "2.5",
    "1e3",
    "inf",
    "-inf",
    "+inf",
    "3",
    "10",
    "0.1",
    "1e17",
    "-0",
    "9007199254740993",
    "nan",
    "abc",
    "",
    "1e400",
]
BOUNDS = ["-inf", "+inf", "inf", "0", "(0", "1", "(1", "(2.5", "3", "(inf", "-1", "abc", "(", "nan"]
LEX = ["-", "+", "[a", "(a", "[m1", "(m2", "[m3", "[", "(", "x", "[z", "[m9"]
INTS = [
    "0",
    "1",
    "2",
    "3",
    "5",
    "-1",
    "-2",
    "-3",
    "100",
    "abc",
    "9223372036854775807",
    "-9223372036854775808",
]


class Commands:
    """Random commands. Each gives its arguments; `masked` says how a reply is to be compared."""

    def __init__(self, rng):
        self.rng = rng
        self.sequence = 0

    def pick(self, values):
        return self.rng.choice(values)

    def key(self):
        return self.pick(KEYS)

    def some(self, values, low=1, high=4):
        return [self.pick(values) for _ in range(self.rng.randint(low, high))]

    def maybe(self, *words):
        return [w for w in words if self.rng.random() < 0.25]

    # --- sorted sets ---

    def zadd(self):
        pairs = []
        for _ in range(self.rng.randint(1, 4)):
            pairs += [self.pick(SCORES[:13] * 3 + SCORES), self.pick(NAMES)]
        return ["ZADD", self.key(), *self.maybe("NX", "XX", "GT", "LT", "CH", "INCR"), *pairs]

    def zadd_many(self):
        pairs = []
        for i in range(self.rng.randint(100, 200)):
            pairs += [self.rng.randint(-50, 50), f"many{self.rng.randint(0, 300)}"]
        return ["ZADD", self.key(), *pairs]

    def zincrby(self):
        return ["ZINCRBY", self.key(), self.pick(SCORES), self.pick(NAMES)]

    def zsimple(self):
        name = self.pick(["ZSCORE", "ZRANK", "ZREVRANK"])
        return [name, self.key(), self.pick(NAMES)]

    def zmany(self):
        return [self.pick(["ZREM", "ZMSCORE"]), self.key(), *self.some(NAMES)]

    def zcard(self):
        return ["ZCARD", self.key()]

    def zcount(self):
        return ["ZCOUNT", self.key(), self.pick(BOUNDS), self.pick(BOUNDS)]

    def zlexcount(self):
        return ["ZLEXCOUNT", "lex", self.pick(LEX), self.pick(LEX)]

    def zrange_rank(self):
        return [
            self.pick(["ZRANGE", "ZREVRANGE"]),
            self.key(),
            self.pick(INTS),
            self.pick(INTS),
            *self.maybe("WITHSCORES", "REV"),
        ]

    def zrange_score(self):
        options = self.maybe("WITHSCORES")
        if self.rng.random() < 0.4:
            options += ["LIMIT", self.pick(INTS), self.pick(INTS)]
        if self.rng.random() < 0.5:
            return [
                self.pick(["ZRANGEBYSCORE", "ZREVRANGEBYSCORE"]),
                self.key(),
                self.pick(BOUNDS),
                self.pick(BOUNDS),
                *options,
            ]
        return [
            "ZRANGE",
            self.key(),
            self.pick(BOUNDS),
            self.pick(BOUNDS),
            "BYSCORE",
            *self.maybe("REV"),
            *options,
        ]

    def zrange_lex(self):
        options = ["LIMIT", self.pick(INTS), self.pick(INTS)] if self.rng.random() < 0.4 else []
        if self.rng.random() < 0.5:
            return [
                self.pick(["ZRANGEBYLEX", "ZREVRANGEBYLEX"]),
                "lex",
                self.pick(LEX),
                self.pick(LEX),
                *options,
            ]
        return [
            "ZRANGE",
            "lex",
            self.pick(LEX),
            self.pick(LEX),
            "BYLEX",
            *self.maybe("REV", "WITHSCORES"),
            *options,
        ]

    def zadd_lex(self):
        return ["ZADD", "lex", *[w for n in self.some(NAMES) for w in ("0", n)]]

    def zrangestore(self):
        kind = self.rng.randint(0, 2)
        if kind == 0:
            return [
                "ZRANGESTORE",
                self.key(),
                self.key(),
                self.pick(INTS),
                self.pick(INTS),
                *self.maybe("REV"),
            ]
        limit = ["LIMIT", self.pick(INTS), self.pick(INTS)] if self.rng.random() < 0.3 else []
        if kind == 1:
            return [
                "ZRANGESTORE",
                self.key(),
                self.key(),
                self.pick(BOUNDS),
                self.pick(BOUNDS),
                "BYSCORE",
                *self.maybe("REV"),
                *limit,
            ]
        return [
            "ZRANGESTORE",
            self.key(),
            "lex",
            self.pick(LEX),
            self.pick(LEX),
            "BYLEX",
            *self.maybe("REV"),
            *limit,
        ]

    def zremrange(self):
        kind = self.rng.randint(0, 2)
        if kind == 0:
            return ["ZREMRANGEBYRANK", self.key(), self.pick(INTS), self.pick(INTS)]
        if kind == 1:
            return ["ZREMRANGEBYSCORE", self.key(), self.pick(BOUNDS), self.pick(BOUNDS)]
        return ["ZREMRANGEBYLEX", "lex", self.pick(LEX), self.pick(LEX)]

    def zpop(self):
        count = [self.pick(INTS)] if self.rng.random() < 0.6 else []
        return [self.pick(["ZPOPMIN", "ZPOPMAX"]), self.key(), *count]

    def zmpop(self):
        keys = self.some(KEYS, 1, 3)
        count = ["COUNT", self.pick(INTS)] if self.rng.random() < 0.6 else []
        return [
            "ZMPOP",
            self.pick([str(len(keys))] * 5 + INTS),
            *keys,
            self.pick(["MIN", "MAX", "max", "mid"]),
            *count,
        ]

    def zcombine(self):
        name = self.pick(
            ["ZUNION", "ZINTER", "ZDIFF", "ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE", "ZINTERCARD"]
        )
        keys = self.some(KEYS + ["set", "missing"], 1, 3)
        args = [name]
        if name.endswith("STORE"):
            args.append(self.key())
        args += [self.pick([str(len(keys))] * 8 + INTS), *keys]
        if self.rng.random() < 0.3:
            args += ["WEIGHTS", *[self.pick(["1", "2", "-1", "0", "0.5", "inf", "x"]) for _ in keys]]
        if self.rng.random() < 0.3:
            args += ["AGGREGATE", self.pick(["SUM", "MIN", "MAX", "avg"])]
        if self.rng.random() < 0.3:
            args += ["WITHSCORES"]
        if name == "ZINTERCARD" and self.rng.random() < 0.7:
            args += ["LIMIT", self.pick(INTS)]
        return args

    def zrandmember(self):
        return [
            "ZRANDMEMBER",
            self.key(),
            *([self.pick(["0", "1", "2", "-3", "100", "-20", "abc"])] if self.rng.random() < 0.8 else []),
            *self.maybe("WITHSCORES"),
        ]

    def zscan(self):
        return [
            "ZSCAN",
            self.key(),
            self.pick(["0", "0", "0", "abc"]),
            *self.maybe("MATCH"),
            *self.maybe("m*", "COUNT"),
            "COUNT",
            "1000",
        ]

    def sadd(self):
        return ["SADD", "set", *self.some(NAMES, 1, 6)]

    # --- geo ---

    def point(self):
        if self.rng.random() < 0.05:
            return [
                self.pick(["181", "x", "-180", "180"]),
                self.pick(["86", "y", "85.05112878", "-85.05112878"]),
            ]
        if self.rng.random() < 0.6:
            return [f"{2 + self.rng.random():.6f}", f"{48 + self.rng.random():.6f}"]
        return [f"{self.rng.uniform(-180, 180):.6f}", f"{self.rng.uniform(-85, 85):.6f}"]

    def geoadd(self):
        places = []
        for _ in range(self.rng.randint(1, 4)):
            places += [*self.point(), self.pick(NAMES)]
        return ["GEOADD", "geo", *self.maybe("NX", "XX", "CH"), *places]

    def geosimple(self):
        return [self.pick(["GEOPOS", "GEOHASH"]), "geo", *self.some(NAMES, 0, 3)]

    def geodist(self):
        return [
            "GEODIST",
            "geo",
            self.pick(NAMES),
            self.pick(NAMES),
            *self.maybe("km", "ft", "mi", "M", "cm"),
        ]

    def distance(self):
        return [
            self.pick(["0", "10", "100", "5000", "200000", "1e7", "-1", "x"]),
            self.pick(["m", "km", "ft", "mi", "cm"]),
        ]

    def geooptions(self, store):
        options = self.maybe("WITHDIST", "WITHHASH", "WITHCOORD")
        # Without an order, or with equal distances, the peer's sort is not stable: always ask for one.
        options += [self.pick(["ASC", "DESC"])]
        if self.rng.random() < 0.3:
            options += ["COUNT", self.pick(["1", "3", "0", "-1", "x", "100"])]
        if store and self.rng.random() < 0.3:
            options += [self.pick(["STORE", "STOREDIST"]), self.key()]
        return options

    def georadius(self):
        name = self.pick(["GEORADIUS", "GEORADIUS_RO"])
        return [
            name,
            "geo",
            *self.point(),
            *self.distance(),
            *self.geooptions(name == "GEORADIUS" or self.rng.random() < 0.1),
        ]

    def georadiusbymember(self):
        name = self.pick(["GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER_RO"])
        return [
            name,
            self.pick(["geo", "missing"]),
            self.pick(NAMES),
            *self.distance(),
            *self.geooptions(True),
        ]

    def geosearch(self):
        origin = (
            ["FROMMEMBER", self.pick(NAMES)] if self.rng.random() < 0.4 else ["FROMLONLAT", *self.point()]
        )
        width, unit = self.distance()
        shape = (
            ["BYRADIUS", width, unit]
            if self.rng.random() < 0.5
            else ["BYBOX", width, self.distance()[0], unit]
        )
        parts = [origin, shape]
        if self.rng.random() < 0.05:
            parts.append(self.pick([origin, shape]))
        if self.rng.random() < 0.05:
            parts.pop(0)
        self.rng.shuffle(parts)
        words = [w for part in parts for w in part]
        if self.rng.random() < 0.3:
            return [
                "GEOSEARCHSTORE",
                self.key(),
                self.pick(["geo", "missing"]),
                *words,
                *self.geooptions(False),
                *self.maybe("STOREDIST"),
            ]
        return ["GEOSEARCH", self.pick(["geo", "missing"]), *words, *self.geooptions(False)]

    # --- streams ---

    def stream_id(self):
        return self.pick(
            [
                f"{self.rng.randint(0, 60)}-{self.rng.randint(0, 3)}",
                f"{self.rng.randint(0, 60)}",
                "0",
                "-",
                "+",
                "0-0",
                "x",
                "18446744073709551615-18446744073709551615",
            ]
        )

    def live_id(self):
        return f"{self.rng.randint(max(1, self.sequence - 60), self.sequence + 1)}-{self.rng.randint(0, 1)}"

    def trim(self):
        by = self.pick([["MAXLEN"], ["MAXLEN", "~"], ["MAXLEN", "="]])
        words = [*by, self.pick(["10", "30", "5", "0", "-1", "x"])]
        if self.rng.random() < 0.4:
            words = [*self.pick([["MINID"], ["MINID", "~"], ["MINID", "="]]), self.live_id()]
        if self.rng.random() < 0.2:
            words += ["LIMIT", self.pick(["10", "0", "-1", "x"])]
        return words

    def xadd(self):
        self.sequence += self.rng.randint(0, 1)
        entry_id = self.pick(
            [
                f"{self.sequence}-*",
                f"{self.sequence}-*",
                f"{self.sequence + 1}",
                f"{self.sequence}-{self.rng.randint(0, 5)}",
                self.stream_id(),
            ]
        )
        fields = self.pick(
            [
                ["f", self.pick(NAMES)],
                ["name", self.pick(NAMES), "size", self.rng.randint(0, 999)],
                self.some(NAMES, 1, 5),
            ]
        )
        return [
            "XADD",
            "stream",
            *self.maybe("NOMKSTREAM"),
            *(self.trim() if self.rng.random() < 0.1 else []),
            entry_id,
            *fields,
        ]

    def xtrim(self):
        return ["XTRIM", "stream", *self.trim()]

    def xdel(self):
        return ["XDEL", "stream", *[self.live_id() for _ in range(self.rng.randint(1, 3))]]

    def xrange(self):
        count = ["COUNT", self.pick(INTS)] if self.rng.random() < 0.5 else []
        ends = [
            self.pick(["-", "+", "(" + self.live_id(), self.live_id(), self.stream_id(), "(-", "("])
            for _ in range(2)
        ]
        return [self.pick(["XRANGE", "XREVRANGE"]), "stream", *ends, *count]

    def xlen(self):
        return ["XLEN", self.pick(["stream", "missing"])]

    def xread(self):
        count = ["COUNT", self.pick(["1", "5", "0", "-1", "x"])] if self.rng.random() < 0.5 else []
        return [
            "XREAD",
            *count,
            "STREAMS",
            "stream",
            *self.maybe("missing"),
            self.pick([self.live_id(), "0", "$", ">", "x"]),
            *self.maybe("0"),
        ]

    def xgroup(self):
        group = self.pick(["g1", "g2"])
        return self.pick(
            [
                [
                    "XGROUP",
                    "CREATE",
                    self.pick(["stream", "missing2"]),
                    group,
                    self.pick(["$", "0", self.live_id(), "x"]),
                    *self.maybe("MKSTREAM", "ENTRIESREAD"),
                    *self.maybe("3"),
                ],
                [
                    "XGROUP",
                    "SETID",
                    "stream",
                    group,
                    self.pick(["$", "0", self.live_id()]),
                    *self.maybe("ENTRIESREAD"),
                    *self.maybe("7"),
                ],
                ["XGROUP", "CREATECONSUMER", "stream", group, self.pick(["alice", "bob"])],
                ["XGROUP", "DELCONSUMER", "stream", group, self.pick(["alice", "bob", "eve"])],
                ["XGROUP", "DESTROY", "stream", self.pick(["g1", "g2", "g2", "g3"])],
                ["XGROUP", self.pick(["HELP", "nothing"])],
            ]
        )

    def xreadgroup(self):
        count = ["COUNT", self.pick(["1", "5", "0", "x"])] if self.rng.random() < 0.7 else []
        return [
            "XREADGROUP",
            "GROUP",
            self.pick(["g1", "g2", "g3"]),
            self.pick(["alice", "bob"]),
            *count,
            *self.maybe("NOACK"),
            "STREAMS",
            "stream",
            self.pick([">", ">", "0", self.live_id(), "$", "x"]),
        ]

    def xack(self):
        return [
            "XACK",
            "stream",
            self.pick(["g1", "g2", "g3"]),
            *[self.live_id() for _ in range(self.rng.randint(1, 4))],
        ]

    def xpending(self):
        words = ["XPENDING", "stream", self.pick(["g1", "g2", "g3"])]
        if self.rng.random() < 0.7:
            words += [
                *(["IDLE", self.pick(["0", "x"])] if self.rng.random() < 0.3 else []),
                self.pick(["-", "(" + self.live_id(), self.live_id()]),
                "+",
                self.pick(["10", "0", "-1", "x"]),
                *self.maybe("alice", "eve"),
            ]
        return words

    def xclaim(self):
        return [
            "XCLAIM",
            "stream",
            self.pick(["g1", "g2", "g3"]),
            self.pick(["alice", "bob"]),
            self.pick(["0", "0", "x", "-1", "3600000"]),
            *[self.live_id() for _ in range(self.rng.randint(1, 3))],
            *self.maybe("FORCE", "JUSTID"),
            *self.pick(
                [
                    [],
                    ["IDLE", "1000"],
                    ["RETRYCOUNT", "7"],
                    ["TIME", "1"],
                    ["LASTID", self.live_id()],
                    ["RETRYCOUNT", "x"],
                    ["what"],
                ]
            ),
        ]

    def xautoclaim(self):
        return [
            "XAUTOCLAIM",
            "stream",
            self.pick(["g1", "g2", "g3"]),
            self.pick(["alice", "bob"]),
            self.pick(["0", "x", "3600000"]),
            self.pick(["0", "-", self.live_id(), "(" + self.live_id()]),
            *self.pick([[], ["COUNT", "2"], ["COUNT", "0"], ["JUSTID"]]),
        ]

    def xinfo(self):
        return self.pick(
            [
                ["XINFO", "STREAM", "stream"],
                ["XINFO", "STREAM", "stream", "FULL", *self.maybe("COUNT"), *self.maybe("3")],
                ["XINFO", "GROUPS", "stream"],
                ["XINFO", "CONSUMERS", "stream", self.pick(["g1", "g3"])],
                ["XINFO", "STREAM", "missing"],
                ["XINFO", "HELP"],
                ["XINFO", "GROUPS"],
            ]
        )

    def xsetid(self):
        return [
            "XSETID",
            "stream",
            self.live_id(),
            *self.pick(
                [[], ["ENTRIESADDED", "100"], ["ENTRIESADDED", "1"], ["MAXDELETEDID", self.live_id()], ["x"]]
            ),
        ]

    # --- HyperLogLog, and the wrong types ---

    def pf(self):
        keys = LOGS
        return self.pick(
            [
                [
                    "PFADD",
                    self.pick(keys),
                    *[self.rng.randint(0, 5000) for _ in range(self.rng.randint(0, 60))],
                ],
                [
                    "PFADD",
                    self.pick(keys),
                    *[self.rng.randint(0, 5000) for _ in range(self.rng.randint(0, 60))],
                ],
                ["PFCOUNT", *self.some(keys, 1, 3)],
                ["PFMERGE", *self.some(keys, 1, 3)],
                ["PFDEBUG", self.pick(["ENCODING", "DECODE", "what"]), self.pick(keys)],
                ["GET", self.pick(keys)],
            ]
        )

    def wrong_type(self):
        name = self.pick(
            [
                "ZADD",
                "ZSCORE",
                "ZRANGE",
                "XADD",
                "XLEN",
                "GEOPOS",
                "PFADD",
                "PFCOUNT",
                "ZREM",
                "XRANGE",
                "ZCARD",
                "GET",
            ]
        )
        args = {
            "ZADD": ["1", "x"],
            "ZSCORE": ["x"],
            "ZRANGE": ["0", "-1"],
            "XADD": ["1-1", "f", "v"],
            "XLEN": [],
            "GEOPOS": ["x"],
            "PFADD": ["x"],
            "PFCOUNT": [],
            "ZREM": ["x"],
            "XRANGE": ["-", "+"],
            "ZCARD": [],
            "GET": [],
        }[name]
        return [name, self.pick(["string", "set", "stream" if not name.startswith("X") else "a"]), *args]

    def delete(self):
        return ["DEL", self.pick(KEYS + ["lex", "geo"])]

    def generic(self):
        return self.pick(
            [
                ["TYPE", self.key()],
                ["OBJECT", "ENCODING", self.pick(KEYS + ["lex", "geo", "stream"])],
                ["EXISTS", self.key()],
            ]
        )

    def next(self):
        table = [
            (self.zadd, 8),
            (self.zadd_many, 0.4),
            (self.zincrby, 2),
            (self.zsimple, 3),
            (self.zmany, 3),
            (self.zcard, 1),
            (self.zcount, 2),
            (self.zlexcount, 2),
            (self.zrange_rank, 4),
            (self.zrange_score, 4),
            (self.zrange_lex, 4),
            (self.zadd_lex, 3),
            (self.zrangestore, 2),
            (self.zremrange, 2),
            (self.zpop, 2),
            (self.zmpop, 1),
            (self.zcombine, 6),
            (self.zrandmember, 1),
            (self.zscan, 1),
            (self.sadd, 1),
            (self.geoadd, 4),
            (self.geosimple, 2),
            (self.geodist, 2),
            (self.georadius, 2),
            (self.georadiusbymember, 2),
            (self.geosearch, 4),
            (self.xadd, 10),
            (self.xtrim, 0.5),
            (self.xdel, 2),
            (self.xrange, 3),
            (self.xlen, 1),
            (self.xread, 2),
            (self.xgroup, 2),
            (self.xreadgroup, 5),
            (self.xack, 2),
            (self.xpending, 2),
            (self.xclaim, 2),
            (self.xautoclaim, 2),
            (self.xinfo, 3),
            (self.xsetid, 0.3),
            (self.pf, 5),
            (self.wrong_type, 1),
            (self.delete, 0.5),
            (self.generic, 2),
        ]
        make = self.rng.choices([row[0] for row in table], [row[1] for row in table])[0]
        words = make()
        # Once in a while a word is lost or spelled in another case.
        if self.rng.random() < 0.02 and len(words) > 1:
            words.pop(self.rng.randrange(1, len(words)))
        return [w if isinstance(w, str) else str(w) for w in words]
