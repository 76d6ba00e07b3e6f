# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Recorded SOAP answers of real partners, dirt and all, over a real socket through the shipped
manifests: each case with what must come of it. And public XML bombs."""
import json
import re
import tarfile
import xml.etree.ElementTree

from recordings import BEHIND_THE_CODES, bkwi_exchanges, recorded_bodies
from soap_support import ENVELOPE, ask, expect, shipped, stub, told
from support import SHARED, attempt, check, connector, finish, write


def invented():
    """What the recordings do not hold: written by hand after what is known of the field."""
    person = ('<r:AanvraagPersoonResponse xmlns:r="http://bkwi.nl/SuwiML/Diensten/BRPDossierPersoonGSD/v0200">'
              "%s</r:AanvraagPersoonResponse>")
    client = "<ClientSuwi>%s<Burgerservicenr>%s</Burgerservicenr></ClientSuwi>"
    fwi = ('<f:FWI xmlns:f="http://bkwi.nl/SuwiML/FWI/v0203"><%s><Code>%s</Code><Tekst>999910061 '
           "is gezocht</Tekst></%s></f:FWI>")
    bsn = "999993653"

    def brp(inside):
        return ask("suwinet-brp", bsn, ENVELOPE % (person % inside))

    expect("about somebody else", brp(client % ("<Voornamen>A</Voornamen>", "999990019")), "fout")
    expect("warnings with data", brp(client % ("<Voornamen>A</Voornamen>", bsn) + fwi % ("Waarschuwing", "FWI0001", "Waarschuwing")),
           "gevonden", ("persoon.naam.voornamen", "A"), note="technische fout")
    result = brp(fwi % ("Fout", "FWI0001", "Fout"))
    expect("FWI only", result, "fout")
    check("999910061" not in json.dumps(result), "a partner's text is passed on")
    for element, outcome in (("NietsGevonden", "nietsGevonden"), ("NietGerechtigd", "nietGerechtigd"),
                             ("NietVanToepassing", "nietVanToepassing")):
        expect(element, brp(f'<f:{element} xmlns:f="urn:x"/>'), outcome)
    expect("an envelope in the body", ask("suwinet-brp", bsn, ENVELOPE % (ENVELOPE % (person % (client % ("", bsn))))), "fout")
    inside = "<s:Body>" + person % (client % ("<Voornamen>A</Voornamen>", bsn)) + "</s:Body>"
    other = inside.replace("<s:Body>", '<b:Body xmlns:b="http://www.w3.org/2003/05/soap-envelope">').replace("</s:Body>", "</b:Body>")
    for name, bodies in (("a body of another SOAP version", other + "<s:Body/>"), ("two bodies", inside + "<s:Body/>"),
                         ("two bodies, the other order", "<s:Body/>" + inside)):
        expect(name, ask("suwinet-brp", bsn, ENVELOPE.replace("<s:Body>%s</s:Body>", bodies)), "fout")
    expect("neither data nor reason", brp("<Onbekend/>"), "fout")
    expect("another version's namespace", ask("suwinet-brp", bsn, ENVELOPE % (person % (client % ("", bsn))).replace("/v0200", "/v0101")), "fout")
    expect("partly unknown dates", brp(client % ("<Geboortedat>19701100</Geboortedat><Overlijden><DatOverlijden>00000000</DatOverlijden></Overlijden>", bsn)),
           "gevonden", ("persoon.geboorte.datum", "1970-11"))
    expect("order and letters in codes", brp(client % ("<DomicilieAdres><IdentificatiecdVerblijfplaats>K101</IdentificatiecdVerblijfplaats>"
           "<Huisletter>b</Huisletter><Huisnr>0021</Huisnr></DomicilieAdres><Geslacht>2</Geslacht>", bsn)),
           "gevonden", ("adres.huisletter", "b"), ("adres.huisnummer", 21), ("persoon.geslacht", "vrouw"))
    expect("Dutch letters", brp(client % ("<Voornamen>Fabiënne</Voornamen><SignificantDeelVanDeAchternaam>Achterhuüskamp</SignificantDeelVanDeAchternaam>"
           "<DomicilieAdres><Woonplaatsnaam>Súdwest-Fryslân</Woonplaatsnaam></DomicilieAdres>", bsn)), "gevonden",
           ("persoon.naam.voornamen", "Fabiënne"), ("persoon.naam.geslachtsnaam", "Achterhuüskamp"))
    two = "<Ouder2><Voornamen>Tweede</Voornamen></Ouder2><Ouder1><Voornamen>Eerste</Voornamen></Ouder1>"
    expect("two parents", brp(client % (two, bsn)), "gevonden", ("ouders.naam.voornamen", "Tweede"), ("ouders.naam.voornamen", "Eerste"))
    expect("a gateway's refusal", ask("suwinet-brp", bsn, ENVELOPE % "<s:Fault><faultcode>s:Server</faultcode><faultstring>Service "
           "Not Found.  The request may be wrong.</faultstring></s:Fault>", 500), "nietBereikt")
    expect("a fault", ask("suwinet-brp", bsn, ENVELOPE % "<s:Fault><faultcode>s:Client</faultcode><faultstring>Nee"
           "</faultstring></s:Fault>", 500), "fout")
    expect("a fault in SOAP 1.2", ask("stuf-bg-0310", bsn, (ENVELOPE % "<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code>"
           "<s:Reason><s:Text>StUF064 Object niet gevonden</s:Text></s:Reason></s:Fault>").replace(
           "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"), 500), "nietsGevonden")
    expect("500 that is no SOAP", ask("suwinet-brp", bsn, "<html>stuk</html>", 500), "fout")
    expect("locator", ask("suwinet-verwijsindex", bsn, ENVELOPE % '<v:IBVerwijsindexResponse xmlns:v="http://bkwi.nl/SuwiML/Diensten/'
           'IBVerwijsindex/v0300"><Acknowledgement/></v:IBVerwijsindexResponse>'), "gevonden", ("verwijsindex.aangemeld", True))


def asked_elements(*fields, manifest="stuf-bg-0310"):
    """The elements that StUF's scope asks for when only these fields are permitted: paths from the object."""
    ask(manifest, "999993653", ENVELOPE % "<x/>", 200, *[word for field in fields for word in ("--velden", field)])
    scope = xml.etree.ElementTree.fromstring(stub.requests[0][3]).find(".//{*}scope")
    found, kinds = set(), set()

    def walk(element, path):
        path = [*path, element.tag.split("}")[1]]
        kinds.update(value for name, value in element.attrib.items() if name.endswith("entiteittype"))
        if len(element) == 0:
            found.add("/".join(path[1:]))
        for child in element:
            walk(child, path)

    walk(scope[0], [])
    return found, kinds


def scope():
    """StUF 3.01: only what may be seen is asked, and whose it is."""
    relative = {f"gerelateerde/{name}" for name in ("inp.bsn", "geslachtsnaam", "voorvoegselGeslachtsnaam", "voornamen", "geboortedatum")}
    for fields, elements, kinds in (
            ("persoon.naam.geslachtsnaam", {"geslachtsnaam"}, {"NPS"}),
            ("adres.postcode,persoon.geboorte.datum", {"verblijfsadres/aoa.postcode", "geboortedatum"}, {"NPS"}),
            ("kinderen", {f"inp.heeftAlsKinderen/{name}" for name in relative}, {"NPS", "NPSNPSKND"}),
            ("partner.burgerservicenummer", {"inp.heeftAlsEchtgenootPartner/gerelateerde/inp.bsn"}, {"NPS", "NPSNPSHUW"})):
        check(asked_elements(fields) == ({"inp.bsn", *elements}, kinds), f"scope for {fields}: {asked_elements(fields)}")
    everything, _ = asked_elements()
    question = "".join(shipped("stuf-bg-0310")["request"]["body"])
    check(len(everything) == question.count("xsi:nil='true'") == 27, f"scope for everything: {sorted(everything)}")
    def body(old, new):
        """The shipped question, changed in its first place like that."""
        def change(manifest):
            whole = "".join(manifest["request"]["body"])
            check(old in whole, f"the shipped question has no {old}")
            manifest["request"]["body"] = whole.replace(old, new, 1)
        return change

    names = "<ns:voornamen xsi:nil='true'/>"
    empty = "<ns:leeg><ns:scope></ns:scope></ns:leeg><ns:scope></ns:scope>"
    for change, line in (
            (lambda m: m["soap"].update(scope="npsLv01/bereik"), "/request/body: scope: the body has no element 'npsLv01/bereik'"),
            # A name of the path that was found and has ended is no part of the way.
            (body("<ns:scope>", empty + "<ns:anders>"), None),
            (lambda m: m["response"]["fields"].pop("persoon.naam.voorletters"), "/request/body: scope asks for 'voorletters'"),
            (body("<ns:voorletters xsi:nil='true'/>", ""), "/response/fields/persoon.naam.voorletters: soap/scope does not ask for it"),
            (body(names, "<ns:voornamen>{zaak}</ns:voornamen>"), "braces"),
            (body(names, "<ns:voornamen xsi:nil='{zaak}'/>"), "braces"),
            (body("<ns:object StUF:entiteittype='NPS'>", "<ns:object StUF:entiteittype='{zaak}'>"), "braces"),
            (body(names, "<ns:voornamen>Jan</ns:voornamen>"), "/request/body: scope: the text before the end of 'voornamen'"),
            (body(names, "Jan" + names), "/request/body: scope: the text before the start of 'voornamen'")):
        text = shipped("stuf-bg-0310")
        change(text)
        if line is None:
            text["request"]["body"] = text["request"]["body"].replace("</ns:scope></ns:npsLv01>", "</ns:anders></ns:npsLv01>")
            line = "/request/body: scope: the body has no element 'npsLv01/scope/object'"
        done = connector("check", write("wrong.json", text))
        check(done.returncode == 1 and line in done.stdout + done.stderr, f"{line}: {done.stdout + done.stderr}")
    def long(count, join):
        def change(manifest):
            whole = ["<a>", *["x" * 1000] * count, "</a>"]
            manifest["request"]["body"] = "".join(whole) if join else whole
        return change

    def addressed(**addressing):
        return lambda m: m["soap"].update(addressing=addressing)

    for place, change in (
            ("/request/body: is larger than 65536 bytes", long(70, False)), ("/request/body: is larger than 131072 bytes", long(140, True)),
            ("/soap: an address is larger than 131072 bytes", addressed(to="x" * 140000)),
            ("/request/body: {velden}", body("<StUF:organisatie>0000</StUF:organisatie>", "<StUF:organisatie>{velden}</StUF:organisatie>")),
            ("/soap: {velden}", lambda m: m["soap"].update(headers=["<x>{vervolg}</x>"])),
            ("/soap: 'persoon.naam.voornaam' is not a field", lambda m: m["soap"].update(headers=["<x>{bekend:persoon.naam.voornaam}</x>"]))):
        text = shipped("stuf-bg-0310")
        change(text)
        done = connector("check", write("wrong.json", text))
        check(done.returncode == 1 and place in done.stdout + done.stderr, f"{place}: {done.stdout + done.stderr}")
    text = shipped("stuf-bg-0310")
    body("<ns:scope>", empty + "<ns:scope>\n  ")(text)
    done = connector("check", write("right.json", text))
    check(done.returncode == 0, f"a scope behind an empty one: {done.stdout + done.stderr}")
    # It fits as it is written, and not as it is filled in.
    text = shipped("stuf-bg-0310")
    filled = "{bericht}" * 30
    body("0000", filled + "0" * (130900 - len(filled) - len(question)))(text)
    fault = attempt(text, "999993653")["fault"]
    check("the request is larger than allowed" in fault, f"a question that grows: {fault}")


def dates_of_validity():
    """They are no reason to ask for what stands around them."""
    text = shipped("stuf-bg-0310")
    whole = "".join(text["request"]["body"])
    fine = re.compile("<ns:(inp.heeftAlsKinderen|verblijfsadres)( [^>]*)?>.*?</ns:\\1>")
    day = "tijdvakGeldigheid/beginGeldigheid"
    named = "<ns:tijdvakGeldigheid><ns:beginGeldigheid/></ns:tijdvakGeldigheid>"
    children = {"inp.heeftAlsKinderen"}
    of_children = "inp.heeftAlsKinderen/" + day
    text["response"]["lists"]["kinderen"]["valid_on"] = day
    for valid_on, by_name, nothing, address, child in (
            ("verblijfsadres/" + day, False, set(), {"verblijfsadres"}, children),
            ("verblijfsadres/@begin", False, set(), {"verblijfsadres"}, children),
            (day, True, {day}, {day, "verblijfsadres"},
             {day, of_children, "inp.heeftAlsKinderen/gerelateerde"})):
        within = {"verblijfsadres": "", "inp.heeftAlsKinderen": named + "<ns:gerelateerde/>" if by_name else ""}
        body = fine.sub(lambda found: f"<ns:{found[1]}>{within[found[1]]}</ns:{found[1]}>", whole)
        text["request"]["body"] = body.replace("<ns:inp.geboorteLand", named + "<ns:inp.geboorteLand") if by_name else body
        text["response"]["valid_on"] = valid_on
        for field, elements in (("persoon.naam.geslachtsnaam", {"geslachtsnaam", *nothing}), ("adres.postcode", address),
                                ("kinderen.naam.voornamen", child)):
            found, _ = asked_elements(field, manifest=json.loads(json.dumps(text)))
            check(found == {"inp.bsn", *elements}, f"scope for {field} with {valid_on}: {found}")


def objects():
    """Answers about things: written after the schemas, since nobody recorded any."""
    kadaster = ('<k:ObjectInfoLocatieOZResponse xmlns:k="http://bkwi.nl/SuwiML/Diensten/KadasterDossierGSD/v0300">%s'
                "</k:ObjectInfoLocatieOZResponse>")
    parcel = ("<OnroerendeZaak><DatToestandKadaster>20260301</DatToestandKadaster><KadastraleAanduiding><KadastraleSectie>A"
              "</KadastraleSectie><KadastraalPerceelnr>%s</KadastraalPerceelnr></KadastraleAanduiding><OmsKadastraalObject>Wonen"
              "</OmsKadastraalObject><IndMeerGerechtigden>1</IndMeerGerechtigden></OnroerendeZaak>")
    expect("at an address", ask("suwinet-kadaster-adres", "999993653", ENVELOPE % (kadaster % (parcel % 12 + parcel % 13))),
           "gevonden", ("objectenOpAdres.perceel", "12", 0), ("objectenOpAdres.perceel", "13", 1),
           ("objectenOpAdres.meerGerechtigden", True))
    expect("at no address", ask("suwinet-kadaster-adres", "999993653", ENVELOPE % (kadaster % "<NietsGevonden/>")), "nietsGevonden")
    rdw = ('<r:%sResponse xmlns:r="http://bkwi.nl/SuwiML/Diensten/%s/v0200">%s</r:%sResponse>')
    car = "<Aansprakelijke><DatRegistratieAansprakelijkheid>20240100</DatRegistratieAansprakelijkheid><Voertuig><KentekenVoertuig>%s</KentekenVoertuig></Voertuig></Aansprakelijke>"
    business = "<OndernemingInst><Rechtspersoon><NaamRechtspersoon>%s</NaamRechtspersoon></Rechtspersoon>%s</OndernemingInst>"
    body = rdw % ("VoertuigbezitInfoOrg", "RDWDossierGSD", business % ("Proef BV", car % "1AAA11" + car % "2BBB22") +
                  business % ("Twee BV", car % "3CCC33"), "VoertuigbezitInfoOrg")
    expect("of businesses", ask("suwinet-rdw-onderneming", "999993653", ENVELOPE % body), "gevonden",
           ("voertuigen.kenteken", "1AAA11", 0), ("voertuigen.houder", "Proef BV", 0), ("voertuigen.houder", "Proef BV", 1),
           ("voertuigen.houder", "Twee BV", 2), ("voertuigen.datumAansprakelijk", "2024-01", 0))
    body = rdw % ("KentekenInfo", "RDWDossierGSD", business % ("Proef BV", car % "1AAA11"), "KentekenInfo")
    expect("a business's plate", ask("suwinet-rdw-kenteken", "999993653", ENVELOPE % body), "nietVanToepassing")
    person = "<ClientSuwi><Burgerservicenr>999993653</Burgerservicenr>%s</ClientSuwi>"
    # A plate that is not known comes back beside the code that says so; a plate of nobody with another code, or none, is a fault.
    nobody = "<ClientSuwi>" + car % "1AAA11" + "</ClientSuwi>%s"
    code = '<f:FWI xmlns:f="http://bkwi.nl/SuwiML/FWI/v0205"><Fout><Code>%s</Code></Fout></f:FWI>'
    for service, manifest in (("RDWDossierGSD", "suwinet-rdw-kenteken"),
                              ("RDWDossierDigitaleDiensten", "suwinet-rdw-kenteken-digitale-diensten")):
        for fwi, outcome in ((code % "003", "nietsGevonden"), (code % "3", "nietsGevonden"), (code % "004", "fout"), ("", "fout")):
            result = ask(manifest, "999993653", ENVELOPE % (rdw % ("KentekenInfo", service, nobody % fwi, "KentekenInfo")))
            expect(f"{manifest}, a plate of nobody, {fwi}", result, outcome)
            check(result["fields"] == [], f"{manifest}: of nobody, and passed: {result['fields']}")
    body = rdw % ("KentekenInfo", "RDWDossierDigitaleDiensten", person % (car % "1AAA11"), "KentekenInfo")
    expect("for forms", ask("suwinet-rdw-kenteken-digitale-diensten", "999993653", ENVELOPE % body), "gevonden",
           ("voertuigen.kenteken", "1AAA11"))
    expect("for forms, another", ask("suwinet-rdw-kenteken-digitale-diensten", "999990019", ENVELOPE % body), "fout")


# The dirt that is known of these partners' answers, and the case that is about it. What shows only when several
# answers meet in one dossier: test_dossiers.py.
DIRT = (
    ("an answer about somebody else than was asked", "UWVDossierInkomstenGSD_UWVPersoonsIkvInfo_444444440"),
    ("a plate in somebody else's name", "RDWDossierGSD_KentekenInfo_16ZDLX"),
    ("a municipal record of another number, 149221897", "StufBgResponse of another"),
    ("elements in another order than the schema's: a house letter behind the codes", "BRPDossierPersoonGSD_AanvraagPersoon_999991954"),
    ("elements in another order than the schema's: a birth before the sex", "in another order of SVB"),
    ("letters in numeric codes (K101)", "order and letters in codes"),
    ("an envelope inside the body", "an envelope in the body"),
    ("nothing but a message (FWI): what was looked for is not known", "KadasterDossierGSD_ObjectInfoKadastraleAanduiding_999_99999"),
    ("nothing but a technical fault (FWI0001)", "FWI only"),
    ("a warning beside data", "warnings with data"),
    ("nothing found", "BRPDossierPersoonGSD_AanvraagPersoon_Nietsgevonden"),
    ("a refusal of the broker's gateway, HTTP 500 Policy Falsified", "Policy Falsified of test_test_bsns.yaml 111111110"),
    ("a refusal of the hub's gateway", "StufBgErrorResponse"),
    ("a Fault that means that nobody was found", "StufBgNotFoundResponse"),
    ("700 kB of incomes", "UWVDossierInkomstenGSD_UWVPersoonsIkvInfo_met_pensioenen"),
    ("incomplete dates", "StufBgResponseOnvolledigeDatum"),
    ("elements left out", "StufBgResponseMissingSomeData"),
    ("Dutch letters (Achterhuüskamp)", "GWS letters"),
    ("Dutch letters (Súdwest-Fryslân)", "Dutch letters"),
)


def dirt():
    for what, case in DIRT:
        check(case in told, f"nothing was asked about: {what}")


def as_register(name, fields):
    """A shipped manifest as if this partner supplied what its answers say about the person, which the shipped one leaves to the BRP."""
    text = shipped(name)
    del text["response"]["lists"], text["response"]["ignored"]
    text.update(source="brp", organisation=shipped("suwinet-brp")["organisation"])
    text["response"]["fields"] = fields
    return text


def gzac():
    for name, (manifest, bsn, outcome, *facts), text in recorded_bodies():
        result = ask(manifest, bsn, ENVELOPE % text)
        expect(name, result, outcome, *facts)
        if name.endswith("met_pensioenen"):
            opgaven = text.count("<Inkomstenopgave>")
            named = sum(one.count("<Inkomstenopgave>") for one in text.split("</Inkomstenverhouding>")
                        if "<NaamAdministratieveEenheid>" in one)
            items = {f["item"] for f in result["fields"] if f["path"] == "inkomsten.bedrag"}
            names = sum(f["path"] == "inkomsten.werkgever" for f in result["fields"])
            check(len(items) == opgaven > 100, f"{name}: {len(items)} of {opgaven} statements")
            check(names == named > 0, f"{name}: the employer with {names} of {named} statements")
        if name.startswith("SVB") and outcome == "gevonden":
            check(0 < text.index("<Geboortedat>") < text.index("<Geslacht>"), f"{name}: in the schema's order")
            both = as_register(manifest, {"persoon.geboorte.datum": {"path": "Geboortedat", "date": "yyyymmdd"},
                                          "persoon.geslacht": "Geslacht"})
            expect("in another order of SVB", ask(both, bsn, ENVELOPE % text), "gevonden",
                   ("persoon.geboorte.datum", "1960-07-20"), ("persoon.geslacht", "2"))
        if BEHIND_THE_CODES[-1] in facts:
            place = re.search("<DomicilieAdres>.*?</DomicilieAdres>", text, re.S).group()
            check(place.index("<Huisletter>") > place.index("<IdentificatiecdVerblijfplaats>"), f"{name}: in the schema's order")


def bkwi():
    """Answers of the broker itself, signed, with the header's version that its WSDL does not have."""
    for name, manifest, bsn, status, body in bkwi_exchanges():
        outcome = "gevonden" if status == 200 else "nietBereikt"
        refusal = "Policy Falsified of " if "Policy Falsified" in body else ""
        expect(f"{refusal}{name} {bsn}", ask(manifest, bsn, body, status), outcome)


def others():
    stuf = SHARED / "stuf-bg/templates-and-responses/tests/responses"

    def hub(name, outcome, *facts, note=None, bsn="999992314"):
        body = (stuf / f"{name}.xml").read_text()
        body = re.sub(r"{{ *(geboorte|overlijdens)?datum *}}", "19600701", body)
        expect(name if bsn == "999992314" else f"{name} of another", ask("stuf-bg-0310", bsn, body), outcome, *facts, note=note)

    hub("StufBgResponse", "gevonden", ("persoon.naam.geslachtsnaam", "Maykin"), ("adres.huisnummer", 117), ("persoon.geslacht", "man"))
    hub("StufBgResponse", "fout", bsn="149221897")
    hub("StufBgResponseOnvolledigeDatum", "gevonden", ("persoon.geboorte.datum", "1960"))
    hub("StufBgResponseGemeenteVanInschrijving", "gevonden")
    hub("StufBgResponseMissingSomeData", "gevonden")
    hub("StufBgResponseWithVoorvoegsel", "gevonden", ("persoon.naam.voorvoegsel", "van"))
    hub("StufBgNoObjectResponse", "nietsGevonden")
    hub("StufBgNoAnswerResponse", "nietsGevonden")
    hub("StufBgNotFoundResponse", "nietsGevonden")
    hub("StufBgErrorResponse", "nietBereikt")

    gws = SHARED / "gws/responses"
    expect("GWS uitkering", ask("gws4all-uitkeringsspecificatie", "900038937", (gws / "uitkering_response_basic.xml").read_text()), "gevonden",
           ("betalingen.bedrag", 633.43), ("betalingen.gekort", 36.44), ("betalingen.datum", "2023-01-23"), ("betalingen.regeling", "Participatiewet"))
    expect("GWS twee dossiers", ask("gws4all-uitkeringsspecificatie", "900038937", (gws / "uitkering_response_extra_report.xml").read_text()), "gevonden")
    expect("GWS jaaropgave", ask("gws4all-jaaropgave", "900038937", (gws / "jaaropgave_response.xml").read_text()), "gevonden",
           ("jaaropgaven.jaar", 2022), ("jaaropgaven.fiscaalLoon", 7305), ("jaaropgaven.datumEinde", "2022-12-31"))
    expect("GWS extra regel", ask("gws4all-uitkeringsspecificatie", "900038937", (gws / "uitkering_response_extra_row.xml").read_text()), "gevonden")
    expect("GWS extra jaaropgave", ask("gws4all-jaaropgave", "900038937", (gws / "jaaropgave_response_extra_spec.xml").read_text()), "gevonden")
    letters = as_register("gws4all-uitkeringsspecificatie", {
        "persoon.naam.voornamen": "Client/Voornamen", "persoon.naam.geslachtsnaam": "Client/Achternaam",
        "adres.straat": "Client/Adres/Straatnaam"})
    for name in ("basic", "extra_row", "extra_report"):
        expect("GWS letters", ask(letters, "900038937", (gws / f"uitkering_response_{name}.xml").read_text()), "gevonden",
               ("persoon.naam.voornamen", "Fabiënne Maria Charlotte Elsbeth"), ("persoon.naam.geslachtsnaam", "Achterhuüskamp"),
               ("adres.straat", "Robinson Crusoëstraat"))
    rows = SHARED / "gws/nijmegen"
    expect("rijen", ask("rijen-en-labels", "012345678", (rows / "uitkering-12345678.xml").read_text()), "gevonden",
           ("betalingen.bedrag", 1024.76), ("betalingen.datum", "2021-07-21"), ("uitkeringen.wet", "Participatiewet"))
    expect("rijen, twee", ask("rijen-en-labels", "012345678", (rows / "tweeuitkeringen.xml").read_text()), "gevonden")
    expect("rijen, geen", ask("rijen-en-labels", "012345678", (rows / "empty.xml").read_text()), "nietsGevonden")


def bombs():
    seen = 0
    with tarfile.open(SHARED / "suites/xml-bombs-mit.tar.gz") as archive:
        for member in archive.getmembers():
            if member.name.endswith(".xml") and member.isfile():
                body = archive.extractfile(member).read().decode("utf-8", "replace")
                expect(member.name, ask("suwinet-brp", "999993653", body), "fout")
                seen += 1
    check(seen >= 10, f"only {seen} bombs")


invented()
scope()
dates_of_validity()
objects()
whole = True
for part, needs in ((gzac, "suwinet/gzac-plugin-eupl.tar.gz"), (bkwi, "suwinet/recorded-bkwi-exchanges"),
                    (others, "stuf-bg"), (bombs, "suites/xml-bombs-mit.tar.gz")):
    if (SHARED / needs).exists():
        part()
    else:
        whole = False
        print(f"SKIPPED: {part.__name__}: {SHARED / needs} is not there")
if whole:
    dirt()
finish("soap")
