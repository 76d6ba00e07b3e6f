#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""The NL API Design Rules 2.x at run time: what their "how to test" paragraphs ask, and the
functional rules that can be seen from outside, against a running gateway. One test per rule; its
name is the rule's. Rules about the document alone are in lint.py.

    test_adr.py [SHARED_DATA] PROGRAM
"""
import json
import pathlib
import re
import socket
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "support")]
import running  # noqa: E402
import document  # noqa: E402

PROGRAM = running.program_from_arguments()
ASK = "/v1/dossiers/_zoek"
QUESTION = {"burgerservicenummer": "999910061", "doel": "participatiewet-intake"}
SEMVER = re.compile(r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$")


def change(config):
    config["http"] = {**config.get("http", {}), "head_timeout_ms": 300}
    config["api"] = {"deprecated_on": "2027-01-31", "sunset_on": "2028-02-29",
                     "notice_url": "https://example.nl/v2"}


class Rules(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gateway = running.Gateway(PROGRAM, change=change)
        cls.document = document.fetch(cls.gateway)

    @classmethod
    def tearDownClass(cls):
        cls.gateway.close()

    def send(self, method, path, body=None, **headers):
        sent = {**self.gateway.headers(), **{name.replace("_", "-"): value for name, value in headers.items()}}
        return document.send(self.gateway, method, path, body, sent)

    def ask(self, body=QUESTION, **headers):
        return self.send("POST", ASK, json.dumps(body), **headers)

    def raw(self, text):
        """Exactly these bytes: for what no client library sends."""
        with socket.create_connection(("127.0.0.1", self.gateway.port), 30) as client:
            client.sendall(text)
            got = b""
            while piece := client.recv(65536):
                got += piece
        head, _, body = got.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        return int(lines[0].split()[1]), headers, body

    def answers(self):
        """One of every kind: answers, refusals by a handler, by the routes, by the connection."""
        yield self.ask()
        yield self.ask(Accept="application/x-ndjson")
        yield self.ask(Prefer="handling=dry-run")
        yield self.send("GET", "/v1/openapi.json")
        yield self.send("HEAD", "/v1/openapi.json")
        yield self.send("OPTIONS", "/v1/openapi.json")
        yield from self.problems()

    def problems(self):
        yield self.ask({})                                          # 400
        yield self.send("POST", ASK, "{")                           # 400
        yield self.ask(x_origin_oin="")                             # 401
        yield self.ask({**QUESTION, "doel": "fraudeonderzoek"})     # 403
        yield self.send("GET", "/v1/nergens")                       # 404
        yield self.send("PUT", ASK, "{}")                           # 405
        yield self.send("DELETE", "/v1/openapi.json")               # 405
        yield self.ask(Accept="application/xml")                    # 406
        yield self.ask({**QUESTION, "reden": "x" * 20000})          # 413
        yield self.send("GET", "/v1/" + "a" * 9000)                 # 414
        yield self.ask(Content_Type="application/xml")              # 415
        yield self.ask(x_lang="a" * 17000)                          # 431

    # --- technical rules ---

    def test_core_no_trailing_slash(self):
        for _, path, _ in self.document.operations():
            self.assertFalse(path.endswith("/"))
            answer = self.send("GET", path + "/")
            self.assertEqual(answer.status, 404)

    def test_core_path_segments_kebab_case(self):
        for _, path, _ in self.document.operations():
            *segments, last = path.strip("/").split("/")
            for segment in segments:
                self.assertRegex(segment, r"^[a-z0-9]+(-[a-z0-9]+)*$")
            self.assertRegex(last, r"^(_?[a-z0-9]+(-[a-z0-9]+)*|openapi\.json)$")

    def test_core_query_keys_camel_case(self):
        for _, _, operation in self.document.operations():
            for parameter in operation.get("parameters", []):
                self.assertNotEqual(self.document.resolve(parameter)["in"], "query")

    def test_core_date_time_timezone(self):
        found = re.findall(r'"\w+Op":"(\d{4}-\d\d-\d\dT[^"]*)"', self.ask().bytes.decode())
        self.assertTrue(found)
        for instant in found:
            self.assertRegex(instant, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")

    def test_core_error_handling_problem_details(self):
        seen = set()
        for answer in self.problems():
            problem = answer.json()
            seen.add(answer.status)
            self.assertEqual(answer.kind, "application/problem+json")
            self.assertEqual(problem["status"], answer.status)
            for member in ("title", "detail", "type"):
                self.assertTrue(problem[member])
            self.document.validate(problem, self.document.schema("InvalidProblem"))
        self.assertEqual(seen, {400, 401, 403, 404, 405, 406, 413, 414, 415, 431})

    def test_core_error_handling_problem_details_of_the_connection(self):
        for text, status in ((b"GET / HTTP/1.1\r\n\r\n", 400),
                             (b"GET / HTTP/1.1\r\nHost: a\r\n", 408),
                             (b"POST / HTTP/1.1\r\nHost: a\r\nExpect: iets\r\nContent-Length: 1\r\n\r\n", 417),
                             (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
                             (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", None)):
            found, headers, body = self.raw(text)
            self.assertIn(found, (status, 400, 501) if status is None else (status,))
            self.assertEqual(headers["content-type"], "application/problem+json")
            self.assertEqual(json.loads(body)["status"], found)
            self.document.validate(json.loads(body), self.document.schema("Problem"))
            for name in document.FIXED:
                self.assertIn(name.lower(), headers)

    def test_core_error_handling_invalid_input(self):
        body = {"burgerservicenummer": "123456789", "velden": ["persoon", "bestaat-niet", 3], "budgetMs": -1,
                "onbekend": {"a": [1]}, "profiel": ""}
        answer = self.ask(body)
        problem = answer.json()
        self.assertEqual(answer.status, 400)
        pointers = {fault["pointer"]: fault["code"] for fault in problem["invalidParams"]}
        self.assertEqual(set(pointers), {"/burgerservicenummer", "/doel", "/velden", "/velden/1", "/budgetMs",
                                         "/onbekend", "/profiel"})
        self.assertEqual(pointers["/doel"], "required")
        for pointer in set(pointers) - {"/doel"}:
            at = body
            for part in pointer[1:].split("/"):
                at = at[int(part)] if isinstance(at, list) else at[part]
        self.assertNotIn("123456789", answer.bytes.decode())

    def test_core_publish_openapi(self):
        for headers in ({}, {"Origin": "https://developer.overheid.nl"}):
            answer = document.send(self.gateway, "GET", "/v1/openapi.json", headers=headers)
            self.assertEqual((answer.status, answer.kind), (200, "application/json"))
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")
            self.assertRegex(answer.json()["openapi"], r"^3\.\d+\.\d+$")
        answer = document.send(self.gateway, "OPTIONS", "/v1/openapi.json", headers={
            "Origin": "https://developer.overheid.nl", "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "x-iets"})
        self.assertEqual(answer.status, 204)
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")
        self.assertIn("GET", answer.headers["Access-Control-Allow-Methods"])

    def test_core_doc_openapi_contact(self):
        contact = self.document.data["info"]["contact"]
        self.assertTrue(contact["name"] and "@" in contact["email"] and contact["url"].startswith("https://"))

    def test_core_uri_version_and_semver(self):
        version = self.document.data["info"]["version"]
        self.assertRegex(version, SEMVER)
        self.assertRegex(self.document.data["servers"][0]["url"], rf"/v{version.split('.')[0]}$")

    def test_core_version_header(self):
        version = self.document.data["info"]["version"]
        for answer in self.answers():
            self.assertEqual(answer.headers.get_all("API-Version"), [version])
        self.assertEqual(self.send("GET", "/health/live").headers["API-Version"], version)

    def test_transport_security_headers(self):
        asked = {"Cache-Control": "no-store", "Content-Security-Policy": "frame-ancestors 'none'",
                 "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"}
        for answer in self.answers():
            for name, value in asked.items():
                self.assertEqual(answer.headers.get_all(name), [value])
            self.assertRegex(answer.headers["Strict-Transport-Security"], r"^max-age=(\d{8,})")
            self.assertTrue(answer.status == 204 or answer.headers["Content-Type"])
            self.assertIsNone(answer.headers["Server"])

    def test_transport_cors(self):
        """Only the document is for every site; a dossier is for none."""
        for method in ("POST", "OPTIONS"):
            answer = self.send(method, ASK, json.dumps(QUESTION), Origin="https://kwaad.example",
                               Access_Control_Request_Method="POST")
            self.assertIsNone(answer.headers["Access-Control-Allow-Origin"])

    def test_the_same_over_http2(self):
        """What every answer has does not depend on what carries it."""
        body = ["-H", "Content-Type: application/json", "-d", "{}"]
        for arguments, path, status in (([], "/v1/openapi.json", 200), (["-X", "OPTIONS"], "/v1/openapi.json", 204),
                                        ([], "/v1/nergens", 404), (["-X", "PUT"], ASK, 405), (body, ASK, 401),
                                        (["-d", "{}"], ASK, 415), ([], "/v1/" + "a" * 9000, 414)):
            done = subprocess.run(["curl", "-sS", "--http2-prior-knowledge", "-D", "-", "-o", "/dev/stderr", *arguments,
                                   f"http://127.0.0.1:{self.gateway.port}{path}"],
                                  capture_output=True, text=True, timeout=60, check=True)
            first, *lines = done.stdout.strip().splitlines()
            self.assertEqual(first.split()[:2], ["HTTP/2", str(status)])
            headers = dict(line.split(": ", 1) for line in lines)
            for name in document.FIXED:
                self.assertIn(name.lower(), headers, f"{status} {name}")
            if status >= 400:
                self.assertEqual(headers["content-type"], "application/problem+json")
                self.assertEqual(json.loads(done.stderr)["status"], status)
            if status == 405:
                self.assertEqual(headers["allow"], "POST")

    # --- functional rules that can be seen from outside ---

    def test_core_http_methods(self):
        for path, takes in ((ASK, {"POST"}), ("/v1/openapi.json", {"GET", "HEAD", "OPTIONS"})):
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"):
                if method in takes:
                    continue
                answer = self.send(method, path)
                self.assertEqual(answer.status, 405, method)
                self.assertEqual(set(answer.headers["Allow"].split(", ")), takes)

    def test_core_http_safety(self):
        """Reading the document twice changes nothing: the same bytes."""
        self.assertEqual(self.send("GET", "/v1/openapi.json").bytes, self.send("GET", "/v1/openapi.json").bytes)

    def test_core_stateless(self):
        """A second question on another connection gives the same dossier."""
        first, second = self.ask().json(), self.ask().json()
        self.assertEqual(first["dossier"], second["dossier"])
        self.assertIsNone(self.ask().headers["Set-Cookie"])

    def test_core_transport_no_sensitive_uris(self):
        for _, path, operation in self.document.operations():
            self.assertNotIn("{", path)
            for parameter in operation.get("parameters", []):
                self.assertEqual(self.document.resolve(parameter)["in"], "header")

    def test_core_content_negotiation(self):
        for accept, kind in (("application/json", "application/json"), ("*/*", "application/json"),
                             ("application/x-ndjson", "application/x-ndjson"),
                             ("text/event-stream", "text/event-stream"),
                             ("text/html, application/*;q=0.5", "application/json")):
            self.assertEqual(self.ask(Accept=accept).kind, kind)
        self.assertEqual(self.ask(Accept="text/html").status, 406)
        self.assertEqual(self.ask(Content_Type="application/json; charset=utf-8").status, 200)
        self.assertEqual(self.ask(Content_Type="application/json; charset=latin1").status, 415)
        self.assertEqual(self.ask(Content_Encoding="gzip").status, 415)

    def test_core_deprecation_schedule(self):
        for answer in self.answers():
            if answer.status in (414, 431):
                continue  # no request came of it, so no version was asked for
            self.assertEqual(answer.headers["Deprecation"], "@1801353600")
            self.assertEqual(answer.headers["Sunset"], "Tue, 29 Feb 2028 00:00:00 GMT")
            self.assertEqual(answer.headers["Link"], '<https://example.nl/v2>; rel="deprecation"')
        self.assertIsNone(self.send("GET", "/health/live").headers["Deprecation"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
