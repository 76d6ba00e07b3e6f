# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A running gateway whose partners are shipped manifests, before recorded answers."""
import json
import re
import tarfile

import running

ENVELOPE = ('<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/>'
            "<s:Body>%s</s:Body></s:Envelope>")
# These tests are about answers: who asks them may see all that these partners say.
RULE = '''@id("proef")
@doel("participatiewet-intake")
@grondslag("proef")
@eigenaar("proef")
@herzien("2099-01-01")
@toelichting("Alles, voor een proef.")
permit (principal in Rol::"klantmanager", action == Action::"raadplegen", resource) when {
    context.doel == Doel::"participatiewet-intake" &&
    resource in [Rubriek::"persoon", Rubriek::"adres", Rubriek::"inkomsten", Rubriek::"dienstverbanden", Rubriek::"uitkeringen",
                 Rubriek::"aanvragen", Rubriek::"voertuigen", Rubriek::"onroerendeZaken"]
};
'''


def shipped(connector, name):
    path = running.ROOT / "connectors" / connector / "manifests" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def at_port(manifest, port):
    manifest["endpoint"] = f"http://127.0.0.1:{port}/{manifest['endpoint'].split('/', 3)[3]}"
    return manifest


def as_source(manifest, source, catalogue):
    """Another source's answers in the place of this one's: as far as the catalogue lets that one supply what they hold."""
    mine = {field for section in catalogue["rubrieken"] for field in supplied(section, source)}
    response = manifest["response"]
    response.pop("lists", None)
    response["fields"] = {path: what for path, what in response["fields"].items() if path in mine}
    owner = next(one for one in catalogue["bronnen"] if one["naam"] == source)
    manifest.update(source=source, organisation={"oin": owner["oin"], "name": owner["titel"]})
    return manifest


def supplied(section, source):
    for field in section["velden"]:
        if source in field.get("bronnen", section.get("bronnen", [])):
            yield f"{section['naam']}.{field['pad']}"


def recorded_message(archive, name):
    """One of the recorded bodies, in an envelope."""
    with tarfile.open(archive) as files:
        text = files.extractfile(f"gzac-plugin-eupl/responses/{name}.xml").read().decode("utf-8-sig")
    return (ENVELOPE % re.sub(r"^<\?xml[^>]*\?>", "", text)).encode()


class RecordedPartners(running.Gateway):
    """A gateway with these manifests and no others."""

    partner_names = ()

    def __init__(self, program, manifests, secrets=None):
        self.manifests, self.more_secrets = manifests, secrets or {}
        super().__init__(program, change=self.change)

    def change(self, config):
        config["sources"] = {**config.get("sources", {}), "bsn_in_url": True}
        config["secrets"].update({name: {"file": f"secrets/{name}"} for name in self.more_secrets})

    def write_configuration(self, change):
        super().write_configuration(change)
        (self.folder / "policies/regels/proef.cedar").write_text(RULE, encoding="utf-8")
        for name, value in self.more_secrets.items():
            secret = self.folder / "secrets" / name
            secret.touch(mode=0o600)
            secret.write_text(value)
        sources = self.folder / "sources"
        for old in sources.glob("*.json"):
            old.unlink()
        for manifest in self.manifests:
            (sources / f"{manifest['source']}.json").write_text(json.dumps(manifest), encoding="utf-8")

    def dossier(self, bsn, **members):
        status, answer = self.ask(bsn, **members)
        if status != 200:
            raise AssertionError((status, answer, self.log_text()[-2000:]))
        return answer
