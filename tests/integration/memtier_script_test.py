#!/usr/bin/python3
"""scripts/memtier.sh with a stand-in for memtier_benchmark: the matrix it runs, the columns it picks and
the exit status it promises. Usage: memtier_script_test.py SCRIPT
"""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

SCRIPT = os.path.abspath(sys.argv.pop(1))

STAND_IN = """#!/bin/sh
echo "$*" >> "$0.calls"
{body}
"""
OLD_COLUMNS = "Ops/sec Hits/sec Misses/sec Avg. Latency p50 Latency p99 Latency p99.9 Latency KB/sec"
NEW_COLUMNS = ("Ops/sec Hits/sec Misses/sec MOVED/sec ASK/sec Avg. Latency p50 Latency "
               "p99 Latency p99.9 Latency KB/sec")


class MemtierScriptTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="memtier-")
        self.addCleanup(directory.cleanup)
        self.stand_in = os.path.join(directory.name, "memtier_benchmark")
        self.environment = {"PATH": f"{directory.name}:/usr/bin:/bin"}

    def install(self, body):
        with open(self.stand_in, "w", encoding="utf-8") as file:
            file.write(STAND_IN.format(body=body))
        os.chmod(self.stand_in, stat.S_IRWXU)

    def run_script(self, *arguments):
        return subprocess.run([SCRIPT, *arguments], env=self.environment, capture_output=True,
                              text=True, timeout=60)

    def calls(self):
        with open(self.stand_in + ".calls", encoding="utf-8") as file:
            return file.read().splitlines()

    def print_table(self, columns, totals):
        self.install(f"echo 'Type {columns}'\necho 'Sets 1 1 1 1 1 1 1 1 1 1'\n"
                     f"echo 'Totals {totals}'")

    def test_the_whole_matrix_is_run(self):
        self.print_table(OLD_COLUMNS, "1000.5 900 100 0.25 0.2 0.75 1.5 99")
        done = self.run_script("-t", "3", "-c", "7", "127.0.0.1", "12345")
        self.assertEqual(done.returncode, 0, done.stderr)
        calls = self.calls()
        measured = [call for call in calls if "--test-time" in call]
        self.assertEqual(len(measured), 2 * 3 * 3)
        self.assertEqual(len(set(measured)), 2 * 3 * 3)
        self.assertEqual(len(calls) - len(measured), 2)  # each protocol fills its keys first
        for call in measured:
            self.assertIn("-s 127.0.0.1 -p 12345", call)
            self.assertIn("-t 3 -c 7", call)
        rows = [line for line in done.stdout.splitlines() if line.startswith("memcache_")]
        self.assertEqual(len(rows), 2 * 3 * 3)
        for row in rows:
            self.assertEqual(row.split()[-6:], ["1000.5", "900", "100", "0.250", "0.750", "1.500"])

    def test_columns_are_found_by_name(self):
        self.print_table(NEW_COLUMNS, "1000.5 900 100 7 8 0.25 0.2 0.75 1.5 99")
        done = self.run_script("-P", "memcache_text", "/tmp/a.sock")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("-S /tmp/a.sock", self.calls()[0])
        row = done.stdout.splitlines()[-1]
        self.assertEqual(row.split()[-6:], ["1000.5", "900", "100", "0.250", "0.750", "1.500"])

    def test_a_run_without_operations_fails(self):
        self.print_table(OLD_COLUMNS, "0.00 0.00 0.00 -nan 0.007 0.007 0.007 0.00")
        self.assertEqual(self.run_script("127.0.0.1", "12345").returncode, 1)

    def test_a_run_that_fails_is_shown(self):
        self.install("echo no such option\nexit 1")
        done = self.run_script("127.0.0.1", "12345")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no such option", done.stderr)

    @unittest.skipIf(shutil.which("memtier_benchmark", path="/usr/bin:/bin"), "it is installed")
    def test_without_memtier_it_says_how_to_get_it(self):
        done = self.run_script("127.0.0.1", "12345")
        self.assertEqual(done.returncode, 3)
        self.assertIn("github.com/RedisLabs/memtier_benchmark", done.stderr)

    def test_usage(self):
        for arguments in ((), ("127.0.0.1",), ("/tmp/a.sock", "1"), ("-x",)):
            with self.subTest(arguments=arguments):
                done = self.run_script(*arguments)
                self.assertEqual(done.returncode, 2)
                self.assertIn("HOST PORT", done.stderr)


if __name__ == "__main__":
    unittest.main()
