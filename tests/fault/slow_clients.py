#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""The four modes of slowhttptest (slow heads, slow bodies, slow reading, many ranges), 200 connections each."""
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import attacked  # noqa: E402

CONNECTIONS = 200
# It ends by itself when the last connection is closed, long before this; reading is never cut off while it reads.
SECONDS = {"heads": 30, "bodies": 30, "reading": 3, "ranges": 30}
MODES = {
    "heads": ["-H", "-i", "1"],
    "bodies": ["-B", "-i", "1", "-s", "8192", "-t", "POST", "-f", "application/json"],
    "reading": ["-X", "-w", "1", "-y", "16", "-n", "1", "-z", "1", "-k", "10"],
    "ranges": ["-R", "-a", "1", "-b", "3000"],
}


def limits(config):
    config.setdefault("http", {}).update(write_timeout_ms=700, head_timeout_ms=700, body_timeout_ms=700, linger_ms=200,
                                         idle_timeout_ms=5000)  # the honest one with a connection of its own may be slow as well


class SlowClients(attacked.Attacked):
    limits = staticmethod(limits)

    def slow(self, mode):
        path = "/v1/openapi.json" if mode == "reading" else "/v1/dossiers/_zoek"
        return subprocess.run(["slowhttptest", *MODES[mode], "-c", str(CONNECTIONS), "-r", str(CONNECTIONS), "-l", str(SECONDS[mode]),
                               "-p", "30", "-u", f"http://127.0.0.1:{self.gateway.port}{path}", "-v", "1"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120).stdout

    def test_all_modes_at_once(self):
        for mode, said in zip(MODES, self.under_attack([lambda mode=mode: self.slow(mode) for mode in MODES])):
            with self.subTest(mode=mode):
                self.assertIn("service available", said)
                if mode != "reading":  # there a client does take something, now and then
                    self.assertIn("No open connections left", said)
                self.assertNotRegex(said, r"service available:\s*(\x1b\[[0-9;]*m)*\s*NO")


if __name__ == "__main__":
    if not shutil.which("slowhttptest"):
        print("SKIPPED: there is no slowhttptest (Debian package)")
        sys.exit(0)
    unittest.main()
