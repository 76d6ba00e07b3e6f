#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Prints "passed failed skipped" of a JUnit file, and repeats what skipped tests said about why."""
import sys
import xml.etree.ElementTree as tree

cases = list(tree.parse(sys.argv[1]).getroot().iter("testcase"))
failed = sum(case.find("failure") is not None for case in cases)
skipped = [case for case in cases if case.find("skipped") is not None]
for case in cases:
    for line in (case.findtext("system-out") or "").splitlines():
        if "SKIPPED:" in line:
            print(f"{case.get('name')}: {line.strip()}", file=sys.stderr)
print(len(cases) - failed - len(skipped), failed, len(skipped))
