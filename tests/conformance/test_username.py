# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Who we are in a SOAP message (WS-Security UsernameToken Profile 1.1): the digest made again here, the password over TLS only,
and neither where people look."""
import base64
import hashlib
import json
import ssl
import sys
import xml.etree.ElementTree

from support import SOURCE, WORK, Stub, attempt, check, connector, finish, write

sys.path.insert(0, str(SOURCE / "tests/support"))
import postgres  # noqa: E402

PROFILE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
TYPE = PROFILE + "username-token-profile-1.0#Password"
USER, PASSWORD = "proef<&gebruiker", "geheim:<&>wóórd"
ANSWER = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><x/></s:Body></s:Envelope>'


def answers():
    return Stub(lambda *_: (200, {"Content-Type": "text/xml"}, ANSWER))


def manifest(endpoint, kind, **access):
    text = json.loads((SOURCE / "connectors/soap/manifests/stuf-bg-0310.json").read_text())
    text.update({"endpoint": f"{endpoint}/stuf-bg", "access": {"kind": kind, "secret": "naam", **access}})
    return text


def ask(stub, text, password=PASSWORD):
    """The security header of what is sent, and what people are shown of it."""
    secret = write("naam", f"{USER}:{password}\n")
    stub.requests.clear()
    result = attempt(text, "999993653", f"--secret=naam={secret}")
    check(stub.requests, f"nothing was sent: {result}")
    if not stub.requests:
        finish("username")
    sent = stub.requests[0][3]
    shown = json.dumps(result, ensure_ascii=False)
    check("wóórd" not in shown and "w\\u00f3" not in shown, f"the password is shown: {shown}")
    headers = {name.lower() for name in stub.requests[0][2]}
    check("authorization" not in headers, "it is sent as a header too")
    return sent, xml.etree.ElementTree.fromstring(sent).find("./{*}Header/{*}Security")


def inside(security, name):
    return security.find(f"./{{*}}UsernameToken/{{*}}{name}")


def digest():
    stub, nonces = answers(), set()
    for _ in range(2):
        sent, security = ask(stub, manifest(f"http://127.0.0.1:{stub.port}", "wsse_digest"))
        nonce, created, password = (inside(security, name) for name in ("Nonce", "Created", "Password"))
        made = hashlib.sha1(base64.b64decode(nonce.text) + created.text.encode() + PASSWORD.encode()).digest()
        check(inside(security, "Username").text == USER, "another user")
        check(password.get("Type") == TYPE + "Digest", "no digest")
        check(base64.b64decode(password.text) == made, "another digest")
        check(nonce.get("EncodingType") == PROFILE + "soap-message-security-1.0#Base64Binary", "another encoding of the nonce")
        check(len(base64.b64decode(nonce.text)) == 16, "a short nonce")
        check(security.find("./{*}Timestamp/{*}Created").text == created.text, "two times")
        check("wóórd".encode() not in sent, "the password is sent")
        nonces.add(nonce.text)
    check(len(nonces) == 2, "a nonce was used twice")


def text():
    folder = WORK / "tls"
    folder.mkdir()
    postgres.make_certificates(folder)
    stub = answers()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    stub.server.socket = context.wrap_socket(stub.server.socket, server_side=True)
    _, security = ask(stub, manifest(f"https://localhost:{stub.port}", "wsse_text", anchor_file=str(folder / "ca.pem")))
    password = inside(security, "Password")
    check((inside(security, "Username").text, password.text) == (USER, PASSWORD), "another name or password")
    check(password.get("Type") == TYPE + "Text", "no text")
    check(inside(security, "Nonce") is None and security.find("./{*}Timestamp") is not None, "another header")


def refused():
    secret, empty = write("naam", f"{USER}:{PASSWORD}\n"), write("leeg", "zonder-dubbele-punt\n")
    plain = manifest("http://127.0.0.1:1", "wsse_text")
    for what, made, name, word in (
            ("text without TLS", plain, secret, "must be https"),
            ("no password", manifest("http://127.0.0.1:1", "wsse_digest"), empty, "user:password"),
            ("not in SOAP", {**json.loads((SOURCE / "connectors/rest/manifests/kvk-basisprofiel.json").read_text()),
                             "access": {"kind": "wsse_digest", "secret": "naam"}}, secret, "for connector soap")):
        path = write("wrong.json", made)
        done = connector("try", path, "--bsn-file", write("bsn", "999993653\n"), f"--secret=naam={name}")
        check(done.returncode != 0 and word in done.stdout + done.stderr, f"{what}: {done.stdout + done.stderr}")


digest()
text()
refused()
finish("username")
