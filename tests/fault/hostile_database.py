#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A database that wishes harm: it speaks PostgreSQL's protocol as far as it suits it, and then says what no server says. It
costs its own section, and the gateway goes on answering others meanwhile."""
import collections
import contextlib
import json
import pathlib
import socket
import struct
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import running  # noqa: E402

PROGRAM = running.program_from_arguments()
# libpq forgets a result it has when CopyOutResponse comes behind rows (getCopyStart): a leak of its own.
LEAKS_COUNT = b"__asan_init" in pathlib.Path(PROGRAM).read_bytes()
BSN = next(iter(running.stand_ins.load_clients()))
COLUMNS = ["bsn", "wet"]
SSL_REQUEST = 80877103
MANIFEST = {
    "source": "svb", "organisation": {"oin": "00000001820000032000", "name": "Proefdatabase"}, "connector": "sql",
    "access": {"kind": "basic", "secret": "db"},
    "limits": {"time_ms": 1500, "connect_ms": 1500, "concurrent": 1, "answer_bytes": 65536},
    "sql": {"queries": {"regeling": "select bsn, wet from regeling where bsn = cast(:bsn as bigint)"}},
    "response": {"subject": "bsn", "lists": {"uitkeringen": {"items": "regeling", "fields": {"uitkeringen.wet": "wet"}}}}}


def message(kind, body=b""):
    return kind + struct.pack("!I", len(body) + 4) + body


def columns(names):
    """RowDescription: texts all."""
    return message(b"T", struct.pack("!H", len(names)) + b"".join(
        name.encode() + b"\0" + struct.pack("!IhIhih", 0, 0, 25, -1, -1, 0) for name in names))


def row(*values):
    return message(b"D", struct.pack("!H", len(values)) + b"".join(
        struct.pack("!I", len(value)) + value.encode() for value in values))


def tag(text):
    return message(b"C", text.encode() + b"\0")


def copying(kind, count=1):
    """CopyOutResponse and its like."""
    return message(kind, struct.pack("!bH", 0, count) + struct.pack("!h", 0) * count)


def setting(name, value):
    """ParameterStatus."""
    return message(b"S", name.encode() + b"\0" + value.encode() + b"\0")


def settings(count):
    """As many KiB, each of them one that libpq keeps."""
    return b"".join(setting(f"naam{number}", "x" * 1024) for number in range(count))


NOTICE = message(b"N", b"SNOTICE\0C00000\0M" + b"x" * 1024 + b"\0\0")
GOOD = columns(COLUMNS) + row(BSN, "AOW") + tag("SELECT 1")


class Database:
    """Answers each question of the source with `answer`, bytes or a function that writes; and all else as a server does."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.listener.getsockname()[1]
        self.answer = GOOD
        self.idle = None  # what is sent when a question was answered
        self.welcome = b""  # what is sent to who is let in
        self.asked = 0
        self.connected = 0
        self.ended = collections.deque(maxlen=100)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                peer.settimeout(20)
                threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        with peer, contextlib.suppress(OSError, EOFError):
            stream = peer.makefile("rb")
            while self.start_up(peer, stream) == SSL_REQUEST:
                peer.sendall(b"N")
            self.connected += 1
            peer.sendall(message(b"R", struct.pack("!I", 0)) + setting("server_version", "15.0") + self.welcome +
                         message(b"K", struct.pack("!II", 1, 1)) + message(b"Z", b"I"))
            self.converse(peer, stream)
        self.ended.append(peer)

    @staticmethod
    def read(stream, size):
        data = stream.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def start_up(self, peer, stream):
        size, code = struct.unpack("!II", self.read(stream, 8))
        self.read(stream, size - 8)
        return code

    def converse(self, peer, stream):
        statements = {}
        text = b""
        while True:
            kind, size = struct.unpack("!cI", self.read(stream, 5))
            body = self.read(stream, size - 4)
            if kind == b"P":
                name, text, _ = body.split(b"\0", 2)
                statements[name] = text
                peer.sendall(message(b"1"))
            elif kind == b"B":
                text = statements[body.split(b"\0", 2)[1]]
                peer.sendall(message(b"2"))
            elif kind == b"E":
                self.execute(peer, text)
            elif kind == b"S":
                peer.sendall(message(b"Z", b"I"))
                if self.idle and b"regeling" in b"".join(statements.values()):
                    self.say(peer, self.idle)
            elif kind == b"X":
                return

    def execute(self, peer, text):
        if b"from regeling" in text:
            self.asked += 1
            self.say(peer, self.answer)
        elif text.startswith(b"SELECT"):
            peer.sendall(columns(["set_config"]) + row("1") + tag("SELECT 1"))
        else:
            peer.sendall(message(b"n") + tag("BEGIN"))

    @staticmethod
    def say(peer, what):
        if callable(what):
            what(peer)
        else:
            peer.sendall(what)

    def stop(self):
        self.listener.close()


class DatabaseGateway(running.Gateway):
    def write_configuration(self, change):
        self.partners.pop("svb").stop()
        self.database = self.partners["svb"] = Database()

        def connect(config):
            config["secrets"]["db"] = {"file": "secrets/db"}
            config["server"] = {**config.get("server", {}), "loops": 1}
        super().write_configuration(connect)
        secret = self.folder / "secrets/db"
        secret.touch(mode=0o600)
        secret.write_text("lezer:geheim\n")
        config = json.loads((self.folder / "gateway.json").read_text())
        config["secrets"]["db"] = {"file": "secrets/db"}
        (self.folder / "gateway.json").write_text(json.dumps(config))
        manifest = {**MANIFEST, "endpoint": f"postgresql://127.0.0.1:{self.database.port}/proef"}
        (self.folder / "sources/svb.json").write_text(json.dumps(manifest))

    def resident_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])


def flood(piece):
    """Until nobody listens any more."""
    def write(peer):
        while True:
            peer.sendall(piece)
    return write


class HostileDatabase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gateway = DatabaseGateway(PROGRAM)
        cls.addClassCleanup(cls.gateway.close)
        cls.database = cls.gateway.database

    @classmethod
    def tearDownClass(cls):
        code = cls.gateway.stop()
        if code != 0:
            raise AssertionError(f"the gateway ended with {code}: {cls.gateway.log_text()}")

    def ask(self):
        with contextlib.closing(self.gateway.connect()) as connection:
            status, dossier = self.gateway.ask(BSN, connection=connection, velden=["persoon", "uitkeringen"])
        self.assertEqual(status, 200, dossier)
        states = {source["bron"]: source["status"] for source in dossier["bronnen"]}
        self.assertEqual(states["brp"], "gevonden", dossier["bronnen"])
        self.reason = next((source.get("reden") for source in dossier["bronnen"] if source["bron"] == "svb"), None)
        return states["svb"]

    def after(self, answer, idle=None):
        self.database.answer = answer
        self.database.idle = idle
        state = self.ask()
        self.database.answer = GOOD
        self.database.idle = None
        self.assertEqual(self.ask(), "gevonden")
        return state

    def test_answers(self):
        self.assertEqual(self.after(GOOD), "gevonden")

    def test_says_what_was_not_asked(self):
        for name, answer in {
                "copy out": copying(b"H"), "copy in": copying(b"G"), "copy both": copying(b"W"),
                "rows and copy": columns(COLUMNS) + row(BSN, "AOW") + copying(b"H"),
                "unknown": message(b"?"), "no row description": row(BSN, "AOW") + tag("SELECT 1"),
                "fewer values": columns(COLUMNS) + row(BSN) + tag("SELECT 1"),
                "more values": columns(COLUMNS) + row(BSN, "AOW", "x") + tag("SELECT 1"),
                "many columns": columns(["k"] * 1600) + row(*["x"] * 1600) + tag("SELECT 1"),
                "a negative length": columns(COLUMNS) + message(b"D", struct.pack("!Hi", 2, -5)),
                "a length past the end": columns(COLUMNS) + message(b"D", struct.pack("!HI", 2, 1 << 30)),
                "two ends": GOOD + tag("SELECT 1") * 3, "ready too early": GOOD + message(b"Z", b"I") * 3,
                "in a transaction": GOOD + message(b"Z", b"T"),
                "an error without a code": message(b"E", b"Mweg\0\0"), "an empty error": message(b"E", b"\0"),
        }.items():
            if name == "rows and copy" and LEAKS_COUNT:
                continue
            with self.subTest(name):
                self.assertIn(self.after(answer), ("fout", "nietBereikt"))

    def test_goes_on_with_other_columns(self):
        """That is what was asked next, and counts for nothing."""
        self.after(columns(COLUMNS) + row(BSN, "AOW") + columns(["k"] * 1600) + row(*["x"] * 1600))

    def test_never_stops(self):
        for name, piece in {
                "notices": message(b"N", b"SNOTICE\0C00000\0Mwacht\0\0"),
                "notifications": message(b"A", struct.pack("!I", 1) + b"kanaal\0" + b"x" * 60000 + b"\0"),
                "settings": setting("naam", "waarde"),
                "rows": row(BSN, "AOW" * 100),
        }.items():
            with self.subTest(name):
                before = self.gateway.resident_kib()
                self.assertIn(self.after(flood(piece)), ("fout", "nietBereikt"))
                self.assertLess(self.gateway.resident_kib() - before, 65536)

    def test_says_too_much_beside_its_answer(self):
        """It would answer, had it been listened to all the time; and is not asked to say it all again."""
        for name, answer in {
                "settings": settings(1024) + GOOD, "notices": NOTICE * 1024 + GOOD,
                "between rows": columns(COLUMNS) + row(BSN, "AOW") + settings(1024) + tag("SELECT 1"),
                "a value": columns(COLUMNS) + row(BSN, "x" * 4 * 1024 * 1024) + tag("SELECT 1"),
        }.items():
            with self.subTest(name):
                self.assertEqual(self.after(GOOD), "gevonden")  # so it has a connection that answered before
                self.database.answer = answer
                asked = self.database.asked
                self.assertEqual(self.ask(), "fout")
                self.assertEqual(self.reason, "het antwoord is groter dan is toegestaan")
                self.assertEqual(self.database.asked - asked, 1)
                self.database.answer = GOOD

    def test_honest_bytes_earn_no_credit(self):
        long = GOOD[:len(columns(COLUMNS))] + row(BSN, "x" * 60000) + tag("SELECT 1")
        self.after(GOOD)
        connected = self.database.connected
        self.database.answer = long
        for _ in range(20):
            self.assertEqual(self.ask(), "gevonden")
        self.assertEqual(self.database.connected, connected)
        self.assertEqual(self.after(settings(1024) + GOOD), "fout")

    def test_who_says_something_each_time_is_left_in_the_end(self):
        """What is said beside one answer is little; libpq keeps that of all."""
        self.after(settings(1024) + GOOD)  # and so the connection is a new one
        connected = self.database.connected
        self.database.answer = settings(100) + GOOD
        for _ in range(6):
            self.assertEqual(self.ask(), "gevonden")
        self.assertEqual(self.database.connected - connected, 1)
        self.database.answer = GOOD

    def test_says_too_much_before_anything_is_asked(self):
        for name, welcome in {"settings": settings(1024), "notices": NOTICE * 1024}.items():
            with self.subTest(name):
                self.database.answer = copying(b"H")
                self.ask()  # and there is no connection any more
                self.database.answer = GOOD
                self.database.welcome = welcome
                asked = self.database.asked
                self.assertEqual(self.ask(), "nietBereikt")
                self.assertEqual(self.database.asked, asked)
                self.database.welcome = settings(8)
                self.assertEqual(self.ask(), "gevonden")
                self.database.welcome = b""

    def test_speaks_unasked(self):
        note = message(b"A", struct.pack("!I", 1) + b"kanaal\0" + b"x" * 60000 + b"\0")
        before = self.gateway.resident_kib()
        self.assertEqual(self.after(GOOD, idle=flood(note)), "gevonden")
        self.assertLess(self.gateway.resident_kib() - before, 65536)

    def test_announces_more_than_there_is_memory(self):
        before = self.gateway.resident_kib()
        huge = columns(COLUMNS) + b"D" + struct.pack("!I", 0x7ffffff0)
        self.assertIn(self.after(huge), ("fout", "nietBereikt"))
        self.assertLess(self.gateway.resident_kib() - before, 65536)


if __name__ == "__main__":
    unittest.main()
