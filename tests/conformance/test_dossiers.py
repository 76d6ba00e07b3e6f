# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Recorded answers of several partners put together in one dossier by a running gateway: what shows only when they meet.
Sources that disagree about a person, an answer about somebody else beside good ones, one person in six registers, and an answer
of 700 kB within the time of a dossier."""
import json
import re
import zipfile

from support import CATALOGUE, PROGRAM, SHARED, Stub, check, finish
from recorded_partners import RecordedPartners, as_source, at_port, recorded_message, shipped

GZAC = SHARED / "suwinet/gzac-plugin-eupl.tar.gz"
HAL = SHARED / "brp/hc-brp-1.3-hal-657-persons.zip"
XML = {"Content-Type": "text/xml;charset=UTF-8"}
JSON = {"Content-Type": "application/hal+json"}
SIX = {"suwinet-brp": "BRPDossierPersoonGSD_AanvraagPersoon", "suwinet-bijstandsregelingen": "Bijstandsregelingen_Info",
       "suwinet-kadaster": "KadasterDossierGSD_PersoonsInfo", "suwinet-rdw": "RDWDossierGSD_VoertuigbezitInfoPersoon",
       "suwinet-svb": "SVBDossierPersoonGSD_SVBPersoonsInfo", "suwinet-uwv-inkomsten": "UWVDossierInkomstenGSD_UWVPersoonsIkvInfo"}


def partner(kind, body):
    stub = Stub(lambda *_: (200, kind, body))
    stub.server.handle_error = lambda *_: None  # an answer that is refused is not read to its end
    return stub.port


def suwinet(manifest, recording):
    return at_port(shipped("soap", manifest), partner(XML, recorded_message(GZAC, recording)))


def statuses(dossier):
    """Of the sources that are there; the catalogue knows more."""
    return {source["bron"]: source["status"] for source in dossier["bronnen"] if source["status"] != "nietBevraagd"}


def at(dossier, path):
    value = dossier["dossier"]
    for name in path.strip("/").split("/"):
        value = value[name]
    return value


def conflicts():
    """Both say they are the register's: born in another year, and living in another town. The one with more authority is
    believed, the other one is shown beside it, whichever of the two it is."""
    bsn, catalogue = "999991954", json.loads(CATALOGUE.read_text())
    with zipfile.ZipFile(HAL) as people:
        person = people.read(f"{bsn}.json")
    older = at_port(shipped("rest", "haal-centraal-brp-1.3"), partner(JSON, person))
    broker = suwinet("suwinet-brp", f"BRPDossierPersoonGSD_AanvraagPersoon_{bsn}")
    says = {"/persoon/geboorte/datum": ("2003-03-03", "1980-10-23"), "/adres/straat": ("Leyweg", "Zomerdijkstraat"),
            "/adres/huisnummer": (61, 19), "/adres/postcode": ("2545CC", "1079WZ"), "/adres/woonplaats": ("'s-Gravenhage", "Amsterdam")}
    for turned in (False, True):
        first, second = (broker, older) if turned else (older, broker)
        second = as_source(json.loads(json.dumps(second)), "gemeente-klantvolg", catalogue)
        with RecordedPartners(PROGRAM[0], (first, second)) as gateway:
            dossier = gateway.dossier(bsn)
        check(statuses(dossier) == {"brp": "gevonden", "gemeente-klantvolg": "gevonden"}, f"conflict: {dossier['bronnen']}")
        shown = {one["pad"]: [(value["bron"], value["waarde"]) for value in one["waarden"]] for one in dossier["afwijkingen"]}
        expected = {path: list(zip(("brp", "gemeente-klantvolg"), values[::-1] if turned else values)) for path, values in says.items()}
        check(shown == expected, f"conflict: shown {shown}, not {expected}")
        for path, values in expected.items():
            check(at(dossier, path) == values[0][1], f"conflict: {path} is {at(dossier, path)!r}, not the authority's {values[0][1]!r}")
        check(at(dossier, "/persoon/naam/geslachtsnaam") == "Kooyman", f"conflict: {dossier['dossier']['persoon']}")


def six():
    """One person in six registers, over SOAP: every block in one dossier."""
    bsn = "111111110"
    with RecordedPartners(PROGRAM[0], [suwinet(manifest, f"{name}_{bsn}") for manifest, name in SIX.items()]) as gateway:
        dossier = gateway.dossier(bsn)
    found = statuses(dossier)
    check(len(found) == 6 and set(found.values()) == {"gevonden"}, f"six: {dossier['bronnen']}")
    held = dossier["dossier"]
    for section, least in (("inkomsten", 10), ("dienstverbanden", 1), ("uitkeringen", 2), ("aanvragen", 1), ("voertuigen", 1),
                           ("onroerendeZaken", 1)):
        check(len(held.get(section, [])) >= least, f"six: {section} has {len(held.get(section, []))} items")
    check(held["persoon"]["naam"]["geslachtsnaam"] == "Jansen" and held["persoon"]["geboorte"]["datum"] == "1960-07-20",
          f"six: {held['persoon']}")
    suppliers = {section: {one["bron"] for one in dossier["herkomst"] if one["pad"].startswith(f"/{section}/")} for section in held}
    for section, source in (("persoon", "brp"), ("inkomsten", "uwv"), ("uitkeringen", "svb"), ("aanvragen", "inlichtingenbureau"),
                            ("voertuigen", "rdw"), ("onroerendeZaken", "kadaster")):
        check(suppliers.get(section) == {source}, f"six: {section} is of {suppliers.get(section)}, not of {source}")


def somebody_else():
    """The incomes are somebody else's: none of them passes, and the rest of the dossier does."""
    bsn, other = "444444440", "768510338"
    manifests = [suwinet(manifest, f"{SIX[manifest]}_{bsn}") for manifest in ("suwinet-brp", "suwinet-uwv-inkomsten", "suwinet-rdw")]
    with RecordedPartners(PROGRAM[0], manifests) as gateway:
        dossier = gateway.dossier(bsn)
        log = gateway.log_text()
    check(statuses(dossier) == {"brp": "gevonden", "uwv": "fout", "rdw": "gevonden"}, f"somebody else: {dossier['bronnen']}")
    check(not {"inkomsten", "dienstverbanden"} & dossier["dossier"].keys(), "somebody else's incomes")
    check(other not in json.dumps(dossier) + log and bsn not in log, "somebody else's number is passed on")
    check(at(dossier, "/adres/huisletter") == "G", f"somebody else: {dossier['dossier']['adres']}")
    gave_none = [json.loads(line) for line in log.splitlines() if "a source gave no answer" in line]
    check([(line["source"], line.get("code")) for line in gave_none] == [("uwv", "KP_E_OTHER_PERSON")], f"somebody else: logged {gave_none}")


def large():
    """700 kB of incomes beside another source, within two seconds: all statements are in the dossier."""
    bsn = "768510338"
    name = "UWVDossierInkomstenGSD_UWVPersoonsIkvInfo_met_pensioenen"
    body = recorded_message(GZAC, name)
    check(len(body) > 690000, f"large: {len(body)} bytes")
    nobody = suwinet("suwinet-rdw", "RDWDossierGSD_VoertuigbezitInfoPersoon_Nietsgevonden")
    with RecordedPartners(PROGRAM[0], (suwinet("suwinet-uwv-inkomsten", name), nobody)) as gateway:
        dossier = gateway.dossier(bsn, budgetMs=2000)
    check(statuses(dossier) == {"uwv": "gevonden", "rdw": "nietsGevonden"}, f"large: {dossier['bronnen']}")
    statements = len(re.findall(b"<Inkomstenopgave>", body))
    check(len(dossier["dossier"]["inkomsten"]) == statements > 100,
          f"large: {len(dossier['dossier']['inkomsten'])} of {statements} statements")


for case, needs in ((conflicts, (GZAC, HAL)), (six, (GZAC,)), (somebody_else, (GZAC,)), (large, (GZAC,))):
    missing = [path for path in needs if not path.exists()]
    if missing:
        print(f"SKIPPED: {case.__name__}: {missing[0]} is not there")
    else:
        case()
finish("dossiers")
