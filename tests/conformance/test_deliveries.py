#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Deliveries that are verified: lists as sha256sum makes them, signatures as `openssl cms -sign` makes them, and everything that is
nearly one. What is not verified is never read from, and `connector try` says why."""
import hashlib
import json
import os
import pathlib
import shutil
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
OIN = "00000001820000039000"
GOOD = ("gevonden", ["goed"], "")


class House:
    """A folder with one partner's deliveries."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        (self.folder / "bsn").write_text(BSN)

    def manifest(self, **file):
        return {"source": "proef", "organisation": {"oin": "00000000000000000001", "name": "Proef"}, "connector": "file",
                "file": {"path": "export.csv", "key": "BSN", **file},
                "response": {"subject": "BSN", "fields": {"persoon.naam": "Naam"}}}

    def run(self, *words, manifest):
        (self.folder / "manifest.json").write_text(json.dumps(manifest))
        return subprocess.run([PROGRAM, "connector", *words, "-c", str(ROOT / "tests/conformance/catalogus.json"), "manifest.json"],
                              capture_output=True, encoding="utf-8", check=False, cwd=self.folder)

    def ask(self, **file):
        answer = json.loads(self.run("try", "--json", "--bsn-file", "bsn", manifest=self.manifest(**file)).stdout)
        fault = answer.get("fault") or {}
        message = fault.get("message", "") if isinstance(fault, dict) else fault
        return answer["outcome"], [field["value"] for field in answer["fields"]], message

    def write(self, name, value="goed", rows=50):
        lines = [f"{999990000 + i};Ander {i}" for i in range(rows)] + [f"{BSN};{value}"]
        (self.folder / name).write_text("BSN;Naam\n" + "\n".join(lines) + "\n")

    def sums(self, name, *files):
        done = subprocess.run(["sha256sum", *files], capture_output=True, check=True, cwd=self.folder)
        (self.folder / name).write_bytes(done.stdout)


class Checksums(unittest.TestCase):
    def setUp(self):
        home = tempfile.TemporaryDirectory(prefix="ketenpoort-delivery-")
        self.addCleanup(home.cleanup)
        self.house = House(home.name)

    def refused(self, why, **file):
        outcome, values, message = self.house.ask(**file)
        self.assertEqual((outcome, values), ("nietBereikt", []))
        self.assertIn(why, message)

    def test_a_list_beside_each_file(self):
        how = {"verify": {"checksums": "{file}.sha256"}}
        self.house.write("export.csv")
        self.refused("checksum-absent", **how)
        self.house.sums("export.csv.sha256", "export.csv")
        self.assertEqual(self.house.ask(**how), GOOD)
        with (self.house.folder / "export.csv").open("a") as file:
            file.write("999990099;Erbij\n")
        self.refused("checksum-differs", **how)
        (self.house.folder / "export.csv.sha256").write_text("f" * 64 + "  ander.csv\n")
        self.refused("checksum-unlisted", **how)
        (self.house.folder / "export.csv.sha256").write_text("f" * 63 + "  export.csv\n")
        self.refused("checksum-unreadable", **how)

    def test_an_index_does_not_stand_in_for_the_file(self):
        how = {"verify": {"checksums": "SHA256SUMS"}, "index": "export.index"}
        self.house.write("export.csv")
        self.house.sums("SHA256SUMS", "export.csv")
        self.assertEqual(self.house.ask(**how), GOOD)
        path = self.house.folder / "export.csv"
        then = path.stat()
        path.write_bytes(path.read_bytes().replace(b"goed", b"fout"))
        os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns))
        self.assertEqual((path.stat().st_size, path.stat().st_mtime_ns, path.stat().st_ino),
                         (then.st_size, then.st_mtime_ns, then.st_ino))
        self.refused("checksum-differs", **how)
        # Without verification it is another file all the same, although size and time are equal.
        self.assertEqual(self.house.ask(index="export.index"), ("gevonden", ["fout"], ""))

    def test_the_delivery_before_it_stays(self):
        how = {"path": "levering-yyyymmdd.csv", "dated_by": "name", "verify": {"checksums": "SHA256SUMS"}}
        self.house.write("levering-20260101.csv", "goed")
        self.house.write("levering-20260102.csv", "nieuw")
        self.house.sums("SHA256SUMS", "levering-20260101.csv")
        self.assertEqual(self.house.ask(**how), GOOD)
        self.house.sums("SHA256SUMS", "levering-20260101.csv", "levering-20260102.csv")
        self.assertEqual(self.house.ask(**how)[1], ["nieuw"])

    def test_what_else_lies_in_the_folder(self):
        """Others put it there: links to nowhere and round in circles, pipes, folders that are not ours to see."""
        how = {"path": "levering-yyyymmdd.csv", "dated_by": "name"}
        folder = self.house.folder
        self.house.write("levering-20260101.csv", "goed")
        for number in range(10):
            (folder / f"rond-{number}").symlink_to(".")
        (folder / "nergens").symlink_to("is-er-niet")
        (folder / "levering-20260102.csv").symlink_to("is-er-niet")
        (folder / "levering-20260103.csv").symlink_to("levering-20260103.csv")
        (folder / "levering-20260104.csv").mkdir()
        os.mkfifo(folder / "levering-20260105.csv")
        (folder / "levering-20260106.csv").symlink_to("/dev/zero")
        (folder / "levering-20260101.csv\n\x1b[2J").touch()
        archive = folder / "archief"
        archive.mkdir()
        for number in range(10001):
            (archive / f"levering-{number}").touch()
        self.assertEqual(self.house.ask(**how), GOOD)

    def test_manifests_say_what_is_wrong(self):
        for verify, word in (({}, "neither"), ({"signature": "x"}, "anchor_file"), ({"checksums": "../x"}, "'/'"),
                             ({"checksums": "{file}"}, "itself"), ({"checksums": "x", "anchor_file": "y"}, "together"),
                             ({"signature": "x", "anchor_file": "geen.pem"}, "cannot be read"),
                             ({"signature": "x", "anchor_file": "bsn"}, "no certificate"),
                             ({"signature": "x", "anchor_file": "bsn", "oin": "12"}, "20 digits")):
            done = self.house.run("check", manifest=self.house.manifest(verify=verify))
            self.assertEqual(done.returncode, 1, verify)
            self.assertIn(word, done.stdout + done.stderr)


class Whole(unittest.TestCase):
    """What a file says of itself, or what lies beside it: how many rows, and of what day."""

    def setUp(self):
        home = tempfile.TemporaryDirectory(prefix="ketenpoort-delivery-")
        self.addCleanup(home.cleanup)
        self.house = House(home.name)

    def write(self, *rows, header="BSN;Naam;Dag"):
        (self.house.folder / "export.csv").write_text("\n".join((header, *rows)) + "\n")

    def refused(self, why, **file):
        outcome, values, message = self.house.ask(**file)
        self.assertIn(outcome, ("nietBereikt", "fout"))
        self.assertEqual(values, [])
        self.assertIn(why, message)

    ROWS = (f"{BSN};goed;20260131", "999990001;ander;20260131", "onbekend;niemand;20260131")

    def test_a_trailer(self):
        for index in ({}, {"index": "export.index"}):
            how = {"trailer": {"mark": "EINDE", "count": 2}, **index}
            self.write(*self.ROWS, "EINDE;3")
            for _ in range(2):
                self.assertEqual(self.house.ask(**how), GOOD)
            self.write(*self.ROWS)
            self.refused("not whole", **how)
            said = self.house.run("try", "--bsn-file", "bsn", manifest=self.house.manifest(**how)).stdout
            self.assertIn("row 4: the file ends without its trailer", said)
            self.write(*self.ROWS[:2], "EINDE;3")
            self.refused("another number of rows", **how)
            self.write(*self.ROWS, "EINDE;drie")
            self.refused("another number of rows", **how)
            self.write(*self.ROWS, "EINDE")
            self.refused("another number of rows", **how)
            self.write(*self.ROWS, "EINDE;3", "999990002;erbij;20260131")
            self.refused("follows the trailer", **how)
            self.write(*self.ROWS[:2], "999990003;te;veel;velden", "EINDE;3")
            self.refused("more or fewer fields", **how)
            # Cut anywhere: never taken.
            self.write(*self.ROWS, "EINDE;3")
            whole = (self.house.folder / "export.csv").read_bytes()
            for at in range(0, len(whole) - 2, 7):
                (self.house.folder / "export.csv").write_bytes(whole[:at])
                self.assertNotEqual(self.house.ask(**how)[0], "gevonden", at)

    def test_a_count_beside_it(self):
        how = {"count_file": "{file}.aantal", "index": "export.index"}
        self.write(*self.ROWS)
        self.refused("count-absent", **how)
        for text, good in (("3", True), ("rijen: 3\n", True), ("2", False), ("33", False), ("geen", False), ("9" * 30, False)):
            (self.house.folder / "export.csv.aantal").write_text(text)
            if good:
                self.assertEqual(self.house.ask(**how), GOOD)
            else:
                self.refused("count-", **how)

    def test_the_day(self):
        """Seen by what is too old: the last day of January 2026 is."""
        old = ("nietBereikt", [], "")
        for index in ({}, {"index": "export.index"}):
            how = {"dated_by": "column", "date_name": "Dag", "max_age_hours": 24, **index}
            self.write(*self.ROWS)
            for _ in range(2):
                self.assertEqual(self.house.ask(**how), old)
            self.write(*(row.replace("20260131", time.strftime("%Y%m%d", time.gmtime())) for row in self.ROWS))
            for _ in range(2):
                self.assertEqual(self.house.ask(**how), GOOD)
            self.write(*self.ROWS, "999990005;later;20260201")
            self.refused("another day", **how)
            for day in ("20260001", "20260230", "", "31-01-2026"):
                self.write(*self.ROWS[:1], f"999990005;raar;{day}")
                self.refused("is not one", **how)
            self.write(header="BSN;Naam;Dag")
            self.refused("date-absent", **how)
            self.write(header="BSN;Naam")
            self.refused("no column 'Dag'", **how)
            how = {"dated_by": "trailer", "date_pattern": "dd-mm-yyyy", "trailer": {"mark": "E", "count": 3, "date": 2},
                   "max_age_hours": 24, **index}
            self.write(*self.ROWS, "E;31-01-2026;3")
            self.assertEqual(self.house.ask(**how), old)
            self.write(*self.ROWS, f"E;{time.strftime('%d-%m-%Y', time.gmtime())};3")
            self.assertEqual(self.house.ask(**how), GOOD)
            how = {"dated_by": "checksums", "date_name": "peildatum", "verify": {"checksums": "SHA256SUMS"}, "max_age_hours": 24, **index}
            self.house.sums("SHA256SUMS", "export.csv")
            self.refused("date-absent", **how)
            sums = (self.house.folder / "SHA256SUMS").read_text()
            (self.house.folder / "SHA256SUMS").write_text("# peildatum: 20260131\n" + sums)
            self.assertEqual(self.house.ask(**how), old)
            (self.house.folder / "SHA256SUMS").write_text(time.strftime("# peildatum: %Y%m%d\n", time.gmtime()) + sums)
            self.assertEqual(self.house.ask(**how), GOOD)

    def test_rows_as_json(self):
        day = time.strftime("%Y-%m-%d", time.gmtime())
        how = {"form": "ndjson", "dated_by": "column", "date_name": "stand.dag", "date_pattern": "yyyy-mm-dd", "max_age_hours": 24,
               "count_file": "aantal"}
        (self.house.folder / "export.csv").write_text(json.dumps({"BSN": BSN, "Naam": "goed", "stand": {"dag": day}}) + "\n")
        (self.house.folder / "aantal").write_text("1")
        self.assertEqual(self.house.ask(**how), GOOD)

    def test_manifests_say_what_is_wrong(self):
        for file, word in (({"dated_by": "column"}, "date_name"), ({"date_name": "x"}, "date_name"),
                           ({"dated_by": "trailer"}, "trailer/date"), ({"dated_by": "checksums", "date_name": "x"}, "verify/checksums"),
                           ({"date_pattern": "yyyymmdd"}, "dated_by"), ({"dated_by": "column", "date_name": "x", "date_pattern": "dag"},
                                                                       "pattern such as"),
                           ({"trailer": {"mark": "E"}}, "count"), ({"trailer": {"mark": "E", "count": 1}}, "1024"),
                           ({"form": "ndjson", "trailer": {"mark": "E", "count": 2}}, "csv only"), ({"count_file": "a/b"}, "'/'")):
            done = self.house.run("check", manifest=self.house.manifest(**file))
            self.assertEqual(done.returncode, 1, file)
            self.assertIn(word, done.stdout + done.stderr)


class Paper(unittest.TestCase):
    """The worked manifest: a register of where paper lies."""

    def test_the_register_of_paper_files(self):
        shipped = ROOT / "connectors/file/manifests"
        with tempfile.TemporaryDirectory(prefix="ketenpoort-delivery-") as home:
            house = House(home)
            (house.folder / "archief").mkdir()
            shutil.copy(shipped / "papierdossiers.csv", house.folder / "archief")
            manifest = json.loads((shipped / "papierdossiers.json").read_text())
            (house.folder / "manifest.json").write_text(json.dumps(manifest))
            done = subprocess.run([PROGRAM, "connector", "try", "--json", "-c", str(ROOT / "policies/voorbeeld/catalogus.json"),
                                   "--bsn-file", "bsn", "manifest.json"],
                                  capture_output=True, encoding="utf-8", check=False, cwd=house.folder)
        answer = json.loads(done.stdout)
        self.assertEqual((answer["outcome"], answer["unmapped"]), ("gevonden", []))
        items = {}
        for field in answer["fields"]:
            items.setdefault(field["item"], {})[field["path"].split(".")[1]] = field["value"]
        self.assertEqual(items[1], {"inventarisnummer": "2005-0032", "omschrijving": "Re-integratie", "periodeVan": "2005-02-15",
                                    "periodeTot": "2007-06-30", "vindplaats": "Depot Noord, kast 14, plank 1",
                                    "contact": "Archief, balie 2, 14 0515", "aanwezig": False})
        self.assertEqual(len(items), 2)


class Series:
    """A whole delivery and the change files after it. Rows are told apart by Dossier and Soort, whoever they are about."""
    EXTENSION = "csv"
    FORM = {}
    BAD = ("X;a;;2;", "V;;;;", f"V;{'x' * 600};;{'y' * 600};")

    def setUp(self):
        # Thousands of files, which a disk takes its time for.
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        home = tempfile.TemporaryDirectory(prefix="ketenpoort-delivery-", dir=memory)
        self.addCleanup(home.cleanup)
        self.house = House(home.name)
        self.how = {"path": f"basis-yyyymmdd.{self.EXTENSION}", "dated_by": "name", **self.FORM,
                    "series": {"path": f"mutaties-yyyymmdd-{{volgnummer}}.{self.EXTENSION}", "key": ["Dossier", "Soort"],
                               "operation": "Mutatie", "operations": {"T": "toevoegen", "W": "wijzigen", "V": "verwijderen"}}}
        self.base("20260101", f"{BSN};1;a;een", f"{BSN};2;a;twee", "999990001;3;a;ander")

    def file(self, name):
        return self.house.folder / f"{name}.{self.EXTENSION}"

    def base(self, day, *rows):
        self.write(self.file(f"basis-{day}"), "BSN;Dossier;Soort;Naam", rows)

    def change(self, name, *rows):
        """Its columns in another order."""
        self.write(self.file(f"mutaties-{name}"), "Mutatie;Soort;Naam;Dossier;BSN", rows)

    def write(self, path, names, rows):
        """No line end behind the last row."""
        path.write_text("\n".join((names, *rows)))

    def names(self, bsn=BSN, **more):
        (self.house.folder / "bsn").write_text(bsn)
        manifest = self.house.manifest(**{**self.how, **more})
        manifest["limits"] = {"time_ms": 60000}
        manifest["response"] = {"subject": "BSN", "ignored": ["Soort"], "lists": {"uitkeringen": {"fields": {"uitkeringen.wet": "Naam"}}}}
        done = self.house.run("try", "--json", "--bsn-file", "bsn", manifest=manifest)
        answer = json.loads(done.stdout)
        self.assertIn(answer["outcome"], ("gevonden", "nietsGevonden"), done.stdout)
        self.assertEqual(answer["unmapped"], [])
        return [field["value"] for field in answer["fields"]]

    def test_later_rows_take_the_place_of_earlier_ones(self):
        self.assertEqual(self.names(), ["een", "twee"])
        self.change("20260102-0001", f"W;a;een-nieuw;1;{BSN}", f"T;b;erbij;1;{BSN}")
        self.assertEqual(self.names(), ["twee", "een-nieuw", "erbij"])
        self.change("20260103-0002", "V;a;;2;", f"W;b;erbij-nieuw;1;{BSN}", f"W;b;erbij-nieuwer;1;{BSN}")
        self.assertEqual(self.names(), ["een-nieuw", "erbij-nieuwer"])
        # A row that goes to somebody else, and one that comes back.
        self.change("20260104-0003", "W;a;verhuisd;1;999990001", f"T;a;terug;2;{BSN}")
        self.assertEqual(self.names(), ["erbij-nieuwer", "terug"])
        self.assertEqual(self.names("999990001"), ["ander", "verhuisd"])
        self.change("20260105-0004", "V;b;;1;", "V;a;;2;")
        self.assertEqual(self.names(), [])

    def test_an_index_that_is_kept(self):
        self.change("20260102-1", f"W;a;een-nieuw;1;{BSN}")
        for _ in range(2):
            self.assertEqual(self.names(index="basis.index"), ["twee", "een-nieuw"])
        # Another key, and the kept index is of no use.
        self.how["series"]["key"] = ["Dossier"]
        self.assertEqual(self.names(index="basis.index"), ["twee", "een-nieuw"])

    def test_a_missing_number_ends_the_series(self):
        self.change("20260102-1", f"T;a;drie;3a;{BSN}")
        self.change("20260104-3", f"T;a;vier;4;{BSN}")
        self.assertEqual(self.names(), ["een", "twee", "drie"])
        self.change("20260103-2", "V;a;;1;")
        self.assertEqual(self.names(), ["twee", "drie", "vier"])
        self.assertEqual(self.names(**{"series": {**self.how["series"], "files_max": 2}}), ["twee", "drie"])

    def test_a_new_base_drops_what_came_before(self):
        self.change("20260102-7", f"T;a;oud;9;{BSN}")
        self.change("20260110-8", f"T;a;nieuw;10;{BSN}")
        self.base("20260105", f"{BSN};1;a;basis")
        self.assertEqual(self.names(), ["basis", "nieuw"])
        # The last before the base says which number has to come first after it.
        self.change("20260104-7", "V;a;;1;")
        self.file("mutaties-20260110-8").rename(self.file("mutaties-20260110-9"))
        self.assertEqual(self.names(), ["basis"])

    def test_a_base_with_a_number(self):
        self.how["path"] = f"volledig-yyyymmdd-{{volgnummer}}.{self.EXTENSION}"
        self.file("basis-20260101").rename(self.file("volledig-20260101-0005"))
        self.change("20260101-5", "V;a;;1;")
        self.change("20260102-6", "V;a;;2;")
        self.assertEqual(self.names(), ["een"])
        self.file("mutaties-20260102-6").rename(self.file("mutaties-20260102-7"))
        self.assertEqual(self.names(), ["een", "twee"])

    def test_a_change_file_that_does_not_read(self):
        self.change("20260102-1", f"W;a;een-nieuw;1;{BSN}")
        for bad in self.BAD:
            self.change("20260103-2", f"T;a;half;4;{BSN}", bad)
            # Not even its first row: it is refused as a whole.
            self.assertEqual(self.names(), ["twee", "een-nieuw"], bad)
        self.change("20260103-2", f"T;a;heel;4;{BSN}")
        self.assertEqual(self.names(), ["twee", "een-nieuw", "heel"])

    def test_change_files_are_verified_too(self):
        self.how["verify"] = {"checksums": "{file}.sha256"}
        self.change("20260102-1", f"W;a;een-nieuw;1;{BSN}")
        for name, expected in (("basis-20260101", ["een", "twee"]), ("mutaties-20260102-1", ["twee", "een-nieuw"])):
            self.house.sums(f"{self.file(name).name}.sha256", self.file(name).name)
            self.assertEqual(self.names(), expected)


class SeriesOfText(Series, unittest.TestCase):
    BAD = (*Series.BAD, "V;a")

    def test_of_very_many_the_first_come_first(self):
        self.change("20260102-1", f"W;a;een-nieuw;1;{BSN}")
        for number in range(2, 4300):
            self.change(f"20260102-{number}", f"W;b;ander;{number};999990001")
        self.assertEqual(self.names(), ["twee", "een-nieuw"])
        # What the base has does not count.
        for number in range(1, 4300):
            self.file(f"mutaties-20260102-{number}").rename(self.file(f"mutaties-20251231-{number}"))
        self.change("20260102-4300", f"W;a;een-nieuwer;1;{BSN}")
        self.assertEqual(self.names(), ["twee", "een-nieuwer"])

    def test_a_folder_that_is_full(self):
        for number in range(10000):
            (self.house.folder / f"rommel-{number}").touch()
        (self.house.folder / "bsn").write_text(BSN)
        manifest = {**self.house.manifest(**self.how), "limits": {"time_ms": 60000}}
        done = self.house.run("try", "--json", "--bsn-file", "bsn", manifest=manifest)
        answer = json.loads(done.stdout)
        self.assertEqual(answer["outcome"], "nietBereikt")
        self.assertEqual(answer["reason"], "in de map met leveringen van de bron staan te veel bestanden")
        self.assertIn("10000", done.stdout)

    def test_manifests_say_what_is_wrong(self):
        for change, word in ({"dated_by": "mtime"}, "dated_by"), ({"path": "map/basis-yyyymmdd.csv"}, "another folder"), \
                ({"path": "b-yyyymmdd-{volgnummer}.csv", "series": {**self.how["series"], "path": "m-yyyymmdd.csv"}}, "{volgnummer}"), \
                ({"series": {**self.how["series"], "key": []}}, "key"), \
                ({"series": {**self.how["series"], "operations": {"X": "vergeten"}}}, "vergeten"), \
                ({"series": {**self.how["series"], "files_max": 1001}}, "1000"):
            done = self.house.run("check", manifest=self.house.manifest(**{**self.how, **change}))
            self.assertEqual(done.returncode, 1, change)
            self.assertIn(word, done.stdout + done.stderr)


class SeriesOfJson(Series, unittest.TestCase):
    EXTENSION = "ndjson"
    FORM = {"form": "ndjson"}

    def write(self, path, names, rows):
        path.write_text("\n".join(json.dumps(dict(zip(names.split(";"), row.split(";")))) for row in rows))


class SeriesOfWorkbooks(Series, unittest.TestCase):
    EXTENSION = "xlsx"
    FORM = {"form": "xlsx", "sheet": "Mutaties", "header_row": 2}

    def write(self, path, names, rows):
        """As people type them: what looks like a number is one."""
        cells = [[int(cell) if cell.isdigit() else cell for cell in row.split(";")] for row in rows]
        workbook.write(path, "Mutaties", [["Gemeente Proef"], names.split(";"), *cells])

    def test_a_key_is_a_key_however_its_cell_is_written(self):
        rows = [["Mutatie", "Soort", "Naam", "Dossier", "BSN"], ["W", "a", "een-nieuw", "1", BSN], ["V", "a", "", 2.0, ""]]
        workbook.write(self.file("mutaties-20260102-1"), "Mutaties", [[], *rows])
        self.assertEqual(self.names(), ["een-nieuw"])

    def test_a_key_that_nobody_can_read(self):
        """No spreadsheet keeps more than 15 digits: such a key could be anybody's."""
        self.change("20260102-1", f"W;a;een-nieuw;1;{BSN}")
        self.change("20260103-2", f"T;a;drie;3;{BSN}", "V;a;;1234567890123456;")
        self.assertEqual(self.names(), ["twee", "een-nieuw"])
        self.change("20260103-2", f"T;a;drie;3;{BSN}", "V;a;;123456789012345;")
        self.assertEqual(self.names(), ["twee", "een-nieuw", "drie"])
        self.base("20260105", f"{BSN};1;a;basis", "999990001;1234567890123456;a;ander")
        self.assertEqual(self.names(), ["twee", "een-nieuw", "drie"])

    def test_not_a_workbook(self):
        self.change("20260102-1", f"W;a;een-nieuw;1;{BSN}")
        self.change("20260103-2", f"T;a;drie;3;{BSN}")
        whole = self.file("mutaties-20260103-2").read_bytes()
        for damaged in (b"", b"Mutatie;Soort;Naam;Dossier;BSN", whole[:-1], whole[:200], whole.replace(b"PK\x01\x02", b"PK\x01\x03")):
            self.file("mutaties-20260103-2").write_bytes(damaged)
            self.assertEqual(self.names(), ["twee", "een-nieuw"], len(damaged))
        workbook.write(self.file("mutaties-20260103-2"), "Ander blad", [["Mutatie"]])
        self.assertEqual(self.names(), ["twee", "een-nieuw"])
        self.file("mutaties-20260103-2").write_bytes(whole)
        self.assertEqual(self.names(), ["twee", "een-nieuw", "drie"])

    def test_memory_for_all_of_them_together(self):
        """Each takes two thirds of what is agreed for all."""
        for number in (1, 2):
            self.change(f"2026010{number + 1}-{number}", f"T;a;nieuw{number};9{number};{BSN}", *(f"T;b;{'x' * 60000};{i};999990001" for i in range(11)))
            self.assertEqual(self.names(unpacked_mib=1), ["een", "twee", "nieuw1"], number)
        self.assertEqual(self.names(unpacked_mib=2), ["een", "twee", "nieuw1", "nieuw2"])


@unittest.skipUnless(shutil.which("openssl"), "SKIPPED: there is no openssl")
class Signatures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory(prefix="ketenpoort-delivery-")
        cls.addClassCleanup(cls.home.cleanup)
        cls.house = House(cls.home.name)
        cls.house.write("export.csv")
        cls.anchor("anker")
        cls.anchor("vreemd")
        cls.certificate("tussen", "anker", "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign")
        leaf = "basicConstraints=CA:FALSE\nkeyUsage={}\n{}"
        mail = "extendedKeyUsage=emailProtection"
        cls.certificate("bron", "anker", leaf.format("digitalSignature", mail))
        cls.certificate("lang", "tussen", leaf.format("nonRepudiation", "extendedKeyUsage=1.3.6.1.5.5.7.3.36"))
        cls.certificate("buiten", "vreemd", leaf.format("digitalSignature", mail))
        cls.certificate("tls", "anker", leaf.format("digitalSignature", "extendedKeyUsage=serverAuth,clientAuth"))
        cls.certificate("sleutel", "anker", leaf.format("keyAgreement", mail))
        cls.certificate("oud", "anker", leaf.format("digitalSignature", mail), days="-1")
        cls.certificate("zwak", "anker", leaf.format("digitalSignature", mail), key=("-newkey", "rsa:1024"))
        cls.certificate("rsa", "anker", leaf.format("digitalSignature", mail), key=("-newkey", "rsa:2048"))

    @classmethod
    def openssl(cls, *words):
        subprocess.run(["openssl", *words], check=True, cwd=cls.house.folder, capture_output=True)

    EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")

    @classmethod
    def anchor(cls, name):
        cls.openssl("req", "-x509", *cls.EC, "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "30",
                    "-subj", f"/CN={name}")

    @classmethod
    def certificate(cls, name, by, extensions, days="20", key=EC):
        (cls.house.folder / "ext").write_text(extensions)
        cls.openssl("req", "-new", *key, "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                    "-subj", f"/CN={name}/serialNumber={OIN}")
        cls.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{by}.pem", "-CAkey", f"{by}.key", "-CAcreateserial",
                    "-days", days, "-extfile", "ext", "-out", f"{name}.pem")

    def sign(self, signer, what="export.csv", to="export.csv.p7s", *more):
        self.openssl("cms", "-sign", "-binary", "-outform", "DER", "-in", what, "-signer", f"{signer}.pem", "-inkey",
                     f"{signer}.key", "-out", to, *more)

    def ask(self, **verify):
        return self.house.ask(verify={"signature": "{file}.p7s", "anchor_file": "anker.pem", **verify})

    def assert_refused(self, why, **verify):
        outcome, values, message = self.ask(**verify)
        self.assertEqual((outcome, values), ("nietBereikt", []), why)
        self.assertIn(why, message)

    def setUp(self):
        self.house.write("export.csv")
        (self.house.folder / "export.csv.p7s").unlink(missing_ok=True)

    def test_good_ones(self):
        for signer, more in (("bron", ()), ("rsa", ()), ("lang", ("-certfile", "tussen.pem")),
                             ("rsa", ("-keyopt", "rsa_padding_mode:pss"))):
            self.sign(signer, "export.csv", "export.csv.p7s", *more)
            self.assertEqual(self.ask(), GOOD, (signer, more))
            self.assertEqual(self.ask(oin=OIN), GOOD, signer)

    def test_nearly_good_ones(self):
        self.assert_refused("signature-absent")
        self.sign("bron")
        self.assert_refused("signer-other", oin="00000001820000000000")
        self.house.write("export.csv", "anders")
        self.assert_refused("signature-differs")
        self.house.write("export.csv")
        for signer, why in (("lang", "signer-untrusted"), ("buiten", "signer-untrusted"), ("oud", "signer-untrusted"),
                            ("tls", "signer-usage"), ("sleutel", "signer-usage"), ("zwak", "signer-usage")):
            self.sign(signer)
            self.assert_refused(why)
        for more in (("-nodetach",), ("-noattr",), ("-nocerts",), ("-md", "sha512"), ("-md", "sha1"),
                     ("-signer", "rsa.pem", "-inkey", "rsa.key")):
            self.sign("bron", "export.csv", "export.csv.p7s", *more)
            self.assert_refused("signature-unreadable")
        # Damaged anywhere: never good.
        self.sign("bron")
        path = self.house.folder / "export.csv.p7s"
        good = path.read_bytes()
        for at in range(0, len(good), 37):
            path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
            # Not signed, and a hint only: the list of digest algorithms in the first 41 bytes (RFC 5652, 5.1).
            if self.ask()[0] == "gevonden" and at >= 41:
                # A bit that nobody signed and that says nothing: openssl agrees.
                self.openssl("cms", "-verify", "-binary", "-inform", "DER", "-in", "export.csv.p7s", "-content", "export.csv",
                             "-CAfile", "anker.pem", "-out", "/dev/null")
        path.write_bytes(good + b"\0")
        self.assert_refused("signature-unreadable")

    def test_a_signed_list(self):
        how = {"checksums": "SHA256SUMS", "signature": "SHA256SUMS.p7s"}
        self.house.sums("SHA256SUMS", "export.csv")
        self.sign("bron", "SHA256SUMS", "SHA256SUMS.p7s")
        self.assertEqual(self.ask(**how), GOOD)
        self.house.write("export.csv", "anders")
        self.assert_refused("checksum-differs", **how)
        self.house.sums("SHA256SUMS", "export.csv")
        self.assert_refused("signature-differs", **how)
        digest = hashlib.sha256((self.house.folder / "export.csv").read_bytes()).hexdigest()
        self.assertIn(digest, (self.house.folder / "SHA256SUMS").read_text())


if __name__ == "__main__":
    unittest.main()
