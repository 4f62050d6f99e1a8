#!/usr/bin/python3
"""Replays small traces on real servers and checks what the counts must be.

Usage: replay_test.py TOOLS GROUP [BINARY]
TOOLS is the directory of replay and loadgen; GROUP one of the classes below by its `group`; BINARY the server
to run, where the group needs one.
"""

import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

BENCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "bench")
sys.path.insert(0, BENCH)
import peers  # noqa: E402

TOOLS = ""
BINARY = ""


class ReplayTest(unittest.TestCase):
    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.directory = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="replay-"))

    def path(self, name):
        return os.path.join(self.directory, name)

    def replay(self, *words, status=0):
        done = subprocess.run([os.path.join(TOOLS, "replay"), *map(str, words)],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.problems = done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def make(self, *words):
        path = self.path("trace")
        self.replay("make", "--out", path, *words)
        return path

    def write(self, *records):
        """A trace of (time in ms, key, size, TTL) records."""
        path = self.path("trace")
        with open(path, "wb") as file:
            file.write(b"LARDTRC1" + struct.pack("<Q", len(records)))
            for record in records:
                file.write(struct.pack("<QQII", *record))
        return path


class Files(ReplayTest):
    group = "files"

    def test_a_made_trace_is_what_was_asked_for(self):
        path = self.make("--requests", 5000, "--keys", 100, "--requests-per-second", 100)
        summary, = self.replay("describe", "--trace", path)
        self.assertEqual((summary["requests"], summary["objects"]), (5000, 100))
        self.assertAlmostEqual(summary["seconds"], 49.99)

    def test_both_formats_give_the_same_simulation(self):
        words = ("--requests", 20000, "--keys", 5000)
        results = [self.replay("simulate", "--trace", self.make(*words, "--format", kind),
                               "--capacity-mb", 0.25) for kind in ("larder", "oracle-general")]
        self.assertEqual(results[0], results[1])
        self.assertEqual([each["policy"] for each in results[0]], ["lru", "s3fifo", "belady"])
        lru, s3fifo, belady = (each["hits"] for each in results[0])
        self.assertGreater(min(lru, s3fifo), 0)
        self.assertGreater(belady, max(lru, s3fifo))

    def test_a_trace_that_is_piped_in_is_read(self):
        path = self.make("--requests", 100)
        with open(path, "rb") as file:
            done = subprocess.run([os.path.join(TOOLS, "replay"), "describe", "--trace",
                                   "/dev/stdin"], input=file.read(), capture_output=True)
        self.assertEqual(json.loads(done.stdout)["requests"], 100)

    def test_bad_files_and_bad_words_are_refused(self):
        path = self.make("--requests", 100)
        os.truncate(path, os.path.getsize(path) - 1)
        self.replay("describe", "--trace", path, status=1)
        self.assertIn("ends within a record", self.problems)
        self.replay("describe", "--trace", self.path("none"), status=1)
        self.replay("make", "--out", self.path("x"), "--theta", 0, status=2)
        self.replay("make", status=2)
        self.replay("simulate", "--trace", self.make("--requests", 10), "--policies", "mru",
                    status=2)
        self.replay("juggle", status=2)
        self.replay("run", "--no-such-option", status=2)

    def test_a_server_that_answers_with_other_bytes_fails_the_run(self):
        cases = ((b"VALUE 0000000000000000 0 3\r\nabc\r\nEND\r\n", "wrong length"),
                 (b"nonsense\r\n", "unexpected"), (b"", "closed"))
        for answer, problem in cases:
            with self.subTest(answer=answer):
                self.replay("run", "--trace", self.write((0, 0, 100, 0)), "--socket",
                            self.serve_once(answer), status=1)
                self.assertIn(problem, self.problems)

    def serve_once(self, answer):
        """A server that gives `answer` to whatever comes first, and hangs up."""
        listener = self.stack.enter_context(socket.socket(socket.AF_UNIX))
        path = self.path(f"liar-{len(os.listdir(self.directory))}")
        listener.bind(path)
        listener.listen()
        listener.settimeout(20)  # nobody may come, when the test fails early

        def answer_one():
            with contextlib.suppress(TimeoutError):
                connection, _ = listener.accept()
                answer_to(connection)

        def answer_to(connection):
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=answer_one)
        thread.start()
        self.addCleanup(thread.join)
        return path


class OnServer(ReplayTest):
    """What holds for every server."""

    def run_on_server(self, path, *words, memory_mb=64):
        shape = peers.Shape(1, memory_mb, 64)
        protocol = peers.KINDS[peers.kind_of(BINARY)].protocols[0]
        with tempfile.TemporaryDirectory(dir=self.directory) as directory:
            socket_path = os.path.join(directory, "s")
            with peers.Server.of_kind(BINARY, socket_path, shape) as server:
                result, = self.replay("run", "--trace", path, "--socket", socket_path,
                                      "--protocol", protocol, "--server-pid", server.pid, *words)
        self.assertEqual((result["refused_sets"], result["wrong_lengths"]), (0, 0), result)
        self.assertGreater(result["rss_bytes"], 0)
        return result

    def test_without_pressure_only_first_requests_miss(self):
        path = self.make("--requests", 20000, "--keys", 3000)
        summary, = self.replay("describe", "--trace", path)
        for batch in (1, 7, 100):
            with self.subTest(batch=batch):
                result = self.run_on_server(path, "--batch", batch)
                self.assertEqual(result["requests"], 20000)
                self.assertEqual(result["sets"], summary["objects"])
                self.assertEqual(result["hits"], 20000 - summary["objects"])
                self.assertEqual(result["bytes"], summary["requested_bytes"])
                self.assertEqual(result["bytes"] - result["hit_bytes"], summary["object_bytes"])

    def test_the_warm_up_does_not_count(self):
        path = self.write(*[(0, key % 4, 100, 0) for key in range(8)])
        result = self.run_on_server(path, "--warm-up", 0.5)
        self.assertEqual((result["requests"], result["hits"], result["sets"]), (4, 4, 4))

    def test_a_run_can_stop_early(self):
        path = self.make("--requests", 1000, "--keys", 100)
        self.assertEqual(self.run_on_server(path, "--requests", 300)["requests"], 300)

    def test_lifetimes_shrink_with_the_paced_time_and_end(self):
        # a lives 60 s of the trace's 100 s, b for ever; replayed in five seconds, so for three.
        path = self.write((0, 1, 100, 60), (0, 2, 100, 0), (20000, 1, 100, 60), (20000, 2, 100, 0),
                          (100000, 1, 100, 60), (100000, 2, 100, 0))
        result = self.run_on_server(path, "--speedup", 20)
        self.assertEqual((result["hits"], result["sets"]), (3, 3))
        self.assertGreaterEqual(result["seconds"], 5)

    def test_under_pressure_it_hits_less_but_holds_what_fits(self):
        # One size of item, so that the outcome does not hang on how pages are shared out.
        path = self.make("--requests", 100000, "--keys", 60000, "--size-sigma", 0, "--size-median",
                         400)
        free = self.run_on_server(path)
        tight = self.run_on_server(path, memory_mb=8)
        best = self.replay("simulate", "--trace", path, "--policies", "belady", "--capacity-mb",
                           64)[0]
        self.assertEqual(free["hits"], best["hits"])
        self.assertLess(tight["hits"], free["hits"])
        self.assertGreater(tight["hits"], free["hits"] // 2)


class Server(OnServer):
    group = "server"


class Drivers(ReplayTest):
    """The scripts that run whole tables, as small as they go."""

    group = "drivers"

    def script(self, name, *words):
        done = subprocess.run([sys.executable, os.path.join(BENCH, name), "--tools", TOOLS,
                               *map(str, words)], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_hit_ratio_prints_a_row_a_trace_and_size(self):
        for memory, sizes in (("resident", "6"), ("told", "4,6")):
            page = self.path("page.md")
            self.script("hit_ratio", "--larder", BINARY, "--servers", "larder", "--traces",
                        "zipf 1.0,drift", "--sizes", sizes, "--requests", 60000, "--rate", 0,
                        "--memory", memory, "--markdown", page)
            with open(page, encoding="utf-8") as file:
                rows = [line.strip("| \n").split(" | ") for line in file
                        if line.startswith(("| zipf 1.0 |", "| drift |"))]
            row_count = 2 * len(sizes.split(","))
            self.assertEqual(len(rows), 3 * row_count)  # hits, hit bytes, memory
            self.assertEqual(rows[0][:2], ["zipf 1.0", sizes.split(",")[0]])
            for row in rows[:2 * row_count]:
                ours, _, _, belady = (float(ratio.rstrip("*")) for ratio in row[2:6])
                self.assertTrue(0 < ours < belady, row)

    def test_hit_ratio_refuses_an_unknown_trace(self):
        done = subprocess.run([sys.executable, os.path.join(BENCH, "hit_ratio"), "--tools", TOOLS,
                               "--larder", BINARY, "--traces", "tape"], capture_output=True,
                              text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("tape", done.stderr)

    def test_density_counts_items_and_bytes(self):
        page = self.path("page.md")
        self.script("density", "--servers", BINARY, "--items", 50000, "--memory", 8, "--only",
                    "value 32", "--markdown", page)
        with open(page, encoding="utf-8") as file:
            rows = [line.strip("| \n").split(" | ") for line in file if line.startswith("| key ")]
        self.assertEqual(len(rows), 4)  # two tables of two shapes
        for row in rows[:2]:
            items = int(row[1].replace(",", ""))
            self.assertGreater(items * 200, 8 << 20)
            self.assertLess(items * 48, 8 << 20)
        for row in rows[2:]:
            self.assertGreater(float(row[1]), int(row[2]))


def main():
    global TOOLS, BINARY
    TOOLS, group = sys.argv[1:3]
    BINARY = sys.argv[3] if len(sys.argv) > 3 else ""
    cases, = [each for each in (Files, Server, Drivers) if each.group == group]
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(cases)
    return 0 if unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
