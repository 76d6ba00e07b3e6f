#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Verifying an access token, per algorithm: here, known from before, and npm's jose in the same run.

    run.py BENCH_TOKEN WORK      BENCH_TOKEN of a release build; npm installs in WORK, once

CPU of the process per token, medians.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = HERE.parents[1] / "conformance" / "issuer"


def rows(text):
    return [line.split("\t") for line in text.strip().splitlines()]


def main():
    program, work = sys.argv[1], pathlib.Path(sys.argv[2])
    work.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PACKAGES / name, work / name)
    if not (work / "node_modules" / "jose").exists():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=work, check=True,
                       stdout=subprocess.DEVNULL)
    shutil.copy(HERE / "peer.js", work / "peer.js")
    with tempfile.TemporaryDirectory() as folder:
        own = subprocess.run([program, folder], check=True, capture_output=True, text=True).stdout
        peer = subprocess.run(["node", str(work / "peer.js"), f"{folder}/tokens"], check=True, cwd=work,
                              capture_output=True, text=True).stdout
    print(f"{'':8}{'verified':>12}{'known':>12}{'jose':>12}{'ours/jose':>12}")
    for (name, cold, warm), (_, theirs) in zip(rows(own), rows(peer)):
        print(f"{name:8}{float(cold):>9.1f} µs{float(warm):>9.2f} µs{float(theirs):>9.1f} µs"
              f"{float(cold) / float(theirs):>12.2f}")


if __name__ == "__main__":
    main()
