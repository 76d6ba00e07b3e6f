#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A real issuer of access tokens (npm oidc-provider) and the gateway: plain, certificate-bound, DPoP-bound and
opaque tokens; keys that rotate, and an issuer that goes down and comes back, while questions come in.

    test_issuer.py PROGRAM WORK      (npm installs in WORK, once)
"""
import base64
import fcntl
import http.client
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "support"))
import ports  # noqa: E402
import running  # noqa: E402

SKIPPED = 77
PROGRAM, WORK = sys.argv[1], pathlib.Path(sys.argv[2])
SCRIPTS = ("issuer.js", "client.js", "partner.js")
PACKAGES = "no node and npm to run oidc-provider with"
OIN = "00000001830000001000"
QUESTION = {"burgerservicenummer": "999910061", "doel": "participatiewet-intake", "zaakkenmerk": "Z-1"}
PUBLIC = "https://poort.example.nl"


def install():
    WORK.mkdir(parents=True, exist_ok=True)
    with open(WORK / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in SCRIPTS:  # at once, since a test beside this one may be about to run the old one
            shutil.copy(HERE / name, WORK / f"{name}.new")
            os.replace(WORK / f"{name}.new", WORK / name)
        if (WORK / "node_modules" / "oidc-provider").exists():
            return None
        if shutil.which("npm") is None or shutil.which("node") is None:
            return PACKAGES
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, WORK / name)
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=WORK,
                              capture_output=True, text=True, check=False)
        return None if done.returncode == 0 else f"npm cannot give oidc-provider: {done.stderr.strip()[-300:]}"


def start_node(script, *words, log, **environment):
    """The process, once it has said that it is ready; what it complains of is in the file `log`."""
    with open(log, "ab") as complaints:
        process = subprocess.Popen(["node", str(WORK / script), *map(str, words)], stdout=subprocess.PIPE, stderr=complaints,
                                   cwd=WORK, text=True, env={**os.environ, **environment})
    for line in process.stdout:
        if line.strip() == "ready":
            return process
    raise RuntimeError(f"{script} ended with code {process.wait()} before it was ready: {log.read_text(errors='replace')}")


class Issuer:
    def __init__(self, home, pki, *more):
        self.home = pathlib.Path(home)
        self.pki = pki
        self.port = ports.take()
        self.url = f"https://localhost:{self.port}"
        self.process = None
        self.more = more

    def start(self, keys="keys.json"):
        self.process = start_node("issuer.js", self.port, self.home / keys, self.pki / "server.pem", self.pki / "server.key",
                                  self.pki / "root.pem", *self.more, log=self.home / "issuer.log")

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def token(self, client, certificate=None):
        request = urllib.request.Request(
            f"{self.url}/token", method="POST",
            data=urllib.parse.urlencode({"grant_type": "client_credentials", "scope": "dossiers"}).encode())
        secret = base64.b64encode(f"{client}:geheim-van-{client}".encode()).decode()
        request.add_header("Authorization", f"Basic {secret}")
        if certificate:
            request.add_header("X-Certificate", base64.b64encode(certificate).decode())
        context = ssl.create_default_context(cafile=str(self.pki / "root.pem"))
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            return json.load(answer)["access_token"]


def header_of(token):
    part = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class WithIssuer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory(prefix="ketenpoort-issuer-")
        cls.pki = pathlib.Path(cls.home.name) / "pki"
        subprocess.run([PROGRAM, "dev-pki", str(cls.pki)], check=True, stdout=subprocess.DEVNULL)
        cls.issuer = Issuer(cls.home.name, cls.pki)
        cls.issuer.start()
        cls.tls_port = ports.take()
        cls.gateway = running.Gateway(PROGRAM, change=cls.configure)

    @classmethod
    def tearDownClass(cls):
        cls.gateway.close()
        cls.issuer.stop()
        cls.home.cleanup()

    @classmethod
    def configure(cls, config):
        config["listeners"].append({"host": "127.0.0.1", "port": cls.tls_port, "tls": {
            "certificates": [{"certificate": str(cls.pki / "server.pem"), "key": str(cls.pki / "server.key")}],
            "clients": "optional", "anchors": str(cls.pki / "root.pem"), "crls": [str(cls.pki / "crls.pem")]}})
        config["identity"] = {"public_url": PUBLIC, "proof_nonce": True}
        secret = pathlib.Path(cls.home.name) / "inlog"
        secret.touch(mode=0o600)
        secret.write_text("geheim-van-poort")
        config["secrets"]["inlog"] = {"file": str(secret)}
        config["issuers"] = [{
            "issuer": cls.issuer.url, "keys": {"discovery": "oidc"}, "trust_anchor": str(cls.pki / "root.pem"),
            "audiences": ["urn:ketenpoort"],
            "organisations": [OIN], "organisation_claim": "oin", "employee_claim": "act.sub",
            "roles_claim": "rollen", "roles": {"KM": "klantmanager"}, "binding": "optional",
            "refetch_s": 1, "refresh_s": 3600, "keys_age_max_s": 3600, "timeout_ms": 1000,
            "introspection": {"url": f"{cls.issuer.url}/token/introspection", "client_id": "poort",
                              "secret": "inlog", "cache_s": 30}}]

    def ask(self, token, scheme="Bearer", context=None):
        if context:
            connection = http.client.HTTPSConnection("localhost", self.tls_port, context=context, timeout=20)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=20)
        try:
            connection.request("POST", "/v1/dossiers/_zoek", json.dumps(QUESTION),
                               {"Content-Type": "application/json", "Authorization": f"{scheme} {token}"})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def certificate(self, name):
        pem = (self.pki / "clients" / f"{name}.pem").read_text()
        first = pem[pem.index("-----BEGIN"):pem.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----\n"
        return ssl.PEM_cert_to_DER_cert(first)

    def context(self, name=None):
        context = ssl.create_default_context(cafile=str(self.pki / "root.pem"))
        if name:
            context.load_cert_chain(self.pki / "clients" / f"{name}.pem", self.pki / "clients" / f"{name}.key")
        return context


class Tokens(WithIssuer):
    def test_two_algorithms(self):
        for client, algorithm in (("plain", "PS256"), ("es256", "ES256")):
            token = self.issuer.token(client)
            self.assertEqual(header_of(token)["alg"], algorithm)
            self.assertEqual(header_of(token)["typ"], "at+jwt")
            self.assertEqual(self.ask(token), 200)
            self.assertEqual(self.ask(token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]), 401)

    def test_an_opaque_token_is_asked_about(self):
        token = self.issuer.token("opaque")
        self.assertNotIn(".", token)
        self.assertEqual(self.ask(token), 200)
        self.assertEqual(self.ask("x" * len(token)), 401)

    def test_bound_to_a_certificate(self):
        token = self.issuer.token("bound", self.certificate(OIN))
        self.assertEqual(self.ask(token), 401)
        self.assertEqual(self.ask(token, context=self.context()), 401)
        self.assertEqual(self.ask(token, context=self.context(OIN)), 200)
        others = [path.stem for path in (self.pki / "clients").glob("*.pem") if path.stem != OIN]
        self.assertTrue(others)
        self.assertEqual(self.ask(token, context=self.context(others[0])), 401)

    def client(self, count):
        done = subprocess.run(["node", str(WORK / "client.js"), self.issuer.url,
                               f"http://127.0.0.1:{self.gateway.port}", PUBLIC, str(count)], input=json.dumps(QUESTION),
                              capture_output=True, text=True, cwd=WORK, check=False, timeout=60,
                              env={**os.environ, "NODE_EXTRA_CA_CERTS": str(self.pki / "root.pem")})
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def query(self, *more):
        """The exit status of `ketenpoort query`, and what it said."""
        done = subprocess.run([PROGRAM, "query", "-g", f"http://127.0.0.1:{self.gateway.port}", "--doel", QUESTION["doel"],
                               "-z", QUESTION["zaakkenmerk"], "--bsn-file", "-", "--json", *map(str, more)],
                              input=QUESTION["burgerservicenummer"] + "\n", capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def test_our_own_client_proves_its_key(self):
        given, folder = self.client(0), pathlib.Path(self.home.name)
        token, key, other = folder / "token", folder / "key.pem", folder / "other.pem"
        token.write_text(given["token"] + "\n")
        key.write_text(given["key"])
        other.write_text(self.client(0)["key"])
        for _ in range(2):  # each time a proof of its own, and the nonce that the gateway asks for
            code, said = self.query("--token-file", token, "--dpop-key-file", key, "--dpop-url", PUBLIC)
            self.assertIn(code, (0, 3), said)
            self.assertIn('"volledig"', said)
        refused = 5
        self.assertEqual(self.query("--token-file", token, "--dpop-key-file", other, "--dpop-url", PUBLIC)[0], refused)
        self.assertEqual(self.query("--token-file", token, "--dpop-key-file", key)[0], refused)  # proofs name another address
        self.assertEqual(self.query("--token-file", token)[0], refused)
        code, said = self.query("--dpop-key-file", key)
        self.assertEqual(code, 2)
        self.assertIn("--token-file", said)
        code, said = self.query("--token-file", token, "--dpop-key-file", token)
        self.assertEqual(code, 2)
        self.assertIn("no private key", said)

    def test_bound_to_a_key(self):
        said = self.client(6)
        self.assertEqual(said["fresh"], [200] * 6)
        self.assertGreaterEqual(said["nonces"], 1)
        self.assertEqual(said["again"][0], 401)
        self.assertIn("DPoP", said["again"][1])
        self.assertEqual(said["bearer"], 401)


class CertificateForSecret(WithIssuer):
    """The gateway is a client of the issuer that has a certificate and no secret."""

    @classmethod
    def configure(cls, config):
        super().configure(config)
        own = cls.pki / "clients" / OIN
        issuer = config["issuers"][0]
        issuer.update(certificate=f"{own}.pem", key=f"{own}.key")
        issuer["introspection"]["client_id"] = "showing"
        del issuer["introspection"]["secret"], config["secrets"]["inlog"]

    def test_an_opaque_token_is_asked_about(self):
        token = self.issuer.token("opaque")
        self.assertEqual(self.ask(token), 200)
        self.assertEqual(self.ask("x" * len(token)), 401)


class CertificateOfAnother(CertificateForSecret):
    @classmethod
    def configure(cls, config):
        super().configure(config)
        other = next(path for path in sorted((cls.pki / "clients").glob("*.pem")) if path.stem != OIN)
        config["issuers"][0].update(certificate=str(other), key=str(other.with_suffix(".key")))

    def test_an_opaque_token_is_asked_about(self):
        """The issuer does not know us, and says nothing of the token."""
        self.assertNotEqual(self.ask(self.issuer.token("opaque")), 200)


class Outages(WithIssuer):
    """Questions go on from one thread while the issuer does what issuers do."""

    def setUp(self):
        self.statuses = []
        self.token = self.issuer.token("plain")
        self.asking = True
        self.thread = threading.Thread(target=self.go_on)
        self.thread.start()

    def tearDown(self):
        self.asking = False
        self.thread.join()

    def go_on(self):
        while self.asking:
            self.statuses.append(self.ask(self.token))

    def wait_for_more(self, count=20):
        aim = len(self.statuses) + count
        running.wait_until(lambda: len(self.statuses) >= aim, lambda: f"{self.statuses[-10:]}: nothing more is answered", 30)

    def test_rotation_and_outage(self):
        self.wait_for_more()
        self.issuer.stop()  # gone: the keys that are known serve on
        self.wait_for_more()
        self.assertEqual(set(self.statuses), {200})
        self.issuer.start("rotated.json")
        fresh = self.issuer.token("es256")
        # At most one fetch a second and loop.
        running.wait_until(lambda: self.ask(fresh) == 200, "the new keys were never fetched")
        self.token = fresh
        self.wait_for_more()
        self.assertEqual(set(self.statuses[-10:]), {200})
        self.assertLessEqual(set(self.statuses), {200, 401, 503})
        self.issuer.stop()
        self.wait_for_more()
        self.assertEqual(set(self.statuses[-10:]), {200})
        self.issuer.start("rotated.json")


if __name__ == "__main__":
    WHY = install()
    if WHY:
        print(f"SKIPPED: {WHY}")
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1])
