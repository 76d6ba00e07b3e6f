# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Runs one comparison with Cedar's own engine: a generator (node) into a reader (C).

    run.py WORK READER GENERATOR.js ARGUMENTS...
    run.py WORK READER corpus_lines.js --corpus ARCHIVE SHARE OF

The npm package of package-lock.json is installed in WORK when it is not there yet. Without
node, package or archive it says SKIPPED and ends with 77.
"""

import fcntl
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
# Set, every case of the corpus is compared instead of a share: two to three minutes.
ALL = "KP_CORPUS_ALL"


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(SKIPPED)


def install(work):
    """The node_modules folder with the package."""
    modules = work / "node_modules"
    if (modules / "@cedar-policy" / "cedar-wasm").exists():
        return modules
    if shutil.which("npm") is None or shutil.which("node") is None:
        skip("no node and npm to run @cedar-policy/cedar-wasm with")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, work / name)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        skip(f"npm cannot give @cedar-policy/cedar-wasm: {done.stderr.strip()[-300:]}")
    return modules


def unpack(archive, work):
    """The folder of cases."""
    if not archive.exists():
        skip(f"no {archive}")
    target = work / "corpus"
    if not target.exists():
        partial = work / "corpus.partial"
        shutil.rmtree(partial, ignore_errors=True)
        with tarfile.open(archive) as tar:
            tar.extractall(partial)
        partial.rename(target)
    return target / "corpus-tests"


def prepare(work, arguments):
    """Once at a time: several tests start together and share the folder."""
    work.mkdir(parents=True, exist_ok=True)
    with open(work / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        modules = install(work)
        if arguments[0] == "--corpus":
            folder = unpack(pathlib.Path(arguments[1]), work)
            share = ["0", "1"] if os.environ.get(ALL) else arguments[2:]
            arguments = [str(folder), *share]
    return modules, arguments


def main():
    work, reader, generator = pathlib.Path(sys.argv[1]), sys.argv[2], HERE / sys.argv[3]
    modules, arguments = prepare(work, sys.argv[4:])
    # V8's optimiser crashes on this module now and then; without it, it does not.
    command = ["node", "--no-opt", str(generator), *arguments]
    environment = {**os.environ, "NODE_PATH": str(modules)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as node:
        compared = subprocess.run([reader], stdin=node.stdout, check=False)
        node.stdout.close()
        if node.wait() != 0 or compared.returncode != 0:
            sys.exit(1)


if __name__ == "__main__":
    main()
