#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""The OpenAPI document is true: it says what the code's own tables say, every example in it is
really asked, and every answer is what it says.

    test_openapi.py [SHARED_DATA] PROGRAM
"""
import json
import pathlib
import re
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "support")]
import running  # noqa: E402
import document  # noqa: E402

PROGRAM = running.program_from_arguments()
GATEWAY = running.ROOT / "gateway"
NOT_SHOWN = {499}


def read(path):
    return (GATEWAY / path).read_text(encoding="utf-8")


def error_rows():
    """(code of the problem, HTTP status) of every row that a client may see."""
    for row in re.finditer(r'^KP_ERROR\(\w+, \w+, (\d+), "([^"]+)", true,', read("core/error.def"), re.M):
        status, code = int(row[1]), row[2]
        if status >= 400 and status not in NOT_SHOWN:
            yield code, status


class Tables(unittest.TestCase):
    """What the document says and what the code's tables say."""

    @classmethod
    def setUpClass(cls):
        def change(config):
            config["request"] = {**config.get("request", {}), "fields_max": 7, "budget_min_ms": 61,
                                 "budget_max_ms": 29999, "budget_default_ms": 3999}
            config["identity"]["purpose_header"] = "x-waarvoor"
            config["api"] = {"public_url": "https://poort.example.nl/", "contact_email": "wij@example.nl"}
        cls.gateway = running.Gateway(PROGRAM, change=change)
        cls.document = document.fetch(cls.gateway)
        cls.data = cls.document.data

    @classmethod
    def tearDownClass(cls):
        cls.gateway.close()

    def test_routes(self):
        rows = set(re.findall(r'\.method = KP_HTTP_METHOD_(\w+),\s*\.path = (?:KP_SLICE_INIT\(|\{)"(/v1/[^"]*)"',
                              read("commands/serve_routes.c")))
        self.assertTrue(rows)
        self.assertEqual(rows, {(method, path) for method, path, _ in self.document.operations()})

    def test_problems(self):
        codes = self.data["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
        self.assertEqual(codes, [code for code, _ in error_rows()])
        examples = {}
        for name, response in self.data["components"]["responses"].items():
            for code, example in response["content"]["application/problem+json"]["examples"].items():
                examples[code] = int(name.removeprefix("Problem"))
                self.assertEqual(example["value"]["status"], examples[code])
                self.assertEqual(example["value"]["code"], code)
        self.assertEqual(examples, dict(error_rows()))

    def test_members_of_the_question(self):
        members = re.search(r"member_names\[[^]]*\] = \{([^}]*)\}", read("query/query.c"))[1]
        self.assertEqual(set(re.findall(r'"(\w+)"', members)), set(self.document.schema("Vraag")["properties"]))

    def test_codes_of_faults(self):
        code = read("query/query.c") + read("stage_parse.c")
        used = set(re.findall(r'fault\(\w+(?:->at)?, \w+(?:->at)?,\s*"(\w+)"', code))
        used |= set(re.findall(r'kp_query_fault_add\([^,]+,[^,]+,\s*KP_SLICE\("(\w+)"\)', code))
        self.assertEqual(used, set(self.document.schema("Fout")["properties"]["code"]["enum"]))

    def test_limits_and_names_are_those_in_force(self):
        question = self.document.schema("Vraag")["properties"]
        self.assertEqual(question["velden"]["maxItems"], 7)
        self.assertEqual((question["budgetMs"]["minimum"], question["budgetMs"]["maximum"],
                          question["budgetMs"]["default"]), (61, 29999, 3999))
        self.assertEqual(self.data["components"]["parameters"]["Purpose"]["name"], "x-waarvoor")
        self.assertEqual(self.data["servers"][0]["url"], "https://poort.example.nl/v1")
        self.assertEqual(self.data["info"]["contact"]["email"], "wij@example.nl")

    def test_a_reload_is_seen(self):
        path = self.gateway.folder / "gateway.json"
        config = json.loads(path.read_text())
        config["request"]["fields_max"] = 9
        path.write_text(json.dumps(config))
        self.gateway.reload()
        again = document.fetch(self.gateway)
        self.assertEqual(again.schema("Vraag")["properties"]["velden"]["maxItems"], 9)

    def test_the_catalogue_is_the_schema(self):
        catalogue = json.loads((self.gateway.folder / "policies/catalogus.json").read_text())
        dossier = self.document.schema("Dossier")["properties"]
        for section in catalogue["rubrieken"]:
            schema = dossier[section["naam"]]
            self.assertEqual(schema["type"], "array" if section.get("meervoudig") else "object")
            for field in section["velden"]:
                at = schema.get("items", schema)
                for part in field["pad"].split("."):
                    at = at["properties"][part]
                self.assertEqual(at["description"], field["label"])

    def test_nothing_is_left_to_fill_in(self):
        self.assertNotIn('"@', json.dumps(self.data))


class Answers(unittest.TestCase):
    """Every example is asked, and every answer held against the document."""

    @classmethod
    def setUpClass(cls):
        def change(config):
            config["quota"] = {}  # as shipped
        cls.gateway = running.Gateway(PROGRAM, change=change)
        cls.document = document.fetch(cls.gateway)
        cls.operations = {(method, path): operation for method, path, operation in cls.document.operations()}
        cls.ask = cls.operations["POST", "/v1/dossiers/_zoek"]

    @classmethod
    def tearDownClass(cls):
        cls.gateway.close()

    def post(self, body, **headers):
        sent = {**self.gateway.headers(), **{name.replace("_", "-"): value for name, value in headers.items()}}
        text = body if isinstance(body, (str, bytes)) else json.dumps(body)
        answer = document.send(self.gateway, "POST", "/v1/dossiers/_zoek", text, sent)
        self.document.check(self.ask, answer)
        return answer

    def examples(self):
        """As they stand, about somebody no partner knows; and the same about a client."""
        for example in self.ask["requestBody"]["content"]["application/json"]["examples"].values():
            yield example["value"]
            yield {**example["value"], "burgerservicenummer": "999910061"}

    def test_every_example_in_every_form(self):
        forms = self.ask["responses"]["200"]["content"]
        for question in self.examples():
            self.document.validate(question, self.document.schema("Vraag"))
            for form in forms:
                answer = self.post(question, Accept=form)
                self.assertEqual((answer.status, answer.kind), (200, form))
            dry = self.post(question, Prefer="handling=dry-run")
            self.assertEqual(dry.status, 200)
            self.assertTrue(dry.json()["proef"])

    def test_the_examples_of_answers_are_answers(self):
        for media in self.ask["responses"]["200"]["content"].values():
            for example in media.get("examples", {}).values():
                self.document.validate(example["value"], media["schema"])

    def test_a_partner_that_breaks(self):
        partner = self.gateway.partners["svb"]
        partner.fault("reset")
        try:
            answer = self.post({"burgerservicenummer": "999910061", "doel": "participatiewet-intake"})
            self.assertEqual(answer.status, 200)
        finally:
            partner.fault("none")

    def test_refusals(self):
        question = {"burgerservicenummer": "999910061", "doel": "participatiewet-intake"}
        found = {
            self.post("{").status,
            self.post({**question, "velden": ["x"], "burgerservicenummer": "1", "y": 1}).status,
            self.post(question, x_origin_oin="").status,
            self.post({**question, "doel": "fraudeonderzoek"}).status,
            self.post(question, Accept="text/html").status,
            self.post(question, Content_Type="text/plain").status,
            self.post({**question, "reden": "x" * 40000}).status,
        }
        self.assertEqual(found, {400, 401, 403, 406, 415, 413})

    def test_too_much(self):
        path = self.gateway.folder / "gateway.json"
        before = path.read_text()
        config = json.loads(before)
        config["quotas"] = {running.MUNICIPALITY: {"dossiers_per_hour": 1}}
        path.write_text(json.dumps(config))
        self.gateway.reload()
        try:
            question = next(self.examples())
            self.post(question, x_gebruiker="veelvraag")
            answer = self.post(question, x_gebruiker="veelvraag")
            self.assertEqual((answer.status, answer.json()["code"]), (429, "budget"))
            self.assertGreater(int(answer.headers["Retry-After"]), 3000)
            self.assertIn('"dossiers-per-uur";q=1;w=3600', answer.headers["RateLimit-Policy"])
            self.assertIn('"dossiers-per-uur";r=0;t=3600', answer.headers["RateLimit"])
        finally:
            path.write_text(before)
            self.gateway.reload()

    def test_other_methods_and_the_document_itself(self):
        answer = document.send(self.gateway, "GET", "/v1/dossiers/_zoek")
        self.assertEqual(answer.status, 405)
        self.document.check(self.ask, answer)
        for method, status in (("GET", 200), ("OPTIONS", 204)):
            answer = document.send(self.gateway, method, "/v1/openapi.json")
            self.assertEqual(answer.status, status)
            self.document.check(self.operations[method, "/v1/openapi.json"], answer)
        answer = document.send(self.gateway, "POST", "/v1/openapi.json", "{}")
        self.assertEqual(answer.status, 405)
        self.document.check(self.operations["GET", "/v1/openapi.json"], answer)

    def test_an_answer_that_is_not_what_the_document_says_is_seen(self):
        answer = self.post(next(self.examples()))
        spoiled = answer.json()
        spoiled["volledig"] = "ja"
        with self.assertRaises(AssertionError):
            self.document.validate(spoiled, self.document.schema("Antwoord"))


class Strangers(unittest.TestCase):
    def test_an_address_is_slowed_down_whatever_its_port(self):
        def change(config):
            config["quota"] = {**running.NO_QUOTA, "refused_per_minute": 3}
        with running.Gateway(PROGRAM, change=change) as gateway:
            api = document.fetch(gateway)
            ask = api.data["paths"]["/dossiers/_zoek"]["post"]
            found = []
            for _ in range(5):  # each on a connection of its own
                answer = document.send(gateway, "POST", "/v1/dossiers/_zoek", "{}",
                                       {"Content-Type": "application/json"})
                api.check(ask, answer)
                found.append(answer.status)
            self.assertEqual(found, [401, 401, 401, 429, 429])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
