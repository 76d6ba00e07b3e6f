# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Manifests: the shipped ones check, the guide's example does what the guide says, the published
schema is the code's own, and what is wrong is said with its line."""
import json
import re
import shutil
import subprocess

from support import CATALOGUE, PROGRAM, SOURCE, WORK, check, connector, finish, write


def shipped():
    """Each in a folder of its own, with the certificate of the authority that it says lies beside it."""
    subprocess.run([PROGRAM[0], "dev-pki", WORK / "pki"], check=True, capture_output=True)
    for path in sorted(SOURCE.glob("connectors/*/manifests/*.json")):
        copy = write(path.name, path.read_text())
        anchor = json.loads(path.read_text()).get("access", {}).get("anchor_file")
        if anchor:
            shutil.copy(WORK / "pki/root.pem", WORK / anchor)
        done = connector("check", copy)
        check(done.returncode == 0, f"{path.name}: {done.stderr}")
        nobody = json.loads(path.read_text())["response"].get("subject", "") is None
        check(("; its answers name nobody" in done.stdout) == nobody, f"{path.name}: {done.stdout}")


# Questions by POST that only read, so that they may be asked twice: who ships another says here that it does.
READS = {"haal-centraal-brp", "hc-brk", "zgw-zaken", "gws4all-jaaropgave", "gws4all-uitkeringsspecificatie", "rijen-en-labels", "stuf-bg-0310"} | {
    f"suwinet-{name}" for name in (
        "bijstandsregelingen", "brp", "duo", "duo-studiefinanciering", "kadaster", "kadaster-adres", "kadaster-object", "rdw",
        "rdw-digitale-diensten", "rdw-kenteken", "rdw-kenteken-digitale-diensten", "rdw-onderneming", "re-integratie", "svb",
        "uwv-aanvragen", "uwv-doelgroep", "uwv-inkomsten", "uwv-inkomsten-digitale-diensten", "uwv-werkbedrijf",
        "uwv-werknemersverzekeringen", "uwv-werknemersverzekeringen-digitale-diensten")}


def twice():
    """What writes is sent once."""
    marked = set()
    for path in SOURCE.glob("connectors/*/manifests/*.json"):
        text = json.loads(path.read_text())
        posts = text["connector"] == "soap" or text.get("request", {}).get("method") == "POST"
        if posts and text.get("idempotent"):
            marked.add(path.stem)
    check(marked == READS, f"idempotent by POST, or not: {marked ^ READS}")


SOAP = {
    "source": "uwv", "organisation": {"oin": "00000001820000018000", "name": "UWV"},
    "connector": "soap", "endpoint": "http://127.0.0.1:1/x", "soap": {"action": "urn:vraag"},
    "request": {"body": "<v:Vraag xmlns:v='urn:vraag'>{bsn}</v:Vraag>"},
    "response": {"root": "Antwoord", "subject": "Bsn", "lists": {
        "uitkeringen": {"items": "Uitkering", "fields": {"uitkeringen.wet": "Wet"}}}},
}

SQL = {
    **{name: SOAP[name] for name in ("source", "organisation")}, "connector": "sql", "endpoint": "postgresql://127.0.0.1:1/x",
    "access": {"kind": "basic", "secret": "s"}, "sql": {"queries": {"q": "select bsn, wet from t where bsn = :bsn"}},
    "response": {"subject": "bsn", "lists": {"uitkeringen": {"items": "q", "fields": {"uitkeringen.wet": "wet"}}}},
}

FILE = {
    **{name: SOAP[name] for name in ("source", "organisation")}, "connector": "file", "file": {"path": "x.csv", "key": "BSN"},
    "response": {"subject": "BSN", "lists": {"uitkeringen": {"items": ".", "fields": {"uitkeringen.wet": "Wet"}}}},
}


def others():
    """What is wrong with manifests of the other connectors; each is good without the change."""
    for good, change, words in (
            (SOAP, lambda one: one["response"].pop("root"), "/response: has no 'root'"),
            (SOAP, lambda one: one["response"].update(root="."), "/response: has no 'root'"),
            (SOAP, lambda one: one["request"].update(body="<v:Vraag>{bsn}</v:Vraag>"), "/request/body: uses a prefix that is not declared"),
            (SQL, lambda one: one["sql"]["queries"].update(q="select bsn, wet from t"), "/sql/queries/q: asks about everybody"),
            (SQL, lambda one: one["sql"]["queries"].update(q="select bsn, wet from t where x = :bekend.adres.postcode"), None),
            (SQL, lambda one: one["sql"]["queries"].update(q="select bsn, wet from t where x = :zaak"), None),
            (SQL, lambda one: (one["sql"]["queries"].update(q="select bsn, wet from t where x = :zaak"), one["response"].update(subject=None)),
             "/sql/queries/q: asks about everybody"),
            (FILE, lambda one: one["response"].update(subject="Naam"), "/response/subject: must be the column of 'file.key': 'BSN'")):
        changed = json.loads(json.dumps(good))
        change(changed)
        for text, said in ((good, None), (changed, words)):
            done = connector("check", write("other.json", text))
            check(done.returncode == (said is not None), f"{good['connector']}: {done.stdout}{done.stderr}")
            check(said is None or said in done.stderr, f"{good['connector']}: {done.stderr}")
    # A secret is not looked at by check, and is when it is used.
    (WORK / "bare.txt").write_text("wachtwoord-zonder-naam\n")
    (WORK / "bsn.txt").write_text("999993653\n")
    done = connector("try", write("other.json", SQL), "--secret", f"s={WORK}/bare.txt", "--bsn-file", WORK / "bsn.txt")
    check(done.returncode == 1 and "/access: secret 's' is not user:password" in done.stderr, f"bare secret: {done.stderr}")
    check("wachtwoord" not in done.stderr, f"the secret is shown: {done.stderr}")


def schema():
    done = subprocess.run([*PROGRAM, "schema"], capture_output=True, text=True)
    published = (SOURCE / "connectors/manifest.schema.json").read_text()
    check(done.stdout == published, "manifest.schema.json is not what the code says; run "
          "'ketenpoort connector schema > connectors/manifest.schema.json'")
    properties = json.loads(published)["properties"]
    check({"source", "endpoint", "request", "response", "limits"} <= set(properties), "schema")


def guide():
    text = (SOURCE / "connectors/README.md").read_text()
    blocks = {name: body for name, body in re.findall(r"```\w+ (\S+)\n(.*?)```", text, re.S)}
    for name in ("answer.json", "schuldhulp.json"):
        (WORK / name).write_text(blocks[name])
    (WORK / "token.txt").write_text("geheim\n")
    (WORK / "bsn.txt").write_text("999993653\n")
    commands = re.findall(r"^    ketenpoort connector (.*?[^\\])$", text, re.S | re.M)
    check(len(commands) == 2, f"commands in the guide: {commands}")
    for command in commands:
        words = command.replace("\\\n", " ").split()
        words = [str(CATALOGUE) if word.endswith("catalogus.json") else word for word in words]
        done = subprocess.run([*PROGRAM, *words], capture_output=True, text=True, cwd=WORK)
        check(done.returncode == 0, f"guide: {command}: {done.stdout}{done.stderr}")
        if words[0] == "try":
            check(blocks["mapped"] in done.stdout, f"guide: mapped is {done.stdout}")
            check("schulden[].dossiernummer" in done.stdout, "guide: unmapped")
            check("999993653" not in done.stdout, "guide: the number is not masked")


def shown():
    """check and try say what a partner is shown, and no secret."""
    (WORK / "token.txt").write_text("poort:heel-geheim\n")
    (WORK / "bsn.txt").write_text("999993653\n")
    kinds = [
        ({"kind": "header", "header": "apikey", "secret": "s"}, "a header 'apikey', from secret 's'"),
        ({"kind": "basic", "secret": "s"}, "basic credentials, from secret 's'"),
        ({"kind": "zgw", "secret": "s", "jwt": {"client_id": "poort", "employee": True}},
         "a JWT of our own (as 'poort', names the employee), from secret 's'"),
        (oauth2(scope="lezen"),
         "a token of its issuer (http://127.0.0.1:1/token, as 'a', scope lezen, client_secret_basic), from secret 's'"),
    ]
    for access, words in kinds:
        path = write("shown.json", {**GOOD, "access": access})
        done = connector("check", path)
        check(done.returncode == 0 and f"; shows {words}\n" in done.stdout, f"check: {done.stdout}{done.stderr}")
        done = connector("try", path, "--secret", f"s={WORK}/token.txt", "--bsn-file", WORK / "bsn.txt")
        check(words in done.stdout, f"try: {done.stdout}{done.stderr}")
        check("heel-geheim" not in done.stdout + done.stderr, f"try shows the secret: {done.stdout}")


GOOD = {
    "source": "brp", "organisation": {"oin": "00000001820000011000", "name": "RvIG"},
    "connector": "rest", "endpoint": "http://127.0.0.1:1/x",
    "request": {"method": "POST", "target": "/p", "body": {"b": "{bsn}"}},
    "response": {"subject": "bsn", "fields": {"persoon.naam.voornamen": "naam"}},
}

TOKEN = {"endpoint": "http://127.0.0.1:1/token", "client_id": "a", "authentication": "client_secret_basic"}


def oauth2(**changes):
    return {"kind": "oauth2", "secret": "s", "token": {**TOKEN, **changes}}


def fetched(**changes):
    return {"t": {"from": "/tabellen/t", "items": "rijen[]", "key": "code", "value": "naam", **changes}}


# path, value (None: taken away), words that the finding must hold
WRONG = [
    ("source", "brpp", "/source: 'brpp' is not a source (bron) of the catalogue; nearest is 'brp'"),
    ("source", None, "has no 'source'"),
    ("organisation.oin", "123", "exactly 20 digits"),
    ("organisation.oin", "00000001820000018000",
     "/organisation/oin: the catalogue says that 'brp' is of organisation 00000001820000011000"),
    ("organisaton", {}, "meant is 'organisation'"),
    ("connector", "rst", "there are: rest, soap, file, sql"),
    ("endpoint", "ftp://x", "must be https://"),
    ("endpoint", "http://example.org/", "leaves this machine"),
    ("endpoint", "http://127.0.0.1.example.org/", "leaves this machine"),
    ("endpoint", "https://x/", "anchor_file"),
    ("endpoint", "http://u:p@127.0.0.1/", "user name"),
    ("endpoint", None, "has no 'endpoint'"),
    ("limits", {"time_ms": 9}, "9 is outside 10..60000"),
    ("limits", {"time_ms": 60001}, "60001 is outside"),
    ("limits", {"time": 100}, "unknown member 'time'"),
    ("limits", {"time_ms": "x"}, "/limits/time_ms"),
    ("idempotent", "ja", "/idempotent"),
    ("access", {"kind": "header"}, "has no 'secret'"),
    ("access", {"kind": "header", "secret": "s"}, "has no 'header'"),
    ("access", {"kind": "mtls"}, "none, header, bearer, basic"),
    ("access", {"certificate_file": "a"}, "go together"),
    ("access", {"kind": "dsn", "secret": "s"}, "kind 'dsn' is for databases"),
    ("access", {"kind": "oauth2"}, "has no 'token'"),
    ("access", {"kind": "bearer", "secret": "s", "token": TOKEN}, "/access/token: is for kind oauth2"),
    ("access", {"kind": "oauth2", "token": {}}, "has no 'endpoint'"),
    ("access", {"kind": "oauth2", "token": TOKEN}, "has no 'secret'"),
    ("access", oauth2(authentication="none"), "client_secret_basic, client_secret_post, private_key_jwt"),
    ("access", oauth2(endpoint="ftp://x"), "/access/token/endpoint"),
    ("access", oauth2(endpoint="https://x/token?a=b"), "/access/token/endpoint: has a query"),
    ("access", oauth2(endpoint="http://x.example/token"), "leaves this machine"),
    ("access", oauth2(endpoint="https://x.example/token"), "anchor_file"),
    ("access", oauth2(authentication="private_key_jwt"), "has no 'key_file'"),
    ("access", oauth2(authentication="private_key_jwt", key_file="/nowhere.pem"), "/nowhere.pem"),
    ("access", oauth2(key_file="k.pem"), "for private_key_jwt"),
    ("access", oauth2(authentication="tls_client_auth"), "shows the certificate of access"),
    ("access", oauth2(authentication="private_key_jwt", key_file="k"), "does not use the secret"),
    ("access", oauth2(algorithm="HS256"), "PS256, ES256, RS256"),
    ("access", oauth2(time_ms=1), "1 is outside 50..30000"),
    ("access", {"kind": "zgw", "secret": "s"}, "has no 'jwt'"),
    ("access", {"kind": "zgw", "jwt": {"client_id": "a"}}, "has no 'secret'"),
    ("access", {"kind": "zgw", "secret": "s", "jwt": {}}, "has no 'client_id'"),
    ("access", {"kind": "basic", "secret": "s", "jwt": {"client_id": "a"}}, "is for kind zgw"),
    ("decision_point", {"endpoint": "http://127.0.0.1:1", "access": {"kind": "zgw", "secret": "s", "jwt": {"client_id": "a"}}},
     "of a decision point is none, header, bearer or basic"),
    ("soap", {"action": "urn:a", "verify": {"anchor_file": "a.pem", "oin": "1"}}, "/soap/verify/oin: an OIN has 20 digits"),
    ("request.method", "PUT", "GET, POST"),
    ("request.method", "GET", "GET has no body"),
    ("request.target", "p", "must start with /"),
    ("request.target", "/p/{bsn}", "{bsn} may not be in a URL"),
    ("request.query", {"f": "{velden|geen}"}, "'tables' has no table 'geen'"),
    ("request.query", {"f": "{ingesloten|geen}"}, "'tables' has no table 'geen'"),
    ("request.query", {"b": "{bsn}"}, "{bsn} may not be in a URL"),
    ("request.query", {"b b": "x"}, "is not a name of letters"),
    ("request.query", {"b": 1}, "/request/query/b"),
    ("request.query", {"b": "{burger}"}, "is not known"),
    ("request.bsn_in_url", True, "the target has no {bsn}"),
    ("request.each", "persoon", "is not a list section"),
    ("request.each", "niets", "is not a list section"),
    ("request", {"target": "/p", "each": "voertuigen", "query": {f"q{i}": "{bekend:voertuigen.x%d}" % i for i in range(16)}},
     "16 fields of an item or more"),
    ("request.each", "voertuigen", "asks for no {bekend:voertuigen."),
    ("request.headers", {"If-None-Match": "*"}, "asks for less than the whole answer"),
    ("request.headers", {"range": "bytes=0-"}, "asks for less than the whole answer"),
    ("response.valid_on_header", "", "an empty text"),
    ("request.target", "/p/%2e./x{zaak}", "such a target is never asked"),
    ("request.target", "/p/{bekend:partner.burgerservicenummer}", "{bsn} may not be in a URL"),
    ("request.target", "/p/{bekend:persoon.naam.voornaam}", "nearest is 'persoon.naam.voornamen'"),
    ("request.target", "/p/{x", "without '}'"),
    ("request.body", {"b": "{burger}"}, "'{burger}' is not known; connectors/README.md has the names"),
    ("request.body", {"b": "{medewerkers}"}, "'{medewerkers}' is not known; nearest is {medewerker}"),
    ("request.body", {"b": "{doel|weg}"}, "no table 'weg'"),
    ("request.body", 7, "/request/body"),
    ("request.headers", {"Host": "x"}, "set by the gateway itself"),
    ("request.headers", {"a b": "x"}, "is not a header name"),
    ("request.headers", {"a": "x\ny"}, "control character"),
    ("response.subject", None, "has no 'subject'"),
    ("response.status", {"40": "fout"}, "is not an HTTP status"),
    ("response.status", {"404": "weg"}, "nietsGevonden"),
    ("response.root", "a..b", "is not a path"),
    ("response.root", ".".join(["a"] * 33), "is not a path"),
    ("response.fields", {"persoon.naam.voornaam": "n"}, "nearest is 'persoon.naam.voornamen'"),
    ("response.fields", {"trajecten.naam": "n"}, "does not let this source supply"),
    ("response.fields", {"kinderen.naam.voornamen": "n"}, "is a list"),
    ("response.fields", {"persoon.naam.voornamen": {"path": "n", "table": "t"}}, "no table 't'"),
    ("response.fields", {"persoon.naam.voornamen": {"path": "n", "date": "yymmdd"}}, "date pattern"),
    ("response.fields", {"persoon.naam.voornamen": {"path": "n", "constant": 1}}, "not both"),
    ("response.fields", {"persoon.naam.voornamen": {}}, "needs a path or a constant"),
    ("response.fields", {"persoon.naam.voornamen": {"path": "n", "date": "yyyymmdd",
                                                    "form": "yes_no"}}, "exclude each other"),
    ("response.fields", {"persoon.naam.voornamen": "bsn.x"}, "read as a value"),
    ("response.lists", {"persoon": {"items": "x[]", "fields": {}}}, "is single"),
    ("response.lists", {"kind": {"items": "x[]", "fields": {}}}, "is not a section"),
    ("response.lists", {"kinderen": {"fields": {}}}, "has no 'items'"),
    ("response.lists", {"kinderen": {"items": "k[]", "fields": {"persoon.leeftijd": "l"}}},
     "not a field of section"),
    ("response.fields", {"persoon.naam.voornamen": "a[b=].c"}, "is not a path"),
    ("response.fields", {"persoon.naam.voornamen": "a[=b].c"}, "is not a path"),
    ("response.fields", {"persoon.naam.voornamen": "a[b].c"}, "is not a path"),
    ("response.fields", {"persoon.naam.voornamen": "a[b=c]d"}, "is not a path"),
    ("response.fields", {"persoon.naam.voornamen": "a[b=c"}, "is not a path"),
    ("response.fields", {"persoon.naam.voornamen": "a[b..d=c].e"}, "is not a path"),
    ("response.fields", {"persoon.naam.voornamen": "a[b[]=c].e"}, "is not a path"),
    ("response.fields", {"persoon.naam.voornamen": "a[b=c].d[e=f].g"}, "is not a path"),
    ("response.lists", {"kinderen": {"items": "k[a=b]", "fields": {"kinderen.naam.voornamen": "n"}}},
     "are for the paths of fields"),
    ("response.paging", {"pages": "p"}, "need {pagina}"),
    ("response.paging", {"size": 5, "rows": "x[]"}, "need {pagina}"),
    ("response.paging", {"pages": "p", "next": "n"}, "exclude each other"),
    ("response.paging", {"next": "n", "link_header": True}, "exclude each other"),
    ("response.paging", {}, "what says that there is another page"),
    ("response.paging", {"link_header": False}, "what says that there is another page"),
    ("response.paging", {"cursor": "c"}, "{vervolg}"),
    ("response.paging", {"size": 5}, "size and total need rows"),
    ("response.paging", {"next": "n", "rows": "x[]"}, "size and total need rows"),
    ("response.paging", {"next": "n", "total": "t"}, "size and total need rows"),
    ("response.paging", {"pages": "p", "links_from": "https://x"}, "for next and link_header"),
    ("response.paging", {"next": "n", "target": "/x"}, "leave target out"),
    ("response.paging", {"pages": "p", "target": "x"}, "start with /"),
    ("response.paging", {"size": 0, "rows": "x[]"}, "0 is outside 1..100000"),
    ("response.paging", {"pages": "p", "first": 2}, "2 is outside 0..1"),
    ("tables", {"t": {}}, "the table is empty"),
    ("tables", {"t": {"a": []}}, "/tables/t/a"),
    ("fetched_tables", {"t": {}}, "/fetched_tables/t: has no 'from'"),
    ("fetched_tables", fetched(vandaan=1), "unknown member 'vandaan'"),
    ("fetched_tables", fetched(**{"from": "/t/{bsn}"}), "/fetched_tables/t/from: is not a path"),
    ("fetched_tables", fetched(**{"from": "https://elders.example/t"}), "/from: is not a path on the endpoint's host"),
    ("fetched_tables", fetched(**{"from": "//elders.example/t"}), "/from: is not a path on the endpoint's host"),
    ("fetched_tables", fetched(**{"from": "/a/../t"}), "/from: is not a path on the endpoint's host"),
    ("fetched_tables", fetched(items="rijen"), "/items: is not the path of an array"),
    ("fetched_tables", fetched(items="a[].rijen[]"), "/items: is not the path of an array"),
    ("fetched_tables", fetched(key="codes[]"), "/key: is not a path"),
    ("fetched_tables", fetched(value="a.b.c.d.e.f.g.h.i"), "/value: is not a path: names with dots between, at most 8"),
    ("fetched_tables", fetched(next="links..next"), "/next: is not a path"),
    ("fetched_tables", fetched(items="[]", next="next"), "/next: an answer that is an array has no link"),
    ("fetched_tables", fetched(links_from="https://x.example"), "/links_from: is for next"),
    ("fetched_tables", {"wet.1_B-c": fetched()["t"], 'a"} 1\n': fetched()["t"]}, "fetched table has letters"),
    ("fetched_tables", {"": fetched()["t"]}, "/fetched_tables/: the name of a fetched table"),
    ("fetched_tables", {"wét": fetched()["t"]}, "/fetched_tables/wét: the name of a fetched table"),
    ("fetched_tables", fetched(refresh_s=10, refresh_min_s=11), "refresh_s is not between"),
    ("fetched_tables", fetched(refresh_s=0), "/refresh_s: 0 is outside 1..604800"),
    ("fetched_tables", fetched(rows=100001), "/rows: 100001 is outside 1..100000"),
    ("fetched_tables", fetched(pages=1001), "/pages: 1001 is outside 1..1000"),
    ("fetched_tables", fetched(bytes=1023), "/bytes: 1023 is outside 1024..67108864"),
    ("fetched_tables", fetched(time_ms=300001), "/time_ms: 300001 is outside 1..300000"),
    ("needs", ["persoon.naam.voornaam"], "nearest is"),
]


def wrong():
    check(connector("check", write("good.json", GOOD)).returncode == 0, "the good manifest")
    for place, value, words in WRONG:
        text = json.loads(json.dumps(GOOD))
        at = text
        *above, last = place.split(".")
        for name in above:
            at = at[name]
        if value is None:
            at.pop(last, None)
        else:
            at[last] = value
        path = write("wrong.json", json.dumps(text, indent=1))
        done = connector("check", path)
        check(done.returncode == 1, f"{place}={value}: accepted")
        check(words in done.stderr, f"{place}={value}: says {done.stderr}")
        lines = done.stderr.splitlines()
        check(re.match(rf"{re.escape(str(path))}:\d+:\d+: ", done.stderr),
              f"{place}={value}: no line in {done.stderr}")
        check(len(lines) == len(set(lines)), f"{place}={value}: twice the same: {done.stderr}")
        check(place != "source" or "does not let this source supply" not in done.stderr, f"{value}: {done.stderr}")
    both = {**GOOD, "tables": {"t": {"a": "b"}}, "fetched_tables": fetched()}
    done = connector("check", write("wrong.json", both))
    check("'tables' has a table of that name" in done.stderr, f"a table twice: {done.stderr}")
    asking = {**GOOD, "fetched_tables": fetched(), "request": {"target": "/p", "query": {"d": "{doel|t}"}}}
    done = connector("check", write("wrong.json", asking))
    check("translates answers, no questions" in done.stderr, f"a fetched table in a question: {done.stderr}")
    check(connector("check", write("good.json", {**GOOD, "fetched_tables": fetched(next="links.next")})).returncode == 0, "fetched")
    everything = json.loads(json.dumps(GOOD))
    everything["organisation"]["oin"] = "1"
    everything["request"]["target"] = "/{bsn}"
    everything["response"]["fields"] = {"a.b": "c", "d.e": "f"}
    done = connector("check", write("wrong.json", everything))
    check(len(done.stderr.splitlines()) == 4, f"all at once: {done.stderr}")
    for text in ("", "{", "[]", "7", '{"source":"a","source":"b"}', "\xff", "null"):
        done = connector("check", write("wrong.json", text))
        check(done.returncode == 1 and done.stderr, f"{text!r}: {done.returncode}")
    named = {**GOOD, "tables": {"u": {"persoon.naam.voornaam": "x", "*": "y"}},
             "request": {**GOOD["request"], "query": {"e": "{velden|u}"}}}
    done = connector("check", write("wrong.json", named))
    check("/request/query/e: table 'u' has a row 'persoon.naam.voornaam', which is no field" in done.stderr,
          f"names: {done.stderr}")
    # What a table says of the wanted fields: read when it loads, wherever a template names it.
    for row, words in (("a,,b", "does not hold names"), ("a,b,", "does not hold names"), ("a, b", "does not hold names"),
                       ("a\tb", "does not hold names"), (",".join(f"n{i}" for i in range(65)), "holds 65 names; allowed are 64"),
                       (",".join(f"n{i}" for i in range(64)), None), ("", None)):
        named["tables"] = {"u": {"persoon.naam.voornamen": row, "*": "y"}}
        done = connector("check", write("named.json", named))
        check(done.returncode == (words is not None), f"row {row}: {done.returncode} {done.stderr}")
        check(words is None or f"/tables/u: row 'persoon.naam.voornamen' {words}" in done.stderr, f"row {row}: {done.stderr}")
    # {bekend:…} wherever a request has a template, on further pages too; what may be left out does not make an item's request.
    plate = "{bekend:voertuigen.kenteken}"
    for where, fine in (("headers", True), ("paging", True), ("body", True), ("optional", False)):
        text = json.loads(json.dumps(GOOD))
        text["request"].update(each="voertuigen")
        if where == "paging":
            text["response"]["paging"] = {"pages": "p", "target": "/p/{pagina}/" + plate}
        elif where == "body":
            text["request"]["body"]["kenteken"] = plate
        else:
            text["request"]["headers"] = {"x-kenteken": {"value": plate, "optional": where == "optional"}}
        done = connector("check", write("each.json", text))
        check(done.returncode == (not fine), f"each in {where}: {done.stderr}")
        check(fine or "each: the request asks for no {bekend:voertuigen.…}" in done.stderr, f"each in {where}: {done.stderr}")
        if where != "body":
            done = connector("check", write("each.json", json.dumps(text).replace("voertuigen.kenteken", "voertuigen.plaat")))
            check("'voertuigen.plaat' is not a field of the catalogue" in done.stderr, f"each in {where}: {done.stderr}")
    paged = {**GOOD, "tables": {"u": {"persoon.naam.voornaam": "x"}},
             "request": {**GOOD["request"], "query": {"e": "{velden}", "i": "{ingesloten}"}},
             "response": {**GOOD["response"], "paging": {"pages": "p", "target": "/p/{pagina}/{velden|u}"}}}
    done = connector("check", write("wrong.json", paged))
    for words in ("table 'u' has a row 'persoon.naam.voornaam'", "asks {velden} without {ingesloten}"):
        check(f"/response/paging: {words}" in done.stderr.replace("/response/paging: target asks", "/response/paging: asks"),
              f"further pages: {done.stderr}")
    mirrored = {**paged, "tables": {}, "request": {**GOOD["request"], "query": {"e": "{velden}"}},
                "response": {**GOOD["response"], "paging": {"pages": "p", "target": "/p/{pagina}?e={velden}&i={ingesloten}"}}}
    done = connector("check", write("wrong.json", mirrored))
    check("/request/target: asks {velden} without {ingesloten}, which further pages ask" in done.stderr, f"first page: {done.stderr}")
    for what in ("caseload", "opt_out"):
        register = {**GOOD, what: {}, "response": {**GOOD["response"], "subject": None}}
        done = connector("check", write("register.json", register))
        check(done.returncode == 1 and f"/response/subject: must be a path: with '{what}', answers have to name the person" in done.stderr,
              f"{what}: {done.stderr}")
    done = connector("check", write("present.json", {**GOOD, "response": {**GOOD["response"], "present": {"x": "nietsGevonden"}}}))
    check(done.returncode == 1 and "/response/present: is for connector soap" in done.stderr, f"present: {done.stderr}")
    wide = json.loads(json.dumps(GOOD))
    wide["response"]["ignored"] = [f"n{i}" for i in range(8200)]
    done = connector("check", write("wide.json", wide))
    check(done.returncode == 1 and "/response: has more than 8192 names in its paths" in done.stderr, f"wide: {done.stderr[:500]}")
    commented = {"//": "x", **GOOD, "limits": {"//": ["anything"]}}
    check(connector("check", write("c.json", commented)).returncode == 0, "comments")


shipped()
twice()
schema()
guide()
wrong()
others()
shown()
finish("manifests")
