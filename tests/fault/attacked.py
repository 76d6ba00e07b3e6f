# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A gateway that is attacked while honest clients ask: its memory stays under a cap, the honest ones are answered, and
afterwards nothing is left of the attack."""
import contextlib
import json
import pathlib
import re
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import running  # noqa: E402
from http2 import DATA, END_HEADERS, END_STREAM, HEADERS, Peer, frame, request  # noqa: E402

PROGRAM = running.program_from_arguments()
BSN = list(running.stand_ins.load_clients())[0]
CAP = 64 << 20
LEFT = 16 << 20  # what is kept for the next time: chunks of arenas, connections to partners
# A sanitizer keeps what is freed; then the bytes say nothing.
SANITIZED = any(name in pathlib.Path(PROGRAM).read_bytes() for name in (b"__asan_init", b"__tsan_init"))

QUESTION = json.dumps({"burgerservicenummer": BSN, "doel": "participatiewet-intake"}).encode()
ASK = request("POST", "/v1/dossiers/_zoek", ("content-type", "application/json"), ("x-origin-oin", running.MUNICIPALITY),
              ("x-gebruiker", "m.jansen"), ("x-rollen", "klantmanager"))


def streams(count, first=1):
    return range(first, first + 2 * count, 2)


def asks(stream, end=END_STREAM):
    return frame(HEADERS, END_HEADERS, stream, ASK) + frame(DATA, end, stream, QUESTION)


class Attacked(unittest.TestCase):
    limits = None  # changes the configuration

    @classmethod
    def setUpClass(cls):
        def change(config):
            config.setdefault("server", {})["loops"] = 1
            cls.limits(config)
        cls.gateway = running.Gateway(PROGRAM, change=change)
        cls.quiet = cls.memory()

    @classmethod
    def tearDownClass(cls):
        code = cls.gateway.stop()
        log = cls.gateway.log_text()
        cls.gateway.close()
        assert code == 0, f"ended with {code}\n{log[-3000:]}"
        assert BSN not in log, "a client number is in the log"

    @classmethod
    def memory(cls):
        status = pathlib.Path(f"/proc/{cls.gateway.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024

    def honest(self, seen, until):
        """One that keeps its connection (HTTP/2), and one that comes anew each time (HTTP/1.1)."""
        with Peer(self.gateway.port, patience=30) as peer:
            for stream in streams(100000):
                if until.is_set() and len(seen) >= 4:
                    return
                seen.append(peer.say(asks(stream)) and peer.answer(stream))
                with contextlib.closing(self.gateway.connect()) as connection:
                    seen.append(self.gateway.ask(BSN, connection=connection)[0] == 200)

    def under_attack(self, attacks):
        """Runs all of them at once; returns what each gave."""
        before, most, seen, results = self.memory(), 0, [], [None] * len(attacks)
        until = threading.Event()

        def attacker(index):
            results[index] = attacks[index]()

        honest = threading.Thread(target=self.honest, args=(seen, until))
        attackers = [threading.Thread(target=attacker, args=(index,)) for index in range(len(attacks))]
        honest.start()
        for thread in attackers:
            thread.start()
        while any(thread.is_alive() for thread in attackers):
            most = max(most, self.memory())
            time.sleep(0.01)  # how often it is measured
        until.set()
        honest.join(60)
        self.assertFalse(honest.is_alive())
        self.assertTrue(all(seen), f"{seen.count(False)} of {len(seen)} honest questions were not answered")
        if not SANITIZED:
            self.assertLess(most - before, CAP, "memory")
        self.settles()
        return results

    def settles(self):
        """Soon after the end of an attack nothing is in work, no connection is left but the one that asks, who comes anew is
        answered, and the memory is given back."""
        until = time.monotonic() + 20
        self.gateway.wait_until_idle(until - time.monotonic())
        self.assertEqual(self.gateway.ask(BSN)[0], 200)
        # Against the very first: what is left of one attack does not add up with the next.
        running.wait_until(lambda: SANITIZED or self.memory() - self.quiet < LEFT,
                           lambda: f"{self.memory() - self.quiet} bytes are left", until - time.monotonic())
