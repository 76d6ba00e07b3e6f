#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Of a JUnit file of ctest's and its output beside it, prints "passed failed skipped" and the names of those that passed only
when they were tried again; repeats what skipped tests said about why."""
import re
import sys
import xml.etree.ElementTree as tree

# "3/82 Test #218: flow_real_events ....***Failed  1.21 sec"; JUnit has the last try of each.
BROKEN = re.compile(r"Test +#\d+: (\S+) \.*\*\*\*(?!Skipped)")

cases = list(tree.parse(sys.argv[1]).getroot().iter("testcase"))
failed = {case.get("name") for case in cases if case.find("failure") is not None}
skipped = [case for case in cases if case.find("skipped") is not None]
for case in cases:
    for line in (case.findtext("system-out") or "").splitlines():
        if "SKIPPED:" in line:
            print(f"{case.get('name')}: {line.strip()}", file=sys.stderr)
with open(sys.argv[2], encoding="utf-8", errors="replace") as log:
    again = {found[1] for line in log if (found := BROKEN.search(line))} - failed
print(len(cases) - len(failed) - len(skipped), len(failed), len(skipped), *sorted(again))
