#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""`serve` under a service manager, which here is the test: what it is told on NOTIFY_SOCKET, signs
of life, and listening sockets that it passes (sd_notify(3), sd_listen_fds(3)).

    test_service.py PROGRAM
"""
import ctypes
import http.client
import os
import pathlib
import signal
import socket
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import ports  # noqa: E402
import running  # noqa: E402

PROGRAM = running.program_from_arguments()
EPOLL_WAITS = {"232", "281", "22"}  # x86-64: epoll_wait, epoll_pwait; aarch64: epoll_pwait
# A manager's child hands over a socket as it becomes the program: sd_listen_fds(3).
AS_DESCRIPTOR_3 = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""


class Managed(running.Gateway):
    def __init__(self, watchdog_us=None, change=None, passed=None, **environment):
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.place = tempfile.TemporaryDirectory(prefix="ketenpoort-service-")
        self.manager.bind(self.place.name + "/notify")
        self.variables = {"NOTIFY_SOCKET": self.place.name + "/notify", **environment}
        if watchdog_us:
            self.variables["WATCHDOG_USEC"] = str(watchdog_us)
        self.passed = passed
        wrapper = []
        if passed:
            self.pass_fds = (passed.fileno(),)
            wrapper = [sys.executable, "-c", AS_DESCRIPTOR_3, str(passed.fileno())]
        try:
            super().__init__(PROGRAM, change=change, wrapper=wrapper)
        except BaseException:
            self.forget_manager()
            raise

    def write_configuration(self, change):
        if self.passed:
            self.port = self.passed.getsockname()[1]
        super().write_configuration(change)

    def start(self):
        kept = {name: os.environ.get(name) for name in self.variables}
        os.environ.update(self.variables)
        try:
            super().start()
        finally:
            for name, value in kept.items():
                os.environ.pop(name)
                if value is not None:
                    os.environ[name] = value

    def hear(self, patience=30):
        """The next message as a dictionary."""
        self.manager.settimeout(patience)
        text = self.manager.recv(4096).decode()
        return dict(line.split("=", 1) for line in text.splitlines())

    def hear_until(self, name):
        while name not in (message := self.hear()):
            pass
        return message

    def close(self):
        super().close()
        self.forget_manager()

    def forget_manager(self):
        self.manager.close()
        self.place.cleanup()


class Held:
    """A thread that does not run, for as long as this is."""

    SEIZE, INTERRUPT, DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000

    def __init__(self, task):
        self.task = task
        self.call = ctypes.CDLL(None, use_errno=True).ptrace
        self.call.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]

    def ptrace(self, request):
        if self.call(request, self.task, None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")

    def __enter__(self):
        self.ptrace(self.SEIZE)
        self.ptrace(self.INTERRUPT)
        os.waitpid(self.task, self.WALL)

    def __exit__(self, *_):
        self.ptrace(self.DETACH)


class Service(unittest.TestCase):
    def test_ready_reloading_stopping(self):
        with Managed() as gateway:
            self.assertEqual(gateway.hear(), {"READY": "1"})
            gateway.process.send_signal(signal.SIGHUP)
            message = gateway.hear()
            self.assertEqual(message["RELOADING"], "1")
            self.assertGreater(int(message["MONOTONIC_USEC"]), 0)
            self.assertEqual(gateway.hear(), {"READY": "1"})
            # Also when the new configuration is refused.
            (gateway.folder / "gateway.json").write_text("{")
            gateway.process.send_signal(signal.SIGHUP)
            self.assertEqual(gateway.hear()["RELOADING"], "1")
            self.assertEqual(gateway.hear(), {"READY": "1"})
            gateway.process.send_signal(signal.SIGTERM)
            self.assertEqual(gateway.hear(), {"STOPPING": "1"})
            self.assertEqual(gateway.process.wait(30), 0)
            # None of it is passed on, should anything be started after all.
            self.assertNotIn("NOTIFY_SOCKET", gateway.log_text())

    def test_each_listener_serves_its_own(self):
        """A public one shows no numbers; the admin's has nothing else."""
        admin = ports.take()

        def change(config):
            config["listeners"] = [{**config["listeners"][0], "serves": ["api", "health"]},
                                   {"host": "127.0.0.1", "port": admin, "serves": ["health", "metrics"]}]
        with Managed(change=change) as gateway:
            gateway.hear_until("READY")
            found = {}
            for port in (gateway.port, admin):
                for method, path in (("GET", "/health/live"), ("GET", "/metrics"), ("POST", "/metrics"),
                                     ("GET", "/v1/openapi.json"), ("POST", "/v1/dossiers/_zoek")):
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                    connection.request(method, path, "{}" if method == "POST" else None)
                    found[port, method, path] = connection.getresponse().status
                    connection.close()
            self.assertEqual([found[key] for key in found if key[0] == gateway.port], [200, 404, 404, 200, 415])
            self.assertEqual([found[key] for key in found if key[0] == admin], [200, 200, 405, 404, 404])

    def test_signs_of_life(self):
        with Managed(watchdog_us=200_000) as gateway:
            gateway.hear_until("READY")
            for _ in range(3):
                self.assertEqual(gateway.hear_until("WATCHDOG"), {"WATCHDOG": "1"})
            self.assertEqual(gateway.ask("999910061")[0], 200)

    def test_a_loop_that_is_stuck_gives_no_sign_of_life(self):
        def change(config):
            config["server"] = {**config["server"], "loops": 2}
        with Managed(watchdog_us=200_000, change=change) as gateway:
            gateway.hear_until("WATCHDOG")
            if os.geteuid() != 0:
                print("SKIPPED: only root may stop a thread of the gateway")
                self.skipTest("no ptrace")
            task = running.wait_until(lambda: self.other_loop(gateway.process.pid), "no second loop waits for sockets")
            with Held(task):
                # One sign may have been on its way; the absence of more is what is waited for.
                with self.assertRaises(TimeoutError):
                    for _ in range(4):
                        gateway.hear(1.0)
            self.assertEqual(gateway.hear_until("WATCHDOG"), {"WATCHDOG": "1"})

    def other_loop(self, pid):
        """A thread that waits for sockets and is not the first; None while there is none."""
        for task in sorted(int(name) for name in os.listdir(f"/proc/{pid}/task")):
            call = pathlib.Path(f"/proc/{pid}/task/{task}/syscall").read_text().split()[0]
            if task != pid and call in EPOLL_WAITS:
                return task
        return None

    def test_sockets_of_the_manager(self):
        with socket.socket() as passed:
            passed.bind(("127.0.0.1", 0))
            passed.listen(64)

            def change(config):
                config["server"] = {**config["server"], "loops": 2}
            with Managed(change=change, passed=passed, LISTEN_FDS="1") as gateway:
                gateway.hear_until("READY")
                for _ in range(20):
                    self.assertEqual(gateway.ask("999910061")[0], 200)

    def test_what_makes_no_sense_is_told(self):
        for environment, said in (({"LISTEN_FDS": "65"}, "at most 64 sockets"),
                                  ({"NOTIFY_SOCKET": "ergens"}, "no address of a socket"),
                                  ({"NOTIFY_SOCKET": "/nergens/te/vinden"}, "is not there")):
            with self.assertRaisesRegex(RuntimeError, said):
                Managed(**environment)

    def test_what_is_meant_for_another_process_is_left_alone(self):
        with Managed(LISTEN_FDS="3", LISTEN_PID="1", WATCHDOG_USEC="1000", WATCHDOG_PID="1") as gateway:
            gateway.hear_until("READY")
            self.assertEqual(gateway.ask("999910061")[0], 200)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
