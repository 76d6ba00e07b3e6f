#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""`connector doctor` before a real PostgreSQL that is wrong in one way each."""
import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import postgres  # noqa: E402

PROGRAM = os.path.abspath(sys.argv.pop()) if len(sys.argv) > 1 else str(
    ROOT / ".build/dev/gateway/ketenpoort")
BSN = "999993653"
SCHEMA = """
create table persoon (bsn bigint primary key, naam text, geboren numeric(8), geslacht char(1), geheim boolean, ooit timestamp);
create table uitkering (bsn bigint, regeling text, bedrag numeric(10, 2), begin numeric(8));
create table dicht (bsn bigint, naam text);
insert into persoon values (999993653, 'Voorbeeld', 19700503, 'V', true, now());
insert into uitkering values (999993653, 'PW', 1.10, 20240100);
create role schrijver login password 'proef-wachtwoord';
grant select, insert on persoon, uitkering to schrijver;
grant select on persoon, uitkering to lezer;
"""
MANIFEST = {
    "source": "proef", "organisation": {"oin": "00000000000000000001", "name": "Proef"}, "connector": "sql",
    "sql": {"queries": {
        "persoon": "select bsn, naam, geboren, geslacht, geheim from persoon where bsn = cast(:bsn as bigint)",
        "uitkering": "select bsn, regeling, bedrag, begin from uitkering where bsn = cast(:bsn as bigint)"}},
    "response": {
        "subject": "bsn",
        "fields": {"persoon.naam": "persoon.naam", "persoon.geboren": {"path": "persoon.geboren", "date": "yyyymmdd"},
                   "persoon.geslacht": {"path": "persoon.geslacht", "table": "geslacht"},
                   "persoon.geheim": {"path": "persoon.geheim", "form": "yes_no"}},
        "lists": {"uitkeringen": {"items": "uitkering", "fields": {
            "uitkeringen.wet": "regeling", "uitkeringen.bedrag": "bedrag",
            "uitkeringen.begin": {"path": "begin", "date": "yyyymmdd"}}}}},
    "tables": {"geslacht": {"M": "man", "V": "vrouw", "*": "onbekend"}},
    "limits": {"time_ms": 8000, "connect_ms": 4000},
}


class DoctorSql(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            cls.pg = postgres.Postgres()
        except FileNotFoundError as error:
            raise unittest.SkipTest(f"SKIPPED: {error}")
        cls.addClassCleanup(cls.pg.close)
        cls.pg.sql(SCHEMA)
        cls.home = tempfile.TemporaryDirectory(prefix="ketenpoort-doctor-sql-")
        cls.addClassCleanup(cls.home.cleanup)
        cls.folder = pathlib.Path(cls.home.name)
        (cls.folder / "bsn").write_text(BSN)
        (cls.folder / "other").mkdir(exist_ok=True)
        postgres.make_certificates(cls.folder / "other")

    def look(self, change=None, user="lezer", password=None):
        manifest = copy.deepcopy(MANIFEST)
        manifest["endpoint"] = f"postgresql://localhost:{self.pg.port}/postgres"
        manifest["access"] = {"kind": "basic", "secret": "db", "anchor_file": str(self.pg.folder / "ca.pem")}
        if change:
            change(manifest)
        (self.folder / "manifest.json").write_text(json.dumps(manifest))
        (self.folder / "secret").write_text(f"{user}:{password or self.pg.password}\n")
        done = subprocess.run(
            [PROGRAM, "connector", "doctor", "--json", "-c", str(ROOT / "tests/conformance/catalogus.json"), "--bsn-file",
             str(self.folder / "bsn"), "--secret", f"db={self.folder}/secret", str(self.folder / "manifest.json")],
            capture_output=True, text=True, timeout=60)
        for secret in (BSN, self.pg.password, "Voorbeeld"):
            self.assertNotIn(secret, done.stdout + done.stderr)
        self.assertNotEqual(done.stdout, "", done.stderr)
        steps = json.loads(done.stdout)["steps"]
        return {status: {step["step"]: step["text"] for step in steps if step["status"] == status}
                for status in ("ok", "warn", "fail")}, steps

    def test_a_database_that_is_well(self):
        said, steps = self.look()
        # The certificates of these tests last two days.
        self.assertEqual((said["fail"], list(said["warn"])), ({}, ["tls.dates"]))
        self.assertRegex(said["ok"]["sql.login"], r"PostgreSQL \d+\.\d+, TLSv1\.3, as 'lezer'")
        self.assertIn("leads to an anchor", said["ok"]["tls.trust"])
        self.assertEqual(said["ok"]["sql.rights"], "this user may write nowhere")
        texts = [step["text"] for step in steps if step["step"] == "sql.statement"]
        self.assertEqual(texts[0], "query 'persoon': bsn bigint, naam text, geboren numeric(8,0), geslacht character(1), "
                                   "geheim boolean")
        self.assertIn("mapped fields came", said["ok"]["shape"])

    def test_a_wrong_password(self):
        said, steps = self.look(password="anders")
        self.assertIn("password authentication failed", said["fail"]["sql.login"])
        self.assertIn("compare user and password", json.dumps(steps))

    def test_a_database_that_is_not_there(self):
        said, _ = self.look(lambda manifest: manifest.update(endpoint=f"postgresql://localhost:{self.pg.port}/nergens"))
        self.assertIn("nergens", said["fail"]["sql.login"])

    def test_another_authority(self):
        said, _ = self.look(lambda manifest: manifest["access"].update(anchor_file=str(self.folder / "other/ca.pem")))
        self.assertIn("tls.trust", said["fail"])

    def test_a_user_that_may_write(self):
        said, _ = self.look(user="schrijver")
        self.assertIn("may write in public.persoon, public.uitkering", said["warn"]["sql.rights"])

    def test_the_owner(self):
        said, _ = self.look(user="baas")
        self.assertIn("superuser", said["warn"]["sql.rights"])

    def query(self, text):
        return self.look(lambda manifest: manifest["sql"]["queries"].update(persoon=text))

    def test_a_table_that_is_gone(self):
        said, _ = self.query("select bsn, naam, geboren, geslacht, geheim from weg where bsn = cast(:bsn as bigint)")
        self.assertIn("42P01", said["fail"]["sql.statement"])

    def test_a_table_we_may_not_read(self):
        said, steps = self.query("select bsn, naam, 1 as geboren, 'V' as geslacht, true as geheim from dicht "
                                 "where bsn = cast(:bsn as bigint)")
        self.assertIn("42501", said["fail"]["sql.statement"])
        self.assertIn("grant select", json.dumps(steps))

    def test_a_column_under_another_name(self):
        said, _ = self.query("select bsn, naam as naams, geboren, geslacht, geheim from persoon where bsn = cast(:bsn as bigint)")
        self.assertIn("gives no column 'naam'; nearest is naams", said["fail"]["sql.columns"])

    def test_a_statement_with_what_an_earlier_source_found(self):
        said, steps = self.query("select bsn, naams, geboren, geslacht, geheim from persoon where bsn = cast(:bsn as bigint) "
                                 "and naam = :bekend.persoon.naam")
        self.assertIn("naams", said["fail"]["sql.statement"], steps)

    def test_a_statement_without_the_person(self):
        said, _ = self.query("select naam, geboren, geslacht, geheim from persoon where bsn = cast(:bsn as bigint)")
        self.assertIn("gives no column 'bsn'", said["fail"]["sql.columns"])

    def test_a_type_that_does_not_fit(self):
        said, _ = self.look(lambda manifest: (
            manifest["sql"]["queries"].update(persoon="select bsn, naam, ooit as geboren, geslacht, geheim from persoon "
                                                      "where bsn = cast(:bsn as bigint)"),
            manifest["response"]["fields"].update({"persoon.geboren": "persoon.geboren"})))
        self.assertIn("timestamp", said["warn"]["sql.types"])

    def test_no_tls_there(self):
        said, _ = self.look(lambda manifest: manifest.update(endpoint="postgresql://localhost:1/postgres"))
        self.assertIn("tcp", said["fail"])


if __name__ == "__main__":
    unittest.main()
