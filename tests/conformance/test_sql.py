#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""The `sql` connector against real databases: PostgreSQL over TLS, and over ODBC with Debian's drivers for PostgreSQL and
SQLite. What is asked, what comes back, and every way it can go wrong."""
import contextlib
import itertools
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import postgres  # noqa: E402
import recorded_partners  # noqa: E402
import sql_partner  # noqa: E402
import stub_partner  # noqa: E402

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else str(ROOT / ".build/dev/gateway/ketenpoort")
CALLS = sys.argv.pop(1) if len(sys.argv) > 1 else str(ROOT / ".build/dev/tests/unit_gateway_io_test_sql")
BSN = "999993653"
SCHEMA = """
create table persoon (bsn bigint primary key, naam text, geboren numeric(8), geslacht char(1), geheim boolean);
create table uitkering (bsn bigint, regeling text, bedrag numeric(10, 2), begin numeric(8), doel text);
insert into persoon values (999993653, 'José; "de" Vriës', 19700503, 'V', true), (999990019, 'Iemand Anders', 19800201, 'M', false),
    (12345, E'tab\\tregel\\neinde', null, null, null);
insert into uitkering values (999993653, 'PW', 1.10, 20240100, 'proef'), (999993653, 'IOAW', 1024.76, 20231231, 'proef'),
    (999990019, 'AOW', 7, 20200101, 'proef');
create table dicht (bsn bigint);
create table logboek (bsn bigint);
create function schrijf(bigint) returns bigint language sql as 'insert into logboek values ($1) returning bsn';
"""
GRANTS = "grant select on persoon, uitkering, logboek to lezer; grant insert on logboek to lezer;"
EXPECTED = [("persoon.naam", 'José; "de" Vriës'), ("persoon.geboren", "1970-05-03"), ("persoon.geslacht", "vrouw"),
            ("persoon.geheim", True), ("uitkeringen.wet", "PW"), ("uitkeringen.bedrag", "1.10"), ("uitkeringen.begin", "2024-01"),
            ("uitkeringen.wet", "IOAW"), ("uitkeringen.bedrag", "1024.76"), ("uitkeringen.begin", "2023-12-31")]
# Of the question, in every statement; :bsn has its own form, :trace and :nu are ours.
NAMES = ("doel", "activiteit", "zaak", "medewerker", "organisatie")
HOSTILE = ["' or '1'='1", "'; drop table persoon; --", "proef' --", "\\", "$1", "?", ":bsn", "%", "' union select bsn, naam, 1, 1 "
           "from persoon --", "1) or (1=1", "\"", "é\u0301☃", "x" * 240]


class Between:
    """Stands between a client and a server, once, and counts how often the client speaks after the server did."""

    def __init__(self, port):
        self.turns, self.client_speaks, self.lock = 0, True, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.server = socket.create_connection(("127.0.0.1", port))
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        client, _ = self.listener.accept()
        back = threading.Thread(target=self.carry, args=(self.server, client, False))
        back.start()
        self.carry(client, self.server, True)
        back.join()
        client.close()

    def carry(self, source, target, client_speaks):
        while piece := source.recv(65536):
            with self.lock:
                self.turns += client_speaks and not self.client_speaks
                self.client_speaks = client_speaks
            target.sendall(piece)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.thread.join()
        self.server.close()
        self.listener.close()


class Sql(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pg = postgres.Postgres()
        cls.addClassCleanup(cls.pg.close)
        cls.pg.sql(SCHEMA + GRANTS)
        cls.home = tempfile.TemporaryDirectory(prefix="ketenpoort-sql-")
        cls.addClassCleanup(cls.home.cleanup)
        cls.folder = pathlib.Path(cls.home.name)
        (cls.folder / "secret").write_text(f"{cls.pg.user}:{cls.pg.password}\n")

    def manifest(self, **queries):
        manifest = sql_partner.manifest({"time_ms": 5000}, **{
            "uitkering": f"{sql_partner.BENEFITS} and doel = :doel order by regeling desc", **queries})
        manifest["endpoint"] = f"postgresql://localhost:{self.pg.port}/postgres"
        manifest["access"] = {"kind": "basic", "secret": "db", "anchor_file": str(self.pg.folder / "ca.pem")}
        return manifest

    def odbc(self, connection):
        manifest = self.manifest()
        manifest["endpoint"] = "odbc:"
        manifest["access"] = {"kind": "dsn", "secret": "odbc"}
        (self.folder / "odbc").write_text(connection + "\n")
        return manifest

    def psqlodbc(self):
        driver = sql_partner.DRIVERS / "psqlodbcw.so"
        if not driver.exists():
            self.skipTest("SKIPPED: odbc-postgresql is not installed")
        return self.odbc(f"Driver={driver};Server=127.0.0.1;Port={self.pg.port};Database=postgres;Uid={self.pg.user};"
                         f"Pwd={self.pg.password};SSLmode=require")

    def ask(self, manifest, bsn=BSN, **options):
        (self.folder / "manifest.json").write_text(json.dumps(manifest))
        (self.folder / "bsn").write_text(bsn)
        (self.folder / "odbc").touch()
        words = [PROGRAM, "connector", "try", "--json", "-c", str(ROOT / "tests/conformance/catalogus.json"), "--bsn-file",
                 str(self.folder / "bsn"), "--secret", f"db={self.folder}/secret", "--secret", f"odbc={self.folder}/odbc"]
        for name, value in {"doel": "proef", **options}.items():
            words += [f"--{name}", value]
        # A driver's thread is not waited for at the end, and what it then still holds is no leak.
        quiet = {"ASAN_OPTIONS": "detect_leaks=0"} if manifest["endpoint"] == "odbc:" else {}
        done = subprocess.run([*words, str(self.folder / "manifest.json")], capture_output=True, encoding="utf-8", check=False,
                              timeout=60, env={**os.environ, **quiet})
        self.assertNotEqual(done.stdout, "", done.stderr)
        return json.loads(done.stdout)

    def values(self, answer):
        return [(field["path"], field["value"]) for field in answer["fields"]]

    def refuse(self, manifest, outcome, code=None, **options):
        answer = self.ask(manifest, **options)
        self.assertEqual(answer["outcome"], outcome, answer)
        if code:
            self.assertIn(code, answer["fault"])
        for secret in (BSN, self.pg.password, "José", "persoon where"):
            self.assertNotIn(secret, answer["fault"] + answer["reason"])
        return answer

    def test_values_come_as_the_database_wrote_them(self):
        for manifest in (self.manifest(), self.psqlodbc()):
            answer = self.ask(manifest)
            self.assertEqual(answer["outcome"], "gevonden", answer)
            self.assertEqual(self.values(answer), EXPECTED)
            self.assertEqual(answer["unmapped"], [])

    def test_sqlite_over_odbc(self):
        driver = sql_partner.DRIVERS / "libsqlite3odbc.so"
        if not driver.exists():
            self.skipTest("SKIPPED: libsqliteodbc is not installed")
        import sqlite3
        file = self.folder / "proef.sqlite"
        with sqlite3.connect(file) as database:
            database.executescript("""
                create table persoon (bsn integer, naam text, geboren text, geslacht text, geheim text);
                create table uitkering (bsn integer, regeling text, bedrag text, begin text, doel text);
                insert into persoon values (999993653, 'José; "de" Vriës', '19700503', 'V', '1');
                insert into uitkering values (999993653, 'PW', '1.10', '20240100', 'proef'),
                    (999993653, 'IOAW', '1024.76', '20231231', 'proef');""")
        manifest = self.odbc(f"Driver={driver};Database={file}")
        answer = self.ask(manifest)
        self.assertEqual(self.values(answer), EXPECTED, answer)
        self.assertEqual(self.ask(manifest, bsn="999990019")["outcome"], "nietsGevonden")
        # A driver for bytes: the connection string, statements and names of columns are UTF-8 to it.
        other = file.rename(self.folder / "proef é☃.sqlite")
        self.odbc(f"Driver={driver};Database={other}")
        self.accents(manifest)
        self.assertEqual({found.name for found in self.folder.glob("*sqlite*")}, {other.name})

    def accents(self, manifest):
        manifest["sql"]["queries"]["persoon"] = ("select bsn, 'é☃😀' as \"náám☃\", geboren, geslacht, geheim from persoon "
                                                 "where naam = 'José; \"de\" Vriës' and bsn = cast(:bsn as bigint)")
        manifest["response"]["fields"]["persoon.naam"] = "persoon.náám☃"
        self.assertEqual(self.values(self.ask(manifest))[:4], [("persoon.naam", "é☃😀"), *EXPECTED[1:4]])

    def test_accents_in_statements_and_names(self):
        self.accents(self.manifest())
        self.accents(self.psqlodbc())

    def test_null_short_numbers_and_odd_text(self):
        answer = self.ask(self.manifest(), bsn="000012345")
        self.assertEqual(self.values(answer), [("persoon.naam", "tab\tregel\neinde")])

    def test_nobody_is_nothing_found(self):
        for manifest in (self.manifest(), self.psqlodbc()):
            self.assertEqual(self.ask(manifest, bsn="999999990")["outcome"], "nietsGevonden")
        # Rows of another query do not make somebody known.
        manifest = self.manifest(persoon="select bsn, naam, geboren, geslacht, geheim from persoon where naam = 'niemand' "
                                         "and bsn = cast(:bsn as bigint)")
        self.assertEqual(self.ask(manifest)["outcome"], "gevonden")
        manifest["sql"]["known_by"] = "persoon"
        self.assertEqual(self.ask(manifest)["outcome"], "nietsGevonden")

    def test_only_queries_that_supply_something_are_asked(self):
        manifest = self.manifest(uitkering="select bsn, regeling, bedrag, begin from bestaat_niet where bsn = :bsn")
        self.refuse(manifest, "fout", "42P01")
        answer = subprocess.run([PROGRAM, "connector", "try", "--json", "-c", str(ROOT / "tests/conformance/catalogus.json"),
                                 "--bsn-file", str(self.folder / "bsn"), "--secret", f"db={self.folder}/secret", "-v",
                                 "persoon.naam", str(self.folder / "manifest.json")], capture_output=True, encoding="utf-8",
                                check=False)
        self.assertEqual(self.values(json.loads(answer.stdout)), [("persoon.naam", 'José; "de" Vriës')])

    def test_hostile_text_returns_what_harmless_text_returns(self):
        persons = self.pg.sql("select count(*) from persoon")
        texts = ("select bsn, naam, geboren, geslacht, geheim from persoon where (naam = {0} or naam = 'x' || {0} or bsn::text = {0}) "
                 "and cast(:bsn as bigint) > 0")
        for manifest in (self.manifest(), self.psqlodbc()):
            for name in NAMES:
                query = f"cast(:{name} as text)"
                manifest["sql"]["queries"]["persoon"] = texts.format(query)
                manifest["sql"]["queries"]["uitkering"] = (
                    f"select bsn, regeling, bedrag, begin from uitkering where doel = cast(:{name} as text) and bsn = cast(:bsn as bigint)")
                harmless = self.ask(manifest, **{name: "nergens"})
                self.assertEqual(harmless["outcome"], "nietsGevonden")
                harmless.pop("request")
                for text in HOSTILE:
                    answer = self.ask(manifest, **{name: text})
                    answer.pop("request")
                    self.assertEqual(answer, harmless, (name, text))
        self.assertEqual(self.pg.sql("select count(*) from persoon"), persons)

    def test_every_parameter_arrives_as_a_value(self):
        """Whatever it holds, the database gets exactly that."""
        echo = " union all ".join(
            f"select cast(:bsn as bigint) as bsn, cast(:{name} as text) as regeling, null as bedrag, null as begin" for name in NAMES)
        for manifest in (self.manifest(uitkering=echo), self.psqlodbc()):
            manifest["sql"]["queries"]["uitkering"] = echo
            for text in HOSTILE:
                answer = self.ask(manifest, **{name: text for name in NAMES})
                self.assertEqual([value for path, value in self.values(answer) if path == "uitkeringen.wet"],
                                 [text] * len(NAMES), answer)

    def test_what_an_earlier_source_said_is_a_value_too(self):
        """A running gateway: the register's answer holds the hostile text, the database is asked with it."""
        surname = ["José; \"de\" Vriës"]
        register = stub_partner.Stub(lambda *_: (200, {"Content-Type": "application/hal+json"}, json.dumps(
            {"burgerservicenummer": BSN, "naam": {"geslachtsnaam": surname[0]}}).encode()))
        older = recorded_partners.at_port(recorded_partners.shipped("rest", "haal-centraal-brp-1.3"), register.port)
        known = "cast(:bekend.persoon.naam.geslachtsnaam as text)"
        persons = self.pg.sql("select count(*) from persoon")
        for access in (self.manifest(), self.psqlodbc()):
            municipality = {
                "source": "gemeente-klantvolg", "organisation": {"oin": "00000001820000039000", "name": "Proef"}, "connector": "sql",
                "limits": {"time_ms": 5000}, "endpoint": access["endpoint"], "access": access["access"],
                "sql": {"queries": {
                    "treffer": f"select bsn, naam from persoon where (naam = {known} or naam = 'x' || {known}) "
                               "and cast(:bsn as bigint) > 0",
                    "echo": f"select cast(:bsn as bigint) as bsn, {known} as plaats"}},
                "response": {"subject": "bsn", "fields": {"persoon.naam.voornamen": "treffer.naam", "adres.woonplaats": "echo.plaats"}}}
            secrets = {"db": f"{self.pg.user}:{self.pg.password}", "odbc": (self.folder / "odbc").read_text()}
            with recorded_partners.RecordedPartners(PROGRAM, (older, municipality), secrets) as gateway:
                # The query finds who bears this name; nobody bears one of the others.
                for text in ["José; \"de\" Vriës", "nergens", *HOSTILE]:
                    surname[0] = text
                    dossier = gateway.dossier(BSN)["dossier"]
                    name = {"geslachtsnaam": text, **({"voornamen": text} if text.startswith("José") else {})}
                    self.assertEqual(dossier, {"persoon": {"burgerservicenummer": BSN, "naam": name}, "adres": {"woonplaats": text}})
        self.assertEqual(self.pg.sql("select count(*) from persoon"), persons)

    def test_our_own_parameters_arrive_too(self):
        own = self.manifest(uitkering="select cast(:bsn as bigint) as bsn, :trace::text as regeling, null as bedrag, null as begin "
                                      "union all select :bsn::bigint, :nu::text, null, null")
        trace, now = [value for path, value in self.values(self.ask(own)) if path == "uitkeringen.wet"]
        self.assertRegex(trace, r"^[0-9a-f]{32}$")
        self.assertRegex(now, r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d")

    def test_what_is_no_bsn_is_not_asked(self):
        for manifest, text in itertools.product((self.manifest(), self.psqlodbc()), ("' or 1=1 --", "999993653; drop table persoon",
                                                                                     "99999365'", *HOSTILE)):
            (self.folder / "manifest.json").write_text(json.dumps(manifest))
            (self.folder / "bsn").write_text(text)
            done = subprocess.run([PROGRAM, "connector", "try", "-c", str(ROOT / "tests/conformance/catalogus.json"), "--bsn-file",
                                   str(self.folder / "bsn"), "--secret", f"db={self.folder}/secret", "--secret",
                                   f"odbc={self.folder}/odbc",
                                   str(self.folder / "manifest.json")], capture_output=True, encoding="utf-8", check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertNotIn("gevonden", done.stdout)

    def test_what_the_server_is_told(self):
        """The time that is left, that nothing is written, and one transaction for all queries."""
        told = self.manifest(
            persoon="select bsn, concat_ws(' ', current_setting('statement_timeout'), current_setting('transaction_read_only'), "
                    "current_setting('client_connection_check_interval')) as naam from persoon where bsn = :bsn::bigint",
            uitkering="select :bsn::bigint as bsn, now()::text as regeling",
            tijd="select :bsn::bigint as bsn, now()::text as tijd")
        told["response"]["fields"] = {"persoon.naam": "persoon.naam", "persoon.geslacht": "tijd.tijd"}
        told["response"]["lists"]["uitkeringen"]["fields"] = {"uitkeringen.wet": "regeling"}
        found = dict(self.values(self.ask(told)))
        timeout, read_only, interval = found["persoon.naam"].split(" ")
        self.assertRegex(timeout, r"^([1-5]s|[1-4]\d{0,3}ms)$")
        self.assertEqual((read_only, interval), ("on", "500ms"))
        self.assertEqual(found["uitkeringen.wet"], found["persoon.geslacht"])

    def test_a_section_from_several_queries(self):
        for manifest in (self.manifest(), self.psqlodbc()):
            manifest["sql"]["queries"]["geslacht"] = "select bsn, geslacht from persoon where bsn = cast(:bsn as bigint)"
            manifest["response"]["fields"]["persoon.geslacht"]["path"] = "geslacht.geslacht"
            self.assertEqual(sorted(self.values(self.ask(manifest)), key=str), sorted(EXPECTED, key=str))

    def test_however_many_queries_there_are_they_take_one_round_trip(self):
        turns = []
        for fields in (["naam"], ["naam", "geboren", "geslacht", "geheim"]):
            manifest = self.manifest()
            manifest["sql"]["queries"] = {
                f"q_{field}": f"select bsn, {field} from persoon where bsn = :bsn::bigint" for field in fields}
            manifest["response"]["fields"] = {f"persoon.{field}": f"q_{field}.{field}" for field in fields}
            del manifest["response"]["lists"], manifest["access"]["anchor_file"]
            with Between(self.pg.port) as between:
                manifest["endpoint"] = f"postgresql://127.0.0.1:{between.port}/postgres"
                answer = self.ask(manifest)
            self.assertEqual(len(self.values(answer)), len(fields), answer)
            turns.append(between.turns)
        self.assertEqual(turns[0], turns[1])

    def test_another_person_and_no_person_are_faults(self):
        rest = "naam, geboren, geslacht, geheim from persoon"
        self.refuse(self.manifest(persoon=f"select 999990019 as bsn, {rest} where bsn = :bsn"), "fout")
        self.refuse(self.manifest(persoon=f"select null as bsn, {rest} where bsn = :bsn"), "fout")
        self.refuse(self.manifest(persoon=f"select 'abc' as bsn, {rest} where bsn = :bsn"), "fout")

    def test_missing_columns_are_seen_without_rows(self):
        answer = self.refuse(self.manifest(persoon="select bsn, naam from persoon where false and bsn = cast(:bsn as bigint)"), "fout")
        self.assertIn("geboren", answer["fault"])

    def test_errors_of_the_database(self):
        rest = "naam, geboren, geslacht, geheim from persoon where bsn = :bsn"
        self.refuse(self.manifest(persoon=f"select 1/0 as bsn, {rest}"), "fout", "22012")
        self.refuse(self.manifest(persoon=f"select bsn, {rest} and geboren = :doel::numeric"), "fout", "22P02")
        self.refuse(self.manifest(persoon="select bsn, 1 as naam, 1 as geboren, 1 as geslacht, 1 as geheim from dicht "
                                           "where bsn = cast(:bsn as bigint)"),
                    "nietGerechtigd", "42501")
        self.refuse(self.manifest(persoon="select schrijf(:bsn) as bsn, 1 as naam, 1 as geboren, 1 as geslacht, 1 as geheim"),
                    "fout", "25006")
        odbc = self.psqlodbc()
        odbc["sql"]["queries"]["persoon"] = ("select schrijf(cast(:bsn as bigint)) as bsn, 1 as naam, 1 as geboren, 1 as geslacht, "
                                             "1 as geheim")
        self.refuse(odbc, "fout", "25006")
        self.assertEqual(self.pg.sql("select count(*) from logboek").strip(), "0")

    def test_caps(self):
        rows = self.manifest(uitkering="select cast(:bsn as bigint) as bsn, 'PW' as regeling, i as bedrag, "
                             "null as begin from generate_series(1, 1000000) as i where :doel = 'proef' "
                                               "and cast(:bsn as bigint) > 0")
        rows["limits"]["rows"] = 500
        self.refuse(rows, "fout", "500 rows")
        rows["limits"].update({"rows": 1000000, "answer_bytes": 65536})
        self.refuse(rows, "fout")
        rows["limits"] = {"rows": 12, "time_ms": 5000}
        rows["sql"]["queries"]["uitkering"] = rows["sql"]["queries"]["uitkering"].replace("1000000", "11")
        self.assertEqual(len(self.values(self.ask(rows))), 4 + 2 * 11)
        rows["sql"]["queries"]["uitkering"] = rows["sql"]["queries"]["uitkering"].replace("(1, 11)", "(1, 12)")
        self.refuse(rows, "fout", "12 rows")
        odbc = self.psqlodbc()
        odbc["limits"]["rows"] = 500
        odbc["sql"]["queries"]["uitkering"] = ("select 999993653 as bsn, 'PW' as regeling, i as bedrag, null as begin "
                                               "from generate_series(1, 20000) as i where :doel = 'proef' "
                                               "and cast(:bsn as bigint) > 0")
        self.refuse(odbc, "fout")

    def busy(self):
        return self.pg.sql("select count(*) from pg_stat_activity where usename = 'lezer' and state = 'active'").strip()

    def test_a_query_that_lasts_is_stopped_at_both_ends(self):
        for manifest in (self.manifest(), self.psqlodbc()):
            manifest["limits"]["time_ms"] = 300
            manifest["sql"]["queries"]["persoon"] = ("select bsn, naam, geboren, geslacht, geheim from persoon, pg_sleep(60) "
                                                     "where bsn = cast(:bsn as bigint)")
            self.refuse(manifest, "nietBereikt")
            # The program has ended, or the server's own limit came.
            while self.busy() != "0":
                pass

    def test_each_call_of_the_transport(self):
        """tests/unit/gateway/io/test_sql.c with a real database: caps, queue, cancel, and each allocation failing once."""
        where = f"{self.pg.port} {self.pg.user} {self.pg.password} {self.pg.folder}/ca.pem"
        done = subprocess.run([CALLS], env={**os.environ, "KP_TEST_POSTGRES": where}, capture_output=True, encoding="utf-8",
                              check=False, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count(" allocations, "), 3, done.stdout)

    def test_a_lock_is_waited_for_no_longer_than_the_time_there_is(self):
        manifest = self.manifest()
        manifest["limits"]["time_ms"] = 300
        with self.pg.locked("persoon"):
            self.refuse(manifest, "nietBereikt")

    def test_who_may_not_in_does_not_come_in(self):
        (self.folder / "secret").write_text(f"{self.pg.user}:verkeerd\n")
        try:
            self.refuse(self.manifest(), "nietGerechtigd")
        finally:
            (self.folder / "secret").write_text(f"{self.pg.user}:{self.pg.password}\n")
        self.pg.sql("create database elders; revoke connect on database elders from public")
        manifest = self.manifest()
        manifest["endpoint"] = manifest["endpoint"].replace("/postgres", "/elders")
        self.assertIn(self.ask(manifest)["outcome"], ("nietBereikt", "nietGerechtigd"))

    def test_a_server_that_is_not_the_partners_is_not_asked(self):
        other = pathlib.Path(self.home.name) / "anders"
        other.mkdir()
        postgres.make_certificates(other)
        manifest = self.manifest()
        manifest["access"]["anchor_file"] = str(other / "ca.pem")
        self.refuse(manifest, "nietBereikt")
        manifest = self.manifest()
        manifest["endpoint"] = manifest["endpoint"].replace("localhost", "127.0.0.2")
        self.refuse(manifest, "nietBereikt")
        # On this machine it may be done without TLS.
        del manifest["access"]["anchor_file"]
        manifest["endpoint"] = manifest["endpoint"].replace("127.0.0.2", "127.0.0.1")
        self.assertEqual(self.values(self.ask(manifest)), EXPECTED)

    def test_nobody_there(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            manifest = self.manifest()
            manifest["endpoint"] = f"postgresql://127.0.0.1:{probe.getsockname()[1]}/postgres"
            self.refuse(manifest, "nietBereikt")
            # Connected, and then silence.
            probe.listen()
            manifest["limits"]["connect_ms"] = 200
            self.refuse(manifest, "nietBereikt")
        odbc = self.psqlodbc()
        (self.folder / "odbc").write_text("Driver=/bestaat/niet.so\n")
        self.refuse(odbc, "nietBereikt")

    def test_manifests_say_what_is_wrong(self):
        for change, word in ((lambda m: m["sql"]["queries"].update(persoon="delete from persoon"), "select"),
                             (lambda m: m["sql"]["queries"].update(persoon="select 1; select 2"), "one statement"),
                             (lambda m: m["sql"]["queries"].update(persoon="select :naam"), "':naam' is not a parameter"),
                             (lambda m: m["sql"]["queries"].update(persoon="select 'open"), "does not end"),
                             (lambda m: m["response"]["fields"].update({"persoon.naam": "naam"}), "query.column"),
                             (lambda m: m["response"]["fields"].update({"persoon.naam": "ander.naam"}), "no query 'ander'"),
                             (lambda m: m["response"].pop("subject"), "subject"),
                             (lambda m: m["sql"].update(known_by="x"), "no query 'x'"),
                             (lambda m: m.update(access={"kind": "none"}), "basic"),
                             (lambda m: m.update(endpoint="postgresql://db.example.nl/x", access={"kind": "basic", "secret": "db"}),
                              "anchor_file"),
                             (lambda m: m.update(endpoint="mysql://x/y"), "postgresql://"),
                             (lambda m: m.update(endpoint="postgresql://localhost"), "postgresql://host:port/database")):
            manifest = self.manifest()
            change(manifest)
            (self.folder / "wrong.json").write_text(json.dumps(manifest))
            done = subprocess.run([PROGRAM, "connector", "check", "-c", str(ROOT / "tests/conformance/catalogus.json"),
                                   str(self.folder / "wrong.json")], capture_output=True, encoding="utf-8", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(word, done.stdout + done.stderr)


if __name__ == "__main__":
    if postgres.find_programs() is None:
        print("SKIPPED: PostgreSQL is not installed")
        sys.exit(0)
    unittest.main()
