#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A gateway that starts as root on a low port, becomes somebody else and gives up what it does not
need: what /proc says of every thread, what code inside it can still do (intruder.c), and that it
still answers, reloads, opens its log anew and stops.

    confined.py INTRUDER PROGRAM
"""
import contextlib
import errno
import json
import os
import pathlib
import pwd
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import ports  # noqa: E402
import running  # noqa: E402

PROGRAM = running.program_from_arguments()
INTRUDER = os.path.abspath(sys.argv.pop())
USER = "nobody"
BSN = "999910061"

if os.geteuid() != 0:
    print("SKIPPED: only root can start as root")
    sys.exit(77)


def low_port():
    """A port that only root may take."""
    for port in random.sample(range(500, 1024), 200):
        with contextlib.suppress(OSError):
            return ports.hold(port)
    raise RuntimeError("no free low port")


def landlock_version():
    import ctypes
    return max(0, ctypes.CDLL(None).syscall(444, None, 0, 1))


class Confined(running.Gateway):
    """Owned by the user it becomes, with a log in a folder of its own."""

    def __init__(self, **process):
        self.top = tempfile.TemporaryDirectory(prefix="ketenpoort-confined-")
        os.chmod(self.top.name, 0o755)
        self.told, self.tell = os.pipe()

        def change(config):
            config["listeners"] = [{"host": "127.0.0.1", "port": self.port}]
            config["log"] = {"file": "log/gateway.log"}
            config["process"] = {"user": USER, **process}
        try:
            super().__init__(PROGRAM, folder=self.top.name, change=change)
        except BaseException:
            self.top.cleanup()
            raise

    def write_configuration(self, change):
        self.port = low_port()
        super().write_configuration(change)
        (self.folder / "log").mkdir()
        for path in (self.folder, *self.folder.rglob("*")):
            shutil.chown(path, USER)

    def start(self):
        self.log = open(pathlib.Path(self.top.name) / "stderr", "wb")
        environment = {**os.environ, "LD_PRELOAD": INTRUDER, "INTRUDER_FD": str(self.tell),
                       "INTRUDER_CONFIGURATION": str(self.folder / "gateway.json"),
                       "INTRUDER_JOURNAL": str(self.folder / "journal/ketenpoort.journal")}
        self.process = subprocess.Popen([self.program, "serve", str(self.folder / "gateway.json")],
                                        stdout=self.log, stderr=self.log, env=environment,
                                        pass_fds=[self.tell])
        try:
            running.wait_for_port(self.port, self.process)
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{pathlib.Path(self.log.name).read_text()}") from error

    def log_text(self):
        return (self.folder / "log/gateway.log").read_text(encoding="utf-8")

    def intrude(self):
        """What the attempts came to: name to errno."""
        self.process.send_signal(signal.SIGUSR2)
        text = b""
        while b"done 0\n" not in text:
            piece = os.read(self.told, 4096)
            if not piece:
                raise RuntimeError("the gateway is gone")
            text += piece
        return {name: int(code) for name, code in (line.split() for line in text.decode().splitlines())}

    def threads(self):
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            yield dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines()
                       if ":\t" in line)

    def close(self):
        super().close()
        os.close(self.told)
        os.close(self.tell)
        self.top.cleanup()


class Life(unittest.TestCase):
    def test_a_confined_gateway(self):
        with Confined(unknown_calls="refuse") as gateway:
            self.assertLess(gateway.port, 1024)
            self.assertEqual(gateway.ask(BSN)[0], 200)
            self.check_threads(gateway)
            self.check_intruder(gateway)
            self.check_reload(gateway)
            self.check_intruder(gateway)
            self.assertEqual(gateway.ask(BSN)[0], 200)
            self.assertEqual(gateway.stop(), 0)
            self.assertIn('"stopped"', gateway.log_text())

    def check_threads(self, gateway):
        user = pwd.getpwnam(USER)
        count = 0
        for status in gateway.threads():
            count += 1
            self.assertEqual(set(status["Uid"].split()), {str(user.pw_uid)})
            self.assertEqual(set(status["Gid"].split()), {str(user.pw_gid)})
            self.assertEqual(status["Groups"].split(), [])
            for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                self.assertEqual(int(status[name], 16), 0, name)
            self.assertEqual(status["NoNewPrivs"], "1")
            self.assertEqual(status["Seccomp"], "2")
        self.assertGreater(count, 3)
        proc = pathlib.Path(f"/proc/{gateway.process.pid}")
        # Not dumpable: what tells of its memory belongs to root, not to the user it became.
        self.assertEqual((proc / "mem").stat().st_uid, 0)
        limits = (proc / "limits").read_text().splitlines()
        core = next(line for line in limits if line.startswith("Max core file size"))
        self.assertEqual(core.split()[4:6], ["0", "0"])

    def check_intruder(self, gateway):
        found = gateway.intrude()
        version = landlock_version()
        refused = {errno.EACCES, errno.EPERM}
        for name in ("shadow", "home", "program", "fork", "root", "signal", "packets", "code", "listen"):
            self.assertIn(found[name], refused, name)
        self.assertEqual((found["configuration-read"], found["journal"]), (0, 0))
        if version == 0:
            print("SKIPPED: this kernel has no Landlock, so files are not confined")
            return
        for name in ("memory", "outside", "configuration-write"):
            self.assertEqual(found[name], errno.EACCES, name)

    def check_reload(self, gateway):
        """Configuration, rules and secrets are read by the user it became; so is the log opened."""
        path = gateway.folder / "gateway.json"
        config = json.loads(path.read_text())
        config["request"] = {**config["request"], "fields_max": 1}
        path.write_text(json.dumps(config))
        log = gateway.folder / "log/gateway.log"
        log.rename(gateway.folder / "log/gateway.log.1")
        gateway.reload()
        self.assertEqual(gateway.ask(BSN, velden=["persoon", "adres"])[0], 400)
        running.wait_until(log.exists, "the log was not opened anew")
        self.assertEqual(log.stat().st_uid, pwd.getpwnam(USER).pw_uid)
        # What that user may not read is not read: the old configuration stays.
        key = gateway.folder / "secrets/pseudonym.json"
        os.chown(key, 0, 0)
        before = gateway.reloads()
        gateway.reload()
        self.assertNotEqual(before, gateway.reloads())
        self.assertIn("reload refused", gateway.log_text())
        self.assertEqual(gateway.ask(BSN)[0], 200)
        shutil.chown(key, USER)
        gateway.reload()

    def test_a_call_that_is_not_on_the_list_ends_it(self):
        with Confined(unknown_calls="kill", confine_files=False) as gateway:
            self.assertEqual(gateway.ask(BSN)[0], 200)
            gateway.reload()
            gateway.process.send_signal(signal.SIGUSR2)
            self.assertEqual(gateway.process.wait(20), -signal.SIGSYS)
            self.assertFalse(any(gateway.folder.rglob("core*")))

    def test_wrong_names_are_told_at_start(self):
        for process, said in (({"user": "geen-zo-iemand"}, "there is no user 'geen-zo-iemand'"),
                              ({"group": "geen-zo-groep"}, "there is no group 'geen-zo-groep'"),
                              ({"user": "root"}, "the rights of root")):
            with self.assertRaisesRegex(RuntimeError, said):
                Confined(**process)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
