# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Decisions for a dossier of 60 fields, beside Cedar's own engine, in one table.

    python3 run.py BENCH_POLICY WORK [RULES...]

BENCH_POLICY is the program of a release build; in WORK the npm package is installed (as for
tests/fuzz/differential). Ends with 1 when the two engines differ about a dossier.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "fuzz" / "differential"))

import run as differential  # noqa: E402  (beside the generators)

SIZES = ["10", "100", "1000", "10000"]


def ours(program, rules):
    out = subprocess.run([program, rules], capture_output=True, text=True, check=True).stdout
    words = re.findall(r"[\d.]+", out.splitlines()[-1])
    _, load, memory, compiled, general = (float(word) for word in words[:5])
    return load, memory, compiled / 1000, general


def theirs(program, rules, modules):
    question = subprocess.run([program, "--peer", rules], capture_output=True, check=True).stdout
    environment = {**os.environ, "NODE_PATH": str(modules)}
    command = ["node", str(HERE / "peer.js")]
    done = subprocess.run(command, input=question, capture_output=True, env=environment, check=True)
    return json.loads(done.stdout)


def main():
    program, work = sys.argv[1], pathlib.Path(sys.argv[2])
    modules, _ = differential.prepare(work, [""])
    print("| rules | load | memory per rule | compiled | general evaluator | cedar-wasm, preparsed "
          "| of which conversion | its load |")
    print("|---|---|---|---|---|---|---|---|")
    different = 0
    for rules in sys.argv[3:] or SIZES:
        load, memory, compiled, general = ours(program, rules)
        peer = theirs(program, rules, modules)
        different += peer["different"]
        print(f"| {int(rules):,} | {load:.1f} ms | {memory:,.0f} B | {compiled:.2f} µs | {general:,.0f} µs "
              f"| {peer['dossier']:,.0f} µs | {peer['conversion']:,.0f} µs | {peer['load']:,.0f} ms |", flush=True)
    print(f"{different} dossiers different")
    sys.exit(1 if different else 0)


main()
