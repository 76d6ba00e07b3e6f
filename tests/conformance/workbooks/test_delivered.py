#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A running gateway (unknown system calls end it) that is sent workbooks: answered from, replaced, refused, and wiped."""
import os
import pathlib
import shutil
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/partners")]
import running  # noqa: E402
import spreadsheet  # noqa: E402
import workbook  # noqa: E402

PROGRAM = running.program_from_arguments()

CLIENTS = running.stand_ins.load_clients()
BSN = next(iter(CLIENTS))
MANIFEST = ROOT / "tests/partners/spreadsheet/gemeente-schuldhulp.json"


class Gateway(running.Gateway):
    partner_names = ("brp",)

    def write_configuration(self, change):
        super().write_configuration(change)
        shutil.copy(MANIFEST, self.folder / "sources")
        spreadsheet.export(str(self.folder / "schuldhulp.xlsx"), CLIENTS)


class Delivered(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gateway = Gateway(PROGRAM)
        cls.addClassCleanup(cls.gateway.close)

    def ask(self):
        status, body = self.gateway.ask(BSN, "schuldhulpverlening", headers=self.gateway.headers("schuldhulpverlener"), velden=["schulden", "schuldhulp"],
                                        zaakkenmerk="Z-1")
        self.assertEqual(status, 200, body)
        source = next(one for one in body["bronnen"] if one["bron"] == "gemeente-schuldhulp")
        return source, body["dossier"]

    def deliver(self, rows):
        fresh = self.gateway.folder / "fresh"
        workbook.write(fresh, "Dossiers", rows)
        os.replace(fresh, self.gateway.folder / "schuldhulp.xlsx")

    def until(self, fact):
        running.wait_until(lambda: fact(*self.ask()), lambda: f"{self.ask()} {self.gateway.log_text()[-2000:]}")

    def test_from_the_first_to_a_refused_one(self):
        expected = [row for row in spreadsheet.rows(CLIENTS) if row and row[0] == int(BSN)]
        source, dossier = self.ask()
        self.assertEqual(source["status"], "gevonden")
        self.assertEqual([debt["schuldeiser"] for debt in dossier["schulden"]], [row[4] for row in expected])
        self.assertEqual([debt["datum"] for debt in dossier["schulden"]], [row[6].isoformat() for row in expected])
        self.assertEqual([debt["bedrag"] for debt in dossier["schulden"]], [row[5] for row in expected])
        self.assertEqual(dossier["schuldhulp"]["datumAanvraag"], expected[0][2].isoformat())
        changed = [list(row) for row in spreadsheet.rows(CLIENTS)]
        for row in changed[3:]:
            row[4] = "Een andere schuldeiser"
        self.deliver(changed)
        self.until(lambda _, dossier: dossier["schulden"][0]["schuldeiser"] == "Een andere schuldeiser")
        # A sheet without the column: refused, said, and the one before goes on.
        self.deliver([row[:4] for row in changed])
        self.until(lambda *_: "a delivery is refused" in self.gateway.log_text())
        self.assertIn("row 3: there is no column", self.gateway.log_text())
        self.assertEqual(self.ask()[1]["schulden"][0]["schuldeiser"], "Een andere schuldeiser")
        # Nothing of it has been written anywhere.
        for path in self.gateway.folder.rglob("*"):
            if path.is_file() and path.name not in ("schuldhulp.xlsx",):
                self.assertNotIn("Een andere schuldeiser".encode(), path.read_bytes(), path)
        self.assertEqual(self.gateway.stop(), 0)


if __name__ == "__main__":
    unittest.main()
