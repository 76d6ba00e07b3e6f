#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Without a durable record nobody is asked and nothing answered; a configuration that does not check changes nothing."""
import contextlib
import pathlib
import resource
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import running  # noqa: E402

PROGRAM = running.program_from_arguments()
BSN = list(running.stand_ins.load_clients())[0]


class FailClosed(unittest.TestCase):
    def setUp(self):
        self.gateway = running.Gateway(PROGRAM)
        self.addCleanup(self.gateway.close)

    def ask(self):
        with contextlib.closing(self.gateway.connect()) as connection:
            return self.gateway.ask(BSN, connection=connection)

    def get(self, path):
        with contextlib.closing(self.gateway.connect()) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def asked(self):
        return sum(partner.asked() for partner in self.gateway.partners.values())

    def test_disk_full(self):
        self.assertEqual(self.ask()[0], 200)
        journal = max(p.stat().st_size for p in (self.gateway.folder / "journal").iterdir())
        pid = self.gateway.process.pid
        # The journal may grow by half a record more: the write breaks off in the middle.
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (journal + 700, resource.RLIM_INFINITY))
        statuses = []
        for _ in range(8):
            before = self.asked()
            status, answer = self.ask()
            statuses.append(status)
            if status != 200:
                self.assertEqual(self.asked(), before, "a partner was asked without a record")
                self.assertNotIn("dossier", answer)
        self.assertEqual(statuses[-1], 503, statuses)
        self.assertEqual(self.get("/health/ready")[0], 503)
        self.assertIsNone(self.gateway.process.poll())
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.gateway.stop()
        # What was acknowledged is there, and a fresh start goes on behind it.
        self.gateway.start()
        self.assertEqual(self.ask()[0], 200)
        self.assertEqual(self.get("/health/ready")[0], 200)

    def test_policies_gone(self):
        version = self.ask()[1]["verantwoording"]["beleidsversie"]
        (self.gateway.folder / "policies").rename(self.gateway.folder / "elsewhere")
        self.gateway.reload()
        status, answer = self.ask()
        self.assertEqual((status, answer["verantwoording"]["beleidsversie"]), (200, version))
        (self.gateway.folder / "policies").mkdir()
        self.gateway.reload()
        status, answer = self.ask()
        self.assertEqual((status, answer["verantwoording"]["beleidsversie"]), (200, version))
        self.assertEqual(self.gateway.stop(), 0)
        with self.assertRaises(RuntimeError):
            self.gateway.start()

    def test_secret_unreadable(self):
        secret = self.gateway.folder / "secrets" / "brp-sleutel"
        for spoil in (lambda: secret.chmod(0o644), secret.unlink, lambda: secret.mkdir()):
            with self.subTest():
                spoil()
                self.gateway.reload()
                status, answer = self.ask()
                self.assertEqual(status, 200)
                self.assertEqual({s["bron"]: s["status"] for s in answer["bronnen"]}["brp"], "gevonden")
        self.assertNotIn("demo-sleutel", self.gateway.log_text())

    def test_pseudonym_key_gone(self):
        key = next((self.gateway.folder / "secrets").glob("pseudonym*"))
        key.write_text("{}")
        self.gateway.reload()
        self.assertEqual(self.ask()[0], 200)

    def test_manifest_spoiled(self):
        manifest = self.gateway.folder / "sources" / "brp.json"
        manifest.write_text(manifest.read_text().replace('"subject": "burgerservicenummer",', ""))
        self.gateway.reload()
        status, answer = self.ask()
        self.assertEqual(status, 200)
        self.assertEqual({s["bron"]: s["status"] for s in answer["bronnen"]}["brp"], "gevonden")


if __name__ == "__main__":
    unittest.main()
