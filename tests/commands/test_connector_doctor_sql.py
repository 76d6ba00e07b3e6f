#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""`connector doctor` before a real PostgreSQL, over libpq and over ODBC, and a real MariaDB, wrong in one way each."""
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
import mariadb  # noqa: E402
import postgres  # noqa: E402
import sql_partner  # noqa: E402

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
LIMITS = {"time_ms": 8000, "connect_ms": 4000}


def refuse_tls(listener):
    """To everybody, until the listener is shut."""
    while True:
        try:
            asking, _ = listener.accept()
        except OSError:
            return
        with asking:
            asking.recv(8)
            asking.sendall(b"N")


class Looked(unittest.TestCase):
    """A database for the tests of one class, and the doctor that looks into it."""

    @classmethod
    def setUpClass(cls):
        try:
            cls.server = cls.make()
        except FileNotFoundError as error:
            raise unittest.SkipTest(f"SKIPPED: {error}")
        cls.addClassCleanup(cls.server.close)
        cls.home = tempfile.TemporaryDirectory(prefix="ketenpoort-doctor-sql-")
        cls.addClassCleanup(cls.home.cleanup)
        cls.folder = pathlib.Path(cls.home.name)
        (cls.folder / "bsn").write_text(BSN)

    def run_doctor(self, endpoint, access, secret, change=None):
        """What was said by status and step, and all steps."""
        manifest = {**sql_partner.manifest(LIMITS), "endpoint": endpoint, "access": {**access, "secret": "db"}}
        if change:
            change(manifest)
        (self.folder / "manifest.json").write_text(json.dumps(manifest))
        (self.folder / "secret").write_text(secret + "\n")
        # A driver's thread is not waited for at the end, and what it then still holds is no leak.
        quiet = {"ASAN_OPTIONS": "detect_leaks=0"} if endpoint == "odbc:" else {}
        done = subprocess.run(
            [PROGRAM, "connector", "doctor", "--json", "-c", str(ROOT / "tests/conformance/catalogus.json"), "--bsn-file",
             str(self.folder / "bsn"), "--secret", f"db={self.folder}/secret", str(self.folder / "manifest.json")],
            capture_output=True, text=True, timeout=60, env={**os.environ, **quiet})
        for hidden in (BSN, self.server.password, "Voorbeeld"):
            self.assertNotIn(hidden, done.stdout + done.stderr)
        self.assertNotEqual(done.stdout, "", done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual(done.returncode, 1 if report["fail"] else 3 if report["warn"] else 0, done.stderr)
        return {status: {step["step"]: step["text"] for step in report["steps"] if step["status"] == status}
                for status in ("ok", "warn", "fail")}, report["steps"]


class Database(Looked):
    @classmethod
    def make(cls):
        cls.pg = postgres.Postgres()
        cls.pg.sql(SCHEMA)
        return cls.pg


class DoctorSql(Database):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.folder / "other").mkdir()
        postgres.make_certificates(cls.folder / "other")

    def look(self, change=None, user="lezer", password=None):
        return self.run_doctor(
            f"postgresql://localhost:{self.pg.port}/postgres", {"kind": "basic", "anchor_file": str(self.pg.folder / "ca.pem")},
            f"{user}:{password or self.pg.password}", change)

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
        self.assertEqual(said["warn"]["sql.statement"], "not looked at: queries 'persoon', 'uitkering'")
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

    def test_a_user_that_may_write_in_many_places(self):
        self.pg.sql("create schema veel; grant usage on schema veel to schrijver;" + "".join(
            f"create table veel.t{i} (bsn bigint); grant insert on veel.t{i} to schrijver;" for i in range(1, 10)))
        self.addCleanup(self.pg.sql, "drop schema veel cascade;")
        said, _ = self.look(user="schrijver")
        self.assertIn("may write in public.persoon, public.uitkering, veel.t1, veel.t2, veel.t3, and 6 more", said["warn"]["sql.rights"])

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

    def test_a_table_that_is_locked(self):
        with self.pg.locked("persoon"):
            said, steps = self.look(lambda manifest: manifest["limits"].update(connect_ms=1000))
        self.assertIn("query 'persoon': 57014: ", said["fail"]["sql.statement"])
        self.assertIn("a lock", json.dumps(steps))
        self.assertIn("query 'uitkering': ", said["ok"]["sql.statement"])

    def test_no_tls_there(self):
        said, _ = self.look(lambda manifest: manifest.update(endpoint="postgresql://localhost:1/postgres"))
        self.assertIn("tcp", said["fail"])


class DoctorOdbc(Database):
    """The same database through Debian's psqlodbc."""

    def look(self, change=None, **parts):
        words = {"Driver": sql_partner.DRIVERS / "psqlodbcw.so", "Server": "127.0.0.1", "Port": self.pg.port,
                 "Database": "postgres", "Uid": "lezer", "Pwd": self.pg.password, "SSLmode": "require", **parts}
        if not (sql_partner.DRIVERS / "psqlodbcw.so").exists():
            self.skipTest("SKIPPED: odbc-postgresql is not installed")
        return self.run_doctor("odbc:", {"kind": "dsn"}, ";".join(f"{name}={value}" for name, value in words.items()), change)

    def refused(self, text, remedy, **parts):
        said, steps = self.look(**parts)
        self.assertEqual(list(said["fail"]), ["sql.login"])
        self.assertIn(text, said["fail"]["sql.login"])
        self.assertIn(remedy, [step["do"] for step in steps if step["step"] == "sql.login"][0])
        self.assertEqual(said["warn"]["sql.statement"], "not looked at: queries 'persoon', 'uitkering'")
        self.assertIn("not asked", said["warn"]["answer"])

    def query(self, text, *columns, **limits):
        return self.look(lambda manifest: (
            manifest["sql"]["queries"].update(persoon=text), manifest["response"]["fields"].update(columns),
            manifest["limits"].update(limits)))

    def test_a_database_that_is_well(self):
        said, steps = self.look()
        self.assertEqual((said["fail"], said["warn"]), ({}, {}))
        self.assertRegex(said["ok"]["sql.login"], r"^PostgreSQL \d+\..*, by driver psqlodbcw?\.so .*, as 'lezer'$")
        self.assertEqual(said["ok"]["sql.rights"], "this user may write nowhere")
        self.assertIn("the database keeps this connection to reading", said["ok"]["sql.readonly"])
        self.assertIn(": 8 s", said["ok"]["sql.timeout"])
        self.assertIn("encrypted, TLSv1.3; whether the driver checks", said["ok"]["sql.tls"])
        texts = [step["text"] for step in steps if step["step"] == "sql.statement"]
        self.assertEqual(texts[0], "query 'persoon': bsn bigint, naam text, geboren numeric(8,0), geslacht char(1), geheim varchar(5)")
        self.assertIn("7 of 7 mapped fields came", said["ok"]["shape"])

    def test_a_connection_without_tls(self):
        said, _ = self.look(SSLmode="disable")
        self.assertEqual(said["warn"]["sql.tls"], "the connection is not encrypted")

    def test_a_wrong_host(self):
        self.refused("nergens.invalid", "server's name", Server="nergens.invalid")

    def test_a_wrong_port(self):
        self.refused("refused", "server and port", Port=1)

    def test_a_wrong_password(self):
        self.refused("password authentication failed", "compare user and password", Pwd="anders")

    def test_a_wrong_database(self):
        self.refused("nergens", "compare database and user", Database="nergens")

    def test_a_password_the_driver_repeats_is_not_shown(self):
        self.refused('database "***" does not exist', "compare database and user", Database=self.pg.password)

        self.refused('translate host name "***"', "server's name", Server="geheim123", Pwd="{geheim123}")

    def test_a_server_without_tls(self):
        with socket.create_server(("127.0.0.1", 0)) as plain:
            # PostgreSQL's protocol, 54.2.11: N refuses an SSLRequest.
            threading.Thread(target=refuse_tls, args=(plain,), daemon=True).start()
            self.refused("SSL", "what the secret says of TLS", Port=plain.getsockname()[1])

    def test_a_driver_that_is_not_there(self):
        self.refused("Can't open lib 'Onbekend'", "odbcinst -q -d", Driver="Onbekend")
        self.refused("Can't open lib '/bestaat/niet.so'", "odbcinst -q -d", Driver="/bestaat/niet.so")

    def test_a_server_that_never_answers(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            said, _ = self.look(lambda manifest: manifest["limits"].update(time_ms=700, connect_ms=500),
                                Port=silent.getsockname()[1])
        self.assertIn("no login", said["fail"]["sql.login"])
        self.assertIn("not looked at", said["warn"]["sql.statement"])

    def test_a_user_that_may_write(self):
        said, _ = self.look(Uid="schrijver")
        self.assertIn("may write in public.persoon, public.uitkering; the gateway's connection is kept to reading", said["warn"]["sql.rights"])

    def test_a_user_that_may_write_in_much(self):
        self.pg.sql("create role veelschrijver login password 'proef-wachtwoord'; grant select on persoon, uitkering to veelschrijver;" +
                    "".join(f"create table veel{i} (a int); grant update on veel{i} to veelschrijver;" for i in range(7)))
        said, _ = self.look(Uid="veelschrijver")
        self.assertIn("public.veel3, public.veel4, and 2 more; ", said["warn"]["sql.rights"])

    def test_a_user_by_a_role(self):
        self.pg.sql("create role lid login password 'proef-wachtwoord'; grant schrijver to lid;")
        said, _ = self.look(Uid="lid")
        self.assertIn("may write in public.persoon, public.uitkering;", said["warn"]["sql.rights"])

    def test_the_owner(self):
        said, _ = self.look(Uid="baas")
        self.assertIn("superuser", said["warn"]["sql.rights"])

    def hanging(self, words):
        """A driver of our own, of no database that is known."""
        driver = pathlib.Path(PROGRAM).parents[1] / "tests/fault/libhanging_odbc.so"
        self.assertTrue(driver.exists(), driver)
        return self.run_doctor("odbc:", {"kind": "dsn"}, f"Driver={driver};{words}")[0]

    def test_a_database_that_names_no_right(self):
        said = self.hanging("Columns=2")
        self.assertIn("not seen: no right to write by name", said["warn"]["sql.rights"])
        self.assertIn("are rolled back", said["ok"]["sql.readonly"])

    def test_a_driver_that_keeps_to_reading(self):
        said = self.hanging("Reads=only")
        self.assertIn("the driver keeps this connection to reading", said["ok"]["sql.readonly"])

    def test_a_driver_that_commits(self):
        said = self.hanging("Transactions=refused")
        self.assertIn("what a statement would write stays", said["warn"]["sql.readonly"])

    def test_a_table_that_is_gone(self):
        said, steps = self.query("select bsn, naam, geboren, geslacht, geheim from weg where bsn = cast(:bsn as bigint)")
        self.assertIn("query 'persoon': 42P01: ", said["fail"]["sql.statement"])
        self.assertIn("as they are now", json.dumps(steps))
        # One that fails says nothing of the others.
        self.assertIn("query 'uitkering': bsn", said["ok"]["sql.statement"])

    def test_a_column_that_is_gone(self):
        said, _ = self.query("select bsn, naam, weg, geboren, geslacht, geheim from persoon where bsn = cast(:bsn as bigint)")
        self.assertIn("query 'persoon': 42703: ", said["fail"]["sql.statement"])

    def test_a_column_under_another_name(self):
        said, _ = self.query("select bsn, naam as naams, geboren, geslacht, geheim from persoon where bsn = cast(:bsn as bigint)")
        self.assertIn("gives no column 'naam'; nearest is naams", said["fail"]["sql.columns"])

    def test_a_table_we_may_not_read(self):
        said, steps = self.query("select bsn, naam, 1 as geboren, 'V' as geslacht, true as geheim from dicht "
                                 "where bsn = cast(:bsn as bigint)")
        self.assertIn("query 'persoon': 42501: ", said["fail"]["sql.statement"])
        self.assertIn("grant select", json.dumps(steps))

    def test_types_that_do_not_fit(self):
        said, _ = self.query("select bsn, cast(naam as bytea) as naam, ooit as geboren, geslacht, geheim from persoon "
                             "where bsn = cast(:bsn as bigint) and false", ("persoon.geboren", "persoon.geboren"))
        self.assertIn("'geboren' is timestamp", said["warn"]["sql.types"])
        said, _ = self.query("select bsn, cast(naam as bytea) as naam, geboren, geslacht, geheim from persoon "
                             "where bsn = cast(:bsn as bigint) and false")
        self.assertIn("'naam' is bytes", said["warn"]["sql.types"])

    def test_a_value_the_database_refuses(self):
        said, _ = self.query("select bsn, naam, geboren, geslacht, geheim from persoon "
                             "where bsn = cast(:doel as bigint) and bsn = cast(:bsn as bigint)")
        self.assertIn("22P02", said["fail"]["sql.statement"])

    def test_a_statement_that_takes_too_long(self):
        said, steps = self.query("select 1 as bsn, 'x' as naam, 1 as geboren, 'V' as geslacht, true as geheim from pg_sleep(60) "
                                 "where cast(:bsn as bigint) is not null", time_ms=600)
        self.assertIn("query 'persoon': ", said["fail"]["sql.statement"])
        self.assertIn("a lock, or more work", json.dumps(steps))

    def test_another_database(self):
        driver = sql_partner.DRIVERS / "libsqlite3odbc.so"
        if not driver.exists():
            self.skipTest("SKIPPED: libsqliteodbc is not installed")
        import sqlite3
        with sqlite3.connect(self.folder / "proef.sqlite") as database:
            database.executescript("create table persoon (bsn integer, naam text, geboren text, geslacht text, geheim text);"
                                   "create table uitkering (bsn integer, regeling text, bedrag text, begin text);")
        said, _ = self.run_doctor("odbc:", {"kind": "dsn"}, f"Driver={driver};Database={self.folder}/proef.sqlite")
        self.assertEqual(said["fail"], {})
        self.assertIn("SQLite", said["ok"]["sql.login"])
        self.assertIn("not looked at", said["warn"]["sql.rights"])
        self.assertIn("takes a time limit over", said["warn"]["sql.timeout"])
        self.assertIn("not looked at", said["ok"]["sql.tls"])


class DoctorMariadb(Looked):
    @classmethod
    def make(cls):
        server = mariadb.Mariadb()
        server.sql("create table persoon (bsn int, naam varchar(80), geboren char(8), geslacht char(1), geheim bit(1), foto blob);"
                   "create table uitkering (bsn int, regeling varchar(20), bedrag decimal(10, 2), begin char(8));"
                   "create table dicht (bsn int, naam varchar(80)); create table veel (bsn int, naam varchar(80));"
                   f"insert into persoon values ({BSN}, 'Voorbeeld', '19700503', 'V', b'1', x'ff');"
                   f"insert into uitkering values ({BSN}, 'PW', 1.10, '20240100'); create role schrijvers; grant insert on veel to schrijvers;"
                   + "".join(f"create user {user}@'127.0.0.1' identified by 'proef-wachtwoord';" for user in ("vijf", "lid", "alles"))
                   + "".join(f"grant select on {table} to {user}@'127.0.0.1';" for table in ("persoon", "uitkering")
                             for user in ("lezer", "vijf", "lid"))
                   + "grant insert on uitkering to vijf@'127.0.0.1'; grant update (naam) on veel to vijf@'127.0.0.1';"
                     "grant schrijvers to lid@'127.0.0.1'; grant all on proef.* to alles@'127.0.0.1';")
        return server

    def look(self, change=None, **parts):
        return self.run_doctor("odbc:", {"kind": "dsn"}, self.server.dsn(**parts), lambda manifest: (
            manifest["sql"]["queries"].update({
                "persoon": "select bsn, naam, geboren, geslacht, geheim from persoon where bsn = :bsn",
                "uitkering": "select bsn, regeling, bedrag, begin from uitkering where bsn = :bsn"}), change and change(manifest)))

    def query(self, text, **limits):
        return self.look(lambda manifest: (manifest["sql"]["queries"].update(persoon=text), manifest["limits"].update(limits)))

    def refused(self, text, remedy, **parts):
        said, steps = self.look(**parts)
        self.assertEqual(list(said["fail"]), ["sql.login"])
        self.assertIn(text, said["fail"]["sql.login"])
        self.assertIn(remedy, [step["do"] for step in steps if step["step"] == "sql.login"][0])

    def test_a_database_that_is_well(self):
        said, steps = self.look()
        self.assertEqual((said["fail"], said["warn"]), ({}, {}))
        self.assertRegex(said["ok"]["sql.login"], r"^MariaDB \d+\..*, by driver libmaodbc\.so .*, as 'lezer'$")
        self.assertRegex(said["ok"]["sql.tls"], r"^encrypted, TLSv1\.[23]; ")
        self.assertIn("given no right to write, and no role", said["ok"]["sql.rights"])
        self.assertIn("the database keeps this connection to reading", said["ok"]["sql.readonly"])
        self.assertIn(": 8 s", said["ok"]["sql.timeout"])
        texts = [step["text"] for step in steps if step["step"] == "sql.statement"]
        self.assertEqual(texts[0], "query 'persoon': bsn integer, naam varchar(80), geboren char(8), geslacht char(1), geheim bit")
        self.assertIn("7 of 7 mapped fields came", said["ok"]["shape"])

    def test_a_connection_without_tls(self):
        said, _ = self.look(SSLCA=None, SSLVERIFY=None)
        self.assertEqual(said["warn"]["sql.tls"], "the connection is not encrypted")

    def test_who_may_write(self):
        for user, where in (("vijf", "proef.uitkering, proef.veel; "), ("alles", "proef.*; "), ("baas", "everything: it is a superuser; ")):
            said, _ = self.look(User=user)
            self.assertIn(f"this user may write in {where}the gateway's connection is kept to reading", said["warn"]["sql.rights"])
        said, _ = self.look(User="lid")
        self.assertIn("but roles, whose rights do not show: schrijvers", said["warn"]["sql.rights"])

    def test_no_login(self):
        self.refused("Access denied for user", "compare user and password", Password="anders")
        self.refused("to database 'nergens'", "compare database and user", Database="nergens")
        self.refused("Unknown database 'nergens'", "compare database and user", Database="nergens", User="baas")
        self.refused("Can't connect to", "server and port", Port=1)
        self.refused("nergens.invalid", "server's name", Server="nergens.invalid")
        self.refused("TLS/SSL error", "what the secret says of TLS", SSLCA=self.folder / "nergens.pem")

    def test_tables_that_are_not_as_they_were(self):
        rest = "1 as geboren, 'V' as geslacht, b'1' as geheim"
        for text, words, remedy in (
                ("select bsn, weg as naam, geboren, geslacht, geheim from persoon where bsn = :bsn", "42S22: ", "as they are now"),
                (f"select bsn, naam, {rest} from dicht where bsn = :bsn", "42000: ", "grant select"),
                (f"select bsn, naam, {rest} fro dicht where bsn = :bsn", "42000: ", "mend the statement")):
            said, steps = self.query(text)
            self.assertIn(f"query 'persoon': {words}", said["fail"]["sql.statement"])
            self.assertIn(remedy, json.dumps(steps))
            self.assertIn("query 'uitkering': bsn", said["ok"]["sql.statement"])
        said, steps = self.look(lambda manifest: manifest["sql"]["queries"].update(
            persoon=f"select bsn, naam, {rest} from weg where bsn = :bsn"), User="baas")
        self.assertIn("query 'persoon': 42S02: ", said["fail"]["sql.statement"])
        said, _ = self.query("select bsn, naam as naams, geboren, geslacht, geheim from persoon where bsn = :bsn")
        self.assertIn("gives no column 'naam'; nearest is naams", said["fail"]["sql.columns"])

    def test_bytes_where_a_text_is_wanted(self):
        said, _ = self.query("select bsn, foto as naam, geboren, geslacht, geheim from persoon where bsn = :bsn and false")
        self.assertIn("'naam' is bytes", said["warn"]["sql.types"])

    def test_a_statement_that_takes_too_long(self):
        said, steps = self.query("select bsn, sleep(30) as naam, geboren, geslacht, geheim from persoon where :bsn = 0", time_ms=600)
        self.assertIn("query 'persoon': ", said["fail"]["sql.statement"])
        self.assertIn("a lock, or more work", json.dumps(steps))

    def test_a_table_that_is_locked(self):
        with self.server.locked("persoon"):
            said, steps = self.look(lambda manifest: manifest["limits"].update(time_ms=700))
        self.assertIn("query 'persoon': ", said["fail"]["sql.statement"])
        self.assertIn("a lock, or more work", json.dumps(steps))


if __name__ == "__main__":
    unittest.main()
