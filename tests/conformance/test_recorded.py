# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Recorded exchanges of real partners, replayed over a real socket through the shipped
manifests. Every leaf of every answer must be accounted for: mapped to a field, dropped because
it is not permitted, or listed as unmapped."""
import json
import re
import zipfile

from support import SHARED, Stub, attempt, check, finish, manifest

HC = SHARED / "brp/recorded-hc-personen-exchanges.json"
KVK = SHARED / "kvk/recorded-kvk-test-api-exchanges.json"
HC13 = SHARED / "brp/hc-brp-1.3-hal-657-persons.zip"
OPEN_KLANT = SHARED / "common-ground/recorded-openklant-exchanges.json"
WOZ = SHARED / "woz-brk/woz-test-data.json"


def leaves(value, path=""):
    """Names of every leaf, arrays as []; a date object is one leaf."""
    if isinstance(value, dict) and value:
        bare = {"datum", "jaar"} & set(value) and not any(isinstance(v, dict) for v in value.values())
        if bare or value.get("type") in ("Datum", "JaarDatum", "JaarMaandDatum", "DatumOnbekend"):
            yield path, value
            return
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for at, inner in enumerate(value):
            yield from leaves(inner, f"{path}[]")
    else:
        yield path, value


LABEL = re.compile(r"\[([^\]=]+)=[^\]]*\]")


def labels(response):
    """Where the labels stand that paths choose by."""
    texts = [response.get("subject") or ""] + [f if isinstance(f, str) else f.get("path", "")
                                               for f in response.get("fields", {}).values()]
    for text in texts:
        for label in LABEL.finditer(text):
            yield ".".join(part for part in (response.get("root", ""), f"{text[:label.start()]}[].{label.group(1)}") if part)


def mapped_paths(manifest_text):
    """Path in the answer -> field, as the manifest has it."""
    response = manifest_text["response"]
    root = response.get("root", "")
    paths = {}

    def add(base, fields):
        for field, what in fields.items():
            path = what if isinstance(what, str) else what.get("path", "")
            full = ".".join(part for part in (base, path) if part and part != ".")
            paths[LABEL.sub("[]", full)] = field

    add(root, response.get("fields", {}))
    for section in response.get("lists", {}).values():
        items = section["items"]
        base = ".".join(part for part in (root, items) if part and part != ".")
        add(base, section["fields"])
    return paths


def account(name, body, manifest_text, result):
    """Each leaf of the answer in exactly one of the three heaps."""
    paths = mapped_paths(manifest_text)
    response = manifest_text["response"]
    subject = LABEL.sub("[]", response.get("subject") or "")
    guides = {".".join(part for part in (response.get("root", ""), subject) if part),
              *response.get("ignored", []), *labels(response)}
    guides |= {response.get("paging", {}).get(key) for key in ("next", "total")}
    if "outcome" in response:
        guides.add(response["outcome"]["path"])
    delivered = {field["path"] for field in result["fields"]}
    counted = 0
    for path, value in leaves(body):
        above = [path[:at] for at in range(1, len(path) + 1)
                 if at == len(path) or path[at] in ".["]
        unmapped = any(part in result["unmapped"] for part in above)
        investigation = "inOnderzoek" in path or "_links." in path
        guide = any(part in guides for part in above)
        field = paths.get(path)
        if field is not None:
            there = field in delivered or field in result["dropped"]
            check(there or value in (None, {}, []), f"{name}: {path} is mapped and did not arrive")
        else:
            empty = value in ({}, [])
            check(unmapped or guide or investigation or empty,
                  f"{name}: {path} is in no heap")
        counted += 1
    return counted


def values_are_verbatim(name, body, manifest_text, result):
    paths = mapped_paths(manifest_text)
    text = {}
    for path, value in leaves(body):
        text.setdefault(path, []).append(value)
    answers = {}
    for field in result["fields"]:
        answers.setdefault(field["path"], []).append(field["value"])
    for path, field in paths.items():
        for value in answers.get(field, []):
            sources = text.get(path, [])
            plain = [v for v in sources if not isinstance(v, dict)]
            dates = [v.get("datum") or f"{v.get('jaar')}-{v.get('maand', 0):02}".removesuffix("-00")
                     for v in sources if isinstance(v, dict)]
            compact = [str(v) for v in plain]
            fine = value in plain or value in dates or str(value).replace("-", "") in compact
            check(fine, f"{name}: {field} is not what the source wrote at {path}")


def replay(exchange, manifest_name, bsn, *arguments, **changes):
    body = json.dumps(exchange["responseBody"]).encode()
    kind = exchange["responseHeaders"].get("content-type", "application/json")
    if isinstance(kind, list):
        kind = kind[0]
    stub = Stub(lambda *_: (exchange["status"], {"Content-Type": kind}, body))
    text = manifest(manifest_name, stub.port, **changes)
    result = attempt(text, bsn, *arguments)
    check(len(stub.requests) <= 1, "asked more than once")
    return text, result, stub


def haal_centraal():
    exchanges = json.loads(HC.read_text())
    total = 0
    for at, exchange in enumerate(exchanges):
        name = f"haal-centraal {at}"
        asked = exchange["requestBody"].get("burgerservicenummer", ["999993653"])
        asked = asked if isinstance(asked, list) else [asked]
        bsn = next((n for n in asked if re.fullmatch(r"[0-9]{9}", str(n))), "999993653")
        persons = exchange["responseBody"].get("personen")
        text, result, stub = replay(exchange, "haal-centraal-brp.json", bsn)
        sent = json.loads(stub.requests[0][3])
        check(stub.requests[0][0] == "POST" and bsn not in stub.requests[0][1],
              f"{name}: the bsn is in the address")
        check(sent["burgerservicenummer"] == [bsn], f"{name}: asked for somebody else")
        check(sent["type"] == exchange["requestBody"]["type"], f"{name}: other type")
        check("burgerservicenummer" in sent["fields"], f"{name}: the subject is not asked for")
        if persons == []:
            check(result["outcome"] == "nietsGevonden", f"{name}: {result['outcome']}")
        elif persons and all(p.get("burgerservicenummer") == bsn for p in persons):
            check(result["outcome"] == "gevonden", f"{name}: {result['outcome']} {result['fault']}")
        else:
            # About others, or not saying about whom: nothing may pass.
            check(result["outcome"] == "fout" or not persons, f"{name}: {result['outcome']}")
        if not persons:
            continue
        # Once more one person at a time, told that answers name nobody, to see every leaf.
        for person in persons:
            one = dict(exchange, responseBody={**exchange["responseBody"], "personen": [person]})
            loose = dict(text["response"], subject=None)
            _, result, _ = replay(one, "haal-centraal-brp.json", bsn, response=loose)
            total += account(name, one["responseBody"], {**text, "response": loose}, result)
            values_are_verbatim(name, one["responseBody"], {**text, "response": loose}, result)
            _, result, _ = replay(one, "haal-centraal-brp.json", bsn, "--velden",
                                  "persoon.leeftijd", response=loose)
            extra = {f["path"] for f in result["fields"]} - {"persoon.leeftijd"}
            check(not extra, f"{name}: not permitted and passed: {extra}")
    print(f"haal-centraal: {len(exchanges)} exchanges, {total} leaves accounted for")
    check(len(exchanges) == 22, "expected 22 recorded exchanges")


def kvk():
    exchanges = json.loads(KVK.read_text())
    total = 0
    for at, exchange in enumerate(exchanges):
        name = f"kvk {at}"
        body = exchange["responseBody"]
        # Without a known number there is nothing to ask; for the replay the target is fixed.
        request = {"method": "GET", "target": "/basisprofielen/69599084"}
        text, result, _ = replay(exchange, "kvk-basisprofiel.json", "999993653", request=request)
        if exchange["status"] == 404:
            check(result["outcome"] == "nietsGevonden", f"{name}: {result['outcome']}")
        elif exchange["status"] == 400:
            check(result["outcome"] == "fout", f"{name}: {result['outcome']}")
        elif "basisprofielen" in exchange["uri"] or "vestigingsprofielen" in exchange["uri"]:
            check(result["outcome"] == "gevonden", f"{name}: {result['outcome']} {result['fault']}")
        if exchange["status"] == 200:
            total += account(name, body, text, result)
            values_are_verbatim(name, body, text, result)
    stub = Stub(lambda *_: (200, {"Content-Type": "application/json"}, b"{}"))
    result = attempt(manifest("kvk-basisprofiel.json", stub.port), "999993653")
    check(result["outcome"] == "nietVanToepassing" and not stub.requests,
          f"kvk without a number: {result['outcome']}")
    print(f"kvk: {len(exchanges)} exchanges, {total} leaves accounted for")


def haal_centraal_13():
    """Persons as the older version gives them: HAL, with relatives embedded."""
    total = 0
    with zipfile.ZipFile(HC13) as people:
        names = sorted(people.namelist())[::4]
        for name in names:
            person = json.loads(people.read(name))
            exchange = {"status": 200, "responseBody": person,
                        "responseHeaders": {"content-type": "application/hal+json"}}
            text, result, stub = replay(exchange, "haal-centraal-brp-1.3.json", person["burgerservicenummer"])
            check(result["outcome"] == "gevonden", f"1.3 {name}: {result['outcome']} {result['fault']}")
            total += account(f"1.3 {name}", person, text, result)
            values_are_verbatim(f"1.3 {name}", person, text, result)
            embedded = {f["path"].split(".")[0] for f in result["fields"]} & {"kinderen", "ouders"}
            check(embedded == {k for k in ("kinderen", "ouders") if person.get("_embedded", {}).get(k)},
                  f"1.3 {name}: relatives {embedded}")
    print(f"haal-centraal 1.3: {len(names)} persons, {total} leaves accounted for")


def open_klant():
    """Recorded answers are about companies: read as if they were not asked about a person."""
    total = 0
    exchanges = [e for e in json.loads(OPEN_KLANT.read_text()) if e["method"] == "GET" and "/partijen?" in e["uri"]]
    for at, exchange in enumerate(exchanges):
        name, body = f"open klant {at}", exchange["responseBody"]
        strict, result, stub = replay(exchange, "klantinteracties-partij.json", "999993653")
        check(result["outcome"] == ("fout" if body["results"] else "nietsGevonden"),
              f"{name}: {result['outcome']} {result['fault']}")
        loose = dict(strict["response"], subject=None)
        text, result, _ = replay(exchange, "klantinteracties-partij.json", "999993653", response=loose)
        check(result["outcome"] == ("gevonden" if body["results"] else "nietsGevonden"), f"{name}: {result}")
        total += account(name, body, text, result)
        values_are_verbatim(name, body, text, result)
    check(len(exchanges) == 4, f"expected 4 recorded parties, not {len(exchanges)}")
    print(f"open klant: {len(exchanges)} exchanges, {total} leaves accounted for")


def woz():
    """The data of the service's own mock: every object, and all of them in one answer."""
    objects = json.loads(WOZ.read_text())
    request = {"method": "GET", "target": "/wozobjecten"}
    total = 0
    for at, held in enumerate([[one] for one in objects] + [objects]):
        body = {"_links": {"self": {"href": "/wozobjecten"}}, "_embedded": {"wozObjecten": held}}
        exchange = {"status": 200, "responseBody": body,
                    "responseHeaders": {"content-type": "application/hal+json"}}
        text, result, _ = replay(exchange, "hc-woz.json", "999993653", request=request)
        check(result["outcome"] == "gevonden", f"woz {at}: {result['outcome']} {result['fault']}")
        total += account(f"woz {at}", body, text, result)
        values_are_verbatim(f"woz {at}", body, text, result)
        got = [f["value"] for f in result["fields"] if f["path"] == "wozObjecten.waarde"]
        check(got == [o["waarden"][0]["vastgesteldeWaarde"] for o in held if o.get("waarden")], f"woz {at}: {got}")
    print(f"woz: {len(objects)} objects, {total} leaves accounted for")


for recordings, replayed in ((HC, haal_centraal), (KVK, kvk), (HC13, haal_centraal_13), (OPEN_KLANT, open_klant),
                             (WOZ, woz)):
    if recordings.exists():
        replayed()
    else:
        print(f"SKIPPED: no {recordings}")
finish("recorded exchanges")
