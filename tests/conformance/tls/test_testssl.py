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


def main():
    if not shutil.which("testssl"):
        print("SKIPPED: testssl.sh is not installed")
        return 0
    with Rig("none").start() as rig:
        out = pathlib.Path(rig.home.name) / "out.json"
        done = run("testssl", "--quiet", "--color", "0", "--warnings", "off", "-n", "none", "--ip", "127.0.0.1",
                   "--jsonfile", out, *SECTIONS, f"localhost:{rig.port}", seconds=300)
        if not out.exists():
            print(done.stdout.decode()[-2000:], done.stderr.decode()[-2000:])
            return 1
        findings = json.loads(out.read_text())
    bad = [finding for finding in findings
           if finding["severity"] in ("MEDIUM", "HIGH", "CRITICAL", "FATAL", "WARN")
           and finding["id"].split()[0] not in NOT_OURS]
    for finding in bad:
        print(f"{finding['severity']}: {finding['id']}: {finding['finding']}")
    ids = {finding["id"] for finding in findings}
    missing = {"TLS1", "TLS1_2", "TLS1_3", "heartbleed", "ROBOT", "secure_client_renego", "SWEET32"} - ids
    print(f"{len(findings)} findings, {len(bad)} above LOW, not looked at: {sorted(missing) or 'nothing'}")
    return 1 if bad or missing else 0


if __name__ == "__main__":
    sys.exit(main())
