"""Sorted sets, geo, streams and HyperLogLog for redis_differential.py.

Every reply is compared with its type; what a clock or chance decides is masked on both sides. Now and then
each key is carried from either server to the other with DUMP and RESTORE and read there.
"""

from redis_ordered_commands import GEO_KEYS, KEYS, LOGS, Commands
from redis_pair import Group, in_order


def mask(words, reply):
    """Takes out of a reply what chance or a clock decides."""
    name = words[0].upper()
    if name == "ZRANDMEMBER":
        return len(reply) if isinstance(reply, list) else (reply if isinstance(reply, str) else "one")
    if name == "ZSCAN" and isinstance(reply, list):
        elements = reply[1]
        return [reply[0], sorted(zip(elements[::2], elements[1::2]))]
    if (
        name == "XPENDING"
        and isinstance(reply, list)
        and reply
        and all(isinstance(r, list) and len(r) == 4 for r in reply)
    ):
        return [[r[0], r[1], "idle", r[3]] for r in reply]
    if name == "XINFO":
        return mask_info(reply)
    if name == "PFDEBUG" and isinstance(reply, str) and reply.startswith("-"):
        return reply
    if name == "XADD" and "*" in words[2:5] and isinstance(reply, bytes):
        return "id"
    return reply


def mask_info(reply):
    if isinstance(reply, tuple):
        return [mask_info([name, value]) for name, value in reply[1]]
    if not isinstance(reply, list):
        if isinstance(reply, str) and reply.startswith(":") and int(reply[1:]) > 10**11:
            return "time"
        return reply
    masked = []
    for i, item in enumerate(reply):
        before = reply[i - 1] if i else None
        if before in (b"radix-tree-nodes", b"idle", b"seen-time"):
            masked.append("masked")
        elif before == b"radix-tree-keys":
            masked.append(item)
        else:
            masked.append(mask_info(item))
    return masked


READERS = {
    "+zset": lambda key: ["ZRANGE", key, "0", "-1", "WITHSCORES"],
    "+stream": lambda key: ["XINFO", "STREAM", key, "FULL", "COUNT", "0"],
    "+string": lambda key: ["GET", key],
    "+set": lambda key: ["SMEMBERS", key],
    "+list": lambda key: ["LRANGE", key, "0", "-1"],
    "+hash": lambda key: ["HGETALL", key],
}


def read(connection, key):
    """What a key holds, with its type and encoding."""
    kind = connection.call("TYPE", key)
    if kind == "+none":
        return kind
    words = READERS[kind](key)
    value = mask(words, connection.call(*words))
    if kind == "+set":
        value = in_order(value)
    if kind == "+hash":
        value = in_order(value if isinstance(value, tuple) else ("map", list(zip(value[::2], value[1::2]))))
    return kind, connection.call("OBJECT", "ENCODING", key), value


class Ordered(Group):
    def __init__(self, pair, rng):
        super().__init__(pair, rng)
        self.commands = Commands(rng)

    def step(self):
        words = self.commands.next()
        self.note(words)
        # Bytes above 127 are bytes, not UTF-8.
        sent = [word.encode("latin-1") for word in words]
        self.compare(words, *(mask(words, reply) for reply in self.both(self.rng.choice([2, 3]), sent)))

    def check(self):
        for key in [*KEYS, *LOGS, *GEO_KEYS, "lex", "stream", "set"]:
            ours, theirs = self.connections[2]
            self.carry(key, ours, theirs, "larder to redis")
            self.carry(key, theirs, ours, "redis to larder")

    def carry(self, key, source, target, way):
        """A key by DUMP and RESTORE from one server to the other, and read there."""
        payload = source.call("DUMP", key)
        if not isinstance(payload, bytes):
            return
        answer = target.call("RESTORE", "carried", "0", payload, "REPLACE")
        self.compare(f"{way}: RESTORE {key}", answer, "+OK")
        # What is small again is packed again, and a string may become a number.
        (was, _, value), (is_now, _, restored) = read(source, key), read(target, "carried")
        self.compare(f"{way}: {key}", (was, value), (is_now, restored))
        target.call("DEL", "carried")
