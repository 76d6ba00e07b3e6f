#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A gateway, confined as it is by default, with drivers of somebody else's inside it: MariaDB's before a real server that is
slow, killed and back, and SQLite's. An unknown system call would end it. (PostgreSQL's is in database.py.)

    drivers.py PROGRAM
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import mariadb  # noqa: E402
import running  # noqa: E402
import sql_partner  # noqa: E402

PROGRAM = running.program_from_arguments()
import canary  # noqa: E402
MARK = "KANARIE-{}-omschrijving-é☃😀"
SQLITE = sql_partner.DRIVERS / "libsqlite3odbc.so"
CLIENTS = list(running.stand_ins.load_clients())


def manifest(query, time_ms=4000):
    return {
        "source": "svb", "organisation": {"oin": "00000001820000032000", "name": "SVB"}, "connector": "sql",
        "endpoint": "odbc:", "access": {"kind": "dsn", "secret": "odbc"},
        "limits": {"time_ms": time_ms, "connect_ms": 3000, "concurrent": 2},
        "sql": {"queries": {"regeling": query}},
        "response": {"subject": "bsn", "lists": {"uitkeringen": {"items": "regeling", "fields": {
            "uitkeringen.wet": "wet", "uitkeringen.bedrag.bruto": "bedrag", "uitkeringen.omschrijving": "omschrijving"}}}}}


class Gateway(running.Gateway):
    partner_names = ()

    def __init__(self, dsn, query, **limits):
        self.dsn, self.query, self.limits = dsn, query, limits
        super().__init__(PROGRAM, change=self.change)

    def change(self, config):
        config["secrets"]["odbc"] = {"file": "secrets/odbc"}
        config["server"] = {**config.get("server", {}), "loops": 1}
        # Nothing but what a gateway sees by default, beside the folder of its configuration.
        config["process"] = {"unknown_calls": "kill"}

    def start(self):
        secret = self.folder / "secrets/odbc"
        secret.touch(mode=0o600)
        secret.write_text(self.dsn(self.folder) + "\n")
        (self.folder / "sources/svb.json").write_text(json.dumps(manifest(self.query, **self.limits)))
        super().start()

    def ask_svb(self, bsn, connection=None, **members):
        """How it went, and the descriptions that came."""
        status, answer = self.ask(bsn, connection=connection, velden=["uitkeringen"], **members)
        if status != 200:
            raise AssertionError((answer, self.log_text()))
        found = next(source["status"] for source in answer["bronnen"] if source["bron"] == "svb")
        return found, [benefit.get("omschrijving") for benefit in answer["dossier"].get("uitkeringen", [])]


def rows(as_row):
    return ",".join(as_row.format(int(bsn), MARK.format(bsn)) for bsn in CLIENTS)


class Drivers(unittest.TestCase):
    def stays_nowhere(self, gateway, ask):
        """Asks of many, and a second later looks for what came."""
        with contextlib.closing(gateway.connect()) as connection:
            for number in range(200):
                bsn = CLIENTS[number % len(CLIENTS)]
                self.assertEqual(ask(gateway, bsn, connection), ("gevonden", [MARK.format(bsn)]))
        time.sleep(1)
        pieces = canary.memory(gateway.process.pid)
        if pieces is None:
            print("SKIPPED: only root may look into the gateway's memory")
        for name, data in pieces or []:
            for mark in (b"KANARIE-", "KANARIE-".encode("utf-16-le")):
                at = data.find(mark)
                self.assertEqual(at, -1, f"in memory ({name}): {data[max(0, at - 80):at + 80]!r}")
        self.assertNotIn("KANARIE-", gateway.log_text())


@unittest.skipIf(mariadb.lacking(), f"SKIPPED: not installed: {mariadb.lacking()}")
class Mariadb(Drivers):
    query = "select bsn, wet, bedrag, omschrijving from regeling where bsn = :bsn"
    slow = "select bsn, wet, bedrag, concat(omschrijving, sleep(30)) as omschrijving from regeling where bsn = :bsn"

    @classmethod
    def setUpClass(cls):
        cls.server = mariadb.Mariadb()
        cls.addClassCleanup(cls.server.close)
        cls.server.sql("create table regeling (bsn int, wet varchar(10), bedrag decimal(10, 2), omschrijving text);"
                       "insert into regeling values " + rows("({}, 'AOW', 1234.50, '{}')") + ";"
                       "grant select on regeling to lezer@'127.0.0.1'")

    def gateway(self, query=None, **limits):
        def dsn(folder):
            shutil.copy(self.server.folder / "ca.pem", folder / "mariadb-ca.pem")
            return self.server.dsn(SSLCA=folder / "mariadb-ca.pem")
        return Gateway(dsn, query or self.query, **limits)

    def processes(self, state="%"):
        return int(self.server.sql(f"select count(*) from information_schema.processlist where user = 'lezer' and state like '{state}'"))

    def sleeps(self):
        return self.processes("User sleep") > 0

    def test_nothing_stays(self):
        with self.gateway() as gateway:
            self.stays_nowhere(gateway, lambda own, bsn, connection: own.ask_svb(bsn, connection))
            running.wait_until(lambda: self.processes() == 0, "a driver's connection is kept")

    def test_a_query_that_lasts_costs_its_section_and_no_more(self):
        with self.gateway(self.slow, time_ms=600) as gateway:
            for _ in range(3):
                self.assertEqual(gateway.ask_svb(CLIENTS[0])[0], "nietBereikt")
            running.wait_until(lambda: not self.sleeps(), "the query goes on", 10)
            self.server.sql("alter table regeling rename weg; create view regeling as select 999993653 as bsn, 'x' as wet, 1 as bedrag, "
                            "'y' as omschrijving from weg where false; grant select on regeling to lezer@'127.0.0.1'")
            self.addCleanup(self.server.sql, "drop view regeling; alter table weg rename regeling")
            self.assertEqual(gateway.ask_svb(CLIENTS[0])[0], "nietsGevonden")

    def test_who_goes_away_leaves_no_query_behind(self):
        """The database is told to stop, long before the time there was."""
        with self.gateway(self.slow, time_ms=60000) as gateway:
            connection = gateway.connect()
            connection.request("POST", "/v1/dossiers/_zoek", json.dumps({
                "burgerservicenummer": CLIENTS[0], "doel": "participatiewet-intake", "velden": ["uitkeringen"], "budgetMs": 30000}),
                gateway.headers())
            running.wait_until(self.sleeps, "the query did not begin")
            connection.close()
            running.wait_until(lambda: not self.sleeps(), "the query goes on", 15)

    def test_connections_that_end_are_made_anew(self):
        with self.gateway() as gateway, contextlib.closing(gateway.connect()) as connection:
            bsn = CLIENTS[0]
            for _ in range(5):
                self.assertEqual(gateway.ask_svb(bsn, connection)[0], "gevonden")
                for number in self.server.sql("select id from information_schema.processlist where user = 'lezer'").split():
                    with contextlib.suppress(RuntimeError):  # it may have gone of itself
                        self.server.sql(f"kill connection {number}")
            self.server.stop(signal.SIGKILL)
            self.assertEqual(gateway.ask_svb(bsn, connection)[0], "nietBereikt")
            self.server.start()
            self.assertEqual(gateway.ask_svb(bsn, connection), ("gevonden", [MARK.format(bsn)]))

    def test_killed_in_the_middle(self):
        with self.gateway(self.slow, time_ms=20000) as gateway:
            outcome = []
            asker = threading.Thread(target=lambda: outcome.append(gateway.ask_svb(CLIENTS[0], budgetMs=20000)[0]))
            asker.start()
            running.wait_until(self.sleeps, "the query did not begin")
            self.server.stop(signal.SIGKILL)
            asker.join()
            self.server.start()
            self.assertEqual(outcome, ["nietBereikt"])
            self.assertEqual(gateway.stop(), 0)


@unittest.skipUnless(SQLITE.exists(), "SKIPPED: libsqliteodbc is not installed")
class Sqlite(Drivers):
    def test_nothing_stays(self):
        def dsn(folder):
            with contextlib.closing(sqlite3.connect(folder / "proef.sqlite")) as database, database:
                database.execute("create table regeling (bsn integer, wet text, bedrag numeric, omschrijving text)")
                database.execute("insert into regeling values " + rows("({}, 'AOW', 1234.50, '{}')"))
            return f"Driver={SQLITE};Database={folder}/proef.sqlite"
        query = "select bsn, wet, bedrag, omschrijving from regeling where bsn = cast(:bsn as integer)"
        with Gateway(dsn, query) as gateway:
            self.stays_nowhere(gateway, lambda own, bsn, connection: own.ask_svb(bsn, connection))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
