#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Files that LibreOffice Calc 7.4 wrote, read to what its user saw: calc.xlsx is calc.fods, saved by it as a workbook
(soffice --headless --convert-to xlsx calc.fods); calc-*.csv its second sheet without the first two rows, saved as text."""
import csv
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
PROBE, PROGRAM = sys.argv.pop(1), sys.argv.pop(1)
UNREADABLE = "\x1a"
JOSE = 'José; "de" Vriës, jr'


class Calc(unittest.TestCase):
    def setUp(self):
        home = tempfile.TemporaryDirectory(prefix="ketenpoort-calc-")
        self.addCleanup(home.cleanup)
        self.folder = pathlib.Path(home.name)

    def probe(self, *words):
        done = subprocess.run([PROBE, str(HERE / "calc.xlsx"), *words], capture_output=True, check=False, timeout=60)
        return done.returncode, done.stdout.decode()

    def ask(self, name, bsn, **file):
        """The fields of one client, or what is wrong with the file."""
        (self.folder / "bsn").write_text(bsn)
        (self.folder / "manifest.json").write_text(json.dumps({
            "source": "proef", "organisation": {"oin": "00000000000000000001", "name": "Proef"}, "connector": "file",
            "file": {"path": str(HERE / name), "key": "BSN", **file},
            "response": {"subject": "BSN", "fields": {"persoon.naam": "Naam"},
                         "ignored": ["Geboren", "Gesproken", "Bedrag", "Dubbel", "Deel", "Actief", "Tijd", "Kenmerk"]}}))
        done = subprocess.run([PROGRAM, "connector", "try", "--bsn-file", "bsn", "-c", str(HERE.parent / "catalogus.json"), "manifest.json"],
                              capture_output=True, encoding="utf-8", check=False, cwd=self.folder)
        return done.stdout

    def test_cells_are_what_was_seen(self):
        code, text = self.probe("3", "1048576", "Klanten & zo")
        self.assertEqual(code, 0, text)
        self.assertEqual([row for row in csv.reader(io.StringIO(text, newline="")) if row], [
            ["BSN", "Naam", "Geboren", "Gesproken", "Bedrag", "Dubbel", "Deel", "Actief", "Tijd", "Kenmerk"],
            # A bsn as text and one as a number with its zeros; euros, a percentage, formulas, a rich text.
            ["012345672", JOSE, "1970-05-03", "2024-01-31T12:30:00", "1234.56", "2469.12", "0.125", "true", "08:15:00", "0007"],
            ["012345681", "twee\nregels", "2024-02-29", "", "0.1", "0.3", "", "false", "", UNREADABLE],
            # A hidden row, whose bsn lost its zeros. Empty ones do not count.
            ["1234569", JOSE + " & zoon", "1970-05-04", "", "-1500000", "", "", "", "", "  rand  "],
            # 1 January 1900 there; 2 January in Excel.
            ["999993653", "laatste", UNREADABLE, "", "", "", "", "", "", ""],
        ])

    def test_the_first_sheet_is_another(self):
        self.assertEqual(self.probe("1", "1048576")[1].split("\n")[0], "Levering aan de ketenpoort")

    def test_a_client_of_a_workbook(self):
        for bsn, name in (("012345672", JOSE), ("012345681", "twee"), ("001234569", " & zoon"), ("999993653", "laatste")):
            self.assertIn(name, self.ask("calc.xlsx", bsn, form="xlsx", sheet="Klanten & zo", header_row=3))

    def test_a_client_of_a_text(self):
        for charset in ("utf-8", "windows-1252"):
            for bsn, name in (("012345672", JOSE), ("012345681", "twee"), ("001234569", " & zoon"), ("999993653", "laatste")):
                self.assertIn(name, self.ask(f"calc-{charset}.csv", bsn, charset=charset, separator=";"))

    def test_as_excel_saves_it(self):
        """"CSV UTF-8": a byte order mark, CRLF between rows, LF within a cell."""
        text = (HERE / "calc-utf-8.csv").read_text(encoding="utf-8").replace("\n", "\r\n").replace("twee\r\n", "twee\n")
        path = self.folder / "excel.csv"
        path.write_bytes(b"\xef\xbb\xbf" + text.encode())
        for bsn, name in (("012345672", JOSE), ("012345681", "twee"), ("999993653", "laatste")):
            self.assertIn(name, self.ask(str(path), bsn, separator=";"))
        self.assertIn("begins as UTF-8", self.ask(str(path), "999993653", separator=";", charset="windows-1252"))

    def test_another_encoding_is_said(self):
        for charset in ("utf-8", "windows-1252", "latin-1"):
            self.assertIn("the text is UTF-16: save it as UTF-8", self.ask("calc-utf-16.csv", "999993653", separator=";", charset=charset))


if __name__ == "__main__":
    unittest.main()
