# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""The shipped REST manifests against stand-ins that answer as the public specifications say, about
invented people: what is asked, by which method, where and with what, and what comes of it."""
import json
import re
import sys
import time
import urllib.parse

from support import CATALOGUE, SHARED, SOURCE, Stub, attempt, check, connector, finish, manifest, write

BSN = "999993653"
OTHER = "999990019"
HAL = {"Content-Type": "application/hal+json"}
JSON = {"Content-Type": "application/json"}
PROBLEM = {"Content-Type": "application/problem+json"}


def ask(name, answers, *arguments, bsn=BSN, tables=None, **changes):
    """One question through a shipped manifest: the result, and the requests as (method, path, query,
    headers, body). `tables` has the answers for code tables by their target; those requests are
    not among the others."""
    def answer(method, path, headers, body):
        if method == "GET" and path.startswith("/catalogi/"):
            stub.requests.pop()
            check(headers.get("Authorization", "").startswith("Bearer ") and BSN not in str(headers), f"{path}: {headers}")
            status, fields, text = (tables or {}).get(path, (404, PROBLEM, {}))
        else:
            status, fields, text = answers[min(len(stub.requests), len(answers)) - 1]
        return status, fields, json.dumps(text).replace("PORT", str(stub.port)).encode()
    stub = Stub(answer)
    text = manifest(name, stub.port, **changes)
    result = attempt(text, bsn, *arguments)
    requests = []
    for method, path, headers, body in stub.requests:
        parts = urllib.parse.urlsplit(path)
        requests.append((method, parts.path, dict(urllib.parse.parse_qsl(parts.query, True)), headers, body))
    return result, requests


def values(result):
    got = {}
    for field in result["fields"]:
        got.setdefault(field["path"], []).append(field["value"])
    return got


def expect(name, result, outcome, wanted=None):
    check(result["outcome"] == outcome, f"{name}: {result['outcome']} {result['fault']} {result['reason']}")
    got = values(result)
    for path, value in (wanted or {}).items():
        check(got.get(path) == value, f"{name}: {path} is {got.get(path)}, not {value}")


def brp_13():
    link = lambda tail: {"self": {"href": f"http://127.0.0.1:PORT/haalcentraal/api/brp/ingeschrevenpersonen/{tail}"}}
    person = {"burgerservicenummer": BSN, "geslachtsaanduiding": "vrouw", "leeftijd": 41,
              "naam": {"voornamen": "Hanneke", "geslachtsnaam": "Proef", "aanduidingNaamgebruik": "eigen",
                       "inOnderzoek": {"geslachtsnaam": True}},
              "geboorte": {"datum": {"jaar": 1985, "maand": 3}, "plaats": {"code": "0599", "omschrijving": "Rotterdam"}},
              "verblijfplaats": {"korteNaam": "Proefstr", "huisnummer": 7,
                                 "adresseerbaarObjectIdentificatie": "0599010000000001"},
              "_links": link(BSN),
              "_embedded": {"kinderen": [{"burgerservicenummer": OTHER, "naam": {"voornamen": "Bram"},
                                          "_links": link(f"{BSN}/kinderen/1")}]}}
    name = "haal-centraal-brp-1.3.json"
    result, requests = ask(name, [(200, HAL, person)])
    expect("1.3", result, "gevonden", {
        "persoon.naam.voornamen": ["Hanneke"], "persoon.geboorte.datum": ["1985-03"], "adres.huisnummer": [7],
        "kinderen.naam.voornamen": ["Bram"], "registratie.bagVerblijfsobject": ["0599010000000001"]})
    check(result["unmapped"] == ["geboorte.plaats.code"], f"1.3: unmapped {result['unmapped']}")
    method, path, query, headers, _ = requests[0]
    check((method, path) == ("GET", f"/haalcentraal/api/brp/ingeschrevenpersonen/{BSN}"), f"1.3: {method} {path}")
    fields, expand = query["fields"].split(","), query["expand"].split(",")
    check("burgerservicenummer" in fields and "naam.voornamen" in fields, f"1.3: fields {fields}")
    check(not any(f.startswith("_embedded") or "kinderen" in f for f in fields), f"1.3: fields {fields}")
    check({"kinderen.naam.voornamen", "partners.naam.geslachtsnaam", "ouders.burgerservicenummer"} <= set(expand),
          f"1.3: expand {expand}")
    check(headers["Accept"] == "application/hal+json", f"1.3: {headers}")
    check(BSN not in json.dumps(result["request"]), f"1.3: the number is shown: {result['request']}")
    # Names may be written with escapes.
    spelled = json.dumps(person).replace('"inOnderzoek"', '"in\\u004fnderzoek"').replace('"jaar"', '"ja\\u0061r"')
    stub = Stub(lambda *_: (200, HAL, spelled.encode()))
    again = attempt(manifest(name, stub.port), BSN)
    check(spelled.count("\\u") == 2 and again["fields"] == result["fields"], f"1.3 with escapes: {again['fields']}")
    # The same in a body, wherever it stands.
    body = {"bsn": "{bsn}", "f": "{velden}", "mee": {"e": "{ingesloten}"}}
    result, requests = ask(name, [(200, HAL, person)], request={"method": "POST", "target": "/zoek", "body": body})
    sent = json.loads(requests[0][4])
    check(sent["f"] == fields and sent["mee"]["e"].split(",") == expand, f"1.3 in a body: {sent}")
    # No more is asked than is permitted: without relatives there is no `expand` at all.
    result, requests = ask(name, [(200, HAL, {"burgerservicenummer": BSN})], "--velden", "persoon.leeftijd")
    check(requests[0][2] == {"fields": "burgerservicenummer,leeftijd"}, f"1.3 narrow: {requests[0][2]}")
    result, requests = ask(name, [(200, HAL, {"burgerservicenummer": BSN})], "--velden", "kinderen.naam")
    check(requests[0][2]["fields"] == "burgerservicenummer", f"1.3 children: {requests[0][2]}")
    check(all(e.startswith("kinderen.naam.") for e in requests[0][2]["expand"].split(",")), f"{requests[0][2]}")
    for status, body, outcome in [
            (404, {"status": 404, "code": "notFound"}, "nietsGevonden"), (404, {"status": 404}, "fout"),
            (403, {"code": "unauthorizedField"}, "nietGerechtigd"), (400, {"code": "paramsValidation"}, "fout"),
            (503, {"code": "notAvailable"}, "nietBereikt")]:
        expect(f"1.3 {status} {body}", ask(name, [(status, PROBLEM, body)])[0], outcome)
    expect("1.3 other", ask(name, [(200, HAL, person)], bsn=OTHER)[0], "fout")


def brp_2():
    """What the newer version has beside name and address: asked by its name, and read."""
    coded = lambda text: {"code": "x", "omschrijving": text}
    day = lambda text: {"type": "Datum", "datum": text, "langFormaat": "een dag"}
    person = {"burgerservicenummer": BSN, "naam": {"aanduidingNaamgebruik": coded("eigen geslachtsnaam")},
              "opschortingBijhouding": {"reden": coded("emigratie"), "datum": day("2026-02-01")},
              "indicatieCurateleRegister": True, "indicatieGezagMinderjarige": coded("ouder1 heeft het gezag"),
              "verblijfplaats": {"type": "VerblijfplaatsBuitenland", "verblijfadres": {"land": coded("Armenië")}},
              "immigratie": {"datumVestigingInNederland": day("2012-08-01"), "landVanwaarIngeschreven": coded("Servië")},
              "partners": [{"ontbindingHuwelijkPartnerschap": {"datum": day("2020-05-06")}}],
              "ouders": [{"naam": {"voornamen": "Sabiha"}, "datumIngangFamilierechtelijkeBetrekking": {"type": "DatumOnbekend", "onbekend": True}},
                         {"burgerservicenummer": OTHER, "naam": {"voorvoegsel": "de", "geslachtsnaam": "Proef"},
                          "geboorte": {"datum": {"type": "JaarDatum", "jaar": 1950}}, "datumIngangFamilierechtelijkeBetrekking": day("1980-01-02")}]}
    name = "haal-centraal-brp.json"
    result, requests = ask(name, [(200, JSON, {"type": "RaadpleegMetBurgerservicenummer", "personen": [person]})])
    expect("2.x", result, "gevonden", {
        "registratie.naamgebruik": ["eigen geslachtsnaam"], "registratie.opschorting": ["emigratie"],
        "registratie.curatele": [True], "registratie.gezag": ["ouder1 heeft het gezag"], "registratie.land": ["Armenië"],
        "verblijf.datumVestiging": ["2012-08-01"], "verblijf.landVanwaar": ["Servië"], "partner.datumOntbinding": ["2020-05-06"],
        "ouders.naam.voornamen": ["Sabiha"], "ouders.burgerservicenummer": [OTHER], "ouders.naam.voorvoegsel": ["de"],
        "ouders.naam.geslachtsnaam": ["Proef"], "ouders.geboorte.datum": ["1950"], "ouders.datumBetrekking": ["1980-01-02"]})
    fields = set(json.loads(requests[0][4])["fields"])
    wanted = {"naam.aanduidingNaamgebruik", "indicatieCurateleRegister", "indicatieGezagMinderjarige",
              "verblijfplaats.verblijfadres.locatiebeschrijving", "verblijfplaats.verblijfadres.land",
              "immigratie.datumVestigingInNederland", "immigratie.landVanwaarIngeschreven",
              "partners.ontbindingHuwelijkPartnerschap.datum", "ouders.burgerservicenummer", "ouders.naam.voornamen",
              "ouders.geboorte.datum", "ouders.datumIngangFamilierechtelijkeBetrekking"}
    check(wanted <= fields, f"2.x does not ask {wanted - fields}")
    listed = SHARED / "brp/fields-Persoon.csv"
    if not listed.exists():
        print(f"SKIPPED: no {listed}")
        return
    known = set(listed.read_text().split())
    check(fields <= known, f"2.x asks what the service does not list: {fields - known}")
    # Delivered by itself, and refused when it is asked.
    check(not any(field.startswith("opschorting") for field in fields), f"2.x asks {fields}")


def suppliers():
    """The guide's header fields, at gates that let nobody in without them."""
    guide = (SOURCE / "connectors/rest/README.md").read_text()
    sets = {name: json.loads(text) for name, text in re.findall(r"```json headers-(\S+)\.json\n(.*?)```", guide, re.S)}
    wanted = {
        "iconnect": {"x-doelbinding": "BRPACT-Totaal", "x-verwerking": "Intake@PROEF-1", "x-gebruiker": "m" * 242,
                     "x-origin-oin": "00000001830000001000", "x-afnemer-oin": "00000001830000001000",
                     "x-toepassing": "ketenpoort"},
        "2secure": {"x-request-organization": "00000001830000001000", "x-request-application": "ketenpoort",
                    "x-request-afnemerscode": "051801", "x-request-user": "m" * 242}}
    check(set(sets) == set(wanted), f"suppliers of the guide: {set(sets)}")
    for name, said in sets.items():
        def gate(method, path, headers, body):
            if any(headers.get(field) != value for field, value in wanted[name].items()):
                return 400, PROBLEM, b'{"code":"paramsValidation"}'
            return 200, JSON, json.dumps({"type": "RaadpleegMetBurgerservicenummer", "personen": [
                {"burgerservicenummer": BSN, "leeftijd": 41}]}).encode()
        stub = Stub(gate)
        text = manifest("haal-centraal-brp.json", stub.port, tables=said["tables"])
        kept = {"Content-Type": text["request"]["headers"]["Content-Type"]}
        text["request"]["headers"] = {**kept, **said["headers"]}
        who = ("--medewerker", "m" * 300, "--organisatie", "00000001830000001000")
        expect(name, attempt(text, BSN, "--doel", "participatiewet-intake", *who), "gevonden", {"persoon.leeftijd": [41]})
        check(len(stub.requests) == 1, f"{name}: {len(stub.requests)} questions")
        expect(f"{name}, another purpose", attempt(text, BSN, "--doel", "inkomenstoets", *who), "fout")
        # A purpose that the supplier has no word for is not asked.
        result = attempt(text, BSN, "--doel", "fraudeonderzoek", *who)
        expect(f"{name}, no purpose", result, "nietBevraagd")
        check("geen code afgesproken" in result["reason"], f"{name}: {result['reason']}")
        check(len(stub.requests) == 2, f"{name}: asked without a word for the purpose")


def klantinteracties():
    party = {"uuid": "9f1e8c1e-0000-4000-8000-000000000001", "nummer": "0000000007", "voorkeurstaal": "nld",
             "indicatieActief": True, "indicatieGeheimhouding": False, "soortPartij": "persoon",
             "partijIdentificatoren": [{"partijIdentificator": {"codeSoortObjectId": "vestigingsnummer", "objectId": "1"}}, {"partijIdentificator": {"codeSoortObjectId": "bsn", "objectId": BSN}}],
             "_expand": {"digitaleAdressen": [
                 {"adres": "0612345678", "soortDigitaalAdres": "telefoonnummer", "isStandaardAdres": True, "omschrijving": ""},
                 {"adres": "hanneke@example.org", "soortDigitaalAdres": "email", "isStandaardAdres": True,
                  "omschrijving": ""}]}}
    answer = {"count": 1, "next": None, "previous": None, "results": [party]}
    name = "klantinteracties-partij.json"
    result, requests = ask(name, [(200, JSON, answer)])
    expect("partij", result, "gevonden", {"klant.partij": [party["uuid"]], "klant.actief": [True],
                                          "contactkanalen.adres": ["0612345678", "hanneke@example.org"],
                                          "contact.email": ["hanneke@example.org"], "contact.telefoon": ["0612345678"]})
    method, path, query, headers, _ = requests[0]
    check((method, path) == ("GET", "/klantinteracties/api/v1/partijen"), f"partij: {method} {path}")
    check(query["partijIdentificator__objectId"] == BSN and query["expand"] == "digitaleAdressen" and
          query["partijIdentificator__codeSoortObjectId"] == "bsn", f"partij: {query}")
    check(headers.get("Authorization"), "partij: no credential")
    # Who may not see addresses does not have them brought along.
    _, requests = ask(name, [(200, JSON, answer)], "--velden", "klant.nummer,contactkanalen.adres")
    check(requests[0][2].get("expand") == "digitaleAdressen", f"partij with addresses: {requests[0][2]}")
    _, requests = ask(name, [(200, JSON, answer)], "--velden", "klant.nummer")
    check("expand" not in requests[0][2], f"partij without addresses: {requests[0][2]}")
    check("ondernemingen.kvkNummer" not in values(result), f"partij without a business: {values(result)}")
    number = {"partijIdentificator": {"codeObjecttype": "niet_natuurlijk_persoon", "codeRegister": "hr",
                                      "codeSoortObjectId": "kvk_nummer", "objectId": "69599084"}}
    trader = {**party, "partijIdentificatoren": [*party["partijIdentificatoren"], number]}
    result, _ = ask(name, [(200, JSON, {**answer, "results": [trader]})])
    expect("partij with a business", result, "gevonden", {"ondernemingen.kvkNummer": ["69599084"], "klant.partij": [party["uuid"]]})
    expect("no partij", ask(name, [(200, JSON, {**answer, "count": 0, "results": []})])[0], "nietsGevonden")
    expect("partij of another", ask(name, [(200, JSON, answer)], bsn=OTHER)[0], "fout")
    contact = lambda i: {"uuid": f"c{i}", "plaatsgevondenOp": "2026-10-01T09:00:00+02:00", "kanaal": "telefoon",
                         "onderwerp": f"vraag {i}", "inhoud": "geheim", "taal": "nld", "indicatieContactGelukt": True}
    pages = [(200, JSON, {"count": 3, "previous": None, "results": [contact(0), contact(1)],
                          "next": "http://127.0.0.1:PORT/klantinteracties/api/v1/klantcontacten?page=2"}),
             (200, JSON, {"count": 3, "next": None, "results": [contact(2)]})]
    name = "klantinteracties-contacten.json"
    result, requests = ask(name, pages)
    expect("contacten without a partij", result, "nietVanToepassing")
    check(not requests, "contacten were asked without a partij")
    result, requests = ask(name, pages, "--bekend-file", write("bekend", "# of a test client\nklant.partij = u\n"))
    expect("contacten", result, "gevonden", {"contactmomenten.onderwerp": ["vraag 0", "vraag 1", "vraag 2"]})
    check([q for _, _, q, *_ in requests] == [{"hadBetrokkene__wasPartij__uuid": "u", "pageSize": "100"}, {"page": "2"}], f"{requests}")


def check_jwt(authorization, user):
    """What another library makes of our JWT (ZGW): signed with the secret, by us, now, for this user."""
    sys.path.append("/usr/lib/python3/dist-packages")  # Debian's python3-jwt, for whichever python this is
    try:
        import jwt
    except ImportError:
        print("SKIPPED: python3-jwt is not installed")
        return
    scheme, token = authorization.split(" ")
    claims = jwt.decode(token, "demo-sleutel-brp", algorithms=["HS256"])
    issued = claims.pop("iat")
    check(scheme == "Bearer" and abs(time.time() - issued) < 60, f"JWT: {scheme}, iat {issued}")
    check(claims == {"iss": "ketenpoort", "client_id": "ketenpoort", "user_id": user, "user_representation": user},
          f"JWT: {claims}")
    try:
        jwt.decode(token, "ander-geheim", algorithms=["HS256"])
        check(False, "JWT: another secret does too")
    except jwt.InvalidSignatureError:
        pass


def zaken():
    def zaak(i, status=True):
        expand = {}
        if status:
            expand["status"] = {"datumStatusGezet": "2026-10-02T10:00:00Z", "statustoelichting": "wacht op stukken",
                                "statustype": "http://127.0.0.1:PORT/catalogi/api/v1/statustypen/2"}
        return {"url": f"http://127.0.0.1:PORT/zaken/api/v1/zaken/{i}", "uuid": str(i), "identificatie": f"Z-{i}",
                "omschrijving": "", "startdatum": "2026-10-01", "einddatum": None, "status": None,
                "zaaktype": "http://127.0.0.1:PORT/catalogi/api/v1/zaaktypen/1", "_expand": expand}
    name = "zgw-zaken.json"
    pages = [(200, JSON, {"count": 3, "previous": None, "results": [zaak(1), zaak(2, False)],
                          "next": "http://127.0.0.1:PORT/zaken/api/v1/zaken/_zoek?page=2"}),
             (200, JSON, {"count": 3, "next": None, "results": [zaak(3)]})]
    catalogue = "http://127.0.0.1:PORT/catalogi/api/v1"
    kinds = lambda what, rows, following=None: (200, JSON, {
        "count": len(rows), "next": following, "previous": None,
        "results": [{"url": f"{catalogue}/{what}/{i}", "omschrijving": text, "beginGeldigheid": "2020-01-01"} for i, text in rows]})
    tables = {"/catalogi/api/v1/zaaktypen": kinds("zaaktypen", [(7, "Melding")], f"{catalogue}/zaaktypen?page=2"),
              "/catalogi/api/v1/zaaktypen?page=2": kinds("zaaktypen", [(1, "Aanvraag bijstand")]),
              "/catalogi/api/v1/statustypen": kinds("statustypen", [(1, "Ontvangen"), (2, "In behandeling")])}
    result, requests = ask(name, pages, tables=tables)
    check({t["table"]: (t["rows"], bool(t["trouble"])) for t in result["tables"]} ==
          {"zaaktype": (2, False), "statustype": (2, False), "resultaattype": (0, True)}, f"zaken: tables {result['tables']}")
    expect("zaken", result, "gevonden", {
        "zaken.zaakkenmerk": ["Z-1", "Z-2", "Z-3"], "zaken.soort": ["Aanvraag bijstand"] * 3,
        "zaken.status": ["In behandeling"] * 2, "zaken.statusToelichting": ["wacht op stukken"] * 2})
    check(values(result)["zaken.zaaktype"][0].endswith("/zaaktypen/1"), "zaken: no reference to the kind")
    check([(m, p, q) for m, p, q, *_ in requests] == [("POST", "/zaken/api/v1/zaken/_zoek", {}),
                                                      ("POST", "/zaken/api/v1/zaken/_zoek", {"page": "2"})], f"{requests}")
    for _, _, _, headers, body in requests:
        sent = json.loads(body)
        check(sent["rol__betrokkeneIdentificatie__natuurlijkPersoon__inpBsn"] == BSN, f"zaken: {sent}")
        check(headers["Accept-Crs"] == headers["Content-Crs"] == "EPSG:4326", f"zaken: {headers}")
        check_jwt(headers["Authorization"], "proef")
    access = {"kind": "zgw", "secret": "zgw", "jwt": {"client_id": "ketenpoort"}}
    _, requests = ask(name, [(200, JSON, {"count": 0, "next": None, "results": []})], access=access)
    check_jwt(requests[0][3]["Authorization"], "ketenpoort")  # the employee is told only where the manifest says so
    _, requests = ask(name, [(200, JSON, {"count": 0, "next": None, "results": []})], "--medewerker", "j.de \"Vries\" é")
    check_jwt(requests[0][3]["Authorization"], "j.de \"Vries\" é")
    # Without the catalogue the rest is shown all the same, and the reader is told what is left out.
    result, _ = ask(name, pages)
    expect("zaken without a catalogue", result, "gevonden", {"zaken.zaakkenmerk": ["Z-1", "Z-2", "Z-3"], "zaken.soort": None})
    check(any("zaken.soort" in note for note in result["notes"]), f"zaken without a catalogue: {result['notes']}")
    # A recorded one; nothing is fetched for it.
    recorded = write("zaaktypen.json", {"results": [{"url": "http://127.0.0.1:5014/catalogi/api/v1/zaaktypen/1", "omschrijving": "Bijstand"}]})
    answer = write("zaken.json", json.loads(json.dumps({**pages[1][2], "count": 1}).replace("PORT", "5014")))
    result = attempt(manifest(name, 5014), BSN, "--answer", answer, f"--tabel=zaaktype={recorded}")
    expect("zaken recorded", result, "gevonden", {"zaken.soort": ["Bijstand"], "zaken.status": None})
    expect("no zaken", ask(name, [(200, JSON, {"count": 0, "next": None, "results": []})])[0], "nietsGevonden")
    expect("zaken, no rights", ask(name, [(403, PROBLEM, {"code": "permission_denied"})])[0], "nietGerechtigd")
    expect("zaken, second page gone", ask(name, [pages[0], (404, PROBLEM, {"code": "not_found"})])[0], "fout")
    elsewhere = json.loads(json.dumps(pages[0][2]).replace("PORT", "1"))
    expect("zaken, next elsewhere", ask(name, [(200, JSON, elsewhere)])[0], "fout")


def brk():
    name = "hc-brk.json"
    parcel = {"identificatie": "1", "kadastraleAanduiding": "Proefdam A 12", "type": "perceel",
              "aardCultuurBebouwd": {"code": "11", "waarde": "Wonen"}, "koopsom": {"koopsom": 185000, "koopjaar": 2009},
              "adressen": [{"adresregel1": "Proefstraat 7"}], "_links": {"self": {"href": "/x"}}}
    result, requests = ask(name, [(200, HAL, {"_embedded": {"kadastraalOnroerendeZaken": [parcel]}})])
    expect("brk", result, "gevonden", {"onroerendeZaken.aanduiding": ["Proefdam A 12"], "onroerendeZaken.koopsom": [185000],
                                       "onroerendeZaken.locatie": ["Proefstraat 7"]})
    method, path, query, headers, body = requests[0]
    check((method, path, query) == ("POST", "/esd/bevragen/v2/kadastraalonroerendezaken", {}), f"brk: {requests[0]}")
    sent = json.loads(body)
    check(sent["burgerservicenummer"] == BSN and headers["X-Api-Key"] and headers["Accept-Crs"] == "epsg:28992", f"{sent}")
    check(set(sent["fields"].split(",")) == {"identificatie", "kadastraleAanduiding", "type", "aardCultuurBebouwd",
                                             "adressen", "koopsom"}, f"brk: {sent['fields']}")
    _, requests = ask(name, [(200, HAL, {})], "--velden", "onroerendeZaken.koopsom")
    check(json.loads(requests[0][4])["fields"] == "identificatie,koopsom", f"brk narrow: {requests[0][4]}")
    one = {"_embedded": {"kadastraalOnroerendeZaken": parcel}}
    expect("brk, one in place of a list", ask(name, [(200, HAL, one)])[0], "gevonden",
           {"onroerendeZaken.soort": ["perceel"]})
    for status, fields, body, outcome in [
            (200, HAL, {"_embedded": {"kadastraalOnroerendeZaken": []}}, "nietsGevonden"),
            (200, HAL, {"_links": {}}, "nietsGevonden"), (404, PROBLEM, {"code": "notFound"}, "nietsGevonden"),
            (400, PROBLEM, {"code": "tooManyResults"}, "fout"), (401, PROBLEM, {"code": "authentication"}, "nietGerechtigd")]:
        expect(f"brk {status} {body}", ask(name, [(status, fields, body)])[0], outcome)


def woz():
    name = "hc-woz.json"
    result, requests = ask(name, [(200, HAL, {})])
    expect("woz without a dwelling", result, "nietVanToepassing")
    check(not requests, "woz was asked without a dwelling")
    home = lambda i: {"identificatie": f"05990000000{i}", "aanduiding": {"straat": "Proefstraat", "huisnummer": i},
                      "waarden": [{"vastgesteldeWaarde": 300000 + i, "waardepeildatum": "2025-01-01"},
                                  {"vastgesteldeWaarde": 1, "waardepeildatum": "2024-01-01"}],
                      "belanghebbendeEigenaar": {"naam": "H. Proef", "burgerservicenummer": OTHER}}
    pages = [(200, HAL, {"_links": {"next": {"href": "/lvwoz/huidigebevragingen/wozobjecten?page=2"}},
                         "_embedded": {"wozObjecten": [home(1)]}}),
             (200, HAL, {"_links": {"self": {"href": "x"}}, "_embedded": {"wozObjecten": [home(2)]}})]
    known = write("bekend", "registratie.bagVerblijfsobject=0599010000000001\n")
    result, requests = ask(name, pages, "--bekend-file", known)
    expect("woz", result, "gevonden", {"wozObjecten.waarde": [300001, 300002], "wozObjecten.huisnummer": [1, 2]})
    check(requests[1][2] == {"page": "2"}, f"woz: {requests}")
    check(requests[0][2]["adresseerbaarObjectIdentificatie"] == "0599010000000001", f"woz: {requests[0]}")
    check(set(requests[0][2]["fields"].split(",")) == {"identificatie", "waarden", "aanduiding", "grondoppervlakte",
                                                       "verantwoordelijkeGemeente"}, f"woz: {requests[0]}")
    check("H. Proef" not in json.dumps(result) and OTHER not in json.dumps(result), "woz: an owner came along")


suppliers()
def each():
    """One request for each item that is in the file of what is known."""
    name = "kvk-basisprofiel.json"
    answers = [(200, HAL, {"kvkNummer": "69599084", "naam": "Een"}), (404, JSON, {"fout": [{"code": "IPD0005"}]}),
               (200, HAL, {"kvkNummer": "68727720", "naam": "Drie"})]
    numbers = ("69599084", "99999999", "68727720")
    known = write("bekend", "".join(f"ondernemingen.kvkNummer={n}\n" for n in numbers))
    result, requests = ask(name, answers, "--bekend-file", known)
    expect("each", result, "gevonden", {"ondernemingen.handelsnaam": ["Een", "Drie"]})
    check([path for _, path, *_ in requests] == [f"/api/v1/basisprofielen/{n}" for n in numbers], f"each: {requests}")
    for wrong, words in (("ondernemingen.kvkNummer\n", "is not field=value"), ("ondernemingen.nummer=1\n", "nearest is"),
                         ("adres.postcode=1\n" * 65, "than the 64 values")):
        done = connector("try", write("manifest.json", manifest(name, 1)), "--bsn-file", write("bsn", BSN),
                         f"--secret=kvk_key={write('secret', 'x')}", "--bekend-file", write("bekend", wrong),
                         catalogue=CATALOGUE)
        check(done.returncode == 1 and words in done.stderr, f"each: {wrong[:30]}: {done.stderr}")


each()
brp_13()
brp_2()
klantinteracties()
zaken()
brk()
woz()
finish("services")
