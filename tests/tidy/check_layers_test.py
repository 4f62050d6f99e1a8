"""Shows that scripts/check-layers finds what it looks for: one broken tree per rule."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECK = pathlib.Path(__file__).resolve().parents[2] / "scripts/check-layers"
HEADER = "// What it is.\n#pragma once\n"
UNFINISHED = "TO" "DO"


def run(files):
    """Exit code and findings for a tree of {path: content}."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        done = subprocess.run([sys.executable, "-B", CHECK, "--root", root], capture_output=True,
                              text=True, check=False)
        return done.returncode, done.stderr


class CheckLayers(unittest.TestCase):
    def found(self, files, what):
        code, findings = run(files)
        self.assertEqual(code, 1, findings)
        self.assertIn(what, findings)

    def test_clean_tree_passes(self):
        code, findings = run({
            "slab/a.h": HEADER, "engine/b.h": HEADER + '#include "slab/a.h"\n#include <xxhash.h>\n',
            "proto/c.h": HEADER + '#include "engine/b.h"\n',
            "server/d.cc": '// It.\n#include <event2/event.h>\n\n#include "proto/c.h"\n',
            "engine/b.cc": '#include "engine/b.h"\n', "scripts/run": "#!/bin/sh\n# Runs it.\n"})
        self.assertEqual((code, findings), (0, ""))

    def test_upward_includes(self):
        for lower, upper in (("slab", "engine"), ("engine", "proto"), ("proto", "server"),
                             ("server", "tests")):
            self.found({f"{lower}/a.h": HEADER + f'#include "{upper}/b.h"\n'},
                       f"{lower} must not include {upper}")

    def test_relative_include(self):
        self.found({"slab/a.h": HEADER + '#include "b.h"\n'}, "not spelled from the root")

    def test_foreign_headers(self):
        for header, room in (("event2/event.h", "proto"), ("openssl/ssl.h", "server"),
                             ("xxhash.h", "server"), ("mutex", "proto"), ("sys/socket.h", "proto"),
                             ("catch2/catch.hpp", "engine")):
            self.found({f"{room}/a.h": HEADER + f"#include <{header}>\n"}, f"<{header}>")

    def test_shape(self):
        self.found({"slab/a.h": "#pragma once\n"}, "does not open with a comment")
        self.found({"slab/a.h": "// It.\n"}, "no #pragma once")
        self.found({"slab/a.cc": f"// It.\n// {UNFINISHED}: later\n"}, "left in")
        self.found({"slab/a.cc": "// It.\n" * 1001}, "1001 lines")
        self.found({"scripts/run": "#!/bin/sh\nset -e\n"}, "does not open with a comment")

    def test_empty_tree_is_no_success(self):
        self.found({}, "nothing to check")


if __name__ == "__main__":
    unittest.main()
