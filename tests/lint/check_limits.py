#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Every option with bounds has a row in tests/limits.md, and the tests it names exist."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def rows():
    text = (ROOT / "tests/limits.md").read_text(encoding="utf-8")
    for line in text.splitlines():
        cells = [re.findall(r"`([^`]+)`", cell) for cell in line.split("|")[1:-1]]
        if len(cells) == 3 and cells[0]:
            yield cells[0][0], cells[1], cells[2]


def faults():
    table = (ROOT / "gateway/config/options.def").read_text(encoding="utf-8")
    options = [".".join(found) for found in re.findall(r"^KP_NUMBER\((\w+), (\w+),", table, re.M)]
    known = set()
    for option, tests, files in rows():
        known.add(option)
        if option not in options:
            yield f"tests/limits.md: {option} is not an option with bounds"
        texts = []
        for name in files:
            path = ROOT / "tests" / name
            if not path.is_file():
                yield f"tests/limits.md: {option}: no file {name}"
            else:
                texts.append(path.read_text(encoding="utf-8"))
        for test in tests:
            if not any(re.search(rf"\b{test}\(", text) for text in texts):
                yield f"tests/limits.md: {option}: no test {test}"
    for option in options:
        if option not in known:
            yield f"tests/limits.md: no row for {option}"


def main():
    found = list(faults())
    print("\n".join(found + [f"{len(found)} faults"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
