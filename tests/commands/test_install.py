#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""What `cmake --install` puts where, whether it runs from there, and how the unit confines it.

    test_install.py BUILD_FOLDER
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(sys.argv.pop())
ROOT = pathlib.Path(__file__).resolve().parents[2]
EXPOSURE_MAX = 15  # in tenths

# Made while it starts and confines itself, before its own filter is there.
AT_START = {"execve", "arch_prctl", "set_tid_address", "prctl", "seccomp", "landlock_create_ruleset",
            "landlock_add_rule", "landlock_restrict_self", "capget", "mlockall", "listen", "socketpair",
            "socket", "mmap", "mprotect", "clone", "clone3", "ioctl", "prlimit64", "tgkill"}


def have(program):
    return shutil.which(program) is not None


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory(prefix="ketenpoort-install-")
        cls.top = pathlib.Path(cls.home.name)
        subprocess.run(["cmake", "--install", str(BUILD), "--prefix", str(cls.top / "usr")], check=True,
                       stdout=subprocess.DEVNULL)
        cls.unit = cls.top / "usr/lib/systemd/system/ketenpoort.service"

    @classmethod
    def tearDownClass(cls):
        cls.home.cleanup()

    def test_the_layout(self):
        found = {str(path.relative_to(self.top / "usr")) for path in (self.top / "usr").rglob("*")
                 if path.is_file()}
        pages = {f"share/man/man{page.suffix[1:]}/{page.name}" for page in (ROOT / "gateway/man").glob("*.[1-8]")}
        self.assertTrue(pages)
        expected = pages | {"bin/ketenpoort", "lib/systemd/system/ketenpoort.service",
                            "lib/systemd/system/ketenpoort.socket", "lib/sysusers.d/ketenpoort.conf",
                            "lib/tmpfiles.d/ketenpoort.conf", "include/ketenpoort/connector.h",
                            "share/pkgconfig/ketenpoort-connector.pc"}
        self.assertLessEqual(expected, found)
        for name in found - expected:
            self.assertRegex(name, r"^(lib|include|share)/", "something else is installed")

    def test_it_runs_from_there(self):
        program = self.top / "usr/bin/ketenpoort"
        done = subprocess.run([program, "init", self.top / "poort"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        text = self.unit.read_text()
        self.assertRegex(text, r"(?m)^ExecStart=/\S+/bin/ketenpoort serve /\S*etc/ketenpoort/gateway.json$")
        self.assertNotIn("@CMAKE", text)

    def test_the_exposure(self):
        if not have("systemd-analyze"):
            print("SKIPPED: no systemd-analyze to weigh the unit with")
            self.skipTest("no systemd-analyze")
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager",
                               f"--threshold={EXPOSURE_MAX}", str(self.unit)],
                              capture_output=True, text=True, timeout=60)
        if "Overall exposure level" not in done.stdout:
            print("SKIPPED: systemd-analyze cannot weigh a unit here:", done.stderr.strip()[-200:])
            self.skipTest("systemd-analyze does not run")
        self.assertEqual(done.returncode, 0, done.stdout[-3000:])
        self.assertNotIn("ignoring", done.stderr)
        loose = self.top / "los.service"
        loose.write_text("[Service]\nExecStart=/usr/bin/ketenpoort\n")
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager",
                               f"--threshold={EXPOSURE_MAX}", str(loose)], capture_output=True, timeout=60)
        self.assertNotEqual(done.returncode, 0, "an open unit is weighed as a tight one: this checks nothing")

    def expand(self, name):
        """A call, or the calls of a group."""
        if not name.startswith("@"):
            return {name}
        done = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], capture_output=True,
                              text=True, timeout=60, check=True)
        found = set()
        for word in done.stdout.split("\n")[1:]:
            word = word.strip()
            if word and not word.startswith("#"):
                found |= self.expand(word)
        return found

    def test_the_unit_allows_what_the_gateway_does(self):
        if not have("systemd-analyze"):
            self.skipTest("no systemd-analyze")
        allowed = set()
        for line in re.findall(r"(?m)^SystemCallFilter=(.*)$", self.unit.read_text()):
            without = line.startswith("~")
            for name in line.lstrip("~").split():
                calls = self.expand(name)
                allowed = allowed - calls if without else allowed | calls
        made = set(re.findall(r"(?m)^KP_CALL\((\w+)\)", (ROOT / "gateway/io/privilege_calls.def").read_text()))
        self.assertGreater(len(made), 30)
        self.assertEqual(made | AT_START, (made | AT_START) & allowed)
        self.assertFalse({"setuid", "mount", "ptrace", "bpf", "reboot"} & allowed)

    def test_the_unit_says_what_the_program_needs(self):
        text = self.unit.read_text()
        families = set(re.search(r"(?m)^RestrictAddressFamilies=(.*)$", text)[1].split())
        code = (ROOT / "gateway/io/privilege_calls.c").read_text()
        self.assertEqual(families, set(re.search(r"families\[\] = \{([^}]*)\}", code)[1].replace(" ", "").split(",")))
        for line in ("Type=notify", "LimitCORE=0", "LimitMEMLOCK=infinity", "MemorySwapMax=0",
                     "CapabilityBoundingSet=", "NoNewPrivileges=yes", "UMask=0077"):
            self.assertIn(line + "\n", text)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
