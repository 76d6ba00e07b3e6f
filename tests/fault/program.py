#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A partner's own program, started by the gateway: whatever happens in it costs its own section, it gets at nothing that is not
its own, and it never outlives the gateway."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import running  # noqa: E402

PROGRAM = running.program_from_arguments()
BSN = next(iter(running.stand_ins.load_clients()))

# The shipped example, made to misbehave as the case number says.
MISBEHAVING = r'''
import ctypes, fcntl, json, os, resource, signal, socket, sys, time
import bron

class Handler(bron.Handler):
    def do_POST(self):
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        what, name = self.headers.get("x-proef", ""), "Programma"
        if what == "crash":
            os.abort()
        if what == "halfway":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
            self.wfile.flush()
            os._exit(1)
        if what == "hang":
            time.sleep(1000)  # hangs
        if what == "leak":
            hoard = []
            while True:
                hoard.append(bytearray(8 << 20))
        if what in REACH:
            try:
                REACH[what]()
                name = "BEREIKT"
            except OSError:
                name = "geweigerd"
        if what == "pid":
            name = f"p{os.getpid()}"
        body = json.dumps({"burgerservicenummer": question["burgerservicenummer"], "persoon": {"achternaam": name}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

def shared_memory():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.shmget(0, 4096, 0o1600) < 0:
        raise OSError(ctypes.get_errno(), "shmget")

def elsewhere(kind):
    """One of a pair of sockets, sent to where somebody else listens."""
    socket.socketpair(socket.AF_UNIX, kind)[0].sendto(b"BEREIKT", LISTENER)

class Server(bron.Server):
    def handle_error(self, request, address):
        os.abort()  # out of memory in a thread is the end of the program

REACH = {
    "network": lambda: socket.socket().connect(("127.0.0.1", GATEWAY)),
    "unix": lambda: socket.socket(socket.AF_UNIX),
    "write": lambda: open(os.path.join(os.path.dirname(__file__), "kept"), "w"),
    "secret": lambda: open(SECRET),
    "journal": lambda: os.listdir(FOLDER),
    "signal": lambda: os.kill(os.getppid(), 0),
    "memory": lambda: open(f"/proc/{os.getppid()}/mem"),
    "cut": lambda: os.truncate(SECRET, 0),
    "mode": lambda: os.chmod(SECRET, 0o644),
    "owner": lambda: os.chown(SECRET, -1, -1),
    "times": lambda: os.utime(SECRET),
    "attribute": lambda: os.setxattr(SECRET, "user.bron", b""),
    "limits": lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CORE, (0, 0)),
    "priority": lambda: os.setpriority(os.PRIO_USER, 0, 1),
    "processor": lambda: os.sched_setaffinity(os.getppid(), os.sched_getaffinity(0)),
    "belongs": lambda: fcntl.fcntl(socket.socketpair()[0], fcntl.F_SETOWN, os.getppid()),
    "datagram": lambda: elsewhere(socket.SOCK_DGRAM),
    "raw": lambda: elsewhere(socket.SOCK_RAW),
    "shared": shared_memory,
    "unbounded": lambda: os.memfd_create("bron"),
    "packets": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    "audit": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9),
}
bron.Handler = Handler
Server().serve_forever()
'''


# The names of REACH above.
REACHES = re.findall(r'^    "([a-z]+)": ', MISBEHAVING, re.MULTILINE)


def alive(pid):
    with contextlib.suppress(OSError):
        return "State:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()
    return False


class ProgramGateway(running.Gateway):
    """UWV is a program of its own."""

    network = False

    def __init__(self, program, **options):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        super().__init__(program, **options)

    def close(self):
        super().close()
        self.listener.close()

    def write_configuration(self, change):
        super().write_configuration(change)
        self.listener.bind(str(self.folder / "listener"))
        folder = self.folder / "programma"
        folder.mkdir()
        shutil.copy(running.ROOT / "connectors/example/program/bron.py", folder)
        self.write_program(MISBEHAVING)
        path = self.folder / "gateway.json"
        config = json.loads(path.read_text())
        config["sources"] = {**config.get("sources", {}), "programs": True}
        path.write_text(json.dumps(config))
        path = self.folder / "sources/uwv.json"
        manifest = json.loads(path.read_text())
        del manifest["endpoint"]
        manifest["limits"] = {"time_ms": 5000}
        manifest["idempotent"] = False
        manifest["program"] = {"command": ["python3", "-B", "main.py"], "folder": "programma", "memory_mib": 384,
                               "network": self.network}
        manifest["request"]["headers"]["x-proef"] = "{zaak}"
        path.write_text(json.dumps(manifest))

    def write_program(self, text):
        values = {"GATEWAY": self.port, "SECRET": str(self.folder / "secrets/uwv-token"), "FOLDER": str(self.folder),
                  "LISTENER": str(self.folder / "listener")}
        head = "".join(f"{name} = {value!r}\n" for name, value in values.items())
        (self.folder / "programma/main.py").write_text(head + text)


class NetworkGateway(ProgramGateway):
    network = True


class PartnerProgram(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gateway = ProgramGateway(PROGRAM)

    @classmethod
    def tearDownClass(cls):
        cls.gateway.close()

    def ask(self, what):
        with contextlib.closing(self.gateway.connect()) as connection:
            status, dossier = self.gateway.ask(BSN, connection=connection, zaakkenmerk=what, budgetMs=9000)
        self.assertEqual(status, 200, dossier)
        states = {source["bron"]: source["status"] for source in dossier["bronnen"]}
        self.assertEqual(states["brp"], "gevonden", dossier["bronnen"])
        return dossier, states["uwv"]

    def said(self, what):
        """What the program gave as the name: the BRP's is shown, its own stands beside it."""
        dossier, state = self.ask(what)
        self.assertEqual(state, "gevonden", dossier["bronnen"])
        values = [value["waarde"] for conflict in dossier["afwijkingen"] if conflict["pad"].endswith("geslachtsnaam")
                  for value in conflict["waarden"] if value["bron"] == "uwv"]
        self.assertEqual(len(values), 1, dossier["afwijkingen"])
        return values[0]

    def pid(self):
        return int(self.said("pid")[1:])

    def starts(self):
        with contextlib.closing(self.gateway.connect()) as connection:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        return int(re.search(r'program_starts_total\{source="uwv"\} (\d+)', text)[1])

    def test_answers(self):
        self.assertEqual(self.said("gewoon"), "Programma")

    def test_reaches_nothing(self):
        self.refused(*REACHES)

    def refused(self, *reaches):
        for what in reaches:
            with self.subTest(what):
                self.assertEqual(self.said(what), "geweigerd")

    def test_misfortune_costs_its_section(self):
        for what in ("crash", "halfway", "leak", "hang"):
            with self.subTest(what):
                before = self.starts()
                _, state = self.ask(what)
                self.assertIn(state, ("fout", "nietBereikt"))
                if what != "hang":
                    running.wait_until(lambda: self.starts() > before, "it was not started again")
                # The question waits on the socket until the program is there again.
                self.assertEqual(self.said("gewoon"), "Programma")

    def test_killed_from_outside(self):
        old, before = self.pid(), self.starts()
        os.kill(old, signal.SIGKILL)
        # A question on its way while it dies may find nobody.
        running.wait_until(lambda: self.starts() > before, "it was not started again")
        self.assertNotEqual(self.pid(), old)

    def test_reload_starts_the_new_one(self):
        old = self.pid()
        self.gateway.write_program(MISBEHAVING.replace('"Programma"', '"Vernieuwd"'))
        self.gateway.process.send_signal(signal.SIGHUP)
        running.wait_until(lambda: self.said("gewoon") == "Vernieuwd", "the new program does not answer")
        running.wait_until(lambda: not alive(old), "the old program is still there")
        sockets = list((self.gateway.folder / "run").glob("uwv-*"))
        self.assertEqual(len(sockets), 1)
        self.assertEqual(sockets[0].stat().st_mode & 0o077, 0)
        self.gateway.write_program(MISBEHAVING)
        self.gateway.process.send_signal(signal.SIGHUP)
        running.wait_until(lambda: self.said("gewoon") == "Programma", "the program before does not answer again")


def children(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Attendant(unittest.TestCase):
    def test_that_answers_too_late(self):
        """What it did meanwhile nobody waits for, and its answer is taken for no other."""
        with ProgramGateway(PROGRAM) as gateway:
            case = PartnerProgram()
            case.gateway = gateway
            old = case.pid()
            attendant, = children(gateway.process.pid)
            os.kill(attendant, signal.SIGSTOP)
            gateway.reload()
            self.assertIn("the attendant does not answer", gateway.log_text())
            os.kill(attendant, signal.SIGCONT)
            running.wait_until(lambda: len(list((gateway.folder / "run").glob("uwv-*"))) == 1,
                               "a program that nobody waits for is still there")
            self.assertEqual(case.pid(), old)
            gateway.reload()
            running.wait_until(lambda: children(attendant) not in ([], [old]) and len(children(attendant)) == 1,
                               "there is more than the new program, or less")
            self.assertNotEqual(case.pid(), old)


class WithNetwork(unittest.TestCase):
    def test_reaches_others_over_the_internet_only(self):
        """Nobody on this machine by a path."""
        with NetworkGateway(PROGRAM) as gateway:
            case = PartnerProgram()
            case.gateway = gateway
            self.assertEqual(case.said("network"), "BEREIKT")
            case.refused(*(what for what in REACHES if what != "network"))


class End(unittest.TestCase):
    def end(self, how, code):
        with ProgramGateway(PROGRAM) as gateway:
            case = PartnerProgram()
            case.gateway = gateway
            pid = case.pid()
            self.assertEqual(gateway.stop(how), code)
            running.wait_until(lambda: not alive(pid), "the program outlives the gateway")

    def test_ends_with_the_gateway(self):
        self.end(signal.SIGTERM, 0)

    def test_ends_when_the_gateway_is_killed(self):
        self.end(signal.SIGKILL, -signal.SIGKILL)

    def test_that_never_starts(self):
        with ProgramGateway(PROGRAM) as gateway:
            gateway.write_program("raise SystemExit(3)\n")
            gateway.process.send_signal(signal.SIGHUP)
            case = PartnerProgram()
            case.gateway = gateway
            running.wait_until(lambda: case.ask("gewoon")[1] == "nietBereikt", "a program that never starts was reached")
            self.assertEqual(gateway.stop(), 0)


if __name__ == "__main__":
    unittest.main()
