#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Every C file is as clang-format writes it."""
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    tool = shutil.which("clang-format-14") or shutil.which("clang-format")
    if tool is None:
        print("SKIPPED: clang-format is not installed")
        return 0
    files = [str(path.relative_to(ROOT)) for folder in ("gateway", "policies", "connectors", "tests")
             for path in sorted((ROOT / folder).rglob("*.[ch]"))]
    done = subprocess.run([tool, "--dry-run", "-Werror", *files], cwd=ROOT, text=True,
                          stderr=subprocess.PIPE)
    wrong = sorted(set(re.findall(r"^([^\s:]+):\d+:\d+: error", done.stderr, re.M)))
    if done.returncode != 0 and not wrong:
        wrong = [done.stderr]
    print("\n".join(wrong + [f"{len(files)} files, {len(wrong)} not formatted"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
