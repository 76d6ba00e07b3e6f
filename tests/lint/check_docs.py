#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Links and code-quoted paths in *.md lead somewhere."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
PATH = re.compile(r"`((?:gateway|policies|connectors|tests)/[\w./-]+)`")


def documents():
    for path in sorted(ROOT.rglob("*.md")):
        parts = path.relative_to(ROOT).parts
        if not any(part in (".build", "node_modules", ".git") for part in parts):
            yield path


def faults_of(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        for name in LINK.findall(line):
            if "://" not in name and not name.startswith("mailto:"):
                if not (path.parent / name).exists():
                    yield f"{path.relative_to(ROOT)}:{number}: {name} does not exist"
        for name in PATH.findall(line):
            # A program may be named for its source.
            if not (ROOT / name).exists() and not (ROOT / f"{name}.c").exists():
                yield f"{path.relative_to(ROOT)}:{number}: {name} does not exist"


def main():
    paths = list(documents())
    faults = [fault for path in paths for fault in faults_of(path)]
    print("\n".join(faults + [f"{len(paths)} documents, {len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
