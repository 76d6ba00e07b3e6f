# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""What run.py measures: a configured gateway, the peer beside it, partners that answer, and a load script.

The rules are the shipped example (policies/voorbeeld) with one rule added, because no shipped purpose takes fields from
all five partners. The purpose needs no caseload, so none is asked.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import types

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from ports import take_row  # noqa: E402

MUNICIPALITY = "00000001830000001000"
ROLE = "klantmanager"
PURPOSE = "participatiewet-intake"

CURVES = {
    "partners": [1, 2, 5, 10, 20, 50],
    "size": [1_000, 10_000, 100_000, 1_000_000],
    "flight": [10, 100, 1_000, 5_000, 10_000],
}
SLOW_MS = 2000  # what the slow partner of the curve "flight" takes

RULE = """@id("bench-opleidingen")
@doel("participatiewet-intake")
@grondslag("geen: alleen om te meten")
@eigenaar("tests/bench")
@herzien("2027-11-01")
@toelichting("Laat ook de vijfde bron antwoorden.")
permit (principal in Rol::"klantmanager", action == Action::"raadplegen", resource)
when { context.doel == Doel::"participatiewet-intake" && resource in Rubriek::"opleidingen" };
"""

KLANTVOLG = {
    "fields": {"persoon.naam.volledigeNaam": "naam", "persoon.geboorte.datum": "geboortedatum", "adres.straat": "straat",
               "adres.huisnummer": "huisnummer", "adres.postcode": "postcode", "adres.woonplaats": "woonplaats",
               "contact.telefoon": "telefoon", "klantvolg.klantnummer": "klantnummer",
               "klantvolg.consulent": "consulent", "klantvolg.status": "status", "klantvolg.notitie": "notitie"},
    "lists": {"trajecten": {"items": "trajecten[]", "fields": {
        "trajecten.naam": "naam", "trajecten.datumAanvang": "begin", "trajecten.status": "status"}}},
}
DUO = {
    "lists": {"opleidingen": {"items": "opleidingen[]", "fields": {
        "opleidingen.naam": "naam", "opleidingen.niveau": "niveau", "opleidingen.diplomaDatum": "einde"}}},
}


def rest_source(name, port, response, **limits):
    """A manifest for a partner that is asked as all of these are: the number in a JSON body."""
    return {"source": name, "title": name, "organisation": {"oin": "00000001820000081000", "name": name},
            "connector": "rest", "endpoint": f"http://127.0.0.1:{port}/v1", "limits": limits, "idempotent": True,
            "request": {"method": "POST", "target": "/_zoek", "headers": {"Content-Type": "application/json"},
                        "body": {"burgerservicenummer": "{bsn}"}},
            "response": {"subject": "burgerservicenummer", **response}}


def shipped_source(home, name, port):
    manifest = json.loads((home / f"sources/{name}.json").read_text(encoding="utf-8"))
    manifest["endpoint"] = re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{port}", manifest["endpoint"])
    manifest["limits"] = {"time_ms": 3000}
    return manifest


def gateway(folder, program, port, **change):
    """`ketenpoort init`, then one loop, development identity, a log for warnings, and no sources yet."""
    home = folder / "gateway"
    subprocess.run([program, "init", "--development", str(home)], check=True, stdout=subprocess.DEVNULL)
    path = home / "gateway.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["listeners"] = [{"host": "127.0.0.1", "port": port}]
    config.setdefault("server", {}).update(loops=1, backlog=16384, connections_max=20000)
    config.setdefault("request", {}).update(requests_max=20000, budget_default_ms=10000)
    config.setdefault("http", {}).update(requests_max=1_000_000_000)
    config.setdefault("journal", {}).update(waiting_max=20000)
    config.setdefault("log", {}).update(level="warn")
    # One employee asks everything here: counted, as in production, against bounds that are never reached.
    config.setdefault("quota", {}).update(
        employee_per_minute=1_000_000, employee_burst=1_000_000, organisation_per_minute=100_000_000,
        organisation_burst=100_000_000, concurrent_max=1_000_000, dossiers_per_hour=1_000_000,
        dossiers_per_day=1_000_000, sensitive_fields_per_day=100_000_000)
    for section, values in change.items():
        config[section].update(values)
    path.write_text(json.dumps(config, indent=2), encoding="utf-8")
    (home / "policies/regels/bench.cedar").write_text(RULE, encoding="utf-8")
    return home


def write_sources(home, manifests):
    for old in (home / "sources").glob("*.json"):
        old.unlink()
    for manifest in manifests:
        path = home / "sources" / f"{manifest['source']}.json"
        path.write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")


def more_suppliers(home, names):
    """Lets the section opleidingen come from these sources as well."""
    path = home / "policies/catalogus.json"
    catalogue = json.loads(path.read_text(encoding="utf-8"))
    known = {source["naam"] for source in catalogue["bronnen"]}
    catalogue["bronnen"] += [{"naam": name, "titel": name, "titelEn": name, "oin": "00000001820000081000"}
                             for name in names if name not in known]
    for section in catalogue["rubrieken"]:
        if section["naam"] == "opleidingen":
            section["bronnen"] = names
            for field in section["velden"]:
                field.pop("bronnen", None)
    path.write_text(json.dumps(catalogue, ensure_ascii=False, indent=1), encoding="utf-8")


def load_script(folder, here):
    text = (here / "ask.lua").read_text(encoding="utf-8")
    for mark, value in (("OIN", MUNICIPALITY), ("ROLES", ROLE), ("DOEL", PURPOSE)):
        text = text.replace(f"@{mark}@", value)
    path = folder / "ask.lua"
    path.write_text(text, encoding="utf-8")
    return path


def nginx(folder, here, port, partner_port, partners):
    upstreams = "".join(f"upstream p{i} {{ server 127.0.0.1:{partner_port + i - 1}; keepalive 512;"
                        f" keepalive_requests 1000000000; }}\n" for i in range(1, partners + 1))
    locations = "".join(f"location = /partner/{i} {{ internal; proxy_pass http://p{i}/v1/_zoek;"
                        f" proxy_http_version 1.1; proxy_set_header Connection \"\";"
                        f" proxy_set_header Content-Type application/json; }}\n" for i in range(1, partners + 1))
    text = (here / "nginx-lua.conf").read_text(encoding="utf-8")
    # Started by root it would become another user, who may not read this folder.
    user = "user root;" if os.geteuid() == 0 else ""
    for mark, value in (("USER", user), ("FOLDER", folder), ("PORT", port), ("UPSTREAMS", upstreams),
                        ("LOCATIONS", locations)):
        text = text.replace(f"@{mark}@", str(value))
    path = folder / "nginx.conf"
    path.write_text(text, encoding="utf-8")
    shutil.copy(here / "gateway.lua", folder / "gateway.lua")
    return path


def setup(folder, here, home, ports, templates, delay_ms=0):
    def partner_command(program):
        return [str(program), str(ports["partner"]), str(delay_ms)] + [str(path) for path in templates]
    return types.SimpleNamespace(config=str(home / "gateway.json"), port=ports["gateway"], peer_port=ports["peer"],
                                 first_partner_port=ports["partner"], script=load_script(folder, here),
                                 partner_command=partner_command)


def take_ports(partners):
    first = take_row(partners + 2)
    return {"gateway": first, "peer": first + 1, "partner": first + 2}


def standard(folder, here, program, **change):
    """Five partners, 4.9 kB together; the peer asks the same five."""
    ports = take_ports(5)
    home = gateway(folder, program, ports["gateway"], **change)
    at = ports["partner"]
    manifests = [shipped_source(home, name, at + i) for i, name in enumerate(("brp", "uwv", "svb"))]
    klantvolg = rest_source("gemeente-klantvolg", at + 3, KLANTVOLG)
    write_sources(home, manifests + [klantvolg, rest_source("duo", at + 4, DUO)])
    templates = [here / f"templates/{name}.json" for name in ("brp", "uwv", "svb", "klantvolg", "duo")]
    result = setup(folder, here, home, ports, templates)
    result.nginx = nginx(folder, here, ports["peer"], at, 5)
    return result


def answer_of(size):
    """An answer of about so many bytes: items of 600 bytes, of which a sixth is permitted."""
    count = max(1, (size - 60) // 600)
    item = {"naam": "Opleiding nummer 0001", "niveau": "mbo 3", "begin": "2010-09-01", "einde": "2012-07-01",
            "instelling": {"naam": "ROC Voorbeeld", "plaats": "Voorbeelddam"}, "vakken": []}
    while len(json.dumps(item)) < 590:
        item["vakken"].append({"code": f"V{len(item['vakken']):03}", "cijfer": 7.5, "gehaald": True})
    return json.dumps({"burgerservicenummer": "{bsn}", "opleidingen": [item] * count})


def for_point(folder, here, program, curve, point):
    """Our gateway with partners like duo: so many, of such a size, or one that is slow."""
    partners = point if curve == "partners" else 1
    ports = take_ports(partners)
    home = gateway(folder, program, ports["gateway"])
    names = ["duo"] + [f"bron-{i:02}" for i in range(2, partners + 1)]
    more_suppliers(home, names)
    limits = {"time_ms": 10000, "answer_bytes": 4_000_000, "items": 2000}
    if curve == "flight":
        limits.update(concurrent=10000, waiting=10000)
    write_sources(home, [rest_source(name, ports["partner"] + i, DUO, **limits) for i, name in enumerate(names)])
    template = here / "templates/duo.json"
    if curve == "size":
        template = folder / "answer.json"
        template.write_text(answer_of(point), encoding="utf-8")
    return setup(folder, here, home, ports, [template] * partners, SLOW_MS if curve == "flight" else 0)
