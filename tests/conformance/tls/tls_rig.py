# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""An authority made with dev-pki, and a gateway with a TLS listener beside its plain one."""
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import ports  # noqa: E402
import running  # noqa: E402

PROGRAM = running.program_from_arguments()


def run(*command, seconds=120, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, timeout=seconds, **options)


def openssl(*arguments, **options):
    done = run("openssl", *arguments, **options)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments}: {done.stderr.decode()}")
    return done.stdout


class Rig:
    def __init__(self, clients="required", certificates=None, change=None):
        self.home = tempfile.TemporaryDirectory(prefix="ketenpoort-tls-")
        self.pki = pathlib.Path(self.home.name) / "pki"
        subprocess.run([PROGRAM, "dev-pki", str(self.pki)], check=True, stdout=subprocess.DEVNULL)
        self.port = ports.take()
        self.tls = {"certificates": certificates or [self.pair("server"), self.pair("server-rsa")],
                    "clients": clients}
        if clients != "none":
            self.tls.update({"anchors": str(self.pki / "root.pem"), "crls": [str(self.pki / "crls.pem")]})
        self.change = change
        self.gateway = None

    def pair(self, name):
        return {"certificate": str(self.pki / f"{name}.pem"), "key": str(self.pki / f"{name}.key")}

    def start(self):
        self.gateway = running.Gateway(PROGRAM, change=self.add_listener)
        return self

    def add_listener(self, config):
        config["listeners"].append({"host": "127.0.0.1", "port": self.port, "tls": self.tls})
        if self.change:
            self.change(config)

    def url(self, path="/health/live"):
        return f"https://localhost:{self.port}{path}"

    def client(self, name=f"clients/{running.MUNICIPALITY}"):
        return ["--cacert", self.pki / "root.pem", "--cert", self.pki / f"{name}.pem",
                "--key", self.pki / f"{name}.key"]

    def curl(self, *arguments, path="/health/live"):
        return run("curl", "-sS", *arguments, self.url(path))

    def s_client(self, *arguments, text=b"", name=f"clients/{running.MUNICIPALITY}"):
        return run("openssl", "s_client", "-connect", f"localhost:{self.port}", "-servername", "localhost",
                   "-CAfile", self.pki / "root.pem", "-cert", self.pki / f"{name}.pem",
                   "-cert_chain", self.pki / "issuing.pem", "-key", self.pki / f"{name}.key", *arguments,
                   input=text)

    def close(self):
        if self.gateway:
            self.gateway.close()
        self.home.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
