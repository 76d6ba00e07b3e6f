#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""`connector doctor` before partners that are wrong in one way each: names, addresses, TLS, certificates, access."""
import base64
import json
import re
import socket
import ssl
import subprocess
import unittest

from doctor_rig import BSN, CATALOGUE, MANIFEST, PROGRAM, ROOT, Authority, DoctorTest, Partner
import ports
from running import wait_for_port


class Doctor(DoctorTest):
    def test_what_was_not_looked_at_is_not_well(self):
        (self.folder / "manifest.json").write_text(json.dumps(MANIFEST))
        done = subprocess.run([PROGRAM, "connector", "doctor", "-c", str(self.folder / "geen.json"), "--json",
                               str(self.folder / "manifest.json")], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        report = json.loads(done.stdout)
        self.assertFalse(report["ok"])
        self.assertIn(f"'{self.folder}/geen.json': ", report["steps"][0]["text"])

    def test_who_names_another_source_or_no_secret_is_told_what_there_is(self):
        subprocess.run([PROGRAM, "init", self.folder / "poort"], check=True, stdout=subprocess.DEVNULL)
        config = self.folder / "poort/gateway.json"
        done = subprocess.run([PROGRAM, "connector", "doctor", "--json", config, "bpr"], capture_output=True, text=True, timeout=60)
        step = json.loads(done.stdout)["steps"][0]
        self.assertEqual((done.returncode, step["status"], step["do"]), (1, "fail", "name a source of the configuration"))
        self.assertRegex(step["text"], "no manifest in .* is of source 'bpr'; there are .*'brp'")
        config.write_text("{")
        done = subprocess.run([PROGRAM, "connector", "doctor", "--json", config, "brp"], capture_output=True, text=True, timeout=60)
        step = json.loads(done.stdout)["steps"][0]
        self.assertIn("gateway.json:1:", step["text"])
        self.assertIn("'ketenpoort check'", step["do"])
        (self.folder / "manifest.json").write_text(json.dumps({**MANIFEST, "endpoint": "https://127.0.0.1:1"}))
        for verb, where in (("doctor", "stdout"), ("try", "stderr")):
            done = subprocess.run([PROGRAM, "connector", verb, "-c", CATALOGUE, self.folder / "manifest.json"], capture_output=True,
                                  text=True, timeout=60, input=BSN)
            self.assertIn("--secret schuldhulp=FILE", getattr(done, where))
            self.assertEqual(done.returncode, 1)

    def test_the_manual_and_the_help_name_what_is_looked_at(self):
        manual = (ROOT / "gateway/man/ketenpoort-connector.1").read_text().replace("\\-", "-")
        named = set(re.findall(r"[a-z.]+", " ".join(re.findall(r"(?m)^\.TP\n\.BR? (.*)", manual.split(".SH NEW")[0]))))
        said = {step for path in (ROOT / "gateway/commands").glob("connector_doctor*.c")
                for step in re.findall(r'KP_DOCTOR_(?:OK|WARN|FAIL),\s*"([a-z.]+)"', path.read_text())}
        self.assertGreater(len(said), 30)
        self.assertEqual(said - named, set())
        done = subprocess.run([PROGRAM, "connector", "doctor", "--help"], capture_output=True, text=True, timeout=60, check=True)
        for what in ("database", "export", "code tables"):
            self.assertIn(what, done.stdout)

    def test_too_many_connectors_is_said_in_the_report(self):
        subprocess.run([PROGRAM, "init", self.folder / "poort"], check=True, stdout=subprocess.DEVNULL)
        config = self.folder / "poort/gateway.json"
        config.write_text(json.dumps({**json.loads(config.read_text()), "plugins": [f"p{i}.so" for i in range(64)]}))
        done = subprocess.run([PROGRAM, "connector", "doctor", "--json", "-l", "nog.so", config, "brp"], capture_output=True, text=True,
                              timeout=60)
        step = json.loads(done.stdout)["steps"][0]
        self.assertEqual((done.returncode, step["status"]), (1, "fail"))
        self.assertIn(f"with the plugins of '{config}' there are more than 64 connectors to load", step["text"])

    def test_a_file_that_is_not_there_is_named(self):
        for words in (("doctor", "/nowhere.json"), ("check", "/nowhere.json"), ("try", "/nowhere.json")):
            done = subprocess.run([PROGRAM, "connector", *words, "-c", CATALOGUE], capture_output=True, text=True, timeout=60, input=BSN)
            self.assertIn("'/nowhere.json': ", done.stderr)

    # A partner that is well.

    def test_a_partner_that_is_well(self):
        steps = self.look_at_certificate(self.authority.issue("well"))
        self.assertEqual(self.said(steps, "fail") | self.said(steps, "warn"), {})
        said = self.said(steps, "ok")
        self.assertLessEqual({"manifest", "dns", "tcp", "tls", "tls.trust", "tls.host", "tls.dates", "http", "clock", "answer",
                              "shape"}, set(said))
        self.assertTrue(said["tls"].startswith("127.0.0.1: TLSv1.3, TLS_AES_256_GCM_SHA384"), said)
        self.assertEqual(said["shape"], "5 of 5 mapped fields came, in 1 items")

    def test_lines_for_people(self):
        with Partner() as partner:
            done = self.run_doctor(f"http://127.0.0.1:{partner.port}", json_form=False)
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertRegex(done.stdout, r"(?m)^ok    dns            127\.0\.0\.1: 127\.0\.0\.1$")
            self.assertRegex(done.stdout, r"(?m)^\d+ steps: 0 fail, 0 warn$")

    def test_without_a_test_client_nobody_is_asked_about(self):
        with Partner() as partner:
            steps = self.look(f"http://127.0.0.1:{partner.port}", ask=False)
            self.assertEqual(partner.asked, [])
        self.assertIn("not looked at", self.said(steps, "ok")["answer"])

    def test_a_source_of_a_configuration(self):
        folder = self.folder / "gateway"
        subprocess.run([PROGRAM, "init", str(folder)], check=True, stdout=subprocess.DEVNULL)
        with Partner() as partner:
            manifest = {**MANIFEST, "endpoint": f"http://127.0.0.1:{partner.port}",
                        "access": {"kind": "bearer", "secret": "schuldhulp"}}
            (folder / "sources/schuldhulp.json").write_text(json.dumps(manifest))
            secret = folder / "secrets/schuldhulp"
            secret.touch(mode=0o600)
            secret.write_text("geheim-van-de-proef\n")
            config = json.loads((folder / "gateway.json").read_text())
            config["secrets"]["schuldhulp"] = {"file": "secrets/schuldhulp"}
            (folder / "gateway.json").write_text(json.dumps(config))
            command = [PROGRAM, "connector", "doctor", "--bsn-file", str(self.folder / "bsn"), str(folder / "gateway.json")]
            done = subprocess.run([*command, "gemeente-schuldhulp"], capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
            self.assertEqual(partner.asked[0][0], "Bearer geheim-van-de-proef")
            other = subprocess.run([*command, "nergens"], capture_output=True, text=True, timeout=60)
            self.assertEqual(other.returncode, 1)
            self.assertIn("is of source 'nergens'", other.stderr)

    # Names and addresses.

    def test_a_name_that_does_not_exist(self):
        steps = self.look("https://bestaat-niet.invalid")
        self.assert_fails(steps, "dns")
        self.assertIn("bestaat-niet.invalid", self.said(steps, "fail")["dns"])

    def test_nobody_listens(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            steps = self.look(f"https://127.0.0.1:{probe.getsockname()[1]}")
        self.assert_fails(steps, "tcp")
        self.assertIn("Connection refused", self.said(steps, "fail")["tcp"])
        self.assertIn("not asked", self.said(steps, "warn")["answer"])

    def test_each_address_is_looked_at(self):
        with Partner(self.authority.issue("each")) as partner:
            steps = self.look(f"https://localhost:{partner.port}")
        tcp = [step["text"] for step in steps if step["step"] == "tcp"]
        addresses = {info[4][0] for info in socket.getaddrinfo("localhost", None, type=socket.SOCK_STREAM)}
        self.assertEqual(len(tcp), len(addresses))

    # Certificates.

    def test_an_expired_certificate(self):
        steps = self.look_at_certificate(self.authority.issue("expired", begin=-30, days=10))
        self.assert_fails(steps, "tls.dates")
        self.assertRegex(self.said(steps, "fail")["tls.dates"], r"'CN=expired' expired on \d{4}-\d\d-\d\d$")

    def test_a_certificate_of_the_future(self):
        steps = self.look_at_certificate(self.authority.issue("future", begin=10, days=30))
        self.assert_fails(steps, "tls.dates")
        self.assertIn("is not valid before", self.said(steps, "fail")["tls.dates"])

    def test_a_certificate_that_ends_soon(self):
        steps = self.look_at_certificate(self.authority.issue("soon", days=8))
        self.assertEqual(list(self.said(steps, "warn")), ["tls.dates"])
        self.assertRegex(self.said(steps, "warn")["tls.dates"], r"in [67] days$")

    def test_a_certificate_for_another_host(self):
        steps = self.look_at_certificate(self.authority.issue("elsewhere", host="DNS:brp.example.nl"))
        self.assert_fails(steps, "tls.host")
        self.assertIn("not for '127.0.0.1'; it names: brp.example.nl", self.said(steps, "fail")["tls.host"])

    def test_a_certificate_that_is_only_for_clients(self):
        steps = self.look_at_certificate(self.authority.issue("client-only", usage="clientAuth"))
        self.assert_fails(steps, "tls.purpose")
        self.assertIn("only for clients", self.said(steps, "fail")["tls.purpose"])

    def test_a_certificate_of_itself(self):
        steps = self.look_at_certificate(self.authority.issue("selfish", own=True))
        self.assert_fails(steps, "tls.trust")
        self.assertIn("signed by itself", self.said(steps, "fail")["tls.trust"])

    def test_another_authority(self):
        other = Authority(self.keys, "andere")
        steps = self.look_at_certificate(other.issue("other"))
        self.assert_fails(steps, "tls.trust")
        self.assertIn("issued by 'CN=Proef andere'", self.said(steps, "fail")["tls.trust"])

    def test_everything_wrong_at_once(self):
        other = Authority(self.keys, "tweede")
        steps = self.look_at_certificate(other.issue("all-wrong", begin=-30, days=10, host="DNS:x.example", usage="clientAuth"))
        self.assert_fails(steps, "tls.trust", "tls.dates", "tls.host", "tls.purpose")

    def test_the_partner_changed_its_key(self):
        pinned = self.authority.issue("pinned")
        with Partner(pinned) as partner:
            steps = self.look(f"https://127.0.0.1:{partner.port}",
                              lambda manifest: manifest["access"].update(pin="sha256//" + "A" * 43 + "="))
            self.assert_fails(steps, "tls.pin")
            key = subprocess.run(f"openssl x509 -in {pinned} -pubkey -noout | openssl pkey -pubin -outform der | "
                                 "openssl dgst -sha256 -binary", shell=True, capture_output=True, check=True).stdout
            pin = "sha256//" + base64.b64encode(key).decode()
            steps = self.look(f"https://127.0.0.1:{partner.port}", lambda manifest: manifest["access"].update(pin=pin))
            self.assert_fails(steps)

    def test_an_old_version_of_tls(self):
        steps = self.look_at_certificate(self.authority.issue("old"), version=ssl.TLSVersion.TLSv1_1)
        self.assertIn("tls", self.said(steps, "fail"))
        self.assertIn("it speaks TLSv1.1", self.said(steps, "fail")["tls"])

    def test_no_tls_at_all(self):
        with Partner() as partner:
            steps = self.look(f"https://127.0.0.1:{partner.port}")
        self.assert_fails(steps, "tls")
        self.assertIn("does not speak TLS", self.said(steps, "fail")["tls"])

    def test_http_where_tls_is_spoken(self):
        with Partner(self.authority.issue("plain")) as partner:
            steps = self.look(f"http://127.0.0.1:{partner.port}")
        self.assert_fails(steps, "http")

    # Our own certificate.

    def own(self, manifest, name):
        manifest["access"].update(certificate_file=str(self.keys / f"{name}.pem"), key_file=str(self.keys / f"{name}.key"))

    def test_the_partner_wants_a_certificate_and_there_is_none(self):
        steps = self.look_at_certificate(self.authority.issue("wants"), anchors=self.keys / "ca.pem")
        self.assert_fails(steps, "tls.client")
        self.assertIn("without the client certificate that was asked for", self.said(steps, "fail")["tls.client"])
        self.assertIn("asks for a client certificate, and the manifest names none", self.said(steps, "warn")["tls.client"])

    def test_our_certificate_is_shown(self):
        self.authority.issue("us", usage="clientAuth", host=None)
        steps = self.look_at_certificate(self.authority.issue("wants2"), lambda manifest: self.own(manifest, "us"),
                                         anchors=self.keys / "ca.pem")
        self.assert_fails(steps)
        self.assertIn("was shown it", self.said(steps, "ok")["tls.client"])

    def test_our_certificate_is_not_for_clients(self):
        self.authority.issue("us-server", usage="serverAuth", host=None)
        steps = self.look_at_certificate(self.authority.issue("wants3"), lambda manifest: self.own(manifest, "us-server"),
                                         anchors=self.keys / "ca.pem")
        self.assertIn("is not meant for clients", self.said(steps, "fail")["certificate"])

    def test_our_certificate_expired(self):
        self.authority.issue("us-old", usage="clientAuth", host=None, begin=-30, days=10)
        steps = self.look_at_certificate(self.authority.issue("wants4"), lambda manifest: self.own(manifest, "us-old"),
                                         anchors=self.keys / "ca.pem")
        self.assertIn("our own certificate 'CN=us-old' expired on", self.said(steps, "fail")["certificate"])
        self.assertIn("after our certificate was shown", self.said(steps, "fail")["tls.client"])

    def test_our_certificate_is_of_an_authority_the_partner_does_not_name(self):
        Authority(self.keys, "derde").issue("us-other", usage="clientAuth", host=None)
        self.authority.issue("wants5")
        port = ports.take()
        # Python's servers name no authorities; openssl's do.
        server = subprocess.Popen(["openssl", "s_server", "-accept", str(port), "-cert", "wants5.pem", "-key", "wants5.key",
                                   "-CAfile", "ca.pem", "-Verify", "2", "-www", "-quiet"], cwd=self.keys,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for_port(port, server)
            steps = self.look(f"https://127.0.0.1:{port}", lambda manifest: self.own(manifest, "us-other"))
        finally:
            server.kill()
            server.wait()
        self.assertIn("the one of ours is not among them", self.said(steps, "warn")["tls.client"])

    # Clocks.

    def test_the_partners_clock(self):
        for shift, level in ((4000, "fail"), (-4000, "fail"), (120, "warn"), (5, "ok")):
            with self.subTest(shift=shift), Partner(shift=shift) as partner:
                steps = self.look(f"http://127.0.0.1:{partner.port}")
                self.assertIn("clock", self.said(steps, level))
                if level == "fail":
                    self.assertIn("ahead of" if shift > 0 else "behind", self.said(steps, level)["clock"])

    # Access.

    def test_a_secret_nobody_knows(self):
        steps = self.access(status=401, answer={"title": "Niet ingelogd"}, headers=[("WWW-Authenticate", "Bearer realm=\"x\"")])
        self.assertIn("does not know the secret 'schuldhulp' (401): Bearer realm=\"x\"", self.said(steps, "fail")["access"])
        self.assertIn("the partner says: Niet ingelogd", json.dumps(steps))

    def test_the_wrong_scheme(self):
        steps = self.access(status=401, answer={}, headers=[("WWW-Authenticate", "Basic realm=\"x\"")])
        self.assertIn("asks for 'Basic realm=\"x\"' and is shown a bearer token", self.said(steps, "fail")["access"])

    def test_no_secret_at_all(self):
        steps = self.access(lambda manifest: manifest.pop("access"), status=401, answer={})
        self.assertIn("shows no secret", self.said(steps, "fail")["access"])

    def test_a_token_that_expired(self):
        parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
                 for part in ({"alg": "ES256"}, {"exp": 1700000000})]
        (self.folder / "token").write_text(".".join([*parts, "c2ln"]))
        steps = self.access(status=401, answer={})
        self.assertIn("expired on 2023-11-14", self.said(steps, "fail")["access"])

    def issued(self, issuer, **options):
        """With a token of an issuer that answers so."""
        with Partner(**issuer) as office:
            return self.access(lambda manifest: manifest.update(access={
                "kind": "oauth2", "secret": "schuldhulp", "token": {
                    "endpoint": f"http://127.0.0.1:{office.port}/token", "client_id": "poort",
                    "authentication": "client_secret_post"}}), **options)

    def test_an_issuer_that_refuses(self):
        steps = self.issued({"status": 401, "answer": {"error": "invalid_client"}})
        self.assertIn("there is no token, so the partner was not asked: the token endpoint answered with status 401, "
                      "invalid_client", self.said(steps, "fail")["access"])
        steps = self.issued({"answer": {"access_token": "x", "token_type": "mac"}})
        self.assertIn("another token_type than Bearer", self.said(steps, "fail")["access"])

    def test_a_token_the_partner_does_not_take(self):
        granted = {"answer": {"access_token": "bewijs-van-de-uitgever", "token_type": "Bearer", "expires_in": 60}}
        steps = self.issued(granted, status=401, answer={}, headers=[("WWW-Authenticate", "Bearer error=\"invalid_token\"")])
        self.assertIn("does not take the token that its issuer gave us (401): Bearer error=\"invalid_token\"",
                      self.said(steps, "fail")["access"])
        self.assertNotIn("bewijs-van-de-uitgever", json.dumps(steps))
        self.assertIn("answer", self.said(self.issued(granted), "ok"))

    def test_a_jwt_of_our_own(self):
        zgw = {"kind": "zgw", "secret": "schuldhulp", "jwt": {"client_id": "poort"}}
        steps = self.access(lambda manifest: manifest.update(access=zgw), status=401, answer={},
                            headers=[("WWW-Authenticate", "Basic")])
        self.assertIn("is shown a JWT of our own", self.said(steps, "fail")["access"])
        self.assertIn("answer", self.said(self.access(lambda manifest: manifest.update(access=zgw)), "ok"))

    def test_a_secret_that_is_missing(self):
        with Partner() as partner:
            steps = self.look(f"http://127.0.0.1:{partner.port}",
                              lambda manifest: manifest["access"].update(secret="anders"))
        self.assertIn("anders", self.said(steps, "fail")["manifest"])
        self.assertIn("http", self.said(steps, "ok"))

    def look_with_token(self, **options):
        """Asks a partner whose issuer answers so."""
        token = Partner(**{"answer": {"access_token": "toegang-van-de-proef", "token_type": "Bearer", "expires_in": 60}, **options})
        with token as issuer, Partner() as partner:
            def change(manifest):
                manifest["access"] = {"kind": "oauth2", "secret": "schuldhulp", "token": {
                    "endpoint": f"http://127.0.0.1:{issuer.port}/token", "client_id": "ketenpoort",
                    "authentication": "client_secret_basic", "time_ms": 2000}}
            return self.look(f"http://127.0.0.1:{partner.port}", change), partner

    def test_a_token_of_an_issuer(self):
        steps, partner = self.look_with_token()
        self.assert_fails(steps)
        self.assertEqual(partner.asked[0][0], "Bearer toegang-van-de-proef")
        self.assertTrue(any(step["text"].startswith("token endpoint: it answers") for step in steps), steps)

    def test_other_refusals(self):
        for status, words in ((403, "does not allow it"), (405, "does not take this method"), (415, "this kind of body"),
                              (429, "more often"), (500, "a fault of its own"), (302, "sent on to elsewhere")):
            with self.subTest(status=status):
                headers = [("Location", "https://elders.example/")] if status == 302 else []
                steps = self.access(status=status, answer={"detail": f"over {BSN}\x1b[2J"}, headers=headers)
                self.assertIn(words, json.dumps(self.said(steps, "fail")))
                self.assertNotIn("\x1b", "".join(step["text"] for step in steps))

    def test_a_client_nobody_knows(self):
        steps = self.access(status=404, answer={})
        self.assertIn("has nothing about this test client", self.said(steps, "warn")["answer"])

    # Use.

    def test_wrong_use(self):
        for words in ([], ["--nergens", "x"], ["a", "b", "c"]):
            done = subprocess.run([PROGRAM, "connector", "doctor", *words], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 2)
        done = subprocess.run([PROGRAM, "connector", "doctor", "--help"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0)
        self.assertIn("--bsn-file", done.stdout)

    def test_no_manifest_at_all(self):
        (self.folder / "leeg.json").write_text("[]")
        done = subprocess.run([PROGRAM, "connector", "doctor", "-c", str(CATALOGUE), str(self.folder / "leeg.json")],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("fail  manifest", done.stdout)


if __name__ == "__main__":
    unittest.main()
