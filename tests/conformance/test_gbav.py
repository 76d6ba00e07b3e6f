#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""RvIG's GBA-V test database in PostgreSQL, answered through the shipped manifest over libpq and over ODBC, and held against
the BRP's own test data: 100 persons, the same values. What differs is in DIFFERENCES, each with its reason."""
import collections
import functools
import gzip
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import postgres  # noqa: E402
import recorded_partners  # noqa: E402
import stub_partner  # noqa: E402

PROGRAM, DATA = sys.argv.pop(1), pathlib.Path(sys.argv.pop(1))
DRIVER = pathlib.Path("/usr/lib/x86_64-linux-gnu/odbc/psqlodbcw.so")
SCHEMA, ROWS = DATA / "brp-db/schema-20231120.sql.gz", DATA / "brp-db/lo3_pl_data.sql.gz"
MOCK = DATA / "brp/personen-mock-test-data-20240611.json.gz"
HAL = DATA / "brp/hc-brp-1.3-hal-657-persons.zip"
DATABASE = "rvig_haalcentraal_testdata"
PERSONS = 100

ENDED = "the title has ended: the database keeps it, the test data leave it out"
# Field, what the database and the test data say, and why.
DIFFERENCES = [
    ("persoon.geboorte.land", lambda ours, theirs: (ours, theirs) == ("0000", None),
     "0000 is the register's word for a country that is not known; the test data leave it out"),
    ("verblijf.verblijfstitel", lambda ours, theirs: theirs is None, ENDED),
    ("verblijf.datumIngang", lambda ours, theirs: theirs is None, ENDED),
    ("verblijf.datumEinde", lambda ours, theirs: theirs is None and ours < "2024-06-11", ENDED),
]


def load(pg):
    """Three adaptations: no OIDs, three columns more in lo3_pl, no key to the addresses, which are not published."""
    text = gzip.open(SCHEMA, "rt", encoding="utf-8").read()
    text = text[text.index(f"\\connect {DATABASE}"):].split("\n", 1)[1]
    text = re.sub(r"^SET default_with_oids = .*$", "", text, flags=re.M)
    text = text.replace(" WITH OIDS", "").replace("WITH (oids = true)", "")
    text = re.sub(r"ALTER TABLE ONLY public\.lo3_pl_verblijfplaats\s+ADD CONSTRAINT \S+_adres_id_fkey FOREIGN KEY[^;]*;", "", text)
    text = text.replace("    verdrag_oms character varying(50)\n);", "    verdrag_oms character varying(50),\n    extra_1 text,\n"
                        "    extra_2 text,\n    extra_3 text\n);", 1)
    pg.sql("create role haalcentraal; create role root; create database " + DATABASE)
    pg.sql(text, DATABASE)
    pg.sql("begin;\n" + gzip.open(ROWS, "rt", encoding="utf-8").read() + "\ncommit; grant usage on schema public to lezer; "
           "grant select on all tables in schema public to lezer;", DATABASE)


def iso(date):
    """As the manifest's yyyymmdd does; None when all of it is unknown."""
    if not date or date.startswith("0000"):
        return None
    year, month, day = date[:4], date[4:6], date[6:8]
    return year if month == "00" else f"{year}-{month}" if day == "00" else f"{year}-{month}-{day}"


def code(group):
    return (group or {}).get("code")


def expected(person):
    """What the BRP's test data say, in the dossier's words."""
    name, birth, place = person["naam"], person.get("geboorte", {}), person.get("verblijfplaats", {})
    found = {
        "persoon.burgerservicenummer": person["burgerservicenummer"],
        "persoon.naam.voornamen": name.get("voornamen"), "persoon.naam.voorvoegsel": name.get("voorvoegsel"),
        "persoon.naam.geslachtsnaam": name.get("geslachtsnaam"),
        "persoon.geboorte.datum": iso(birth.get("datum")), "persoon.geboorte.land": code(birth.get("land")),
        "persoon.geslacht": {"M": "man", "V": "vrouw", "O": "onbekend"}.get(code(person.get("geslacht"))),
        "persoon.geheimhouding": True if person.get("geheimhoudingPersoonsgegevens") not in (None, "0", 0, False) else None,
        "persoon.nationaliteit": next((code(n.get("nationaliteit")) for n in person.get("nationaliteiten", [])), None),
        "persoon.overlijden.datum": iso((person.get("overlijden") or {}).get("datum")),
        "adres.gemeente": code(person.get("gemeenteVanInschrijving")),
        "adres.datumVan": iso(place.get("datumAanvangAdreshouding")),
        "adres.functie": {"W": "woonadres", "B": "briefadres"}.get(code(place.get("functieAdres"))),
        "verblijf.verblijfstitel": code((person.get("verblijfstitel") or {}).get("aanduiding")),
        "verblijf.datumIngang": iso((person.get("verblijfstitel") or {}).get("datumIngang")),
        "verblijf.datumEinde": iso((person.get("verblijfstitel") or {}).get("datumEinde")),
    }
    partners = [p for p in person.get("partners", []) if "ontbindingHuwelijkPartnerschap" not in p]
    if partners:
        partner = partners[0]
        found.update({
            "partner.burgerservicenummer": partner.get("burgerservicenummer"),
            "partner.naam.voornamen": partner["naam"].get("voornamen"),
            "partner.naam.voorvoegsel": partner["naam"].get("voorvoegsel"),
            "partner.naam.geslachtsnaam": partner["naam"].get("geslachtsnaam"),
            "partner.geboorte.datum": iso(partner["geboorte"].get("datum")),
            "partner.soortVerbintenis": {"H": "huwelijk", "P": "geregistreerd partnerschap"}.get(code(partner["soortVerbintenis"])),
            "partner.datumAangaan": iso(partner["aangaanHuwelijkPartnerschap"].get("datum"))})
    for at, child in enumerate(person.get("kinderen", [])):
        found.update({
            f"kinderen.burgerservicenummer[{at}]": child.get("burgerservicenummer"),
            f"kinderen.naam.voornamen[{at}]": child["naam"].get("voornamen"),
            f"kinderen.naam.voorvoegsel[{at}]": child["naam"].get("voorvoegsel"),
            f"kinderen.naam.geslachtsnaam[{at}]": child["naam"].get("geslachtsnaam"),
            f"kinderen.geboorte.datum[{at}]": iso(child["geboorte"].get("datum"))})
    return {path: value for path, value in found.items() if value is not None}


class GbaV(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pg = postgres.Postgres()
        cls.addClassCleanup(cls.pg.close)
        load(cls.pg)
        cls.home = tempfile.TemporaryDirectory(prefix="ketenpoort-gbav-")
        cls.addClassCleanup(cls.home.cleanup)
        folder = pathlib.Path(cls.home.name)
        (folder / "secret").write_text(f"{cls.pg.user}:{cls.pg.password}\n")
        (folder / "odbc").write_text(f"Driver={DRIVER};Server=127.0.0.1;Port={cls.pg.port};Database={DATABASE};Uid={cls.pg.user};"
                                     f"Pwd={cls.pg.password};SSLmode=require\n")
        manifest = json.loads((ROOT / "connectors/sql/manifests/rvig-gba-v.json").read_text())
        manifest["endpoint"] = f"postgresql://localhost:{cls.pg.port}/{DATABASE}"
        manifest["access"]["anchor_file"] = str(cls.pg.folder / "ca.pem")
        manifest["limits"]["time_ms"] = 10000
        (folder / "gbav.json").write_text(json.dumps(manifest))
        manifest.update({"endpoint": "odbc:", "access": {"kind": "dsn", "secret": "odbc"}})
        (folder / "gbav-odbc.json").write_text(json.dumps(manifest))
        cls.folder = folder
        persons = json.load(gzip.open(MOCK, "rt", encoding="utf-8"))
        # Every kind of person: those with most to tell first, and then the rest evenly.
        persons.sort(key=lambda p: (-len(expected(p)), p["burgerservicenummer"]))
        cls.persons = persons[:40] + persons[40::(len(persons) - 40) // 60][:PERSONS - 40]

    @classmethod
    @functools.cache
    def ask(cls, manifest, bsn):
        (cls.folder / "bsn").write_text(bsn)
        done = subprocess.run([PROGRAM, "connector", "try", "--json", "-c", str(ROOT / "policies/voorbeeld/catalogus.json"),
                               "--bsn-file", str(cls.folder / "bsn"), "--secret", f"gbav={cls.folder}/secret", "--secret",
                               f"odbc={cls.folder}/odbc", str(cls.folder / manifest)], capture_output=True, encoding="utf-8",
                              check=False, timeout=60,
                              env={**os.environ, **({"ASAN_OPTIONS": "detect_leaks=0"} if "odbc" in manifest else {})})
        answer = json.loads(done.stdout)
        if answer["outcome"] != "gevonden":
            raise AssertionError(answer)
        found = {}
        for field in answer["fields"]:
            path = field["path"] + (f"[{field['item']}]" if "item" in field else "")
            found[path] = field["value"]
        return found

    def test_hundred_persons(self):
        unexplained, used = [], collections.Counter()
        for person in self.persons:
            bsn = person["burgerservicenummer"]
            ours, theirs = self.ask("gbav.json", bsn), expected(person)
            for path in sorted(ours.keys() | theirs.keys()):
                pair = ours.get(path), theirs.get(path)
                if pair[0] == pair[1]:
                    continue
                reason = next((why for field, test, why in DIFFERENCES
                               if field == path.split("[")[0] and test(*pair)), None)
                used[reason] += 1
                if reason is None:
                    unexplained.append(f"{bsn} {path}: database {pair[0]!r}, test data {pair[1]!r}")
        self.assertEqual(unexplained, [], "\n" + "\n".join(unexplained[:60]))
        self.assertEqual({why for _, _, why in DIFFERENCES} - used.keys(), set(), "differences that no longer occur")
        print(f"{len(self.persons)} persons, differences explained: {dict(used)}")

    def test_the_same_over_odbc(self):
        if not DRIVER.exists():
            self.skipTest("SKIPPED: odbc-postgresql is not installed")
        for person in self.persons:
            bsn = person["burgerservicenummer"]
            self.assertEqual(self.ask("gbav-odbc.json", bsn), self.ask("gbav.json", bsn))

    def test_one_person_of_three_systems(self):
        """In one dossier: the database, where dates are numbers, beside the BRP over HTTP, where they are objects. What both say is
        said once; they do not differ about who this is, and the database has no address to tell."""
        bsn = "999990238"
        if not HAL.exists():
            self.skipTest(f"SKIPPED: {HAL} is not there")
        with zipfile.ZipFile(HAL) as people:
            body = people.read(f"{bsn}.json")
        stub = stub_partner.Stub(lambda *_: (200, {"Content-Type": "application/hal+json"}, body))
        older = recorded_partners.at_port(recorded_partners.shipped("rest", "haal-centraal-brp-1.3"), stub.port)
        catalogue = json.loads((ROOT / "policies/voorbeeld/catalogus.json").read_text())
        database = recorded_partners.as_source(json.loads((self.folder / "gbav.json").read_text()), "gemeente-klantvolg", catalogue)
        with recorded_partners.RecordedPartners(PROGRAM, (older, database), {"gbav": f"{self.pg.user}:{self.pg.password}"}) as gateway:
            dossier = gateway.dossier(bsn)
        found = {one["bron"]: one["status"] for one in dossier["bronnen"] if one["status"] != "nietBevraagd"}
        self.assertEqual(found, {"brp": "gevonden", "gemeente-klantvolg": "gevonden"})
        self.assertEqual(dossier["afwijkingen"], [])
        persons = json.load(gzip.open(MOCK, "rt", encoding="utf-8"))
        theirs = expected(next(person for person in persons if person["burgerservicenummer"] == bsn))
        person = dossier["dossier"]["persoon"]
        both = {"persoon.naam.voornamen": person["naam"]["voornamen"], "persoon.naam.geslachtsnaam": person["naam"]["geslachtsnaam"],
                "persoon.geboorte.datum": person["geboorte"]["datum"]}
        self.assertEqual(both, {path: theirs[path] for path in both})
        self.assertEqual({path: self.ask("gbav.json", bsn)[path] for path in both}, both)
        self.assertEqual(dossier["dossier"]["adres"]["straat"], "Cataloniëstraat")


if __name__ == "__main__":
    if postgres.find_programs() is None or not ROWS.exists() or not MOCK.exists():
        print("SKIPPED: needs PostgreSQL and the shared data brp-db and brp")
        sys.exit(0)
    unittest.main()
