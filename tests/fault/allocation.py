#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Every single allocation of a scenario (memory.flow and its like) fails once: the whole gateway
plays it in the virtual world with the nth allocation failing, for n = 1, 2, … until a run needs fewer. Each run must end well: under a sanitizer also without a
leak.

    allocation.py PLAYER SCENARIO [http2]
"""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUNS_MAX = 3000


def play(player, scenario, options, number):
    environment = {**os.environ, "KP_FLOW_FAIL_AT": str(number)}
    done = subprocess.run([player, ROOT / "tests/flow" / scenario, ROOT, *options], env=environment, timeout=60, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    return done.returncode == 0, done.stdout


def main():
    player, scenario, options, wrong = sys.argv[1], sys.argv[2], sys.argv[3:], []
    # Over HTTP/2 most of them are the same: every third will do.
    for number in range(1, RUNS_MAX, 3 if options else 1):
        good, text = play(player, scenario, options, number)
        if not good:
            wrong.append(number)
            print(f"allocation {number}:\n{text[:4000]}")
            if len(wrong) == 5:
                return 1
        elif "fewer allocations came" in text:
            print(f"{number - 1} allocations, each failed once; {len(wrong)} went wrong")
            return 1 if wrong or number < 10 else 0
    print(f"the scenario never ended within {RUNS_MAX} runs")
    return 1


if __name__ == "__main__":
    sys.exit(main())
