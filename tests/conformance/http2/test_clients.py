#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""HTTP/2 as others speak it: curl, nghttp, h2load and a browser, plain (prior knowledge) and over TLS (ALPN).

usage: test_clients.py [-v] [TEST] PROGRAM
"""
import base64
import hashlib
import json
import pathlib
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tls"))
from tls_rig import PROGRAM, Rig, openssl, run, running  # noqa: E402, F401

BSN = list(running.stand_ins.load_clients())[0]
QUESTION = {"burgerservicenummer": BSN, "doel": "participatiewet-intake"}


def needs(*programs):
    missing = [name for name in programs if not shutil.which(name)]
    return unittest.skipIf(missing, f"SKIPPED: not installed: {', '.join(missing)}")


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = Rig("optional").start()
        cls.gateway = cls.rig.gateway
        cls.question = cls.rig.pki / "question.json"
        cls.question.write_text(json.dumps(QUESTION))

    @classmethod
    def tearDownClass(cls):
        assert cls.gateway.stop() == 0, cls.gateway.log_text()
        assert BSN not in cls.gateway.log_text()
        cls.rig.close()

    def plain(self, path="/v1/dossiers/_zoek"):
        return f"http://127.0.0.1:{self.gateway.port}{path}"

    def fields(self, option="-H"):
        return [part for name, value in self.gateway.headers().items() for part in (option, f"{name}: {value}")]

    def curl(self, *arguments):
        done = run("curl", "-sS", "-i", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        heads, _, body = done.stdout.rpartition(b"\r\n\r\n")
        return heads.decode(), body

    @needs("curl")
    def test_curl(self):
        ask = ["--http2-prior-knowledge", *self.fields(), "-d", f"@{self.question}"]
        head, body = self.curl(*ask, self.plain())
        self.assertTrue(head.startswith("HTTP/2 200"), head)
        for field in ("api-version", "date", "cache-control", "content-type", "content-length"):
            self.assertRegex(head, rf"(?m)^{field}: ")
        self.assertIn("persoon", json.loads(body)["dossier"])
        head, body = self.curl(*ask, "-H", "Accept: application/x-ndjson", self.plain())
        self.assertEqual([json.loads(line)["soort"] for line in body.splitlines()][-1], "slot")
        head, _ = self.curl(*ask, "-H", "Expect: 100-continue", self.plain())
        self.assertRegex(head, r"HTTP/2 100[^\0]*HTTP/2 200")
        head, body = self.curl("--http2-prior-knowledge", "-I", self.plain("/health/live"))
        self.assertEqual((body, head.split()[1]), (b"", "200"))

    @needs("curl")
    def test_curl_is_refused(self):
        known = ["--http2-prior-knowledge", *self.fields()]
        large = self.rig.pki / "large"
        large.write_text("x" * 70000)
        for arguments, path, status in ((["-d", f"@{large}"], "/v1/dossiers/_zoek", "413"),
                                        (["-d", "["], "/v1/dossiers/_zoek", "400"),
                                        ([], "/v1/dossiers/_zoek", "405"), ([], "/nergens", "404"),
                                        (["-H", "Accept: image/png", "-d", "{}"], "/v1/dossiers/_zoek", "406"),
                                        (["-H", "x: " + "y" * 20000], "/health/live", "431"),
                                        ([], "/health/live?" + "y" * 9000, "414")):
            with self.subTest(status=status):
                head, body = self.curl(*known, *arguments, self.plain(path))
                self.assertEqual(head.split()[:2], ["HTTP/2", status])
                self.assertRegex(head, "(?m)^content-type: application/problem\\+json")
                self.assertEqual(json.loads(body)["status"], int(status))

    @needs("nghttp")
    def test_nghttp(self):
        for more in ([], ["-w", "10", "-W", "10"], ["-b", "200"], ["--trailer", "x: y"], ["--no-dep"]):
            with self.subTest(more=more):
                done = run("nghttp", *more, "-d", self.question, *self.fields(), self.plain())
                self.assertIn("persoon", json.loads(done.stdout)["dossier"], done.stderr)

    @needs("h2load")
    def test_h2load(self):
        for url in (self.plain(), self.rig.url("/v1/dossiers/_zoek")):
            done = run("h2load", "-n", "400", "-c", "4", "-m", "25", "-d", self.question, *self.fields(), url)
            self.assertRegex(done.stdout, rb"400 succeeded, 0 failed, 0 errored", done.stderr)
            self.assertRegex(done.stdout, rb"status codes: 400 2xx")
            self.assertRegex(done.stdout, rb"Application protocol: h2")

    @needs("curl")
    def test_over_tls(self):
        """Whoever can gets HTTP/2; who asks for HTTP/1.1 gets that. Without TLS it is not offered by Upgrade."""
        trust = ["--cacert", self.rig.pki / "root.pem"]
        for arguments, version in (([], "HTTP/2"), (["--http2"], "HTTP/2"), (["--http1.1"], "HTTP/1.1")):
            head, body = self.curl(*trust, *arguments, self.rig.url())
            self.assertEqual(head.split()[:2], [version, "200"])
            self.assertEqual(json.loads(body), {"status": "live"})
        head, _ = self.curl("--http2", self.plain("/health/live"))
        self.assertEqual(head.split()[:2], ["HTTP/1.1", "501"])

    @needs("chromium")
    def test_a_browser(self):
        pins = [base64.b64encode(hashlib.sha256(openssl("pkey", "-pubin", "-outform", "DER", input=openssl(
            "x509", "-in", self.rig.pki / f"{name}.pem", "-noout", "-pubkey"))).digest()).decode()
            for name in ("server", "server-rsa")]
        network = self.rig.pki / "network.json"
        done = run("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                   f"--user-data-dir={self.rig.home.name}/browser", f"--log-net-log={network}",
                   f"--ignore-certificate-errors-spki-list={','.join(pins)}", "--dump-dom", self.rig.url())
        self.assertIn(b'"status":"live"', done.stdout, done.stderr)
        self.assertIn(":status: 200", network.read_text(errors="replace"))  # so are heads of HTTP/2 logged


if __name__ == "__main__":
    unittest.main()
