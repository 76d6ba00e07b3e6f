#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A gateway with a database as partner, and that database at its worst: killed, restarted, full, locked, slow. And nothing of
what it answered stays in the gateway's memory."""
import contextlib
import json
import pathlib
import signal
import subprocess
import sys
import threading
import time
import unittest

SUPPORT = pathlib.Path(__file__).resolve().parents[1] / "support"
sys.path.insert(0, str(SUPPORT))
import postgres  # noqa: E402
import running  # noqa: E402


PROGRAM = running.program_from_arguments()
import canary  # noqa: E402
QUESTION = {"purpose": "participatiewet-intake", "velden": ["uitkeringen"]}
MARK = "KANARIE-%09d-omschrijving"


HOSTILE = ["' or '1'='1", "'; drop table regeling; --", "\\", "$1", "?", ":bsn", "' union select 1, 'x', null, 1, 'x' --", "\"", "1) or (1=1",
           "é\u0301☃"]
DRIVER = pathlib.Path("/usr/lib/x86_64-linux-gnu/odbc/psqlodbcw.so")


def manifest(pg, odbc, table="regeling", column="omschrijving"):
    query = (f"select bsn, wet, aanvang, bedrag, {column} as omschrijving from {table} where bsn = cast(:bsn as bigint) "
             "and cast(:doel as text) is not null order by wet")
    return {
        "source": "svb", "organisation": {"oin": "00000001820000032000", "name": "Proefdatabase"}, "connector": "sql",
        "endpoint": "odbc:" if odbc else f"postgresql://localhost:{pg.port}/postgres",
        "access": {"kind": "dsn", "secret": "odbc"} if odbc
                  else {"kind": "basic", "secret": "db", "anchor_file": "database-ca.pem"},
        "limits": {"time_ms": 2500, "connect_ms": 2000, "concurrent": 4},
        "sql": {"queries": {"regeling": query}},
        "response": {"subject": "bsn", "lists": {"uitkeringen": {"items": "regeling", "fields": {
            "uitkeringen.wet": "wet", "uitkeringen.datumAanvang": {"path": "aanvang", "date": "yyyy-mm-dd"},
            "uitkeringen.bedrag.bruto": "bedrag", "uitkeringen.omschrijving": "omschrijving"}}}}}


class Database(unittest.TestCase):
    odbc = False

    @classmethod
    def setUpClass(cls):
        cls.pg = postgres.Postgres(["max_connections=12"])
        cls.addClassCleanup(cls.pg.close)
        clients = list(running.stand_ins.load_clients())
        rows = ",".join(f"({int(bsn)}, 'AOW', '2020-01-01', 1234.50, '{MARK % int(bsn)}'), ({int(bsn)}, 'Anw', null, 7, null)"
                        for bsn in clients)
        cls.pg.sql("create table regeling (bsn bigint primary key, wet text, aanvang date, bedrag numeric, omschrijving text);"
                   "alter table regeling drop constraint regeling_pkey; create index on regeling (bsn);"
                   f"insert into regeling values {rows}; grant select on regeling to lezer;"
                   "create function traag(bigint) returns bigint language sql as 'select $1 from pg_sleep(60)';"
                   "create view langzaam as select traag(bsn) as bsn, wet, aanvang, bedrag, omschrijving from regeling;"
                   "create view wie as select bsn, wet, aanvang, bedrag, pg_backend_pid()::text as omschrijving from regeling;"
                   "create function luid(text) returns text language plpgsql as "
                   "$$ begin for i in 1..500 loop raise warning '%', repeat('x', 8000); end loop; return $1; end $$;"
                   "create view rumoer as select bsn, wet, aanvang, bedrag, luid(omschrijving) as omschrijving from regeling;"
                   "grant select on langzaam, wie, rumoer to lezer")
        cls.clients = clients

    def gateway(self, **options):
        def change(config):
            for name in ("db", "odbc"):
                config["secrets"][name] = {"file": f"secrets/{name}"}
            config["server"] = {**config.get("server", {}), "loops": 1}
        gateway = running.Gateway.__new__(running.Gateway)
        original = gateway.start
        def start():
            for name, text in (("db", f"{self.pg.user}:{self.pg.password}"),
                               ("odbc", f"Driver={DRIVER};Server=127.0.0.1;Port={self.pg.port};Database=postgres;"
                                        f"Uid={self.pg.user};Pwd={self.pg.password};SSLmode=require")):
                secret = gateway.folder / "secrets" / name
                secret.touch(mode=0o600)
                secret.write_text(text + "\n")
            (gateway.folder / "database-ca.pem").write_text((self.pg.folder / "ca.pem").read_text())
            if "column" in options:
                named = manifest(self.pg, self.odbc)
                named.update({"source": "uwv", "organisation": {"oin": "00000001820000018000", "name": "UWV"}})
                named["sql"]["queries"] = {"naam": "select bsn, naam from naam where bsn = cast(:bsn as bigint)"}
                named["response"] = {"subject": "bsn", "fields": {"persoon.naam.geslachtsnaam": "naam.naam"}}
                (gateway.folder / "sources/uwv.json").write_text(json.dumps(named))
                (gateway.folder / "sources/brp.json").unlink()
            (gateway.folder / "sources/svb.json").write_text(json.dumps(manifest(self.pg, self.odbc, **options)))
            original()
        gateway.start = start
        gateway.__init__(PROGRAM, change=change)
        return gateway

    def ask(self, gateway, bsn, connection=None, **members):
        own = connection or gateway.connect()
        status, answer = gateway.ask(bsn, connection=own, **{**QUESTION, **members})
        if connection is None:
            own.close()
        self.assertEqual(status, 200, answer)
        source = next(s for s in answer["bronnen"] if s["bron"] == "svb")
        return source["status"], answer

    def told(self, answer, bsn):
        return any(b.get("omschrijving") == MARK % int(bsn) for b in answer["dossier"].get("uitkeringen", []))

    def connections(self):
        return int(self.pg.sql("select count(*) from pg_stat_activity where usename = 'lezer'"))

    def slow(self):
        """How many of the slow queries are running."""
        return int(self.pg.sql("select count(*) from pg_stat_activity where usename = 'lezer' and query like '%langzaam%' "
                               "and state = 'active'"))

    def test_nothing_stays(self):
        with self.gateway() as gateway:
            connection = gateway.connect()
            for number in range(400):
                bsn = self.clients[number % len(self.clients)]
                status, answer = self.ask(gateway, bsn, connection)
                self.assertEqual(status, "gevonden", answer)
                self.assertTrue(self.told(answer, bsn))
            connection.close()
            # Ours are kept when they are idle, and hold nothing; those of a driver, which do, are not.
            if not self.odbc:
                self.assertGreater(self.connections(), 0)
            if self.odbc:
                running.wait_until(lambda: self.connections() == 0, "a driver's connection is kept")
            time.sleep(1)  # "a second later" is what is promised
            pieces = canary.memory(gateway.process.pid)
            if pieces is None:
                print("SKIPPED: only root may look into the gateway's memory")
            for name, data in pieces or []:
                for mark in (b"KANARIE-", "KANARIE-".encode("utf-16-le")):
                    at = data.find(mark)
                    self.assertEqual(at, -1, f"in memory ({name}): {data[max(0, at - 80):at + 80]!r}")
            self.assertNotIn("KANARIE-", gateway.log_text())

    def test_connections_that_end_are_made_anew(self):
        with self.gateway() as gateway:
            bsn = self.clients[0]
            self.assertEqual(self.ask(gateway, bsn)[0], "gevonden")
            self.pg.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'lezer'")
            self.assertEqual(self.ask(gateway, bsn)[0], "gevonden")
            self.pg.stop()
            status, answer = self.ask(gateway, bsn)
            self.assertEqual(status, "nietBereikt", answer)
            self.pg.start()
            self.assertEqual(self.ask(gateway, bsn)[0], "gevonden")

    def test_killed_in_the_middle(self):
        with self.gateway(table="langzaam") as gateway:
            outcome = []
            asker = threading.Thread(target=lambda: outcome.append(self.ask(gateway, self.clients[0])[0]))
            asker.start()
            running.wait_until(lambda: self.slow() > 0, "the query did not begin")
            self.pg.stop(signal.SIGQUIT)
            asker.join()
            self.assertIn(outcome[0], ("nietBereikt", "fout"))
            self.pg.start()

    def test_who_goes_away_leaves_no_query_behind(self):
        with self.gateway(table="langzaam") as gateway:
            connection = gateway.connect()
            connection.request("POST", "/v1/dossiers/_zoek", json.dumps({"burgerservicenummer": self.clients[0],
                               "doel": QUESTION["purpose"], "velden": QUESTION["velden"]}), gateway.headers())
            running.wait_until(lambda: self.slow() > 0, "the query did not begin")
            connection.close()
            # Long before the query's 60 seconds.
            running.wait_until(lambda: self.slow() == 0, "the query goes on")

    def test_more_questions_than_connections(self):
        with self.gateway() as gateway:
            outcomes, lock = [], threading.Lock()
            def ask(number):
                connection = gateway.connect()
                for turn in range(10):
                    bsn = self.clients[(number * 7 + turn) % len(self.clients)]
                    status, answer = self.ask(gateway, bsn, connection)
                    with lock:
                        outcomes.append((status, self.told(answer, bsn)))
                connection.close()
            threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(set(outcomes), {("gevonden", True)})
            self.assertLessEqual(self.connections(), 4)

    def test_a_full_server_is_not_reached_and_comes_back(self):
        words = ["psql", "-X", "-q", "-h", str(self.pg.folder), "-p", str(self.pg.port), "-U", "lezer", "-d", "postgres", "-c",
                 "select pg_sleep(120)"]
        hogs = []
        try:
            # Nine of the twelve are not kept for administrators; one of those may have taken one of the nine.
            while self.connections() < 9:
                hogs.append(subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                             env={"PGPASSWORD": self.pg.password, "PATH": "/usr/bin:/bin"}))
            with self.gateway() as gateway:
                self.assertEqual(self.ask(gateway, self.clients[0])[0], "nietBereikt")
                self.pg.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'lezer'")
                for hog in hogs:
                    hog.wait()
                self.assertEqual(self.ask(gateway, self.clients[0])[0], "gevonden")
        finally:
            for hog in hogs:
                hog.kill()
                hog.wait()

    def test_a_connection_is_used_again(self):
        if self.odbc:
            self.skipTest("a driver's connection is kept so short that a slow machine makes another")
        with self.gateway(table="wie") as gateway, contextlib.closing(gateway.connect()) as connection:
            told = {benefit["omschrijving"] for bsn in self.clients[:5]
                    for benefit in self.ask(gateway, bsn, connection)[1]["dossier"]["uitkeringen"] if "omschrijving" in benefit}
            self.assertEqual(len(told), 1, told)

    def test_what_it_says_beside_its_answer_counts_for_nothing(self):
        if self.odbc:
            self.skipTest("a driver takes each notice by itself, and no time is left")
        with self.gateway(table="rumoer") as gateway:
            for bsn in self.clients[:3]:
                status, answer = self.ask(gateway, bsn)
                self.assertEqual(status, "gevonden", answer)
                self.assertTrue(self.told(answer, bsn))

    def test_what_another_source_found_is_a_value(self):
        """However hostile: it is asked with exactly that."""
        self.pg.sql("create table naam (bsn bigint, naam text); grant select on naam to lezer")
        for bsn, text in zip(self.clients, HOSTILE):
            self.pg.sql(f"insert into naam values ({int(bsn)}, $hostile${text}$hostile$)")
        with self.gateway(column="cast(:bekend.persoon.naam.geslachtsnaam as text)") as gateway:
            for bsn, text in zip(self.clients, HOSTILE):
                status, answer = self.ask(gateway, bsn, velden=["persoon.naam.geslachtsnaam", "uitkeringen"])
                self.assertEqual(status, "gevonden", answer)
                self.assertEqual([b["omschrijving"] for b in answer["dossier"]["uitkeringen"]], [text, text])

    def test_stopping_lets_go(self):
        with self.gateway() as gateway:
            self.ask(gateway, self.clients[0])
            self.assertEqual(gateway.stop(), 0)
        while self.connections() > 0:
            pass


@unittest.skipUnless(DRIVER.exists(), "SKIPPED: odbc-postgresql is not installed")
class OverOdbc(Database):
    """The same through a driver of somebody else's, with the same system calls and files."""
    odbc = True


if __name__ == "__main__":
    if postgres.find_programs() is None:
        print("SKIPPED: PostgreSQL is not installed")
        sys.exit(0)
    unittest.main()
