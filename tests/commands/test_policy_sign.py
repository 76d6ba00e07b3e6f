#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""From an edit to rules in force, with four eyes, as officers do it; and what must not work."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = sys.argv.pop(1)


class FourEyes(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.TemporaryDirectory(prefix="ketenpoort-test-")
        self.desk = pathlib.Path(self.home.name)
        self.gateway = self.desk / "gateway"
        self.good("init", "--development", self.gateway, raw=True)
        self.rules = self.desk / "rules"
        shutil.copytree(ROOT / "policies/voorbeeld", self.rules)
        (self.rules / "partners" / sorted(
            path.name for path in (self.rules / "partners").glob("*.cedar"))[0]).unlink()
        self.bundle = self.desk / "rules.json"
        self.good("bundle", self.rules, "-o", self.bundle)
        signers = []
        for name in ("anna", "bert", "carla"):
            done = self.good("keygen", self.desk / name)
            signer = json.loads(done.stdout[done.stdout.index("{"):])
            signers.append(signer | {"naam": name, "totMs": 1 if name == "carla" else signer["totMs"]})
        (self.gateway / "signers.json").write_text(json.dumps({"ondertekenaars": signers}))

    def tearDown(self):
        self.home.cleanup()

    def run_program(self, *arguments, raw=False):
        words = [] if raw else ["policy"]
        return subprocess.run([PROGRAM, *words, *map(str, arguments)], capture_output=True,
                              text=True, timeout=60)

    def good(self, *arguments, raw=False):
        done = self.run_program(*arguments, raw=raw)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def bad(self, why, *arguments, raw=False):
        done = self.run_program(*arguments, raw=raw)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(why, done.stderr + done.stdout)

    def sign(self):
        self.good("sign", self.bundle, "--key", self.desk / "anna")
        self.good("approve", self.bundle, "--key", self.desk / "bert")

    def demand(self):
        config = self.gateway / "gateway.json"
        text = json.loads(config.read_text())
        text["policies"]["signatures_required"] = 2
        config.write_text(json.dumps(text))
        return config

    def test_from_edit_to_force_and_back(self):
        config = self.demand()
        self.bad("regels.akkoord", "check", config, raw=True)
        self.sign()
        shown = self.good("activate", self.bundle, "--into", self.gateway)
        self.assertIn("ruimer", shown.stdout)
        self.assertIn("geactiveerd sha256:", shown.stdout)
        self.good("check", config, raw=True)
        self.assertTrue((self.gateway / "policies").is_symlink())
        self.good("rollback", "--into", self.gateway)
        self.bad("regels.akkoord", "check", config, raw=True)
        log = self.good("log", "--into", self.gateway).stdout
        self.assertEqual([line.split()[1] for line in log.splitlines()],
                         ["geactiveerd", "teruggezet"])

    def test_one_pair_of_eyes_is_not_four(self):
        self.bad("rules.json.akkoord", "activate", self.bundle, "--into", self.gateway)
        self.good("sign", self.bundle, "--key", self.desk / "anna")
        self.bad("1 proposer and 1 approvers", "activate", self.bundle, "--into", self.gateway)
        self.bad("own edit", "approve", self.bundle, "--key", self.desk / "anna")
        self.assertFalse((self.gateway / "policies").is_symlink())

    def test_a_change_after_signing(self):
        self.sign()
        (self.rules / "regels/later.cedar").write_text("")
        path = self.rules / "doelen.json"
        text = json.loads(path.read_text())
        text["doelen"][0]["bewaartermijnDagen"] += 1
        path.write_text(json.dumps(text))
        self.good("bundle", self.rules, "-o", self.bundle)
        self.bad("they are for version", "activate", self.bundle, "--into", self.gateway)
        self.bad("the rules changed", "approve", self.bundle, "--key", self.desk / "bert")

    def test_a_bundle_that_was_meddled_with(self):
        text = json.loads(self.bundle.read_text())
        text["versie"] = "sha256:" + "0" * 64
        self.bundle.write_text(json.dumps(text))
        self.bad("sha256:000", "bundle", "--check", self.bundle)
        text["bestanden"][0]["naam"] = "../../etc/passwd"
        self.bundle.write_text(json.dumps(text))
        self.bad("regelbestand", "bundle", "--check", self.bundle)

    def test_keys_that_do_not_count(self):
        self.good("sign", self.bundle, "--key", self.desk / "anna")
        self.good("keygen", self.desk / "stranger")
        self.good("approve", self.bundle, "--key", self.desk / "stranger")
        self.bad("not among the signers", "activate", self.bundle, "--into", self.gateway)
        self.good("sign", self.bundle, "--key", self.desk / "anna")
        self.good("approve", self.bundle, "--key", self.desk / "carla")
        self.bad("expired", "activate", self.bundle, "--into", self.gateway)

    def test_an_emergency_is_logged_and_approved_afterwards(self):
        self.good("sign", self.bundle, "--key", self.desk / "anna")
        self.good("activate", self.bundle, "--into", self.gateway, "--nood", "lek")
        self.good("approve", self.bundle, "--key", self.desk / "bert")
        self.good("activate", self.bundle, "--into", self.gateway)
        log = self.good("log", "--into", self.gateway).stdout
        self.assertEqual([line.split()[1] for line in log.splitlines()], ["nood", "goedgekeurd"])
        self.assertIn("lek", log)
        self.good("check", self.demand(), raw=True)

    def test_the_same_files_are_the_same_bundle(self):
        other = self.desk / "other.json"
        self.good("bundle", self.rules, "-o", other)
        self.assertEqual(self.bundle.read_bytes(), other.read_bytes())
        self.assertEqual((self.desk / "anna").stat().st_mode & 0o777, 0o600)
        self.bad("overschreven", "keygen", self.desk / "anna")


unittest.main()
