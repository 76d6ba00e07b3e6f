#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""`connector doctor` before partners that we reach, and whose data is not what was agreed: shape, SOAP, exports, programs."""
import hashlib
import json
import os
import sys
import time
import unittest

from doctor_rig import ANSWER, BSN, DoctorTest, Partner


class Data(DoctorTest):
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

    def paged(self, path, **members):
        change = lambda manifest: manifest["response"].update(paging={"next": path})
        return self.access(change, answer={**ANSWER, **members})

    def test_no_way_to_a_further_page(self):
        # What many partners do on their last page is no reason for a warning; a name that is nearly it is.
        steps = self.paged("volgende")
        self.assertIn("/response/paging/next: the answer has no 'volgende'", self.said(steps, "ok")["shape.paging"])
        steps = self.paged("_link.next.href", _links={})
        self.assertIn("'_link'", self.said(steps, "ok")["shape.paging"])
        steps = self.paged("nxt", next=None)
        self.assertEqual(self.said(steps, "warn")["shape.paging"],
                         "/response/paging/next: nothing led to a further page, and 'next', which no path names, came")
        for path, members in [("next", {"next": None}), ("_links.next.href", {"_links": {"self": {"href": "/"}}})]:
            self.assertNotIn("shape.paging", str(self.paged(path, **members)))

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
        "response": {"root": "Antwoord", "subject": "Burgerservicenr", "fields": {"werkzoekende.ingeschrevenTot": "Sinds"}}}

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

    def test_an_answer_that_is_not_signed(self):
        answer = (f"<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><Antwoord xmlns='urn:antwoord'>"
                  f"<Burgerservicenr>{BSN}</Burgerservicenr></Antwoord></s:Body></s:Envelope>").encode()
        verify = {**self.SOAP["soap"], "verify": {"anchor_file": str(self.keys / "ca.pem")}}
        with Partner(answer=answer, kind="text/xml; charset=utf-8") as partner:
            steps = self.look(f"http://127.0.0.1:{partner.port}",
                              lambda manifest: (manifest.clear(), manifest.update(
                                  self.SOAP, endpoint=f"http://127.0.0.1:{partner.port}", access={}, soap=verify)))
        self.assertEqual(self.said(steps, "fail"), {"soap.signature": "the answer is not signed"})

    def test_our_signature_expired(self):
        self.authority.issue("oud", usage="emailProtection", host=None, begin=-30, days=10)
        sign = {"certificate_file": str(self.keys / "oud.pem"), "key_file": str(self.keys / "oud.key")}
        steps = self.look("http://127.0.0.1:1", lambda manifest: (manifest.clear(), manifest.update(
            self.SOAP, endpoint="http://127.0.0.1:1", access={}, soap={**self.SOAP["soap"], "sign": sign})))
        self.assertIn("expired on", self.said(steps, "fail")["certificate"])

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

    def test_quotation_marks_of_windows(self):
        steps = self.export(f"BSN;Naam;Status\r\n{BSN};O’Brien;LOPEND\r\n", encoding="windows-1252")
        self.assertIn("no letters there", self.said(steps, "warn")["file.charset"])
        steps = self.export(f"BSN;Naam;Status\r\n{BSN};O’Brien;LOPEND\r\n",
                            lambda manifest: manifest["file"].update(charset="windows-1252"), encoding="windows-1252")
        self.assertNotIn("file.charset", self.said(steps, "warn"))

    def test_text_of_a_column_that_is_no_date(self):
        born = lambda manifest: manifest["response"]["fields"].update({"persoon.geboorte.datum": "Geboren"})
        for text, good in (("3 mei", False), ("1970-05-03 00:00:00", False), ("1970-05-03", True), ("", True)):
            steps = self.export(f"BSN;Naam;Status;Geboren\r\n{BSN};x;LOPEND;{text}\r\n", born)
            self.assertEqual(self.said(steps, "fail").get("shape.type", "good"),
                             "good" if good else "'persoon.geboorte.datum' must be a date, and text in another form came")

    def test_an_export_that_is_old(self):
        path = self.folder / "klanten.csv"
        path.write_text(f"BSN;Naam;Status\r\n{BSN};x;LOPEND\r\n")
        os.utime(path, (time.time() - 90.5 * 3600,) * 2)
        steps = self.export(None, lambda manifest: manifest["file"].update(dated_by="mtime", max_age_hours=48))
        self.assertIn("is 90 hours old, and 48 are agreed", self.said(steps, "fail")["file.age"])

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

    def test_change_files_that_are_not_taken(self):
        head = "BSN;Naam;Status;Nummer"
        series = {"path": "wijzigingen_yyyymmdd.csv", "key": ["Nummer"], "operation": "Mutatie"}

        def change(manifest):
            manifest["file"].update(path="klanten_yyyymmdd.csv", dated_by="name", series=series)
        (self.folder / "klanten_20240101.csv").write_text(f"{head}\r\n{BSN};x;LOPEND;1\r\n")
        (self.folder / "wijzigingen_20240102.csv").write_text(f"{head};Mutatie\r\n{BSN};y;LOPEND;1;wijzigen\r\n")
        steps = self.export(None, change)
        self.assert_fails(steps)
        self.assertEqual(self.said(steps, "ok")["file.series"], "change files that follow it: 1, with 1 rows")
        (self.folder / "wijzigingen_20240103.csv").write_text(f"{head}\r\n{BSN};z;LOPEND;1\r\n")
        steps = self.export(None, change)
        self.assertEqual(self.said(steps, "fail"), {
            "file.series": "the series ends before 'wijzigingen_20240103.csv' (form: row 1: there is no column 'Mutatie')"})
        self.assertIn("1, with 1 rows", self.said(steps, "ok")["file.series"])

    def test_columns_under_another_separator_or_in_capitals(self):
        for text, words in ((f"BSN,Naam,Status\r\n{BSN},x,LOPEND\r\n", "and only one in all: is the separator right?"),
                            (f"BSN;NAAM;Status\r\n{BSN};x;LOPEND\r\n", "'Naam'; one differs in capitals only")):
            steps = self.export(text)
            self.assertIn(words, self.said(steps, "fail")["file.rows"])
            self.assertIn("not asked", self.said(steps, "warn")["answer"])

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


if __name__ == "__main__":
    unittest.main()
