"""Lists, sets and hashes for redis_differential.py.

Every reply is compared with its type. Replies whose order is nobody's promise are compared sorted. What
chance decides (SPOP, SRANDMEMBER, HRANDFIELD) is held against the members that are there, on both sides.
Scans are run to their end.
"""

from redis_pair import Group, in_order, is_error, pairs_of, walk

LISTS = ["l1", "l2", "l3"]
SETS = ["s1", "s2", "s3", "s4"]
HASHES = ["h1", "h2", "h3"]
NUMBERS = ["0", "1", "2", "3", "5", "10", "100", "-1", "-2", "-3", "-100", "9223372036854775807",
           "-9223372036854775808", "9223372036854775808", "abc", "", "1.5", "01", "+1", " 1"]
FLOATS = ["0", "1", "1.5", "-2.25", "1e3", "0.1", "3.0e-5", "inf", "-inf", "nan", "abc", "", " 1", "1e400",
          "99999999999999999999", "0x10"]
TEXTS = ["", "a", "b", "c", "hello", "007", "-0", "3.14", "\xff\x00\r\n", "x" * 63, "x" * 64, "x" * 65,
         "y" * 300, "z" * 9000]
PATTERNS = ["*", "m*", "*1", "[a-m]*", "h?llo", "", "\\*", "f:1?", "nothing"]
UNORDERED = {"smembers", "sunion", "sinter", "sdiff", "hkeys", "hvals", "hgetall"}


class Commands:
    """Random commands, each a list of arguments."""

    def __init__(self, rng):
        self.rng = rng
        rows = {
            self.push: 8, self.pop: 6, self.list_read: 6, self.list_change: 6, self.lpos: 4, self.move: 5,
            self.lmpop: 3, self.sadd: 8, self.srem: 5, self.set_read: 5, self.smove: 2, self.algebra: 6,
            self.sintercard: 3, self.set_random: 4, self.hset: 8, self.hash_read: 8, self.hash_count: 6,
            self.hdel: 4, self.hrandfield: 3, self.scan: 4, self.delete: 1, self.foreign: 1,
            self.wrong_count: 2,
        }
        self.makers = [maker for maker, weight in rows.items() for _ in range(weight)]

    def next(self):
        return self.rng.choice(self.makers)()

    def pick(self, values):
        return self.rng.choice(values)

    def key(self, of):
        # Now and then a key of another type, or none.
        return self.pick(of) if self.rng.random() < 0.96 else self.pick(LISTS + SETS + HASHES + ["str", "no"])

    def number(self):
        return self.pick(NUMBERS) if self.rng.random() < 0.3 else str(self.rng.randrange(-12, 12))

    def text(self):
        kind = self.rng.random()
        if kind < 0.35:
            return str(self.rng.randrange(-40, 40))
        if kind < 0.4:
            return str(self.rng.choice([1, -1]) * self.rng.randrange(1 << self.rng.randrange(1, 63)))
        return f"m{self.rng.randrange(60)}" if kind < 0.9 else self.pick(TEXTS)

    def texts(self):
        if self.rng.random() < 0.02:  # past the thresholds of the encodings
            count = self.rng.choice([70, 130, 300, 600])
            prefix = self.pick(["", "m", "f:"])
            return [f"{prefix}{i}" for i in range(count)]
        return [self.text() for _ in range(self.rng.randrange(1, 5))]

    def cased(self, word):
        return word.upper() if self.rng.random() < 0.3 else word

    # --- lists ---

    def push(self):
        return [self.pick(["lpush", "rpush", "rpush", "lpushx", "rpushx"]), self.key(LISTS), *self.texts()]

    def pop(self):
        args = [self.pick(["lpop", "rpop"]), self.key(LISTS)]
        return args + ([self.number()] if self.rng.random() < 0.5 else [])

    def list_read(self):
        key = self.key(LISTS)
        return self.pick([["llen", key], ["lindex", key, self.number()],
                          ["lrange", key, self.number(), self.number()], ["lrange", key, "0", "-1"]])

    def list_change(self):
        key = self.key(LISTS)
        where = self.cased(self.pick(["before", "after", "after", "between"]))
        return self.pick([["linsert", key, where, self.text(), self.text()],
                          ["linsert", key, "after", self.text(), self.text()],
                          ["lset", key, self.number(), self.text()],
                          ["lrem", key, self.number(), self.text()],
                          ["ltrim", key, self.number(), self.number()],
                          ["ltrim", key, "0", str(self.rng.randrange(5, 80))]])

    def lpos(self):
        args = ["lpos", self.key(LISTS), self.text()]
        for word in ("rank", "count", "maxlen", "bad"):
            if self.rng.random() < (0.4 if word != "bad" else 0.03):
                args += [self.cased(word), self.number()]
        return args

    def move(self):
        ends = ["left", "right", "LEFT", "RIGHT", "middle"]
        if self.rng.random() < 0.3:
            return ["rpoplpush", self.key(LISTS), self.key(LISTS)]
        return ["lmove", self.key(LISTS), self.key(LISTS), self.pick(ends[:4]), self.pick(ends)]

    def lmpop(self):
        keys = [self.key(LISTS) for _ in range(self.rng.randrange(1, 4))]
        count = str(len(keys)) if self.rng.random() < 0.9 else self.number()
        args = ["lmpop", count, *keys, self.pick(["left", "RIGHT", "left", "up"])]
        return args + (["count", self.number()] if self.rng.random() < 0.5 else [])

    # --- sets ---

    def sadd(self):
        return ["sadd", self.key(SETS), *self.texts()]

    def srem(self):
        return ["srem", self.key(SETS), *self.texts()]

    def set_read(self):
        key = self.key(SETS)
        return self.pick([["scard", key], ["sismember", key, self.text()], ["smembers", key],
                          ["smismember", key, *self.texts()]])

    def smove(self):
        return ["smove", self.key(SETS), self.key(SETS), self.text()]

    def algebra(self):
        name = self.pick(["sinter", "sunion", "sdiff", "sinterstore", "sunionstore", "sdiffstore"])
        keys = [self.key(SETS) for _ in range(self.rng.randrange(1, 4))]
        return [name, *([self.key(SETS)] if name.endswith("store") else []), *keys]

    def sintercard(self):
        keys = [self.key(SETS) for _ in range(self.rng.randrange(1, 4))]
        args = ["sintercard", str(len(keys)) if self.rng.random() < 0.9 else self.number(), *keys]
        return args + (["limit", self.number()] if self.rng.random() < 0.5 else [])

    def set_random(self):
        args = [self.pick(["spop", "srandmember"]), self.key(SETS)]
        return args + ([self.small_number()] if self.rng.random() < 0.7 else [])

    def small_number(self):
        """No count that asks for billions of elements."""
        if self.rng.random() < 0.1:
            return self.pick(["abc", "", "9223372036854775807", "-9223372036854775808", "1.5"])
        return str(self.rng.randrange(-15, 30))

    # --- hashes ---

    def field(self):
        return f"f:{self.rng.randrange(30)}" if self.rng.random() < 0.8 else self.text()

    def hset(self):
        key = self.key(HASHES)
        if self.rng.random() < 0.15:
            return ["hsetnx", key, self.field(), self.text()]
        name = self.pick(["hset", "hset", "hmset"])
        if self.rng.random() < 0.02:
            return [name, key, *(word for i in range(600) for word in (f"f:{i}", str(i)))]
        args = [word for _ in range(self.rng.randrange(1, 4)) for word in (self.field(), self.text())]
        return [name, key, *args, *(["odd"] if self.rng.random() < 0.03 else [])]

    def hash_read(self):
        key = self.key(HASHES)
        return self.pick([["hget", key, self.field()], ["hlen", key], ["hkeys", key], ["hvals", key],
                          ["hgetall", key], ["hexists", key, self.field()], ["hstrlen", key, self.field()],
                          ["hmget", key, self.field(), self.field(), self.field()]])

    def hash_count(self):
        key = self.key(HASHES)
        if self.rng.random() < 0.5:
            return ["hincrby", key, self.field(), self.number()]
        return ["hincrbyfloat", key, self.field(), self.pick(FLOATS)]

    def hdel(self):
        return ["hdel", self.key(HASHES), *(self.field() for _ in range(self.rng.randrange(1, 5)))]

    def hrandfield(self):
        args = ["hrandfield", self.key(HASHES)]
        if self.rng.random() < 0.8:
            args.append(self.small_number())
            if self.rng.random() < 0.5:
                args.append(self.pick(["withvalues", "WITHVALUES", "withvalue"]))
        return args

    # --- all ---

    def scan(self):
        args = self.pick([["sscan", self.key(SETS)], ["hscan", self.key(HASHES)]])
        args.append("0" if self.rng.random() < 0.95 else self.pick(["x", "-5", "", "99"]))
        if self.rng.random() < 0.5:
            args += [self.cased("match"), self.pick(PATTERNS)]
        if self.rng.random() < 0.4:
            args += ["count", self.pick(["1", "5", "100", "0", "-1", "x"])]
        return args

    def delete(self):
        return ["del", self.pick(LISTS + SETS + HASHES)]

    def foreign(self):
        return self.pick([["set", "str", "text"], ["del", "str"], ["type", self.pick(LISTS + SETS)]])

    def wrong_count(self):
        """A command with arguments too many or too few."""
        args = self.next_plain()
        if self.rng.random() < 0.5 and len(args) > 1:
            return args[:self.rng.randrange(1, len(args))]
        return args + [self.text()]

    def next_plain(self):
        return self.rng.choice([self.list_read, self.list_change, self.move, self.set_read, self.smove,
                                self.hash_read, self.hash_count])()


class Collections(Group):
    def __init__(self, pair, rng):
        super().__init__(pair, rng)
        self.commands = Commands(rng)

    def step(self):
        args = self.commands.next()
        protocol = self.rng.choice([2, 3])
        self.note(args)
        name = args[0]
        if name in ("spop", "srandmember", "hrandfield"):
            return self.chance(protocol, args)
        ours, theirs = self.both(protocol, args)
        if name in UNORDERED:
            if protocol == 2 and name == "hgetall" and not is_error(ours) and not is_error(theirs):
                ours, theirs = pairs_of(ours), pairs_of(theirs)
            ours, theirs = in_order(ours), in_order(theirs)
        if name in ("sscan", "hscan") and not is_error(ours) and not is_error(theirs):
            if args[2] in ("-5", "99"):
                return  # a cursor that nobody gave out: what is left of a walk is the table's affair
            ours, theirs = (walk(connection, args, reply)
                            for connection, reply in zip(self.connections[protocol], (ours, theirs)))
        self.compare(args, ours, theirs)

    def chance(self, protocol, args):
        """Random members: of the right kind and number, and really members."""
        key = args[1]
        is_hash = args[0] == "hrandfield"
        before = self.members(key, is_hash)
        replies = self.both(protocol, args)
        left = self.members(key, is_hash) if args[0] == "spop" else before
        shapes = []
        for reply, members, after in zip(replies, before, left):
            drawn = []
            shape = reply
            if isinstance(reply, bytes):
                drawn, shape = [reply], "one"
            elif isinstance(reply, list):
                drawn, shape = list(reply), (type(reply), len(reply))
            if is_hash and "withvalues" in map(str.lower, args[2:]):
                drawn = [tuple(pair) for pair in drawn] if protocol == 3 else pairs_of(drawn)
                if not all(members.get(name) == value for name, value in drawn):
                    shape = ("no such pairs", drawn)
            elif not all(element in members for element in drawn):
                shape = ("no such members", drawn)
            negative = len(args) > 2 and args[2].startswith("-")
            if not negative and len(set(drawn)) != len(drawn):
                shape = ("drawn twice", drawn)
            if args[0] == "spop" and set(after) != set(members) - set(drawn):
                shape = ("left after spop", after)
            shapes.append(shape)
        self.compare(args, *shapes)
        if args[0] == "spop" and not any(map(is_error, replies)):
            self.both(2, ["del", key])  # what is left differs by right

    def members(self, key, is_hash):
        members = []
        for reply in self.both(2, ["hgetall" if is_hash else "smembers", key]):
            if is_error(reply):
                members.append({})
            else:
                members.append(dict(pairs_of(reply)) if is_hash else dict.fromkeys(reply))
        return members
