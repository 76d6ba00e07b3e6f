#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""clang-tidy over the program, with the rules of .clang-tidy.

    check_tidy.py CACHE [FILES]

A file is looked at again when it, a header or the rules changed; CACHE is the folder that remembers.
"""
import concurrent.futures
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("gateway", "connectors", "policies")
SKIPPED = 77
# Our own flags in place of compile_commands.json: gcc's make clang stop before it looks.
FLAGS = ["-std=c17", "-D_GNU_SOURCE", '-DKP_VERSION="0"', "-DKP_DEBUG=1", f"-I{ROOT}", f"-I{ROOT}/gateway"]


def digest(paths):
    total = hashlib.sha256()
    for path in paths:
        total.update(path.read_bytes())
    return total.hexdigest()


def look_at(tool, path):
    done = subprocess.run([tool, "--quiet", str(path), "--", *FLAGS], cwd=ROOT, capture_output=True,
                          text=True, check=False)
    found = re.findall(r"^.*(?:warning|error): .*$", done.stdout, re.M)
    if done.returncode != 0 and not found:
        found = [f"{path}: {done.stderr[-300:]}"]
    return path, sorted({line.replace(f"{ROOT}/", "") for line in found})


def main():
    tool = shutil.which("clang-tidy-14") or shutil.which("clang-tidy")
    if tool is None:
        print("SKIPPED: clang-tidy is not installed")
        return SKIPPED
    cache = pathlib.Path(sys.argv[1])
    cache.mkdir(parents=True, exist_ok=True)
    names = sys.argv[2:]
    files = [pathlib.Path(name).resolve() for name in names] or \
        [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.c"))]
    # Where the contract is for who includes it as installed.
    installed = cache / "include/ketenpoort"
    installed.mkdir(parents=True, exist_ok=True)
    (installed / "connector.h").write_text(f'#include "{ROOT}/connectors/connector.h"\n')
    FLAGS.append(f"-I{cache}/include")
    shared = digest([ROOT / ".clang-tidy", pathlib.Path(__file__)] +
                    [path for folder in FOLDERS for kind in ("h", "def")
                     for path in sorted((ROOT / folder).rglob(f"*.{kind}"))])
    marks = {path: cache / hashlib.sha256((shared + digest([path])).encode()).hexdigest() for path in files}
    due = [path for path in files if not marks[path].exists()]
    wrong = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, found in pool.map(lambda path: look_at(tool, path), due):
            wrong += found
            for line in found:
                print(line, flush=True)
            if not found:
                marks[path].touch()
    print(f"{len(files)} files, {len(due)} looked at, {len(wrong)} findings")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
