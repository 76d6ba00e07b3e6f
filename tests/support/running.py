# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A gateway and its stand-in partners, really running, for tests that look from outside."""
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile

import ports
from waiting import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
PARTNERS = ROOT / "tests/partners"
SECRETS = {"brp-sleutel": "demo-sleutel-brp", "uwv-token": "demo-token-uwv",
           "svb-token": "demo-token-svb"}
# A test asks more than anybody would; one about these bounds sets its own.
NO_QUOTA = {name: 0 for name in (
    "refused_per_minute", "employee_per_minute", "organisation_per_minute", "purpose_per_minute",
    "concurrent_max", "dossiers_per_hour", "dossiers_per_day", "sensitive_fields_per_day")}
MUNICIPALITY = "00000001830000001000"

sys.path.insert(0, str(PARTNERS))
import partners as stand_ins  # noqa: E402


def wait_for_port(port, process, seconds=20):
    def listens():
        if process.poll() is not None:
            raise RuntimeError(f"ended with code {process.returncode} before it listened")
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        return False
    wait_until(listens, f"nothing listens on port {port}", seconds)


class Partner:
    """One stand-in partner as a process of its own."""

    def __init__(self, name):
        self.name, self.port = name, ports.take()
        self.process = subprocess.Popen([sys.executable, "-B", str(PARTNERS / "partners.py"), "serve", name,
                                         "--port", str(self.port)], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        wait_for_port(self.port, self.process)

    def ask(self, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("POST" if body is not None else "GET", path,
                           json.dumps(body) if body is not None else None)
        with contextlib.closing(connection):
            return json.loads(connection.getresponse().read())

    def fault(self, fault, **options):
        self.ask("/_fault", {"fault": fault, **options})

    def asked(self):
        return self.ask("/_asked")["asked"]

    def stop(self):
        self.process.kill()
        self.process.wait()


class Gateway:
    """`ketenpoort init`, the stand-ins' manifests, `ketenpoort serve`."""

    pass_fds = ()
    partner_names = ("brp", "uwv", "svb")

    def __init__(self, program, folder=None, change=None, wrapper=()):
        self.program = str(program)
        self.home = None if folder else tempfile.TemporaryDirectory(prefix="ketenpoort-test-")
        self.folder = pathlib.Path(folder or self.home.name) / "gateway"
        self.port = ports.take()
        self.wrapper = list(wrapper)
        self.partners = {name: Partner(name) for name in self.partner_names}
        self.process = None
        try:
            subprocess.run([self.program, "init", str(self.folder)], check=True,
                           stdout=subprocess.DEVNULL)
            self.write_configuration(change)
            self.start()
        except BaseException:
            self.close()
            raise

    def write_configuration(self, change):
        path = self.folder / "gateway.json"
        config = json.loads(path.read_text())
        config["listeners"] = [{"host": "127.0.0.1", "port": self.port}]
        config.setdefault("identity", {})["development"] = "ja, geloof onbewezen koppen; alleen voor ontwikkeling"
        config["quota"] = dict(NO_QUOTA)
        # Whatever a test makes it do, it makes no call that a gateway should not.
        # It sees what fixtures lie beside it.
        config["process"] = {"unknown_calls": "kill", "readable": tempfile.gettempdir()}
        config["secrets"] = {name: {"file": f"secrets/{name}"} for name in SECRETS}
        if change:
            change(config)
        path.write_text(json.dumps(config, indent=2))
        for name, value in SECRETS.items():
            secret = self.folder / "secrets" / name
            secret.touch(mode=0o600)
            secret.write_text(value)
        sources = self.folder / "sources"
        for old in sources.glob("*.json"):
            old.unlink()
        for manifest in (PARTNERS / "manifests").glob("*.json"):
            text = manifest.read_text(encoding="utf-8")
            partner = self.partners.get(manifest.stem)
            if partner:
                text = re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{partner.port}", text)
            (sources / manifest.name).write_text(text, encoding="utf-8")
        stand_ins.export(str(self.folder / "klantvolg.csv"), "latin-1")

    def start(self):
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(self.wrapper + [self.program, "serve",
                                                        str(self.folder / "gateway.json")],
                                        stdout=self.log, stderr=self.log, pass_fds=self.pass_fds)
        try:
            wait_for_port(self.port, self.process)
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{self.log_text()}") from error

    def log_text(self):
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def headers(self, roles="klantmanager", organisation=MUNICIPALITY):
        return {"Content-Type": "application/json", "x-origin-oin": organisation,
                "x-gebruiker": "m.jansen", "x-rollen": roles}

    def ask(self, bsn, purpose="participatiewet-intake", connection=None, headers=None, **members):
        """Status and JSON body of one question."""
        if connection is None:
            with contextlib.closing(self.connect()) as own:
                return self.ask(bsn, purpose, own, headers, **members)
        body = {"burgerservicenummer": bsn, "doel": purpose, **members}
        connection.request("POST", "/v1/dossiers/_zoek", json.dumps(body),
                           headers or self.headers())
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def reload(self, patience=30):
        """SIGHUP, and wait until the configuration was adopted or refused."""
        before = self.reloads()
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.reloads() != before, "no reload came of SIGHUP", patience)

    def metrics(self):
        with contextlib.closing(self.connect()) as connection:
            connection.request("GET", "/metrics")
            return connection.getresponse().read().decode()

    def gauge(self, name):
        """The sum of all of this name in /metrics."""
        found = re.findall(rf"(?m)^ketenpoort_{name}(?:{{[^}}]*}})? (\S+)$", self.metrics())
        if not found:
            raise KeyError(name)
        return sum(map(float, found))

    def reloads(self):
        return [line for line in self.metrics().splitlines() if line.startswith("ketenpoort_reloads_total")]

    def wait_until_idle(self, seconds=15):
        """No request is in work and no connection left but the one that asks."""
        def left():
            return self.gauge("connections"), self.gauge("requests")
        wait_until(lambda: left() == (1, 1), lambda: f"connections and requests are left: {left()}", seconds)

    def stop(self, how=signal.SIGTERM, patience=30):
        """The exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(patience)
        finally:
            self.log.close()

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process:
            self.log.close()
        for partner in self.partners.values():
            partner.stop()
        if self.home:
            self.home.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def program_from_arguments():
    """The program under test: the last argument, so that unittest keeps the others."""
    return os.path.abspath(sys.argv.pop()) if len(sys.argv) > 1 else str(
        ROOT / ".build/dev/gateway/ketenpoort")
