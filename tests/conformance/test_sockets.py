# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""The source host over real sockets: every fault of the stand-in partners, and faults that need
more than one request. Nothing may pass unless the outcome is gevonden."""
import gzip
import json
import os
import re
import socket
import sys
import threading
import time

from support import EXAMPLE, SOURCE, WORK, Stub, attempt, check, connector, finish, manifest, write

sys.path.insert(0, str(SOURCE / "tests/support"))
import running  # noqa: E402

BSN = "999910061"
ACCESS = {"kind": "header", "header": "X-API-KEY", "secret": "brp_key"}
LIMITS = {"answer_bytes": 1048576, "head_bytes": 16384}


# fault, more, outcome, words of the reason
FAULTS = [
    ("none", {}, "gevonden", ""),
    ("over-delivers", {}, "gevonden", ""),
    ("empty", {}, "fout", "niet te lezen"),
    ("huge", {}, "fout", "grenzen"),
    ("truncated", {}, "fout", "brak af"),
    ("truncated", {"byte": 1}, "fout", "brak af"),
    ("wrong-type", {}, "fout", "niet is afgesproken"),
    ("not-json", {}, "fout", "niet is afgesproken"),
    ("slow", {"ms": 1500}, "nietBereikt", "niet binnen de tijd"),
    ("dribble", {"ms": 20}, "nietBereikt", "niet binnen de tijd"),
    ("silent", {}, "nietBereikt", "niet binnen de tijd"),
    ("reset", {}, "nietBereikt", "niet bereikt"),
    ("status-500", {}, "fout", "meldt een fout"),
    ("status-503", {}, "nietBereikt", "niet beschikbaar"),
    ("refused", {}, "nietGerechtigd", "geen toegang"),
    ("redirect", {}, "fout", "meldt een fout"),
    ("duplicate-keys", {}, "fout", "niet te lezen"),
    ("bad-utf8", {}, "fout", "niet te lezen"),
    ("other-person", {}, "fout", "andere persoon"),
    ("deep", {}, "fout", "niet te lezen"),
    ("header-flood", {}, "fout", "grenzen"),
]


def faults():
    partner = running.Partner("brp")
    text = manifest("haal-centraal-brp.json", partner.port, access=ACCESS, limits=dict(LIMITS))
    good = None
    for fault, more, outcome, words in FAULTS:
        partner.fault(fault, **more)
        # A short time only where time is the point: the machine may be busy.
        late = "niet binnen de tijd" in words
        text["limits"] = dict(LIMITS, time_ms=700 if late else 10000)
        started = time.monotonic()
        result = attempt(text, BSN)
        took = time.monotonic() - started
        name = f"brp {fault} {more or ''}"
        check(result["outcome"] == outcome, f"{name}: {result['outcome']} {result['fault']}")
        check(words in result["reason"], f"{name}: {result['reason']}")
        check(took < 9, f"{name}: took {took:.1f} s")
        check(BSN not in result["fault"] + result["reason"], f"{name}: the bsn is in a text")
        if fault == "none":
            good = result["fields"]
    check(len(good) > 20, "the good answer is thin")
    text["limits"] = dict(LIMITS, time_ms=10000)
    partner.fault("over-delivers")
    narrow = attempt(text, BSN, "--velden", "persoon.naam")
    paths = {field["path"] for field in narrow["fields"]}
    check(paths and all(p.startswith("persoon.naam") for p in paths), f"too much passed: {paths}")
    partner.fault("none")
    wrong = dict(text, access={"kind": "none"})
    check(attempt(wrong, BSN)["outcome"] == "nietGerechtigd", "without a key")
    unknown = attempt(text, "999990019")
    check(unknown["outcome"] == "nietsGevonden", f"unknown person: {unknown['outcome']}")
    partner.stop()
    gone = attempt(text, BSN)
    check(gone["outcome"] == "nietBereikt", f"partner gone: {gone['outcome']}")
    print(f"faults: {len(FAULTS)} and 4 more")


def retries():
    """A connection that breaks before any byte of an answer is tried once more, only when that is harmless; both tries
    carry one key. A GET is harmless by itself."""
    cases = [({"idempotent": True}, b"", 2), ({"idempotent": False}, b"", 1), ({"idempotent": True}, b"HTTP/1.1 2", 1),
             ({"idempotent": False, "request": {"method": "GET", "target": "/p"}}, b"", 2)]
    for changes, first, wanted in cases:
        answers = []
        keys = []
        listener = socket.create_server(("127.0.0.1", 0))

        def serve():
            body = json.dumps({"personen": []}).encode()
            while True:
                connection, _ = listener.accept()
                keys.extend(re.findall(rb'Idempotency-Key: ("[0-9a-f]{32}")\r', connection.recv(65536)))
                answers.append(1)
                if len(answers) == 1:
                    connection.sendall(first)
                else:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                       b"Content-Length: %d\r\n\r\n" % len(body) + body)
                connection.close()

        threading.Thread(target=serve, daemon=True).start()
        port = listener.getsockname()[1]
        text = manifest("haal-centraal-brp.json", port, limits={"time_ms": 10000}, **changes)
        text["request"]["idempotency_key"] = True
        result = attempt(text, BSN)
        check((result["outcome"] == "nietsGevonden") == (wanted == 2) and len(answers) == wanted,
              f"retry {changes} {first}: {result['outcome']} after {len(answers)}")
        check(len(keys) == wanted and len(set(keys)) == 1, f"retry {changes}: keys {keys}")


def pages():
    """Links to next pages are followed on this endpoint only, and not for ever."""
    catalogue = SOURCE / "tests/conformance/catalogus.json"
    text = json.loads((SOURCE / "tests/conformance/rest/manifest.json").read_text())

    def person(wet, link):
        answer = {"personen": [{"bsn": BSN, "uitkeringen": [{"wet": wet}]}]}
        if link:
            answer["volgende"] = link
        return json.dumps(answer).encode()

    def answering(links):
        def answer(method, path, headers, body):
            at = int(re.search(r"p=(\d)", path).group(1)) if "p=" in path else 0
            link = links[at].replace("PORT", str(stub.port)) if at < len(links) else ""
            return 200, {"Content-Type": "application/json"}, person(f"wet{at}", link)
        return answer

    cases = [
        (["/api/vraag?p=1", "http://127.0.0.1:PORT/api/vraag?p=2"], "gevonden", 3),
        (["http://127.0.0.1:1/api/vraag?p=1"], "fout", 1),
        (["//evil.example/x"], "fout", 1),
        (["/elders?p=1"], "fout", 1),
        ([f"/api/vraag?bsn={BSN}&p=1"], "fout", 1),
        ([f"/api/vraag?bsn=%39{BSN[1:]}&p=1"], "fout", 1),
        (["/api/vraag?p=1", "/api/vraag?p=2", "/api/vraag?p=3"], "fout", 3),
    ]
    for links, outcome, count in cases:
        stub = Stub(answering(links))
        text["endpoint"] = f"http://127.0.0.1:{stub.port}/api"
        result = attempt(text, BSN, catalogue=catalogue)
        check(result["outcome"] == outcome, f"pages {links}: {result['outcome']} {result['fault']}")
        check(len(stub.requests) == count, f"pages {links}: {len(stub.requests)} requests")
        if outcome == "gevonden":
            check([f["value"] for f in result["fields"]] == ["wet0", "wet1", "wet2"], "page order")


def codings():
    """An answer that is compressed although we never ask for that is said to be it; who knows of nobody may say so in any coding."""
    for coding, status, outcome in [("gzip", 200, "fout"), (" GZIP", 200, "fout"), ("br", 200, "fout"), ("identity", 200, "nietsGevonden"),
                                    ("gzip", 404, "nietsGevonden")]:
        plain = b'{"personen":[]}'
        body = plain if coding == "identity" else gzip.compress(plain)
        stub = Stub(lambda *_: (status, {"Content-Type": "application/json", "Content-Encoding": coding}, body))
        text = manifest("haal-centraal-brp.json", stub.port)
        text["response"].setdefault("status", {})["404"] = "nietsGevonden"
        result = attempt(text, BSN)
        check(result["outcome"] == outcome, f"{coding} {status}: {result['outcome']} {result['fault']}")
        check(("compressed" in result["fault"]) == (outcome == "fout"), f"{coding} {status}: {result['fault']}")


def templates():
    """What goes out is escaped for where it goes."""
    stub = Stub(lambda *_: (200, {"Content-Type": "application/json"}, b'{"personen":[]}'))
    text = manifest("haal-centraal-brp.json", stub.port)
    text["request"]["target"] = "/personen?doel={doel}&zaak={zaak}"
    text["request"]["body"]["zaak"] = "{{{zaak}}"
    nasty = 'a"b\\c&d=é/../?#%'
    attempt(text, BSN, "--zaak", nasty, "--doel", "x y")
    method, path, headers, body = stub.requests[0]
    check(path.endswith("?doel=x%20y&zaak=a%22b%5Cc%26d%3D%C3%A9%2F..%2F%3F%23%25"), f"url {path}")
    check(json.loads(body)["zaak"] == "{" + nasty + "}", f"body {body}")
    check(len(body) and headers["x-doelbinding"] == "x y", "headers")
    before = len(stub.requests)
    result = attempt(text, BSN, "--doel", "x\r\nX-Evil: 1")
    check(result["outcome"] == "fout" and len(stub.requests) == before, "a line break got out")
    result = attempt(text, BSN, "--zaak", f"Z-{BSN}")
    check(result["outcome"] == "fout" and len(stub.requests) == before, "the bsn got into a url")
    text["request"]["target"] = "/personen/{zaak}/x{medewerker}"
    for value in (".", "..", "../x"):
        result = attempt(text, BSN, "--zaak", value, "--medewerker", "m")
        check(result["outcome"] == "fout" and len(stub.requests) == before, f"{value} asked for {stub.requests[before:]}")
    for words in (("--medewerker", "m", "--zaak", ""), ("--zaak", "Z-1", "--medewerker", "")):
        result = attempt(text, BSN, *words)
        check(result["outcome"] == "nietVanToepassing" and len(stub.requests) == before,
              f"{words}: {result['outcome']}, asked for {stub.requests[before:]}")
    attempt(text, BSN, "--zaak", "...", "--medewerker", "..")
    check(stub.requests[-1][1].endswith("/personen/.../x.."), f"dots that lead nowhere: {stub.requests[-1][1]}")
    text["request"]["query"] = {"zaak": "{zaak}", "p": "1"}
    text["request"]["target"] = "/personen"
    attempt(text, BSN, "--zaak", "")
    check(stub.requests[-1][1].endswith("/personen?p=1"), f"an empty parameter: {stub.requests[-1][1]}")


def shared_object():
    """The connector of the guide, loaded, over a socket."""
    catalogue = SOURCE / "tests/conformance/catalogus.json"
    body = (SOURCE / "tests/conformance/example/good.txt").read_bytes()
    stub = Stub(lambda *_: (200, {"Content-Type": "text/plain"}, body))
    text = json.loads((SOURCE / "tests/conformance/example/manifest.json").read_text())
    text["endpoint"] = f"http://127.0.0.1:{stub.port}/api"
    result = attempt(text, "999993653", "--load", EXAMPLE, catalogue=catalogue)
    check(result["outcome"] == "gevonden", f"example: {result['outcome']} {result['fault']}")
    check(len(result["fields"]) == 4 and result["unmapped"] == ["persoon.iets"], "example fields")
    other = attempt(text, BSN, "--load", EXAMPLE, catalogue=catalogue)
    check(other["outcome"] == "fout" and "andere persoon" in other["reason"], "example, other person")
    done = connector("check", "--load", "/nowhere.so", write("m.json", text), catalogue=catalogue)
    check(done.returncode == 1 and "/nowhere.so" in done.stderr, "a missing shared object")
    done = connector("check", "--load", EXAMPLE, "--load", EXAMPLE, write("m.json", text),
                     catalogue=catalogue)
    check(done.returncode == 1 and "of that name already" in done.stderr, "the same twice")


def exports():
    """A file source: found, not found, unreadable, gone, and written anew."""
    catalogue = SOURCE / "tests/conformance/catalogus.json"
    text = json.loads((SOURCE / "tests/conformance/file/manifest.json").read_text())
    path = WORK / "good.txt"
    path.write_bytes((SOURCE / "tests/conformance/file/good.txt").read_bytes())
    result = attempt(text, "999993653", catalogue=catalogue)
    check(result["outcome"] == "gevonden" and len(result["fields"]) == 10, f"file: {result}")
    check(result["unmapped"] == ["Notitie"], "file: unmapped columns")
    check(attempt(text, "999990038", catalogue=catalogue)["outcome"] == "nietsGevonden", "file: none")
    path.write_bytes(path.read_bytes().decode("utf-8").encode("latin-1"))
    bad = attempt(text, "999993653", catalogue=catalogue)
    check(bad["outcome"] == "fout", f"file: not UTF-8 {bad['outcome']}")
    latin = json.loads(json.dumps(text))
    latin["file"]["charset"] = "latin-1"
    check(attempt(latin, "999993653", catalogue=catalogue)["outcome"] == "gevonden", "file: latin-1")
    path.write_text("")
    empty = attempt(text, "999993653", catalogue=catalogue)
    check(empty["outcome"] == "fout" and "is empty" in empty["fault"], f"empty file: {empty['outcome']}")
    os.unlink(path)
    gone = attempt(text, "999993653", catalogue=catalogue)
    check(gone["outcome"] == "nietBereikt", f"file gone: {gone['outcome']}")


faults()
retries()
pages()
codings()
templates()
shared_object()
exports()
finish("sockets")
