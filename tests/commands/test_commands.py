#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""init, check and audit of the program itself: what they print, write and exit with."""
import base64
import json
import os
import pathlib
import re
import signal
import struct
import subprocess
import sys
import tempfile
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import ports  # noqa: E402
import running  # noqa: E402

PROGRAM = os.path.abspath(sys.argv.pop()) if len(sys.argv) > 1 else str(
    ROOT / ".build/dev/gateway/ketenpoort")


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def journal(*records):
    """The bytes of a journal, from the description of the format in journal_frame.h."""
    data = b"KPJRNL\r\n" + struct.pack("<I", 1)
    data += struct.pack("<I", crc32c(data))
    for index, (kind, text) in enumerate(records):
        payload = text.encode()
        head = b"KPF1" + struct.pack("<IQQII", len(payload), index, len(data), kind,
                                     crc32c(payload))
        data += head + struct.pack("<I", crc32c(head)) + payload
    return data


class Commands(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.TemporaryDirectory(prefix="ketenpoort-test-")
        self.folder = pathlib.Path(self.home.name) / "gateway"

    def tearDown(self):
        self.home.cleanup()

    def run_program(self, *arguments):
        return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                              timeout=60)

    def init(self, *arguments):
        done = self.run_program("init", *arguments, self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.folder / "gateway.json"

    def check_faults(self, path):
        done = self.run_program("check", "--json", path)
        answer = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0 if answer["ok"] else 1)
        self.assertEqual(answer["ok"], not answer["findings"])
        return answer["findings"]

    def test_what_init_writes_checks(self):
        config = self.init()
        self.assertFalse(json.loads(config.read_text())["identity"]["development"])
        done = self.run_program("check", config)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("the configuration checks: 4 sources", done.stdout)
        self.assertEqual(self.check_faults(config), [])

    def test_a_source_that_waits_for_what_nobody_tells(self):
        config = self.init()
        manifest = self.folder / "sources/register.json"
        asked = {"source": "kvk", "organisation": {"oin": "00000001820000102000", "name": "Register"}, "connector": "rest",
                 "endpoint": "http://127.0.0.1:9/x", "request": {"target": "/{bekend:ondernemingen.kvkNummer}"},
                 "response": {"subject": None, "lists": {"ondernemingen": {
                     "items": ".", "fields": {"ondernemingen.kvkNummer": "nummer"}}}}}
        manifest.write_text(json.dumps(asked))
        done = self.run_program("check", config)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, "(?s)^warning: .*register.json:1:[0-9]+: /request/target: 'kvk' is never asked: it waits for "
                                      "'ondernemingen.kvkNummer', which no other source here supplies\n$")
        # What the citizens' register tells is known.
        manifest.write_text(json.dumps(asked).replace("ondernemingen.kvkNummer}", "adres.postcode}"))
        done = self.run_program("check", config)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_catalogue_says_who_supplies_what(self):
        config = self.init()
        done = self.run_program("catalogue", config)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = done.stdout.splitlines()
        self.assertTrue(any(" persoon.naam.voornamen" in line and "brp" in line for line in lines))
        # Nobody in this configuration supplies student finance; the catalogue names who could.
        student = next(line for line in lines if "studiefinanciering.partnertoeslag" in line)
        self.assertTrue(student.startswith("- ") and student.endswith("[duo-studiefinanciering]"), student)
        answer = json.loads(self.run_program("catalogue", "--json", config).stdout)
        fields = {field["pad"]: field for section in answer["rubrieken"] for field in section["velden"]}
        missing = sum(not field["geleverd"] for field in fields.values())
        self.assertIn(f"{len(fields) - missing} velden te leveren", lines[-1])
        self.assertIn(f"{missing} levert niemand", lines[-1])
        self.assertEqual(fields["persoon.burgerservicenummer"]["gevoeligheid"], "gevoelig")
        sections = {section["naam"] for section in answer["rubrieken"]}
        self.assertLessEqual({"inburgering", "wmo", "huisvesting", "schuldhulp", "burgerzaken", "gemeentebelastingen",
                              "documenten", "betalingen", "voertuigen", "onroerendeZaken"}, sections)
        self.assertEqual(self.run_program("catalogue").returncode, 2)

    def test_init_ships_the_example_rules_and_protects_secrets(self):
        self.init()
        for path in (ROOT / "policies/voorbeeld").rglob("*"):
            if path.is_file():
                copy = self.folder / "policies" / path.relative_to(ROOT / "policies/voorbeeld")
                self.assertEqual(copy.read_bytes(), path.read_bytes(), copy)
        for path in (self.folder / "secrets").iterdir():
            self.assertEqual(path.stat().st_mode & 0o777, 0o600, path)
        self.assertEqual((self.folder / "secrets").stat().st_mode & 0o777, 0o700)

    def test_two_inits_have_different_keys(self):
        self.init()
        key = (self.folder / "secrets/pseudonym.json").read_text()
        self.folder = self.folder.with_name("other")
        self.init()
        self.assertNotEqual(key, (self.folder / "secrets/pseudonym.json").read_text())

    def test_init_overwrites_nothing(self):
        config = self.init()
        before = {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        done = self.run_program("init", self.folder)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is not empty, and nothing is overwritten", done.stderr)
        self.assertEqual(before, {path: path.read_bytes() for path in before})
        self.assertEqual(self.run_program("init", config / "x").returncode, 1)

    def test_dev_token(self):
        folder = pathlib.Path(self.home.name) / "inlog"
        tokens = []
        for arguments in (["--medewerker", "m.jansen", "--rollen", "klantmanager,inzage"], []):
            done = self.run_program("dev-token", "--organisatie", "00000001830000001000", *arguments, folder)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            header, claims, signature = done.stdout.strip().split(".")
            self.assertEqual(len(signature), 86)
            tokens.append([json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, claims)])
        self.assertEqual(tokens[0][0], {"alg": "ES256", "typ": "at+jwt"})
        self.assertEqual(tokens[0][1]["sub"], "m.jansen")
        self.assertEqual(tokens[0][1]["rollen"], ["klantmanager", "inzage"])
        self.assertEqual(tokens[0][1]["exp"] - tokens[0][1]["iat"], 600)
        self.assertEqual(tokens[1][1]["sub"], tokens[1][1]["client_id"])
        self.assertNotEqual(tokens[0][1]["jti"], tokens[1][1]["jti"])
        self.assertEqual((folder / "issuer.key").stat().st_mode & 0o777, 0o600)
        keys = json.loads((folder / "jwks.json").read_text())["keys"]
        self.assertEqual([sorted(key) for key in keys], [["crv", "kty", "x", "y"]])
        token = pathlib.Path(self.home.name) / "token"
        done = self.run_program("dev-token", "--organisatie", "1", "--uit", token, folder)
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertEqual(token.stat().st_mode & 0o777, 0o600)
        for wrong in ([folder], ["--organisatie", "1"], ["--organisatie", "1", "--geldig", "x", folder]):
            self.assertEqual(self.run_program("dev-token", *wrong).returncode, 2)
        (folder / "issuer.key").write_text("no key")
        self.assertEqual(self.run_program("dev-token", "--organisatie", "1", folder).returncode, 1)

    def test_development_is_an_explicit_switch(self):
        config = self.init("--development")
        text = json.loads(config.read_text())
        self.assertTrue(text["identity"]["development"])
        text["listeners"][0]["host"] = "0.0.0.0"
        config.write_text(json.dumps(text))
        faults = self.check_faults(config)
        self.assertEqual(len(faults), 2)  # and it has no TLS
        self.assertIn("loopback only", faults[1]["message"])

    def test_check_reports_all_faults_with_their_places(self):
        config = self.init()
        text = config.read_text()
        text = text.replace('"backlog": 1024', '"backlog": 0')
        text = text.replace('"workers": 4', '"wrokers": 4')
        config.write_text(text)
        faults = self.check_faults(config)
        self.assertEqual(len(faults), 2)
        lines = text.split("\n")
        for fault in faults:
            self.assertTrue(fault["file"].endswith("gateway.json"))
            self.assertRegex(lines[fault["line"] - 1], "backlog|wrokers")
        self.assertIn("workers", " ".join(fault["message"] for fault in faults))
        plain = self.run_program("check", config)
        self.assertEqual(plain.returncode, 1)
        self.assertEqual(len(re.findall(r"gateway\.json:\d+:\d+: ", plain.stderr)), 2)

    def test_check_looks_at_secrets_rules_manifests_and_journal(self):
        config = self.init()
        (self.folder / "secrets/uwv-token").chmod(0o644)
        (self.folder / "policies/regels/verboden.cedar").write_text("forbid (")
        (self.folder / "journal/ketenpoort.journal").write_bytes(b"not a journal at all")
        places = " ".join(fault["file"] for fault in self.check_faults(config))
        for name in ("uwv-token", "verboden.cedar", "ketenpoort.journal"):
            self.assertIn(name, places)
        self.folder = self.folder.with_name("other")
        config = self.init()
        (self.folder / "sources/uwv.json").write_text('{"source": "uwv"}')
        places = " ".join(fault["file"] for fault in self.check_faults(config))
        self.assertIn("uwv.json", places)

    def change(self, config, section, option, value):
        data = json.loads(config.read_text())
        data[section][option] = value
        config.write_text(json.dumps(data))

    def test_an_export_that_the_gateway_will_not_see(self):
        config = self.init()
        outside = pathlib.Path(self.home.name) / "elders"
        outside.mkdir()
        path = self.folder / "sources/gemeente-klantvolg.json"
        manifest = json.loads(path.read_text())
        manifest["file"]["path"] = str(outside / "klantvolg.csv")
        path.write_text(json.dumps(manifest))
        answer = json.loads(self.run_program("check", "--json", config).stdout)
        faults = answer["warnings"]
        self.assertTrue(answer["ok"])
        self.assertEqual([(fault["file"], fault["place"]) for fault in faults], [("gemeente-klantvolg.json", "/file/path")])
        self.assertIn(f"will not see '{outside}': name that folder in process.readable", faults[0]["message"])
        for option, value in (("readable", str(outside)), ("readable", str(outside.parent)), ("confine_files", False)):
            self.change(config, "process", "readable", "")
            self.change(config, "process", option, value)
            self.assertEqual(json.loads(self.run_program("check", "--json", config).stdout)["warnings"], [], option)

    def test_a_program_in_the_folder_of_the_configuration(self):
        config = self.init()
        self.change(config, "sources", "programs", True)
        manifest = json.loads((ROOT / "connectors/example/program/bron.json").read_text())
        (self.folder / "sources/schuld").mkdir()
        for folder, good in ((".", False), ("..", False), ("secrets", False), ("sources/schuld", True)):
            manifest["program"]["folder"] = folder
            (self.folder / "sources/schuld.json").write_text(json.dumps(manifest))
            done = self.run_program("check", config)
            self.assertEqual(done.returncode, 0 if good else 1, done.stderr)
            self.assertEqual("which the program could read" in done.stderr, not good)
        # By itself there is no configuration that it could see.
        done = self.run_program("connector", "check", "-c", self.folder / "policies/catalogus.json",
                                ROOT / "connectors/example/program/bron.json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_check_counts_manifests(self):
        config = self.init()
        self.change(config, "sources", "count_max", 4)
        self.assertEqual(self.check_faults(config), [])
        self.change(config, "sources", "count_max", 3)
        self.assertIn("more than 3 files", self.check_faults(config)[0]["message"])

    def test_a_number_in_an_address_is_allowed_twice_or_not_at_all(self):
        config = self.init()
        path = self.folder / "sources/uwv.json"
        manifest = json.loads(path.read_text())
        manifest["request"] = {"target": "/personen/{bsn}"}
        path.write_text(json.dumps(manifest))
        self.assertIn("{bsn} may not be in a URL", self.check_faults(config)[0]["message"])
        manifest["request"]["bsn_in_url"] = True
        path.write_text(json.dumps(manifest))
        self.assertIn("sources.bsn_in_url", self.check_faults(config)[0]["message"])
        self.change(config, "sources", "bsn_in_url", True)
        self.assertEqual(self.check_faults(config), [])

    def test_check_looks_at_the_log_file(self):
        config = self.init()
        self.change(config, "log", "file", "gateway.log")
        self.assertEqual(self.check_faults(config), [])
        self.change(config, "log", "file", "sources")
        self.assertIn("folder", self.check_faults(config)[0]["message"])

    def test_check_opens_nothing(self):
        config = self.init()
        before = sorted(str(path) for path in self.folder.rglob("*"))
        self.run_program("check", config)
        self.assertEqual(before, sorted(str(path) for path in self.folder.rglob("*")))

    def serve_until(self, config, happen):
        """Runs the gateway; `happen` gets the process once it listens."""
        log = open(self.folder / "log", "w+b")
        process = subprocess.Popen([PROGRAM, "serve", str(config)], stderr=log, stdout=log)
        try:
            running.wait_until(lambda: b'"listening"' in (self.folder / "log").read_bytes(),
                               lambda: (self.folder / "log").read_text())
            happen(process)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(30), 0, (self.folder / "log").read_text())
        finally:
            process.kill()
            process.wait()
            log.close()

    def events(self):
        shown = self.run_program("audit", "show", "--json",
                                 self.folder / "journal/ketenpoort.journal").stdout
        return [json.loads(line)["record"] for line in shown.splitlines()]

    def test_the_journal_tells_of_start_reload_and_stop(self):
        config = self.init()
        text = json.loads(config.read_text())
        text["listeners"] = [{"host": "127.0.0.1", "port": 0}]
        config.write_text(json.dumps(text))

        def wait_for(count):
            running.wait_until(lambda: len(self.events()) >= count, lambda: f"{self.events()}")

        def reload_twice(process):
            process.send_signal(signal.SIGHUP)
            wait_for(2)
            config.write_text("{")
            process.send_signal(signal.SIGHUP)
            wait_for(3)

        self.serve_until(config, reload_twice)
        events = self.events()
        self.assertEqual([event["event"] for event in events],
                         ["start", "reload", "reload-refused", "stop"])
        self.assertEqual(events[0]["sources"], 4)
        self.assertRegex(events[0]["policyVersion"], "^sha256:[0-9a-f]{64}$")
        self.assertRegex(events[0]["configuration"], "^sha256:[0-9a-f]{64}$")
        self.assertFalse(events[0]["developmentIdentity"])

    def test_metrics_tell_of_journal_rules_and_sources(self):
        config = self.init()
        port = ports.take()
        data = json.loads(config.read_text())
        data["listeners"] = [{"host": "127.0.0.1", "port": port}]
        data["log"]["format"] = "json"
        config.write_text(json.dumps(data))
        seen = {}

        def scrape(process):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
                seen["text"] = answer.read().decode()
            limits = pathlib.Path(f"/proc/{process.pid}/limits").read_text()
            self.assertRegex(limits, r"Max core file size +0 +0 ")

        self.serve_until(config, scrape)
        for name in ("journal_records_total", "journal_batches_total", "journal_failures_total",
                     "journal_bytes", "journal_healthy", "policy_overdue",
                     "policy_shadow_checks_total", "policy_shadow_differences_total",
                     "snapshot_age_seconds", "sources"):
            self.assertRegex(seen["text"], rf"(?m)^ketenpoort_{name} \d+$")
        self.assertRegex(seen["text"], r'(?m)^ketenpoort_policy_info{version="sha256:[0-9a-f]{64}"} 1$')
        for outcome in ("gevonden", "nietsGevonden", "nietGerechtigd", "fout", "nietBereikt"):
            self.assertIn(f'ketenpoort_source_calls_total{{source="brp",outcome="{outcome}"}} 0\n', seen["text"])

    RECORDS = (
        (1, '{"event":"start","origin":{"time":"2026-11-23T10:00:00.000Z"},"type":"start"}'),
        (2, '{"question":{"pseudonym":"aaa","purpose":"intake"},"type":"intent"}'),
        (3, '{"intent":1,"result":{"httpStatus":200},"type":"outcome"}'),
        (4, '{"question":{"pseudonym":"bbb\\u001b[2J\\u009b"},"result":{"code":"KP_E_DENIED"},"type":"refusal"}'),
    )

    def write_journal(self, change=lambda data: data):
        path = pathlib.Path(self.home.name) / "journal"
        path.write_bytes(change(journal(*self.RECORDS)))
        return path

    def test_audit_shows_and_verifies(self):
        path = self.write_journal()
        shown = self.run_program("audit", "show", path)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertEqual(len(shown.stdout.splitlines()), 5)
        self.assertIn("bbb?[2J?", shown.stdout)
        self.assertNotRegex(shown.stdout, r"[\x1b\x80-\x9f]")
        lines = self.run_program("audit", "show", "--json", path).stdout.splitlines()
        self.assertEqual([json.loads(line)["index"] for line in lines], [0, 1, 2, 3])
        one = self.run_program("audit", "show", "--json", "--type", "intent", path).stdout
        self.assertEqual(json.loads(one)["record"]["question"]["purpose"], "intake")
        one = self.run_program("audit", "show", "--json", "--pseudonym", "aaa", path).stdout
        self.assertEqual(json.loads(one)["index"], 1)
        verdict = json.loads(self.run_program("audit", "verify", "--json", path).stdout)
        self.assertEqual((verdict["whole"], verdict["records"], verdict["tornBytes"]),
                         (True, 4, 0))

    def test_audit_names_damage_and_tells_it_from_a_torn_tail(self):
        path = self.write_journal(lambda data: data.replace(b"intake", b"intakf"))
        done = self.run_program("audit", "verify", path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("record 1 at byte", done.stderr)
        self.assertEqual(self.run_program("audit", "show", path).returncode, 1)
        path = self.write_journal(lambda data: data[:-7])
        verdict = json.loads(self.run_program("audit", "verify", "--json", path).stdout)
        self.assertEqual((verdict["whole"], verdict["records"]), (True, 3))
        self.assertGreater(verdict["tornBytes"], 0)

    def test_wrong_use_is_told(self):
        for arguments in (("init",), ("init", "a", "b"), ("check",), ("check", "--x", "y"),
                          ("audit",), ("audit", "show"), ("audit", "look", "x"),
                          ("audit", "show", "--type", "loud", "x")):
            done = self.run_program(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn("usage: ketenpoort", done.stderr)
        for command in ("init", "check", "audit"):
            done = self.run_program(command, "--help")
            self.assertEqual(done.returncode, 0)
            self.assertIn("usage: ketenpoort", done.stdout)
        self.assertEqual(self.run_program("audit", "verify", "/nowhere").returncode, 1)
        self.assertEqual(self.run_program("check", "/nowhere").returncode, 1)


if __name__ == "__main__":
    unittest.main()
