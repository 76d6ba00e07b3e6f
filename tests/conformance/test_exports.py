#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Exports as partners deliver them: which file counts, of which day it is, when it is too old, and the index beside it."""
import datetime
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/partners"))
import workbook  # noqa: E402

PROGRAM = sys.argv.pop(1)
BSN = "999993653"


class Exports(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.TemporaryDirectory(prefix="ketenpoort-export-")
        self.addCleanup(self.home.cleanup)
        self.folder = pathlib.Path(self.home.name)
        (self.folder / "bsn").write_text(BSN)

    def manifest(self, **file):
        return {"source": "proef", "organisation": {"oin": "00000000000000000001", "name": "Proef"}, "connector": "file",
                "limits": {"time_ms": 30000},  # on a machine that does more than this
                "file": {"path": "export.csv", "key": "BSN", **file},
                "response": {"subject": "BSN", "fields": {"persoon.naam": "Naam"}}}

    def deliver(self, name, value, age_hours=0, rows=50):
        path = self.folder / name
        lines = [f"{999990000 + i};Ander {i}" for i in range(rows)] + [f"{BSN};{value}"]
        path.with_suffix(".nieuw").write_text("BSN;Naam\n" + "\n".join(lines) + "\n")
        then = time.time() - age_hours * 3600
        os.utime(path.with_suffix(".nieuw"), (then, then))
        path.with_suffix(".nieuw").rename(path)

    def run_program(self, *words):
        return subprocess.run([PROGRAM, "connector", *words, "-c", str(ROOT / "tests/conformance/catalogus.json"), "manifest.json"],
                              capture_output=True, encoding="utf-8", check=False, cwd=self.folder)

    def ask(self, manifest):
        (self.folder / "manifest.json").write_text(json.dumps(manifest))
        self.answer = self.run_program("try", "--json", "--bsn-file", "bsn").stdout
        answer = json.loads(self.answer)
        return answer["outcome"], [field["value"] for field in answer["fields"]], answer["reason"]

    def test_the_latest_day_counts(self):
        manifest = self.manifest(path="levering-yyyymmdd.csv", dated_by="name")
        self.assertEqual(self.ask(manifest)[0], "nietBereikt")
        self.deliver("levering-20240131.csv", "oud")
        self.deliver("levering-20240201.csv", "nieuw")
        self.deliver("levering-2024020.csv", "geen dag")
        self.deliver("levering-20249999.csv.bak", "geen levering")
        self.assertEqual(self.ask(manifest)[:2], ("gevonden", ["nieuw"]))
        # It would be the latest for good, and never too old.
        self.deliver("levering-20991231.csv", "toekomst")
        self.assertEqual(self.ask(manifest)[:2], ("gevonden", ["nieuw"]))

    def test_too_old_is_not_reached(self):
        for manifest in (self.manifest(dated_by="mtime", max_age_hours=30),
                         self.manifest(path="d-yyyymmdd.csv", dated_by="name", max_age_hours=30)):
            day = time.strftime("%Y%m%d", time.gmtime())
            name = "export.csv" if manifest["file"]["path"] == "export.csv" else f"d-{day}.csv"
            self.deliver(name, "vers", age_hours=20)
            self.assertEqual(self.ask(manifest)[:2], ("gevonden", ["vers"]))
        self.deliver("export.csv", "oud", age_hours=31)
        manifest = self.manifest(dated_by="mtime", max_age_hours=30)
        self.assertEqual(self.ask(manifest), ("nietBereikt", [], "de laatste levering van de bron is te oud"))
        manifest["file"]["max_age_hours"] = 32
        self.assertEqual(self.ask(manifest)[0], "gevonden")

    def test_a_file_about_nobody_is_refused(self):
        """A column that went wrong would read as: nothing is known of anybody."""
        manifest = self.manifest(verify={"checksums": "{file}.sha256"})
        for rows, outcome in ((["BSN;Naam", "onbekend;A", "n.v.t.;B"], "fout"), (["BSN;Naam", "onbekend;A", "999990019;B"], "nietsGevonden"),
                              (["BSN;Naam"], "nietsGevonden")):
            data = "".join(row + "\n" for row in rows).encode()
            (self.folder / "export.csv").write_bytes(data)
            (self.folder / "export.csv.sha256").write_text(f"{hashlib.sha256(data).hexdigest()}  export.csv\n")
            with self.subTest(rows=rows):
                self.assertEqual(self.ask(manifest)[0], outcome, self.answer)
                self.assertEqual("no row has a number of a client in column 'BSN'" in self.answer, outcome == "fout", self.answer)

    def test_the_index_of_a_gateway_is_left_alone(self):
        # It is sealed with a secret of that gateway's, so here it can be neither read nor made.
        manifest = self.manifest(index="export.index")
        index = self.folder / "export.index"
        index.write_text("van de gateway")
        self.deliver("export.csv", "eerste")
        self.assertEqual(self.ask(manifest)[1], ["eerste"])
        self.assertEqual(index.read_text(), "van de gateway")

    def test_manifests_say_what_is_wrong(self):
        for file, word in (({"path": "a-yyyymmdd.csv"}, "dated_by"), ({"dated_by": "name"}, "yyyymmdd"),
                           ({"sheet": "a"}, "xlsx only"), ({"form": "ndjson", "charset": "utf-8"}, "csv only"),
                           ({"form": "xlsx", "header_row": 0}, "1..1000"), ({"form": "xml"}, "csv, ndjson, xlsx"),
                           ({"max_age_hours": 5}, "dated_by"), ({"dated_by": "mtime", "max_age_hours": 90000}, "87600")):
            (self.folder / "manifest.json").write_text(json.dumps(self.manifest(**file)))
            done = self.run_program("check")
            self.assertEqual(done.returncode, 1)
            self.assertIn(word, done.stdout + done.stderr)

    def said(self):
        """What the same question tells people."""
        return self.run_program("try", "--bsn-file", "bsn").stdout

    def test_rows_as_long_as_may_be(self):
        manifest = self.manifest()
        manifest["response"]["ignored"] = ["V"] + [f"V{i}" for i in range(15)]
        long = ";".join('"' + '""' * 65000 + '"' for _ in range(16))
        lines = [";".join(["BSN", "Naam", *manifest["response"]["ignored"]])]
        for i in range(6):
            lines += [f"{999990000 + i};kort{';' * 16}" for _ in range(i * 1000)] + [f"{999991000 + i};lang {i};{long}"]
        (self.folder / "export.csv").write_text("\n".join(lines) + "\n")
        for i in range(6):
            (self.folder / "bsn").write_text(f"{999991000 + i}")
            self.assertEqual(self.ask(manifest)[:2], ("gevonden", [f"lang {i}"]))

    def test_lines_of_json(self):
        manifest = self.manifest(path="export.ndjson", form="ndjson", key="wie.bsn")
        manifest["response"] = {"subject": "wie.bsn", "fields": {"persoon.naam": "wie.naam", "persoon.geheim": "geheim"}}
        path = self.folder / "export.ndjson"
        path.write_text('{"wie":{"bsn":1,"naam":"A"}}\n' * 3000 + json.dumps({"geheim": True, "wie": {"naam": "José", "bsn": int(BSN)}}))
        self.assertEqual(self.ask(manifest)[:2], ("gevonden", ["José", True]))
        for line, said in (("{", "ends too early"), ('{"wie":{"naam":"X"}}', "'wie.bsn' is not there"), ('{"wie":[]}', "'wie.bsn' is not there")):
            path.write_text('{"wie":{"bsn":1}}\n' + line + "\n")
            self.assertEqual(self.ask(manifest)[:2], ("fout", []))
            for words in ("line 2", said):
                self.assertIn(words, self.said())
        path.write_text("\n")
        self.assertEqual(self.ask(manifest)[0], "fout")
        # The way to a fault may be data.
        path.write_text('{"wie":{"bsn":1}}\n{"wie":{"Jansen, P.":{"naam":]}}}\n')
        self.assertEqual(self.ask(manifest)[0], "fout")
        self.assertIn("line 2: ", self.said())
        self.assertNotIn("Jansen", self.said())
        path.write_text('{"wie":{"bsn":1}}\n', encoding="utf-16")
        self.assertEqual(self.ask(manifest)[0], "fout")
        self.assertIn("the text is UTF-16: save it as UTF-8", self.said())

    def workbook(self, rows, name="export.xlsx"):
        workbook.write(self.folder / name, "Klanten & co", rows)

    def test_a_sheet(self):
        manifest = self.manifest(path="export.xlsx", form="xlsx", header_row=3)
        manifest["response"]["fields"]["persoon.geboren"] = {"path": "Geboren", "date": "yyyy-mm-dd"}
        rows = [["Levering"], [], ["BSN", "Naam", "Geboren"]] + [[1000000 + i, f"Ander {i}", None] for i in range(2000)]
        self.workbook(rows + [[int(BSN), 'José; "de", jr', datetime.date(1970, 5, 3)]])
        self.assertEqual(self.ask(manifest)[:2], ("gevonden", ['José; "de", jr', "1970-05-03"]))
        manifest["file"]["sheet"] = "Klanten & co"
        self.assertEqual(self.ask(manifest)[0], "gevonden")
        # A number that lost its leading zeros, and a date that is none.
        (self.folder / "bsn").write_text("012345672")
        self.workbook(rows + [[12345672, "Nul", "3 mei"]])
        self.assertEqual(self.ask(manifest)[:2], ("gevonden", ["Nul"]))
        self.assertIn("persoon.geboren heeft een vorm die niet is afgesproken", self.answer)

    def test_a_recorded_sheet(self):
        (self.folder / "manifest.json").write_text(json.dumps(self.manifest(path="is-er-niet.xlsx", form="xlsx")))
        self.workbook([["BSN", "Naam"], [int(BSN), "uit een bestand"]], "ander.xlsx")
        done = self.run_program("try", "--bsn-file", "bsn", "--answer", "ander.xlsx")
        self.assertIn("uit een bestand", done.stdout)
        (self.folder / "ander.xlsx").write_text("BSN")
        done = self.run_program("try", "--bsn-file", "bsn", "--answer", "ander.xlsx")
        self.assertEqual(done.returncode, 1)
        self.assertIn("ander.xlsx: the file is no .xlsx workbook", done.stderr)

    def test_a_sheet_is_written_nowhere(self):
        manifest = self.manifest(path="export.xlsx", form="xlsx", index="export.index")
        for name in ("eerste", "tweede"):
            self.workbook([["BSN", "Naam"], [int(BSN), name]])
            self.assertEqual(self.ask(manifest)[1], [name])
        self.assertEqual([path.name for path in self.folder.glob("export*")], ["export.xlsx"])

    def test_a_sheet_that_is_refused(self):
        manifest = self.manifest(path="export.xlsx", form="xlsx")
        big = [["BSN", "Naam"]] + [[i, "x" * 1000] for i in range(1200)]
        for rows, more, said in (([["BSN"]], {}, "row 1: there is no column 'Naam'"), ([["BSN", "Naam"]], {"sheet": "Blad2"}, "no sheet 'Blad2'"),
                                 (big, {"unpacked_mib": 1}, "deliver them as CSV"),
                                 ([["BSN", "Naam"] + [f"{i}" * 60000 for i in range(10)]], {"unpacked_mib": 1}, "deliver them as CSV"),
                                 ([["BSN", "Naam"]], {"header_row": 2}, "row 2 of the sheet")):
            self.workbook(rows)
            self.assertEqual(self.ask(self.manifest(**{**manifest["file"], **more}))[:2], ("fout", []))
            self.assertIn(said, self.said())
        # The place is the row that people see.
        dated = {"header_row": 3, "dated_by": "column", "date_name": "Stand", "date_pattern": "yyyy-mm-dd"}
        for row, said in ((["BSN", "Naam"], "row 3: there is no column 'Stand'"), (["BSN", "Stand"], "row 3: there is no column 'Naam'"),
                          (["BSN", "Naam", "Stand"], "row 5: the day of the delivery is not one")):
            self.workbook([["Levering"], [], row, [1000000, "A", "2026-01-31"], [1000001, "B", "2026-02-31"]])
            self.assertEqual(self.ask(self.manifest(**{**manifest["file"], **dated}))[:2], ("fout", []))
            self.assertIn(said, self.said())
        self.workbook([["Levering"], ["BSN", "Naam"], ["geen nummer", "A"]])
        self.assertEqual(self.ask(self.manifest(**{**manifest["file"], "header_row": 2}))[:2], ("fout", []))
        self.assertIn("row 3: no row has a number of a client in column 'BSN'", self.said())
        self.workbook(big)
        self.assertEqual(self.ask(self.manifest(**{**manifest["file"], "unpacked_mib": 2}))[0], "nietsGevonden")
        self.deliver("export.xlsx", "tekst")
        self.assertEqual(self.ask(manifest)[0], "fout")
        self.assertIn("no .xlsx workbook", self.said())


if __name__ == "__main__":
    unittest.main()
