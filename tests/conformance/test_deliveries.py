#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Deliveries that are verified: lists as sha256sum makes them, signatures as `openssl cms -sign` makes them, and everything that is
nearly one. What is not verified is never read from, and `connector try` says why."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = sys.argv.pop(1)
BSN = "999993653"
OIN = "00000001820000039000"
GOOD = ("gevonden", ["goed"], "")


class House:
    """A folder with one partner's deliveries."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        (self.folder / "bsn").write_text(BSN)

    def manifest(self, **file):
        return {"source": "proef", "organisation": {"oin": "00000000000000000001", "name": "Proef"}, "connector": "file",
                "file": {"path": "export.csv", "key": "BSN", **file},
                "response": {"subject": "BSN", "fields": {"persoon.naam": "Naam"}}}

    def run(self, *words, manifest):
        (self.folder / "manifest.json").write_text(json.dumps(manifest))
        return subprocess.run([PROGRAM, "connector", *words, "-c", str(ROOT / "tests/conformance/catalogus.json"), "manifest.json"],
                              capture_output=True, encoding="utf-8", check=False, cwd=self.folder)

    def ask(self, **file):
        answer = json.loads(self.run("try", "--json", "--bsn-file", "bsn", manifest=self.manifest(**file)).stdout)
        fault = answer.get("fault") or {}
        message = fault.get("message", "") if isinstance(fault, dict) else fault
        return answer["outcome"], [field["value"] for field in answer["fields"]], message

    def write(self, name, value="goed", rows=50):
        lines = [f"{999990000 + i};Ander {i}" for i in range(rows)] + [f"{BSN};{value}"]
        (self.folder / name).write_text("BSN;Naam\n" + "\n".join(lines) + "\n")

    def sums(self, name, *files):
        done = subprocess.run(["sha256sum", *files], capture_output=True, check=True, cwd=self.folder)
        (self.folder / name).write_bytes(done.stdout)


class Checksums(unittest.TestCase):
    def setUp(self):
        home = tempfile.TemporaryDirectory(prefix="ketenpoort-delivery-")
        self.addCleanup(home.cleanup)
        self.house = House(home.name)

    def refused(self, why, **file):
        outcome, values, message = self.house.ask(**file)
        self.assertEqual((outcome, values), ("nietBereikt", []))
        self.assertIn(why, message)

    def test_a_list_beside_each_file(self):
        how = {"verify": {"checksums": "{file}.sha256"}}
        self.house.write("export.csv")
        self.refused("checksum-absent", **how)
        self.house.sums("export.csv.sha256", "export.csv")
        self.assertEqual(self.house.ask(**how), GOOD)
        with (self.house.folder / "export.csv").open("a") as file:
            file.write("999990099;Erbij\n")
        self.refused("checksum-differs", **how)
        (self.house.folder / "export.csv.sha256").write_text("f" * 64 + "  ander.csv\n")
        self.refused("checksum-unlisted", **how)
        (self.house.folder / "export.csv.sha256").write_text("f" * 63 + "  export.csv\n")
        self.refused("checksum-unreadable", **how)

    def test_an_index_does_not_stand_in_for_the_file(self):
        how = {"verify": {"checksums": "SHA256SUMS"}, "index": "export.index"}
        self.house.write("export.csv")
        self.house.sums("SHA256SUMS", "export.csv")
        self.assertEqual(self.house.ask(**how), GOOD)
        path = self.house.folder / "export.csv"
        then = path.stat()
        path.write_bytes(path.read_bytes().replace(b"goed", b"fout"))
        os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns))
        self.assertEqual((path.stat().st_size, path.stat().st_mtime_ns, path.stat().st_ino),
                         (then.st_size, then.st_mtime_ns, then.st_ino))
        self.refused("checksum-differs", **how)
        # Without verification it is another file all the same, although size and time are equal.
        self.assertEqual(self.house.ask(index="export.index"), ("gevonden", ["fout"], ""))

    def test_the_delivery_before_it_stays(self):
        how = {"path": "levering-yyyymmdd.csv", "dated_by": "name", "verify": {"checksums": "SHA256SUMS"}}
        self.house.write("levering-20260101.csv", "goed")
        self.house.write("levering-20260102.csv", "nieuw")
        self.house.sums("SHA256SUMS", "levering-20260101.csv")
        self.assertEqual(self.house.ask(**how), GOOD)
        self.house.sums("SHA256SUMS", "levering-20260101.csv", "levering-20260102.csv")
        self.assertEqual(self.house.ask(**how)[1], ["nieuw"])

    def test_manifests_say_what_is_wrong(self):
        for verify, word in (({}, "neither"), ({"signature": "x"}, "anchor_file"), ({"checksums": "../x"}, "'/'"),
                             ({"checksums": "{file}"}, "itself"), ({"checksums": "x", "anchor_file": "y"}, "together"),
                             ({"signature": "x", "anchor_file": "geen.pem"}, "cannot be read"),
                             ({"signature": "x", "anchor_file": "bsn"}, "no certificate"),
                             ({"signature": "x", "anchor_file": "bsn", "oin": "12"}, "20 digits")):
            done = self.house.run("check", manifest=self.house.manifest(verify=verify))
            self.assertEqual(done.returncode, 1, verify)
            self.assertIn(word, done.stdout + done.stderr)


@unittest.skipUnless(shutil.which("openssl"), "SKIPPED: there is no openssl")
class Signatures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory(prefix="ketenpoort-delivery-")
        cls.addClassCleanup(cls.home.cleanup)
        cls.house = House(cls.home.name)
        cls.house.write("export.csv")
        cls.anchor("anker")
        cls.anchor("vreemd")
        cls.certificate("tussen", "anker", "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign")
        leaf = "basicConstraints=CA:FALSE\nkeyUsage={}\n{}"
        mail = "extendedKeyUsage=emailProtection"
        cls.certificate("bron", "anker", leaf.format("digitalSignature", mail))
        cls.certificate("lang", "tussen", leaf.format("nonRepudiation", "extendedKeyUsage=1.3.6.1.5.5.7.3.36"))
        cls.certificate("buiten", "vreemd", leaf.format("digitalSignature", mail))
        cls.certificate("tls", "anker", leaf.format("digitalSignature", "extendedKeyUsage=serverAuth,clientAuth"))
        cls.certificate("sleutel", "anker", leaf.format("keyAgreement", mail))
        cls.certificate("oud", "anker", leaf.format("digitalSignature", mail), days="-1")
        cls.certificate("zwak", "anker", leaf.format("digitalSignature", mail), key=("-newkey", "rsa:1024"))
        cls.certificate("rsa", "anker", leaf.format("digitalSignature", mail), key=("-newkey", "rsa:2048"))

    @classmethod
    def openssl(cls, *words):
        subprocess.run(["openssl", *words], check=True, cwd=cls.house.folder, capture_output=True)

    EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")

    @classmethod
    def anchor(cls, name):
        cls.openssl("req", "-x509", *cls.EC, "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "30",
                    "-subj", f"/CN={name}")

    @classmethod
    def certificate(cls, name, by, extensions, days="20", key=EC):
        (cls.house.folder / "ext").write_text(extensions)
        cls.openssl("req", "-new", *key, "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                    "-subj", f"/CN={name}/serialNumber={OIN}")
        cls.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{by}.pem", "-CAkey", f"{by}.key", "-CAcreateserial",
                    "-days", days, "-extfile", "ext", "-out", f"{name}.pem")

    def sign(self, signer, what="export.csv", to="export.csv.p7s", *more):
        self.openssl("cms", "-sign", "-binary", "-outform", "DER", "-in", what, "-signer", f"{signer}.pem", "-inkey",
                     f"{signer}.key", "-out", to, *more)

    def ask(self, **verify):
        return self.house.ask(verify={"signature": "{file}.p7s", "anchor_file": "anker.pem", **verify})

    def assert_refused(self, why, **verify):
        outcome, values, message = self.ask(**verify)
        self.assertEqual((outcome, values), ("nietBereikt", []), why)
        self.assertIn(why, message)

    def setUp(self):
        self.house.write("export.csv")
        (self.house.folder / "export.csv.p7s").unlink(missing_ok=True)

    def test_good_ones(self):
        for signer, more in (("bron", ()), ("rsa", ()), ("lang", ("-certfile", "tussen.pem")),
                             ("rsa", ("-keyopt", "rsa_padding_mode:pss"))):
            self.sign(signer, "export.csv", "export.csv.p7s", *more)
            self.assertEqual(self.ask(), GOOD, (signer, more))
            self.assertEqual(self.ask(oin=OIN), GOOD, signer)

    def test_nearly_good_ones(self):
        self.assert_refused("signature-absent")
        self.sign("bron")
        self.assert_refused("signer-other", oin="00000001820000000000")
        self.house.write("export.csv", "anders")
        self.assert_refused("signature-differs")
        self.house.write("export.csv")
        for signer, why in (("lang", "signer-untrusted"), ("buiten", "signer-untrusted"), ("oud", "signer-untrusted"),
                            ("tls", "signer-usage"), ("sleutel", "signer-usage"), ("zwak", "signer-usage")):
            self.sign(signer)
            self.assert_refused(why)
        for more in (("-nodetach",), ("-noattr",), ("-nocerts",), ("-md", "sha512"), ("-md", "sha1"),
                     ("-signer", "rsa.pem", "-inkey", "rsa.key")):
            self.sign("bron", "export.csv", "export.csv.p7s", *more)
            self.assert_refused("signature-unreadable")
        # Damaged anywhere: never good.
        self.sign("bron")
        path = self.house.folder / "export.csv.p7s"
        good = path.read_bytes()
        for at in range(0, len(good), 37):
            path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
            # Not signed, and a hint only: the list of digest algorithms in the first 41 bytes (RFC 5652, 5.1).
            if self.ask()[0] == "gevonden" and at >= 41:
                # A bit that nobody signed and that says nothing: openssl agrees.
                self.openssl("cms", "-verify", "-binary", "-inform", "DER", "-in", "export.csv.p7s", "-content", "export.csv",
                             "-CAfile", "anker.pem", "-out", "/dev/null")
        path.write_bytes(good + b"\0")
        self.assert_refused("signature-unreadable")

    def test_a_signed_list(self):
        how = {"checksums": "SHA256SUMS", "signature": "SHA256SUMS.p7s"}
        self.house.sums("SHA256SUMS", "export.csv")
        self.sign("bron", "SHA256SUMS", "SHA256SUMS.p7s")
        self.assertEqual(self.ask(**how), GOOD)
        self.house.write("export.csv", "anders")
        self.assert_refused("checksum-differs", **how)
        self.house.sums("SHA256SUMS", "export.csv")
        self.assert_refused("signature-differs", **how)
        digest = hashlib.sha256((self.house.folder / "export.csv").read_bytes()).hexdigest()
        self.assertIn(digest, (self.house.folder / "SHA256SUMS").read_text())


if __name__ == "__main__":
    unittest.main()
