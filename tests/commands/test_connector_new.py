#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""`connector new`: what it proposes of our own small descriptions, to the letter, and of real ones, against the manifests that
people made of them. Whatever it writes passes `connector check`."""
import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(sys.argv.pop()) if len(sys.argv) > 2 else ROOT / "../shared/data"
PROGRAM = os.path.abspath(sys.argv.pop()) if len(sys.argv) > 1 else str(
    ROOT / ".build/dev/gateway/ketenpoort")
CATALOGUE = ROOT / "policies/voorbeeld/catalogus.json"
FIXTURES = ROOT / "tests/commands/connector_new"
sys.path.insert(0, str(ROOT / "tests/support"))
sys.path.insert(0, str(ROOT / "tests/partners"))
import mariadb  # noqa: E402
import postgres  # noqa: E402
import partners as stand_ins  # noqa: E402


def mapped(manifest):
    """Field → where it comes from; of lists with their items before it."""
    path = lambda value: value if isinstance(value, str) else value.get("path")
    response = manifest["response"]
    found = {field: path(value) for field, value in response.get("fields", {}).items()}
    for section in response.get("lists", {}).values():
        for field, value in section["fields"].items():
            found[field] = f"{section['items']} {path(value)}"
    return found


def places(manifest):
    """Field → the paths from the top of an answer in XML, without marks and steps up; a list may have several."""
    response = manifest["response"]
    root = response.get("root", "")

    def whole(*parts):
        steps = []
        for step in re.sub(r"\[.*?\]", "", "/".join(parts)).split("/"):
            if step == "..":
                steps.pop()
            elif step not in ("", "."):
                steps.append(step)
        return "/".join(steps)

    path = lambda value: value if isinstance(value, str) else value.get("path", "")
    found = {field: {whole(root, path(value))} for field, value in response.get("fields", {}).items() if field != "//"}
    for section in response.get("lists", {}).values():
        for field, value in section["fields"].items():
            if field != "//":
                found[field] = {whole(root, items, path(value)) for items in section["items"].split(" | ")}
    return found


class New(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.home = tempfile.TemporaryDirectory(prefix="ketenpoort-new-")
        self.addCleanup(self.home.cleanup)
        self.folder = pathlib.Path(self.home.name)

    def run_new(self, *words):
        return subprocess.run([PROGRAM, "connector", "new", "-c", str(CATALOGUE), *map(str, words)], capture_output=True,
                              text=True, timeout=120)

    def new(self, source, *words):
        done = self.run_new("--source", source, *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        manifest = json.loads(done.stdout)
        path = self.folder / "manifest.json"
        path.write_text(done.stdout)
        check = subprocess.run([PROGRAM, "connector", "check", "-c", str(CATALOGUE), str(path)], capture_output=True, text=True,
                               timeout=60)
        self.assertEqual((check.returncode, check.stderr), (0, ""), done.stdout)
        for todo in manifest["//"]:
            self.assertTrue(todo.startswith("TODO "), todo)
        return manifest

    def refuse(self, words, *options):
        done = self.run_new("--source", "brp", *options)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(words, done.stderr)

    # OpenAPI.

    def test_openapi(self):
        manifest = self.new("gemeente-schuldhulp", "--openapi", FIXTURES / "schuldhulp.json")
        self.assertEqual(mapped(manifest), {
            "schuldhulp.datumAanvraag": "client.traject.aanvraagdatum", "schuldhulp.status": "client.traject.stand",
            "schulden.schuldeiser": "debts[] creditor", "schulden.bedrag": "debts[] amount", "schulden.datum": "debts[] date"})
        self.assertEqual(manifest["response"]["subject"], "client.bsn")
        self.assertEqual(manifest["response"]["//"], ["not mapped: debts[].dossiernummer"])
        self.assertEqual(manifest["request"], {
            "//": "post /zoek of the description", "method": "POST", "target": "/zoek",
            "headers": {"Content-Type": "application/json", "x-doelbinding": "{doel}", "X-Kanaal": "TODO"},
            "body": {"bsn": "{bsn}", "soort": "volledig"}})
        self.assertEqual(manifest["access"], {"kind": "header", "header": "X-Api-Key", "secret": "gemeente-schuldhulp"})
        self.assertEqual(manifest["endpoint"], "http://127.0.0.1:9/v2")
        todo = " ".join(manifest["//"])
        for words in ("X-Kanaal", "404", "https://api.kredietbank.example/v2/", "secret for 'sleutel'"):
            self.assertIn(words, todo)
        proposal = manifest["response"]["lists"]["schulden"]["fields"]["schulden.bedrag"]
        self.assertRegex(proposal["//"], r"^\d+%, by the name 'Bedrag'")

    def test_nothing_of_a_description_steers_the_terminal(self):
        steering = "\x1b[2J\x9b31m\x7f\n9 of 9 values"
        description = json.loads((FIXTURES / "schuldhulp.json").read_text())
        description["servers"][0]["url"] = "https://a" + steering
        (self.folder / "openapi.json").write_text(json.dumps(description))
        done = self.run_new("--source", "gemeente-schuldhulp", "--openapi", self.folder / "openapi.json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("https://a?[2J?31m? / 9 of 9 values", done.stderr)
        self.refuse("c?[2J?31m? / 9", "--csv", self.folder / f"c{steering}.csv")

    def test_yaml_gives_the_same(self):
        self.assertEqual(self.new("gemeente-schuldhulp", "--openapi", FIXTURES / "schuldhulp.yaml"),
                         self.new("gemeente-schuldhulp", "--openapi", FIXTURES / "schuldhulp.json"))

    def test_a_named_operation(self):
        for name in ("zoek", "/zoek"):
            self.new("gemeente-schuldhulp", "--openapi", FIXTURES / "schuldhulp.json", "--operation", name)
        manifest = self.new("gemeente-schuldhulp", "--openapi", FIXTURES / "schuldhulp.json", "--operation", "gezond")
        self.assertEqual(mapped(manifest), {})
        self.assertIn("map them by hand", " ".join(manifest["//"]))
        self.refuse("no operation nergens", "--openapi", FIXTURES / "schuldhulp.json", "--operation", "nergens")

    def openapi(self, paths, **members):
        path = self.folder / "openapi.json"
        path.write_text(json.dumps({"openapi": "3.0.3", "paths": paths, **members}))
        return path

    def test_a_number_in_the_address_is_not_proposed(self):
        answer = {"200": {"content": {"application/json": {"schema": {"type": "object", "properties": {"bsn": {"type": "string"}}}}}}}
        manifest = self.new("brp", "--openapi", self.openapi({"/personen/{burgerservicenummer}": {"get": {"responses": answer}}}))
        self.assertEqual(manifest["request"]["target"], "/personen/TODO")
        todo = next(text for text in manifest["//"] if "client number" in text)
        for word in ("request.target", '"bsn_in_url": true', "sources.bsn_in_url in gateway.json"):
            self.assertIn(word, todo)
        # Who does as it says has a manifest that checks.
        manifest["request"].update(target="/personen/{bsn}", bsn_in_url=True)
        path = self.folder / "manifest.json"
        path.write_text(json.dumps(manifest))
        check = [PROGRAM, "connector", "check", "-c", CATALOGUE, path]
        self.assertEqual(subprocess.run(check, capture_output=True, timeout=60).returncode, 0)
        del manifest["request"]["bsn_in_url"]
        path.write_text(json.dumps(manifest))
        self.assertEqual(subprocess.run(check, capture_output=True, timeout=60).returncode, 1)

    def test_parameters_of_the_address(self):
        answer = {"200": {"content": {"application/json": {"schema": {"type": "object", "properties": {"bsn": {"type": "string"}}}}}}}
        parameters = [{"name": "bsn", "in": "query"}, {"name": "taal", "in": "query"},
                      {"name": "filter[soort]", "in": "query", "required": True}]
        manifest = self.new("brp", "--openapi", self.openapi({"/personen": {"get": {"parameters": parameters, "responses": answer}}}))
        self.assertEqual((manifest["request"]["target"], manifest["request"]["query"]),
                         ("/personen?filter%5Bsoort%5D=TODO", {"bsn": "TODO"}))
        self.assertIn("request.query: the partner wants the client number in 'bsn'", " ".join(manifest["//"]))

    def test_a_long_path_is_whole_or_refused(self):
        answer = {"200": {"content": {"application/json": {"schema": {"type": "object", "properties": {"bsn": {"type": "string"}}}}}}}
        path = "/" + "a" * 4000 + "/{nergens}"
        manifest = self.new("brp", "--openapi", self.openapi({path: {"get": {"responses": answer}}}))
        self.assertEqual(manifest["request"]["target"], path.replace("{nergens}", "TODO"))
        self.refuse("a path of more than 8192 bytes", "--openapi", self.openapi({"/" + "a" * 9000: {"get": {"responses": answer}}}))

    def test_a_long_name_is_nobodys_number(self):
        long = "x" * 200
        text = {"type": "string"}
        question = {"content": {"application/json": {"schema": {
            "type": "object", "required": ["bsn", long], "properties": {"bsn": text, long: text}}}}}
        answer = {"200": {"content": {"application/json": {"schema": {"type": "object", "properties": {"bsn": text}}}}}}
        manifest = self.new("brp", "--openapi", self.openapi({"/vraag": {"post": {"requestBody": question, "responses": answer}}}))
        body = manifest["request"]["body"]
        self.assertEqual(body["bsn"], "{bsn}")
        self.assertNotIn("{bsn}", body[long])

    def test_pages(self):
        """A link to the next page becomes paging; a parameter that asks for a page is something to do."""
        link = {"type": "object", "properties": {"next": {"type": "object", "properties": {"href": {"type": "string"}}}}}
        for more, paging, words in (({"_links": link}, {"next": "_links.next.href"}, None), ({"next": {"type": "string"}}, {"next": "next"}, None),
                                    ({}, None, "can be asked for a page ('page')")):
            answer = {"type": "object", "properties": {"bsn": {"type": "string"}, "uitkeringen": {
                "type": "array", "items": {"type": "object", "properties": {"wet": {"type": "string"}}}}, **more}}
            paths = {"/u": {"post": {
                "parameters": [{"name": "page", "in": "query", "schema": {"type": "integer"}}],
                "requestBody": {"content": {"application/json": {"schema": {"type": "object", "properties": {"bsn": {"type": "string"}}}}}},
                "responses": {"200": {"description": "x", "content": {"application/json": {"schema": answer}}}}}}}
            manifest = self.new("uwv", "--openapi", self.openapi(paths))
            self.assertEqual(manifest["response"].get("paging"), paging)
            todo = [one for one in manifest["//"] if "response.paging" in one]
            self.assertEqual(len(todo), words is not None, todo)
            self.assertIn(words or "", " ".join(todo))

    def test_an_address_on_this_machine_stays(self):
        paths = {"/u": {"post": {"responses": {"200": {"description": "x", "content": {"application/json": {"schema": {
            "type": "object", "properties": {"bsn": {"type": "string"}}}}}}}}}}
        for url, endpoint in (("http://localhost:8081/api/v1", "http://localhost:8081/api/v1"), ("http://[::1]:81", "http://[::1]:81"),
                              ("http://127.0.0.1.example:8081/api", "http://127.0.0.1:9/api"), ("http://localhost:x/api", "http://127.0.0.1:9/api")):
            path = self.openapi(paths, servers=[{"url": url}])
            done = self.run_new("--source", "uwv", "--openapi", path)
            self.assertEqual(json.loads(done.stdout)["endpoint"], endpoint)

    def test_a_value_that_another_source_knows(self):
        answer = {"200": {"content": {"application/json": {"schema": {"type": "object", "properties": {
            "kvkNummer": {"type": "string"}, "handelsnaam": {"type": "string"}}}}}}}
        manifest = self.new("kvk", "--openapi", self.openapi({"/basisprofielen/{kvkNummer}": {"get": {"responses": answer}}}))
        self.assertEqual(manifest["request"]["target"], "/basisprofielen/{bekend:ondernemingen.kvkNummer}")
        self.assertIn("whom it is about", " ".join(manifest["//"]))

    def test_a_list_of_values(self):
        schema = {"type": "object", "properties": {"bsn": {"type": "string"},
                                                   "uitkeringenWet": {"type": "array", "items": {"type": "string"}}}}
        answer = {"200": {"content": {"application/json": {"schema": schema}}}}
        manifest = self.new("uwv", "--openapi", self.openapi({"/a": {"get": {"responses": answer}}}))
        self.assertEqual(mapped(manifest)["uitkeringen.wet"], "uitkeringenWet[] .")
        for name, text in (("answer.json", '{"bsn": "999993653", "uitkeringenWet": ["WW", "ZW"]}'), ("bsn", "999993653")):
            (self.folder / name).write_text(text)
        done = subprocess.run([PROGRAM, "connector", "try", "--json", "-c", CATALOGUE, "--bsn-file", self.folder / "bsn", "--answer",
                               self.folder / "answer.json", self.folder / "manifest.json"], capture_output=True, text=True, timeout=60)
        self.assertEqual([field["value"] for field in json.loads(done.stdout)["fields"] if field["path"] == "uitkeringen.wet"], ["WW", "ZW"])

    def test_references_that_lead_nowhere_or_round(self):
        schemas = {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"},
                   "C": {"allOf": [{"$ref": "#/components/schemas/C"}, {"$ref": "https://elders.example/x.json"}, {"$ref": "#/x/y"}],
                         "properties": {"bsn": {"type": "string"}, "diep": {"$ref": "#/components/schemas/A"}}}}
        paths = {"/x": {"post": {"responses": {"200": {"content": {"application/json": {
            "schema": {"$ref": "#/components/schemas/C"}}}}}}}}
        manifest = self.new("brp", "--openapi", self.openapi(paths, components={"schemas": schemas}))
        self.assertEqual(manifest["response"]["subject"], "bsn")
        self.assertNotIn("larger or deeper", " ".join(manifest["//"]))

    def test_a_description_that_is_too_deep(self):
        schema = {"type": "object", "properties": {"bsn": {"type": "string"}}}
        for _ in range(60):
            schema = {"type": "object", "properties": {"in": schema}}
        paths = {"/x": {"post": {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}}}
        self.assertIn("larger or deeper", " ".join(self.new("brp", "--openapi", self.openapi(paths))["//"]))

    def test_no_openapi(self):
        for text, words in (("{", "openapi.json:1"), ("[]", "no OpenAPI"), ("{}", "no OpenAPI"), ("", "openapi.json:1"), ("# niets", "nothing in it"),
                            ('{"openapi": "2.0"}', "no OpenAPI"), ("a: *b", "openapi.json:1:4: no YAML: aliases are not taken"), ("a: 1\na: 2", "comes twice"),
                            ("a: [", "no YAML")):
            (self.folder / "openapi.json").write_text(text)
            self.refuse(words, "--openapi", self.folder / "openapi.json")
        self.refuse("nergens", "--openapi", self.folder / "nergens.json")

    def test_haal_centraal(self):
        path = DATA / "brp/brp-personen-openapi-2.7.0.json"
        if not path.exists():
            self.skipTest(f"SKIPPED: {path} is not there")
        manifest = self.new("brp", "--openapi", path)
        ours = mapped(json.loads((ROOT / "connectors/rest/manifests/haal-centraal-brp.json").read_text()))
        same = [field for field, where in ours.items() if mapped(manifest).get(field) == where]
        self.assertGreaterEqual(len(same), 38, sorted(set(ours) - set(same)))
        self.assertEqual(manifest["response"]["root"], "personen[]")
        self.assertEqual(manifest["request"]["body"], {"type": "RaadpleegMetBurgerservicenummer", "fields": "{velden}",
                                                       "burgerservicenummer": ["{bsn}"]})
        self.assertEqual(manifest["response"]["fields"]["persoon.geboorte.datum"]["form"], "date_object")

    def test_wrong_types_are_named(self):
        good = lambda: json.loads((FIXTURES / "schuldhulp.json").read_text())
        answer = ["components", "schemas", "Antwoord"]
        for at, value, pointer in ((["paths"], [], "/paths"), (["paths", "zoek"], {}, "/paths/zoek"), (["paths", "/zoek"], 1, "/paths/~1zoek"), (["servers"], {}, "/servers"),
                                   (["paths", "/zoek", "post", "parameters"], {}, "/paths/~1zoek/post/parameters"),
                                   (["paths", "/zoek", "post", "responses"], [], "/paths/~1zoek/post/responses"),
                                   (["paths", "/zoek", "post", "requestBody"], "x", "/paths/~1zoek/post/requestBody"),
                                   (["components"], [], "/components"), (["security"], ["x"], "/security/0"),
                                   (["components", "securitySchemes", "x"], 1, "/components/securitySchemes/x"),
                                   ([*answer, "properties"], [], "/components/schemas/Antwoord/properties"),
                                   ([*answer, "allOf"], {}, "/components/schemas/Antwoord/allOf"),
                                   ([*answer, "properties", "a~b"], 7, "/components/schemas/Antwoord/properties/a~0b")):
            document = good()
            holder = document
            for part in at[:-1]:
                holder = holder[part]
            holder[at[-1]] = value
            path = self.folder / "wrong.json"
            path.write_text(json.dumps(document))
            with self.subTest(pointer):
                self.refuse(f"wrong.json: {pointer}: ", "--openapi", path)

    def test_many_operations(self):
        schema = {"type": "object", "properties": {"bsn": {"type": "string"}, "voornamen": {"type": "string"}}}
        answer = {"200": {"content": {"application/json": {"schema": schema}}}}
        path = self.openapi({f"/{number:03}": {"get": {"operationId": f"op{number}", "responses": answer}} for number in range(70)})
        self.assertIn("more than the 64 operations", " ".join(self.new("brp", "--openapi", path)["//"]))
        manifest = self.new("brp", "--openapi", path, "--operation", "op69")
        self.assertEqual(manifest["request"]["target"], "/069")
        self.assertNotIn("operations", " ".join(manifest["//"]))
        # The same in a WSDL.
        text = (FIXTURES / "uitkering.wsdl").read_text()
        more = "".join(f'<operation name="Leeg{number}"/>' for number in range(70))
        self.assertIn("<portType", text)
        shutil.copy(FIXTURES / "uitkering.xsd", self.folder)
        (self.folder / "many.wsdl").write_text(re.sub(r"(<portType[^>]*>)", r"\1" + more, text))
        manifest = self.new("uwv", "--wsdl", self.folder / "many.wsdl", "--operation", "Uitkeringen")
        self.assertEqual(manifest["soap"]["action"], "urn:proef:uitkering/Uitkeringen")

    def test_what_is_referred_to_elsewhere_is_said(self):
        schemas = {"A": {"type": "object", "properties": {"bsn": {"type": "string"}, "x": {"$ref": "https://elders.example/x.json#/X"}}}}
        answer = {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}}
        manifest = self.new("brp", "--openapi", self.openapi({"/a": {"get": {"responses": answer}}}, components={"schemas": schemas}))
        self.assertIn("'https://elders.example/x.json#/X' is referred to and not in the description", " ".join(manifest["//"]))

    def test_names_and_braces_of_a_description(self):
        """A discriminator may name schemas shortly; what is no header is none; a brace in a constant is no template."""
        schemas = {"A": {"discriminator": {"propertyName": "t", "mapping": {"b": "B"}}},
                   "B": {"type": "object", "properties": {"bsn": {"type": "string"}, "voornamen": {"type": "string"}}}}
        answer = {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}}
        body = {"content": {"application/json": {"schema": {"type": "object", "properties": {"c": {"const": "{x}"}}}}}}
        parameters = [{"in": "header", "required": True, "name": name} for name in ("x y", "Host", "Authorization", "X-Goed")]
        manifest = self.new("brp", "--openapi", self.openapi({"/a": {"post": {"responses": answer, "requestBody": body,
                                                                             "parameters": parameters}}},
                                                             components={"schemas": schemas}))
        self.assertEqual(mapped(manifest), {"persoon.burgerservicenummer": "bsn", "persoon.naam.voornamen": "voornamen"})
        self.assertEqual(manifest["request"]["body"], {"c": "{{x}"})
        self.assertEqual(manifest["request"]["headers"], {"Content-Type": "application/json", "X-Goed": "TODO"})
        for name in ("x y", "Host"):
            self.assertIn(f"'{name}' is no name of a header", " ".join(manifest["//"]))

    def access(self, schemes, security=None):
        """The access and the things to do about it, of a document with these schemes."""
        document = json.loads((FIXTURES / "schuldhulp.json").read_text())
        document["components"]["securitySchemes"] = schemes
        if security is not None:
            document["security"] = security
        path = self.folder / "access.json"
        path.write_text(json.dumps(document))
        manifest = self.new("gemeente-schuldhulp", "--openapi", path)
        return manifest.get("access"), [text[5:] for text in manifest["//"] if text.startswith("TODO access")]

    def test_security_schemes(self):
        key = {"type": "apiKey", "in": "header", "name": "X-Key"}
        secret = "gemeente-schuldhulp"
        flow = {"tokenUrl": "https://as.example/token", "scopes": {"a": "", "b": ""}}
        token = lambda **more: {"kind": "oauth2", "secret": secret, "token": {
            "endpoint": "http://127.0.0.1:9/token", "client_id": "TODO", "authentication": "client_secret_basic", **more}}
        nowhere = token(endpoint="http://127.0.0.1:9")
        # schemes, security, access, words of what is to be done
        for schemes, security, access, words in (
                ({"a": {"type": "http", "scheme": "BASIC"}}, None, {"kind": "basic", "secret": secret}, ["secret for 'a' (http)"]),
                ({"a": {"type": "http", "scheme": "Bearer"}}, None, {"kind": "bearer", "secret": secret}, ["secret for 'a' (http)"]),
                ({"a": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}, None, {"kind": "bearer", "secret": secret},
                 ["'a' is a JWT; zgw makes one"]),
                ({"a": {"type": "http", "scheme": "digest"}}, None, None, ["'a' (http digest) is a way in that the gateway does not have",
                                                                           "nothing of what the description wants is known"]),
                ({"a": {"type": "apiKey", "in": "cookie", "name": "sid"}}, None, None, ["'a' (apiKey cookie) is a way in"]),
                ({"a": {"type": "hobo"}, "c": key}, [{"a": []}, {"b": []}, {"c": []}], {"kind": "header", "header": "X-Key", "secret": secret},
                 ["'a' (hobo) is a way in", "'b' (not described) is a way in"]),
                ({"a": {"type": "oauth2", "flows": {"clientCredentials": flow}}}, [{"a": ["a", "b"]}], token(scope="a b"),
                 ["our client_id there", "the description says https://as.example/token"]),
                ({"a": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/token"}}}}, None, token(),
                 ["the description says /token"]),
                ({"a": {"type": "oauth2", "flows": {"authorizationCode": flow}}}, None, None,
                 ["'a' (oauth2 without client credentials) is a way in"]),
                ({"a": {"type": "openIdConnect", "openIdConnectUrl": "https://as.example/.well-known/openid-configuration"}}, None, nowhere,
                 ["the token_endpoint that 'https://as.example/.well-known/openid-configuration' names"]),
                ({"a": {"type": "mutualTLS"}}, None, None, ["certificate_file and key_file: 'a' wants our client certificate"]),
                ({"a": {"type": "mutualTLS"}, "b": key}, [{"a": [], "b": []}], {"kind": "header", "header": "X-Key", "secret": secret},
                 ["'a' wants our client certificate"]),
                ({"a": key, "b": {"type": "http", "scheme": "basic"}}, None, {"kind": "header", "header": "X-Key", "secret": secret},
                 ["'b' (http basic) would do too"]),
                ({"a": key, "b": {"type": "http", "scheme": "basic"}}, [{"b": []}], {"kind": "basic", "secret": secret}, []),
                ({"a": key, "b": {"type": "http", "scheme": "basic"}}, [{"a": [], "b": []}],
                 {"kind": "header", "header": "X-Key", "secret": secret}, ["'b' (http basic) is wanted together with 'a'"]),
                ({"a": {**key, "name": "X Bad Key"}}, None, {"kind": "header", "header": "TODO", "secret": secret},
                 ["access.header: 'X Bad Key' is no name of a header", "secret for 'a'"]),
                ({"a": {**key, "name": "Range"}}, None, {"kind": "header", "header": "TODO", "secret": secret}, ["'Range' is no name"]),
                ({"a": key}, [], None, []),
                ({}, None, None, [])):
            with self.subTest(schemes=schemes, security=security):
                found, todo = self.access(schemes, security)
                self.assertEqual(found, access)
                for word in words:
                    self.assertIn(word, " ".join(todo))
                self.assertEqual(todo == [], access is None and not words)

    # WSDL.

    def test_wsdl(self):
        manifest = self.new("uwv", "--wsdl", FIXTURES / "uitkering.wsdl")
        self.assertEqual(mapped(manifest), {
            "persoon.geboorte.datum": "Geboortedat",
            "uitkeringen.wet": "Uitkering Wet",
            "uitkeringen.bedrag.bruto": "Uitkering BrutoBedrag",
            "uitkeringen.datumAanvang": "Uitkering DatAanvang",
            "uitkeringen.datumEinde": "Uitkering Einddatum"})
        self.assertEqual(manifest["response"]["root"], "Antwoord/Client")
        fields = manifest["response"]["lists"]["uitkeringen"]["fields"]
        self.assertEqual(fields["uitkeringen.datumAanvang"]["date"], "yyyymmdd")
        self.assertNotIn("date", fields["uitkeringen.datumEinde"])
        self.assertIn("they say: Wet of regeling", fields["uitkeringen.wet"]["//"])
        self.assertEqual(manifest["soap"], {"action": "urn:proef:uitkering/Uitkeringen", "namespaces": ["urn:proef:uitkering"]})
        self.assertEqual(manifest["request"]["body"], "<v:Vraag xmlns:v='urn:proef:uitkering'><v:Burgerservicenr>{bsn}"
                                                      "</v:Burgerservicenr><v:Kenmerk>TODO</v:Kenmerk></v:Vraag>")
        self.assertEqual(manifest["endpoint"], "http://127.0.0.1:9/soap")
        self.assertIn("https://elders.example/schema.xsd", " ".join(manifest["//"]))

    def wsdl(self, schemas, question="t:Vraag", answer="t:Antwoord"):
        path = self.folder / "own.wsdl"
        path.write_text(f"""<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:t="urn:t" xmlns:xs="http://www.w3.org/2001/XMLSchema">
            <types>{schemas}</types><message name="V"><part name="a" element="{question}"/></message>
            <message name="A"><part name="a" element="{answer}"/></message>
            <portType name="P"><operation name="Op"><input message="V"/><output message="A"/></operation></portType></definitions>""")
        return path

    ANSWER = '<xs:element name="Antwoord"><xs:complexType><xs:sequence>%s</xs:sequence></xs:complexType></xs:element>'

    def test_schemas_that_include_each_other(self):
        (self.folder / "a.xsd").write_text('<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t">'
                                           '<xs:include schemaLocation="./b.xsd"/><xs:element name="Vraag" type="xs:string"/></xs:schema>')
        (self.folder / "b.xsd").write_text('<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t">'
                                           '<xs:include schemaLocation="././a.xsd"/><xs:include schemaLocation="b.xsd"/>'
                                           + self.ANSWER % '<xs:element name="Bsn" type="xs:string"/><xs:element name="Meer" type="t:Nergens"/>'
                                           + "</xs:schema>")
        (self.folder / "slecht.xsd").write_text("<a>\n<b></a>")
        path = self.wsdl('<xs:schema targetNamespace="urn:t">' + "".join(
            f'<xs:include schemaLocation="{name}"/>' for name in ("a.xsd", "slecht.xsd", "/etc/passwd", "nergens.xsd")) + "</xs:schema>")
        manifest = self.new("uwv", "--wsdl", path)
        todo = [text for text in manifest["//"] if "the schema" in text]
        self.assertEqual(len(todo), 3, todo)
        self.assertRegex(todo[0], "slecht.xsd.*slecht.xsd:2")
        self.assertIn("nothing is fetched", todo[1])
        self.assertIn("it is not there", todo[2])
        self.assertIn("'t:Nergens' is referred to", " ".join(manifest["//"]))

    def test_the_example_of_a_question(self):
        """Of a choice one thing, of a person the number; a name of another namespace says so."""
        schemas = """<xs:schema targetNamespace="urn:u?a='b&amp;c"><xs:element name="Kern" type="xs:string"/></xs:schema>
            <xs:schema targetNamespace="urn:t" elementFormDefault="qualified" xmlns:u="urn:u?a='b&amp;c">
            <xs:element name="Vraag"><xs:complexType><xs:sequence><xs:choice><xs:element name="Kenteken" type="xs:string"/>
            <xs:element name="Burgerservicenr" type="xs:string"/></xs:choice><xs:element ref="u:Kern"/>
            <xs:sequence minOccurs="0"><xs:element name="Los" type="xs:string"/></xs:sequence>
            <xs:element name="Na" type="xs:string"/></xs:sequence></xs:complexType></xs:element>""" + self.ANSWER % """
            <xs:element name="Bsn" type="xs:string"/><xs:sequence maxOccurs="unbounded"><xs:element name="Uitkering"><xs:complexType>
            <xs:sequence><xs:element name="Wet" type="xs:string"/></xs:sequence></xs:complexType></xs:element></xs:sequence>""" + "</xs:schema>"
        manifest = self.new("uwv", "--wsdl", self.wsdl(schemas))
        self.assertEqual(manifest["request"]["body"],
                         "<v:Vraag xmlns:v='urn:t'><v:Burgerservicenr>{bsn}</v:Burgerservicenr>"
                         "<v:Kern xmlns:v='urn:u?a=&#39;b&amp;c'>TODO</v:Kern><v:Na>TODO</v:Na></v:Vraag>")
        self.assertEqual(mapped(manifest)["uitkeringen.wet"], "Uitkering Wet")
        self.assertEqual(manifest["response"]["root"], "Antwoord")

    def test_no_wsdl(self):
        for text, words in (("<a", "manifest.wsdl:1"), ("<a/>", "has no operation"),
                            ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document type definition")):
            (self.folder / "manifest.wsdl").write_text(text)
            self.refuse(words, "--wsdl", self.folder / "manifest.wsdl")

    def test_suwinet(self):
        path = DATA / "suwinet/wsdls-17-services.tar.gz"
        if not path.exists():
            self.skipTest(f"SKIPPED: {path} is not there")
        with tarfile.open(path) as archive:
            archive.extractall(self.folder, filter="data")
        services = set()
        fields = alike = 0
        for ours in sorted((ROOT / "connectors/soap/manifests").glob("suwinet-*.json")):
            shipped = json.loads(ours.read_text())
            service = re.search(r"Suwinet (\w+)-v", shipped["//"]).group(1)
            found = sorted(self.folder.glob(f"wsdls/{service}-*/**/Impl/*.wsdl"))
            operation = shipped["soap"]["action"].rsplit("/", 1)[1]
            manifest = self.new(shipped["source"], "--wsdl", found[0], "--operation", operation)
            self.assertEqual(manifest["soap"]["action"], shipped["soap"]["action"], service)
            self.assertEqual(manifest["soap"]["namespaces"], shipped["soap"]["namespaces"], service)
            services.add(service)
            by_hand, proposed = places(shipped), places(manifest)
            fields += len(by_hand)
            alike += sum(1 for field, where in by_hand.items() if where & proposed.get(field, set()))
            if service == "BRPDossierPersoonGSD":
                self.assertGreaterEqual(len(mapped(manifest)), 40)
        self.assertEqual(len(services), 17)
        print(f"suwinet: {alike} of {fields} fields proposed as people mapped them")
        self.assertGreaterEqual(alike * 100, fields * 50)

    def test_real_descriptions_check(self):
        """Whatever lies in the shared data: what is proposed of it passes `connector check`, which new() asks."""
        rows = [("--openapi", "gemeente-klanten", "common-ground/klantinteracties.yaml"), ("--openapi", "gemeente-zaken",
                 "common-ground/zaken.yaml"), ("--openapi", "gemeente-zaken", "common-ground/objects.yaml"),
                ("--openapi", "gemeente-zaken", "common-ground/verwerkingenlogging-bewerkingen.yaml"),
                ("--openapi", "woz", "woz-brk/woz.json"), ("--openapi", "kadaster-brk", "woz-brk/brk.json"),
                ("--wsdl", "gemeente-jaaropgave", "gws/jaaropgave/v0400-b01/JaarOpgaveClient.wsdl"),
                ("--wsdl", "gemeente-inkomen", "gws/uitkering/v0600-b01/UitkeringsSpecificatieClient.wsdl")]
        rows += [("--csv", "brp", str(path.relative_to(DATA))) for path in sorted(DATA.glob("brp/*.csv"))]
        tried = 0
        for option, source, name in rows:
            if (DATA / name).exists():
                with self.subTest(name):
                    self.new(source, option, DATA / name)
                    tried += 1
        archive = DATA / "iwmo-ggk/Ggk0210_patch_04-versie3.zip"
        if archive.exists():
            with zipfile.ZipFile(archive) as book:
                book.extractall(self.folder)
            for path in sorted(self.folder.rglob("*ggkberichten.wsdl")):
                with self.subTest(path.name):
                    self.new("gemeente-wmo", "--wsdl", path)
                    tried += 1
        print(f"{tried} real descriptions tried")
        if tried == 0:
            self.skipTest(f"SKIPPED: {DATA} holds none of them")

    # Exports.

    def csv(self, text, encoding="utf-8"):
        path = self.folder / "export.csv"
        path.write_bytes(text.encode(encoding))
        return path

    def test_the_export_of_the_demo(self):
        path = self.folder / "klantvolg.csv"
        stand_ins.export(str(path), "latin-1")
        manifest = self.new("gemeente-klantvolg", "--csv", path)
        self.assertEqual(manifest["file"], {"path": "klantvolg.csv", "charset": "latin-1", "separator": ";", "key": "BSN"})
        ours = mapped(json.loads((ROOT / "tests/partners/manifests/gemeente-klantvolg.json").read_text()))
        same = [field for field, where in ours.items() if mapped(manifest).get(field) == where]
        self.assertGreaterEqual(len(same), 12, sorted(set(ours) - set(same)))
        self.assertEqual(manifest["response"]["fields"]["persoon.geboorte.datum"]["date"], "d-m-yyyy")
        text = json.dumps(manifest, ensure_ascii=False)
        for line in path.read_text("latin-1").splitlines()[1:]:
            self.assertNotIn(line.split(";")[0], text)

    def test_what_a_column_holds_counts_more_than_its_name(self):
        path = self.csv('"Nr","Client","Ingang, besluit","Kind"\r\n'
                        '"111111111","999993653","2024-01-31","J"\r\n"123456789","999990019","2023-12-01","N"\r\n')
        manifest = self.new("gemeente-klantvolg", "--csv", path)
        self.assertEqual((manifest["file"]["separator"], manifest["file"]["charset"], manifest["file"]["key"]), (",", "utf-8", "Client"))

    def test_character_sets(self):
        for text, encoding, charset in (("BSN;Naam\n999993653;Joost\n", "utf-8", "utf-8"), ("BSN;Naam\n999993653;José\n", "utf-8", "utf-8"),
                                        ("BSN;Naam\n999993653;José\n", "latin-1", "latin-1"),
                                        ("BSN;Naam\n999993653;“José”\n", "windows-1252", "windows-1252")):
            self.assertEqual(self.new("gemeente-klantvolg", "--csv", self.csv(text, encoding))["file"]["charset"], charset)

    def test_lines_of_json(self):
        path = self.folder / "export.ndjson"
        path.write_text('{"client":{"bsn":999993653,"achternaam":"Voorbeeld"},"status":"lopend","gestart":"31-01-2024"}\n'
                        '{"client":{"bsn":"999990019"},"status":null,"traject":["x"]}\n')
        manifest = self.new("gemeente-klantvolg", "--ndjson", path)
        self.assertEqual(manifest["file"], {"path": "export.ndjson", "form": "ndjson", "key": "client.bsn"})
        self.assertEqual(manifest["response"]["subject"], "client.bsn")
        self.assertIn("client.achternaam", mapped(manifest).values())
        self.assertNotIn("Voorbeeld", json.dumps(manifest))
        self.assertIn("'traject' is an array; nothing was read of it", " ".join(manifest["//"]))
        self.assertNotIn("the rest is missing", " ".join(manifest["//"]))
        for text, line in (("[1]\n", 1), ('{"a":1}\n\n{"client":{"bsn"', 3)):
            path.write_text(text)
            self.refuse(f"export.ndjson:{line}", "--ndjson", path)
        # Of a large one only the beginning is read: its last line is cut.
        path.write_text('{"client":{"bsn":999993653}}\n' * 40000)
        self.assertEqual(self.new("gemeente-klantvolg", "--ndjson", path)["file"]["key"], "client.bsn")

    def test_a_number_that_names_a_member_is_not_shown(self):
        path = self.folder / "export.ndjson"
        for text in ('"x":{"999990019":{"a":1}}', '"x":{" 999990019 ":2}', '"y":{"999990019":[]}', '"bsn999990019":1',
                     '"van-999990019":{"a":1}', '"y999990019":[]', '"nr 9999.90.019":1'):
            with self.subTest(text):
                path.write_text('{"bsn":"999993653",%s}\n' % text)
                self.refuse_number(self.new("gemeente-klantvolg", "--ndjson", path))

    def refuse_number(self, manifest):
        self.assertNotRegex(json.dumps(manifest), "999990019|9999.90.019")
        self.assertIn("holds a number that may be a client's", " ".join(manifest["//"]))

    def test_a_number_in_a_column_or_a_file_is_not_shown(self):
        self.refuse_number(self.new("gemeente-klantvolg", "--csv", self.csv("BSN;bsn999990019;Naam\n999993653;x;Jansen\n")))
        path = self.folder / "van-999990019.csv"
        path.write_text("BSN;Naam\n999993653;Jansen\n")
        manifest = self.new("gemeente-klantvolg", "--csv", path)
        self.refuse_number(manifest)
        self.assertEqual(manifest["file"]["path"], "van-*********.csv")
        # A day is nobody's number.
        path = path.rename(self.folder / "export-20240131.csv")
        manifest = self.new("gemeente-klantvolg", "--csv", path)
        self.assertEqual(manifest["file"]["path"], "export-20240131.csv")
        self.assertNotIn("may be a client's", " ".join(manifest["//"]))

    def test_a_long_path_is_not_left_out(self):
        """What has no proposal is named, or it is said that something is missing."""
        def unmapped(*names):
            schema = {"type": "string"}
            for name in reversed(names):
                schema = {"type": "object", "properties": {name: schema}}
            answer = {"200": {"content": {"application/json": {"schema": schema}}}}
            manifest = self.new("brp", "--openapi", self.openapi({"/a": {"get": {"responses": answer}}}))
            return " ".join(manifest["response"]["//"]), " ".join(manifest["//"])
        names = ["q" * 100 + "1", "q" * 100 + "2", "q" * 100 + "3"]
        lines, todo = unmapped(*names)
        self.assertIn(".".join(names), lines)
        self.assertNotIn("the rest is missing", todo)
        lines, todo = unmapped(*(f"{name}{i}" for i in range(3) for name in names))
        self.assertNotIn("qq", lines)
        self.assertIn("the rest is missing", todo)

    def test_a_workbook(self):
        path = self.folder / "export.xlsx"
        rows = [["BSN", "Schuldeiser", "Bedrag"], ["999993653", "Energie NV", "1024.76"], ["999990019", "Water BV", "17"]]
        cells = lambda row: "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in row)
        sheet = "".join(f'<row r="{i + 1}">{cells(row)}</row>' for i, row in enumerate(rows))
        main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        rels = "http://schemas.openxmlformats.org/package/2006/relationships"
        office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        with zipfile.ZipFile(path, "w") as book:
            book.writestr("[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>')
            book.writestr("_rels/.rels", f'<Relationships xmlns="{rels}"><Relationship Id="r1" Type="{office}/officeDocument" '
                                         'Target="xl/workbook.xml"/></Relationships>')
            book.writestr("xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="Blad1" sheetId="1" '
                                             'r:id="r1"/></sheets></workbook>')
            book.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{rels}"><Relationship Id="r1" '
                                                        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>')
            book.writestr("xl/worksheets/sheet1.xml", f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>')
        manifest = self.new("gemeente-schuldhulp", "--xlsx", path)
        self.assertEqual(manifest["file"], {"path": "export.xlsx", "form": "xlsx", "key": "BSN"})
        self.assertEqual(mapped(manifest), {"schulden.schuldeiser": ". Schuldeiser", "schulden.bedrag": ". Bedrag"})
        path.write_bytes(path.read_bytes()[:200])
        self.refuse("export.xlsx", "--xlsx", path)

    def test_the_workbook_of_the_demo(self):
        path = self.folder / "schuldhulp.xlsx"
        subprocess.run([sys.executable, "-B", ROOT / "tests/partners/partners.py", "spreadsheet", "--out", path], check=True)
        manifest = self.new("gemeente-schuldhulp", "--xlsx", path)
        self.assertEqual(manifest["file"], {"path": "schuldhulp.xlsx", "form": "xlsx", "header_row": 3, "key": "BSN"})
        self.assertLessEqual({"schulden.schuldeiser", "schulden.bedrag"}, set(mapped(manifest)))

    def test_a_name_that_is_no_utf8(self):
        path = os.fsencode(self.folder) + b"/\xff.csv"
        with open(path, "w") as file:
            file.write("BSN;Naam\n999993653;x\n")
        done = subprocess.run([PROGRAM, "connector", "new", "-c", str(CATALOGUE), "--source", "brp", "--csv", path], capture_output=True,
                              timeout=60)
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"is no UTF-8", done.stderr)

    def test_an_export_without_names_or_persons(self):
        self.refuse("does not begin with a row of column names", "--csv", self.csv("999993653;Jansen\n999990019;Pietersen\n"))
        self.refuse("does not begin with a row of column names", "--csv", self.csv(""))
        manifest = self.new("gemeente-klantvolg", "--csv", self.csv("Naam;Status\nx;y\n"))
        self.assertIn("no column passes the eleven-proof", " ".join(manifest["//"]))

    # Databases.

    def test_tables(self):
        try:
            pg = postgres.Postgres()
        except FileNotFoundError as error:
            self.skipTest(f"SKIPPED: {error}")
        self.addCleanup(pg.close)
        pg.sql('create table klant (bsn bigint, "Achternaam" text, geboortedatum numeric(8), geheim boolean, anders text,'
               ' "order" text, "se""lect" text);'
               "comment on column klant.order is 'Voorletters'; comment on column klant.\"se\"\"lect\" is 'Voorvoegsel';"
               "comment on column klant.anders is 'Voornamen'; grant select on klant to lezer;"
               "create table los (id int, wet text); grant select on los to lezer;")
        conninfo = f"host=127.0.0.1 port={pg.port} dbname=postgres user=lezer password={pg.password}"
        manifest = self.new("brp", "--database", conninfo, "--table", "klant")
        self.assertNotIn(pg.password, json.dumps(manifest))
        self.assertEqual(mapped(manifest)["persoon.naam.geslachtsnaam"], "klant.Achternaam")
        self.assertEqual(mapped(manifest)["persoon.naam.voornamen"], "klant.anders")
        self.assertEqual(manifest["response"]["fields"]["persoon.geboorte.datum"]["date"], "yyyymmdd")
        self.assertRegex(manifest["sql"]["queries"]["klant"],
                         r'^select "bsn", "Achternaam", .* from "public"\."klant" where "bsn" = cast\(:bsn as bigint\)$')
        loose = self.new("uwv", "--database", conninfo, "--table", "public.los")
        self.assertIn("no column looks like a client number", " ".join(loose["//"]))
        self.refuse("sees no table or view public.nergens", "--database", conninfo, "--table", "nergens")
        self.refuse("nergens", "--database", conninfo.replace("dbname=postgres", "dbname=nergens"), "--table", "klant")
        self.assertEqual(manifest["endpoint"], f"postgresql://127.0.0.1:{pg.port}/postgres")
        pg.sql('create database "raar?x%20"')
        pg.sql("create table los (id int); grant select on los to lezer", database="raar?x%20")
        strange = self.new("uwv", "--database", conninfo.replace("dbname=postgres", "dbname=raar?x%20"), "--table", "los")
        self.assertEqual(strange["endpoint"], f"postgresql://127.0.0.1:{pg.port}/TODO")
        self.assertIn("the database is called 'raar?x%20'", " ".join(strange["//"]))
        # What was proposed answers.
        pg.sql("insert into klant values (999993653, 'Voorbeeld', 19700503, true, 'Jan', 'J.', 'van')")
        manifest["endpoint"] = f"postgresql://localhost:{pg.port}/postgres"
        manifest["access"]["anchor_file"] = str(pg.folder / "ca.pem")
        for name, text in (("m.json", json.dumps(manifest)), ("bsn", "999993653"), ("secret", f"lezer:{pg.password}")):
            (self.folder / name).write_text(text)
        done = subprocess.run([PROGRAM, "connector", "try", "--json", "-c", CATALOGUE, "--bsn-file", self.folder / "bsn", "--secret",
                               f"brp={self.folder}/secret", self.folder / "m.json"], capture_output=True, text=True, timeout=60)
        values = {field["path"]: field["value"] for field in json.loads(done.stdout)["fields"]}
        self.assertEqual((values["persoon.naam.geslachtsnaam"], values["persoon.geboorte.datum"]), ("Voorbeeld", "1970-05-03"))
        self.assertEqual((values["persoon.naam.voorletters"], values["persoon.naam.voorvoegsel"]), ("J.", "van"))

    def test_a_table_over_odbc(self):
        try:
            server = mariadb.Mariadb()
        except FileNotFoundError as error:
            self.skipTest(f"SKIPPED: {error}")
        self.addCleanup(server.close)
        server.sql("create table klant (bsn int(9) zerofill, `Achternaam` varchar(80), geboortedatum char(8), voorletters varchar(10), "
                   "`voorvoegsel``` varchar(9), geheim bit(1)); grant select on klant to lezer@'127.0.0.1';"
                   "create table los (id int, wet varchar(9)); grant select on los to lezer@'127.0.0.1';"
                   "insert into klant values (999993653, 'Voorbeeld', '19700503', 'J.', 'van', b'1')")
        dsn = self.folder / "dsn"
        dsn.write_text(server.dsn() + "\n")
        manifest = self.new("brp", "--odbc", dsn, "--table", "klant")
        self.assertNotIn(server.password, json.dumps(manifest))
        self.assertEqual((manifest["endpoint"], manifest["access"]), ("odbc:", {"kind": "dsn", "secret": "brp"}))
        self.assertRegex(manifest["sql"]["queries"]["klant"], r"^select `bsn`, `Achternaam`, .* from `klant` where `bsn` = :bsn$")
        self.assertEqual(self.new("brp", "--odbc", dsn, "--table", "proef.klant")["sql"]["queries"]["klant"],
                         manifest["sql"]["queries"]["klant"].replace("`klant`", "`proef`.`klant`"))
        loose = self.new("uwv", "--odbc", dsn, "--table", "los")
        self.assertIn("no column looks like a client number", " ".join(loose["//"]))
        self.refuse("command denied", "--odbc", dsn, "--table", "nergens")
        self.refuse("nergens", "--odbc", self.folder / "nergens", "--table", "klant")
        dsn.write_text(server.dsn(Database=server.password) + "\n")
        self.refuse("to database '***'", "--odbc", dsn, "--table", "klant")
        # What was proposed answers.
        for name, text in (("m.json", json.dumps(manifest)), ("bsn", "999993653"), ("secret", server.dsn())):
            (self.folder / name).write_text(text)
        done = subprocess.run([PROGRAM, "connector", "try", "--json", "-c", CATALOGUE, "--bsn-file", self.folder / "bsn", "--secret",
                               f"brp={self.folder}/secret", self.folder / "m.json"], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        values = {field["path"]: field["value"] for field in json.loads(done.stdout)["fields"]}
        self.assertEqual((values["persoon.naam.geslachtsnaam"], values["persoon.geboorte.datum"], values["persoon.geheimhouding"]),
                         ("Voorbeeld", "1970-05-03", True))
        self.assertEqual(values["persoon.naam.voorvoegsel"], "van")

    def test_the_tables_of_the_register_of_persons(self):
        path = DATA / "brp-db/schema-20231120.sql.gz"
        if not path.exists():
            self.skipTest(f"SKIPPED: {path} is not there")
        try:
            pg = postgres.Postgres()
        except FileNotFoundError as error:
            self.skipTest(f"SKIPPED: {error}")
        self.addCleanup(pg.close)
        text = gzip.open(path, "rt", encoding="utf-8").read()
        table = re.search(r"CREATE TABLE public\.lo3_pl_persoon \(.*?\n\)", text, re.S).group(0)
        pg.sql(table + "; grant select on lo3_pl_persoon to lezer")
        manifest = self.new("brp", "--database", f"host=127.0.0.1 port={pg.port} dbname=postgres user=lezer password={pg.password}",
                            "--table", "lo3_pl_persoon")
        found = mapped(manifest)
        self.assertEqual(manifest["response"]["subject"], "burger_service_nr")
        self.assertEqual(found["persoon.geboorte.datum"], "lo3_pl_persoon.geboorte_datum")
        self.assertGreaterEqual(len(found), 5, found)

    # Use.

    def test_wrong_use(self):
        for words in ([], ["--csv", "x"], ["--source", "brp"], ["--source", "brp", "--csv", "x", "--wsdl", "y"],
                      ["--source", "brp", "--database", "x"], ["--source", "brp", "--odbc", "x"], ["--source", "nergens", "--csv", "x"], ["--nergens"]):
            self.assertEqual(self.run_new(*words).returncode, 2, words)
        done = self.run_new("--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("--openapi FILE", done.stdout)

    def test_nothing_is_overwritten(self):
        path = self.folder / "out.json"
        words = ["--source", "gemeente-schuldhulp", "--openapi", FIXTURES / "schuldhulp.json", "-o", path]
        self.assertEqual(self.run_new(*words).returncode, 0)
        before = path.read_bytes()
        self.assertEqual(self.run_new(*words).returncode, 1)
        self.assertEqual(path.read_bytes(), before)


if __name__ == "__main__":
    unittest.main()
