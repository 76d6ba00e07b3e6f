#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""`connector doctor` before partners that are wrong in one way each: real sockets, real TLS, real certificates."""
import base64
import contextlib
import datetime
import email.utils
import hashlib
import http.server
import hashlib
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import warnings

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.path.abspath(sys.argv.pop()) if len(sys.argv) > 1 else str(
    ROOT / ".build/dev/gateway/ketenpoort")
sys.path.insert(0, str(ROOT / "tests/support"))
import ports  # noqa: E402
from running import wait_for_port  # noqa: E402

CATALOGUE = ROOT / "policies/voorbeeld/catalogus.json"
BSN = "999993653"

MANIFEST = {
    "source": "gemeente-schuldhulp",
    "organisation": {"oin": "00000001820000053000", "name": "Kredietbank"},
    "connector": "rest",
    "access": {"kind": "bearer", "secret": "schuldhulp", "anchor_file": "ca.pem"},
    "limits": {"time_ms": 8000, "connect_ms": 4000},
    "idempotent": True,
    "request": {"method": "POST", "target": "/zoek", "body": {"bsn": "{bsn}"}},
    "response": {
        "status": {"404": "nietsGevonden"},
        "subject": "client.bsn",
        "fields": {
            "schuldhulp.status": {"path": "client.traject.stand", "table": "stand"},
            "schuldhulp.datumAanvraag": {"path": "client.traject.aangevraagd", "date": "yyyymmdd"}},
        "lists": {"schulden": {"items": "schulden[]", "fields": {
            "schulden.schuldeiser": "bij", "schulden.bedrag": "open",
            "schulden.datum": {"path": "sinds", "date": "yyyymmdd"}}}}},
    "tables": {"stand": {"L": "lopend", "A": "afgesloten"}},
}
ANSWER = {"client": {"bsn": BSN, "traject": {"stand": "L", "aangevraagd": "20240115"}},
          "schulden": [{"bij": "Energie NV", "open": 1024.76, "sinds": "20230900"}]}


def openssl(*words, folder):
    subprocess.run(["openssl", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Authority:
    """A root and what it issues, with openssl: each certificate wrong in the way asked for."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name = folder, name
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "800", "-subj",
                f"/CN=Proef {name}", "-keyout", f"{name}.key", "-out", f"{name}.pem", folder=folder)

    def issue(self, name, days=365, begin=-1, host="DNS:localhost,IP:127.0.0.1", usage="serverAuth", own=False):
        """begin and days count from now."""
        (self.folder / f"{name}.cnf").write_text(
            (f"subjectAltName={host}\n" if host else "") + f"extendedKeyUsage={usage}\n"
            "basicConstraints=CA:false\nkeyUsage=digitalSignature\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout",
                f"{name}.key", "-out", f"{name}.csr", folder=self.folder)
        now = datetime.datetime.now(datetime.timezone.utc)
        when = [(now + datetime.timedelta(days=day)).strftime("%Y%m%d%H%M%SZ") for day in (begin, begin + days)]
        (self.folder / "index.txt").write_text("")
        (self.folder / "serial").write_text("%x" % time.time_ns())
        (self.folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n"
            "unique_subject=no\n[p]\ncommonName=supplied\n")
        signer = ["-selfsign", "-keyfile", f"{name}.key"] if own else ["-cert", f"{self.name}.pem", "-keyfile",
                                                                      f"{self.name}.key"]
        openssl("ca", "-batch", "-notext", "-config", "ca.cnf", *signer, "-in", f"{name}.csr", "-out", f"{name}.pem",
                "-startdate", when[0], "-enddate", when[1], "-extfile", f"{name}.cnf", folder=self.folder)
        os.chmod(self.folder / f"{name}.key", 0o600)
        return self.folder / f"{name}.pem"


class Partner:
    """Answers over HTTP, with TLS when it is given a certificate."""

    def __init__(self, certificate=None, anchors=None, answer=ANSWER, status=200, headers=(), shift=0, kind="application/json",
                 version=None):
        partner = self
        self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def date_time_string(self, timestamp=None):
                return email.utils.formatdate(time.time() + shift, usegmt=True)

            def log_message(self, *_):
                pass

            def do_HEAD(self):
                self.send_response(405)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                partner.asked.append((self.headers.get("Authorization"), body.decode()))
                text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a doctor that walks away

            def finish_request(self, request, address):
                if certificate:
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    if version:
                        context.set_ciphers("ALL:@SECLEVEL=0")
                        with warnings.catch_warnings():
                            warnings.simplefilter("ignore")  # that it is an old one is the point
                            context.minimum_version = context.maximum_version = version
                    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
                    if anchors:
                        context.load_verify_locations(anchors)
                        context.verify_mode = ssl.CERT_REQUIRED
                    request = context.wrap_socket(request, server_side=True)
                with request:
                    super().finish_request(request, address)
        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Doctor(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.pki = tempfile.TemporaryDirectory(prefix="ketenpoort-doctor-pki-")
        cls.keys = pathlib.Path(cls.pki.name)
        cls.authority = Authority(cls.keys)

    @classmethod
    def tearDownClass(cls):
        cls.pki.cleanup()

    def setUp(self):
        self.home = tempfile.TemporaryDirectory(prefix="ketenpoort-doctor-")
        self.folder = pathlib.Path(self.home.name)
        (self.folder / "ca.pem").write_bytes((self.keys / "ca.pem").read_bytes())
        (self.folder / "token").write_text("geheim-van-de-proef")
        (self.folder / "bsn").write_text(BSN + "\n")

    def tearDown(self):
        self.home.cleanup()

    def run_doctor(self, endpoint, change=None, *words, ask=True, json_form=True):
        manifest = json.loads(json.dumps(MANIFEST))
        manifest["endpoint"] = endpoint
        if not endpoint.startswith("https:"):
            del manifest["access"]["anchor_file"]
        if change:
            change(manifest)
        (self.folder / "manifest.json").write_text(json.dumps(manifest))
        command = [PROGRAM, "connector", "doctor", "-c", str(CATALOGUE), "--secret", f"schuldhulp={self.folder}/token", *words]
        command += ["--bsn-file", str(self.folder / "bsn")] if ask else []
        command += ["--json"] if json_form else []
        done = subprocess.run([*command, str(self.folder / "manifest.json")], capture_output=True, text=True, timeout=60)
        self.assertNotIn(BSN, done.stdout + done.stderr)
        self.assertNotIn("geheim-van-de-proef", done.stdout + done.stderr)
        return done

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

    def test_a_file_that_is_not_there_is_named(self):
        for words in (("doctor", "/nowhere.json"), ("check", "/nowhere.json"), ("try", "/nowhere.json")):
            done = subprocess.run([PROGRAM, "connector", *words, "-c", CATALOGUE], capture_output=True, text=True, timeout=60, input=BSN)
            self.assertIn("'/nowhere.json': ", done.stderr)

    def look(self, endpoint, change=None, *words, **options):
        done = self.run_doctor(endpoint, change, *words, **options)
        report = json.loads(done.stdout)
        fails = [step for step in report["steps"] if step["status"] == "fail"]
        warnings = [step for step in report["steps"] if step["status"] == "warn"]
        self.assertEqual(done.returncode, 1 if fails else 3 if warnings else 0, done.stdout + done.stderr)
        self.assertEqual(report["ok"], not fails)
        for step in fails:
            self.assertTrue(step.get("do"), step)
        return report["steps"]

    def said(self, steps, status):
        return {step["step"]: step["text"] for step in steps if step["status"] == status}

    def look_at_certificate(self, path, change=None, **options):
        """What is wrong, when the partner has this certificate."""
        with Partner(path, **options) as partner:
            return self.look(f"https://127.0.0.1:{partner.port}", change)

    def assert_fails(self, steps, *wanted):
        self.assertEqual(sorted(set(self.said(steps, "fail"))), sorted(wanted), json.dumps(steps, indent=1))

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

    def access(self, change=None, **options):
        with Partner(**options) as partner:
            return self.look(f"http://127.0.0.1:{partner.port}", change)

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

    # The shape of the answer.

    def drift(self, change):
        answer = json.loads(json.dumps(ANSWER))
        change(answer)
        return self.access(answer=answer)

    def test_a_field_that_no_longer_comes(self):
        steps = self.drift(lambda answer: answer["schulden"][0].pop("bij"))
        self.assertIn("1 mapped field did not come for this client: schulden.schuldeiser (bij)", self.said(steps, "warn")["shape.missing"])

    def test_a_field_that_was_renamed(self):
        steps = self.drift(lambda answer: answer["client"]["traject"].update(
            aangevraagdOp=answer["client"]["traject"].pop("aangevraagd")))
        self.assert_fails(steps, "shape.renamed")
        self.assertIn("'client.traject.aangevraagdOp'", self.said(steps, "fail")["shape.renamed"])

    def test_new_fields(self):
        steps = self.drift(lambda answer: answer["schulden"][0].update(dossier=17, rente="4"))
        self.assertIn("2 fields came that no path names: schulden[].dossier, schulden[].rente",
                      self.said(steps, "warn")["shape.unmapped"])

    def test_a_code_in_no_table(self):
        steps = self.drift(lambda answer: answer["client"]["traject"].update(stand="Z"))
        self.assertIn("schuldhulp.status", self.said(steps, "warn")["shape.code"])

    def test_what_every_row_has_is_said_once(self):
        row = {"bij": "x", "open": 1, "sinds": "15 mei"}
        steps = self.drift(lambda answer: answer.update(schulden=[row] * 40))
        self.assertEqual(len([step for step in steps if step["step"] == "shape.type"]), 1, steps)

    def test_of_a_long_list_the_rest_is_counted(self):
        steps = self.drift(lambda answer: answer["client"].update({f"veld{i}": i for i in range(40)}))
        text = self.said(steps, "warn")["shape.unmapped"]
        self.assertRegex(text, r"^40 fields came that no path names: client.veld0, .*, and 28 more$")

    def test_another_form_of_a_date(self):
        steps = self.drift(lambda answer: answer["client"]["traject"].update(aangevraagd="15 januari"))
        self.assertIn("schuldhulp.datumAanvraag", self.said(steps, "fail")["shape.type"])

    def test_a_number_where_text_was(self):
        steps = self.drift(lambda answer: answer["schulden"][0].update(bij=17))
        self.assertIn("'schulden.schuldeiser' must be text, and a number", self.said(steps, "warn")["shape.type"])

    def test_an_object_where_a_list_was(self):
        steps = self.drift(lambda answer: answer.update(schulden={"bij": "x"}))
        self.assertIn("schulden", self.said(steps, "fail")["answer"])

    def test_somebody_else(self):
        steps = self.drift(lambda answer: answer["client"].update(bsn="999990019"))
        self.assertIn("andere persoon", self.said(steps, "fail")["answer"])

    def test_no_json(self):
        steps = self.access(answer=b"<html>storing</html>", kind="text/html")
        self.assertIn("(status 200, text/html, 0 bytes read)", self.said(steps, "fail")["answer"])

    # SOAP.

    SOAP = {
        "source": "uwv-werkbedrijf", "organisation": {"oin": "00000001820000025000", "name": "UWV WERKbedrijf"},
        "connector": "soap", "limits": {"time_ms": 8000, "connect_ms": 4000}, "idempotent": True,
        "soap": {"action": "urn:vraag", "namespaces": ["urn:antwoord"]},
        "request": {"body": "<Vraag xmlns='urn:vraag'><Burgerservicenr>{bsn}</Burgerservicenr></Vraag>"},
        "response": {"subject": "Antwoord/Burgerservicenr", "fields": {"werkzoekende.ingeschrevenTot": "Antwoord/Sinds"}}}

    def soap(self, code, text):
        fault = (f"<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><s:Fault><faultcode>{code}</faultcode>"
                 f"<faultstring>{text}</faultstring></s:Fault></s:Body></s:Envelope>").encode()
        with Partner(answer=fault, status=500, kind="text/xml; charset=utf-8") as partner:
            return self.look(f"http://127.0.0.1:{partner.port}",
                             lambda manifest: (manifest.clear(), manifest.update(self.SOAP, endpoint=f"http://127.0.0.1:{partner.port}",
                                                                                 access={})))

    def test_a_fault_of_soap_is_explained(self):
        steps = self.soap("s:Client", f"Geen berichten over {BSN}")
        self.assertIn("s:Client: Geen berichten over *********", self.said(steps, "fail")["soap.fault"])

    def test_a_signature_that_is_refused(self):
        steps = self.soap("wsse:FailedCheck", "The signature or decryption was invalid")
        self.assertIn("does not accept the signature", self.said(steps, "fail")["soap.signature"])

    def test_clocks_of_signed_messages(self):
        self.authority.issue("signs", usage="clientAuth", host=None)
        sign = {"certificate_file": str(self.keys / "signs.pem"), "key_file": str(self.keys / "signs.key"), "valid_s": 90}
        for soap, level, words in (({**self.SOAP["soap"], "sign": sign}, "fail", "it will find our signed messages out of date"),
                                   (self.SOAP["soap"], "warn", "tokens and dates may be refused")):
            with self.subTest(level=level), Partner(shift=120) as partner:
                endpoint = f"http://127.0.0.1:{partner.port}"
                steps = self.look(endpoint, lambda manifest: (manifest.clear(), manifest.update(
                    {**self.SOAP, "soap": soap}, endpoint=endpoint, access={})), ask=False)
                self.assertIn(words, self.said(steps, level)["clock"])

    # Exports.

    EXPORT = {
        "source": "gemeente-klantvolg", "organisation": {"oin": "00000001820000039000", "name": "Gemeente"}, "connector": "file",
        "idempotent": True, "file": {"path": "klanten.csv", "charset": "latin-1", "separator": ";", "key": "BSN"},
        "response": {"subject": "BSN", "fields": {"persoon.naam.volledigeNaam": "Naam",
                                                  "klantvolg.status": {"path": "Status", "table": "status"}}},
        "tables": {"status": {"LOPEND": "lopend"}}}

    def export(self, text, change=None, encoding="latin-1"):
        if text is not None:
            (self.folder / "klanten.csv").write_bytes(text.encode(encoding))
        manifest = json.loads(json.dumps(self.EXPORT))
        if change:
            change(manifest)
        return self.look("file:", lambda other: (other.clear(), other.update(manifest)))

    def test_an_export_that_is_well(self):
        steps = self.export(f"BSN;Naam;Status\r\n{BSN};José de Vriës;LOPEND\r\n")
        self.assertEqual(self.said(steps, "fail") | self.said(steps, "warn"), {})
        self.assertIn("reads from begin to end", self.said(steps, "ok")["file"])

    def test_an_export_that_is_not_there(self):
        self.assertIn("there is no file", self.said(self.export(None), "fail")["file"])

    def test_an_export_without_a_column(self):
        steps = self.export(f"BSN;Volledige naam;Status\r\n{BSN};x;LOPEND\r\n")
        self.assertIn("Naam", self.said(steps, "fail")["file.rows"])

    def test_an_export_in_another_character_set(self):
        steps = self.export(f"BSN;Naam;Status\r\n{BSN};José;LOPEND\r\n", encoding="utf-8")
        self.assertIn("looks like UTF-8", self.said(steps, "warn")["file.charset"])
        steps = self.export(f"BSN;Naam;Status\r\n{BSN};José;LOPEND\r\n",
                            lambda manifest: manifest["file"].update(charset="utf-8"))
        self.assertIn("UTF-8", self.said(steps, "fail")["file.rows"])

    def test_an_export_that_is_old(self):
        path = self.folder / "klanten.csv"
        path.write_text(f"BSN;Naam;Status\r\n{BSN};x;LOPEND\r\n")
        os.utime(path, (time.time() - 90.5 * 3600,) * 2)
        steps = self.export(None, lambda manifest: manifest["file"].update(dated_by="mtime", max_age_hours=48))
        self.assertIn("is 90 hours old, and 48 are agreed", self.said(steps, "fail")["file.age"])

    def test_a_delivery_that_is_not_verified(self):
        def ask(manifest):
            manifest["file"]["verify"] = {"checksums": "{file}.sha256"}
        text = f"BSN;Naam;Status\r\n{BSN};x;LOPEND\r\n"
        self.assertIn("checksum-absent", self.said(self.export(text, ask), "fail")["file.verify"])
        digest = hashlib.sha256(text.encode()).hexdigest()
        (self.folder / "klanten.csv.sha256").write_text(f"{digest}  klanten.csv\n")
        steps = self.export(text, ask)
        self.assertEqual(self.said(steps, "fail"), {})
        self.assertIn("is verified", self.said(steps, "ok")["file.verify"])

    def test_an_export_with_a_checksum(self):
        text = f"BSN;Naam;Status\r\n{BSN};x;LOPEND\r\n"
        verify = lambda manifest: manifest["file"].update(verify={"checksums": "{file}.sha256"})
        self.assertIn("checksum-absent", self.said(self.export(text, verify), "fail")["file.verify"])
        (self.folder / "klanten.csv.sha256").write_text(f"{'0' * 64}  klanten.csv\n")
        self.assertIn("checksum-differs", self.said(self.export(text, verify), "fail")["file.verify"])
        digest = hashlib.sha256((self.folder / "klanten.csv").read_bytes()).hexdigest()
        (self.folder / "klanten.csv.sha256").write_text(f"{digest}  klanten.csv\n")
        steps = self.export(text, verify)
        self.assert_fails(steps)
        self.assertIn("is verified", self.said(steps, "ok")["file.verify"])

    def test_the_doctor_leaves_no_index(self):
        steps = self.export(f"BSN;Naam;Status\r\n{BSN};x;LOPEND\r\n",
                            lambda manifest: manifest["file"].update(index="klanten.index"))
        self.assertEqual(self.said(steps, "fail"), {})
        self.assertFalse((self.folder / "klanten.index").exists())

    # Programs.

    def program(self, text):
        (self.folder / "bron").mkdir()
        (self.folder / "bron/bron.py").write_text(text)
        def change(manifest):
            del manifest["endpoint"], manifest["access"]
            manifest["program"] = {"command": [sys.executable, "-B", "bron.py"], "folder": "bron"}
        # /usr/bin is what a confined program may read; pyenv's python is not there.
        def system(manifest):
            change(manifest)
            manifest["program"]["command"][0] = "python3"
        return self.look("", system)

    def test_a_program_that_answers(self):
        text = f"""
import http.server, json, socket
ANSWER = json.dumps({ANSWER!r}).encode()
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)
    def log_message(self, *_):
        pass
    def address_string(self):
        return "unix"
listener = socket.socket(fileno=3)
while True:
    connection, _ = listener.accept()
    Handler(connection, ("unix", 0), None)
"""
        steps = self.program(text)
        self.assertEqual(self.said(steps, "fail"), {}, steps)
        self.assertIn("was started once and still runs, confined", self.said(steps, "ok")["program"])

    def test_a_program_that_ends(self):
        steps = self.program("raise SystemExit(1)\n")
        self.assertIn("program", self.said(steps, "fail"))

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
