#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Thousands of questions that are answered, refused, broken by partners and left by clients, with reloads in between:
memory and descriptors stay flat after the first round, and at the end nothing is in work. KP_ENDURANCE=20000 asks more."""
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import struct
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import running  # noqa: E402

PROGRAM = running.program_from_arguments()
QUESTIONS = int(os.environ.get("KP_ENDURANCE", "2400"))
ROUNDS, CLIENTS = 6, 4
FAULTS = ("none", "truncated", "reset", "status-500", "other-person", "not-json", "none", "deep", "bad-utf8", "refused")
GROWTH_KIB = 4096


def two_loops(config):
    config.setdefault("server", {})["loops"] = 2


class Endurance(unittest.TestCase):
    def setUp(self):
        self.gateway = running.Gateway(PROGRAM, change=two_loops)
        self.addCleanup(self.gateway.close)
        self.clients = list(running.stand_ins.load_clients())
        self.wrong = []
        self.seen = {}

    def resident_kib(self):
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{self.gateway.process.pid}/status").read_text())[1])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.gateway.process.pid}/fd"))

    def leave(self, bsn, number):
        body = json.dumps({"burgerservicenummer": bsn, "doel": "participatiewet-intake"}).encode()
        head = "".join(f"{name}: {value}\r\n" for name, value in self.gateway.headers().items())
        with socket.create_connection(("127.0.0.1", self.gateway.port), 10) as peer:
            peer.sendall(f"POST /v1/dossiers/_zoek HTTP/1.1\r\nHost: a\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            time.sleep(number % 5 * 0.001)  # each leaves at another moment
            if number % 2:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def one(self, connection, number):
        bsn, kind = self.clients[number % len(self.clients)], number % 16
        if kind == 3:
            self.leave(bsn, number)
            return
        headers = self.gateway.headers()
        members = {"budgetMs": 1000}
        if kind == 5:
            headers["x-rollen"] = "niemand"
        elif kind == 7:
            members["onbekend"] = [1] * 50
        elif kind == 9:
            headers["Prefer"] = "handling=dry-run"
        elif kind == 11:
            members["velden"] = ["persoon.naam"]
        status, answer = self.gateway.ask(bsn, connection=connection, headers=headers, **members)
        self.seen[status] = self.seen.get(status, 0) + 1
        if status == 200 and "dossier" in answer:
            other = {s for s in self.clients if s != bsn and s in json.dumps(answer["dossier"].get("persoon", {}))}
            if other or status == 200 and bsn not in json.dumps(answer) and any(
                    s["bron"] == "brp" and s["status"] == "gevonden" for s in answer["bronnen"]) and kind not in (9, 11):
                self.wrong.append((bsn, other, kind))

    def round(self, first):
        def work(index):
            try:
                with contextlib.closing(self.gateway.connect()) as connection:
                    for number in range(first + index, first + QUESTIONS // ROUNDS, CLIENTS):
                        self.one(connection, number)
            except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to
                self.wrong.append(repr(error))
        threads = [threading.Thread(target=work, args=(index,)) for index in range(CLIENTS)]
        for thread in threads:
            thread.start()
        at = 0
        while any(thread.is_alive() for thread in threads):
            self.gateway.partners["uwv"].fault(FAULTS[at % len(FAULTS)])
            self.gateway.partners["svb"].fault(FAULTS[(at + 3) % len(FAULTS)])
            if at % 4 == 0:
                self.gateway.process.send_signal(signal.SIGHUP)
            at += 1
            time.sleep(0.15)  # how long a fault lasts
        for name in ("uwv", "svb"):
            self.gateway.partners[name].fault("none")
        for thread in threads:
            thread.join()

    def test_endurance(self):
        levels = []
        for number in range(ROUNDS):
            self.round(number * QUESTIONS)
            self.assertIsNone(self.gateway.process.poll(), self.gateway.log_text()[-3000:])
            self.gateway.wait_until_idle()
            levels.append((self.resident_kib(), self.descriptors()))
        print(f"{QUESTIONS} questions: {self.seen}; KiB and descriptors after each round: {levels}")
        self.assertEqual(self.wrong, [])
        self.assertTrue({200, 400, 403} <= set(self.seen), self.seen)
        if "asan" not in PROGRAM and "tsan" not in PROGRAM:  # they keep what is freed
            self.assertLess(levels[-1][0] - levels[1][0], GROWTH_KIB, levels)
        self.assertLess(levels[-1][1] - levels[1][1], 16, levels)
        self.assertEqual(self.gateway.gauge("queries"), 0)
        self.assertEqual(self.gateway.stop(), 0, self.gateway.log_text()[-3000:])
        self.assertNotIn("Sanitizer", self.gateway.log_text())


if __name__ == "__main__":
    unittest.main()
