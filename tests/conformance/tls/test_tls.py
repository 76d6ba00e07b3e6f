#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""TLS as others see it: curl, openssl, a browser and a scanner against a running gateway.

usage: test_tls.py [-v] [TEST] PROGRAM
"""
import base64
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import threading
import unittest
import xml.etree.ElementTree

from tls_rig import PROGRAM, Rig, openssl, run, running

MODULE = pathlib.Path("/usr/lib/softhsm/libsofthsm2.so")
ENGINE = list(pathlib.Path("/usr/lib").glob("*/engines-3/pkcs11.so"))
BAD = ("expired", "not-yet", "revoked", "wrong-usage", "wrong-anchor", "self-signed")


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = Rig("required").start()

    @classmethod
    def tearDownClass(cls):
        cls.rig.close()

    def test_curl_gets_in_with_either_version(self):
        for version in ("1.2", "1.3"):
            done = self.rig.curl("--tls-max", version, "-w", "%{http_code}", *self.rig.client())
            self.assertEqual(done.stdout.decode()[-3:], "200", done.stderr)

    def test_a_dossier_over_tls(self):
        context = ssl.create_default_context(cafile=str(self.rig.pki / "root.pem"))
        context.load_cert_chain(self.rig.pki / f"clients/{running.MUNICIPALITY}.pem",
                                self.rig.pki / f"clients/{running.MUNICIPALITY}.key")
        connection = http.client.HTTPSConnection("localhost", self.rig.port, context=context, timeout=30)
        for _ in range(3):  # one connection
            status, dossier = self.rig.gateway.ask("999910061", connection=connection)
            self.assertEqual(status, 200)
            self.assertIn("persoon", dossier["dossier"])
        connection.close()

    def test_each_bad_client_is_refused_alike(self):
        for version in ("1.2", "1.3"):
            said = set()
            for name in BAD:
                done = self.rig.curl("--tls-max", version, *self.rig.client(f"bad/{name}"))
                self.assertNotEqual(done.returncode, 0, name)
                self.assertEqual(done.stdout, b"", name)
                said.add((done.returncode, done.stderr))
            self.assertEqual(len(said), 1, said)
            self.assertIn(b"alert bad certificate", said.pop()[1])
        log = self.rig.gateway.log_text()
        for reason in ("expired", "not yet valid", "revoked", "purpose", "local issuer", "self-signed"):
            self.assertRegex(log, f"client not let in.*{reason}")
        refusals = [json.loads(line) for line in log.splitlines() if "client not let in" in line]
        refusals = [refusal for refusal in refusals if refusal["reason"] != "subject not clear"]  # of another test
        self.assertTrue(all(refusal["port"] == self.rig.port and len(refusal["claimed"]) == 20 for refusal in refusals), refusals)

    def test_no_certificate_is_refused(self):
        done = self.rig.curl("--cacert", self.rig.pki / "root.pem")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, b"")

    def test_a_subject_with_two_faces_is_refused(self):
        pki = self.rig.pki
        oin = running.MUNICIPALITY
        (pki / "extensions").write_text("extendedKeyUsage=clientAuth\nkeyUsage=critical,digitalSignature\n"
                                        "basicConstraints=critical,CA:FALSE\nsubjectKeyIdentifier=hash\n"
                                        "authorityKeyIdentifier=keyid:always\n")
        for name, subject, good in (("one", f"/O=Een/serialNumber={oin}", True),
                                    ("two", f"/O=Een/serialNumber={oin}/serialNumber=00000001830000002000", False),
                                    ("twice", f"/O=Een/O=Ander/serialNumber={oin}", False)):
            openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-utf8",
                    "-keyout", pki / f"{name}.key", "-out", pki / "csr", "-subj", subject)
            openssl("x509", "-req", "-in", pki / "csr", "-CA", pki / "issuing.pem", "-CAkey", pki / "issuing.key",
                    "-days", "2", "-extfile", pki / "extensions", "-out", pki / "leaf")
            (pki / f"{name}.pem").write_text((pki / "leaf").read_text() + (pki / "issuing.pem").read_text())
            done = self.rig.curl("-w", "%{http_code}", *self.rig.client(name))
            self.assertEqual(done.stdout.decode().endswith("200"), good, done.stderr)

    def test_openssl_resumes_and_is_still_known(self):
        for version in ("-tls1_2", "-tls1_3"):
            session = self.rig.pki / "session"
            ask = b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            first = self.rig.s_client(version, "-sess_out", session, "-ign_eof", text=ask)
            self.assertIn(b"200 OK", first.stdout)
            again = self.rig.s_client(version, "-sess_in", session, "-ign_eof", text=ask)
            self.assertIn(b"Reused", again.stdout)
            self.assertIn(b"200 OK", again.stdout)

    def test_openssl_is_refused_what_is_old(self):
        for arguments in (("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"), ("-tls1_2", "-cipher", "AES128-SHA"),
                          ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA384"),
                          ("-alpn", "spdy/1")):
            done = self.rig.s_client(*arguments)
            self.assertRegex(done.stdout, rb"Cipher is \(NONE\)|Cipher    : 0000|no peer certificate", arguments)

    def test_openssl_may_not_renegotiate(self):
        done = self.rig.s_client("-tls1_2", text=b"R\n")
        self.assertIn(b"no renegotiation", done.stderr)

    def test_metrics_say_when_certificates_end(self):
        connection = self.rig.gateway.connect()
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        end = openssl("x509", "-in", self.rig.pki / "server.pem", "-noout", "-enddate").decode().split("=")[1]
        seconds = int(ssl.cert_time_to_seconds(end.strip()))
        self.assertIn('ketenpoort_certificate_expiry_timestamp_seconds{of="listener 2",kind="certificate",'
                      f'file="server.pem"}} {seconds}\n', text)
        self.assertIn('kind="crl",file="crls.pem"', text)
        self.assertIn('kind="anchor",file="root.pem"', text)

    def test_openssl_finds_http_1_1(self):
        done = self.rig.s_client("-alpn", "http/1.1", "-tls1_3")
        self.assertIn(b"ALPN protocol: http/1.1", done.stdout)
        self.assertIn(b"Verify return code: 0 (ok)", done.stdout)


class Scanner(unittest.TestCase):
    @unittest.skipUnless(shutil.which("sslscan"), "SKIPPED: sslscan is not installed")
    def test_sslscan_finds_nothing_weak(self):
        with Rig("none").start() as rig:
            done = run("sslscan", "--no-colour", "--xml=-", f"localhost:{rig.port}")
            tree = xml.etree.ElementTree.fromstring(done.stdout).find("ssltest")
            on = {f"{p.get('type')}{p.get('version')}" for p in tree.iter("protocol") if p.get("enabled") == "1"}
            self.assertEqual(on, {"tls1.2", "tls1.3"})
            self.assertLessEqual({c.get("supported") for c in tree.iter("compression")}, {"0"})
            self.assertNotEqual(tree.find("renegotiation").get("supported"), "1")
            self.assertEqual({h.get("vulnerable") for h in tree.iter("heartbleed")}, {"0"})
            ciphers = {c.get("cipher") for c in tree.iter("cipher")}
            self.assertGreaterEqual(len(ciphers), 6)
            for cipher in ciphers:
                self.assertRegex(cipher, "^(TLS_|ECDHE-).*(GCM|POLY1305)")
            self.assertEqual({c.get("strength") for c in tree.iter("cipher")} - {"strong", "acceptable"}, set())

    @unittest.skipUnless(shutil.which("chromium"), "SKIPPED: chromium is not installed")
    def test_a_browser_reads_over_tls(self):
        with Rig("optional").start() as rig:
            key = openssl("x509", "-in", rig.pki / "server.pem", "-noout", "-pubkey")
            pins = [base64.b64encode(hashlib.sha256(openssl("pkey", "-pubin", "-outform", "DER", input=pem)).digest())
                    .decode() for pem in (key, openssl("x509", "-in", rig.pki / "server-rsa.pem", "-noout", "-pubkey"))]
            done = run("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                       f"--user-data-dir={rig.home.name}/browser",
                       f"--ignore-certificate-errors-spki-list={','.join(pins)}", "--dump-dom", rig.url())
            self.assertIn(b'"status":"live"', done.stdout, done.stderr)


class Reloads(unittest.TestCase):
    def test_reload_under_load_drops_nobody(self):
        with Rig("required").start() as rig:
            over = threading.Event()
            failures, counts = [], [0, 0]
            before = rig.pki / "server-before.pem"
            shutil.copy(rig.pki / "server.pem", before)

            def keep_asking(kind):
                context = ssl.create_default_context(cafile=str(rig.pki / "root.pem"))
                context.load_cert_chain(rig.pki / f"clients/{running.MUNICIPALITY}.pem",
                                        rig.pki / f"clients/{running.MUNICIPALITY}.key")
                kept = http.client.HTTPSConnection("localhost", rig.port, context=context, timeout=30)
                try:
                    while not over.is_set():
                        one = kept if kind == 0 else http.client.HTTPSConnection(
                            "localhost", rig.port, context=context, timeout=30)
                        one.request("GET", "/health/live")
                        answer = one.getresponse()
                        answer.read()
                        if answer.status != 200:
                            failures.append(answer.status)
                        counts[kind] += 1
                        if kind == 1:
                            one.close()
                except Exception as error:  # whatever it is, a client saw it
                    failures.append(repr(error))
                kept.close()

            threads = [threading.Thread(target=keep_asking, args=(kind,)) for kind in (0, 1)]
            for thread in threads:
                thread.start()
            for _ in range(3):
                (rig.pki / "server.key").unlink()
                done = run(PROGRAM, "dev-pki", rig.pki)
                self.assertEqual(done.returncode, 0, done.stderr)
                rig.gateway.reload()
            over.set()
            for thread in threads:
                thread.join()
            self.assertEqual(failures, [])
            self.assertGreater(min(counts), 10)
            shown = rig.s_client("-tls1_3").stdout
            now = openssl("x509", "-in", rig.pki / "server.pem").decode()
            self.assertIn(now.split("-----")[2].strip(), shown.decode())
            self.assertNotEqual(now, openssl("x509", "-in", before).decode())

    def test_a_reload_that_does_not_check_changes_nothing(self):
        with Rig("required").start() as rig:
            shutil.copy(rig.pki / "server.pem", rig.pki / "kept.pem")
            shutil.copy(rig.pki / "server-rsa.key", rig.pki / "server.key")
            rig.gateway.reload()
            self.assertIn("is not the key of certificate", rig.gateway.log_text())
            self.assertEqual(rig.curl("-w", "%{http_code}", *rig.client()).stdout[-3:], b"200")

    def test_listeners_do_not_lose_their_tls(self):
        with Rig("required").start() as rig:
            path = rig.gateway.folder / "gateway.json"
            config = json.loads(path.read_text())
            del config["listeners"][1]["tls"]
            path.write_text(json.dumps(config))
            rig.gateway.reload()
            self.assertIn("change with a restart only", rig.gateway.log_text())
            self.assertEqual(rig.curl("-w", "%{http_code}", *rig.client()).stdout[-3:], b"200")

    def test_revoking_ends_sessions_too(self):
        with Rig("required").start() as rig:
            session = rig.pki / "session"
            ask = b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            first = rig.s_client("-tls1_3", "-sess_out", session, "-ign_eof", text=ask)
            self.assertIn(b"200 OK", first.stdout)
            self.assertIn(b"Reused", rig.s_client("-tls1_3", "-sess_in", session, text=ask).stdout)
            certificate = rig.pki / f"clients/{running.MUNICIPALITY}.pem"
            serial = openssl("x509", "-in", certificate, "-noout", "-serial").decode().split("=")[1].strip()
            (rig.pki / "index").write_text(f"R\t311231235959Z\t250101000000Z\t{serial}\tunknown\t/CN=a\n")
            (rig.pki / "conf").write_text("[ca]\ndefault_ca=a\n[a]\ndatabase=%s\ndefault_md=sha256\n"
                                          "default_crl_days=9\n" % (rig.pki / "index"))
            crl = openssl("ca", "-config", rig.pki / "conf", "-gencrl", "-keyfile", rig.pki / "issuing.key",
                          "-cert", rig.pki / "issuing.pem")
            of_root = (rig.pki / "crls.pem").read_text().split("-----END X509 CRL-----\n")[0]
            (rig.pki / "crls.pem").write_text(of_root + "-----END X509 CRL-----\n" + crl.decode())
            rig.gateway.reload()
            self.assertIn('adopted"} 1', "\n".join(rig.gateway.reloads()))
            for arguments in ((), ("-sess_in", session)):
                done = rig.s_client("-tls1_3", "-ign_eof", *arguments, text=ask)
                self.assertNotIn(b"200 OK", done.stdout)


class Files(unittest.TestCase):
    """What `check` says of files that would not do. Nothing is started."""

    @classmethod
    def setUpClass(cls):
        cls.rig = Rig("required")
        cls.pki = cls.rig.pki
        cls.folder = pathlib.Path(cls.rig.home.name) / "gateway"
        run(PROGRAM, "init", cls.folder)

    @classmethod
    def tearDownClass(cls):
        cls.rig.close()

    def make(self, name, key=("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), extensions="serverAuth",
             names="subjectAltName=DNS:localhost\n", days=2, digest="-sha256", usage="digitalSignature", keys=True):
        if keys:
            openssl("req", "-newkey", *key, "-nodes", "-keyout", self.pki / f"{name}.key", "-out",
                    self.pki / "csr", "-subj", "/CN=a")
        (self.pki / "x").write_text(f"extendedKeyUsage={extensions}\nkeyUsage={usage}\n{names}")
        dates = ("-days", str(days))
        openssl("x509", "-req", "-in", self.pki / "csr", "-CA", self.pki / "issuing.pem", "-CAkey",
                self.pki / "issuing.key", *dates, digest, "-extfile", self.pki / "x", "-out", self.pki / f"{name}.pem")

    def faults(self, **changes):
        path = self.folder / "gateway.json"
        config = json.loads(path.read_text())
        tls = {**self.rig.tls, **changes}
        config["listeners"] = [{"host": "127.0.0.1", "port": 0, "tls": tls}]
        path.write_text(json.dumps(config, indent=1))
        done = run(PROGRAM, "check", "--json", path)
        return json.loads(done.stdout)["findings"]

    def fault(self, words, place, **changes):
        faults = self.faults(**changes)
        self.assertTrue(any(words in fault["message"] and fault["place"] == f"/listeners/0/tls/{place}" and
                            fault["line"] > 1 for fault in faults), (words, place, faults))

    def test_good_files_check(self):
        self.assertEqual(self.faults(), [])

    def test_keys(self):
        self.make("small", ("rsa:2048",))
        self.fault("RSA key of 2048 bits, and at least 3072", "certificates/0/key",
                   certificates=[self.rig.pair("small")])
        self.make("odd", ("ec", "-pkeyopt", "ec_paramgen_curve:P-224"))
        self.fault("curve key of 224 bits, and at least 256", "certificates/0/key",
                   certificates=[self.rig.pair("odd")])
        other = {**self.rig.pair("server"), "key": str(self.pki / "server-rsa.key")}
        self.fault("is not the key of certificate", "certificates/0/key", certificates=[other])
        shutil.copy(self.pki / "server.key", self.pki / "open.key")
        os.chmod(self.pki / "open.key", 0o644)
        self.fault("others than the owner may use it (mode 0644)", "certificates/0/key",
                   certificates=[{**self.rig.pair("server"), "key": str(self.pki / "open.key")}])
        self.fault("no private key in PEM", "certificates/0/key",
                   certificates=[{**self.rig.pair("server"), "key": str(self.pki / "server.pem")}])
        self.fault("pkcs11.module", "certificates/0/key",
                   certificates=[{**self.rig.pair("server"), "key": "pkcs11:object=a"}])

    def test_certificates(self):
        self.make("for-clients", extensions="clientAuth")
        self.fault("not meant for a server", "certificates/0/certificate",
                   certificates=[self.rig.pair("for-clients")])
        self.make("nameless", names="")
        self.fault("names no host", "certificates/0/certificate", certificates=[self.rig.pair("nameless")])
        self.make("sha1", digest="-sha1")
        self.fault("SHA-1", "certificates/0/certificate", certificates=[self.rig.pair("sha1")])
        self.make("no-signing", usage="keyAgreement")
        self.fault("may not sign", "certificates/0/certificate", certificates=[self.rig.pair("no-signing")])
        self.make("out-of-order")
        with open(self.pki / "out-of-order.pem", "a", encoding="utf-8") as file:
            file.write((self.pki / "root.pem").read_text())
        self.fault("do not follow each other: number 2", "certificates/0/certificate",
                   certificates=[self.rig.pair("out-of-order")])
        self.fault("has the names and the kind of key", "certificates/1/certificate",
                   certificates=[self.rig.pair("server"), self.rig.pair("server")])
        self.fault("has no certificates in PEM", "certificates/0/certificate",
                   certificates=[{**self.rig.pair("server"), "certificate": str(self.pki / "server.key")}])
        bad = {"certificate": str(self.pki / "bad/expired.pem"), "key": str(self.pki / "bad/expired.key")}
        self.fault("has expired", "certificates/0/certificate", certificates=[bad])

    def test_anchors_and_lists(self):
        self.fault("is a revocation list that is out of date", "crls/0", crls=[str(self.pki / "bad/stale-crls.pem")])
        self.fault("is no revocation list", "crls/0", crls=[str(self.pki / "root.pem")])
        self.fault("issues none (number 1)", "anchors", anchors=str(self.pki / "server.pem"))
        self.fault("No such file", "anchors", anchors=str(self.pki / "absent.pem"))

    def test_all_at_once(self):
        faults = self.faults(certificates=[{**self.rig.pair("server"), "key": str(self.pki / "absent.key")}],
                             anchors=str(self.pki / "server.pem"), crls=[str(self.pki / "bad/stale-crls.pem")])
        self.assertGreaterEqual(len(faults), 3)

    def test_stapling(self):
        pki = self.pki
        serial = openssl("x509", "-in", pki / "server.pem", "-noout", "-serial").decode().split("=")[1].strip()
        (pki / "index").write_text(f"V\t311231235959Z\t\t{serial}\tunknown\t/CN=a\n")
        openssl("ocsp", "-index", pki / "index", "-CA", pki / "issuing.pem", "-rsigner", pki / "issuing.pem",
                "-rkey", pki / "issuing.key", "-issuer", pki / "issuing.pem", "-cert", pki / "server.pem",
                "-ndays", "2", "-respout", pki / "good.ocsp")
        (pki / "index").write_text(f"R\t311231235959Z\t250101000000Z\t{serial}\tunknown\t/CN=a\n")
        openssl("ocsp", "-index", pki / "index", "-CA", pki / "issuing.pem", "-rsigner", pki / "issuing.pem",
                "-rkey", pki / "issuing.key", "-issuer", pki / "issuing.pem", "-cert", pki / "server.pem",
                "-ndays", "2", "-respout", pki / "revoked.ocsp")
        for name, words in (("revoked.ocsp", "was revoked"), ("root.pem", "no OCSP response")):
            self.fault(words, "certificates/0/ocsp",
                       certificates=[{**self.rig.pair("server"), "ocsp": str(pki / name)}])
        self.fault("about another certificate", "certificates/0/ocsp",
                   certificates=[{**self.rig.pair("server-rsa"), "ocsp": str(pki / "good.ocsp")}])
        good = {**self.rig.pair("server"), "ocsp": str(pki / "good.ocsp")}
        self.assertEqual(self.faults(certificates=[good]), [])
        self.rig.tls["certificates"] = [good]
        try:
            self.rig.start()
            self.assertIn(b"OCSP Response Status: successful", self.rig.s_client("-status").stdout)
        finally:
            self.rig.tls["certificates"] = [self.rig.pair("server"), self.rig.pair("server-rsa")]


class Partners(unittest.TestCase):
    """What `check` says of the files of an https partner."""

    def check(self, **access):
        with Rig("required") as rig:
            folder = pathlib.Path(rig.home.name) / "gateway"
            run(PROGRAM, "init", folder)
            path = folder / "sources/brp.json"
            manifest = json.loads(path.read_text())
            manifest["endpoint"] = "https://localhost:1"
            manifest["access"].update({name: str(rig.pki / value) if name != "pin" else value
                                       for name, value in access.items()})
            path.write_text(json.dumps(manifest, indent=1))
            done = json.loads(run(PROGRAM, "check", "--json", folder / "gateway.json").stdout)
            return [f"{fault['file'][-8:]}:{fault['place']}: {fault['message']}" for fault in done["findings"]], \
                   [warning["message"] for warning in done["warnings"]]

    def test_files(self):
        ours = f"clients/{running.MUNICIPALITY}"
        good = {"certificate_file": f"{ours}.pem", "key_file": f"{ours}.key", "anchor_file": "root.pem"}
        self.assertEqual(self.check(**good), ([], []))
        faults, _ = self.check(**{**good, "key_file": "server.key"})
        self.assertRegex(faults[0], "brp.json:/access: .*is not the key of certificate")
        faults, _ = self.check(**{**good, "anchor_file": "absent.pem"})
        self.assertRegex(faults[0], "brp.json:/access: .*No such file")
        faults, _ = self.check(**good, pin="sha256//short=")
        self.assertRegex(faults[0], "brp.json:/access: .*pin that is not")
        faults, _ = self.check(**{**good, "certificate_file": "bad/wrong-usage.pem", "key_file": "bad/wrong-usage.key"})
        self.assertRegex(faults[0], "brp.json:/access: .*not meant for a client")

    def test_what_ends_is_warned_of(self):
        faults, warnings = self.check(certificate_file="bad/expired.pem", key_file="bad/expired.key",
                                      anchor_file="root.pem")
        self.assertEqual(faults, [])
        self.assertEqual(warnings, ["certificate of brp has ended"])


class Databases(unittest.TestCase):
    """What `check` says of the files of a database, which libpq reads for itself later."""

    def check(self, **access):
        with Rig("required") as rig:
            folder = pathlib.Path(rig.home.name) / "gateway"
            run(PROGRAM, "init", folder)
            manifest = json.loads((pathlib.Path(__file__).resolve().parents[2] / "partners/database/gemeente-inkomen.json").read_text())
            manifest["access"] = {"kind": "none", **{name: str(rig.pki / value) for name, value in access.items()}}
            manifest["sql"]["user"] = "ketenpoort"
            (folder / "sources/gemeente-inkomen.json").write_text(json.dumps(manifest, indent=1))
            done = json.loads(run(PROGRAM, "check", "--json", folder / "gateway.json").stdout)
            return [fault["message"] for fault in done["findings"]], [warning["message"] for warning in done["warnings"]]

    def test_files(self):
        ours = f"clients/{running.MUNICIPALITY}"
        good = {"certificate_file": f"{ours}.pem", "key_file": f"{ours}.key", "anchor_file": "root.pem"}
        self.assertEqual(self.check(**good), ([], []))
        faults, _ = self.check(**{**good, "key_file": "server.key"})
        self.assertRegex(faults[0], "is not the key of certificate")

    def test_what_ends_is_warned_of(self):
        self.assertEqual(self.check(certificate_file="bad/expired.pem", key_file="bad/expired.key", anchor_file="root.pem"),
                         ([], ["certificate of gemeente-inkomen has ended"]))


class Front:
    """TLS in front of a partner: asks for a certificate, keeps whose it was, and passes bytes on."""

    def __init__(self, pki, to):
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(pki / "root.pem"))
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.load_cert_chain(pki / "server.pem", pki / "server.key")
        self.to, self.serials = to, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=(self.listener.accept()[0],), daemon=True).start()

    def serve(self, plain):
        with contextlib.suppress(OSError), self.context.wrap_socket(plain, server_side=True) as client, \
                socket.create_connection(("127.0.0.1", self.to)) as partner:
            subject = dict(pair[0] for pair in client.getpeercert()["subject"])
            self.serials.append(subject["serialNumber"])
            while asked := client.recv(65536):
                partner.sendall(asked)
                client.sendall(self.answer(partner))

    @staticmethod
    def answer(partner):
        """To its end, which its length tells."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += partner.recv(65536)
        head, body = data.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])
        while len(body) < length:
            body += partner.recv(65536)
        return head + b"\r\n\r\n" + body

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


@unittest.skipUnless(MODULE.exists() and ENGINE and shutil.which("softhsm2-util"),
                     "SKIPPED: softhsm2 or libengine-pkcs11-openssl is not installed")
class Tokens(unittest.TestCase):
    def setUp(self):
        self.rig = Rig("required")
        home = pathlib.Path(self.rig.home.name)
        (home / "tokens").mkdir()
        (home / "softhsm2.conf").write_text(f"directories.tokendir = {home}/tokens\nlog.level = ERROR\n")
        self.environment = dict(os.environ)
        os.environ["SOFTHSM2_CONF"] = str(home / "softhsm2.conf")
        done = run("softhsm2-util", "--init-token", "--free", "--label", "poort", "--pin", "4711", "--so-pin", "4712")
        self.assertEqual(done.returncode, 0, done.stderr)
        for number, name in ((1, "server"), (2, "server-rsa"), (3, f"clients/{running.MUNICIPALITY}")):
            done = run("softhsm2-util", "--import", self.rig.pki / f"{name}.key", "--token", "poort", "--label",
                       f"key{number}", "--id", f"0{number}", "--pin", "4711")
            self.assertEqual(done.returncode, 0, done.stderr)
        (home / "pin").touch(mode=0o600)
        (home / "pin").write_text("4711\n")
        self.pin = home / "pin"
        self.rig.change = self.use_token

    def tearDown(self):
        self.rig.close()
        os.environ.clear()
        os.environ.update(self.environment)

    def use_token(self, config):
        config["pkcs11"] = {"module": str(MODULE), "pin_secret": "pin"}
        config["secrets"]["pin"] = {"file": str(self.pin)}
        # The token keeps its objects, and their locks, in files of its own.
        config["process"] = {"readable": self.rig.home.name, "writable": self.rig.home.name}

    def test_keys_stay_in_their_token(self):
        for number, name in ((1, "server"), (2, "server-rsa")):
            (self.rig.pki / f"{name}.key").unlink()
            self.rig.tls["certificates"][number - 1]["key"] = f"pkcs11:token=poort;object=key{number};type=private"
        self.rig.start()
        for signatures in ("ECDSA+SHA256", "RSA-PSS+SHA256"):
            for version in ("-tls1_2", "-tls1_3"):
                done = self.rig.s_client(version, "-sigalgs", signatures)
                self.assertIn(b"Verify return code: 0 (ok)", done.stdout, (version, signatures))
        self.assertEqual(self.rig.curl("-w", "%{http_code}", *self.rig.client()).stdout[-3:], b"200")
        self.rig.gateway.reload()
        self.assertIn('adopted"} 1', "\n".join(self.rig.gateway.reloads()))
        self.assertEqual(self.rig.curl("-w", "%{http_code}", *self.rig.client()).stdout[-3:], b"200")

    def test_a_partner_is_shown_a_certificate_whose_key_is_in_the_token(self):
        name = f"clients/{running.MUNICIPALITY}"
        (self.rig.pki / f"{name}.key").unlink()
        self.rig.start()
        gateway = self.rig.gateway
        with Front(self.rig.pki, gateway.partners["brp"].port) as front:
            path = gateway.folder / "sources/brp.json"
            manifest = json.loads(path.read_text())
            manifest["endpoint"] = re.sub(r"^http://127.0.0.1:\d+", f"https://localhost:{front.port}", manifest["endpoint"])
            manifest["access"].update(certificate_file=str(self.rig.pki / f"{name}.pem"),
                                      key_file="pkcs11:token=poort;object=key3;type=private",
                                      anchor_file=str(self.rig.pki / "root.pem"))
            path.write_text(json.dumps(manifest, indent=1))
            gateway.reload()
            for _ in range(5):
                status, answer = gateway.ask("999910061")
                self.assertEqual(status, 200)
                said = [source["status"] for source in answer["bronnen"] if source["bron"] == "brp"]
                self.assertEqual(said, ["gevonden"])
            self.assertEqual(set(front.serials), {running.MUNICIPALITY})

    def test_a_wrong_pin_does_not_start(self):
        self.rig.tls["certificates"] = [{**self.rig.pair("server"), "key": "pkcs11:token=poort;object=key1"}]
        self.pin.write_text("0000\n")
        with self.assertRaises(RuntimeError) as failure:
            self.rig.start()
        self.assertIn("no such key, or refuses the PIN", str(failure.exception))
        self.assertNotIn("0000", str(failure.exception).replace("00000", ""))


if __name__ == "__main__":
    unittest.main()
