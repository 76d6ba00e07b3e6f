#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""What `connector try` shows and refuses, on recorded answers."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.path.abspath(sys.argv.pop()) if len(sys.argv) > 1 else str(
    ROOT / ".build/dev/gateway/ketenpoort")
SUITE = ROOT / "tests/conformance"
BSN = "999993653"


def strictly(pairs):
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError(f"a name stands twice among {names}")
    return dict(pairs)


class Try(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.TemporaryDirectory(prefix="ketenpoort-try-")
        self.addCleanup(self.home.cleanup)
        self.folder = pathlib.Path(self.home.name)
        (self.folder / "secret").write_text("user:geheim-van-de-proef\n")

    def run_try(self, kind, *words, answer=None, manifest=None):
        if answer is not None:
            (self.folder / "answer").write_text(answer)
        answer = SUITE / kind / "good.txt" if answer is None else self.folder / "answer"
        manifest = manifest or SUITE / kind / "manifest.json"
        secret = json.loads(manifest.read_text()).get("access", {}).get("secret", "geen")
        done = subprocess.run(
            [PROGRAM, "connector", "try", "-c", SUITE / "catalogus.json", "--bsn-file", "-", "--secret",
             f"{secret}={self.folder}/secret", "--answer", answer, *words, manifest],
            input=BSN, capture_output=True, encoding="utf-8", timeout=60, check=False)
        self.assertNotIn(BSN, done.stdout + done.stderr)
        self.assertNotIn("geheim-van-de-proef", done.stdout + done.stderr)
        return done

    def shown(self, kind, *words, **options):
        done = self.run_try(kind, "--json", *words, **options)
        return json.loads(done.stdout, object_pairs_hook=strictly), done.returncode

    def test_each_query_is_shown_with_its_values(self):
        shown, code = self.shown("sql")
        self.assertEqual((shown["outcome"], code), ("gevonden", 0))
        for query in ("persoon", "uitkering"):
            self.assertIn("select", shown["request"][f"query {query}"])
            self.assertIn("*********", shown["request"][f"parameters {query}"])
        manual = (ROOT / "gateway/man/ketenpoort-connector.1").read_text().split(".SH OPTIONS")[1]
        manual = manual.replace("\\-", "-").split(".B --json")[1]
        for member in shown:
            self.assertRegex(manual, rf"\b{member}\b")
        self.assertIn("  query persoon select", self.run_try("sql").stdout)

    def test_a_fault_has_its_place(self):
        shown, code = self.shown("rest", answer='{\n  "bsn": 1,,\n}')
        self.assertEqual((shown["outcome"], code, shown["faultLine"]), ("fout", 1, 2))
        self.assertGreater(shown["faultColumn"], 0)
        self.assertNotIn("faultLine", self.shown("rest")[0])

    STEERING = "\x1b[2J\x9b31m\x7f\nmapped\n  persoon.naam = Nep"

    def assert_steers_nothing(self, text):
        self.assertNotRegex(text.replace("\n", ""), r"[\x00-\x1f\x7f-\x9f]")
        self.assertNotRegex(text, r"(?m)^ *(mapped\n)? *persoon\.naam = Nep")

    def test_nothing_of_the_partner_steers_the_terminal(self):
        answer = json.loads((SUITE / "rest/good.txt").read_text())
        answer["personen"][0]["naam"]["voluit"] = "Jan" + self.STEERING
        answer["personen"][0]["vreemd" + self.STEERING] = 1
        text = json.dumps(answer, ensure_ascii=False)
        done = self.run_try("rest", answer=text)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_steers_nothing(done.stdout)
        self.assertIn('  persoon.naam = "Jan\\u001b[2J?31m?\\nmapped', done.stdout)
        self.assertIn("vreemd\\u001b[2J?31m?", done.stdout)
        shown, _ = self.shown("rest", answer=text)
        self.assertIn("Jan" + self.STEERING, [field["value"] for field in shown["fields"]])

    def test_no_note_steers_the_terminal(self):
        manifest = json.loads((SUITE / "soap/manifest.json").read_text())
        manifest["response"]["notes"]["texts"]["W1"] = "niet volledig\x9b31m"
        (self.folder / "manifest.json").write_text(json.dumps(manifest))
        done = self.run_try("soap", manifest=self.folder / "manifest.json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(": niet volledig?31m\n", done.stdout)

    def test_a_path_to_the_next_page_that_leads_nowhere_is_shown(self):
        manifest = self.folder / "manifest.json"
        text = (SUITE / "rest/manifest.json").read_text()
        line = next(i for i, row in enumerate(text.splitlines(), 1) if '"paging"' in row)
        manifest.write_text(text)
        answer = (SUITE / "rest/good.txt").read_text()
        told = f"  /response/paging/next: the answer has no 'volgende', so it counts as the last page; .* \\(line {line}, column [0-9]+\\)\n"
        done = self.run_try("rest", manifest=manifest, answer=answer)
        self.assertRegex(done.stdout, "doubts .*\n" + told)
        whole = json.dumps({**json.loads(answer), "volgende": None})
        done = self.run_try("rest", manifest=manifest, answer=whole)
        self.assertNotIn("doubts", done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_the_file_of_an_export_is_shown(self):
        manifest = json.loads((SUITE / "file/manifest.json").read_text())
        self.assertTrue(self.shown("file")[0]["request"]["file"].endswith(manifest["file"]["path"]))

    def test_fields_the_source_does_not_have(self):
        done = self.run_try("rest", "--velden", "persoon.naam")
        self.assertEqual(done.returncode, 0, done.stderr)
        manifest = json.loads((SUITE / "rest/manifest.json").read_text())
        del manifest["response"]["lists"]
        (self.folder / "manifest.json").write_text(json.dumps(manifest))
        done = subprocess.run(
            [PROGRAM, "connector", "try", "-c", SUITE / "catalogus.json", "--bsn-file", "-", "--answer", SUITE / "rest/good.txt",
             "--velden", "uitkeringen", self.folder / "manifest.json"],
            input=BSN, capture_output=True, encoding="utf-8", timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("source 'proef' supplies nothing of 'uitkeringen'", done.stderr)

    def test_an_answer_about_somebody_else(self):
        other = (SUITE / "rest/other.txt").read_text()
        shown, code = self.shown("rest", answer=other)
        self.assertEqual((shown["outcome"], shown["reason"], code), ("fout", "het antwoord gaat over een andere persoon", 1))
        self.assertEqual(shown["fields"], [])

    def test_what_no_path_names_is_told_once(self):
        text = json.loads((SUITE / "rest/good.txt").read_text())
        for benefit in text["personen"][0]["uitkeringen"]:
            benefit["anders"] = "x"
        shown, _ = self.shown("rest", answer=json.dumps(text))
        self.assertEqual([path for path in shown["unmapped"] if path.endswith("anders")], ["personen[].uitkeringen[].anders"])

    def test_a_page_that_nobody_asked_for(self):
        manifest = json.loads((SUITE / "rest/manifest.json").read_text())
        del manifest["response"]["paging"]
        text = json.loads((SUITE / "rest/good.txt").read_text())
        path = self.folder / "manifest.json"
        for links, ignored, outcome in (({"next": {"href": "/api/vraag?pagina=2"}}, [], "fout"), ({"next": None}, [], "gevonden"),
                                        ({"self": {"href": "/api/vraag"}}, [], "gevonden"),
                                        ({"next": {"href": "/api/vraag?pagina=2"}}, ["_links"], "gevonden")):
            manifest["response"]["ignored"] = ignored
            path.write_text(json.dumps(manifest))
            shown, _ = self.shown("rest", answer=json.dumps({**text, "_links": links}), manifest=path)
            self.assertEqual(shown["outcome"], outcome, (links, ignored, shown))
            self.assertEqual("response.paging" in shown.get("fault", ""), outcome == "fout")
            self.assertEqual([name for name in shown["unmapped"] if "_links" in name], [])

    def test_a_source_of_a_configuration(self):
        config = self.folder / "poort"
        subprocess.run([PROGRAM, "init", config], check=True, capture_output=True, timeout=60)
        with (config / "klantvolg.csv").open("a", encoding="latin-1") as file:
            file.write(f"{BSN};K-1;José" + ";" * 15 + "\n")
        for source, code, words in (("gemeente-klantvolg", 0, "klantvolg.klantnummer = K-1"), ("gemeente-klant", 1, "there are 'brp'")):
            done = subprocess.run([PROGRAM, "connector", "try", "--bsn-file", "-", config / "gateway.json", source],
                                  input=BSN, capture_output=True, encoding="utf-8", timeout=60, check=False)
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
            self.assertIn(words, done.stdout + done.stderr)

    def test_a_known_value_that_does_not_read(self):
        known = self.folder / "bekend"
        for text, what in (("# wat eerder\n\nJan Jansen 999993653\n", ":3: is not field=value"),
                           ("persoon.naam=Jan\npersoon.naem=Jan Jansen\n",
                            ":2: its field is not one of the catalogue; nearest is 'persoon.naam'"),
                           ("persoon.naam=Jan\n" * 65, ":65: is one more than the 64 values")):
            known.write_text(text)
            done = self.run_try("rest", "--bekend-file", known)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(str(known) + what, done.stderr)
            self.assertNotIn("Jan", done.stderr)

    def test_what_is_no_status(self):
        for status in ("abc", "", "2000", "99", "20x", "-1", "600"):
            done = self.run_try("rest", "--status", status)
            self.assertEqual((done.returncode, done.stdout), (2, ""), status)
            self.assertIn("--status takes", done.stderr)
        self.assertEqual(self.shown("rest", "--status", "503")[0]["status"], 503)


if __name__ == "__main__":
    unittest.main()
