#!/usr/bin/python3
"""Command lines, one by one: what a server refuses, with which words and code, and what it starts with.

    flags.py LARDER [--peer MEMCACHED]             check against the record (and the peer against it)
    flags.py --record NEW OLD                      write the record from two memcached binaries

The record, flags.tsv, has a row for each command line of flags_cases.py: what memcached 1.6.45 does, and
what Debian's 1.6.18 does where that differs. An outcome is `starts`, or the exit code and what was said,
on stdout and stderr together. Larder has to do what 1.6.45 does, but for the rows of LARDER_DIFFERS.
"""

import argparse
import json
import os
import pathlib
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from flags_cases import CASES, LARDER_DIFFERS  # noqa: E402

RECORD = pathlib.Path(__file__).with_name("flags.tsv")
DEADLINE_S = 60
STARTS = "starts"


def user_flags():
    return ["-u", pwd.getpwuid(os.getuid()).pw_name] if os.getuid() == 0 else []


class Runner:
    """Runs command lines of one binary."""

    def __init__(self, binary):
        self.binary = binary
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="larder-flags-"))
        self.socket = str(self.folder / "s")

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def _listens(self):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.socket) == 0

    def normal(self, text):
        for name in (self.binary, os.path.basename(self.binary)):
            text = text.replace(name + ":", "{program}:")
        text = text.replace(self.socket, "{socket}").replace(str(self.folder), "{folder}")
        # getopt lists what an abbreviation may stand for in an order of its own.
        return re.sub(r"possibilities:(( '[^']*')+)",
                      lambda found: "possibilities: " + " ".join(sorted(found[1].split())), text).strip()

    def outcome(self, case):
        """What the words of a case lead to."""
        # The socket's flag goes first: a word that ends the flags must not hide it.
        words = [word.replace("{folder}", str(self.folder)) for word in case]
        command = [self.binary, *user_flags(), "-s", self.socket, *words]
        with open(self.folder / "said", "w+b") as said:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                                       cwd=self.folder)
            try:
                end = time.monotonic() + DEADLINE_S
                while process.poll() is None and not self._listens():
                    if time.monotonic() > end:
                        raise AssertionError(f"{command} neither starts nor ends")
                    time.sleep(0.005)
                if process.poll() is None:
                    return STARTS
                said.seek(0)
                return f"{process.returncode} {json.dumps(self.normal(said.read().decode()))}"
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait()
                pathlib.Path(self.socket).unlink(missing_ok=True)


def read_record():
    rows = {}
    for line in RECORD.read_text().splitlines():
        if line.startswith("#"):
            continue
        words, new, old = line.split("\t")
        rows[words] = (new, new if old == "=" else old)
    return rows


def record(new_binary, old_binary):
    new, old = Runner(new_binary), Runner(old_binary)
    with open(RECORD, "w") as out:
        out.write("# command line\tmemcached 1.6.45\tmemcached 1.6.18 (=: the same)\n")
        for case in CASES:
            now, before = new.outcome(case), old.outcome(case)
            out.write(f"{' '.join(case)}\t{now}\t{'=' if now == before else before}\n")
    new.close()
    old.close()


def version_of(binary):
    out = subprocess.run([binary, "-V"], capture_output=True, check=True, timeout=DEADLINE_S).stdout
    return out.decode().split()[-1]


def check(binary, column, rows, exceptions):
    """The number of command lines of which the outcome is not the recorded one."""
    runner = Runner(binary)
    wrong = 0
    unused = set(exceptions)
    for case in CASES:
        words = " ".join(case)
        expected = rows[words][column]
        actual = runner.outcome(case)
        if words in exceptions and actual != expected:
            unused.discard(words)
            expected = exceptions[words]
        if actual != expected:
            wrong += 1
            print(f"{os.path.basename(binary)} {words}\n  does     {actual}\n  expected {expected}")
    for words in unused:
        wrong += 1
        print(f"no difference any more: {words}")
    runner.close()
    print(f"{binary}: {len(CASES)} command lines, {wrong} wrong")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("larder", nargs="?")
    parser.add_argument("--peer")
    parser.add_argument("--record", nargs=2, metavar=("NEW", "OLD"))
    options = parser.parse_args()
    if options.record:
        record(*options.record)
        return 0
    rows = read_record()
    missing = [" ".join(case) for case in CASES if " ".join(case) not in rows]
    assert not missing, f"not recorded: {missing}"
    wrong = check(options.larder, 0, rows, LARDER_DIFFERS)
    if options.peer and os.access(options.peer, os.X_OK):
        version = version_of(options.peer)
        if version in ("1.6.45", "1.6.18"):
            wrong += check(options.peer, 0 if version == "1.6.45" else 1, rows, {})
        else:
            print(f"{options.peer} is {version}: nothing recorded to hold it against")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
