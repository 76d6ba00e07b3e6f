#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Banned functions, licence lines, leftovers, macros that return; with --report, lengths of files and functions."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("gateway", "policies", "connectors", "tests")
BANNED = ("strcpy", "strcat", "sprintf", "vsprintf", "atoi", "atol", "strtok", "gets", "rand",
          "srand", "alloca", "system", "popen", "tmpnam", "mktemp")
# Tests may draw numbers that anybody can guess and clean up with a shell.
IN_TESTS = ("system", "popen", "rand", "srand")
BANNED_CALL = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")
LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
FUNCTION = re.compile(r"^([a-z_]\w*)\(")
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 700


def without_texts(text):
    """Comments and string bodies become blanks; line breaks stay."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def functions_of(code):
    """Name and length of each definition: return type on its own line, '{' and '}' in column 1."""
    lines = code.split("\n")
    name = begin = None
    for number, line in enumerate(lines):
        match = FUNCTION.match(line)
        if match:
            name, begin = match.group(1), number
        elif line.startswith("}") and name:
            yield name, number - begin + 1
            name = None
        elif line.startswith("#") or line.endswith(";") and not line.startswith(("\t", " ")):
            name = None


def faults_of(path, text, code):
    where = path.relative_to(ROOT)
    head = text[:400]
    if "SPDX-License-Identifier: EUPL-1.2" not in head:
        yield f"{where}:1: no SPDX line"
    own = where.parts[0] != "tests"
    for number, line in enumerate(code.split("\n"), 1):
        call = BANNED_CALL.search(line)
        if call and (own or call.group(1) not in IN_TESTS):
            yield f"{where}:{number}: {call.group(1)} is banned"
    for number, line in enumerate(text.split("\n"), 1):
        if LEFTOVER.search(line):
            yield f"{where}:{number}: leftover mark"
    for macro in re.finditer(r"^[ \t]*#[ \t]*define[^\n]*(?:\\\n[^\n]*)*", code, re.M):
        if re.search(r"\b(return|goto)\b", macro.group()):
            yield f"{where}:{code.count(chr(10), 0, macro.start()) + 1}: a macro that returns or jumps"


def main():
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.[ch]"))]
    faults, long_functions, long_files, lengths = [], [], [], []
    for path in files:
        text = path.read_text(encoding="utf-8")
        code = without_texts(text)
        faults.extend(faults_of(path, text, code))
        if path.suffix != ".c" or "tests" in path.parts:
            continue
        count = text.count("\n")
        if count > FILE_LINES_MAX:
            long_files.append(f"{path.relative_to(ROOT)}: {count} lines")
        for name, length in functions_of(code):
            lengths.append(length)
            if length > FUNCTION_LINES_MAX:
                long_functions.append(f"{path.relative_to(ROOT)}: {name}: {length} lines")
    if "--report" in sys.argv or faults:
        lengths.sort()
        print("\n".join(long_functions + long_files))
        print(f"{len(lengths)} functions, median {lengths[len(lengths) // 2]}, "
              f"95th percentile {lengths[len(lengths) * 95 // 100]}, longest {lengths[-1]} lines")
    print("\n".join(faults + [f"{len(files)} files, {len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
