# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""The served OpenAPI document, for the tests in this folder: fetching it, and holding answers
against its schemas."""
import json
import sys
import warnings

try:
    import jsonschema
except ImportError:
    print("SKIPPED: no python3-jsonschema to hold answers against the schemas of the document")
    sys.exit(77)

FIXED = ("API-Version", "Cache-Control", "Content-Security-Policy", "Strict-Transport-Security",
         "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy")


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.bytes = response.read()

    def json(self):
        return json.loads(self.bytes)

    @property
    def kind(self):
        return (self.headers.get("Content-Type") or "").split(";")[0].strip()


def send(gateway, method, path, body=None, headers=None):
    connection = gateway.connect()
    try:
        connection.request(method, path, body, headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def fetch(gateway):
    answer = send(gateway, "GET", "/v1/openapi.json")
    assert answer.status == 200, answer.status
    return Document(answer.json())


class Document:
    def __init__(self, data):
        self.data = data
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            self.resolver = jsonschema.RefResolver("", data)

    def resolve(self, node):
        while "$ref" in node:
            at = self.data
            for part in node["$ref"].removeprefix("#/").split("/"):
                at = at[part.replace("~1", "/").replace("~0", "~")]
            node = at
        return node

    def operations(self):
        """(method, path with the version, operation)"""
        for path, item in self.data["paths"].items():
            for method, operation in item.items():
                yield method.upper(), "/v1" + path, operation

    def validate(self, value, schema):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            validator = jsonschema.Draft202012Validator(
                schema, resolver=self.resolver, format_checker=jsonschema.FormatChecker())
        faults = [f"{'/'.join(map(str, fault.absolute_path))}: {fault.message}"
                  for fault in validator.iter_errors(value)]
        assert not faults, "\n".join(faults[:10])

    def schema(self, name):
        return self.data["components"]["schemas"][name]

    def check(self, operation, answer):
        """An answer is what the operation says it can be: status, headers, form."""
        responses = operation["responses"]
        assert str(answer.status) in responses, f"{answer.status} is not documented"
        response = self.resolve(responses[str(answer.status)])
        for name in answer.headers:
            standard = name.lower() in ("date", "content-length", "content-type", "connection",
                                        "content-language", "transfer-encoding")
            assert standard or name in response["headers"], f"{answer.status}: {name} is not documented"
        for name in FIXED:
            assert name in response["headers"], f"{answer.status}: {name} is not documented"
        if answer.status == 204:
            assert answer.bytes == b""
            return
        assert answer.kind in response["content"], f"{answer.status}: {answer.kind}"
        schema = response["content"][answer.kind]["schema"]
        if answer.kind.endswith("json") and answer.kind != "application/x-ndjson":
            self.validate(answer.json(), schema)
        elif answer.kind == "application/x-ndjson":
            for line in answer.bytes.decode().splitlines():
                self.validate(json.loads(line), self.schema("Blok"))
        elif answer.kind == "text/event-stream":
            self.check_events(answer.bytes.decode())

    def check_events(self, text):
        for event in filter(None, text.split("\n\n")):
            kind, data = event.split("\n")
            block = json.loads(data.removeprefix("data: "))
            self.validate(block, self.schema("Blok"))
            assert kind == "event: " + block["soort"]
