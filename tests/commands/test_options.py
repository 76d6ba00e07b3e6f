#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""The options of each command are those of its manual page and of its --help, no more and no fewer; and each subcommand of connector
takes its own only."""
import os
import re
import subprocess
import unittest

from test_commands import PROGRAM, ROOT

SOURCES = ROOT / "gateway/commands"
# A row of a table for getopt, a row of policy_options.h, a comparison.
LONG = re.compile(r'\{"([a-z][a-z-]+)",\s*(?:required|no)_argument|\{"--([a-z][a-z-]+)",\s*\.(?:text|flag|values)|'
                  r'strcmp\(argv\[i\], "--([a-z][a-z-]+)"\)')
# Every subcommand of policy takes these, by policy_options.c; that of policy itself says so.
POLICY = {"en"}
# Every command takes these; a page need not say so.
ALL = {"help"}


def options_of(*names):
    """By the source: the options in the tables of these files."""
    text = "".join((SOURCES / name).read_text() for name in names)
    return {next(filter(None, match)) for match in LONG.findall(text)} - ALL


def mentioned(text):
    return set(re.findall(r"(?<![\w-])--([a-z][a-z-]*[a-z])", text)) - ALL


def manual(name):
    """The page without its markup and its examples, which show options of other programs too."""
    text = (ROOT / f"gateway/man/ketenpoort-{name}.1").read_text()
    text = re.sub(r"^\.SH EXAMPLES?\n.*?(?=^\.SH )", "", text, flags=re.M | re.S)
    return re.sub(r"\\f[BIPR]", "", text).replace("\\-", "-")


def help_of(*command):
    return subprocess.run([PROGRAM, *command, "--help"], capture_output=True, text=True, timeout=60, check=True).stdout


class Options(unittest.TestCase):
    def hold(self, name, table, helps):
        self.assertEqual(mentioned("".join(helps)), table, f"--help of {name}")
        self.assertEqual(mentioned(manual(name)), table, f"ketenpoort-{name}.1")

    def test_commands(self):
        found = {path.name[len("command_"):-2] for path in SOURCES.glob("command_*.c")}
        self.assertIn("audit", found)
        for name in sorted(found - {"connector", "policy"}):
            spelled = name.replace("_", "-")
            with self.subTest(spelled):
                self.hold(spelled, options_of(f"command_{name}.c"), [help_of(spelled)])

    def test_connector(self):
        files = {"doctor": "connector_doctor.c", "new": "connector_new.c"}
        for name, file in files.items():
            with self.subTest(name):
                self.assertEqual(mentioned(help_of("connector", name)), options_of(file))
        self.hold("connector", options_of("command_connector.c", *files.values()),
                  [help_of("connector")] + [help_of("connector", name) for name in files])
        own = re.sub(r"^.*connector new .*$", "", help_of("connector"), flags=re.M)
        self.assertEqual(mentioned(own), options_of("command_connector.c"))

    def test_policy(self):
        files = [path.name for path in SOURCES.glob("policy_*.c")]
        names = re.findall(r"^  ([a-z]+)  ", help_of("policy"), re.M)
        self.assertGreaterEqual(len(names), 14)
        self.hold("policy", options_of(*files) | POLICY, [help_of("policy")] + [help_of("policy", name) for name in names])
        for name in names:
            file = f"policy_{name}.c"
            if file in files and name not in ("activate", "sign"):  # which hold several subcommands
                with self.subTest(name):
                    self.assertEqual(mentioned(help_of("policy", name)) - POLICY, options_of(file))
            with self.subTest(name, language="en"):
                # Both languages name the same.
                english = subprocess.run([PROGRAM, "policy", name, "--help", "--en"], capture_output=True, text=True, timeout=60,
                                         check=True).stdout
                self.assertEqual(mentioned(english) - POLICY, mentioned(help_of("policy", name)) - POLICY)

    def test_each_subcommand_of_connector_takes_its_own(self):
        manifest = os.devnull
        for command, words in ((["check", "--bsn-file", manifest, manifest], "unrecognized option"),
                               (["check", "-v", "persoon", manifest], "invalid option"),
                               (["check", "--json", manifest], "unrecognized option"),
                               (["schema", "-c", manifest], "invalid option"),
                               (["schema", manifest], "schema takes no arguments"),
                               (["check"], "name at least one manifest"), (["try"], "name one manifest"),
                               (["try", manifest, manifest, manifest], "name one manifest, or a configuration and a source"), (["nergens"], "the first word is"), ([], "the first word is"),
                               *((["new", "--source", "brp", "--operation", "x", option, manifest], "--operation belongs to --openapi and --wsdl")
                                 for option in ("--csv", "--ndjson", "--xlsx")),
                               (["new", "--source", "brp", "--operation", "x", "--database", "x", "--table", "y"],
                                "--operation belongs to --openapi and --wsdl")):
            with self.subTest(" ".join(command)):
                done = subprocess.run([PROGRAM, "connector", *command], capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main()
