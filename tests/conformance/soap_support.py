# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""What the SOAP tests share: a shipped manifest asked over a real socket, and what must come of an answer."""
import json
import re

from support import SOURCE, Stub, attempt, check
from recorded_partners import ENVELOPE  # noqa: F401

XML = {"Content-Type": "text/xml;charset=UTF-8"}

coming = []
stub = Stub(lambda *_: coming.pop())
stub.server.handle_error = lambda *_: None  # an answer that is refused is not read to its end


def shipped(manifest):
    return json.loads((SOURCE / "connectors/soap/manifests" / f"{manifest}.json").read_text())


def ask(manifest, bsn, body, status=200, *arguments):
    """What comes of this answer. `manifest`: a shipped one by its name, or its text."""
    text = shipped(manifest) if isinstance(manifest, str) else manifest
    manifest = text["source"]
    # What an earlier source would have found; one by one: tests/flow/each-item.flow.
    asked = json.dumps(text["request"])
    text["request"] = json.loads(re.sub(r"{bekend:[^}]*}", "1AB", asked))
    text["request"].pop("each", None)
    coming[:] = [(status, XML, body.encode())]
    stub.requests.clear()
    base = text["endpoint"].split("/", 3)[3]
    text["endpoint"] = f"http://127.0.0.1:{stub.port}/{base}"
    result = attempt(text, bsn, *arguments)
    check(len(stub.requests) == 1, f"{manifest}: asked {len(stub.requests)} times")
    if stub.requests:
        method, path, headers, sent = stub.requests[0]
        check(method == "POST" and bsn not in path and (bsn.encode() in sent) == ("{bsn}" in asked),
              f"{manifest}: asked with {method} {path}")
        check((b">1AB<" in sent) == ("{bekend:" in asked), f"{manifest}: not asked with what was found")
        check("SOAPAction" in headers, f"{manifest}: no SOAPAction")
    return result


told = set()


def expect(name, result, outcome, *facts, note=None):
    """`facts`: (field, value), or (field, value, item)."""
    told.add(name)
    check(result["outcome"] == outcome,
          f"{name}: {result['outcome']}, not {outcome}: {result.get('fault')} {result.get('reason')}")
    if outcome != "gevonden":
        return
    have = [(field["path"], field["value"], field.get("item")) for field in result["fields"]]
    check(have, f"{name}: nothing was mapped")
    for path, value, *item in facts:
        found = [h for h in have if h[0] == path and h[1] == value and (not item or h[2] == item[0])]
        check(found, f"{name}: no {path} = {value!r} {item}; have {[h for h in have if h[0] == path][:6]}")
    if note:
        check(any(note in text for text in result["notes"]), f"{name}: notes {result['notes']}")
