#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""The stand-ins keep the promises the tests rely on."""
import csv
import json
import pathlib
import sys
import tempfile
import unittest
import zipfile
from xml.etree import ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import partners  # noqa: E402
import soap_partner  # noqa: E402
import spreadsheet  # noqa: E402
from faults import FAULTS, Fault, break_answer  # noqa: E402
from http_server import Problem, Request  # noqa: E402

CLIENTS = partners.load_clients()
FIRST = next(iter(CLIENTS))


def ask_brp(fields, numbers=None, **extra):
    query = {"type": "RaadpleegMetBurgerservicenummer",
             "burgerservicenummer": numbers or [FIRST], "fields": fields, **extra}
    request = Request("POST", "/p", {"x-api-key": "demo-sleutel-brp",
                                     "content-type": "application/json"},
                      json.dumps(query).encode())
    return json.loads(partners.answer_brp(CLIENTS, request).body)


class Clients(unittest.TestCase):
    def test_every_number_is_a_valid_test_bsn(self):
        self.assertEqual(len(CLIENTS), 50)
        for bsn in CLIENTS:
            self.assertTrue(bsn.startswith("9999"))
            total = sum(int(bsn[i]) * (9 - i) for i in range(8)) - int(bsn[8])
            self.assertEqual(total % 11, 0, bsn)

    def test_they_disagree_somewhere(self):
        moved = [c for c in CLIENTS.values()
                 if c["klantvolg"] and c["klantvolg"]["postcode"] != c["adres"]["postcode"]]
        self.assertGreaterEqual(len(moved), 3)


class Spreadsheet(unittest.TestCase):
    def test_half_of_the_clients_have_debts(self):
        rows = list(spreadsheet.rows(CLIENTS))
        self.assertEqual(rows[2], spreadsheet.NAMES)
        self.assertEqual({str(row[0]) for row in rows[3:]}, set(sorted(CLIENTS)[::2]))
        self.assertIn(int(FIRST), [row[0] for row in rows[3:]])
        self.assertTrue(all(len(row) == len(spreadsheet.NAMES) for row in rows[3:]))

    def test_it_is_a_workbook(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "a.xlsx")
            spreadsheet.export(str(path), CLIENTS)
            again = path.read_bytes()
            spreadsheet.export(str(path), CLIENTS)
            self.assertEqual(path.read_bytes(), again)
            self.assertEqual(list(pathlib.Path(folder).iterdir()), [path])
            with zipfile.ZipFile(path) as book:
                self.assertIsNone(book.testzip())
                for name in book.namelist():
                    ElementTree.fromstring(book.read(name))


def ask_werkbedrijf(bsn, to="https://broker?oin=1", extra=""):
    text = (f'{extra}<e:Envelope xmlns:e="{soap_partner.SOAP}" xmlns:a="{soap_partner.WSA}"><e:Header>'
            f"<a:MessageID>urn:uuid:1</a:MessageID><a:To>{to}</a:To></e:Header><e:Body>"
            f'<w:UwvWbPersoonsInfo xmlns:w="{soap_partner.SERVICE}"><Burgerservicenr>{bsn}</Burgerservicenr>'
            "</w:UwvWbPersoonsInfo></e:Body></e:Envelope>")
    request = Request("POST", "/p", {"content-type": "text/xml"}, text.encode())
    answer = soap_partner.answer_werkbedrijf(CLIENTS, request)
    return answer.status, answer.body.decode()


class Werkbedrijf(unittest.TestCase):
    def test_every_client_is_answered_in_xml(self):
        for bsn in CLIENTS:
            status, body = ask_werkbedrijf(bsn)
            self.assertEqual(status, 200)
            self.assertIsNotNone(ElementTree.fromstring(body))
            self.assertIn("urn:uuid:1", body)
            self.assertNotEqual("NietsGevonden" in body, f"<Burgerservicenr>{bsn}" in body)
        self.assertIn("NietsGevonden", ask_werkbedrijf("999999990")[1])

    def test_faults(self):
        for answer in (ask_werkbedrijf("x"), ask_werkbedrijf(FIRST, to="https://broker"),
                       ask_werkbedrijf(FIRST, extra="<!DOCTYPE a>")):
            self.assertEqual(answer[0], 500)
            self.assertIn("Fault", answer[1])


class Brp(unittest.TestCase):
    def test_gives_only_what_was_asked(self):
        person = ask_brp(["naam.voornamen", "kinderen.naam.voornamen"])["personen"][0]
        self.assertEqual(set(person["naam"]), {"voornamen"})
        self.assertEqual(set(person) - {"naam", "kinderen"}, set())

    def test_asking_part_of_a_date_gives_the_whole(self):
        person = ask_brp(["geboorte.datum.jaar"])["personen"][0]
        self.assertEqual(person["geboorte"]["datum"]["type"], "Datum")

    def test_unknown_person_is_an_empty_list(self):
        self.assertEqual(ask_brp(["naam"], ["999999990"])["personen"], [])

    def test_wrong_fields_are_all_named(self):
        with self.assertRaises(Problem) as caught:
            ask_brp(["naamx", "inOnderzoek"], onbekend=1)
        names = [p["name"] for p in caught.exception.body["invalidParams"]]
        self.assertEqual(names, ["fields[0]", "fields[1]", "onbekend"])

    def test_secrecy_comes_unasked(self):
        secret = [b for b, c in CLIENTS.items() if c["geheim"]]
        person = ask_brp(["naam"], secret[:1])["personen"][0]
        self.assertIs(person["geheimhoudingPersoonsgegevens"], True)


class Uwv(unittest.TestCase):
    def test_amounts_keep_their_spelling(self):
        request = Request("POST", "/p", {"authorization": "Bearer demo-token-uwv"},
                          json.dumps({"burgerservicenummer": FIRST}).encode())
        job = CLIENTS[FIRST]["uwv"]["dienstverbanden"][0]
        self.assertIn(b'"bruto":' + job["brutoloon"].encode(),
                      partners.answer_uwv(CLIENTS, request).body)


def ask_pdp(fields, bsn, fault="none"):
    query = {"context": {"client": {"type": "burgerservicenummer", "id": bsn}},
             "evaluations": [{"resource": {"type": "veld", "id": field}} for field in fields]}
    request = Request("POST", "/p", {"x-api-key": "demo-sleutel-pdp", "x-request-id": "7"},
                      json.dumps(query).encode())
    return break_answer(Fault(fault), CLIENTS, request, lambda r: partners.answer_pdp(CLIENTS, r))


class DecisionPoint(unittest.TestCase):
    FIELDS = ["uitkeringen.wet", "uitkeringen.bedrag.bruto", "persoon.naam"]

    def decisions(self, bsn, fault="none"):
        return [e["decision"] for e in
                json.loads(ask_pdp(self.FIELDS, bsn, fault).body)["evaluations"]]

    def test_refuses_amounts_and_who_is_secret(self):
        secret = next(b for b, c in CLIENTS.items() if c["geheim"])
        self.assertEqual(self.decisions(FIRST), [True, False, True])
        self.assertEqual(self.decisions(secret), [False, False, False])
        self.assertIn(("X-Request-ID", "7"), ask_pdp(self.FIELDS, FIRST).headers)

    def test_can_leave_one_out(self):
        self.assertEqual(len(self.decisions(FIRST, "too-few")), 2)


class Faults(unittest.TestCase):
    def test_each_fault_differs_from_a_good_answer(self):
        def ask(fault):
            request = Request("POST", "/p", {"authorization": "Bearer demo-token-svb"},
                              json.dumps({"burgerservicenummer": FIRST}).encode())
            answer = break_answer(Fault(fault), CLIENTS, request,
                                  lambda r: partners.answer_svb(CLIENTS, r))
            return vars(answer)
        good = ask("none")
        for fault in set(FAULTS) - {"none", "over-delivers", "too-few"}:
            self.assertNotEqual(ask(fault), good, fault)


class Export(unittest.TestCase):
    def test_reads_back(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "export.csv"
            partners.export(str(path), "latin-1")
            with path.open(encoding="latin-1", newline="") as file:
                rows = list(csv.DictReader(file, delimiter=";"))
        known = [b for b, c in CLIENTS.items() if c["klantvolg"]]
        self.assertEqual({row["BSN"] for row in rows}, set(known))
        self.assertTrue(any("\n" in row["Notitie"] for row in rows))


if __name__ == "__main__":
    unittest.main()
