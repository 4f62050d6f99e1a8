#!/usr/bin/python3
"""Runs the load generator against real servers, with every value verified, and against servers that
lie, where it must fail.

Usage: loadgen_test.py TOOLS GROUP [BINARY]
TOOLS is the directory of loadgen and echo_server; GROUP one of the classes below by its `group`;
BINARY the server to run, where the group needs one.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "bench"))
import peers  # noqa: E402

TOOLS = ""
BINARY = ""
RUN_SECONDS = "2"


class LoadgenTest(unittest.TestCase):
    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.directory = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="loadgen-"))

    def socket_path(self, name="server"):
        return os.path.join(self.directory, name)

    def serve(self, memory_mb=64, threads=2, extra=()):
        shape = peers.Shape(threads, memory_mb, 500, tuple(extra))
        server = self.stack.enter_context(
            peers.Server.of_kind(BINARY, self.socket_path(), shape))
        # A server that crashed, or one with sanitizers that found a leak or a race, ends otherwise.
        self.addCleanup(lambda: self.assertEqual(server.stop(), 0, "exit status of the server"))
        return server

    def start(self, *arguments):
        command = [os.path.join(TOOLS, "loadgen"), "--socket", self.socket_path(),
                   *map(str, arguments)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True)
        self.addCleanup(process.kill)
        return process

    def finish(self, process, status):
        out, problems = process.communicate(timeout=120)
        self.assertEqual(process.returncode, status, out + problems)
        self.assertEqual(out.count("\n"), 1, out)
        return json.loads(out)

    def load(self, *arguments, status=0):
        return self.finish(self.start(*arguments), status)

    def weak_promises(self):
        """memcached's flush_all spares what was just used (1.6.45), and a small one may be out of
        memory for a moment. Larder and Redis are held to more."""
        memcached = peers.kind_of(BINARY) == "memcached"
        return ["--lax-flush", "--allow-errors"] if memcached else []

    def assert_clean(self, result, errors_allowed=False):
        self.assertEqual(result["wrong_values"], 0, result)
        self.assertEqual(result["protocol_errors"], 0, result)
        if not errors_allowed:
            self.assertEqual(result["errors"], 0, result)
            self.assertEqual(result["hits"] + result["misses"], result["keys_read"])
        self.assertEqual(result["ops"], result["keys_read"] + result["sets"])


class OwnKeys:
    """What holds for every server, in each of its protocols."""

    protocols = ()

    def test_every_value_is_the_last_one_written_or_missing(self):
        server = self.serve(memory_mb=16)
        for protocol in self.protocols:
            for multiget in (1, 7):
                with self.subTest(protocol=protocol, multiget=multiget):
                    result = self.load("--protocol", protocol, "--own-keys", "--prefill",
                                       "--seconds", RUN_SECONDS, "--keys", 60000,
                                       "--value-bytes", "0-2000", "--pipeline", 8,
                                       "--multiget", multiget, "--threads", 2,
                                       "--flush-every", "0.5", "--server-pid", server.pid,
                                       *self.weak_promises())
                    self.assert_clean(result, errors_allowed=self.weak_promises())
                    self.assertTrue(result["verified"])
                    for name in ("hits", "misses", "sets", "flushes"):
                        self.assertGreater(result[name], 0, name)
                    self.assertGreater(result["server"]["rss_bytes"], 0)

    def test_small_caches_of_shared_keys_hold_only_whole_values(self):
        self.serve(memory_mb=16)
        running = [self.start("--protocol", protocol, "--verify", "--seconds", RUN_SECONDS,
                              "--keys", 20000, "--value-bytes", "1-9000", "--value-distribution",
                              "lognormal", "--distribution", "zipf", "--connections", 20,
                              "--pipeline", 4, "--ttl", 100, *self.weak_promises())
                   for protocol in self.protocols]
        for process in running:
            result = self.finish(process, 0)
            self.assert_clean(result, errors_allowed=self.weak_promises())
            self.assertGreater(result["hits"], 0)

    def test_values_larger_than_any_buffer(self):
        self.serve(memory_mb=256, extra=self.large_value_flags)
        for protocol in self.protocols:
            with self.subTest(protocol=protocol):
                result = self.load("--protocol", protocol, "--own-keys", "--prefill",
                                   "--requests", 200, "--keys", 20, "--connections", 4,
                                   "--value-bytes", "500000-3000000", "--pipeline", 3)
                self.assert_clean(result)
                self.assertEqual(result["requests"], 200)
                self.assertGreater(result["hits"], 0)

    def test_hot_key(self):
        self.serve()
        for protocol in self.protocols:
            with self.subTest(protocol=protocol):
                result = self.load("--protocol", protocol, "--verify", "--distribution", "single",
                                   "--requests", 20000, "--pipeline", 10, "--seed", 3)
                self.assert_clean(result)
                self.assertGreater(result["hits"], result["misses"])

    def test_limits_of_count_and_rate(self):
        self.serve()
        result = self.load("--protocol", self.protocols[0], "--requests", 1001, "--threads", 2,
                           "--pipeline", 10, "--ratio", "0:1")
        self.assertEqual((result["requests"], result["sets"]), (1001, 1001))
        # A pace is an upper bound: 2000 requests a second are at most 1000 in half a second, and
        # one batch for each worker at the very start.
        result = self.load("--protocol", self.protocols[0], "--seconds", "0.5", "--rate", 2000,
                           "--threads", 2, "--pipeline", 5)
        self.assert_clean(result)
        self.assertGreater(result["requests"], 0)
        self.assertLessEqual(result["requests"], 1000 + 2 * 5)

    def test_prefill_alone_sets_every_key_once(self):
        self.serve()
        result = self.load("--protocol", self.protocols[0], "--prefill", "--keys", 5003)
        self.assertEqual((result["sets"], result["errors"]), (5003, 0))
        result = self.load("--protocol", self.protocols[0], "--ratio", "1:0", "--requests", 5000,
                           "--keys", 5003)
        self.assertEqual((result["hits"], result["misses"]), (5000, 0))

    def test_a_value_that_another_run_wrote_differently_is_wrong(self):
        self.serve()
        common = ("--protocol", self.protocols[0], "--keys", 1000, "--key-bytes", 12)
        self.load(*common, "--prefill", "--value-bytes", "50", "--key-prefix", "k")
        result = self.load(*common, "--verify", "--ratio", "1:0", "--requests", 100,
                           "--value-bytes", "60", "--key-prefix", "k", status=1)
        self.assertEqual(result["wrong_values"], 100)
        self.assertIn("length", result["first_problem"])


class MemcachedTest(OwnKeys, LoadgenTest):
    group = "memcached"
    protocols = ("text", "meta", "binary")
    large_value_flags = ("-I", "4m")

    def test_client_flags_are_checked(self):
        self.serve()
        self.load("--prefill", "--keys", 1000)  # a run that does not verify sets no flags
        result = self.load("--verify", "--ratio", "1:0", "--requests", 100, "--keys", 1000,
                           status=1)
        self.assertEqual(result["wrong_values"], 100)
        self.assertIn("flags", result["first_problem"])

    def test_refused_values_count_as_errors(self):
        self.serve()
        arguments = ("--value-bytes", "3000000", "--requests", 10, "--ratio", "0:1", "--keys", 100)
        result = self.load(*arguments, status=1)
        self.assertEqual(result["errors"], 10)
        self.assertIn("SERVER_ERROR", result["first_problem"])
        self.assertEqual(self.load(*arguments, "--allow-errors")["errors"], 10)


class RedisTest(OwnKeys, LoadgenTest):
    group = "redis"
    protocols = ("resp",)
    large_value_flags = ()


class EchoTest(LoadgenTest):
    """The echo server answers any get with the same made-up value: fast, and wrong."""

    group = "echo"

    def serve_echo(self, arguments):
        command = [os.path.join(TOOLS, "echo_server"), "--socket", self.socket_path(),
                   *map(str, arguments)]
        self.stack.enter_context(peers.Server(command, self.socket_path()))

    def check(self, protocol, *more):
        arguments = ("--protocol", protocol, "--requests", 500, "--pipeline", 7, *more)
        self.serve_echo(arguments)
        return arguments

    def test_a_lying_server_is_found_out(self):
        for protocol in ("text", "meta", "binary", "resp"):
            for multiget in (1, 5):
                with self.subTest(protocol=protocol, multiget=multiget):
                    self.stack.close()
                    self.setUp()
                    arguments = self.check(protocol, "--verify", "--ratio", "1:0",
                                           "--multiget", multiget)
                    result = self.load(*arguments, status=1)
                    self.assertGreater(result["wrong_values"] + result["protocol_errors"], 0)

    def test_it_is_a_floor_for_loads_that_do_not_verify(self):
        for protocol in ("text", "meta", "binary", "resp"):
            for ratio, multiget in (("1:0", 1), ("1:0", 100), ("0:1", 1)):
                with self.subTest(protocol=protocol, ratio=ratio, multiget=multiget):
                    self.stack.close()
                    self.setUp()
                    arguments = self.check(protocol, "--ratio", ratio, "--multiget", multiget)
                    result = self.load(*arguments)
                    self.assert_clean(result)
                    self.assertEqual(result["requests"], 500)

    def test_a_reply_in_another_language_is_a_protocol_error(self):
        self.serve_echo(("--protocol", "resp", "--requests", 1, "--ratio", "0:1",
                         "--value-bytes", 1))
        result = self.load("--protocol", "text", "--ratio", "0:1", "--requests", 500, status=1)
        self.assertGreater(result["protocol_errors"], 0)
        self.assertIn("unexpected reply", result["first_problem"])

    def test_silence_is_a_failure(self):
        # The echo server waits for a request larger than what is sent.
        self.serve_echo(("--value-bytes", 100000, "--requests", 1, "--ratio", "0:1"))
        result = self.load("--ratio", "0:1", "--requests", 5, "--stall", "0.2", status=1)
        self.assertGreater(result["protocol_errors"], 0)
        self.assertIn("no reply", result["first_problem"])

    def test_no_server_is_a_failure(self):
        result = self.load("--requests", 5, status=1)
        self.assertIn("cannot connect", result["first_problem"])


def main():
    global TOOLS, BINARY
    TOOLS = os.path.abspath(sys.argv[1])
    BINARY = sys.argv[3] if len(sys.argv) > 3 else ""
    case = {case.group: case for case in (MemcachedTest, RedisTest, EchoTest)}[sys.argv[2]]
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(case)
    return 0 if unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
