# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""The soap connector against WireMock: a server nobody here wrote, that reads our envelopes with its
own XML parser, wants a client certificate, and breaks connections in every way it knows."""
import fcntl
import json
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "support")]
import ports  # noqa: E402
import running  # noqa: E402
from recorded_partners import ENVELOPE as AROUND, shipped  # noqa: E402
from support import SOURCE, WORK, attempt, check, finish  # noqa: E402
import recordings  # noqa: E402

BSN = "999910061"
INSTALLED = pathlib.Path(sys.argv[5])
ENVELOPE = ('<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
            '<r:AanvraagPersoonResponse xmlns:r="http://bkwi.nl/SuwiML/Diensten/BRPDossierPersoonGSD/v0200">%s'
            "</r:AanvraagPersoonResponse></s:Body></s:Envelope>")
PERSON = ENVELOPE % f"<ClientSuwi><Voornamen>Fenna</Voornamen><Burgerservicenr>{BSN}</Burgerservicenr></ClientSuwi>"


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(77)


def jar():
    """WireMock's jar, from the npm package of package-lock.json."""
    if shutil.which("java") is None or shutil.which("npm") is None:
        skip("no java and npm to run WireMock with")
    INSTALLED.mkdir(parents=True, exist_ok=True)
    with open(INSTALLED / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = sorted(INSTALLED.glob("node_modules/wiremock/build/*.jar"))
        if not found:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, INSTALLED / name)
            done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                                  cwd=INSTALLED, capture_output=True, text=True)
            found = sorted(INSTALLED.glob("node_modules/wiremock/build/*.jar"))
            if done.returncode != 0 or not found:
                skip(f"npm cannot install wiremock: {done.stderr[-300:]}")
        return found[0]


def run(*command):
    subprocess.run(command, check=True, capture_output=True)


def certificates():
    """A root and a stranger's, a server's and a client's certificate, and the stores Java wants."""
    root, key = WORK / "root.pem", WORK / "root.key"
    for name in ("root", "stranger"):
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            WORK / f"{name}.key", "-out", WORK / f"{name}.pem", "-subj", f"/CN=proef{name}", "-days", "2")
    for name, extra in (("server", "subjectAltName=DNS:localhost,IP:127.0.0.1"), ("client", "extendedKeyUsage=clientAuth")):
        (WORK / f"{name}.cnf").write_text(extra + "\n")
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            WORK / f"{name}.key", "-out", WORK / f"{name}.csr", "-subj", f"/CN={name}")
        run("openssl", "x509", "-req", "-in", WORK / f"{name}.csr", "-CA", root, "-CAkey", key, "-CAcreateserial",
            "-out", WORK / f"{name}.pem", "-days", "2", "-extfile", WORK / f"{name}.cnf")
    run("openssl", "pkcs12", "-export", "-in", WORK / "server.pem", "-inkey", WORK / "server.key", "-out",
        WORK / "server.p12", "-passout", "pass:password", "-name", "server")
    run("keytool", "-importcert", "-noprompt", "-alias", "root", "-file", root, "-keystore", WORK / "trust.p12",
        "-storetype", "PKCS12", "-storepass", "password")


def stub(bsn, **response):
    response.setdefault("status", 200)
    response.setdefault("headers", {"Content-Type": "text/xml;charset=UTF-8"})
    return {"request": {"method": "POST", "urlPath": "/suwibroker/soap/BRPDossierPersoonGSD-v0200",
                        "bodyPatterns": [{"matchesXPath": f"//*[local-name()='Burgerservicenr' and text()='{bsn}']"},
                                         {"matchesXPath": "//*[local-name()='To' and contains(text(), '?oin=')]"},
                                         {"matchesXPath": "//*[local-name()='MessageID' and starts-with(text(), 'urn:uuid:')]"}]},
            "response": response}


def recorded():
    """What partners really answered: name, text of the manifest, number, the outcome, what must be found, status and body."""
    if recordings.ARCHIVE.exists():
        for name, (manifest, bsn, outcome, *facts), body in recordings.recorded_bodies():
            yield name, shipped("soap", manifest), bsn, outcome, facts, 200, AROUND % body
    else:
        print(f"SKIPPED: recorded answers: {recordings.ARCHIVE} is not there")
    if not recordings.BKWI.exists():
        print(f"SKIPPED: recorded exchanges of BKWI: {recordings.BKWI} is not there")
        return
    for at, (name, manifest, bsn, status, body) in enumerate(recordings.bkwi_exchanges()):
        yield f"{at}-{name}", shipped("soap", manifest), bsn, "gevonden" if status == 200 else "nietBereikt", [], status, body


def recorded_stubs(answers):
    """Each at an address of its own, since several are about one person. WireMock finds the number in what we sent."""
    for name, manifest, bsn, _, _, status, body in answers:
        asked = json.dumps(manifest["request"])
        told = f"//*[local-name()='Burgerservicenr' and text()='{bsn}']" if "{bsn}" in asked else "//*[text()='1AB']"
        yield name, {"request": {"method": "POST", "urlPath": f"/{name}{manifest['request']['target']}",
                                 "bodyPatterns": [{"matchesXPath": told}]},
                     "response": {"status": status, "headers": {"Content-Type": "text/xml;charset=UTF-8"}, "body": body}}


def recorded_outcomes(answers, secure, access):
    for name, manifest, bsn, outcome, facts, _, _ in answers:
        manifest["endpoint"] = f"https://localhost:{secure}/{name}"
        manifest["access"] = access
        manifest["limits"].update(time_ms=20000, connect_ms=10000)
        # What an earlier source would have found.
        manifest["request"] = json.loads(re.sub(r"{bekend:[^}]*}", "1AB", json.dumps(manifest["request"])))
        manifest["request"].pop("each", None)
        result = attempt(manifest, bsn)
        check(result["outcome"] == outcome, f"{name}: {result['outcome']}, not {outcome}: {result.get('fault')} {result.get('reason')}")
        have = [(field["path"], field["value"]) for field in result["fields"]]
        for path, value, *_ in facts:
            check((path, value) in have, f"{name}: no {path} = {value!r}")
    print(f"{len(answers)} recorded answers over two-way TLS")


def start(path, port, secure, answers):
    root = WORK / "wiremock"
    (root / "mappings").mkdir(parents=True)
    stubs = {"good": stub(BSN, body=PERSON),
             "dribble": stub("999910206", body=PERSON.replace(BSN, "999910206"), chunkedDribbleDelay={"numberOfChunks": 40, "totalDuration": 400}),
             "slow": stub("999910218", body=PERSON.replace(BSN, "999910218"), chunkedDribbleDelay={"numberOfChunks": 5, "totalDuration": 30000})}
    for number, fault in zip(("999910231", "999910243", "999910255", "999910267"),
                             ("EMPTY_RESPONSE", "MALFORMED_RESPONSE_CHUNK", "RANDOM_DATA_THEN_CLOSE", "CONNECTION_RESET_BY_PEER")):
        stubs[fault] = stub(number, fault=fault)
    for name, text in stubs.items():
        (root / "mappings" / f"{name}.json").write_text(json.dumps(text))
    for name, text in recorded_stubs(answers):
        (root / "mappings" / f"recorded-{name}.json").write_text(json.dumps(text))
    log = open(WORK / "wiremock.log", "w")
    return subprocess.Popen(["java", "-Xmx256m", "-jar", path, "--port", str(port), "--https-port", str(secure), "--bind-address", "127.0.0.1",
                             "--root-dir", root, "--disable-banner", "--no-request-journal", "--https-require-client-cert",
                             "--https-keystore", WORK / "server.p12", "--keystore-type", "PKCS12", "--keystore-password", "password",
                             "--key-manager-password", "password",
                             "--https-truststore", WORK / "trust.p12", "--truststore-type", "PKCS12", "--truststore-password", "password"],
                            stdout=log, stderr=log)


def await_ready(process, port):
    try:
        running.wait_for_port(port, process, 120)
        urllib.request.urlopen(f"http://127.0.0.1:{port}/__admin/mappings", timeout=60).read()
    except (OSError, RuntimeError) as error:
        skip(f"WireMock does not start: {error}: {(WORK / 'wiremock.log').read_text()[-500:]}")


def manifest(endpoint, **access):
    text = json.loads((SOURCE / "connectors/soap/manifests/suwinet-brp.json").read_text())
    text["endpoint"] = f"{endpoint}/suwibroker/soap"
    text["limits"].update(time_ms=20000, connect_ms=10000)
    if access:
        text["access"] = access
    return text


def outcomes(port, secure):
    plain = manifest(f"http://127.0.0.1:{port}")
    result = attempt(plain, BSN)
    check(result["outcome"] == "gevonden", f"a good answer: {result['outcome']} {result.get('fault')}")
    check(any(f["path"] == "persoon.naam.voornamen" and f["value"] == "Fenna" for f in result["fields"]), "no value")
    result = attempt(plain, "999910206")
    check(result["outcome"] == "gevonden", f"a dribbled answer: {result['outcome']}")
    hasty = manifest(f"http://127.0.0.1:{port}")
    hasty["limits"]["time_ms"] = 700
    result = attempt(hasty, "999910218")
    check(result["outcome"] == "nietBereikt" and "tijd" in result["reason"], f"too slow: {result['outcome']} {result['reason']}")
    for number, expected in (("999910231", {"nietBereikt"}), ("999910243", {"fout", "nietBereikt"}),
                             ("999910255", {"fout", "nietBereikt"}), ("999910267", {"nietBereikt", "fout"})):
        result = attempt(plain, number)
        check(result["outcome"] in expected and not result["fields"], f"{number}: {result['outcome']} {result['reason']}")

    anchor = {"kind": "none", "anchor_file": str(WORK / "root.pem")}
    own = {"certificate_file": str(WORK / "client.pem"), "key_file": str(WORK / "client.key")}
    result = attempt(manifest(f"https://localhost:{secure}", **anchor, **own), BSN)
    check(result["outcome"] == "gevonden", f"with a client certificate: {result['outcome']} {result.get('fault')}")
    result = attempt(manifest(f"https://localhost:{secure}", **anchor), BSN)
    check(result["outcome"] == "nietBereikt", f"without a client certificate: {result['outcome']}")
    other = {"kind": "none", "anchor_file": str(WORK / "stranger.pem")}
    result = attempt(manifest(f"https://localhost:{secure}", **other, **own), BSN)
    check(result["outcome"] == "nietBereikt", f"a server we do not trust: {result['outcome']}")


path = jar()
certificates()
port, secure = ports.take(), ports.take()
answers = list(recorded())
process = start(path, port, secure, answers)
try:
    await_ready(process, port)
    outcomes(port, secure)
    recorded_outcomes(answers, secure, {"kind": "none", "anchor_file": str(WORK / "root.pem"),
                                        "certificate_file": str(WORK / "client.pem"), "key_file": str(WORK / "client.key")})
finally:
    process.terminate()
    process.wait()
    shutil.rmtree(WORK / "wiremock")
finish("wiremock")
