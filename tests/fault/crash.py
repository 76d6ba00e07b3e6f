#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A gateway killed at random moments under load loses no acknowledged record: every answer's logIndex has its record after the
restart, the indexes have no gap and no duplicate, and the journal verifies."""
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import running  # noqa: E402

PROGRAM = running.program_from_arguments()
SECONDS = float(os.environ.get("KP_CRASH_SECONDS", "40"))
ASKERS = 4


class Load:
    """Threads that ask until the gateway is gone; what was acknowledged stays in `answered`."""

    def __init__(self, gateway, clients, answered):
        self.gateway, self.clients, self.answered = gateway, clients, answered
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.ask, args=(number,)) for number in range(ASKERS)]
        for thread in self.threads:
            thread.start()

    def ask(self, number):
        connection = self.gateway.connect()
        while not self.ended.is_set():
            bsn = self.clients[random.randrange(len(self.clients))]
            try:
                status, answer = self.gateway.ask(bsn, connection=connection)
            except (OSError, ValueError, running.http.client.HTTPException):
                return
            if status == 200:
                account = answer["verantwoording"]
                self.answered.append((account["logIndex"], account["traceId"]))

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(30)


class Crash(unittest.TestCase):
    def ketenpoort(self, *arguments):
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def check_journal(self, gateway, answered, log_index_max):
        journal = next(gateway.folder.rglob("*.journal"))
        self.ketenpoort("audit", "verify", str(journal))
        records = {}
        for line in self.ketenpoort("audit", "show", "--json", str(journal)).splitlines():
            entry = json.loads(line)
            self.assertEqual(entry["index"], len(records), "an index is missing or comes twice")
            records[entry["index"]] = entry["record"]
        self.assertGreaterEqual(len(records), log_index_max)
        for index, trace in answered:
            self.assertIn(index, records, "an answer was given and its record is gone")
            self.assertEqual(records[index]["type"], "intent")
            self.assertEqual(records[index]["origin"]["traceId"], trace)
        return len(records)

    def test_kill_at_any_moment(self):
        seed = int(os.environ.get("KP_CRASH_SEED", str(random.randrange(1 << 32))))
        print(f"KP_CRASH_SEED={seed}", flush=True)
        random.seed(seed)
        clients = list(running.stand_ins.load_clients())
        until = time.monotonic() + SECONDS
        rounds = count = 0
        answered = []
        with running.Gateway(PROGRAM) as gateway:
            while time.monotonic() < until:
                load = Load(gateway, clients, answered)
                time.sleep(random.uniform(0.01, 0.8))  # the moment at which it is killed
                gateway.stop(signal.SIGKILL)
                load.stop()
                count = self.check_journal(gateway, answered, count)
                gateway.start()
                rounds += 1
            status, answer = gateway.ask(clients[0])
            self.assertEqual(status, 200)
            answered.append((answer["verantwoording"]["logIndex"], answer["verantwoording"]["traceId"]))
            self.assertEqual(gateway.stop(), 0)
            count = self.check_journal(gateway, answered, count)
        print(f"{rounds} kills, {len(answered)} acknowledged answers, {count} records", flush=True)
        self.assertGreater(rounds, 3)
        self.assertGreater(len(answered), 50)


if __name__ == "__main__":
    unittest.main()
