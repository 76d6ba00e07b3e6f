#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Asks a program that counts what runs for dossiers: always the same ones. Part of ../profile.sh.

    python3 tests/bench/dossier/train.py --build .build/release-pgo
"""
import argparse
import concurrent.futures
import http.client
import json
import pathlib
import tempfile

import run
import setups

HERE = pathlib.Path(__file__).resolve().parent


def ask(port, numbers):
    """One connection's questions, one after the other."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Content-Type": "application/json", "x-origin-oin": setups.MUNICIPALITY, "x-gebruiker": "bench",
               "x-rollen": setups.ROLE}
    for number in numbers:
        body = json.dumps({"burgerservicenummer": number, "doel": setups.PURPOSE, "zaakkenmerk": "Z-2026-00001"})
        connection.request("POST", "/v1/dossiers/_zoek", body, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"a question ended in {answer.status}")


def valid(number):
    digits = [int(digit) for digit in f"{number:09}"]
    return (sum(digit * (9 - i) for i, digit in enumerate(digits[:8])) - digits[8]) % 11 == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    run.add_program(parser)
    parser.add_argument("--dossiers", type=int, default=4000)
    parser.add_argument("--connections", type=int, default=16)
    args = parser.parse_args()
    numbers = [f"{n:09}" for n in range(999900000, 999999999) if valid(n)][:args.dossiers]
    with tempfile.TemporaryDirectory(prefix="ketenpoort-train-") as name:
        folder = pathlib.Path(name)
        program = run.program_of(args)
        # The counts are written beside the objects, outside what the program may see otherwise.
        setup = setups.standard(folder, HERE, program, process={"confine_files": False, "unknown_calls": "allow"})
        run.compile_partner(folder)
        partner = run.Process(setup.partner_command(folder / "partner"), 1, folder / "partner.log")
        gateway = run.Process([program, "serve", setup.config], 0, folder / "ketenpoort.log")
        try:
            run.wait_until_up(setup.first_partner_port, partner)
            run.wait_until_up(setup.port, gateway)
            with concurrent.futures.ThreadPoolExecutor(args.connections) as pool:
                share = [numbers[i::args.connections] for i in range(args.connections)]
                list(pool.map(lambda part: ask(setup.port, part), share))
        finally:
            gateway.stop()
            partner.stop()


if __name__ == "__main__":
    main()
