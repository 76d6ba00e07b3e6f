#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""`ketenpoort policy diff` as an officer uses it, on copies of the shipped example."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = sys.argv.pop(1)


class Diff(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.TemporaryDirectory(prefix="ketenpoort-test-")
        self.old = pathlib.Path(self.home.name) / "old"
        self.new = pathlib.Path(self.home.name) / "new"
        for folder in (self.old, self.new):
            shutil.copytree(ROOT / "policies/voorbeeld", folder)

    def tearDown(self):
        self.home.cleanup()

    def diff(self, *arguments):
        return subprocess.run([PROGRAM, "policy", "diff", "--datum", "2026-11-23",
                               *map(str, arguments)], capture_output=True, text=True, timeout=60)

    def without_partners(self):
        for path in (self.new / "partners").glob("*.cedar"):
            path.unlink()

    def test_the_same_is_the_same(self):
        done = self.diff(self.old, self.new)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("gelijk: 0 wijzigingen", done.stdout)

    def test_wider_is_an_exit_code_and_names_somebody(self):
        self.without_partners()
        done = self.diff("--json", self.old, self.new)
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        answer = json.loads(done.stdout)
        self.assertEqual(answer["verdict"], "wider")
        self.assertGreater(answer["wider"], 0)
        self.assertEqual(answer["uncertain"], 0)
        self.assertNotEqual(answer["old"], answer["new"])
        for change in answer["changes"]:
            self.assertTrue(change["certain"] and change["cells"] and change["example"])

    def test_narrower_is_no_alarm(self):
        self.without_partners()
        done = self.diff("--json", self.new, self.old)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(json.loads(done.stdout)["verdict"], "narrower")

    def test_a_register_that_changes_is_shown(self):
        path = self.new / "doelen.json"
        text = json.loads(path.read_text())
        text["doelen"][0]["bewaartermijnDagen"] += 1
        path.write_text(json.dumps(text))
        done = self.diff("--json", self.old, self.new)
        registers = json.loads(done.stdout)["registers"]
        self.assertEqual([line["id"] for line in registers], [text["doelen"][0]["id"]])
        self.assertEqual(done.returncode, 0)

    def test_the_page_is_whole(self):
        self.without_partners()
        done = self.diff("--html", self.old, self.new)
        page = xml.etree.ElementTree.fromstring(done.stdout.replace("<!DOCTYPE html>", ""))
        self.assertGreater(len(list(page.iter("tr"))), 2)

    def test_a_set_that_does_not_check_proves_nothing(self):
        (self.new / "doelen.json").write_text("{}")
        done = self.diff(self.old, self.new)
        self.assertEqual(done.returncode, 1)
        self.assertIn("doelen.json", done.stderr)

    def test_wrong_use(self):
        self.assertEqual(self.diff(self.old).returncode, 2)
        self.assertEqual(self.diff("--datum", "gisteren", self.old, self.new).returncode, 2)

    def test_a_journal_that_is_not_there(self):
        self.assertEqual(self.diff("--journaal", "/nonexistent/x", self.old,
                                   self.new).returncode, 1)


unittest.main()
