# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Recorded SOAP answers, where they are: which manifest reads each of them, about whom, and what must come of it."""
import pathlib
import re
import tarfile

from support import SHARED, check

ARCHIVE = SHARED / "suwinet/gzac-plugin-eupl.tar.gz"
BKWI = SHARED / "suwinet/recorded-bkwi-exchanges"

# Against the schema these stand behind the codes of the register of addresses, or the other way round.
BEHIND_THE_CODES = (("adres.huisnummer", 19), ("adres.huisletter", "C"), ("adres.huisnummertoevoeging", "Huis"),
                    ("registratie.bagVerblijfsobject", "0530010002090227"))
GZAC = {  # file of the recordings: manifest, number, outcome, facts
    "BRPDossierPersoonGSD_AanvraagPersoon_111111110": ("suwinet-brp", "111111110", "gevonden",
        ("persoon.naam.geslachtsnaam", "Jansen"), ("persoon.geboorte.datum", "1960-07-20"), ("persoon.geheimhouding", False), ("persoon.nationaliteit", "0001")),
    "BRPDossierPersoonGSD_AanvraagPersoon_999991954": ("suwinet-brp", "999991954", "gevonden", ("persoon.naam.voornamen", "Sierra"), *BEHIND_THE_CODES),
    "BRPDossierPersoonGSD_AanvraagPersoon_Nietsgevonden": ("suwinet-brp", "999991954", "nietsGevonden"),
    "BRPDossierPersoonGSD_AanvraagPersoon_444444440": ("suwinet-brp", "111111110", "fout"),
    "Bijstandsregelingen_Info_111111110": ("suwinet-bijstandsregelingen", "111111110", "gevonden", ("aanvragen.wet", "PW", 0)),
    "DUODossierPersoonGSD_DUOPersoonsInfo_999991954": ("suwinet-duo", "999991954", "gevonden", ("opleidingen.startkwalificatie", False)),
    "DUOPersoonsInfoResponse_Nietsgevonden": ("suwinet-duo", "999991954", "nietsGevonden"),
    "DUODossierStudiefinancieringGSD_DUOStudiefinancieringInfo_999991954": ("suwinet-duo-studiefinanciering", "999991954", "gevonden", ("studiefinanciering.datumAanvang", "2021-11-01")),
    "DUODossierStudiefinancieringGSD_DUOStudiefinancieringInfo_Nietsgevonden": ("suwinet-duo-studiefinanciering", "999991954", "nietsGevonden"),
    "KadasterDossierGSD_PersoonsInfo_111111110": ("suwinet-kadaster", "111111110", "gevonden", ("onroerendeZaken.soort", "P", 0)),
    "KadasterDossierGSD_PersoonsInfo_Nietsgevonden": ("suwinet-kadaster", "111111110", "nietsGevonden"),
    "RDWDossierGSD_VoertuigbezitInfoPersoon_111111110": ("suwinet-rdw", "111111110", "gevonden", ("voertuigen.datumAansprakelijk", "1990-07-20")),
    "RDWDossierGSD_VoertuigbezitInfoPersoon_Nietsgevonden": ("suwinet-rdw", "111111110", "nietsGevonden"),
    "RDWDossierGSD_KentekenInfo_MH74DZ": ("suwinet-rdw-kenteken", "111111110", "gevonden", ("voertuigen.merk", "Honda"),
        ("voertuigen.verzekerdTot", "2024-04-01"), ("voertuigen.apkTot", "2024-07-14"), ("voertuigen.dekking", "WAM")),
    # In somebody else's name; a plate that is not known, of nobody; nothing.
    "RDWDossierGSD_KentekenInfo_16ZDLX": ("suwinet-rdw-kenteken", "111111110", "fout"),
    "RDWDossierGSD_KentekenInfo_ONBEKE": ("suwinet-rdw-kenteken", "111111110", "nietsGevonden"),
    "RDWDossierGSD_KentekenInfo_Nietsgevonden": ("suwinet-rdw-kenteken", "111111110", "nietsGevonden"),
    "KadasterDossierGSD_ObjectInfoKadastraleAanduiding_1189_43980": ("suwinet-kadaster-object", "111111110", "gevonden",
        ("onroerendeZaken.perceel", "43980", 0), ("onroerendeZaken.appartement", "2"), ("onroerendeZaken.koopsom", 75250.00),
        ("onroerendeZaken.meerGerechtigden", False)),
    "KadasterDossierGSD_ObjectInfoKadastraleAanduiding_633_2535": ("suwinet-kadaster-object", "111111110", "gevonden",
        ("onroerendeZaken.gemeentecode", "633")),
    "KadasterDossierGSD_ObjectInfoKadastraleAanduiding_999_99999": ("suwinet-kadaster-object", "111111110", "nietsGevonden"),
    "SVBDossierPersoonGSD_SVBPersoonsInfo_111111110": ("suwinet-svb", "111111110", "gevonden", ("uitkeringen.wet", "AOW"),
        ("uitkeringen.bedrag.periode", "maand")),
    "SVBDossierPersoonGSD_SVBPersoonsInfo_Nietsgevonden": ("suwinet-svb", "111111110", "nietsGevonden"),
    "UWVDossierInkomstenGSD_UWVPersoonsIkvInfo_111111110": ("suwinet-uwv-inkomsten", "111111110", "gevonden", ("dienstverbanden.soort", "WGA")),
    # Asked about one, answers about another: none of it passes.
    "UWVDossierInkomstenGSD_UWVPersoonsIkvInfo_444444440": ("suwinet-uwv-inkomsten", "444444440", "fout"),
    # 700 kB of incomes.
    "UWVDossierInkomstenGSD_UWVPersoonsIkvInfo_met_pensioenen": ("suwinet-uwv-inkomsten", "768510338", "gevonden"),
    "UWVDossierInkomstenGSD_UWVPersoonsIkvInfo_Nietsgevonden": ("suwinet-uwv-inkomsten", "111111110", "nietsGevonden"),
}


GZAC.update({name: (manifest, bsn, "gevonden", *facts) for name, manifest, bsn, *facts in (
    ("BRPDossierPersoonGSD_AanvraagPersoon_010002546", "suwinet-brp", "010002546", ("ouders.naam.voorvoegsel", "de"), *BEHIND_THE_CODES),
    ("BRPDossierPersoonGSD_AanvraagPersoon_080000071", "suwinet-brp", "080000071", ("ouders.burgerservicenummer", "111111110"),
     *BEHIND_THE_CODES),
    ("BRPDossierPersoonGSD_AanvraagPersoon_231001230", "suwinet-brp", "231001230", ("kinderen.naam.voornamen", "Greetje")),
    ("BRPDossierPersoonGSD_AanvraagPersoon_241001420", "suwinet-brp", "241001420", ("ouders.geboorte.datum", "1958-07-24")),
    ("BRPDossierPersoonGSD_AanvraagPersoon_243000017", "suwinet-brp", "243000017", ("ouders.geboorte.datum", "1960-07-20"),
     ("adres.huisletter", "A"), ("registratie.bagVerblijfsobject", "0530010002090227")),
    ("BRPDossierPersoonGSD_AanvraagPersoon_243000157", "suwinet-brp", "243000157", ("ouders.geboorte.datum", "1960-07-20"),
     *BEHIND_THE_CODES),
    ("BRPDossierPersoonGSD_AanvraagPersoon_555555550", "suwinet-brp", "555555550", ("ouders.naam.voornamen", "Eveline Johanna")),
    ("KadasterDossierGSD_ObjectInfoKadastraleAanduiding_1189_11482", "suwinet-kadaster-object", "111111110",
     ("onroerendeZaken.gemeente", "Haren")),
    ("KadasterDossierGSD_ObjectInfoKadastraleAanduiding_1189_43970", "suwinet-kadaster-object", "111111110",
     ("onroerendeZaken.sectie", "G1")),
    ("KadasterDossierGSD_ObjectInfoKadastraleAanduiding_277_12051", "suwinet-kadaster-object", "111111110",
     ("onroerendeZaken.gemeente", "Hilversum")),
    ("KadasterDossierGSD_PersoonsInfo_111111110_object_nietgevonden", "suwinet-kadaster", "111111110",
     ("onroerendeZaken.perceel", "11482")),
    ("RDWDossierGSD_VoertuigbezitInfoPersoon_111111110_voertuig_ontbreekt", "suwinet-rdw", "111111110",
     ("voertuigen.kenteken", "ONBEKE", 1)),
    ("RDWDossierGSD_VoertuigbezitInfoPersoon_444444440", "suwinet-rdw", "444444440", ("voertuigen.kenteken", "MH74DZ")),
    ("SVBDossierPersoonGSD_SVBPersoonsInfo_444444440", "suwinet-svb", "444444440", ("uitkeringen.bedrag.bruto", 11.6)),
    ("UWVDossierInkomstenGSD_UWVPersoonsIkvInfo_243000388", "suwinet-uwv-inkomsten", "243000388",
     ("inkomsten.werkgever", "Rondstad Uitzendbureau"), ("dienstverbanden.soortContract", "onbepaalde tijd")),
    ("UWVDossierInkomstenGSD_UWVPersoonsIkvInfo_243000388_1", "suwinet-uwv-inkomsten", "243000388",
     ("dienstverbanden.werkgever.loonheffingennummer", "001001760L01")),
)})


def recorded_bodies():
    """Each of the table: name, its row, and the body it has."""
    with tarfile.open(ARCHIVE) as archive:
        files = {pathlib.PurePath(name).stem for name in archive.getnames() if "/responses/" in name and name.endswith(".xml")}
        check(files == GZAC.keys(), f"without a case, or without a file: {files ^ GZAC.keys()}")
        for name, row in GZAC.items():
            text = archive.extractfile(f"gzac-plugin-eupl/responses/{name}.xml").read().decode("utf-8-sig")
            yield name, row, re.sub(r"^<\?xml[^>]*\?>", "", text)


def bkwi_exchanges():
    """Answers of the broker itself: name of the file, manifest, number, status and body."""
    try:
        import yaml
    except ImportError:
        print("SKIPPED: recorded BKWI exchanges: python3-yaml is not installed")
        return
    manifests = {"KadasterDossierGSD": "suwinet-kadaster", "UWVWbDossier": "suwinet-uwv-werkbedrijf",
                 "RDWDossierDigitaleDiensten": "suwinet-rdw-digitale-diensten"}
    seen = 0
    for path in sorted(BKWI.glob("*/*.yaml")):
        for exchange in yaml.safe_load(path.read_text())["interactions"]:
            uri = exchange["request"]["uri"]
            manifest = next(m for part, m in manifests.items() if part in uri)
            bsn = re.search(r"Burgerservicenr>(\d{9})", exchange["request"]["body"]).group(1)
            yield path.name, manifest, bsn, exchange["response"]["status"]["code"], exchange["response"]["body"]["string"]
            seen += 1
    check(seen >= 5, f"only {seen} exchanges of BKWI")
