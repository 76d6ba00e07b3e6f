# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""UWV WERKbedrijf as Suwinet has it: UWVWbDossierPersoonGSD v0200 over SOAP 1.1. As the live broker does, it
names itself in a header, answers a fault with HTTP 500, and says FWI where it knows only a part."""
import re
import xml.etree.ElementTree as tree
from xml.sax.saxutils import escape

from http_server import Answer, Problem

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WSA = "http://www.w3.org/2005/08/addressing"
SERVICE = "http://bkwi.nl/SuwiML/Diensten/UWVWbDossierPersoonGSD/v0200"
FWI = "http://bkwi.nl/SuwiML/FWI/v0203"
TYPE = "text/xml;charset=UTF-8"
JOBS = ("Magazijnmedewerker", "Administratief medewerker", "Verzorgende", "Kok", "Monteur")


def suwi_date(text):
    """2018-03-01 as 20180301; what is not known as zeros."""
    return (text or "").replace("-", "").ljust(8, "0") if text else ""


def element(name, text):
    return f"<{name}>{escape(str(text))}</{name}>" if text not in (None, "") else ""


def envelope(body, relates_to=""):
    header = element("a:RelatesTo", relates_to) + element("a:Action", SERVICE + "/UwvWbPersoonsInfoResponse")
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<e:Envelope xmlns:e="{SOAP}" xmlns:a="{WSA}">'
            f"<e:Header>{header}</e:Header><e:Body>{body}</e:Body></e:Envelope>")


def fault(text):
    body = f"<e:Fault><faultcode>e:Client</faultcode><faultstring>{escape(text)}</faultstring></e:Fault>"
    return Answer(envelope(body), 500, TYPE)


def job(employment):
    return ("<Arbeidsverhouding>" + element("DatBArbeidsverhouding", suwi_date(employment["begin"])) +
            element("DatEArbeidsverhouding", suwi_date(employment["einde"])) +
            "<Arbeidsperiode><BeroepsnaamGecodeerd>" + element("OmsBeroepsnaam", JOBS[len(employment["werkgever"]) % len(JOBS)]) +
            "</BeroepsnaamGecodeerd></Arbeidsperiode><Werkgever>" + element("HandelsnaamOrganisatie", employment["werkgever"]) +
            "</Werkgever></Arbeidsverhouding>")


def dossier(client):
    """What the employment service knows of a client who is registered with it."""
    record = client["klantvolg"] or {}
    serial = int(client["bsn"][4:8])
    programme = "".join("<WerkinstrumentUwvWb>" + element("OmsWerkinstrumentUwvWb", one["traject"]) +
                        element("DatBWerkinstrumentUwvWb", suwi_date(one["begin"])) + "</WerkinstrumentUwvWb>"
                        for one in record.get("trajecten", []))
    return ("<ClientSuwi>" + element("Burgerservicenr", client["bsn"]) + element("SignificantDeelVanDeAchternaam", client["geslachtsnaam"]) +
            "<Legitimatiebewijs><CdSrtLegitimatiebewijs>1</CdSrtLegitimatiebewijs>" + element("NrLegitimatiebewijs", f"PROEF{serial:04}") +
            element("DatEGeldigLegitimatiebewijs", "20310000") + "</Legitimatiebewijs>" +
            ("<TelefoonnrClient>" + element("Telefoonnr", record.get("telefoon")) + "</TelefoonnrClient>" if record.get("telefoon") else "") +
            "<Bron><CdKolomSuwi>3</CdKolomSuwi><CdPartijSuwi>0003</CdPartijSuwi></Bron><AtlRelatie><Arbeidsmarktkwalificaties><Werkervaring>" +
            element("AantJarenWerkzaamInBeroep", f"{serial % 20:02}") + "<BeroepsnaamGecodeerd>" + element("OmsBeroepsnaam", JOBS[serial % len(JOBS)]) +
            "</BeroepsnaamGecodeerd></Werkervaring></Arbeidsmarktkwalificaties><InschrijvingsgegevensUwvWb>" +
            element("DatInschrijvingUwvWb", suwi_date(record.get("begin"))) + "</InschrijvingsgegevensUwvWb>" +
            (f"<DienstverleningUwvWb>{programme}</DienstverleningUwvWb>" if programme else "") + "</AtlRelatie>" +
            "".join(job(one) for one in (client["uwv"] or {}).get("dienstverbanden", [])) + "</ClientSuwi>")


def answer_werkbedrijf(clients, request):
    if "xml" not in request.headers.get("content-type", ""):
        raise Problem(415, {"title": "Unsupported Media Type", "status": 415})
    if b"<!DOCTYPE" in request.body:
        return fault("geen DOCTYPE")
    try:
        root = tree.fromstring(request.body)
    except tree.ParseError:
        return fault("geen XML")
    asked = root.find(f"{{{SOAP}}}Body/{{{SERVICE}}}UwvWbPersoonsInfo/Burgerservicenr")
    message = root.find(f"{{{SOAP}}}Header/{{{WSA}}}MessageID")
    to = root.find(f"{{{SOAP}}}Header/{{{WSA}}}To")
    if asked is None or not re.fullmatch(r"[0-9]{9}", asked.text or ""):
        return fault("ongeldig bericht")
    if message is None or to is None or "?oin=" not in (to.text or ""):
        return fault("WS-Addressing ontbreekt")
    client = clients.get(asked.text)
    if client is None or client["klantvolg"] is None and client["uwv"] is None:
        inside = f'<f:NietsGevonden xmlns:f="{FWI}"/>'
    else:
        inside = dossier(client)
        if client["geheim"]:
            inside += (f'<f:FWI xmlns:f="{FWI}"><Waarschuwing><Code>FWI0007</Code><Tekst>Adres niet geleverd</Tekst>'
                       "</Waarschuwing></f:FWI>")
    body = f'<w:UwvWbPersoonsInfoResponse xmlns:w="{SERVICE}">{inside}</w:UwvWbPersoonsInfoResponse>'
    return Answer(envelope(body, message.text), content_type=TYPE)
