#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""tests/run.sh itself, with a ctest that does as it is told: what does not end counts as a failure, and what passed only when
it was tried again is named."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
# For each half of a run: how it ends, its report and its output. The half is told by "-L" or "-LE" before '^real$'.
CTEST = """#!/bin/sh
half=rest
for word; do
	[ "$word" = -L ] && half=real
	[ "$before" = --output-log ] && log=$word
	before=$word
done
[ -e "$HALVES/$half.xml" ] && cp "$HALVES/$half.xml" .build/dev/junit.xml
cat "$HALVES/$half.log" >"$log"
exit "$(cat "$HALVES/$half.code")"
"""
GOOD = '<testsuite><testcase name="a"/><testcase name="b"/></testsuite>'
BAD = '<testsuite><testcase name="c"/><testcase name="d"><failure/></testcase><testcase name="e"><skipped/></testcase></testsuite>'


class Run(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.TemporaryDirectory(prefix="ketenpoort-run-")
        self.addCleanup(self.home.cleanup)
        self.folder = pathlib.Path(self.home.name)
        for name in ("tests", "bin", "halves", ".build/dev"):
            (self.folder / name).mkdir(parents=True)
        for name in ("run.sh", "count.py"):
            shutil.copy(TESTS / name, self.folder / "tests")
        (self.folder / "tests/packages.sh").write_text("")
        self.program("ctest", CTEST)
        self.program("cmake", "#!/bin/sh\n")

    def program(self, name, text):
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def half(self, name, report, code=0, log=""):
        if report:
            (self.folder / f"halves/{name}.xml").write_text(report)
        (self.folder / f"halves/{name}.log").write_text(log)
        (self.folder / f"halves/{name}.code").write_text(str(code))

    def run_all(self):
        """The exit status and the last lines."""
        done = subprocess.run(["sh", "tests/run.sh", "dev"], cwd=self.folder, capture_output=True, text=True, check=False, timeout=60,
                              env={**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
                                   "HALVES": str(self.folder / "halves")})
        return done.returncode, done.stdout.splitlines()[1:]

    def test_all_well(self):
        self.half("rest", GOOD)
        self.half("real", GOOD)
        self.assertEqual(self.run_all(), (0, ["4 passed, 0 failed, 0 skipped"]))

    def test_a_failure(self):
        self.half("rest", GOOD)
        self.half("real", BAD, 8, "2/3 Test  #4: d ....***Failed    0.01 sec\n")
        self.assertEqual(self.run_all(), (1, ["3 passed, 1 failed, 1 skipped"]))

    def test_a_half_that_ends_early(self):
        self.half("rest", None, 139)
        self.half("real", GOOD)
        self.assertEqual(self.run_all(), (1, ["2 passed, 1 failed, 0 skipped"]))

    def test_a_half_without_tests(self):
        self.half("rest", GOOD)
        self.half("real", None)
        self.assertEqual(self.run_all(), (0, ["2 passed, 0 failed, 0 skipped"]))

    def test_nothing_at_all_is_no_success(self):
        self.half("rest", None)
        self.half("real", None)
        self.assertEqual(self.run_all(), (1, ["0 passed, 0 failed, 0 skipped"]))

    def test_what_was_tried_again_is_named(self):
        self.half("rest", GOOD, 0, "1/2 Test  #1: a .......***Failed    0.01 sec\n    Start 1: a\n    Test  #1: a ...   Passed    0.01 sec\n")
        self.half("real", BAD, 8, "1/3 Test #3: c ..***Timeout   9.01 sec\n    Test #4: d ....***Failed    0.01 sec\n"
                                  "3/3 Test #5: e ....***Skipped   0.01 sec\n")
        self.assertEqual(self.run_all(), (1, ["passed only when tried again: dev/a dev/c", "3 passed, 1 failed, 1 skipped"]))


if __name__ == "__main__":
    unittest.main()
