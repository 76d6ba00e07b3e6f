#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Links and code-quoted paths in *.md lead somewhere. A README with a table of files (its first column is headed `file` or
`here`) names every .c and .h of its folder, and none that is gone. `x.[ch]` is both, `x` in the first column whichever of them
there is, `x*.c` those that begin so; an x.h goes with an x.c that is named."""
import fnmatch
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
PATH = re.compile(r"`((?:gateway|policies|connectors|tests)/[\w./-]+)`")
QUOTED = re.compile(r"`([^`]+)`")
SOURCE = re.compile(r"[\w*-]+\.(?:\[ch\]|[ch])")
STEM = re.compile(r"[\w-]+")


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


def rows_of_files(text):
    """The cells of each row, without heads, of tables whose first column is of files."""
    head = None
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split("|")[1:-1] if line.startswith("|") else None
        if cells is None or head is None:
            head = cells and cells[0].strip() in ("file", "here")
        elif head and not line.startswith("|--"):
            yield number, cells


def wildcards(name, first):
    """The names of files that a quoted name stands for, one of which must be there."""
    if SOURCE.fullmatch(name):
        return [[name[:-4] + "c"], [name[:-4] + "h"]] if name.endswith(".[ch]") else [[name]]
    return [[f"{name}.c", f"{name}.h"]] if first and STEM.fullmatch(name) else []


def faults_of_files(path, everywhere):
    """`everywhere`: the names of all files, since a row may speak of one of another folder."""
    files = {file.name for file in path.parent.iterdir() if file.suffix in (".c", ".h")}
    named, tables = set(), False
    for number, cells in rows_of_files(path.read_text(encoding="utf-8")):
        tables = True
        for column, cell in enumerate(cells):
            for name in QUOTED.findall(cell):
                for choices in wildcards(name, column == 0):
                    found = {file for choice in choices for file in fnmatch.filter(files, choice)}
                    named |= found
                    if not found and (column == 0 or not fnmatch.filter(everywhere, choices[0])):
                        yield f"{path.relative_to(ROOT)}:{number}: {choices[0]} does not exist"
    for file in sorted(files if tables else ()):
        if file not in named and not (file.endswith(".h") and file[:-1] + "c" in named):
            yield f"{path.relative_to(ROOT)}: its table of files does not name {file}"


def main():
    paths = list(documents())
    faults = [fault for path in paths for fault in faults_of(path)]
    everywhere = {file.name for room in ("gateway", "connectors", "policies", "tests")
                  for file in (ROOT / room).rglob("*.[ch]")}
    faults += [fault for path in paths if path.name == "README.md" for fault in faults_of_files(path, everywhere)]
    print("\n".join(faults + [f"{len(paths)} documents, {len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
