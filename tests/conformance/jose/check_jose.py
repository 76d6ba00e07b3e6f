#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""
Wycheproof's JOSE vectors and the JOSE cookbook against gateway/token. A vector we support gets the verdict
it asks for; what we do not support (HS*, encryption, other serializations) is refused, and counted apart.
README.md says which valid vectors are refused on purpose, and why.
"""

import base64
import collections
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "parsers"))
import suites  # noqa: E402

SUPPORTED = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth"}
# tcId of json_web_signature_test: valid there, refused here (README.md).
ON_PURPOSE = {346, 347, 350, 351}


def public(key):
    return {name: value for name, value in key.items() if name not in PRIVATE}


def supported(token):
    """A compact signature with an algorithm of ours, as far as a plain reader can tell."""
    parts = token.split(".")
    if len(parts) != 3:
        return False
    try:
        header = json.loads(base64.urlsafe_b64decode(parts[0] + "=="))
    except ValueError:
        return False
    return isinstance(header, dict) and header.get("alg") in SUPPORTED


def wycheproof(folder):
    for name in ("signature", "key", "crypto", "encryption"):
        path = next(folder.rglob(f"json_web_{name}_test.json"))
        for group in json.loads(path.read_text())["testGroups"]:
            keys = group.get("public", group["private"])
            keys = keys if "keys" in keys else {"keys": [keys]}
            for test in group["tests"]:
                token = test.get("jws", test.get("jwe"))
                token = token if isinstance(token, str) else json.dumps(token)
                refused = name == "signature" and test["tcId"] in ON_PURPOSE
                kind = "on purpose" if refused else "ours" if supported(token) else "not supported"
                wanted = "accept" if kind == "ours" and test["result"] == "valid" else "refuse"
                yield f"{name} {test['tcId']} {test['comment']}", keys, token, kind, wanted, None


def cookbook(folder):
    for path in sorted(folder.rglob("*.json")):
        case = json.loads(path.read_text())
        output = case.get("output", {})
        if "kty" in case:
            continue  # a key by itself: those with signatures use them
        token = output.get("compact", json.dumps(output.get("json", output)))
        key = case["input"].get("key", {})
        key = key[0] if isinstance(key, list) else key
        kind = "ours" if supported(token) and isinstance(case["input"].get("payload"), str) else "not supported"
        # A detached payload is an empty second part: no signature over nothing.
        wanted = "accept" if kind == "ours" and ".." not in token else "refuse"
        payload = case["input"]["payload"].encode().hex() if wanted == "accept" else None
        yield f"cookbook {path.name}", {"keys": [public(key)]}, token, kind, wanted, payload


def main():
    probe, archives, work = suites.arguments()
    folders = [suites.unpack(archives, name, work) for name in ("wycheproof-jose", "jose-cookbook-unlicense")]
    if None in folders:
        suites.skip("no wycheproof-jose or jose-cookbook-unlicense in the shared suites")
    cases = [*wycheproof(folders[0]), *cookbook(folders[1])]
    lines = "".join(f"{json.dumps(keys)}\t{token.encode().hex()}\n" for _, keys, token, *_ in cases)
    done = subprocess.run([probe], input=lines, capture_output=True, text=True, check=True)
    verdicts = done.stdout.splitlines()
    assert len(verdicts) == len(cases)
    counts, right, wrong = collections.Counter(), 0, []
    for (name, _, _, kind, wanted, payload), verdict in zip(cases, verdicts):
        word, _, rest = verdict.partition(" ")
        counts[kind, word] += 1
        if word == wanted and (payload is None or rest == payload):
            right += 1
        else:
            wrong.append(f"{name}: wants {wanted}, gets {verdict}")
    for (kind, word), count in sorted(counts.items()):
        print(f"{kind}, {word}: {count}")
    assert counts["ours", "accept"] >= 35, "the suites have become empty"
    suites.finish(right, wrong)


main()
