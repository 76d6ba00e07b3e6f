# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Answers in pages over real sockets: every way a partner may say that there is more, and every
way a further page may fail. A list is whole, or it is fout."""
import json
import threading

from support import SOURCE, Stub, attempt, check, finish

BSN = "999993653"
OTHER = "999990019"
CATALOGUE = SOURCE / "tests/conformance/catalogus.json"
ROWS = {"uitkeringen": {"items": "rijen[]", "fields": {"uitkeringen.wet": "wet"}}}


def manifest(port, paging, target="/lijst", root=None, lists=None, **more):
    response = {"subject": "bsn", "lists": lists or ROWS, "paging": paging}
    if root:
        response["root"] = root
    response.update(more.pop("response", {}))
    return {"source": "proef", "organisation": {"oin": "00000000000000000001", "name": "Proef"},
            "connector": "rest", "endpoint": f"http://127.0.0.1:{port}/api",
            "request": {"method": "POST", "target": target, "body": {"bsn": "{bsn}"},
                        **more.pop("request", {})},
            "response": response, **more}


def page(at, count=1, bsn=BSN, **more):
    return {"bsn": bsn, "rijen": [{"wet": f"w{at}.{i}"} for i in range(count)], **more}


def serve(answers):
    """A partner with one answer for each request: (status, headers, body), or a dict."""
    def answer(method, path, headers, body):
        at = min(len(stub.requests), len(answers)) - 1
        given = answers[at](stub) if callable(answers[at]) else answers[at]
        status, fields, text = given if isinstance(given, tuple) else (200, {}, given)
        data = text if isinstance(text, bytes) else json.dumps(text).replace("PORT", str(stub.port)).encode()
        return status, {"Content-Type": "application/json",
                        **{k: v.replace("PORT", str(stub.port)) for k, v in fields.items()}}, data
    stub = Stub(answer)
    return stub


def expect(name, result, stub, outcome, requests, values=None):
    check(result["outcome"] == outcome,
          f"{name}: {result['outcome']} {result.get('fault')} {result.get('reason')}")
    check(len(stub.requests) == requests, f"{name}: {len(stub.requests)} requests")
    if outcome == "gevonden":  # of another outcome nothing gets into a dossier: tests/flow/pages.flow
        got = [field["value"] for field in result["fields"]]
        check(got == (values or []), f"{name}: values {got}")
    check(BSN not in json.dumps([path for _, path, *_ in stub.requests]), f"{name}: bsn in a URL")


def links():
    """Where a link may lead."""
    good = ["/api/lijst?p=1", "?p=1", "lijst?p=1", "http://127.0.0.1:PORT/api/lijst?p=1",
            "//127.0.0.1:PORT/api/lijst?p=1", "HTTP://127.0.0.1:PORT/api/lijst?p=1#x"]
    bad = ["http://127.0.0.1:1/api/lijst?p=1", "//kwaad.example/api/lijst", "/elders?p=1", "/api",
           "/api/../lijst?p=1", "/api/%2e%2e/lijst?p=1", "../x", "https://127.0.0.1:PORT/api/lijst?p=1",
           "http://a@127.0.0.1:PORT/api/lijst?p=1", "/api/lijst?p= 1", f"/api/lijst?bsn={BSN}",
           f"/api/lijst?bsn=%39{BSN[1:]}", "javascript:x", "/api/" + "x" * 9000]
    for link in good + bad:
        for way in ("next", "header"):
            if way == "next":
                answers = [page(0, next=link), page(1, next=None)]
                paging = {"next": "next"}
            else:
                if " " in link and link not in good:
                    continue
                answers = [(200, {"Link": f'</api/x>; rel="first", <{link}>; rel="next"'}, page(0)), page(1)]
                paging = {"link_header": True}
            stub = serve(answers)
            result = attempt(manifest(stub.port, paging), BSN, catalogue=CATALOGUE)
            if link in good:
                expect(f"{way} {link}", result, stub, "gevonden", 2, ["w0.0", "w1.0"])
                check(stub.requests[1][1] == "/api/lijst?p=1", f"{link}: asked {stub.requests[1][1]}")
            else:
                expect(f"{way} {link[:60]}", result, stub, "fout", 1)
    stub = serve([page(0, next="https://intern.example/zgw/lijst?p=1"), page(1)])
    paging = {"next": "next", "links_from": "https://intern.example/zgw"}
    expect("links_from", attempt(manifest(stub.port, paging), BSN, catalogue=CATALOGUE), stub,
           "gevonden", 2, ["w0.0", "w1.0"])


def loops():
    for name, nexts, count in [("itself", ["/api/lijst"], 1), ("the same again", ["?p=1", "?p=1"], 2),
                               ("in a ring", ["?p=1", "?p=2", "?p=1"], 3)]:
        stub = serve([page(i, next=link) for i, link in enumerate(nexts)])
        result = attempt(manifest(stub.port, {"next": "next"}), BSN, catalogue=CATALOGUE)
        expect(f"loop {name}", result, stub, "fout", count)
        check("read already" in result["fault"], f"loop {name}: {result['fault']}")
    stub = serve([page(0, c="a"), page(1, c="b"), page(2, c="a")])
    result = attempt(manifest(stub.port, {"cursor": "c"}, "/lijst?c={vervolg}"), BSN, catalogue=CATALOGUE)
    expect("loop of cursors", result, stub, "fout", 3)
    stub = serve([lambda s: page(0, next=f"?p={len(s.requests)}")])
    result = attempt(manifest(stub.port, {"next": "next"}, limits={"pages": 4}), BSN, catalogue=CATALOGUE)
    expect("without end", result, stub, "fout", 4)
    check("4 pages" in result["fault"], f"without end: {result['fault']}")


def headers():
    """Link as a header field: several of them, and what cannot be read."""
    paging = {"link_header": True}
    cases = [
        ("none", [page(0)], "gevonden", 1, ["w0.0"]),
        ("other relations", [(200, {"Link": '</api/x>; rel="prev last"'}, page(0))], "gevonden", 1, ["w0.0"]),
        ("cannot be read", [(200, {"Link": '</api/x; rel="next"'}, page(0))], "fout", 1, []),
        ("leads to itself", [(200, {"Link": '<>; rel="next"'}, page(0))], "fout", 1, []),
        ("in a second field", [(200, {"Link": '</api/x>; rel="prev"', "link": "<?p=1>; rel=next"}, page(0)),
                               page(1)], "gevonden", 2, ["w0.0", "w1.0"]),
    ]
    for name, answers, outcome, count, values in cases:
        stub = serve(answers)
        expect(f"header: {name}", attempt(manifest(stub.port, paging), BSN, catalogue=CATALOGUE), stub,
               outcome, count, values)


def numbers():
    """A number of pages, a full page, a cursor."""
    targets = lambda stub: [path.split("/api")[1] for _, path, *_ in stub.requests]
    stub = serve([page(0, aantal=3), page(1, aantal=3), page(2, aantal=3)])
    result = attempt(manifest(stub.port, {"pages": "aantal"}, "/lijst?p={pagina}"), BSN, catalogue=CATALOGUE)
    expect("pages", result, stub, "gevonden", 3, ["w0.0", "w1.0", "w2.0"])
    check(targets(stub) == ["/lijst?p=1", "/lijst?p=2", "/lijst?p=3"], f"pages: {targets(stub)}")
    stub = serve([page(0, aantal=2), page(1, aantal=2)])
    text = manifest(stub.port, {"pages": "aantal", "first": 0, "target": "/verder?p={pagina}"}, "/lijst")
    expect("pages from 0", attempt(text, BSN, catalogue=CATALOGUE), stub, "gevonden", 2, ["w0.0", "w1.0"])
    check(targets(stub) == ["/lijst", "/verder?p=1"], f"pages from 0: {targets(stub)}")
    for wrong in ({}, {"aantal": "veel"}, {"aantal": -1}, {"aantal": {}}, {"aantal": 0}):
        stub = serve([page(0, **wrong)])
        expect(f"pages {wrong}", attempt(manifest(stub.port, {"pages": "aantal"}, "/l?p={pagina}"), BSN,
                                         catalogue=CATALOGUE), stub, "fout", 1)
    size = {"size": 2, "rows": "rijen[]"}
    for name, counts, values in [("short last page", [2, 2, 1], 5), ("full last page", [2, 2, 0], 4),
                                 ("one short page", [1], 1), ("more than asked", [3, 0], 3)]:
        stub = serve([page(i, count) for i, count in enumerate(counts)])
        result = attempt(manifest(stub.port, size, "/lijst?o={vanaf}&n=2"), BSN, catalogue=CATALOGUE)
        expect(name, result, stub, "gevonden", len(counts),
               [f"w{i}.{j}" for i, count in enumerate(counts) for j in range(count)])
        check(targets(stub)[-1] == f"/lijst?o={2 * (len(counts) - 1)}&n=2", f"{name}: {targets(stub)}")
    stub = serve([page(0, 2)])
    wrong = {"size": 2, "rows": "regels[]"}
    expect("rows elsewhere", attempt(manifest(stub.port, wrong, "/lijst?o={vanaf}"), BSN, catalogue=CATALOGUE), stub,
           "fout", 1)
    counted = {"next": "next", "total": "totaal", "rows": "rijen[]"}
    for name, counts, outcome in [("as many as it says", (3, 3), "gevonden"), ("more than it says", (1, 1), "gevonden"),
                                  ("fewer than it says", (4, 4), "fout"), ("another number later", (4, 3), "gevonden"),
                                  ("not said", (3, None), "fout"), ("not a number", (3, "drie"), "fout")]:
        stub = serve([page(0, 2, next="?p=1", totaal=counts[0]), page(1, 1, totaal=counts[1])])
        expect(name, attempt(manifest(stub.port, counted), BSN, catalogue=CATALOGUE), stub, outcome, 2,
               ["w0.0", "w0.1", "w1.0"])
    stub = serve([page(0, 0, totaal=0)])
    expect("none, and says so", attempt(manifest(stub.port, counted), BSN, catalogue=CATALOGUE), stub, "nietsGevonden", 1)
    rows = {"uitkeringen": {"items": ".", "fields": {"uitkeringen.wet": "wet"}}}
    plain = lambda at, count: [{"bsn": BSN, "wet": f"w{at}.{i}"} for i in range(count)]
    stub = serve([plain(0, 2), plain(1, 1)])
    text = manifest(stub.port, {"size": 2, "rows": "[]"}, "/l?o={vanaf}", "[]", rows)
    expect("rows without a wrapper", attempt(text, BSN, catalogue=CATALOGUE), stub, "gevonden", 2,
           ["w0.0", "w0.1", "w1.0"])
    for last in ({}, {"c": None}, {"c": ""}):
        stub = serve([page(0, c="a b&c"), page(1, c=7), page(2, **last)])
        text = manifest(stub.port, {"cursor": "c"}, request={"body": {"bsn": "{bsn}", "na": "{vervolg}"}})
        expect(f"cursor, last {last}", attempt(text, BSN, catalogue=CATALOGUE), stub, "gevonden", 3,
               ["w0.0", "w1.0", "w2.0"])
        sent = [json.loads(body)["na"] for *_, body in stub.requests]
        check(sent == ["", "a b&c", "7"], f"cursor: sent {sent}")
    stub = serve([page(0, c="a b&c"), page(1)])
    text = manifest(stub.port, {"cursor": "c", "target": "/lijst?na={vervolg}"})
    attempt(text, BSN, catalogue=CATALOGUE)
    check(targets(stub) == ["/lijst", "/lijst?na=a%20b%26c"], f"cursor in a URL: {targets(stub)}")
    stub = serve([page(0, c=BSN), page(1)])
    expect("the bsn as cursor", attempt(text | {"endpoint": f"http://127.0.0.1:{stub.port}/api"}, BSN,
                                        catalogue=CATALOGUE), stub, "fout", 1)


def failures():
    """The second page fails: nothing of the first passes, and the source does not say gevonden."""
    waiting = threading.Event()

    def slow(stub):
        waiting.wait(20)
        return page(1)

    html = (200, {"Content-Type": "text/html"}, b"<html>")
    cases = [
        ("500", (500, {}, {}), "fout"), ("404", (404, {}, {}), "fout"), ("503", (503, {}, {}), "nietBereikt"),
        ("429", (429, {}, {}), "nietBereikt"), ("403", (403, {}, {}), "nietGerechtigd"),
        ("302", (302, {"Location": "/api/x"}, {}), "fout"), ("304", (304, {}, b""), "fout"),
        ("206", (206, {"Content-Range": "bytes 0-9/99"}, page(1)), "fout"),
        ("410, mapped to nietsGevonden", (410, {}, {}), "fout"),
        ("a code that says nothing", (200, {}, {"code": "leeg"}), "fout"),
        ("HTML", html, "fout"), ("half an answer", (200, {}, b'{"bsn":"999993653","rijen":[{"wet":"x"'), "fout"),
        ("somebody else", page(1, bsn=OTHER), "fout"), ("nobody", {"rijen": [{"wet": "x"}]}, "fout"),
        ("too many rows", page(1, 20), "fout"), ("too many bytes", page(1, x="y" * 3000), "fout"),
        ("slow", slow, "nietBereikt"),
    ]
    for name, second, outcome in cases:
        stub = serve([page(0, next="?p=1"), second])
        text = manifest(stub.port, {"next": "next"}, idempotent=True,
                        limits={"items": 10, "answer_bytes": 2048, "time_ms": 700 if name == "slow" else 20000},
                        response={"status": {"410": "nietsGevonden"},
                                  "outcome": {"path": "code", "values": {"leeg": "nietsGevonden"}}})
        expect(f"second page: {name}", attempt(text, BSN, catalogue=CATALOGUE), stub, outcome, 2)
    waiting.set()
    # A page that cannot be asked, for want of a value or of a code, is no end.
    for name, target in (("value", "/lijst/{pagina}/{bekend:uitkeringen.wet}"), ("code", "/lijst/{pagina}/{doel|codes}")):
        stub = serve([page(0, paginas=2), page(1, paginas=2)])
        text = manifest(stub.port, {"pages": "paginas", "target": target}, tables={"codes": {"een-ander-doel": "x"}})
        expect(f"without a {name} for the second page", attempt(text, BSN, catalogue=CATALOGUE), stub, "fout", 1)
    # Something else than a link where a link was agreed, as HAL's has an object around it: there may be more.
    for way, value, outcome in (("next", {"href": "?p=1"}, "fout"), ("cursor", {"na": "x"}, "fout"), ("pages", {"aantal": 2}, "fout"),
                                ("next", ["?p=1"], "fout"), ("next", None, "gevonden")):
        stub = serve([page(0, verder=value), page(1)])
        target = {"pages": "/lijst/{pagina}", "cursor": "/lijst/{vervolg}"}.get(way)
        text = manifest(stub.port, {way: "verder", **({"target": target} if target else {})})
        expect(f"{way} is {value}", attempt(text, BSN, catalogue=CATALOGUE), stub, outcome, 1, ["w0.0"])
    # Empty pages are pages too.
    empty = page(0, 0, next="?p=1")
    stub = serve([empty, page(1)])
    expect("only the second page has rows", attempt(manifest(stub.port, {"next": "next"}), BSN,
                                                    catalogue=CATALOGUE), stub, "gevonden", 2, ["w1.0"])
    stub = serve([empty, page(1, 0)])
    expect("no page has rows", attempt(manifest(stub.port, {"next": "next"}), BSN, catalogue=CATALOGUE), stub,
           "nietsGevonden", 2)
    for first, outcome, values in [(page(0, next="?p=1"), "gevonden", ["w0.0"]), (empty, "nietsGevonden", [])]:
        stub = serve([first, (204, {}, b"")])
        expect("204 at the end", attempt(manifest(stub.port, {"next": "next"}), BSN, catalogue=CATALOGUE), stub,
               outcome, 2, values)
    # It is no end when more was said to be there.
    stub = serve([page(0, next="?p=1", totaal=250), (204, {}, b"")])
    counted = {"next": "next", "total": "totaal", "rows": "rijen[]"}
    expect("204 before the end", attempt(manifest(stub.port, counted), BSN, catalogue=CATALOGUE), stub,
           "fout", 2)
    code = {"path": "code", "values": {"00": "gevonden", "01": "nietsGevonden"}}
    stub = serve([page(0, code="00", next="?p=1"), page(1, code="00")])
    text = manifest(stub.port, {"next": "next"}, response={"outcome": code})
    expect("with a code that says found", attempt(text, BSN, catalogue=CATALOGUE), stub, "gevonden", 2,
           ["w0.0", "w1.0"])


def remarks():
    """What is wrong in every row is one remark, and hides no other."""
    rows = {"uitkeringen": {"items": "rijen[]", "fields": {"uitkeringen.wet": {"path": "wet", "table": "wetten"}}}}
    stub = serve([page(0, 100, paginas=2), {"bsn": BSN, "rijen": [{"wet": {"code": "PW"}}, {"wet": "PW"}], "paginas": 2}])
    text = manifest(stub.port, {"pages": "paginas"}, target="/lijst/{pagina}", lists=rows, tables={"wetten": {"PW": "Participatiewet"}})
    result = attempt(text, BSN, catalogue=CATALOGUE)
    expect("remarks", result, stub, "gevonden", 2, ["Participatiewet"])
    check(len(result["notes"]) == 2, f"remarks: {result['notes']}")


def doubts():
    """A path that leads nowhere cannot be told from a last page; who connects the partner hears of it. Of a normal last page nobody does."""
    hal = {"next": "_links.next.href"}
    mine = {"_links": {"self": {"href": "?p=0"}}}
    empty = {"bsn": BSN, "rijen": []}
    further = {"target": "/lijst?na={vervolg}"}
    asked = {"target": "/lijst?na={vervolg}"}
    for name, paging, answers, place, more in [
            ("HAL", hal, [page(0, **mine)], None, {}),
            ("HAL without links", hal, [page(0)], "next", {}),
            ("HAL of an error in the name", {"next": "_link.next.href"}, [page(0, **mine)], "next", {}),
            ("null", {"next": "next"}, [page(0, next=None)], None, {}),
            ("an empty text", {"next": "next"}, [page(0, next="")], None, {}),
            ("another name", {"next": "nxt"}, [page(0, next=None)], "next", {}),
            ("left out on the last of two", {"next": "next"}, [page(0, next="?p=1"), page(1)], None, {}),
            ("left out on the only one", {"next": "@odata.nextLink"}, [page(0)], "next", {}),
            ("only in the rows", {"next": "next"}, [{"bsn": BSN, "rijen": [{"wet": "w0.0", "next": None}]}], "next", {}),
            ("a cursor", {"cursor": "meer", **further}, [page(0, meer=None)], None, asked),
            ("no cursor", {"cursor": "meer", **further}, [page(0)], "cursor", asked),
            ("a header", {"link_header": True}, [page(0)], None, {}),
            ("counted", {"next": "nxt", "total": "totaal", "rows": "rijen[]"}, [page(0, totaal=1)], None, {}),
            ("nothing found", {"next": "nxt"}, [empty], None, {})]:
        stub = serve(answers)
        result = attempt(manifest(stub.port, paging, **more), BSN, catalogue=CATALOGUE)
        check(result["outcome"] == ("nietsGevonden" if answers == [empty] else "gevonden"), f"{name}: {result}")
        places = [doubt["place"] for doubt in result["doubts"]]
        check(places == ([f"/response/paging/{place}"] if place else []), f"{name}: {result['doubts']}")
        check(all(doubt["line"] > 0 and "as the last page" in doubt["doubt"] for doubt in result["doubts"]), f"{name}: {result['doubts']}")


links()
loops()
remarks()
doubts()
headers()
numbers()
failures()
finish("paging")
