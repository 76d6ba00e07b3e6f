#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""The decision point over real HTTP: `ketenpoort serve` with a plain Cedar set and with its own
rules. Answers are compared byte for byte, as the public runners do."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "support"))
import running  # noqa: E402

PROGRAM = running.program_from_arguments()
SHARED = pathlib.Path(sys.argv.pop()) / "authzen" if len(sys.argv) > 1 else pathlib.Path("/none")
BASE = "https://poort.example.nl"
YES, NO = '{"decision":true}', '{"decision":false}'
URI = "https://bibliotheek.example/begrip/Lid"


class Point:
    """A gateway with the decision point on."""

    def __init__(self, policy_set="", **options):
        def change(config):
            config["authzen"] = {"enabled": True, "base_url": BASE, "policy_set": str(policy_set),
                                 **options}
        self.gateway = running.Gateway(PROGRAM, change=change)

    def post(self, path, body, headers=None, **more):
        connection = self.gateway.connect()
        sent = {**self.gateway.headers(), **(headers or {})}
        text = body if isinstance(body, (str, bytes)) else json.dumps(body)
        connection.request("POST", "/access/v1/" + path, text,
                           {name: value for name, value in sent.items() if value is not None})
        answer = connection.getresponse()
        self.headers = dict(answer.getheaders())
        found = answer.status, answer.read().decode()
        connection.close()
        return found

    def records(self):
        done = subprocess.run([PROGRAM, "audit", "show", "--json",
                               str(self.gateway.folder / "journal/ketenpoort.journal")],
                              capture_output=True, text=True, timeout=60)
        return [json.loads(line)["record"] for line in done.stdout.splitlines()]

    def get(self, path):
        connection = self.gateway.connect()
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def close(self):
        self.gateway.close()


def question(subject, action, resource, kind="Lid", **more):
    return {"subject": {"type": kind, "id": subject}, "action": {"name": action},
            "resource": {"type": "Boek", "id": resource}, **more}


class Library(unittest.TestCase):
    """Our own vectors, on an invented set."""

    @classmethod
    def setUpClass(cls):
        cls.point = Point(
            HERE / "bibliotheek", **{"assert": "*: context.* action.* resource.nieuw"})

    @classmethod
    def tearDownClass(cls):
        cls.point.close()

    def expect(self, path, body, text, status=200, **more):
        self.assertEqual(self.point.post(path, body, **more), (status, text))

    def refused(self, path, body, words, status=400, **more):
        found, text = self.point.post(path, body, **more)
        self.assertEqual(found, status, text)
        self.assertIn(words, json.loads(text))

    def test_one(self):
        self.expect("evaluation", question("anna", "lezen", "b2"), YES)
        self.expect("evaluation", question("anna", "lenen", "b2"), NO)
        self.expect("evaluation", question("anna", "lenen", "b1"), YES)
        self.expect("evaluation", question("anna", "lenen", "b1", context={"gesloten": True}), NO)
        self.expect("evaluation", question("anna", "verlengen", "b3"), YES)
        self.expect("evaluation", question("carla", "lezen", "b1"), NO)

    def test_unknown_is_denied(self):
        for body in (question("niemand", "lezen", "b1"), question("anna", "slopen", "b1"),
                     question("anna", "lenen", "b9"), question("anna", "lezen", "b1", "Robot"),
                     question("anna", "lezen", "b1", "geen naam!")):
            self.expect("evaluation", body, NO)

    def test_types_by_table(self):
        body = question("anna", "lezen", "b1", URI)
        self.expect("evaluation", body, YES)
        body["resource"]["type"] = "book item"
        self.expect("evaluation", body, YES)

    def test_register_wins(self):
        body = question("anna", "lenen", "b2")
        body["resource"]["properties"] = {"uitleenbaar": True}
        self.expect("evaluation", body, NO)
        body = question("carla", "afschrijven", "b1")
        body["subject"]["properties"] = {"filiaal": "noord"}
        self.expect("evaluation", body, NO)

    def test_unknown_members_and_order(self):
        body = question("anna", "lezen", "b1", vreemd={"a": [1, None]}, context={"time": "2026-11-23T10:00Z",
                        "getal": 1.5, "ver": 1e99, "leeg": None})
        body["subject"]["properties"] = {"x": None, "y": {"z": [1.23456]}}
        self.expect("evaluation", dict(reversed(list(body.items()))), YES)

    def test_batch(self):
        items = [{"resource": {"type": "Boek", "id": book}} for book in ("b1", "b2", "b3")]
        body = {"subject": {"type": "Lid", "id": "anna"}, "action": {"name": "lenen"}, "evaluations": items}
        answer = '{"evaluations":[' + YES + "," + NO + "," + YES + "]}"
        self.expect("evaluations", body, answer)
        for semantic, text in (("execute_all", answer),
                               ("deny_on_first_deny", '{"evaluations":[' + YES + "," + NO + "]}"),
                               ("permit_on_first_permit", '{"evaluations":[' + YES + "]}")):
            self.expect("evaluations", {**body, "options": {"evaluations_semantic": semantic}}, text)
        self.refused("evaluations", {**body, "options": {"evaluations_semantic": "soms"}}, "evaluations_semantic")
        self.refused("evaluations", {**body, "options": {"evaluations_semantic": 1}}, "evaluations_semantic")

    def test_batch_replaces_whole_defaults(self):
        body = {**question("anna", "lenen", "b1"), "context": {"gesloten": True},
                "evaluations": [{}, {"context": {}}, {"subject": {"type": "Lid", "id": "carla"}},
                                {"context": {}, "subject": {"type": "Lid", "id": "carla"}},
                                {"context": {}, "resource": {"type": "Boek", "id": "b3"}}]}
        self.expect("evaluations", body, '{"evaluations":[' + ",".join([NO, YES, NO, NO, YES]) + "]}")
        partly = {**question("anna", "lezen", "b1"), "evaluations": [{"resource": {"id": "b2"}}, {}]}
        status, text = self.point.post("evaluations", partly)
        items = json.loads(text)["evaluations"]
        self.assertEqual((status, items[0]["decision"], items[1]), (200, False, {"decision": True}))
        self.assertEqual(items[0]["context"]["error"], {"status": 400, "message": "resource.type is missing"})

    def test_batch_without_items_is_one(self):
        for more in ({}, {"evaluations": []}, {"evaluations": None}):
            self.expect("evaluations", question("anna", "lezen", "b1", **more), YES)
        self.refused("evaluations", {"evaluations": []}, "subject is missing")
        self.refused("evaluations", question("anna", "lezen", "b1", evaluations={}), "must be an array")
        self.refused("evaluations", question("anna", "lezen", "b1", evaluations=[{}] * 1001), "1000")
        self.assertEqual(self.point.post("evaluations", question("anna", "lezen", "b1",
                                                                 evaluations=[{}] * 1000))[1].count("true"), 1000)

    def test_item_errors(self):
        body = {**question("anna", "lezen", "b1"), "evaluations": ["x", {"action": {"name": 1}}, {}]}
        items = json.loads(self.point.post("evaluations", body)[1])["evaluations"]
        self.assertEqual([item["decision"] for item in items], [False, False, True])
        self.assertEqual(items[1]["context"]["error"]["message"], "action.name must be a non-empty string")
        body["options"] = {"evaluations_semantic": "deny_on_first_deny"}
        self.assertEqual(len(json.loads(self.point.post("evaluations", body)[1])["evaluations"]), 1)
        self.refused("evaluations", {**body, "subject": "anna"}, "subject must be an object")

    def test_errors(self):
        good = question("anna", "lezen", "b1")
        for member, value, words in (
                ("subject", None, "subject is missing"), ("subject", [], "subject must be an object"),
                ("subject", {"id": "anna"}, "subject.type is missing"),
                ("subject", {"type": "Lid"}, "subject.id is missing"),
                ("subject", {"type": 1, "id": "a"}, "subject.type must be"),
                ("subject", {"type": "Lid", "id": ""}, "subject.id must be"),
                ("subject", {"type": "Lid", "id": "a", "properties": "x"}, "subject.properties must be"),
                ("action", {}, "action.name is missing"), ("action", "lezen", "action must be"),
                ("resource", {"type": "Boek"}, "resource.id is missing"),
                ("context", "nu", "context must be"), ("options", 1, "options must be")):
            self.refused("evaluation", {**good, member: value}, words)
        for text, words in (("", "empty"), ("{", "not valid JSON"), ("[]", "object"), ("\"x\"", "object"),
                            ('{"subject":1,"subject":2}', "twice"), (b'{"a":"\xff"}', "not valid JSON"),
                            ('{"a":"\\ud800"}', "not valid JSON"), ("[" * 33, "32"),
                            ('{"a":' * 33, "32"), ('{"a":"' + "[" * 99 + '"}', "subject is missing")):
            self.refused("evaluation", text, words)
        self.refused("evaluation", good, "content type", headers={"Content-Type": "text/plain"})
        self.refused("evaluation", good, "content type", headers={"Content-Type": None})
        self.refused("evaluation", good, "who asks", status=401, headers={"x-origin-oin": None})
        self.assertIn("WWW-Authenticate", self.point.headers)
        self.assertEqual(self.point.get("/access/v1/evaluation")[0], 405)
        self.assertEqual(self.point.post("search", good)[0], 404)

    def test_request_id(self):
        self.expect("evaluation", question("anna", "lezen", "b1"), YES, headers={"X-Request-ID": "abc-1"})
        self.assertEqual(self.point.headers.get("X-Request-ID"), "abc-1")
        self.refused("evaluation", "{", "JSON", headers={"X-Request-ID": "abc-2"})
        self.assertEqual(self.point.headers.get("X-Request-ID"), "abc-2")
        self.expect("evaluation", question("anna", "lezen", "b1"), YES)
        self.assertNotIn("X-Request-ID", self.point.headers)

    def test_search(self):
        def found(kind, body):
            status, text = self.point.post("search/" + kind, body)
            self.assertEqual(status, 200, text)
            return json.loads(text)["results"]
        body = question("x", "lenen", "b1")
        body["subject"] = {"type": "Lid"}
        self.assertEqual(found("subject", body), [{"type": "Lid", "id": "anna"}, {"type": "Lid", "id": "bram"}])
        body["subject"] = {"type": URI, "id": "carla"}
        self.assertEqual([hit["id"] for hit in found("subject", body)], ["anna", "bram"])
        body = question("anna", "lenen", "x")
        body["resource"] = {"type": "Boek", "id": "b2", "properties": {"uitleenbaar": False}}
        self.assertEqual([hit["id"] for hit in found("resource", body)], ["b1", "b3"])
        body = question("anna", "x", "b1")
        del body["action"]
        self.assertEqual(sorted(hit["name"] for hit in found("action", body)),
                         ["afschrijven", "lenen", "lezen", "verlengen"])
        self.assertEqual(found("action", {**body, "subject": {"type": "Lid", "id": "niemand"}}), [])
        self.assertEqual(found("resource", {**question("anna", "lezen", "x"), "resource": {"type": "Maan"}}), [])
        self.refused("search/resource", {**question("anna", "lezen", "x"), "resource": {"id": "b1"}}, "type is missing")
        self.refused("search/action", {"subject": {"type": "Lid", "id": "a"}}, "resource is missing")

    def test_paging(self):
        body = {**question("anna", "lezen", "x"), "resource": {"type": "Boek"}, "page": {"limit": 2}}
        first = json.loads(self.point.post("search/resource", body)[1])
        token = first["page"]["next_token"]
        self.assertEqual(([hit["id"] for hit in first["results"]], first["page"]["count"]), (["b1", "b2"], 2))
        second = json.loads(self.point.post("search/resource", {**body, "page": {"token": token, "limit": 2}})[1])
        self.assertEqual(second, {"results": [{"type": "Boek", "id": "b3"}], "page": {"next_token": "", "count": 1}})
        for changed in ({"subject": {"type": "Lid", "id": "bram"}}, {"context": {"a": 1}}):
            self.refused("search/resource", {**body, **changed, "page": {"token": token}}, "token")
        for page in ({"token": "x"}, {"token": 1}, {"token": token + "0"}, {"token": "0" + token}):
            self.refused("search/resource", {**body, "page": page}, "token")
        for limit in (0, -1, "2", 1.5):
            self.refused("search/resource", {**body, "page": {"limit": limit}}, "limit")

    def test_explanation_only_when_asked(self):
        body = question("anna", "lenen", "b1", context={"gesloten": True}, options={"explain": True})
        answer = json.loads(self.point.post("evaluation", body)[1])
        self.assertEqual((answer["decision"], answer["context"]["rule"]), (False, "gesloten"))
        self.assertTrue(answer["context"]["policy_version"].startswith("sha256:"))

    def test_metadata(self):
        status, text = self.point.get("/.well-known/authzen-configuration")
        self.assertEqual(status, 200)
        found = json.loads(text)
        self.assertEqual(found["policy_decision_point"], BASE)
        self.assertEqual(found["access_evaluation_endpoint"], BASE + "/access/v1/evaluation")
        self.assertEqual(len(found), 6)

    def test_records_and_metrics(self):
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        self.expect("evaluations", question("anna", "lenen", "b1", context={"traceparent": trace},
                                            evaluations=[{}, {"resource": {"type": "Boek", "id": "123456782"}}]),
                    '{"evaluations":[' + YES + "," + NO + "]}", headers={"X-Request-ID": "spoor-7"})
        record = [r for r in self.point.records() if r.get("result", {}).get("callerId") == "spoor-7"][-1]
        self.assertEqual((record["type"], record["result"]["decisions"]), ("decision", "10"))
        self.assertEqual(record["origin"]["traceId"], trace[3:35])
        self.assertEqual(record["result"]["decided"][0]["subject"], "anna")
        self.assertNotIn("123456782", json.dumps(record))
        self.assertEqual(record["actor"]["organisation"], running.MUNICIPALITY)
        self.assertRegex(self.point.get("/metrics")[1], r'authzen_decisions_total\{decision="permit"\} [1-9]')


class OwnRules(unittest.TestCase):
    """The gateway's own bundle: one decision for a whole dossier of fields."""

    @classmethod
    def setUpClass(cls):
        cls.point = Point(**{"assert": f"{running.MUNICIPALITY}: context.* subject.rollen"})

    @classmethod
    def tearDownClass(cls):
        cls.point.close()

    def body(self, field="persoon.naam.voornamen", roles=("klantmanager",), **context):
        return {"subject": {"type": "https://ketenpoort.example/begrip/medewerker", "id": "p.smit",
                            "properties": {"rollen": list(roles)}},
                "action": {"name": "raadplegen"}, "resource": {"type": "veld", "id": field},
                "context": {"doel": "participatiewet-intake", "inWerkvoorraad": True, "heeftZaak": True,
                            "zaak": "Z-1", **context}}

    def decision(self, body):
        status, text = self.point.post("evaluation", body)
        self.assertEqual(status, 200, text)
        return json.loads(text)["decision"]

    def test_fields(self):
        fields = json.loads(self.point.post("search/resource", {**self.body(), "resource": {"type": "veld"},
                                                                "page": {"limit": 1000}})[1])["results"]
        self.assertGreater(len(fields), 3)
        name = fields[0]["id"]
        self.assertTrue(self.decision(self.body(name)))
        self.assertFalse(self.decision(self.body(name, roles=[])))
        self.assertFalse(self.decision(self.body(name, doel="bestaat-niet")))
        self.assertFalse(self.decision(self.body("geen.veld")))
        self.assertFalse(self.decision({**self.body(name), "resource": {"type": "planeet", "id": name}}))
        self.assertFalse(self.decision({**self.body(name), "action": {"name": "vernietigen"}}))
        self.assertFalse(self.decision({**self.body(name), "subject": {"type": "robot", "id": "p.smit"}}))
        # The time of the question only ever closes.
        self.assertTrue(self.decision(self.body(name, time="2026-11-23T10:00:00Z")))
        self.assertFalse(self.decision(self.body(name, time="2011-01-01T00:00:00Z")))
        self.assertFalse(self.decision(self.body(name, time="2099-01-01T00:00:00Z")))
        batch = {**self.body(), "evaluations": [{"resource": hit} for hit in fields] +
                 [{"resource": {"type": "veld", "id": "geen.veld"}}]}
        items = json.loads(self.point.post("evaluations", batch)[1])["evaluations"]
        self.assertEqual(items, [{"decision": True}] * len(fields) + [{"decision": False}])

    def test_assertions_are_per_client(self):
        other = self.point.gateway.headers(organisation="00000004000000044000")
        status, text = self.point.post("evaluation", self.body(), headers=other)
        self.assertEqual((status, text), (200, NO))

    def test_activity(self):
        body = self.body(options=None)
        explained = json.loads(self.point.post("evaluation", {**body, "options": {"explain": True}})[1])
        activity = explained["context"]["processing_activity_id"]
        self.assertTrue(activity)
        body["action"]["properties"] = {"processing_activity_id": activity}
        self.assertTrue(self.decision(body))
        del body["context"]["doel"]
        self.assertTrue(self.decision(body))
        body["action"]["properties"]["processing_activity_id"] = "urn:bestaat:niet"
        self.assertFalse(self.decision(body))
        record = self.point.records()[-1]
        self.assertEqual(record["result"]["api"], "evaluation")

    def test_nobody_is_found(self):
        body = self.body()
        body["subject"] = {"type": "medewerker"}
        self.assertEqual(self.point.post("search/subject", body), (200, '{"results":[]}'))
        body = self.body()
        del body["action"]
        names = [hit["name"] for hit in json.loads(self.point.post("search/action", body)[1])["results"]]
        self.assertIn("raadplegen", names)


class Certification(unittest.TestCase):
    """What a caller sends wins: only in certification mode."""

    def test_override(self):
        point = Point(HERE / "bibliotheek", certification=True)
        try:
            body = question("anna", "lenen", "b2")
            body["resource"]["properties"] = {"uitleenbaar": True}
            self.assertEqual(point.post("evaluation", body), (200, YES))
            self.assertEqual(point.post("evaluation", question("anna", "lenen", "b2")), (200, NO))
        finally:
            point.close()


class FailClosed(unittest.TestCase):
    def test_no_record_no_decision(self):
        def full(config):
            config["authzen"] = {"enabled": True, "policy_set": str(HERE / "bibliotheek")}
            config["journal"] = {**config.get("journal", {}), "bytes_max": 1}
        point = Point.__new__(Point)
        point.gateway = running.Gateway(PROGRAM, change=full)
        try:
            status, text = point.post("evaluation", question("anna", "lezen", "b1"))
            self.assertEqual(status, 503)
            self.assertIn("recorded", json.loads(text))
        finally:
            point.close()


class Check(unittest.TestCase):
    """What `ketenpoort check` says about wrong options."""

    def test_faults(self):
        with tempfile.TemporaryDirectory() as home:
            folder = pathlib.Path(home) / "poort"
            subprocess.run([PROGRAM, "init", str(folder)], check=True, stdout=subprocess.DEVNULL)
            path = folder / "gateway.json"
            good = json.loads(path.read_text())
            for options, words in (({"base_url": "https://a.nl/"}, "base_url"), ({"assert": "iedereen"}, "assert"),
                                   ({"base_url": "http://a.nl"}, "base_url"), ({"enabled": 1}, "enabled"),
                                   ({"enabled": True, "policy_set": "nergens"}, "nergens"),
                                   ({"certification": True}, "certification")):
                config = {**good, "authzen": options}
                if "certification" in options:
                    config["listeners"] = [{"host": "0.0.0.0", "port": 8080}]
                    config["identity"] = {"development": ""}
                path.write_text(json.dumps(config))
                done = subprocess.run([PROGRAM, "check", str(path)], capture_output=True, text=True, timeout=60)
                self.assertNotEqual(done.returncode, 0, options)
                self.assertIn(words, done.stdout + done.stderr)


class Off(unittest.TestCase):
    def test_off(self):
        gateway = running.Gateway(PROGRAM)
        try:
            for method, path in (("POST", "/access/v1/evaluation"),
                                 ("GET", "/.well-known/authzen-configuration")):
                connection = gateway.connect()
                connection.request(method, path, "{}" if method == "POST" else None, gateway.headers())
                self.assertEqual(connection.getresponse().status, 404)
        finally:
            gateway.close()


class Todo(unittest.TestCase):
    """The public interop files, against the public policy and users."""

    def test_interop(self):
        if not (SHARED / "todo.cedar").exists():
            print("SKIPPED: no interop files; looked in", SHARED, flush=True)
            self.skipTest("no interop files")
        with tempfile.TemporaryDirectory() as folder:
            for name in ("todo.cedar", "pip-todo.json"):
                shutil.copy(SHARED / name, folder)
            point = Point(folder, **{"assert": "*: context.* resource.ownerID"})
            try:
                for name, cases in (("todo-decisions-1_0-01.json", 40), ("todo-decisions-1_0-02.json", 43)):
                    self.run_file(point, json.loads((SHARED / name).read_text()), name, cases)
            finally:
                point.close()

    def run_file(self, point, data, name, cases):
        right = 0
        for case in data["evaluation"]:
            expected = YES if case["expected"] else NO
            right += point.post("evaluation", case["request"]) == (200, expected)
        for case in data.get("evaluations", []):
            expected = json.dumps({"evaluations": case["expected"]}, separators=(",", ":"))
            right += point.post("evaluations", case["request"]) == (200, expected)
        print(f"{name}: {right}/{cases} over HTTP", flush=True)
        self.assertEqual(right, cases)


if __name__ == "__main__":
    unittest.main()
