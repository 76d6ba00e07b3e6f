#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A client that wishes harm: two readings of one message, words that would become another message, bodies that cost too
much, and connections that do not behave. Afterwards the gateway answers as before and holds nothing more than before."""
import contextlib
import json
import pathlib
import re
import resource
import socket
import struct
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import running  # noqa: E402

PROGRAM = running.program_from_arguments()
BSN, OTHER = list(running.stand_ins.load_clients())[:2]
IDLE = 2000
REQUESTS_MAX = 32


def limits(config):
    config.setdefault("server", {})["loops"] = 1
    config.setdefault("request", {})["requests_max"] = REQUESTS_MAX
    config.setdefault("http", {}).update(write_timeout_ms=1500, head_timeout_ms=2000, body_timeout_ms=2000,
                                         linger_ms=100)


def question(bsn=BSN, **members):
    return json.dumps({"burgerservicenummer": bsn, "doel": "participatiewet-intake", **members}).encode()


def message(body, *fields, host="a", path="/v1/dossiers/_zoek", length=True, organisation=running.MUNICIPALITY):
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json",
             f"x-origin-oin: {organisation}", "x-gebruiker: m.jansen", "x-rollen: klantmanager", *fields]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def read_answers(peer):
    """Everything until the gateway closes, or is quiet for long, as (status, body)."""
    peer.settimeout(10)
    data = b""
    with contextlib.suppress(TimeoutError, ConnectionResetError):
        while piece := peer.recv(65536):
            data += piece
    found = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        if b"chunked" in head.lower():
            body, _, data = data.partition(b"0\r\n\r\n")
        else:
            size = int(length[1]) if length else 0
            body, data = data[:size], data[size:]
        found.append((int(head.split()[1]), body))
    return found


class HostileClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        cls.gateway = running.Gateway(PROGRAM, change=limits)

    @classmethod
    def tearDownClass(cls):
        code = cls.gateway.stop()
        log = cls.gateway.log_text()
        journals = b"".join(p.read_bytes() for p in (cls.gateway.folder / "journal").iterdir())
        cls.gateway.close()
        assert code == 0, f"ended with {code}\n{log[-3000:]}"
        for secret in (BSN, OTHER):
            assert secret not in log, "a client number is in the log"
            assert secret.encode() not in journals, "a client number is in the journal"
        assert "ONBEKENDGEHEIM" not in log
        assert b"ONBEKENDGEHEIM" not in journals

    def open(self):
        return contextlib.closing(socket.create_connection(("127.0.0.1", self.gateway.port), 10))

    def exchange(self, raw):
        """What comes until the gateway closes: it does, or is asked to."""
        with self.open() as peer:
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                peer.sendall(raw)
            return read_answers(peer)

    def alive(self):
        with contextlib.closing(self.gateway.connect()) as connection:
            status, answer = self.gateway.ask(BSN, connection=connection)
        self.assertEqual(status, 200)
        self.assertTrue(answer["dossier"])

    def settles(self):
        self.gateway.wait_until_idle()
        self.alive()

    def test_two_readings(self):
        smuggled = message(question(OTHER), "X-Smuggled: 1")
        body = question()
        chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        for name, raw in (
                ("te and cl", message(chunked, "Transfer-Encoding: chunked") + smuggled),
                ("te xchunked", message(chunked, "Transfer-Encoding: xchunked", length=False) + smuggled),
                ("te twice", message(chunked, "Transfer-Encoding: chunked", "Transfer-Encoding: identity", length=False) + smuggled),
                ("te list", message(chunked, "Transfer-Encoding: gzip, chunked", length=False) + smuggled),
                ("te tab", message(chunked, "Transfer-Encoding:\x0bchunked", length=False) + smuggled),
                ("te space before colon", message(chunked, "Transfer-Encoding : chunked") + smuggled),
                ("cl twice", message(body, "Content-Length: 0") + smuggled),
                ("cl twice the same", message(body, f"Content-Length: {len(body)}") + smuggled),
                ("cl plus", message(body, f"Content-Length: +{len(body)}", length=False) + smuggled),
                ("cl hex", message(body, "Content-Length: 0x10", length=False) + smuggled),
                ("cl list", message(body, f"Content-Length: {len(body)}, {len(body)}", length=False) + smuggled),
                ("cl minus", message(body, "Content-Length: -1", length=False) + smuggled),
                ("cl huge", message(body, "Content-Length: 99999999999999999999", length=False) + smuggled),
                ("folded", message(body, "X-A: b\r\n Content-Length: 0") + smuggled),
                ("bare lf", message(body, "X-A: b\nContent-Length: 0") + smuggled),
                ("bare cr", message(body, "X-A: b\rContent-Length: 0") + smuggled),
                ("nul", message(body, "X-A: b\x00c") + smuggled),
                ("host twice", message(body, "Host: b") + smuggled),
                ("host bad", message(body, host="a b") + smuggled),
                ("no host", message(body).replace(b"Host: a\r\n", b"") + smuggled),
                ("http 1.2 text", message(body).replace(b"HTTP/1.1", b"HTTP/1.1 x") + smuggled),
                ("http 2", message(body).replace(b"HTTP/1.1", b"HTTP/2.0") + smuggled),
                ("get body", message(body).replace(b"POST", b"GET", 1) + smuggled),
                ("chunk minus", message(b"-1\r\n\r\n0\r\n\r\n", "Transfer-Encoding: chunked", length=False) + smuggled),
                ("chunk end", message(b"%x\r\n%sXX0\r\n\r\n" % (len(body), body), "Transfer-Encoding: chunked", length=False) + smuggled),
                ("chunk lf", message(chunked.replace(b"\r\n", b"\n"), "Transfer-Encoding: chunked", length=False) + smuggled),
                ("chunk huge", message(b"ffffffffffffffff1\r\n" + body, "Transfer-Encoding: chunked", length=False) + smuggled),
                ("tls", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500 + b"\r\n\r\n"),
                ("proxy", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + message(body))):
            with self.subTest(name=name):
                answers = self.exchange(raw)
                self.assertEqual(len(answers), 1, answers)
                self.assertGreaterEqual(answers[0][0], 400, answers)
                self.assertNotIn(OTHER.encode(), answers[0][1])
        # What has no body leaves what follows to be the next message: exactly two answers.
        answers = self.exchange(message(b"") + message(question(OTHER), "X-Smuggled: 1", "Connection: close"))
        self.assertEqual([status for status, _ in answers], [400, 200])

    def test_pipelined_identities(self):
        """Who asked first does not lend its rights to the next."""
        raw = b"".join((message(question(), organisation=running.MUNICIPALITY),
                        message(question(), organisation="00000009999999999000"),
                        message(question(OTHER)).replace(b"x-rollen: klantmanager\r\n", b""),
                        message(question()).replace(b"x-origin-oin: " + running.MUNICIPALITY.encode() + b"\r\n", b""),
                        message(question(OTHER), "Connection: close")))
        answers = self.exchange(raw)
        self.assertEqual([status for status, _ in answers[:1] + answers[-1:]], [200, 200])
        self.assertEqual(answers[3][0], 401)
        for status, body in answers[1:4]:
            self.assertNotIn(b'"naam":{', body)
        self.assertNotIn(OTHER.encode(), answers[0][1])
        self.assertNotIn(BSN.encode(), answers[4][1])

    def test_identity_said_twice(self):
        for field in (f"x-origin-oin: {running.MUNICIPALITY}", "x-origin-oin: 00000009999999999000",
                      "x-gebruiker: p.pietersen", "x-rollen: beheerder"):
            with self.subTest(field=field):
                answers = self.exchange(message(question(), field, "Connection: close"))
                self.assertEqual(answers[0][0], 401, answers)
        for field in ("x-doelbinding: participatiewet-intake",):
            answers = self.exchange(message(question(), field, field, "Connection: close"))
            self.assertEqual(answers[0][0], 400, answers)

    def test_identity_that_is_no_text(self):
        for field in ("x-gebruiker: \xff\xfe", "x-rollen: klantmanager,\xff"):
            old = b"x-gebruiker: m.jansen" if "gebruiker" in field else b"x-rollen: klantmanager"
            raw = message(question()).replace(old + b"\r\n", b"")
            raw = raw.replace(b"\r\n\r\n", b"\r\n" + field.encode("latin-1") + b"\r\nConnection: close\r\n\r\n", 1)
            with self.subTest(field=field):
                self.assertEqual(self.exchange(raw)[0][0], 401)

    def test_words_that_would_be_another_message(self):
        for text in ("a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\x00b", "\u0085", "a\x7f"):
            for member in ("zaakkenmerk", "reden", "doel", "profiel"):
                with self.subTest(text=text, member=member):
                    body = {"burgerservicenummer": BSN, "doel": "participatiewet-intake", member: text}
                    answers = self.exchange(message(json.dumps(body).encode(), "Connection: close"))
                    self.assertIn(answers[0][0], (400, 403) if text != "\u0085" else (200, 400, 403), answers)
        for text in ("{bsn}", "{{bsn}}", "{doel}", "%0d%0aX: 1", "../../etc", '","bsn":"', "$(id)", "' or 1=1 --", "\u202e\u2028"):
            with self.subTest(text=text):
                answers = self.exchange(message(question(zaakkenmerk=text, reden=text), "Connection: close"))
                self.assertEqual(answers[0][0], 200, answers)
                self.assertNotIn(b'"status":"fout"', answers[0][1])

    def test_bodies(self):
        deep = b'{"doel":' + b"[" * 5000 + b"]" * 5000 + b"}"
        for name, body in (("deep", deep), ("deep objects", b'{"a":' * 3000 + b"1" + b"}" * 3000), ("nothing", b"{}"), ("array", b"[]"),
                           ("text", b'"x"'), ("twice", b'{"doel":"a","doel":"participatiewet-intake","burgerservicenummer":"%s"}' % BSN.encode()),
                           ("twice, escaped", b'{"doel":"a","\\u0064oel":"participatiewet-intake","burgerservicenummer":"%s"}' % BSN.encode()),
                           ("unknown", question(ONBEKENDGEHEIM=1, **{BSN: 1, "~/" + OTHER: 2})), ("two documents", question() + question()),
                           ("bom", b"\xef\xbb\xbf" + question()), ("utf-16", question().decode().encode("utf-16")),
                           ("members", b"{" + b",".join(b'"n%d":0' % n for n in range(1200)) + b"}"),
                           ("fields", question(velden=["persoon"] * 1500)), ("field names", question(velden=["x" * 60] * 199)),
                           ("field of fields", question(velden=[["persoon"]])), ("number", question(burgerservicenummer=int(BSN)) if False else
                           b'{"burgerservicenummer":%s,"doel":"participatiewet-intake"}' % BSN.encode()),
                           ("budget", question(budgetMs=-1)), ("long budget", question(budgetMs=10 ** 300)), ("budget text", question(budgetMs="4000")),
                           ("surrogate", question().replace(b"intake", b"\\ud800")), ("nul", question().replace(b"intake", b"\\u0000"))):
            with self.subTest(name=name):
                answers = self.exchange(message(body, "Connection: close"))
                self.assertEqual(len(answers), 1)
                self.assertIn(answers[0][0], (400, 403, 413), answers)
                self.assertNotIn(BSN.encode(), answers[0][1])
                self.assertNotIn(OTHER.encode(), answers[0][1])
                self.assertLess(len(answers[0][1]), 65536)
        for body in (b"x" * 16385, question(reden="x" * 20000)):
            self.assertIn(self.exchange(message(body, "Connection: close"))[0][0], (400, 413))

    def test_client_number_in_free_text(self):
        """Then it must not come to the journal or the log either (looked at when all is over)."""
        grouped = f"{BSN[:4]}.{BSN[4:6]}.{BSN[6:]}"
        for text in (BSN, f"zaak {OTHER}", grouped, f"x{BSN}y", f"{'a' * 195}{BSN}"):
            body = question(zaakkenmerk=text[:200], reden=text)
            self.assertIn(self.exchange(message(body, "Connection: close"))[0][0], (200, 400, 403))
        raw = message(question(), "Connection: close").replace(b"m.jansen", OTHER.encode())
        self.assertEqual(self.exchange(raw)[0][0], 200)
        raw = message(question(), "Connection: close").replace(b"klantmanager", b"klantmanager," + OTHER.encode())
        self.assertIn(self.exchange(raw)[0][0], (200, 403))
        for purpose in (BSN, "intake " + OTHER):
            self.assertIn(self.exchange(message(question(doel=purpose), "Connection: close"))[0][0], (400, 403))
        with self.open() as peer:
            peer.sendall(f"GET /{BSN}?bsn={OTHER} HTTP/1.1\r\nHost: {BSN}\r\n{BSN}: {OTHER}\r\nUser-Agent: {OTHER}\r\n"
                         "Connection: close\r\n\r\n".encode())
            read_answers(peer)

    def test_trace_fields(self):
        for field in ("traceparent: 00-" + "0" * 32 + "-" + "1" * 16 + "-01", "traceparent: ff-" + "a" * 32 + "-" + "1" * 16 + "-01",
                      f"traceparent: 00-{BSN * 4}-01", "traceparent: " + "a" * 8000, "traceparent: 00-" + "A" * 32 + "-" + "1" * 16 + "-01",
                      "tracestate: " + ",".join(f"a{n}=b" for n in range(1000)), f"tracestate: x={BSN}", f"baggage: bsn={BSN}"):
            with self.subTest(field=field[:60]):
                answers = self.exchange(message(question(), field, "Connection: close"))
                self.assertEqual(answers[0][0], 200, answers)
                trace = json.loads(answers[0][1])["verantwoording"]["traceId"]
                self.assertRegex(trace, "^[0-9a-f]{32}$")
                self.assertNotEqual(trace, "0" * 32)

    def test_idle_connections(self):
        peers = [socket.create_connection(("127.0.0.1", self.gateway.port), 10) for _ in range(IDLE)]
        try:
            self.alive()
            for peer in peers[::2]:
                peer.sendall(b"POST /v1/dossiers/_zoek HTTP/1.1\r\nHost: a\r\n")
            self.alive()
        finally:
            for peer in peers:
                peer.close()
        self.settles()

    def test_leaving_at_every_stage(self):
        raw = message(question())
        linger = struct.pack("ii", 1, 0)
        for reset in (False, True):
            for cut in (*range(0, len(raw), 37), len(raw)):
                for wait in (0, 0.004) if cut == len(raw) else (0,):
                    with self.open() as peer:
                        peer.sendall(raw[:cut])
                        time.sleep(wait)  # the stage at which it leaves
                        if reset:
                            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.settles()

    def test_half_close(self):
        with self.open() as peer:
            peer.sendall(message(question()))
            peer.shutdown(socket.SHUT_WR)
            answers = read_answers(peer)
        self.assertIn([status for status, _ in answers], ([200], []))
        self.settles()

    def test_slow_reader(self):
        peers = []
        for _ in range(8):
            peer = socket.socket()
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            peer.connect(("127.0.0.1", self.gateway.port))
            with contextlib.suppress(OSError):
                peer.settimeout(0.5)
                peer.sendall(message(question()) * 400)
            peers.append(peer)
        self.alive()
        time.sleep(4)  # the readers are slow for this long
        self.alive()
        for peer in peers:
            peer.close()
        self.settles()

    def test_storm(self):
        """Above requests_max is refused with 503, below it is served, and afterwards all is as before."""
        self.gateway.partners["uwv"].fault("slow", ms=700)
        seen = []

        def one():
            with contextlib.suppress(OSError):
                with contextlib.closing(self.gateway.connect()) as connection:
                    seen.append(self.gateway.ask(BSN, connection=connection)[0])
        try:
            threads = [threading.Thread(target=one) for _ in range(4 * REQUESTS_MAX)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)
        finally:
            self.gateway.partners["uwv"].fault("none")
        self.assertEqual(set(seen), {200, 503}, seen)
        self.assertGreaterEqual(seen.count(200), REQUESTS_MAX)
        self.settles()


if __name__ == "__main__":
    unittest.main()
