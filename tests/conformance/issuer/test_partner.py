#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A partner that wants tokens of a real issuer (npm oidc-provider), and the gateway that gets them: with a secret, with an
assertion our key signs, with our certificate, to which the token is then bound; and an issuer that goes away.

    test_partner.py PROGRAM WORK      (npm installs in WORK, once)
"""
import contextlib
import json
import os
import pathlib
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

import test_issuer
from test_issuer import OIN, PROGRAM, ports, running

FIELD = {"velden": ["uitkeringen.wet"], "zaakkenmerk": "Z-1"}
BSN = "999910061"
MODULE = pathlib.Path("/usr/lib/softhsm/libsofthsm2.so")
ENGINE = list(pathlib.Path("/usr/lib").glob("*/engines-3/pkcs11.so"))


class Partner:
    """partner.js; what it says of each question is in `asked`."""

    def __init__(self, issuer, pki):
        self.port = ports.take()
        self.url = f"https://localhost:{self.port}"
        self.process = test_issuer.start_node(
            "partner.js", self.port, issuer.url, pki / "server.pem", pki / "server.key", pki / "root.pem",
            log=issuer.home / "partner.log", NODE_EXTRA_CA_CERTS=str(pki / "root.pem"))
        self.asked = queue.Queue()
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()

    def listen(self):
        for line in self.process.stdout:
            self.asked.put(json.loads(line))

    def take(self, count):
        return [self.asked.get(timeout=10) for _ in range(count)]

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.thread.join()
        self.process.stdout.close()


class WithPartner(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory(prefix="ketenpoort-partner-")
        folder = pathlib.Path(cls.home.name)
        cls.pki = folder / "pki"
        subprocess.run([PROGRAM, "dev-pki", str(cls.pki)], check=True, stdout=subprocess.DEVNULL)
        cls.keys = {"p256": cls.pki / "clients" / f"{OIN}.key", "rsa": cls.pki / "server-rsa.key"}
        clients = folder / "clients.json"
        clients.write_text(json.dumps([{"client_id": name, "key_id": f"sleutel-{name}", "key_file": str(path)}
                                       for name, path in cls.keys.items()]))
        cls.issuer = test_issuer.Issuer(cls.home.name, cls.pki, str(clients))
        cls.issuer.start()
        cls.partner = Partner(cls.issuer, cls.pki)
        cls.gateway = running.Gateway(PROGRAM, change=cls.configure)

    @classmethod
    def tearDownClass(cls):
        cls.gateway.close()
        cls.partner.stop()
        cls.issuer.stop()
        cls.home.cleanup()

    @classmethod
    def configure(cls, config):
        config["server"] = {**config.get("server", {}), "loops": 1}
        for name in ("plain", "posting"):
            secret = pathlib.Path(cls.home.name) / name
            secret.touch(mode=0o600)
            secret.write_text(f"geheim-van-{name}")
            config["secrets"][f"geheim-{name}"] = {"file": str(secret)}

    def access(self, client, authentication, secret=None, certificate=OIN, token_members=None):
        own = self.pki / "clients" / str(certificate)
        access = {"kind": "oauth2", "anchor_file": str(self.pki / "root.pem"),
                  "token": {"endpoint": f"{self.issuer.url}/token", "client_id": client, "authentication": authentication,
                            "scope": "dossiers", "assertion_audience": self.issuer.url, **(token_members or {})}}
        if secret:
            access["secret"] = secret
        if certificate:
            access.update(certificate_file=f"{own}.pem", key_file=f"{own}.key")
        return access

    def use(self, access):
        path = self.gateway.folder / "sources" / "uwv.json"
        manifest = json.loads(path.read_text())
        manifest.update(endpoint=self.partner.url, access=access, limits={"time_ms": 10000})
        manifest["request"]["body"]["zaak"] = "{zaak}"
        path.write_text(json.dumps(manifest))
        self.gateway.reload()

    def ask(self, **members):
        status, answer = self.gateway.ask(BSN, **{**FIELD, **members})
        self.assertEqual(status, 200)
        return next(source for source in answer["bronnen"] if source["bron"] == "uwv")

    def ask_once(self, **members):
        """Found, and what the partner says of it."""
        self.assertEqual(self.ask(**members)["status"], "gevonden")
        return self.partner.take(1)[0]

    def ask_twice(self, client, bound):
        first, second = self.ask_once(), self.ask_once()
        self.assertEqual((first["status"], first["client"], first["bound"]), (200, client, bound))
        self.assertEqual(first["digest"], second["digest"], "one token for both")


class Tokens(WithPartner):
    def test_a_secret(self):
        self.use(self.access("plain", "client_secret_basic", "geheim-plain", certificate=None))
        self.ask_twice("plain", bound=False)
        self.use(self.access("posting", "client_secret_post", "geheim-posting", certificate=None))
        self.ask_twice("posting", bound=False)

    def test_an_assertion(self):
        for client, algorithm in (("p256", None), ("p256", "ES256"), ("rsa", None), ("rsa", "PS256"), ("rsa", "RS256")):
            with self.subTest(client=client, algorithm=algorithm):
                members = {"key_file": str(self.keys[client]), "key_id": f"sleutel-{client}"}
                if algorithm:
                    members["algorithm"] = algorithm
                self.use(self.access(client, "private_key_jwt", certificate=None, token_members=members))
                self.ask_twice(client, bound=False)

    def test_an_assertion_of_another_key(self):
        self.use(self.access("p256", "private_key_jwt", certificate=None,
                             token_members={"key_file": str(self.keys["rsa"]), "key_id": "sleutel-p256"}))
        said = self.ask()
        self.assertEqual((said["status"], said["reden"]),
                         ("nietBereikt", "het inlogpunt van de bron geeft ons geen toegangsbewijs"))
        self.assertTrue(self.partner.asked.empty())
        self.assertIn("invalid_client", self.gateway.log_text())

    def test_a_certificate_and_a_bound_token(self):
        self.use(self.access("showing", "tls_client_auth"))
        self.ask_twice("showing", bound=False)
        self.use(self.access("tied", "tls_client_auth"))
        self.ask_twice("tied", bound=True)
        other = next(path.stem for path in sorted((self.pki / "clients").glob("*.pem")) if path.stem != OIN)
        self.use(self.access("tied", "tls_client_auth", certificate=other))
        self.assertEqual(self.ask()["status"], "nietBereikt")

    def test_a_revoked_token(self):
        self.use(self.access("tied", "tls_client_auth"))
        self.assertEqual(self.ask(zaakkenmerk="Z-INTREKKEN")["status"], "gevonden")
        self.assertEqual(self.ask()["status"], "gevonden")
        self.assertEqual([asked["status"] for asked in self.partner.take(3)], [200, 401, 200])

    def test_an_issuer_that_is_away(self):
        self.use(self.access("tied", "tls_client_auth"))
        self.ask_once()
        self.issuer.stop()
        try:
            self.ask_once()  # the token is good
            self.use(self.access("showing", "tls_client_auth"))
            said = self.ask()
            self.assertEqual((said["status"], said["reden"]), ("nietBereikt", "het inlogpunt van de bron is niet bereikt"))
        finally:
            self.issuer.start()
        self.use(self.access("showing", "tls_client_auth"))
        self.ask_once()

    def test_when_what_the_issuer_is_shown_ends(self):
        """/metrics tells when the certificates and anchors of the way to the issuer end, once for each file."""
        anchors = self.pki / "issuer-root.pem"
        anchors.write_bytes((self.pki / "root.pem").read_bytes())
        self.use(self.access("tied", "tls_client_auth", token_members={"anchor_file": str(anchors)}))
        self.ask_once()
        with contextlib.closing(self.gateway.connect()) as connection:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        for file in ("issuer-root.pem", "root.pem", f"{OIN}.pem"):
            found = [line for line in text.splitlines()
                     if line.startswith("ketenpoort_certificate_expiry") and 'of="uwv"' in line and f'file="{file}"' in line]
            self.assertEqual(len(found), 1, (file, text))
        self.assertRegex(text, r'ketenpoort_source_tokens_total\{source="uwv",outcome="given"\} 1\n')

    def test_nothing_of_it_is_logged(self):
        self.use(self.access("plain", "client_secret_basic", "geheim-plain", certificate=None))
        self.ask_once()
        text = self.gateway.log_text()
        self.assertNotIn("eyJ", text)
        self.assertNotIn("geheim-van", text)


@unittest.skipUnless(MODULE.exists() and ENGINE and shutil.which("softhsm2-util"),
                     "SKIPPED: softhsm2 or libengine-pkcs11-openssl is not installed")
class KeysInAToken(WithPartner):
    """The keys that sign never leave a PKCS#11 token."""

    @classmethod
    def setUpClass(cls):
        cls.environment = dict(os.environ)
        cls.tokens = tempfile.TemporaryDirectory(prefix="ketenpoort-tokens-")
        home = pathlib.Path(cls.tokens.name)
        (home / "softhsm2.conf").write_text(f"directories.tokendir = {home}\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(home / "softhsm2.conf")
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.tokens.cleanup()
        os.environ.clear()
        os.environ.update(cls.environment)

    @classmethod
    def configure(cls, config):
        super().configure(config)
        call = ["softhsm2-util", "--token", "poort", "--pin", "4711"]
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "poort", "--pin", "4711", "--so-pin", "4712"],
                       check=True, stdout=subprocess.DEVNULL)
        for number, (name, path) in enumerate(cls.keys.items()):
            subprocess.run([*call, "--import", str(path), "--label", name, "--id", f"0{number}"], check=True,
                           stdout=subprocess.DEVNULL)
        pin = pathlib.Path(cls.tokens.name) / "pin"
        pin.touch(mode=0o600)
        pin.write_text("4711\n")
        config["pkcs11"] = {"module": str(MODULE), "pin_secret": "pin"}
        config["secrets"]["pin"] = {"file": str(pin)}
        config["process"]["writable"] = cls.tokens.name

    def test_assertions(self):
        for client, algorithm in (("p256", "ES256"), ("rsa", "PS256"), ("rsa", "RS256")):
            with self.subTest(client=client, algorithm=algorithm):
                self.use(self.access(client, "private_key_jwt", certificate=None, token_members={
                    "key_file": f"pkcs11:token=poort;object={client};type=private", "key_id": f"sleutel-{client}",
                    "algorithm": algorithm}))
                self.ask_twice(client, bound=False)


if __name__ == "__main__":
    WHY = test_issuer.install()
    if WHY:
        print(f"SKIPPED: {WHY}")
        sys.exit(test_issuer.SKIPPED)
    unittest.main(argv=sys.argv[:1])
