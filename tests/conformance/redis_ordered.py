#!/usr/bin/python3
"""Differential run of the ordered types of the Redis engine against redis-server.

    redis_ordered.py LARDER [--peer /usr/bin/redis-server] [--commands 20000] [--seed N] [--resp3]

Sends the same random commands (sorted sets, geo, streams, HyperLogLog, DUMP and RESTORE) to both servers
and compares every reply. What a clock or chance decides is masked on both sides. Every thousand
commands each key is carried from either server to the other with DUMP and RESTORE and read there.

Prints the seed and each difference with the command before it; exits with 1 if there was one.
"""

import argparse
import os
import pathlib
import pwd
import random
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from redis_ordered_commands import KEYS, Commands  # noqa: E402
from resp import Connection  # noqa: E402


class Process:
    """A server on a unix socket in a folder of its own."""

    def __init__(self, name, command):
        self.folder = tempfile.mkdtemp(prefix=f"ordered-{name}-")
        self.path = os.path.join(self.folder, "s")
        self.process = subprocess.Popen(
            command(self.path, self.folder), cwd=self.folder, stdout=subprocess.DEVNULL
        )

    def connect(self):
        return Connection(self.path)

    def stop(self):
        self.process.terminate()
        code = self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)
        return code


def larder_command(binary):
    user = ["-u", pwd.getpwuid(os.getuid()).pw_name] if os.getuid() == 0 else []
    return lambda path, folder: [
        binary,
        *user,
        "-p",
        "0",
        "--engine",
        "redis",
        "--unixsocket",
        path,
        "-s",
        os.path.join(folder, "m"),
    ]


def redis_command(binary):
    return lambda path, folder: [
        binary,
        "--port",
        "0",
        "--unixsocket",
        path,
        "--save",
        "",
        "--appendonly",
        "no",
        "--dir",
        folder,
    ]


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
    "zset": lambda key: ["ZRANGE", key, "0", "-1", "WITHSCORES"],
    "stream": lambda key: ["XRANGE", key, "-", "+"],
    "string": lambda key: ["GET", key],
    "set": lambda key: ["SMEMBERS", key],
}


def carry(keys, source, target, report):
    """Each key by DUMP and RESTORE from one server to the other, and read there."""
    for key in keys:
        payload = source.call("DUMP", key)
        if not isinstance(payload, bytes):
            continue
        answer = target.call("RESTORE", "carried", "0", payload, "REPLACE")
        if answer != "+OK":
            report(["RESTORE", key], answer, "+OK")
            continue
        kind = source.call("TYPE", key)[1:]
        a, b = source.call("TYPE", key), target.call("TYPE", "carried")
        if a != b:
            report(["TYPE after RESTORE of", key], a, b)
        read = READERS[kind]
        a, b = source.call(*read(key)), target.call(*read("carried"))
        if kind == "set" and isinstance(a, list):
            a, b = sorted(a), sorted(b)
        if a != b:
            report(["contents after RESTORE of", key], a, b)
        if kind == "stream":
            words = ["XINFO", "STREAM", key, "FULL"]
            a, b = mask(words, source.call(*words)), mask(
                words, target.call("XINFO", "STREAM", "carried", "FULL")
            )
            if a != b:
                report(words, a, b)
        target.call("DEL", "carried")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("larder", type=pathlib.Path)
    parser.add_argument("--peer", default="/usr/bin/redis-server")
    parser.add_argument("--commands", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--resp3", action="store_true")
    parser.add_argument("--differences", type=int, default=20, help="stop after as many")
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(10**9)
    print(f"seed {seed}, {args.commands} commands, RESP{3 if args.resp3 else 2}", flush=True)
    ours = Process("larder", larder_command(str(args.larder.resolve())))
    peer = Process("redis", redis_command(args.peer))
    found = []

    def report(words, a, b):
        found.append(words)
        print(
            f"difference {len(found)}: {words}\n  larder: {str(a)[:1500]}\n  redis:  {str(b)[:1500]}",
            flush=True,
        )

    try:
        us, them = ours.connect(), peer.connect()
        if args.resp3:
            for side in (us, them):
                side.call("HELLO", "3")
        commands = Commands(random.Random(seed))
        for side in (us, them):
            side.call("SET", "string", "text")
        for i in range(args.commands):
            words = commands.next()
            # Bytes above 127 are bytes, not UTF-8.
            sent = [w.encode("latin-1") for w in words]
            a, b = mask(words, us.call(*sent)), mask(words, them.call(*sent))
            if a != b:
                report(words, a, b)
            if len(found) >= args.differences:
                break
            if i % 1000 == 999:
                keys = KEYS + ["lex", "geo", "stream", "h1", "h2", "h3", "set"]
                carry(keys, us, them, lambda w, x, y: report(["larder to redis", *w], x, y))
                carry(keys, them, us, lambda w, x, y: report(["redis to larder", *w], y, x))
    finally:
        code = ours.stop()
        peer.stop()
    if code not in (0, -15):
        print(f"larder ended with {code}")
        return 1
    print(f"{len(found)} differences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
