# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""What the tests of `connector doctor` share: partners over real sockets and TLS, and a look at them."""
import datetime
import email.utils
import http.server
import json
import os
import pathlib
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


class DoctorTest(unittest.TestCase):
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

    def access(self, change=None, **options):
        with Partner(**options) as partner:
            return self.look(f"http://127.0.0.1:{partner.port}", change)
