# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""WS-Security held against xmlsec1, which nobody here wrote: our signed request verified by it, one
signed by it verified by us; and what must be refused: a changed byte, wrapped elements, other keys,
SHA-1, old timestamps."""
import base64
import datetime
import json
import re
import shutil
import subprocess

from support import SOURCE, WORK, Stub, attempt, check, finish, write

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE, WSU = WSS + "wssecurity-secext-1.0.xsd", WSS + "wssecurity-utility-1.0.xsd"
DS = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
MORE, ENC = "http://www.w3.org/2001/04/xmldsig-more#", "http://www.w3.org/2001/04/xmlenc#"
BSN = "999910061"
OIN = "00000001822222222000"


def run(*command, text=None):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, input=text)


def make_keys():
    """Two roots; under the first an RSA and an EC certificate that sign, one that may not."""
    for root in ("root", "other"):
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", WORK / f"{root}.key",
            "-out", WORK / f"{root}.pem", "-subj", f"/CN={root}", "-days", "2")
    kinds = {"rsa": ("rsa:2048",), "ec": ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")}
    for name, root, kind, usage in (("rsa", "root", "rsa", "digitalSignature"), ("ec", "root", "ec", "digitalSignature"),
                                    ("stranger", "other", "ec", "digitalSignature"), ("nosign", "root", "ec", "keyAgreement")):
        run("openssl", "req", "-newkey", *kinds[kind], "-nodes", "-keyout", WORK / f"{name}.key", "-out", WORK / f"{name}.csr", "-subj", f"/CN={name}" + (f"/serialNumber={OIN}" if name == "rsa" else ""))
        (WORK / "ext").write_text(f"keyUsage=critical,{usage}\n")
        done = run("openssl", "x509", "-req", "-in", WORK / f"{name}.csr", "-CA", WORK / f"{root}.pem", "-CAkey", WORK / f"{root}.key",
                   "-CAcreateserial", "-out", WORK / f"{name}.pem", "-days", "2", "-extfile", WORK / "ext")
        check(done.returncode == 0, f"openssl made no {name}: {done.stderr}")


def manifest(port, **soap):
    text = json.loads((SOURCE / "connectors/soap/manifests/suwinet-brp.json").read_text())
    text["endpoint"] = f"http://127.0.0.1:{port}/suwibroker/soap"
    text["soap"].update(soap)
    return text


def sent(key, version="1.1", **members):
    """The request we sign with this key."""
    stub = Stub(lambda *_: (500, {"Content-Type": "text/plain"}, b""))
    sign = {"certificate_file": str(WORK / f"{key}.pem"), "key_file": str(WORK / f"{key}.key")}
    attempt({**manifest(stub.port, version=version, sign=sign), **members}, BSN, f"--secret=naam={write('naam', 'proef:geheim')}")
    check(stub.requests, f"{key}: nothing was sent")
    return stub.requests[0][3].decode() if stub.requests else ""


def by_xmlsec(message, key, envelope=SOAP):
    (WORK / "message.xml").write_text(message)
    wsa = "http://www.w3.org/2005/08/addressing"
    names = [f"{envelope}:Body", f"{WSU}:Timestamp", f"{WSSE}:BinarySecurityToken", f"{WSSE}:UsernameToken",
             *(f"{wsa}:{name}" for name in ("Action", "MessageID", "From", "To"))]
    return run("xmlsec1", "--verify", "--pubkey-cert-pem", WORK / f"{key}.pem", *(f"--id-attr:Id={name}" for name in ()),
               *sum((["--id-attr:Id", name] for name in names), []), WORK / "message.xml")


def ours_by_xmlsec():
    for key in ("rsa", "ec"):
        message = sent(key)
        check(message.count("<ds:Reference ") == 7, f"{key}: {message.count('<ds:Reference ')} parts are signed")
        done = by_xmlsec(message, key)
        check(done.returncode == 0, f"xmlsec1 refuses our {key}: {done.stderr[-600:]}")
        for old, new in ((BSN, "999910062"), ("?oin=", "?oin=1"), ("wsu:Created>20", "wsu:Created>21")):
            check(old in message, f"{key}: no {old} in the message")
            done = by_xmlsec(message.replace(old, new, 1), key)
            check(done.returncode != 0, f"xmlsec1 takes our {key} with {old} changed")
    named = sent("ec", access={"kind": "wsse_digest", "secret": "naam"})
    check(named.count("<ds:Reference ") == 8, "who we are is not signed")
    check(by_xmlsec(named, "ec").returncode == 0, "xmlsec1 refuses a signature over a UsernameToken")
    check(by_xmlsec(named.replace(">proef<", ">ander<"), "ec").returncode != 0, "xmlsec1 takes another name")
    check(by_xmlsec(sent("rsa", "1.2"), "rsa", "http://www.w3.org/2003/05/soap-envelope").returncode == 0, "SOAP 1.2 is not verified")


PERSON = ('<r:AanvraagPersoonResponse xmlns:r="http://bkwi.nl/SuwiML/Diensten/BRPDossierPersoonGSD/v0200"><ClientSuwi>'
          f"<Voornamen>%s</Voornamen><Burgerservicenr>{BSN}</Burgerservicenr></ClientSuwi></r:AanvraagPersoonResponse>")


def moment(minutes):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.123Z")


def answer(key, signature="rsa-sha256", digest="sha256", parts=("body", "ts"), created=-1, expires=5, prefixes="", name="Fenna"):
    """An answer as the broker sends it, signed by xmlsec1."""
    method = {"rsa-sha256": MORE, "ecdsa-sha256": MORE, "rsa-sha1": DS, "rsa-sha512": MORE}[signature] + signature
    digests = {"sha256": ENC + "sha256", "sha1": DS + "sha1"}
    inclusive = f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="{prefixes}"/>' if prefixes else ""
    references = "".join(
        f'<ds:Reference URI="#{part}"><ds:Transforms><ds:Transform Algorithm="{EXCLUSIVE}">{inclusive}</ds:Transform></ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{digests[digest]}"/><ds:DigestValue/></ds:Reference>' for part in parts)
    pem = (WORK / f"{key}.pem").read_text()
    token = "".join(pem.split("-----")[2].split())
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope xmlns:s="{SOAP}" xmlns:unused="urn:unused"><s:Header><wsse:Security xmlns:wsse="{WSSE}" '
        f'xmlns:wsu="{WSU}" s:mustUnderstand="1"><wsu:Timestamp wsu:Id="ts"><wsu:Created>{moment(created)}</wsu:Created>'
        f'<wsu:Expires>{moment(expires)}</wsu:Expires></wsu:Timestamp><wsse:BinarySecurityToken wsu:Id="token" '
        f'ValueType="{WSS}x509-token-profile-1.0#X509v3">{token}</wsse:BinarySecurityToken>'
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"/>'
        f'<ds:SignatureMethod Algorithm="{method}"/>{references}</ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo>'
        f'<wsse:SecurityTokenReference><wsse:Reference URI="#token"/></wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature>'
        f'</wsse:Security></s:Header><s:Body xmlns:wsu="{WSU}" wsu:Id="body">{PERSON % name}</s:Body></s:Envelope>')
    (WORK / "template.xml").write_text(text)
    done = run("xmlsec1", "--sign", "--privkey-pem", WORK / f"{key}.key", "--id-attr:Id", f"{SOAP}:Body", "--id-attr:Id", f"{WSU}:Timestamp",
               WORK / "template.xml")
    check(done.returncode == 0, f"xmlsec1 does not sign with {key}, {signature}: {done.stderr[-600:]}")
    return done.stdout


coming = []
partner = Stub(lambda *_: (200, {"Content-Type": "text/xml"}, coming.pop().encode()))


def verdict(text, **verify):
    coming[:] = [text]
    verify.setdefault("anchor_file", str(WORK / "root.pem"))
    return attempt(manifest(partner.port, verify=verify), BSN)


def takes(name, text, **verify):
    result = verdict(text, **verify)
    check(result["outcome"] == "gevonden", f"{name}: {result['outcome']}: {result.get('fault')}")


def refuses(name, text, why=None, **verify):
    result = verdict(text, **verify)
    check(result["outcome"] == "fout" and not result["fields"], f"{name}: {result['outcome']} {result['fields']}")
    if why:
        check(why in json.dumps(result), f"{name}: not refused for '{why}': {result.get('fault')}")


def theirs_by_us():
    good = answer("rsa")
    takes("RSA", good)
    takes("ECDSA", answer("ec", "ecdsa-sha256"))
    takes("of the organisation that is named", good, oin=OIN)
    refuses("of another organisation", good, "another organisation", oin=OIN[:-1] + "1")
    refuses("of no organisation", answer("ec", "ecdsa-sha256"), "another organisation", oin=OIN)
    takes("inclusive prefixes", answer("rsa", prefixes="s unused"))
    takes("a body with ids of its own", answer("rsa", name="".join(f'<b id="{i % 300}"/>' for i in range(600)) + "Fenna"))
    refuses("a changed name", good.replace("Fenna", "Fanna"), "changed")
    refuses("a changed timestamp", good.replace("<wsu:Created>20", "<wsu:Created>19"), "changed")
    value = re.search(r"<ds:SignatureValue>([^<]*)<", good).group(1)
    raw = bytearray(base64.b64decode(value))
    raw[7] ^= 1
    refuses("a changed signature", good.replace(value, base64.b64encode(raw).decode()), "not right")
    refuses("not signed", f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{PERSON % "Fenna"}</s:Body></s:Envelope>', "not signed")
    refuses("another root", answer("stranger", "ecdsa-sha256"), "not trusted")
    refuses("a certificate that may not sign", answer("nosign", "ecdsa-sha256"), "not trusted")
    refuses("another certificate's key", good.replace(token("rsa"), token("ec")), "not right")
    refuses("SHA-512 is not agreed", answer("rsa", "rsa-sha512"), "not allowed")
    sha1 = answer("rsa", "rsa-sha1", "sha1")
    refuses("SHA-1", sha1, "not allowed")
    takes("SHA-1 where allowed", sha1, sha1=True)
    refuses("a SHA-1 digest", answer("rsa", digest="sha1"), "not allowed")
    refuses("expired", answer("rsa", created=-30, expires=-20), "not of now")
    refuses("from the future", answer("rsa", created=20, expires=30), "not of now")
    refuses("the body alone", answer("rsa", parts=("body",)), "does not cover")
    refuses("the timestamp alone", answer("rsa", parts=("ts",)), "does not cover")


def token(name):
    return "".join((WORK / f"{name}.pem").read_text().split("-----")[2].split())


def wrapped():
    """Signature wrapping: what was signed is still there, and something else is read."""
    good = answer("rsa")
    body = re.search(r"<s:Body .*</s:Body>", good, re.S).group(0)
    evil = body.replace("Fenna", "Boef")
    loose = evil.replace(' wsu:Id="body"', "")
    other = evil.replace('wsu:Id="body"', 'wsu:Id="body2"')
    for name, text in (
            ("signed body in the header", good.replace(body, loose).replace("</wsse:Security>", f"</wsse:Security><w>{body}</w>")),
            ("signed body in the security header", good.replace(body, other).replace("<ds:Signature ", f"{body}<ds:Signature ")),
            ("signed body as the header's child", good.replace(body, other).replace("</s:Header>", f"{body}</s:Header>")),
            ("two bodies", good.replace(body, loose + body)), ("two bodies, the other order", good.replace(body, body + loose)),
            ("the same id twice", good.replace(body, evil).replace("</wsse:Security>", f"</wsse:Security><w>{body}</w>")),
            ("signed body inside the body", good.replace(body, loose.replace("</s:Body>", body + "</s:Body>"))),
            ("signed body behind the envelope's end", good.replace(body, other).replace("</s:Envelope>", f"<w>{body}</w></s:Envelope>")),
            ("two security headers", good.replace("</s:Header>", re.search(r"<wsse:Security.*</wsse:Security>", good, re.S).group(0) + "</s:Header>")),
            ("a namespace trick", good.replace("<s:Body ", '<s:Body xmlns:s="urn:other" ', 1)),
            ("a doctype that names ids", good.replace("<s:Envelope", '<!DOCTYPE s:Envelope [<!ATTLIST w Id ID "body">]><s:Envelope', 1)),
            ("a reference to the whole", good.replace('URI="#body"', 'URI=""'))):
        check(text != good, f"{name}: the attack is not in the text")
        refuses(name, text)


if shutil.which("xmlsec1") is None or shutil.which("openssl") is None:
    print("SKIPPED: xmlsec1 or openssl is not installed")
    raise SystemExit(77)
make_keys()
ours_by_xmlsec()
theirs_by_us()
wrapped()
finish("signatures")
