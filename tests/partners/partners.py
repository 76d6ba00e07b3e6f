#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Stand-in partner systems for the demo and the tests.

  partners.py serve brp --port 8081      Haal Centraal BRP personen 2.x  (POST /haalcentraal/api/brp/personen)
  partners.py serve uwv --port 8082      income and benefits             (POST /v1/inkomsten/_zoek)
  partners.py serve svb --port 8083      national insurance              (POST /v1/regelingen/_zoek)
  partners.py serve werkbedrijf          employment service over SOAP   (POST /suwibroker/soap/UWVWbDossierPersoonGSD-v0200)
  partners.py export --out FILE          the municipal client-tracking system's nightly CSV
  partners.py spreadsheet --out FILE     the municipal debt counsellors' workbook (.xlsx)
  partners.py faults                     the faults a running partner can be told to have

All hold the same 50 invented clients (clients.json) and contradict each other where real registers do.
A running partner is broken, and mended, with  POST /_fault {"fault": "slow", "ms": 3000}.
"""
import argparse
import asyncio
import csv
import io
import json
import pathlib
import re
import signal
import sys

import spreadsheet
from faults import FAULTS, Fault, break_answer
from http_server import Answer, Problem, serve
from soap_partner import answer_werkbedrijf

HERE = pathlib.Path(__file__).resolve().parent


class Number(float):
    """A JSON number that keeps its spelling: 2765.40 stays 2765.40."""

    def __new__(cls, text):
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __repr__(self):
        return self.text


def dump(value):
    # json.dumps writes floats with float.__repr__; a Number must keep its own text.
    if isinstance(value, Number):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{dump(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(dump(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def load_clients():
    clients = json.loads((HERE / "clients.json").read_text(encoding="utf-8"))
    return {client["bsn"]: client for client in clients}


def without_empty(group):
    return {k: v for k, v in group.items() if v not in (None, "", [], {})}


# --- BRP: Haal Centraal BRP personen bevragen 2.x ---------------------------------------------------

MONTHS = ("januari februari maart april mei juni juli augustus september oktober november "
          "december").split()


def brp_date(text):
    """A register date as the API's polymorphic date: whole, or known to the month, year or not at all."""
    parts = text.split("-") if text else []
    if len(parts) == 3:
        day, month = int(parts[2]), MONTHS[int(parts[1]) - 1]
        return {"type": "Datum", "datum": text, "langFormaat": f"{day} {month} {parts[0]}"}
    if len(parts) == 2:
        return {"type": "JaarMaandDatum", "jaar": int(parts[0]), "maand": int(parts[1]),
                "langFormaat": f"{MONTHS[int(parts[1]) - 1]} {parts[0]}"}
    if len(parts) == 1:
        return {"type": "JaarDatum", "jaar": int(parts[0]), "langFormaat": parts[0]}
    return {"type": "DatumOnbekend", "onbekend": True, "langFormaat": "onbekend"}


SEX = {"M": "man", "V": "vrouw", "O": "onbekend"}


def brp_name(person):
    return without_empty({
        "voornamen": person["voornamen"], "voorvoegsel": person["voorvoegsel"],
        "geslachtsnaam": person["geslachtsnaam"],
        "voorletters": " ".join(n[0] + "." for n in person["voornamen"].split()),
        "volledigeNaam": " ".join(p for p in (person["voornamen"], person["voorvoegsel"],
                                              person["geslachtsnaam"]) if p)})


def brp_relative(person):
    return {"burgerservicenummer": person["bsn"], "naam": brp_name(person),
            "geboorte": {"datum": brp_date(person["geboren"])}}


def brp_address(client):
    address = client["adres"]
    street = f'{address["straat"]} {address["huisnummer"]}{address["huisletter"]}'
    residence = {
        "type": "Adres",
        "functieAdres": {"code": "W", "omschrijving": "woonadres"},
        "datumVan": brp_date(address["sinds"]),
        "verblijfadres": without_empty({
            "officieleStraatnaam": address["straat"], "huisnummer": address["huisnummer"],
            "huisletter": address["huisletter"], "postcode": address["postcode"].replace(" ", ""),
            "woonplaats": address["woonplaats"]})}
    if "verblijfplaats" in client["onderzoek"]:
        residence["inOnderzoek"] = {"type": True, "datumIngangOnderzoek": brp_date("2026-03-02")}
    lines = {"adresregel1": street, "adresregel2": f'{address["postcode"]}  {address["woonplaats"]}'}
    return residence, lines


def brp_person(client):
    residence, lines = brp_address(client)
    name = brp_name(client)
    if "naam" in client["onderzoek"]:
        name["inOnderzoek"] = {"geslachtsnaam": True, "datumIngangOnderzoek": brp_date("2026-05-11")}
    person = {
        "burgerservicenummer": client["bsn"],
        "naam": name,
        "geboorte": {"datum": brp_date(client["geboren"]),
                     "land": {"code": "6030", "omschrijving": "Nederland"}},
        "geslacht": {"code": client["geslacht"], "omschrijving": SEX[client["geslacht"]]},
        "leeftijd": 2026 - int(client["geboren"][:4]),
        "gemeenteVanInschrijving": {"code": client["adres"]["gemeentecode"],
                                    "omschrijving": client["adres"]["woonplaats"]},
        "verblijfplaats": residence,
        "adressering": lines,
        "nationaliteiten": [{"type": "Nationaliteit",
                             "nationaliteit": {"code": "0001", "omschrijving": "Nederlandse"}}],
        "partners": [brp_relative(client["partner"])] if client["partner"] else [],
        "kinderen": [brp_relative(child) for child in client["kinderen"]],
    }
    # These are never asked for and always given when they apply.
    if client["geheim"]:
        person["geheimhoudingPersoonsgegevens"] = True
    if client["overleden"]:
        person["overlijden"] = {"datum": brp_date(client["overleden"])}
        person["opschortingBijhouding"] = {"reden": {"code": "O", "omschrijving": "overlijden"},
                                           "datum": brp_date(client["overleden"])}
    return person


AUTOMATIC = {"geheimhoudingPersoonsgegevens", "inOnderzoek", "opschortingBijhouding", "rni",
             "verificatie"}
TOP_FIELDS = {"burgerservicenummer", "naam", "geboorte", "geslacht", "leeftijd",
              "gemeenteVanInschrijving", "verblijfplaats", "adressering", "nationaliteiten",
              "partners", "ouders", "kinderen", "overlijden", "verblijfstitel", "immigratie",
              "indicatieCurateleRegister", "indicatieGezagMinderjarige"}
WHOLE = {"datum", "datumVan", "datumTot", "land", "geslacht", "gemeenteVanInschrijving",
         "functieAdres", "nationaliteit", "aanduidingNaamgebruik", "indicatieGezagMinderjarige",
         "landVanwaarIngeschreven"}  # asking a part of these delivers the whole


def brp_problem(status, code, title, path, params=None):
    body = {"type": f"https://datatracker.ietf.org/doc/html/rfc7231#section-6.5.{status - 399}",
            "title": title, "status": status,
            "detail": "De foutieve parameter(s) zijn: "
                      + ", ".join(p["name"] for p in params) + "." if params else title,
            "code": code, "instance": path}
    if params:
        body["invalidParams"] = params
    return Problem(status, body)


def check_brp_fields(fields, params):
    if not isinstance(fields, list):
        params.append({"name": "fields", "code": "required", "reason": "Parameter is verplicht."})
        return
    if not 1 <= len(fields) <= 130:
        params.append({"name": "fields", "code": "maxItems" if fields else "minItems",
                       "reason": "Array heeft een verkeerd aantal items (1 tot 130)."})
    for at, field in enumerate(fields):
        if not isinstance(field, str) or not re.fullmatch(r"[a-zA-Z0-9._]{1,200}", field):
            reason, code = "Waarde voldoet niet aan patroon ^[a-zA-Z0-9\\._]{1,200}$.", "pattern"
        elif field.split(".")[0] not in TOP_FIELDS or set(field.split(".")) & AUTOMATIC:
            reason, code = "Parameter bevat een niet bestaande veldnaam.", "fields"
        else:
            continue
        params.append({"name": f"fields[{at}]", "code": code, "reason": reason})


def check_brp_numbers(numbers, params):
    if not isinstance(numbers, list):
        params.append({"name": "burgerservicenummer", "code": "required",
                       "reason": "Parameter is verplicht."})
        return
    if not 1 <= len(numbers) <= 20:
        params.append({"name": "burgerservicenummer", "code": "maxItems" if numbers else "minItems",
                       "reason": "Array heeft een verkeerd aantal items (1 tot 20)."})
    for at, number in enumerate(numbers):
        if not isinstance(number, str) or not re.fullmatch(r"[0-9]{9}", number):
            params.append({"name": f"burgerservicenummer[{at}]", "code": "pattern",
                           "reason": "Waarde voldoet niet aan patroon ^[0-9]{9}$."})


def pick(group, path):
    """The part of a group at a dotted path; lists are followed into each item."""
    head, _, rest = path.partition(".")
    if isinstance(group, list):
        return [pick(item, path) for item in group]
    if not isinstance(group, dict) or head not in group:
        return None
    value = group[head]
    if not rest or head in WHOLE:
        return {head: value}
    inner = pick(value, rest)
    return {head: inner} if inner not in (None, {}) else None


def merge(into, part):
    for key, value in part.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        elif isinstance(value, list) and isinstance(into.get(key), list):
            for mine, other in zip(into[key], value):
                merge(mine, other or {})
        else:
            into[key] = json.loads(json.dumps(value))


def select(person, fields):
    selected = {}
    for field in fields:
        part = pick(person, field)
        if part:
            merge(selected, part)
            group = person.get(field.split(".")[0])
            if isinstance(group, dict) and "inOnderzoek" in group:
                selected[field.split(".")[0]]["inOnderzoek"] = group["inOnderzoek"]
    for name in ("geheimhoudingPersoonsgegevens", "opschortingBijhouding"):
        if name in person:
            selected[name] = person[name]
    return selected


def answer_brp(clients, request):
    path = request.path
    if request.headers.get("x-api-key") != "demo-sleutel-brp":
        raise Problem(401, {"type": "about:blank", "title": "Niet correct geauthenticeerd.",
                            "status": 401, "code": "authentication", "instance": path})
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise brp_problem(415, "unsupportedMediaType", "Media Type wordt niet ondersteund.", path)
    query = request.json()
    params = []
    if query.get("type") != "RaadpleegMetBurgerservicenummer":
        params.append({"name": "type", "code": "value",
                       "reason": "Waarde is geen geldig zoek type."})
    check_brp_numbers(query.get("burgerservicenummer"), params)
    check_brp_fields(query.get("fields"), params)
    for name in sorted(set(query) - {"type", "burgerservicenummer", "fields",
                                     "gemeenteVanInschrijving"}):
        params.append({"name": name, "code": "unknownParam", "reason": "Parameter is niet verwacht."})
    if params:
        raise brp_problem(400, "paramsValidation",
                          "Een of meerdere parameters zijn niet correct.", path, params)
    found = [select(brp_person(clients[n]), query["fields"])
             for n in query["burgerservicenummer"] if n in clients]
    return Answer(dump({"type": query["type"], "personen": found}))


# --- UWV: employment and benefits -------------------------------------------------------------------

def asked_client(clients, request, secret):
    if request.headers.get("authorization") != f"Bearer {secret}":
        raise Problem(401, {"title": "Unauthorized", "status": 401})
    number = request.json().get("burgerservicenummer")
    if not isinstance(number, str) or not re.fullmatch(r"[0-9]{9}", number):
        raise Problem(400, {"title": "Bad Request", "status": 400, "code": "BSN_FORMAAT"})
    return clients.get(number)


def answer_uwv(clients, request):
    client = asked_client(clients, request, "demo-token-uwv")
    if client is None or client["uwv"] is None:
        raise Problem(404, {"type": "about:blank", "title": "Geen gegevens bij UWV", "status": 404,
                            "code": "NIET_GEVONDEN"})
    jobs = [{"werkgever": {"naam": job["werkgever"],
                           "loonheffingennummer": job["loonheffingennummer"]},
             "soortContract": {"vast": "01", "tijdelijk": "02", "uitzend": "11"}[job["soort"]],
             "datumAanvang": job["begin"], "datumEinde": job["einde"],
             "loon": {"bruto": Number(job["brutoloon"]), "valuta": "EUR", "periode": "maand"},
             "urenPerWeek": job["uren"]} for job in client["uwv"]["dienstverbanden"]]
    benefits = [{"wet": benefit["wet"], "datumAanvang": benefit["begin"],
                 "datumEinde": benefit["einde"],
                 "bedrag": {"bruto": Number(benefit["bedrag"]), "valuta": "EUR",
                            "periode": benefit["periode"]}}
                for benefit in client["uwv"]["uitkeringen"]]
    return Answer(dump({
        "burgerservicenummer": client["bsn"], "peildatum": "2026-10-31",
        "persoon": {"achternaam": client["geslachtsnaam"],
                    "geboortedatum": client["geboren"]},
        "dienstverbanden": jobs, "uitkeringen": benefits}))


# --- SVB: national insurance ------------------------------------------------------------------------

def answer_svb(clients, request):
    client = asked_client(clients, request, "demo-token-svb")
    if client is None:
        raise Problem(404, {"title": "Onbekend", "status": 404, "code": "NIET_GEVONDEN"})
    schemes = []
    if client["kinderen"]:
        schemes.append({"regeling": "AKW", "omschrijving": "Kinderbijslag", "sinds": "2018-04-01",
                        "bedragPerKwartaal": Number(f'{len(client["kinderen"]) * 281.69:.2f}'),
                        "kinderen": [{"burgerservicenummer": child["bsn"],
                                      "voornaam": child["voornamen"]}
                                     for child in client["kinderen"]]})
    if int(client["geboren"][:4]) <= 1959:
        schemes.append({"regeling": "AOW", "omschrijving": "Ouderdomspensioen",
                        "sinds": "2026-01-01", "bedragPerMaand": Number("1580.92")})
    return Answer(dump({"bsn": client["bsn"], "stand": "2026-11-01", "regelingen": schemes}))


# --- A partner's own decision point (AuthZEN 1.0) ---------------------------------------------------

def decide(question, client):
    """No amounts, and nothing at all about who has a secret address."""
    field = question.get("resource", {}).get("id", "")
    if client is not None and client["geheim"]:
        return {"decision": False, "context": {"reason": "geheim adres"}}
    return {"decision": "bedrag" not in field}


def answer_pdp(clients, request):
    if request.headers.get("x-api-key") != "demo-sleutel-pdp":
        raise Problem(401, {"title": "Unauthorized", "status": 401})
    body = request.json()
    if not isinstance(body.get("evaluations"), list) or not body["evaluations"]:
        raise Problem(400, {"title": "Bad Request", "status": 400})
    about = body.get("context", {}).get("client", {})
    client = clients.get(about.get("id")) if about.get("type") == "burgerservicenummer" else None
    answer = Answer(dump({"evaluations": [decide(question, client)
                                          for question in body["evaluations"]]}))
    if "x-request-id" in request.headers:
        answer.headers.append(("X-Request-ID", request.headers["x-request-id"]))
    return answer


PARTNERS = {
    "brp": ("/haalcentraal/api/brp/personen", answer_brp),
    "uwv": ("/v1/inkomsten/_zoek", answer_uwv),
    "svb": ("/v1/regelingen/_zoek", answer_svb),
    "pdp": ("/access/v1/evaluations", answer_pdp),
    "werkbedrijf": ("/suwibroker/soap/UWVWbDossierPersoonGSD-v0200", answer_werkbedrijf),
}


# --- Municipal client tracking: a CSV export --------------------------------------------------------

CSV_HEADER = ["BSN", "Klantnummer", "Naam", "Geboortedatum", "Straat", "Huisnummer", "Huisletter",
              "Postcode",
              "Woonplaats", "Telefoon", "Consulent", "Regeling", "Begindatum", "Status", "Traject",
              "Traject begin", "Traject status", "Notitie"]


def dutch_date(text):
    parts = text.split("-")
    return "-".join(str(int(part)) for part in reversed(parts)) if len(parts) == 3 else text


def export_rows(clients):
    for client in clients.values():
        record = client["klantvolg"]
        if record is None:
            continue
        for traject in record["trajecten"]:
            yield [client["bsn"], record["klantnummer"], record["naam"],
                   dutch_date(record["geboren"]), record["straat"],
                   *re.fullmatch(r"([0-9]+)(.*)", record["huisnummer"]).groups(),
                   record["postcode"].replace(" ", ""), record["woonplaats"], record["telefoon"],
                   record["consulent"], record["regeling"], dutch_date(record["begin"]),
                   record["status"], traject["traject"], dutch_date(traject["begin"]),
                   traject["status"], record["notitie"]]


def export(path, encoding):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(CSV_HEADER)
    writer.writerows(export_rows(load_clients()))
    data = text.getvalue().encode(encoding, errors="replace")
    # In place of the old file at once, as a careful export does.
    target = pathlib.Path(path)
    fresh = target.with_suffix(".new")
    fresh.write_bytes(data)
    fresh.replace(target)


# --- Running ----------------------------------------------------------------------------------------

def make_handler(name):
    clients = load_clients()
    path, answer = PARTNERS[name]
    state = {"fault": Fault("none"), "asked": 0}

    def handle(request):
        if request.path == "/_fault" and request.method == "POST":
            state["fault"] = Fault(**request.json())
            return Answer(dump({"fault": state["fault"].fault}))
        if request.path == "/_asked":
            return Answer(dump({"asked": state["asked"]}))
        if request.path == "/_health":
            return Answer('{"status":"ok"}')
        if request.path != path or request.method != "POST":
            raise Problem(404, {"title": "Not Found", "status": 404})
        state["asked"] += 1
        return break_answer(state["fault"], clients, request,
                            lambda r: answer(clients, r))
    return handle


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("serve", help="run one partner until it is stopped")
    one.add_argument("partner", choices=sorted(PARTNERS))
    one.add_argument("--port", type=int, default=0, help="0: any; the port is printed")
    one.add_argument("--host", default="127.0.0.1")
    out = commands.add_parser("export", help="write the municipal CSV export")
    out.add_argument("--out", required=True)
    out.add_argument("--encoding", default="latin-1", choices=["latin-1", "utf-8", "utf-8-sig"])
    book = commands.add_parser("spreadsheet", help="write the debt counsellors' workbook")
    book.add_argument("--out", required=True)
    commands.add_parser("faults", help="list the faults")
    args = parser.parse_args()
    if args.command == "export":
        export(args.out, args.encoding)
    elif args.command == "spreadsheet":
        spreadsheet.export(args.out, load_clients())
    elif args.command == "faults":
        for name, text in FAULTS.items():
            print(f"{name:16} {text}")
    else:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        asyncio.run(serve(args.host, args.port, make_handler(args.partner), args.partner))


if __name__ == "__main__":
    main()
