#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""The privacy officer's subcommands: what they print and exit with, held against files.

GOLDEN=write makes the files anew; look at the difference before it is kept."""
import difflib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
import xml.dom.minidom

HERE = pathlib.Path(__file__).resolve().parent / "policy"
ROOT = pathlib.Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "policies/voorbeeld"
SHARED = pathlib.Path(sys.argv.pop()) if len(sys.argv) > 2 else ROOT.parent / "shared/data"
PROGRAM = os.path.abspath(sys.argv.pop()) if len(sys.argv) > 1 else str(
    ROOT / ".build/dev/gateway/ketenpoort")
DAY = "2026-11-23"
ASK = ["--organisatie", "00000001830000001000", "--datum", DAY]

# name of the golden file: arguments behind `policy`; SET stands for the folder of rules.
GOLDEN = {
    "check": ["check", "--datum", DAY, "SET"],
    "check-en": ["check", "--en", "--datum", DAY, "SET"],
    "check-later": ["check", "--datum", "2027-06-01", "SET"],
    "check-strict": ["check", "--streng", "--datum", DAY, "SET"],
    "check-json": ["check", "--json", "--datum", DAY, "SET"],
    "matrix": ["matrix", "--datum", DAY, "SET"],
    "matrix-en": ["matrix", "--en", "--datum", DAY, "SET"],
    "matrix-all": ["matrix", "--alles", "--datum", DAY, "--doel", "toets", "SET"],
    "matrix-later": ["matrix", "--datum", "2027-06-01", "--doel=toets", "SET"],
    "matrix-fields": ["matrix", "--datum", DAY, "--doel", "toets", "--rol", "consulent",
                      "--rubriek", "loon,persoon", "SET"],
    "matrix-json": ["matrix", "--json", "--datum", DAY, "SET"],
    "matrix-html": ["matrix", "--html", "--datum", DAY, "SET"],
    "matrix-html-fields": ["matrix", "--html", "--velden", "--alles", "--en", "--datum", DAY,
                           "--doel", "toets", "SET"],
    "explain-permitted": ["explain", "--doel", "intake", "--rol", "intaker", *ASK, "--veld",
                          "persoon.naam", "SET"],
    "explain-near": ["explain", "--doel", "toets", "--rol", "consulent", *ASK, "--veld", "loon",
                     "--in-werkvoorraad", "SET"],
    "explain-forbidden": ["explain", "--doel", "toets", "--rol", "consulent", *ASK, "--veld",
                          "loon.bedrag", "--in-werkvoorraad", "--zaak-genoemd", "SET"],
    "explain-whole": ["explain", "--en", "--doel", "toets", "--rol", "leerling", *ASK, "--veld",
                      "loon.bedrag", "SET"],
    "explain-unknown-purpose": ["explain", "--doel", "toest", "--rol", "consulent", *ASK,
                                "--veld", "loon.bedrag", "SET"],
    "explain-json": ["explain", "--json", "--doel", "toets", "--rol", "consulent", *ASK,
                     "--veld", "loon.bedrag", "--in-werkvoorraad", "SET"],
    "explain-overdue": ["explain", "--doel", "toets", "--rol", "consulent", "--organisatie",
                        "00000001830000001000", "--datum", "2027-06-01", "--veld",
                        "loon.werkgever", "--in-werkvoorraad", "--heeft-zaak", "SET"],
    "test": ["test", "--zonder", "SET"],
    "test-json": ["test", "--json", "--zonder", "--en", "SET"],
    "wrong-option": ["matrix", "--rubrik", "x", "SET"],
    "wrong-field": ["explain", "--doel", "toets", "--rol", "consulent", *ASK, "--veld",
                    "loon.bedrg", "SET"],
    "wrong-day": ["check", "--datum", "morgen", "SET"],
    "no-folder": ["check", "SET/nergens"],
}


class Policy(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.home = tempfile.TemporaryDirectory(prefix="ketenpoort-test-")
        self.folder = pathlib.Path(self.home.name) / "regels"
        shutil.copytree(HERE / "klein", self.folder)
        shutil.copy(SHIPPED / "schema.cedarschema", self.folder)

    def tearDown(self):
        self.home.cleanup()

    def run_program(self, *arguments, folder=None, stdin=""):
        folder = str(folder or self.folder)
        arguments = [str(argument).replace("SET", folder) for argument in arguments]
        done = subprocess.run([PROGRAM, "policy", *arguments], capture_output=True, text=True,
                              input=stdin, timeout=120, env={**os.environ, "COLUMNS": "100"})
        self.assertNotIn(done.returncode, (-6, -11), done.stderr)
        return done

    def edit(self, name, old, new):
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        self.assertIn(old, text)
        path.write_text(text.replace(old, new), encoding="utf-8")

    def test_outputs_are_as_kept(self):
        for name, arguments in GOLDEN.items():
            with self.subTest(name):
                done = self.run_program(*arguments)
                text = f"exit {done.returncode}\n{done.stdout}{done.stderr}"
                text = re.sub(r"sha256:[0-9a-f]{64}", "sha256:…", text)
                text = text.replace(str(self.folder), "SET")
                path = HERE / "golden" / f"{name}.txt"
                if os.environ.get("GOLDEN") == "write":
                    path.write_text(text, encoding="utf-8")
                kept = path.read_text(encoding="utf-8")
                self.assertEqual(text, kept, "\n".join(difflib.unified_diff(
                    kept.splitlines(), text.splitlines(), "kept", "printed", lineterm="")))

    def test_every_subcommand_explains_itself(self):
        names = re.findall(r"^  ([a-z]+) ", self.run_program("--help").stdout, re.M)
        self.assertIn("explain", names)
        wrong = self.run_program("chek")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("bedoeld is 'check'?", wrong.stderr)
        for name in names:
            dutch = self.run_program(name, "--help")
            english = self.run_program(name, "--help", "--en")
            self.assertEqual((dutch.returncode, english.returncode), (0, 0), name)
            self.assertTrue(dutch.stdout.startswith("gebruik: "), name)
            self.assertTrue(english.stdout.startswith("usage: "), name)
            self.assertTrue(all(len(line) <= 80 for line in dutch.stdout.splitlines()), name)
            self.assertEqual(self.run_program(name).returncode, 2, name)

    def test_check_names_all_faults_of_all_files(self):
        self.edit("doelen.json", '"id": "toets",', '"id" "toets",')
        self.edit("regels/regels.cedar", 'permit (\n  principal in', 'permt (\n  principal in')
        self.edit("partners/uwv.cedar", "forbid (", "forbid (,")
        done = self.run_program("check", "--json", "SET")
        self.assertEqual(done.returncode, 1)
        answer = json.loads(done.stdout)
        self.assertFalse(answer["ok"])
        self.assertEqual({finding["file"] for finding in answer["findings"]},
                         {"doelen.json", "regels/regels.cedar", "partners/uwv.cedar"})
        self.assertTrue(all(finding["line"] > 0 for finding in answer["findings"]))

    def test_check_suggests_a_name(self):
        self.edit("regels/regels.cedar", 'Rol::"consulent"', 'Rol::"consulnt"')
        done = self.run_program("check", "SET")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"regels/regels\.cedar:\d+:\d+: .*consulent")

    def test_a_test_that_fails_says_why(self):
        self.edit("proeven.json", '"mag": ["loon.werkgever"]', '"mag": ["loon.bedrag"]')
        done = self.run_program("test", "SET")
        self.assertEqual(done.returncode, 1)
        self.assertIn("uwv-bedrag", done.stdout)
        self.assertIn("1 mislukt", done.stdout)
        self.assertIn("      verboden door uwv-bedrag", done.stdout)
        self.assertIn("      zou te zien zijn bij:\n        lopende zaak\n", done.stdout)
        checked = self.run_program("check", "--datum", DAY, "SET")
        self.assertEqual(checked.returncode, 1)
        self.assertIn("niet in orde: 1 fout\n", checked.stdout)
        self.assertRegex(checked.stdout, r"proeven\.json:\d+:\d+: /proeven/2/mag/0: ")

    def test_a_rule_without_a_test_is_named(self):
        self.edit("proeven.json", '"mag": ["loon"]', '"mag": []')
        self.edit("proeven.json", '"mag": ["loon.werkgever"]', '"mag": []')
        loose = self.run_program("test", "SET")
        strict = self.run_program("test", "--streng", "SET")
        self.assertEqual((loose.returncode, strict.returncode), (0, 1))
        self.assertIn("Regels die geen proef raakt:\n  loon\n", loose.stdout)
        taken_out = self.run_program("test", "--zonder", "--json", "SET")
        self.assertEqual(taken_out.returncode, 1)
        self.assertIn("loon", json.loads(taken_out.stdout)["unnoticed"])

    def test_tests_may_stand_in_files_of_their_own(self):
        own = self.folder / "proeven.json"
        elsewhere = pathlib.Path(self.home.name) / "meer.json"
        own.rename(elsewhere)
        done = self.run_program("test", "SET")
        self.assertEqual(done.returncode, 1)
        self.assertIn("de proeven konden niet worden uitgevoerd", done.stdout)
        done = self.run_program("test", "SET", elsewhere)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_format_keeps_the_meaning(self):
        rules = self.folder / "regels/regels.cedar"
        version = json.loads(self.run_program("check", "--json", "SET").stdout)["version"]
        self.assertEqual(self.run_program("format", "--check", rules).returncode, 1)
        printed = self.run_program("format", rules).stdout
        self.assertEqual(self.run_program("format", "-", stdin=rules.read_text()).stdout, printed)
        self.assertEqual(self.run_program("format", "--write", rules).returncode, 0)
        self.assertEqual(rules.read_text(encoding="utf-8"), printed)
        self.assertEqual(self.run_program("format", "--check", rules).returncode, 0)
        self.assertIn("// Regels van de toetsen.", printed)
        after = json.loads(self.run_program("check", "--json", "SET").stdout)["version"]
        self.assertEqual(version, after)
        self.assertEqual(list(rules.parent.iterdir()), [rules])

    def test_format_says_why_it_cannot_read_its_input(self):
        done = self.run_program("format", "-", stdin=" " * ((16 << 20) + 1))
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, "-: cannot be read: it is larger than 16 MiB\n")
        folder = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, folder)
        done = subprocess.run([PROGRAM, "policy", "format", "-"], stdin=folder, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (1, "-: cannot be read: Is a directory\n"))

    def test_format_leaves_what_does_not_parse(self):
        rules = self.folder / "regels/regels.cedar"
        rules.write_text("permit (principal, action, resource", encoding="utf-8")
        done = self.run_program("format", "--write", rules)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"regels\.cedar:1:\d+: ")
        self.assertEqual(rules.read_text(), "permit (principal, action, resource")
        self.assertEqual(self.run_program("format", "--check", "--write", rules).returncode, 2)
        self.assertEqual(self.run_program("format", rules.parent / "nergens").returncode, 1)

    def check_page(self, page):
        self.assertTrue(page.startswith("<!DOCTYPE html>\n<html lang="))
        document = xml.dom.minidom.parseString(page.replace("<!DOCTYPE html>", "").encode())
        tables = document.getElementsByTagName("table")
        self.assertGreater(len(tables), 0)
        for table in tables:
            self.assertEqual(len(table.getElementsByTagName("caption")), 1)
            heads = table.getElementsByTagName("th")
            self.assertTrue(all(head.getAttribute("scope") in ("col", "row") for head in heads))
            for cell in table.getElementsByTagName("td"):
                text = "".join(node.data for node in cell.childNodes)
                self.assertTrue(text.strip() or not cell.hasAttribute("class"))
        self.assertNotRegex(page, r'(src|href)="|url\(|@import')

    def test_pages_are_well_formed_and_stand_alone(self):
        self.check_page(self.run_program("matrix", "--html", "SET").stdout)
        self.check_page(self.run_program("matrix", "--html", "--velden", "--alles", "SET").stdout)
        self.check_page(self.run_program("matrix", "--html", "SET", folder=SHIPPED).stdout)

    def test_matrix_and_explain_agree(self):
        """Field by field, role by role: the matrix says always where explain says yes."""
        matrix = json.loads(self.run_program("matrix", "--json", "--alles", "--datum", DAY,
                                             "--actie", "raadplegen", "SET").stdout)
        for purpose in matrix["doelen"]:
            for role in purpose["rollen"]:
                said = {field["veld"]: field["toegang"] for section in role["rubrieken"]
                        for field in section["perVeld"]}
                for facts in ([], ["--heeft-zaak"]):
                    done = self.run_program(
                        "explain", "--json", "--doel", purpose["doel"], "--rol", role["rol"], *ASK,
                        "--veld", "persoon,loon", "--in-werkvoorraad", *facts, "SET")
                    for field in json.loads(done.stdout)["velden"]:
                        access = said[field["veld"]]
                        if access == "altijd" or (access == "mits" and facts):
                            self.assertTrue(field["toegestaan"], (purpose["doel"], role, field))
                        else:
                            self.assertFalse(field["toegestaan"], (purpose["doel"], role, field))

    def test_what_would_change_it_does(self):
        question = ["explain", "--json", "--doel", "toets", "--rol", "consulent", *ASK, "--veld",
                    "loon.bedrag", "--in-werkvoorraad"]
        before = json.loads(self.run_program(*question, "SET").stdout)["velden"][0]
        after = json.loads(self.run_program(*question, "--heeft-zaak", "SET").stdout)["velden"][0]
        self.assertIn({"tekst": "lopende zaak"}, before["zouVeranderen"])
        self.assertEqual((before["toegestaan"], after["toegestaan"]), (False, True))

    def test_conform_names_each_difference(self):
        cases = HERE / "geval/gevallen"
        done = self.run_program("conform", "--en", cases / "goed.json")
        self.assertEqual((done.returncode, done.stdout), (0, "1 cases, 2 decisions, 0 different\n"))
        done = self.run_program("conform", "--en", cases)
        self.assertEqual(done.returncode, 1)
        self.assertIn("2 cases, 4 decisions, 2 different", done.stdout)
        self.assertEqual(done.stdout.count("anders.json: request"), 2)
        done = self.run_program("conform", "--json", "--root", HERE / "geval", cases)
        answer = json.loads(done.stdout)
        self.assertEqual((answer["cases"], answer["different"]), (2, 2))
        self.assertEqual(len(answer["differences"]), 2)

    def test_conform_says_what_it_cannot_read(self):
        lost = pathlib.Path(self.home.name) / "los.json"
        shutil.copy(HERE / "geval/gevallen/goed.json", lost)
        done = self.run_program("conform", lost)
        self.assertEqual(done.returncode, 1)
        self.assertIn("--root", done.stdout)
        self.assertEqual(self.run_program("conform", "--root", HERE / "geval", lost).returncode, 0)
        self.assertEqual(self.run_program("conform", lost.parent / "nergens.json").returncode, 1)
        self.assertEqual(self.run_program("conform", self.folder).returncode, 1)

    def test_conform_takes_the_public_corpus(self):
        archive = SHARED / "cedar/hand-written-tests.tar.gz"
        if not archive.exists():
            print("SKIPPED: no public Cedar cases at", archive)
            return
        with tarfile.open(archive) as tar:
            # Debian 12's Python knows no filters yet.
            safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            tar.extractall(self.home.name, **safe)
        done = self.run_program("conform", "--en", pathlib.Path(self.home.name) / "tests")
        self.assertEqual((done.returncode, done.stdout), (0, "22 cases, 74 decisions, 0 different\n"))

    def test_lists_without_a_key_are_explained(self):
        catalogue = json.loads((ROOT / "policies/voorbeeld/catalogus.json").read_text())
        keyless = {section["naam"] for section in catalogue["rubrieken"] if section.get("meervoudig") and "sleutel" not in section}
        guide = (ROOT / "policies/README.md").read_text()
        told = re.search(r"In `voorbeeld/` these have none.*?is no account", guide, re.S)
        self.assertEqual(set(re.findall(r"`(\w+)`", told[0])), keyless)

    def test_the_shipped_rules_are_in_order_and_covered(self):
        done = self.run_program("check", "--datum", DAY, "SET", folder=SHIPPED)
        self.assertEqual(done.returncode, 0, done.stdout)
        done = self.run_program("test", "--streng", "--zonder", "--json", "SET", folder=SHIPPED)
        answer = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual((answer["failed"], answer["uncovered"], answer["unnoticed"]), (0, [], []))
        # Only prohibitions under the other rules may go unnoticed.
        self.assertLess(len(answer["nets"]), 6)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
