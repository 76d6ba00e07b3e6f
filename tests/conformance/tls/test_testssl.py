#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""testssl.sh on a running gateway: nothing above LOW.

usage: test_testssl.py PROGRAM
"""
import json
import pathlib
import shutil
import sys

from tls_rig import Rig, run

# What is about the development authority, not about how TLS is spoken.
NOT_OURS = {"cert_revocation": "it publishes no list to clients",
            "cert_chain_of_trust": "it is in no browser",
            "engine_problem": "testssl.sh is about its own openssl"}
# Protocols, suites, forward secrecy, server defaults, and the vulnerabilities that take no long probing.
SECTIONS = ("-p", "-s", "-f", "-S", "-H", "-I", "-T", "-R", "-C", "-B", "-BB", "-O", "-Z", "-W", "-A", "-L", "-F", "-J",
            "-D", "-4")


def look(rig, name, *sections):
    """The findings, None when there is no verdict."""
    out = pathlib.Path(rig.home.name) / name
    done = run("testssl", "--quiet", "--color", "0", "--warnings", "off", "-n", "none", "--ip", "127.0.0.1",
               "--jsonfile", out, *sections, f"localhost:{rig.port}", seconds=300)
    if not out.exists():
        print(done.stdout.decode()[-2000:], done.stderr.decode()[-2000:])
        return None
    return json.loads(out.read_text())


def above_low(findings):
    return [finding for finding in findings
            if finding["severity"] in ("MEDIUM", "HIGH", "CRITICAL", "FATAL", "WARN")
            and finding["id"].split()[0] not in NOT_OURS]


def main():
    if not shutil.which("testssl"):
        print("SKIPPED: testssl.sh is not installed")
        return 0
    with Rig("none").start() as rig:
        findings = look(rig, "out.json", *SECTIONS)
        if findings is None:
            return 1
        bad = above_low(findings)
        # On a loaded machine a probe of it may not connect in its own time; then it says so, and has not looked.
        if bad and all(finding["severity"] == "WARN" and "connect problem" in finding["finding"] for finding in bad):
            bad = above_low(look(rig, "again.json", "-S") or bad)
    for finding in bad:
        print(f"{finding['severity']}: {finding['id']}: {finding['finding']}")
    ids = {finding["id"] for finding in findings}
    missing = {"TLS1", "TLS1_2", "TLS1_3", "heartbleed", "ROBOT", "secure_client_renego", "SWEET32"} - ids
    print(f"{len(findings)} findings, {len(bad)} above LOW, not looked at: {sorted(missing) or 'nothing'}")
    return 1 if bad or missing else 0


if __name__ == "__main__":
    sys.exit(main())
