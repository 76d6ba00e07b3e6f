# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Honest clients: questions by h2load, 32 under way, from processor 1."""
import subprocess
import sys

import setups

QUESTION = {"burgerservicenummer": "999910061", "doel": setups.PURPOSE}
FIELDS = ["content-type: application/json", f"x-origin-oin: {setups.MUNICIPALITY}", "x-gebruiker: m.jansen",
          f"x-rollen: {setups.ROLE}"]


def load(folder, port, dossiers, version):
    """Times of all answers in µs."""
    log = folder / "times"
    log.unlink(missing_ok=True)
    manner = ["--h1", "-c", "32", "-m", "1"] if version == 1 else ["-c", "8", "-m", "4"]
    fields = [part for field in FIELDS for part in ("-H", field)]
    out = subprocess.run(["taskset", "-c", "1", "h2load", *manner, "-n", str(dossiers), *fields, "-d", str(folder / "question"),
                          "--log-file", str(log), f"http://127.0.0.1:{port}/v1/dossiers/_zoek"],
                         capture_output=True, text=True, check=True)
    rows = [line.split() for line in log.read_text().splitlines()]
    good = [int(row[2]) for row in rows if row[1] == "200"]
    if len(good) != dossiers:
        sys.exit(f"{dossiers - len(good)} questions were not answered\n{out.stdout}")
    return good


def p99(times):
    return sorted(times)[len(times) * 99 // 100]
