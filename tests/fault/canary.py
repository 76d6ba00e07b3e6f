#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Nothing of a client stays: after 1,000 questions (fewer over TLS and over HTTP/2) no client number and no value of a client
is in any file the gateway wrote, in its log or, a second later, in its memory."""
import http.client
import io
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

SUPPORT = pathlib.Path(__file__).resolve().parents[1] / "support"
sys.path.insert(0, str(SUPPORT))
import http2  # noqa: E402
import ports  # noqa: E402
import running  # noqa: E402

QUESTIONS = 1000
FEWER = 300  # of the same, another way in


def canaries():
    """What only a client's data hold: numbers, names in full, employers' numbers, telephone numbers, notes."""
    found = set()
    for bsn, client in running.stand_ins.load_clients().items():
        found.add(bsn)
        found.add(client["adres"]["postcode"].replace(" ", ""))
        full = " ".join(p for p in (client["voornamen"], client["voorvoegsel"],
                                    client["geslachtsnaam"]) if p)
        if len(full) > 12:
            found.add(full)
        for child in client["kinderen"] + ([client["partner"]] if client["partner"] else []):
            found.add(child["bsn"])
        if client["klantvolg"]:
            found.add(client["klantvolg"]["telefoon"])
            found.add(client["klantvolg"]["klantnummer"])
        for job in (client["uwv"] or {"dienstverbanden": []})["dienstverbanden"]:
            found.add(job["loonheffingennummer"])
    return {text for text in found if len(text) >= 6}


def memory(pid):
    """Name and bytes of every writable piece of a process's memory; None when this user may not look."""
    command = [sys.executable, str(SUPPORT / "read_memory.py"), str(pid)]
    if os.geteuid() != 0:
        command[:0] = ["sudo", "-n"]
    if shutil.which(command[0]) is None:
        return None
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        return None
    found, stream = [], io.BytesIO(done.stdout)
    for line in stream:
        name, size = line.rsplit(b"\t", 1)
        found.append((name.decode(), stream.read(int(size))))
    return found


class Http2:
    """One connection over HTTP/2, as far as Gateway.ask needs it."""

    STATUS_200 = 0x88  # of the static table (RFC 7541, appendix A)

    def __init__(self, port):
        self.peer, self.stream, self.status, self.body = http2.Peer(port, patience=30), -1, 0, b""

    def request(self, method, path, body, headers):
        self.stream += 2
        fields = http2.request(method, path, *((name.lower(), value) for name, value in headers.items()))
        self.peer.say(http2.frame(http2.HEADERS, http2.END_HEADERS, self.stream, fields) +
                      http2.frame(http2.DATA, http2.END_STREAM, self.stream, body.encode()))

    def getresponse(self):
        self.status, self.body, ended = 0, b"", False
        while not ended and (got := self.peer.read()) is not None:
            kind, flags, stream, payload = got
            if kind == http2.HEADERS:
                self.status = 200 if payload[0] == self.STATUS_200 else 0
            elif kind == http2.DATA:
                self.body += payload
                if payload:
                    self.peer.say(http2.frame(http2.WINDOW_UPDATE, 0, 0, len(payload).to_bytes(4, "big")))
            ended = stream == self.stream and kind in (http2.HEADERS, http2.DATA) and flags & http2.END_STREAM
        return self

    def read(self):
        return self.body

    def close(self):
        self.peer.close()


class Canary(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.program = running.program_from_arguments()

    def test_nothing_stays(self):
        self.look(running.Gateway(self.program), lambda gateway: gateway.connect())

    def test_nothing_stays_of_http2(self):
        """The connection, its tables and its windows are still there while the memory is looked at."""
        self.look(running.Gateway(self.program), lambda gateway: Http2(gateway.port), FEWER)

    def test_nothing_stays_of_tls(self):
        """The connection is still open while its memory is looked at."""
        with tempfile.TemporaryDirectory() as pki:
            subprocess.run([self.program, "dev-pki", pki], check=True, stdout=subprocess.DEVNULL)
            port = ports.take()
            own = f"{pki}/clients/{running.MUNICIPALITY}"

            def add_listener(config):
                config["listeners"].append({"host": "127.0.0.1", "port": port, "tls": {
                    "certificates": [{"certificate": f"{pki}/server.pem", "key": f"{pki}/server.key"}],
                    "clients": "required", "anchors": f"{pki}/root.pem", "crls": [f"{pki}/crls.pem"]}})
            context = ssl.create_default_context(cafile=f"{pki}/root.pem")
            context.load_cert_chain(f"{own}.pem", f"{own}.key")
            self.look(running.Gateway(self.program, change=add_listener), lambda gateway: http.client.HTTPSConnection(
                "localhost", port, context=context, timeout=30), FEWER)

    def look(self, running_gateway, connect, questions=QUESTIONS):
        marks = canaries()
        self.assertGreater(len(marks), 150)
        with running_gateway as gateway:
            connection = connect(gateway)
            clients = list(running.stand_ins.load_clients())
            found = 0
            for number in range(questions):
                status, answer = gateway.ask(clients[number % len(clients)], connection=connection)
                found += status == 200 and bool(answer["dossier"])
            # The test is worth something only when the data really went through.
            self.assertGreater(found, questions // 2)
            time.sleep(1)  # "a second later" is what is promised
            pattern = re.compile("|".join(map(re.escape, sorted(marks))).encode())
            wide = re.compile("|".join(map(re.escape, sorted(marks))).encode("latin-1", "replace"))
            pieces = memory(gateway.process.pid)
            if pieces is None:
                print("SKIPPED: only root may look into the gateway's memory; its files are looked at")
            for name, data in pieces or []:
                for kind in (pattern, wide):
                    hit = kind.search(data)
                    self.assertIsNone(hit, f"in memory ({name}): {hit and hit.group()!r} in "
                                      f"{hit and data[max(0, hit.start() - 60):hit.end() + 60]!r}")
            connection.close()
            self.assertEqual(gateway.stop(), 0)
            for path in gateway.folder.rglob("*"):
                if path.is_file() and path.name != "klantvolg.csv":  # the partner's own file
                    hit = pattern.search(path.read_bytes())
                    self.assertIsNone(hit, f"in {path.name}: {hit and hit.group()!r}")


if __name__ == "__main__":
    PROGRAM = running.program_from_arguments()
    unittest.main()
