"""Sends the same requests to a memcached and to Larder and compares what comes back.

    differential.py LARDER [--peer /usr/bin/memcached] [--seed N] [--sequences N | --seconds S]

First scripted corner cases, then random sequences from a seed over text, meta and binary, boundary
values first. Each sequence has a connection and keys of its own. Replies are compared byte for byte,
apart from what side.py says may differ. Every other difference must be in docs/differences.md; what
is not is printed with the shortest sequence found to show it, and makes the run fail, as does a row
of that page which nothing needs any more (unless --seconds or --only chose what to run).
"""

import argparse
import pathlib
import re
import sys
import time

import differences
import randomised
import scripted
from side import BinaryRequest, Side, same, text_of

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/differences.md"

# memcached's LRU maintainer takes items in hand for a moment; a decr that meets it does not pad the
# number with blanks as it does otherwise. Without it, replies depend on the requests alone.
FLAGS = ["-m", "256", "-t", "2", "-o", "no_lru_maintainer"]


class Finding:
    """A difference: the sequence up to it, and both replies."""

    def __init__(self, name, requests, asked, peer_reply, larder_reply):
        self.name = name
        self.requests = requests
        self.asked = asked  # the text form of the last request
        self.peer_reply = peer_reply
        self.larder_reply = larder_reply


class Comparison:
    def __init__(self, arguments):
        self.peer = Side(arguments.peer, *FLAGS)
        self.larder = Side(arguments.larder, *FLAGS)
        self.allowed = differences.read(PAGE, self.peer.version)
        self.newest = differences.version_of(self.peer.version) >= differences.NEWEST
        self.sequences = 0
        self.compared = 0
        self.findings = []

    def stop(self):
        try:
            self.peer.stop()
        finally:
            self.larder.stop()

    def play(self, name, requests):
        """Runs one sequence on both; the first difference that is not allowed, or None.

        A random sequence ends at an allowed difference, since the servers may hold different items
        from there on, and so do those about newer features; the others are written to go on.
        """
        self.sequences += 1
        prefix = b"s%07d." % self.sequences  # 9 bytes: whole groups of three, so base64 has one too
        binary = isinstance(requests[0], BinaryRequest)
        self.peer.begin(prefix, binary)
        self.larder.begin(prefix, binary)
        for position, request in enumerate(requests):
            peer_reply, larder_reply = self.peer.ask(request), self.larder.ask(request)
            self.compared += 1
            if not same(peer_reply, larder_reply):
                finding = Finding(name, requests[:position + 1], self.larder.describe(request),
                                  self.larder.without_prefix(text_of(peer_reply)),
                                  self.larder.without_prefix(text_of(larder_reply)))
                if not self.is_allowed(finding):
                    return finding
                if name.startswith(("random", "newer")):
                    return None
            if peer_reply[-1] or larder_reply[-1]:
                return None  # a connection is closed
        return None

    def is_allowed(self, finding):
        for row in self.allowed:
            if row.allows(finding.asked, finding.peer_reply, finding.larder_reply):
                row.seen += 1
                return True
        return False

    def compare(self, name, requests):
        """Runs a sequence; shortens and keeps a difference that is not allowed."""
        finding = self.play(name, requests)
        if finding is not None:
            self.findings.append(self.shorten(finding))

    def shorten(self, finding):
        """Leaves out requests as long as some difference that is not allowed remains."""
        position = len(finding.requests) - 2
        while position >= 0:
            fewer = finding.requests[:position] + finding.requests[position + 1:]
            again = self.play(finding.name, fewer)
            if again is not None:
                finding = again
                position = min(position, len(finding.requests) - 1)
            position -= 1
        return finding

    def report(self):
        """Prints the shortest finding of each sort."""
        sorts = {}
        for finding in self.findings:
            sort = (finding.asked.split()[0], finding.peer_reply[:14], finding.larder_reply[:14])
            sorts.setdefault(sort, []).append(finding)
        self.larder.begin(b"", False)
        for found in sorts.values():
            finding = min(found, key=lambda one: len(one.requests))
            print(f"\n{finding.name}" + (f" and {len(found) - 1} like it" if found[1:] else ""))
            for request in finding.requests[:-1]:
                print("   ", brief(self.larder.describe(request)))
            print("  >", brief(finding.asked))
            print("  memcached:", brief(finding.peer_reply))
            print("  larder:   ", brief(finding.larder_reply))


def brief(text):
    """A line with long runs of one character cut."""
    return re.sub(r"(.)\1{30,}", r"\1\1\1...", text)[:2000]


def arguments_of():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("larder", help="the binary under test")
    parser.add_argument("--peer", default="/usr/bin/memcached", help="the memcached to compare with")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sequences", type=int, default=2000, help="random sequences (default 2000)")
    parser.add_argument("--seconds", type=float, help="random sequences for that long instead")
    parser.add_argument("--only", default="", help="sequences whose name contains this")
    parser.add_argument("--findings", type=int, default=100, help="stop after so many (default 100)")
    return parser.parse_args()


def sequences_of(arguments, comparison):
    """(name, requests) of all that is to be run, in order."""
    yield from scripted.SEQUENCES
    end = time.monotonic() + arguments.seconds if arguments.seconds else None
    number = 0
    while time.monotonic() < end if end else number < arguments.sequences:
        # Each sequence has a seed of its own, so that one can be run again alone.
        seed = arguments.seed * 1_000_000 + number
        yield f"random {seed}", randomised.sequence(seed, comparison.newest)
        number += 1


def main():
    arguments = arguments_of()
    comparison = Comparison(arguments)
    try:
        print(f"memcached {comparison.peer.version} against larder, seed {arguments.seed}")
        for name, requests in sequences_of(arguments, comparison):
            if arguments.only in name and requests:
                comparison.compare(name, requests)
            if len(comparison.findings) >= arguments.findings:
                break
        comparison.report()
    finally:
        comparison.stop()
    unused = [row.id for row in comparison.allowed if not row.seen]
    print(f"\n{comparison.sequences} sequences, {comparison.compared} requests, "
          f"{len(comparison.findings)} differences that are not allowed")
    for row in comparison.allowed:
        print(f"  {row.seen:6} x {row.id}")
    if comparison.findings:
        return 1
    if unused and not arguments.only:
        print(f"no longer needed in {PAGE.name}: {', '.join(unused)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
