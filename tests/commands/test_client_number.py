#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""How commands take a client's number: from a file, standard input or a terminal, and from no argument."""
import os
import pathlib
import pty
import subprocess
import sys
import tempfile
import termios
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.path.abspath(sys.argv.pop()) if len(sys.argv) > 1 else str(
    ROOT / ".build/dev/gateway/ketenpoort")
BSN = "999993653"
FOLDER = ROOT / "tests/conformance/rest"
TRY = ["connector", "try", "-c", str(ROOT / "tests/conformance/catalogus.json"), "--answer", str(FOLDER / "good.txt"),
       str(FOLDER / "manifest.json")]
# Nobody listens there: whoever asks is not told that the number is wrong.
QUERY = ["query", "-g", "http://127.0.0.1:1", "--doel", "x"]


class ClientNumber(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.TemporaryDirectory(prefix="ketenpoort-number-")
        self.addCleanup(self.home.cleanup)
        self.file = pathlib.Path(self.home.name) / "bsn"

    def run_with(self, words, text, file=True):
        self.file.write_text(text)
        return subprocess.run([PROGRAM, *words, "--bsn-file", str(self.file) if file else "-"], input="" if file else text,
                              capture_output=True, encoding="utf-8", timeout=60, check=False)

    def test_what_is_no_number_is_asked_nowhere(self):
        for words, code in ((TRY, 1), (QUERY, 2)):
            for text in ("", "99999365", "9999936531", "99999365x", f"{BSN}; x", f"x{BSN}"):
                for file in (True, False):
                    done = self.run_with(words, text, file)
                    self.assertEqual((done.returncode, done.stdout), (code, ""), (words, text))
                    self.assertIn("nine digits", done.stderr, (words, text))
                    self.assertNotIn("99999365", done.stderr)

    def test_white_space_behind_it_and_more_lines(self):
        for text in (BSN, f"{BSN}\n", f"{BSN}\r\n", f"{BSN} \t\nmore\n"):
            for file in (True, False):
                done = self.run_with(TRY, text, file)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("gevonden", done.stdout)
                self.assertNotIn("nine digits", self.run_with(QUERY, text, file).stderr)

    def test_a_file_that_is_not_there(self):
        for words in (TRY, QUERY):
            done = subprocess.run([PROGRAM, *words, "--bsn-file", "/nowhere/bsn"], capture_output=True, encoding="utf-8", check=False)
            self.assertIn("cannot open '/nowhere/bsn'", done.stderr)
            self.assertNotEqual(done.returncode, 0)

    def type(self, words):
        """What a terminal shows of the whole, and the exit code."""
        child, terminal = pty.fork()
        if child == 0:
            os.execv(PROGRAM, [PROGRAM, *words])
        shown, typed = b"", False
        while True:
            try:
                piece = os.read(terminal, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
            # Echo goes off after the prompt came, and drops what was typed before.
            if not typed and b"Burgerservicenummer: " in shown:
                while termios.tcgetattr(terminal)[3] & termios.ECHO:
                    pass
                os.write(terminal, BSN.encode() + b"\n")
                typed = True
        os.close(terminal)
        return shown.decode(), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def test_typed_at_a_terminal_it_is_not_shown(self):
        shown, code = self.type(TRY)
        self.assertEqual(code, 0, shown)
        self.assertIn("gevonden", shown)
        self.assertNotIn(BSN, shown)
        shown, code = self.type(QUERY)
        self.assertNotEqual(code, 2, shown)
        self.assertNotIn(BSN, shown)


if __name__ == "__main__":
    unittest.main()
