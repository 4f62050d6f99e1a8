#!/usr/bin/python3
"""Differential run of the Redis engine against redis-server: random commands of all groups, RESP2 and RESP3.

    redis_differential.py LARDER [--peer /usr/bin/redis-server] [--commands 20000] [--seed N] [--groups a,b]

Groups: strings (with bitmaps), collections (lists, sets, hashes), ordered (sorted sets, geo, streams,
HyperLogLog) and generic (keys of any type). Each step takes one of them and sends one command to both
servers. All work on the same databases, so values of one group turn up under the keys of another. Now and then
(--check-every), and at the end, everything that is stored is compared.

Prints the seed and each difference with the commands before it; exits with 1 if there was one.
"""

import argparse
import pathlib
import random
import sys

from redis_collections import Collections
from redis_generic import Generic
from redis_ordered import Ordered
from redis_pair import SHOWN_MAX, Pair
from redis_strings import Strings

GROUPS = {"strings": Strings, "collections": Collections, "ordered": Ordered, "generic": Generic}

def run(pair, groups, rng, options):
    """How many commands were sent: all, unless too much differs."""
    for sent in range(1, options.commands + 1):
        rng.choice(groups).step()
        if sent % options.check_every == 0 or sent == options.commands:
            for group in groups:
                group.check()
        if pair.differences >= SHOWN_MAX:
            print("stopped: too many differences")
            return sent
    return options.commands


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("larder", type=pathlib.Path)
    parser.add_argument("--peer", default="/usr/bin/redis-server")
    parser.add_argument("--commands", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--check-every", type=int, default=2000)
    parser.add_argument("--groups", default=",".join(GROUPS), help="of " + ", ".join(GROUPS))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    rng = random.Random(options.seed)
    pair = Pair(str(options.larder.resolve()), options.peer)
    codes = []
    try:
        groups = [GROUPS[name](pair, rng) for name in options.groups.split(",")]
        sent = run(pair, groups, rng, options)
    finally:
        codes = pair.stop()
    print(f"{sent} commands, {pair.differences} differences")
    return 0 if pair.differences == 0 and codes[0] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
