# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Public suites for the parsers: found, unpacked, or loudly skipped. Shared by check_*.py."""

import pathlib
import re
import shutil
import subprocess
import sys
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77


def arguments():
    """The probe, the folder with archives, and a folder of our own to unpack in."""
    probe, archives, work = sys.argv[1:4]
    work = pathlib.Path(work)
    work.mkdir(parents=True, exist_ok=True)
    return probe, pathlib.Path(archives), work


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(SKIPPED)


def unpack(archives, name, work):
    """The folder an archive unpacks to; None when the archive is not there."""
    archive = archives / f"{name}.tar.gz"
    if not archive.exists():
        return None
    target = work / name
    if not target.exists():
        partial = work / f"{name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        with tarfile.open(archive) as tar:
            tar.extractall(partial)
        partial.rename(target)
    return target


def npm_package(name, work):
    """The folder of a package from package-lock.json; None when npm cannot give it."""
    home = work / "npm"
    folder = home / "node_modules" / name
    if folder.exists():
        return folder
    if shutil.which("npm") is None:
        return None
    home.mkdir(parents=True, exist_ok=True)
    for file in ("package.json", "package-lock.json"):
        shutil.copy(HERE / file, home / file)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1",
               "--fetch-retry-mintimeout=1000", "--fetch-timeout=20000"]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stderr[-500:])
        shutil.rmtree(home, ignore_errors=True)  # half an installation is none
        return None
    return folder if folder.exists() else None


def run_probe(probe, kind, paths):
    done = subprocess.run([probe, kind, *map(str, paths)], capture_output=True, check=False)
    if done.returncode != 0:
        print(done.stderr.decode(errors="replace"))
        sys.exit(1)
    return done.stdout.decode()


def table(document):
    """Rows of every table in a Markdown file beside this one, as lists of cells without back quotes."""
    rows = []
    for line in (HERE / document).read_text(encoding="utf-8").splitlines():
        if re.match(r"\|[-| ]+\|$", line) or not line.startswith("|"):
            continue
        # A bar inside a name is written as \| there.
        cells = re.split(r"(?<!\\)\|", line.strip()[1:-1])
        rows.append([cell.strip().replace("\\|", "|") for cell in cells])
    return rows


def finish(right, wrong):
    for line in wrong:
        print("WRONG:", line)
    print(f"{right} right, {len(wrong)} wrong")
    sys.exit(1 if wrong or right == 0 else 0)
