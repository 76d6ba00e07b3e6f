#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""The served OpenAPI document under two checkers of others, both from npm: the linter of the NL
API Design Rules (its rule set lies in the shared data) and a validator of OpenAPI's own schema.
Each must also refuse a document that was spoiled, or it checks nothing.

    lint.py WORK SHARED_DATA PROGRAM
"""
import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "support")]
import running  # noqa: E402

SKIPPED = 77


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(SKIPPED)


def install(work):
    """The node_modules folder with both. Once at a time."""
    work.mkdir(parents=True, exist_ok=True)
    with open(work / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        modules = work / "node_modules"
        if not (modules / "complete").exists():
            if shutil.which("npm") is None or shutil.which("node") is None:
                skip("no node and npm to run the linter of the API Design Rules with")
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, work / name)
            done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=work,
                                  capture_output=True, text=True, check=False)
            if done.returncode != 0:
                skip(f"npm cannot give the linter: {done.stderr.strip()[-300:]}")
            (modules / "complete").touch()
        return modules


def spectral(modules, rules, path):
    return subprocess.run([str(modules / ".bin/spectral"), "lint", "--fail-severity=hint", "-r", str(rules),
                           str(path)], capture_output=True, text=True, timeout=300, check=False,
                          env={**os.environ, "NO_UPDATE_NOTIFIER": "1"})


def validator(modules, path):
    return subprocess.run(["node", str(modules / "@seriousme/openapi-schema-validator/bin/validate-api-cli.js"),
                           str(path)], capture_output=True, text=True, timeout=300, check=False)


def spoil(document, how):
    copy = json.loads(json.dumps(document))
    how(copy)
    return copy


def no_version_header(document):
    del document["paths"]["/dossiers/_zoek"]["post"]["responses"]["200"]["headers"]["API-Version"]


def wrong_type(document):
    document["paths"]["/dossiers/_zoek"]["post"]["responses"] = []


def check(name, run, document, spoiled, work):
    good, bad = work / f"{name}.json", work / f"{name}-spoiled.json"
    good.write_text(json.dumps(document), encoding="utf-8")
    bad.write_text(json.dumps(spoiled), encoding="utf-8")
    done = run(good)
    if done.returncode != 0:
        print(done.stdout + done.stderr)
        sys.exit(f"{name} finds fault with the document")
    if run(bad).returncode == 0:
        sys.exit(f"{name} finds no fault with a spoiled document, so it checks nothing")
    print(f"{name}: no fault")


def main():
    program = running.program_from_arguments()
    work, shared = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    modules = install(work)
    with running.Gateway(program) as gateway:
        connection = gateway.connect()
        connection.request("GET", "/v1/openapi.json")
        document = json.loads(connection.getresponse().read())
    check("validator", lambda path: validator(modules, path), document, spoil(document, wrong_type), work)
    rules = shared / "adr/linter.yaml"
    if not rules.exists():
        skip(f"no {rules}: the rule set of the API Design Rules is not there")
    check("spectral", lambda path: spectral(modules, rules, path), document,
          spoil(document, no_version_header), work)


if __name__ == "__main__":
    main()
