# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Shipped Suwinet manifests of which no recorded answer has all fields: answers written after the official XSD, and valid by
it (xmllint; skipped loudly where the XSD are not there), each with all that must come of it."""
import shutil
import subprocess
import tarfile

from soap_support import ENVELOPE, ask, expect
from support import SHARED, SOURCE, WORK, check, finish

BSN = "999993653"
SOURCE_OF = "<Bron><CdKolomSuwi>1</CdKolomSuwi><CdPartijSuwi>0363</CdPartijSuwi></Bron>"
NAME = ("<Voornamen>Proef</Voornamen><Voorletters>P</Voorletters><SignificantDeelVanDeAchternaam>Persoon"
        "</SignificantDeelVanDeAchternaam><Geslacht>2</Geslacht><Geboortedat>19700503</Geboortedat>")


def wv(rest):
    """Applications and benefits, as both services of the employee insurances have them."""
    return ("<AanvraagUitkering><DatAanvraagUitkering>20240110</DatAanvraagUitkering><SzWet><CdSzWet>WW</CdSzWet></SzWet>"
            "<AanvraagWw><DatAanvraagUitkering>20240109</DatAanvraagUitkering></AanvraagWw><BeslissingOpAanvraagUitkering>"
            "<CdBeslissingOpAanvraagUitkering>01</CdBeslissingOpAanvraagUitkering><DatDagtekeningBeslisOpAanvrUitk>20240201"
            "</DatDagtekeningBeslisOpAanvrUitk></BeslissingOpAanvraagUitkering></AanvraagUitkering>"
            "<Uitkeringsverhouding><DatBUitkeringsverhouding>20240101</DatBUitkeringsverhouding>"
            f"<DatEUitkeringsverhouding>20241231</DatEUitkeringsverhouding>{rest}<SzWet><CdSzWet>WW</CdSzWet></SzWet>"
            "<Uitkeringsperiode><DatBUitkeringsperiode>20240101</DatBUitkeringsperiode><BrutoUitkeringsbedrag>"
            "<CdMunteenheid>EUR</CdMunteenheid><WaardeBedr>185025</WaardeBedr><CdUitkeringsperiode>6</CdUitkeringsperiode>"
            "</BrutoUitkeringsbedrag></Uitkeringsperiode></Uitkeringsverhouding>"
            "<Uitkeringsverhouding><SzWet><CdSzWet>ZW</CdSzWet></SzWet></Uitkeringsverhouding>")


WV_FACTS = (
    ("aanvragen.wet", "WW", 0), ("aanvragen.datum", "2024-01-10", 0), ("aanvragen.beslissing", "01", 0),
    ("aanvragen.datumBeslissing", "2024-02-01", 0), ("uitkeringen.wet", "WW", 0), ("uitkeringen.wet", "ZW", 1),
    ("uitkeringen.datumAanvang", "2024-01-01", 0), ("uitkeringen.datumEinde", "2024-12-31", 0),
    ("uitkeringen.bedrag.bruto", 1850.25, 0), ("uitkeringen.bedrag.periode", "maand", 0))

# Manifest: service and its folder, the answer's element, what is in ClientSuwi after the number, what comes after
# ClientSuwi, and every value that must come, with its item.
ANSWERS = {
    "suwinet-bijstandsregelingen": ("Bijstandsregelingen-v0500", "BijstandsregelingenInfoResponse",
        "<CdLeefvorm>01</CdLeefvorm><Uitkeringsverhouding><DatBUitkeringsverhouding>20230401</DatBUitkeringsverhouding><SzWet>"
        "<CdSzWet>PW</CdSzWet></SzWet><SpecifiekeGegevensBijstandUitk><AantKostendelers>2</AantKostendelers>"
        "</SpecifiekeGegevensBijstandUitk><Uitkeringsperiode><DatBUitkeringsperiode>20240101</DatBUitkeringsperiode>"
        "<DatEUitkeringsperiode>20240131</DatEUitkeringsperiode><InkomstenBijstandUitkering><BedrTotaalInkomstenUitkering>"
        "<CdPositiefNegatief>+</CdPositiefNegatief><WaardeBedr>25000</WaardeBedr></BedrTotaalInkomstenUitkering>"
        "<BedrBetaalbaarGesteldeUitkering><CdPositiefNegatief>-</CdPositiefNegatief><WaardeBedr>1050</WaardeBedr>"
        "</BedrBetaalbaarGesteldeUitkering></InkomstenBijstandUitkering><Normbedrag><CdSrtNormbedrag>01</CdSrtNormbedrag>"
        "<CdMunteenheid>EUR</CdMunteenheid><WaardeBedr>128345</WaardeBedr></Normbedrag><Normbedrag><CdSrtNormbedrag>05"
        "</CdSrtNormbedrag><WaardeBedr>6800</WaardeBedr></Normbedrag></Uitkeringsperiode><Uitkeringsperiode>"
        "<DatBUitkeringsperiode>20240201</DatBUitkeringsperiode><Normbedrag><CdSrtNormbedrag>01</CdSrtNormbedrag><WaardeBedr>"
        f"130000</WaardeBedr></Normbedrag></Uitkeringsperiode>{SOURCE_OF}</Uitkeringsverhouding>"
        "<Uitkeringsverhouding><DatBUitkeringsverhouding>20220101</DatBUitkeringsverhouding><SzWet><CdSzWet>IOAW</CdSzWet></SzWet>"
        "<Uitkeringsperiode><DatBUitkeringsperiode>20220101</DatBUitkeringsperiode></Uitkeringsperiode>"
        f"{SOURCE_OF}</Uitkeringsverhouding>", "", (
            ("leefsituatie.leefvorm", "01"), ("uitkeringen.wet", "PW", 0), ("uitkeringen.datumAanvang", "2023-04-01", 0),
            ("uitkeringen.kostendelers", 2, 0), ("uitkeringen.wet", "IOAW", 1), ("uitkeringen.datumAanvang", "2022-01-01", 1),
            ("bijstandsperioden.wet", "PW", 0), ("bijstandsperioden.datumAanvang", "2024-01-01", 0),
            ("bijstandsperioden.datumEinde", "2024-01-31", 0), ("bijstandsperioden.inkomsten", 250, 0),
            ("bijstandsperioden.bedrag", -10.5, 0), ("bijstandsperioden.wet", "PW", 1),
            ("bijstandsperioden.datumAanvang", "2024-02-01", 1), ("bijstandsperioden.wet", "IOAW", 2),
            ("bijstandsperioden.datumAanvang", "2022-01-01", 2),
            ("bijstandsnormen.wet", "PW", 0), ("bijstandsnormen.datumAanvang", "2024-01-01", 0),
            ("bijstandsnormen.datumEinde", "2024-01-31", 0), ("bijstandsnormen.soort", "01", 0), ("bijstandsnormen.bedrag", 1283.45, 0),
            ("bijstandsnormen.wet", "PW", 1), ("bijstandsnormen.datumAanvang", "2024-01-01", 1),
            ("bijstandsnormen.datumEinde", "2024-01-31", 1), ("bijstandsnormen.soort", "05", 1), ("bijstandsnormen.bedrag", 68, 1),
            ("bijstandsnormen.wet", "PW", 2), ("bijstandsnormen.datumAanvang", "2024-02-01", 2),
            ("bijstandsnormen.soort", "01", 2), ("bijstandsnormen.bedrag", 1300, 2))),
    "suwinet-duo": ("DUODossierPersoonGSD-v0300", "DUOPersoonsInfoResponse",
        "<IndStartkwalificatieDuo>1</IndStartkwalificatieDuo><Onderwijsovereenkomst><Brin><BrinNr>20KD</BrinNr></Brin>"
        "<DatInschrijvingOpleiding>20180801</DatInschrijvingOpleiding><DeelnameOpleidingGeregistrDuo><DatBDeelnameOpleiding>"
        "20180801</DatBDeelnameOpleiding><DatEDeelnameOpleiding>20210731</DatEDeelnameOpleiding><InhoudDeelnameOpleidingDuo>"
        "<NaamOpleidingKortDuo>Kok</NaamOpleidingKortDuo><CdNiveauOpleidingDuo>MBO-3</CdNiveauOpleidingDuo>"
        "</InhoudDeelnameOpleidingDuo></DeelnameOpleidingGeregistrDuo></Onderwijsovereenkomst><ResultaatOpleidingGeregistrDuo>"
        "<CdFaseOpleidingDuo>Diploma</CdFaseOpleidingDuo><CdSrtWaardedocument>Diploma mbo</CdSrtWaardedocument>"
        "<InhoudResultaatOpleidingDuo><NaamOpleidingKortDuo>Kok</NaamOpleidingKortDuo><CdNiveauOpleidingDuo>MBO-3"
        "</CdNiveauOpleidingDuo></InhoudResultaatOpleidingDuo><ResultaatExamen><CdResultaatExamen>Geslaagd</CdResultaatExamen>"
        "<DatResultaatExamen>20210712</DatResultaatExamen><JaarAfgelegdExamen>2021</JaarAfgelegdExamen></ResultaatExamen>"
        "</ResultaatOpleidingGeregistrDuo>", "", (
            ("opleidingen.naam", "Kok", 0), ("opleidingen.niveau", "MBO-3", 0), ("opleidingen.datumAanvang", "2018-08-01", 0),
            ("opleidingen.datumEinde", "2021-07-31", 0), ("opleidingen.startkwalificatie", True, 0),
            ("opleidingen.naam", "Kok", 1), ("opleidingen.niveau", "MBO-3", 1), ("opleidingen.resultaat", "Geslaagd", 1),
            ("opleidingen.resultaatDatum", "2021-07-12", 1), ("opleidingen.examenjaar", 2021, 1),
            ("opleidingen.waardedocument", "Diploma mbo", 1), ("opleidingen.fase", "Diploma", 1))),
    "suwinet-re-integratie": ("GSDDossierReintegratie-v0200", "GSDReintegratieInfoResponse",
        NAME + "<AtlRelatie><Arbeidsvermogen><CdArbeidsvermogen>02</CdArbeidsvermogen></Arbeidsvermogen>"
        "<DoelReintegratievoorziening><CdDoelRv>1</CdDoelRv></DoelReintegratievoorziening>"
        "<ReIntegratievoorziening><RegistratienrRvGsd>A1</RegistratienrRvGsd><DatBRv>20240201</DatBRv><DatERv>20250131</DatERv>"
        "<CdTypeRvGsd>15</CdTypeRvGsd><OmsRv>Werkplek met begeleiding</OmsRv><Loonkostensubsidie><PercLoonwaardeTovWml>"
        "<CdPositiefNegatief>+</CdPositiefNegatief><Percentage>06550</Percentage></PercLoonwaardeTovWml></Loonkostensubsidie>"
        "</ReIntegratievoorziening><ReIntegratievoorziening><DatBRv>20230900</DatBRv><OmsRv>Taalles</OmsRv>"
        f"</ReIntegratievoorziening>{SOURCE_OF}</AtlRelatie>", "", (
            ("participatie.arbeidsvermogen", "02"), ("participatie.loonkostensubsidie", True),
            ("trajecten.naam", "Werkplek met begeleiding", 0), ("trajecten.soort", "15", 0),
            ("trajecten.datumAanvang", "2024-02-01", 0), ("trajecten.datumEinde", "2025-01-31", 0),
            ("trajecten.loonwaarde", 65.5, 0), ("trajecten.naam", "Taalles", 1), ("trajecten.datumAanvang", "2023-09", 1))),
    "suwinet-uwv-aanvragen": ("UWVDossierAanvraagUitkeringStatusGSD-v0200", "UWVAanvrUitkStatusInfoResponse",
        "<AanvraagUitkering><DatAanvraagUitkering>20240110</DatAanvraagUitkering><CdStatusAanvraagUitkering>3"
        "</CdStatusAanvraagUitkering><SzWet><CdSzWet>WW</CdSzWet></SzWet><BeslissingOpAanvraagUitkering>"
        "<CdBeslissingOpAanvraagUitkering>02</CdBeslissingOpAanvraagUitkering><DatDagtekeningBeslisOpAanvrUitk>20240201"
        "</DatDagtekeningBeslisOpAanvrUitk><CdRedenAfwijzingAanvraagUitkeringUwv>007</CdRedenAfwijzingAanvraagUitkeringUwv>"
        "</BeslissingOpAanvraagUitkering></AanvraagUitkering><AanvraagUitkering><DatAanvraagUitkering>20240301"
        "</DatAanvraagUitkering><CdStatusAanvraagUitkering>1</CdStatusAanvraagUitkering><SzWet><CdSzWet>WIA</CdSzWet></SzWet>"
        "</AanvraagUitkering>", "", (
            ("aanvragen.wet", "WW", 0), ("aanvragen.datum", "2024-01-10", 0), ("aanvragen.status", "3", 0),
            ("aanvragen.beslissing", "02", 0), ("aanvragen.datumBeslissing", "2024-02-01", 0),
            ("aanvragen.redenAfwijzing", "007", 0), ("aanvragen.wet", "WIA", 1), ("aanvragen.datum", "2024-03-01", 1),
            ("aanvragen.status", "1", 1))),
    "suwinet-uwv-doelgroep": ("UWVDossierQuotumArbeidsbeperktenGSD-v0300", "UWVPersoonsArbeidsbeperktenInfoResponse",
        "<LdrRegistratieWbQa><DatELdrRegistratieWbQa>20261231</DatELdrRegistratieWbQa></LdrRegistratieWbQa>"
        "<GrondslagArbeidsbeperktheid><CdGrondslagArbeidsbeperktheid>03</CdGrondslagArbeidsbeperktheid>"
        "<DatBGrondslagArbeidsbeperktheid>20200101</DatBGrondslagArbeidsbeperktheid><DatEGrondslagArbeidsbeperktheid>20211231"
        "</DatEGrondslagArbeidsbeperktheid></GrondslagArbeidsbeperktheid><GrondslagArbeidsbeperktheid>"
        "<DatBGrondslagArbeidsbeperktheid>20220101</DatBGrondslagArbeidsbeperktheid></GrondslagArbeidsbeperktheid>", "", (
            ("participatie.doelgroepregister", True), ("participatie.registratieTot", "2026-12-31"),
            ("arbeidsbeperkingen.grondslag", "03", 0), ("arbeidsbeperkingen.datumAanvang", "2020-01-01", 0),
            ("arbeidsbeperkingen.datumEinde", "2021-12-31", 0), ("arbeidsbeperkingen.datumAanvang", "2022-01-01", 1))),
    "suwinet-uwv-inkomsten-digitale-diensten": ("UWVDossierInkomstenGSDDigitaleDiensten-v0200", "UWVPersoonsIkvInfoResponse",
        "<Inkomstenverhouding><DatBIkv>20230101</DatBIkv><DatEIkv>20240630</DatEIkv><Inkomstenperiode><DatBIkp>20230101</DatBIkp>"
        "<CdSrtIkv>15</CdSrtIkv></Inkomstenperiode><Inkomstenopgave><DatBIko>20240501</DatBIko><DatEIko>20240531</DatEIko>"
        "<AantVerloondeUrenIko>128</AantVerloondeUrenIko><BedrBrutoloonSv><CdMunteenheid>EUR</CdMunteenheid>"
        "<CdPositiefNegatief>+</CdPositiefNegatief><WaardeBedr>210050</WaardeBedr></BedrBrutoloonSv></Inkomstenopgave>"
        "<Inkomstenopgave><DatBIko>20240601</DatBIko><BedrBrutoloonSv><CdPositiefNegatief>-</CdPositiefNegatief>"
        "<WaardeBedr>5000</WaardeBedr></BedrBrutoloonSv></Inkomstenopgave></Inkomstenverhouding>",
        "<PeriodeGegevensleveringIko><DatBPeriode>20230101</DatBPeriode></PeriodeGegevensleveringIko>", (
            ("dienstverbanden.soort", "loon, overig", 0), ("dienstverbanden.datumAanvang", "2023-01-01", 0),
            ("dienstverbanden.datumEinde", "2024-06-30", 0), ("inkomsten.datumAanvang", "2024-05-01", 0),
            ("inkomsten.datumEinde", "2024-05-31", 0), ("inkomsten.bedrag", 2100.5, 0), ("inkomsten.uren", 128, 0),
            ("inkomsten.datumAanvang", "2024-06-01", 1), ("inkomsten.bedrag", -50, 1))),
    "suwinet-uwv-werkbedrijf": ("UWVWbDossierPersoonGSD-v0200", "UwvWbPersoonsInfoResponse",
        f"{SOURCE_OF}<AtlRelatie><VerwijzingNaarVacature><DatVerwijzingNaarVacature>20240312</DatVerwijzingNaarVacature>"
        "<IndPlaatsing>1</IndPlaatsing></VerwijzingNaarVacature><VerwijzingNaarVacature><DatVerwijzingNaarVacature>20240220"
        "</DatVerwijzingNaarVacature></VerwijzingNaarVacature><VrijstellingArbeidsplicht><DatBVrijstellingArbeidsplicht>20240401"
        "</DatBVrijstellingArbeidsplicht></VrijstellingArbeidsplicht></AtlRelatie>", "", (
            ("werkzoekende.vrijstellingSinds", "2024-04-01"), ("verwijzingen.datum", "2024-03-12", 0),
            ("verwijzingen.geplaatst", True, 0), ("verwijzingen.datum", "2024-02-20", 1))),
    "suwinet-uwv-werknemersverzekeringen": ("UWVDossierWerknemersverzekeringenGSD-v0200", "UWVPersoonsWvInfoResponse",
        "<ArbeidsgeschiktheidClient><CdArbeidsongeschiktheidsklasse>4</CdArbeidsongeschiktheidsklasse><DatBAoKlasse>20220301"
        "</DatBAoKlasse><DatEersteAoDag>20200302</DatEersteAoDag></ArbeidsgeschiktheidClient><WerkloosheidClient>"
        "<DatEersteWerkloosheidsdag>20240101</DatEersteWerkloosheidsdag><OmsRedenWerkloosheid>Contract liep af"
        "</OmsRedenWerkloosheid></WerkloosheidClient>" + wv(
            "<OmsRedenEindeUitkeringsverh>Maximale duur</OmsRedenEindeUitkeringsverh><DatEMaximaleUitkeringsduur>20250630"
            "</DatEMaximaleUitkeringsduur>"), "", (
            ("arbeidsongeschiktheid.klasse", "4"), ("arbeidsongeschiktheid.datumAanvang", "2022-03-01"),
            ("arbeidsongeschiktheid.eersteDag", "2020-03-02"), ("werkloosheid.eersteDag", "2024-01-01"),
            ("werkloosheid.reden", "Contract liep af"), ("uitkeringen.redenEinde", "Maximale duur", 0),
            ("uitkeringen.maximaleDuurTot", "2025-06-30", 0), *WV_FACTS)),
    "suwinet-uwv-werknemersverzekeringen-digitale-diensten": (
        "UWVDossierWerknemersverzekeringenGSDDigitaleDiensten-v0200", "UWVPersoonsWvInfoResponse", wv(""), "", WV_FACTS),
}


def schemas():
    """The folder of the official XSD; None where they or xmllint are not there."""
    archive = SHARED / "suwinet/wsdls-17-services.tar.gz"
    if not archive.exists() or shutil.which("xmllint") is None:
        print(f"SKIPPED: whether the answers are valid: no {archive}, or no xmllint")
        return None
    with tarfile.open(archive) as files:
        files.extractall(WORK, filter="data")
    return WORK / "wsdls"


def valid(name, folder, service, body):
    """As the official XSD says."""
    found = list(folder.glob(f"{service}-*/Diensten/*/*/BodyReaction.xsd"))
    check(len(found) == 1, f"{name}: {len(found)} schemas")
    path = WORK / f"{name}.xml"
    path.write_text(body)
    done = subprocess.run(["xmllint", "--nonet", "--noout", "--schema", *map(str, [*found, path])],
                          capture_output=True, text=True, timeout=60)
    check(done.returncode == 0, f"{name}: {done.stderr[:2000]}")


def came(result):
    """(field, value, which item of its section), or (field, value). Items are numbered through the whole answer."""
    items = {}
    for field in result["fields"]:
        items.setdefault(field["path"].split(".")[0], set()).add(field.get("item"))
    return {(field["path"], field["value"], *([sorted(items[field["path"].split(".")[0]]).index(field["item"])]
                                              if field.get("item") is not None else [])) for field in result["fields"]}


def answers(folder):
    for name, (service, element, client, after, facts) in ANSWERS.items():
        namespace = f"http://bkwi.nl/SuwiML/Diensten/{service.replace('-', '/')}"
        body = (f'<a:{element} xmlns:a="{namespace}"><ClientSuwi><Burgerservicenr>{BSN}</Burgerservicenr>{client}</ClientSuwi>'
                f"{after}</a:{element}>")
        if folder is not None:
            valid(name, folder, service, body)
        result = ask(name, BSN, ENVELOPE % body)
        expect(name, result, "gevonden")
        missing, more = set(facts) - came(result), came(result) - set(facts)
        check(not missing and not more, f"{name}: not there {sorted(missing)}, and besides {sorted(more)}")
        check(not result["dropped"], f"{name}: the catalogue does not have {result['dropped']}")
        other = body.replace(BSN, "999990019")
        expect(f"{name}, about another", ask(name, BSN, ENVELOPE % other), "fout")


def all_tried():
    """A manifest that is shipped and never asked is a guess."""
    recorded = "".join((SOURCE / "tests/conformance" / name).read_text() for name in ("test_soap.py", "recordings.py"))
    for path in sorted((SOURCE / "connectors/soap/manifests").glob("suwinet-*.json")):
        check(path.stem in ANSWERS or f'"{path.stem}"' in recorded, f"{path.stem}: no test asks it")


answers(schemas())
all_tried()
finish("suwinet")
