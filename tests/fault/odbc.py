#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A gateway with an ODBC driver that never comes back, whatever the call it is in. It costs its own section, no more threads
than agreed, and not the end of the process.

    odbc.py DRIVER PROGRAM
"""
import contextlib
import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import running  # noqa: E402

PROGRAM = running.program_from_arguments()
DRIVER = os.path.abspath(sys.argv.pop())
CONCURRENT = 2
OIN = {"svb": "00000001820000032000", "uwv": "00000001820000018000"}
CALLS = ("SQLDriverConnect", "SQLPrepare", "SQLExecute", "SQLFetch", "SQLGetData", "SQLEndTran", "SQLExecute,SQLCancel", "SQLDisconnect")


def manifest(source, **limits):
    return {
        "source": source, "organisation": {"oin": OIN[source], "name": "Proefdatabase"}, "connector": "sql",
        "endpoint": "odbc:", "access": {"kind": "dsn", "secret": source},
        "limits": {"time_ms": 200, "connect_ms": 100, "concurrent": CONCURRENT, "waiting": 64, **limits},
        "sql": {"queries": {"regeling": "select wet from regeling where bsn = :bsn"}},
        "response": {"subject": None, "lists": {"uitkeringen": {"items": "regeling", "fields": {"uitkeringen.wet": "wet"}}}}}


class Gateway(running.Gateway):
    """`svb` hangs in `calls`, `uwv` has the same driver and does not. The driver has a name in an odbcinst.ini of our own."""
    partner_names = ()

    def __init__(self, calls, **limits):
        self.calls, self.limits = calls, limits
        super().__init__(PROGRAM, change=self.change)

    def change(self, config):
        config["server"] = {**config.get("server", {}), "loops": 1}
        config["process"]["readable"] += f":{os.path.dirname(DRIVER)}"
        for source in ("svb", "uwv"):
            config["secrets"][source] = {"file": f"secrets/{source}"}

    def start(self):
        self.make_gates()
        (self.folder / "odbcinst.ini").write_text(f"[Hangend]\nDriver={DRIVER}\n")
        for source, words in (("svb", f"Hang={self.calls};Gate={self.folder}/gate"), ("uwv", "")):
            secret = self.folder / "secrets" / source
            secret.touch(mode=0o600)
            secret.write_text(f"Driver=Hangend;{words}\n")
            (self.folder / f"sources/{source}.json").write_text(json.dumps(manifest(source, **self.limits)))
        # What a driver that never ends holds at the end is no leak.
        own = {"ODBCSYSINI": str(self.folder), "ASAN_OPTIONS": "detect_leaks=0"}
        kept = {name: os.environ.get(name) for name in own}
        os.environ.update(own)
        try:
            super().start()
        finally:
            for name, value in kept.items():
                os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)

    def ask_both(self, connection=None):
        """How it went with svb and with uwv."""
        status, answer = self.ask("999993653", connection=connection, velden=["uitkeringen"])
        if status != 200:
            raise AssertionError(answer)
        found = {source["bron"]: source["status"] for source in answer["bronnen"]}
        return found["svb"], found["uwv"]

    def threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def gates(self):
        return [self.folder / f"gate.{call}" for call in self.calls.split(",")]

    def make_gates(self):
        for gate in self.gates():
            os.mkfifo(gate)

    def hold(self):
        """Waits until something hangs in each of the calls; it goes on when what is returned is closed."""
        return [os.open(gate, os.O_WRONLY) for gate in self.gates()]

    def let_go(self, held):
        """Nothing hangs any more, now or later."""
        for gate, descriptor in zip(self.gates(), held):
            gate.unlink()
            os.close(descriptor)


class Hanging(unittest.TestCase):
    def hangs(self, calls):
        # Giving a connection back comes after the answer: then there is one to see.
        hanging = ("gevonden", "nietBereikt") if calls == "SQLDisconnect" else ("nietBereikt",)
        with Gateway(calls) as gateway, contextlib.closing(gateway.connect()) as connection:
            before = gateway.threads()
            for question in range(3 * CONCURRENT):
                svb, uwv = gateway.ask_both(connection)
                self.assertIn(svb, hanging)
                self.assertEqual(uwv, "gevonden")
                if question == 0:
                    held = gateway.hold()
            # Each connection is a thread, and so is each attempt to stop one; the source that is well has one too.
            self.assertLessEqual(gateway.threads() - before, 2 * CONCURRENT + 1)
            # Another configuration does not wait for what the old one left.
            gateway.reload()
            self.assertEqual(gateway.ask_both(connection)[1], "gevonden")
            gateway.let_go(held)
            while gateway.ask_both(connection) != ("gevonden", "gevonden"):
                pass
            # And the end does not wait either.
            gateway.make_gates()
            gateway.reload()  # connects anew
            gateway.ask_both(connection)
            held = gateway.hold()
            connection.close()
            self.assertEqual(gateway.stop(), 0)
            gateway.let_go(held)

    def test_every_call(self):
        for calls in CALLS:
            with self.subTest(calls):
                self.hangs(calls)

    def test_who_waits_has_the_place_of_who_was_cancelled(self):
        patience = 30000
        question = json.dumps({"burgerservicenummer": "999993653", "doel": "participatiewet-intake", "velden": ["uitkeringen"],
                               "budgetMs": patience})
        with Gateway("SQLExecute,SQLCancel", concurrent=1, time_ms=patience) as gateway, \
                contextlib.closing(gateway.connect()) as leaving, contextlib.closing(gateway.connect()) as waiting:
            leaving.request("POST", "/v1/dossiers/_zoek", question, gateway.headers())
            executing = os.open(gateway.gates()[0], os.O_WRONLY)
            waiting.request("POST", "/v1/dossiers/_zoek", question, {**gateway.headers(), "Accept": "application/x-ndjson"})
            blocks = waiting.getresponse()
            while b'"uwv"' not in blocks.readline():  # the two are asked together
                pass
            leaving.close()
            cancelling = os.open(gateway.gates()[1], os.O_WRONLY)
            gateway.let_go([executing, cancelling])
            found = next(line for line in blocks if b'"svb"' in line)
            self.assertIn(b'"gevonden"', found)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
