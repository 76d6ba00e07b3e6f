# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""What the socket tests share: the program under test, a stub partner, and how to ask."""
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from stub_partner import Stub  # noqa: E402, F401

PROGRAM = [sys.argv[1], "connector"]
SOURCE = pathlib.Path(sys.argv[2])
SHARED = pathlib.Path(sys.argv[3])
EXAMPLE = sys.argv[4]
CATALOGUE = SOURCE / "policies/voorbeeld/catalogus.json"
WORK = pathlib.Path(tempfile.mkdtemp(prefix="kp-conformance-"))

SECRETS = ("brp_key", "kvk_key", "klantinteracties", "zgw", "woz_key", "brk_key")

failures = []


def check(fact, what):
    if not fact:
        failures.append(what)
        print(f"FAILED  {what}", flush=True)


def finish(name):
    print(f"{name}: {len(failures)} failed" if failures else f"{name}: all well")
    sys.exit(1 if failures else 0)


def write(name, text):
    path = WORK / name
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    return path


def manifest(name, port, **changes):
    """A shipped manifest, pointed at a port of this machine."""
    text = json.loads((SOURCE / "connectors/rest/manifests" / name).read_text())
    base = text["endpoint"].split("/", 3)[3]
    text["endpoint"] = f"http://127.0.0.1:{port}/{base}"
    for key, value in changes.items():
        text[key] = value
    return text


def connector(*arguments, catalogue=CATALOGUE):
    done = subprocess.run([*PROGRAM, *map(str, arguments), "--catalogue", str(catalogue)],
                          capture_output=True, text=True, timeout=120)
    check("Sanitizer" not in done.stderr, done.stderr[:2000])
    return done


def attempt(manifest_text, bsn, *arguments, catalogue=CATALOGUE):
    """connector try --json: what came of one question."""
    path = write("manifest.json", manifest_text)
    number = write("bsn", bsn + "\n")
    secret = write("secret", "demo-sleutel-brp\n")
    done = connector("try", path, "--json", "--bsn-file", number,
                     *[f"--secret={name}={secret}" for name in SECRETS],
                     *arguments, catalogue=catalogue)
    check(done.returncode in (0, 1) and "Sanitizer" not in done.stderr,
          f"try ended with {done.returncode}: {done.stderr[:2000]}")
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        check(False, f"no JSON from try (exit {done.returncode}): {done.stderr[:500]}")
        return {"outcome": "", "fields": [], "dropped": [], "unmapped": [], "notes": [], "doubts": [],
                "request": {}, "fault": ""}
