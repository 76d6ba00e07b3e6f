#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""No command says 0 when what it made was not written: every command with a full device as standard output, and every file it writes
on a full disk."""
import os
import pathlib
import re
import resource
import subprocess
import tempfile
import unittest

from test_commands import PROGRAM, ROOT, journal

DAY = ["--datum", "2026-11-23"]
FIXTURES = ROOT / "tests/commands/connector_new"
CATALOGUE = ["-c", ROOT / "policies/voorbeeld/catalogus.json"]
POLICY = ROOT / "policies/voorbeeld"
MANIFEST = ROOT / "connectors/rest/manifests/haal-centraal-brp.json"


def words_of(*command):
    """The first word of each indented line of a help text."""
    done = subprocess.run([PROGRAM, *command, "--help"], capture_output=True, text=True, timeout=60, check=True)
    return re.findall(r"^  ([a-z][a-z-]+)  ", done.stdout, re.M)


def run(*command, **options):
    options = {"stdout": subprocess.PIPE, **options}
    return subprocess.run([PROGRAM, *map(str, command)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60,
                          check=False, **options)


class Output(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory(prefix="ketenpoort-test-")
        cls.addClassCleanup(cls.home.cleanup)
        cls.folder = pathlib.Path(cls.home.name)
        assert run("init", cls.folder / "gateway").returncode == 0
        (cls.folder / "journal").write_bytes(journal((1, '{"event":"start"}')))

    def commands(self):
        """Each prints something and says 0; fresh is a folder that is not there yet."""
        config, fresh = self.folder / "gateway/gateway.json", self.folder / "fresh"
        found = words_of()
        self.assertEqual(set(found), {"dev-pki", "dev-token", "init", "check", "serve", "query", "connector", "catalogue", "audit",
                                      "policy"})
        yield from ([["--version"], ["--help"], ["help"]] + [[name, "--help"] for name in found])
        yield from (["policy", name, "--help"] for name in words_of("policy"))
        yield from (["connector", name, "--help"] for name in ("check", "try", "doctor", "new", "schema"))
        yield from (["check", config], ["check", "--json", config], ["catalogue", config], ["catalogue", "--json", config])
        yield from (["init", fresh / "a"], ["dev-pki", fresh / "b"],
                    ["dev-token", "--organisatie", "00000001830000001000", "--medewerker", "a", fresh / "c"])
        yield from (["audit", "show", self.folder / "journal"], ["audit", "show", "--json", self.folder / "journal"],
                    ["audit", "verify", self.folder / "journal"], ["audit", "verify", "--json", self.folder / "journal"])
        yield from (["connector", "schema"], ["connector", "check", *CATALOGUE, MANIFEST],
                    ["connector", "new", *CATALOGUE, "--source", "gemeente-schuldhulp", "--openapi", FIXTURES / "schuldhulp.json"])
        yield from (["policy", "check", *DAY, POLICY], ["policy", "check", "--json", *DAY, POLICY], ["policy", "matrix", *DAY, POLICY],
                    ["policy", "matrix", "--json", *DAY, POLICY], ["policy", "matrix", "--html", *DAY, POLICY],
                    ["policy", "test", POLICY], ["policy", "diff", *DAY, POLICY, POLICY],
                    ["policy", "bundle", POLICY, "-o", fresh / "d"], ["policy", "diff", "--json", *DAY, POLICY, POLICY],
                    ["policy", "format", *sorted(POLICY.rglob("*.cedar"))[:1]])

    def fresh(self):
        path = self.folder / "fresh"
        subprocess.run(["rm", "-rf", path], check=True)
        path.mkdir()

    def test_a_full_device_as_standard_output(self):
        for command in self.commands():
            with self.subTest(" ".join(map(str, command))):
                self.fresh()
                done = run(*command)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertNotEqual(done.stdout, "")
                self.fresh()
                with open("/dev/full", "wb") as full:
                    done = run(*command, stdout=full)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("standard output cannot be written", done.stderr)

    def test_no_standard_output(self):
        closed = {"stdout": None, "preexec_fn": lambda: os.close(1)}
        done = run("check", self.folder / "gateway/gateway.json", **closed)
        self.assertIn("standard output cannot be written: Bad file descriptor", done.stderr)
        self.assertEqual(done.returncode, 1)
        # Nothing to write is not a fault.
        done = run("connector", "new", *CATALOGUE, "--source", "gemeente-schuldhulp", "--openapi", FIXTURES / "schuldhulp.json", "-o",
                   self.folder / "closed.json", **closed)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_wrong_use_stays_wrong_use(self):
        with open("/dev/full", "wb") as full:
            self.assertEqual(run("connector", "nergens", stdout=full).returncode, 2)

    def test_files_on_a_full_disk(self):
        """A limit on the size of a file breaks off the second write to it; ignoring the signal makes that an error."""
        size = 100
        limits = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)), "restore_signals": False}
        for command in (["connector", "new", *CATALOGUE, "--source", "gemeente-schuldhulp", "--openapi", FIXTURES / "schuldhulp.json",
                         "-o", "OUT/manifest.json"],
                        ["policy", "bundle", POLICY, "-o", "OUT/set.json"],
                        ["dev-token", "--organisatie", "00000001830000001000", "--uit", "OUT/token", "OUT/issuer"]):
            with self.subTest(command[0]):
                self.fresh()
                command = [str(word).replace("OUT", str(self.folder / "fresh")) for word in command]
                done = run(*command, **limits)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("File too large", done.stderr)
                self.assertEqual([path for path in (self.folder / "fresh").rglob("*") if path.is_file()], [])
                done = run(*command)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_what_is_there_stays(self):
        path = self.folder / "there.json"
        path.write_text("mine")
        done = run("connector", "new", *CATALOGUE, "--source", "gemeente-schuldhulp", "--openapi", FIXTURES / "schuldhulp.json", "-o", path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("there.json': writing: File exists", done.stderr)
        self.assertEqual(path.read_text(), "mine")
        self.assertEqual(list(self.folder.glob("there.json.*")), [])


if __name__ == "__main__":
    unittest.main()
