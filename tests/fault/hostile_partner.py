#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A partner that wishes harm: whatever bytes it answers, only its own section fails, nobody gets what is about another
person, and an answer never ends up at another question."""
import collections
import contextlib
import json
import pathlib
import re
import socket
import sys
import threading
import time
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import running  # noqa: E402

PROGRAM = running.program_from_arguments()
BSN, OTHER = list(running.stand_ins.load_clients())[:2]
# Under ten million, so that its first digits are zeroes a careless partner loses.
SHORT = "000000012"


class Hostile:
    """Takes requests apart and writes back exactly the bytes its script says."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.script = lambda hostile, peer, body: None
        self.requests = collections.deque(maxlen=1000)
        self.connections = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            peer.settimeout(20)
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        data = b""
        try:
            while True:
                while b"\r\n\r\n" not in data:
                    piece = peer.recv(65536)
                    if not piece:
                        return
                    data += piece
                head, _, data = data.partition(b"\r\n\r\n")
                length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])
                while len(data) < length:
                    data += peer.recv(65536)
                body, data = data[:length], data[length:]
                self.requests.append((head, body))
                if self.script(self, peer, body) == "close":
                    return
        except OSError:
            pass
        finally:
            peer.close()

    def asked(self):
        return len(self.requests)

    def stop(self):
        self.listener.close()


class HostileGateway(running.Gateway):
    """The gateway with a hostile BRP; the others behave."""

    def write_configuration(self, change):
        self.partners.pop("brp").stop()
        self.partners["brp"] = Hostile()
        super().write_configuration(change)


def answer(body, head="", status="200 OK", length=None):
    body = body if isinstance(body, bytes) else body.encode()
    length = len(body) if length is None else length
    return (f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{head}"
            f"Content-Length: {length}\r\n\r\n").encode() + body


def person(bsn, name="Eigen", before="", after=""):
    return f'{{{before}"burgerservicenummer":"{bsn}","naam":{{"geslachtsnaam":"{name}"}}{after}}}'


def people(*items):
    return f'{{"type":"RaadpleegMetBurgerservicenummer","personen":[{",".join(items)}]}}'


class HostilePartner(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gateway = HostileGateway(PROGRAM)
        cls.hostile = cls.gateway.partners["brp"]

    @classmethod
    def tearDownClass(cls):
        code = cls.gateway.stop()
        log = cls.gateway.log_text()
        cls.gateway.close()
        assert code == 0, f"ended with {code}\n{log[-2000:]}"
        for secret in (BSN, OTHER, "GEHEIM"):
            assert secret not in log, f"{secret} is in the log"

    def says(self, *pieces, close=False, wait_s=0.0):
        def script(hostile, peer, body):
            for piece in pieces:
                peer.sendall(piece)
                if wait_s:
                    time.sleep(wait_s)  # how slow this partner is
            return "close" if close else None
        self.hostile.script = script

    def ask(self, bsn=BSN, **members):
        start = time.monotonic()
        with contextlib.closing(self.gateway.connect()) as connection:
            status, dossier = self.gateway.ask(bsn, connection=connection, **{"budgetMs": 3000, **members})
        self.assertEqual(status, 200, dossier)
        self.assertLess(time.monotonic() - start, 6)
        states = {source["bron"]: source for source in dossier["bronnen"]}
        return dossier, states["brp"]

    def refused(self, states=("fout",), bsn=BSN):
        """Nothing of the answer is in the dossier, and the others' sections are."""
        dossier, source = self.ask(bsn)
        self.assertIn(source["status"], states, source)
        text = json.dumps(dossier)
        self.assertNotIn("GEHEIM", text)
        self.assertNotIn(OTHER, text)
        self.assertFalse(dossier["volledig"])
        if bsn == BSN:
            self.assertTrue(any(s["status"] == "gevonden" for s in dossier["bronnen"]), dossier["bronnen"])
        return source

    def test_good_answer(self):
        self.says(answer(people(person(BSN))))
        dossier, source = self.ask()
        self.assertEqual(source["status"], "gevonden")
        self.assertEqual(dossier["dossier"]["persoon"]["naam"]["geslachtsnaam"], "Eigen")

    def test_about_another_person(self):
        name = '"naam":{"geslachtsnaam":"GEHEIM"}'
        child = f'"kinderen":[{{"burgerservicenummer":"{OTHER}","naam":{{"voornamen":"GEHEIM"}}}}]'
        escaped = "".join(f"\\u{ord(c):04x}" for c in OTHER)
        for body in (
                people(person(OTHER, "GEHEIM")),
                people(f'{{{name},{child},"burgerservicenummer":"{OTHER}"}}'),
                people(f'{{"burgerservicenummer":"{OTHER}",{name},{child}}}'),
                people(f'{{"burgerservicenummer":{OTHER},{name}}}'),
                people(f'{{"burgerservicenummer":"{escaped}",{name}}}'),
                people(f'{{"burgerservicenummer":"{BSN}","burgerservicenummer":"{OTHER}",{name}}}'),
                people(f'{{"burgerservicenummer":"{OTHER}","burgerservicenummer":"{BSN}",{name}}}'),
                people(f'{{"\\u0062urgerservicenummer":"{BSN}","burgerservicenummer":"{OTHER}",{name}}}'),
                people(f'{{"\\u0062urgerservicenummer":"{OTHER}",{name}}}'),
                people(f'{{"burgerservicenummer":{{"burgerservicenummer":"{BSN}"}},{name}}}'),
                people(f'{{"burgerservicenummer":["{BSN}"],{name}}}'),
                people(f'{{"burgerservicenummer":null,{name}}}'),
                people(f'{{"burgerservicenummer":"",{name}}}'),
                people(f'{{"burgerservicenummer":"{BSN} ",{name}}}'),
                people(f'{{"burgerservicenummer":{BSN}.0,{name}}}'),
                people(f'{{"burgerservicenummer":{BSN}e0,{name}}}'),
                people(f'{{"burgerservicenummer":"0{BSN}0",{name}}}'),
                people(f"{{{name},{child}}}"),
                people(person(OTHER, "GEHEIM"), person(BSN)),
                f'{{"burgerservicenummer":"{BSN}","personen":[{{{name}}}]}}',
                f'{{"personen":[{person(OTHER, "GEHEIM")}],"burgerservicenummer":"{BSN}"}}',
        ):
            with self.subTest(body=body):
                self.says(answer(body))
                self.refused()

    def test_second_person_is_not_taken(self):
        self.says(answer(people(person(BSN), person(OTHER, "GEHEIM"))))
        dossier, source = self.ask()
        self.assertNotIn("GEHEIM", json.dumps(dossier))
        self.assertNotIn(OTHER, json.dumps(dossier))

    def test_leading_zeroes_that_a_partner_lost(self):
        for number in (f'"{SHORT}"', '"12"', "12"):
            with self.subTest(number=number):
                self.says(answer(people(f'{{"burgerservicenummer":{number},"naam":{{"geslachtsnaam":"Nul"}}}}')))
                dossier, source = self.ask(SHORT)
                self.assertEqual(source["status"], "gevonden", source)
        for number in ('"120000000"', "120", '"1"', '"0"'):
            with self.subTest(number=number):
                self.says(answer(people(f'{{"burgerservicenummer":{number},"naam":{{"geslachtsnaam":"GEHEIM"}}}}')))
                self.refused(bsn=SHORT)

    def test_over_delivery(self):
        more = (',"kinderen":[{"burgerservicenummer":"%s","naam":{"voornamen":"GEHEIM"}}],'
                '"ouders":[{"naam":"GEHEIM"}],"partners":[{"naam":{"geslachtsnaam":"GEHEIM"}}]' % OTHER)
        self.says(answer(people(person(BSN, after=more))))
        dossier, source = self.ask(velden=["persoon.naam.geslachtsnaam"])
        self.assertEqual(source["status"], "gevonden")
        self.assertNotIn("GEHEIM", json.dumps(dossier))
        self.assertNotIn(OTHER, json.dumps(dossier))

    def test_values_that_try_to_get_out(self):
        for value in ("GEHEIM\x00", "GEHEIM\x01", "GEHEIM\n", "GEHEIM\t", "GEHEIM\\x", "GEHEIM\\", "GEHEIM\\u12",
                      "GEHEIM\\u12G4", b"GEHEIM\xff\xfe", b"GEHEIM\xed\xa0\x80", b"GEHEIM\xc0\x80", b"GEHEIM\xf4\x90\x80\x80"):
            with self.subTest(value=value):
                raw = value if isinstance(value, bytes) else value.encode()
                self.says(answer(people(person(BSN, "@@")).encode().replace(b"@@", raw)))
                self.refused()
        for value in ("\u2028\u2029", "\\u2028", "\\ud83d\\ude00", '\\"},\\"x\\":{', "data: x\\n\\nevent: einde", "</script>"):
            for accept in ("application/json", "application/x-ndjson", "text/event-stream"):
                with self.subTest(value=value, accept=accept):
                    self.says(answer(people(person(BSN, value))))
                    wanted = json.loads(f'"{value}"')
                    self.assertIn(wanted, self.values_as(accept))

    def values_as(self, accept):
        connection = self.gateway.connect()
        connection.request("POST", "/v1/dossiers/_zoek", json.dumps(
            {"burgerservicenummer": BSN, "doel": "participatiewet-intake"}),
            {**self.gateway.headers(), "Accept": accept})
        reply = connection.getresponse()
        text = reply.read().decode()
        connection.close()
        self.assertEqual(reply.status, 200, text)
        if accept == "application/json":
            documents = [json.loads(text)]
        elif accept == "application/x-ndjson":
            documents = [json.loads(line) for line in text.split("\n") if line]
        else:
            documents = [json.loads(line[6:]) for line in text.split("\n") if line.startswith("data: ")]
            self.assertTrue(all(re.match(r"(data|event|id|retry|):?", line) for line in text.split("\n")))
            self.assertEqual(sum(line.startswith("event: ") for line in text.split("\n")), len(documents))
        return list(strings(documents))

    def test_lone_surrogates(self):
        for value in ("\\ud800", "\\udc00", "\\ud800\\u0041", "\\udc00\\ud800"):
            with self.subTest(value=value):
                self.says(answer(people(person(BSN, "GEHEIM" + value))))
                self.refused()

    def test_sizes(self):
        big = "x" * (1 << 20)
        for body in (people(person(BSN, big)), people(person(BSN, after=f',"{big}":1')),
                     people(person(BSN, after=',"leeftijd":' + "9" * 100000)),
                     people(person(BSN, after=',"x":' + "[" * 100000 + "]" * 100000)),
                     people(person(BSN, after=',"x":' + '{"a":' * 2000 + "1" + "}" * 2000)),
                     people(person(BSN, after=',"kinderen":[' + ",".join(["{}"] * 300000) + "]")),
                     people(person(BSN, after="".join(f',"n{n}":0' for n in range(80000)))),
                     people(*[person(BSN, "GEHEIM")] * 10000) + " " * (1 << 20)):
            with self.subTest(body=body[:120], size=len(body)):
                self.says(answer(body))
                dossier, source = self.ask()
                self.assertIn(source["status"], ("fout", "gevonden"), source)
                self.assertLess(len(json.dumps(dossier)), 1 << 20)

    def test_heads(self):
        good = people(person(BSN))
        flood = "".join(f"X-{n}: {'y' * 60}\r\n" for n in range(4000))
        for name, said in (("flood", answer(good, flood)), ("one long field", answer(good, f"X: {'y' * 200000}\r\n")),
                           ("interims", b"HTTP/1.1 100 Continue\r\n\r\n" * 20000 + answer(good)),
                           ("hints", b"HTTP/1.1 103 Early Hints\r\nLink: GEHEIM\r\n\r\n" * 5000 + answer(good)),
                           ("switch", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + answer(good)),
                           ("no status", b"GEHEIM\r\n\r\n"), ("http 0.9", good.encode()),
                           ("gzip", answer(zlib.compress(b"GEHEIM" * 1000000), "Content-Encoding: gzip\r\n")),
                           ("two lengths", answer(people(person(BSN, "GEHEIM")), "Content-Length: 5\r\n")),
                           ("file", answer("", "Location: file:///etc/passwd\r\n", "302 Found")),
                           ("gopher", answer("", "Location: gopher://127.0.0.1:1/\r\n", "301 Moved")),
                           ("self", answer("", "Location: /x\r\n", "307 Temporary Redirect")),
                           ("length and chunks", answer(people(person(BSN, "GEHEIM")), "Transfer-Encoding: chunked\r\n")),
                           ("two lengths in one", b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nGEHEIM"),
                           ("chunk", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n" + good.encode()),
                           ("huge chunk", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n" + good.encode())):
            with self.subTest(name=name):
                self.says(said, close=True)
                self.refused(("fout", "nietBereikt"))

    def test_length_too_large(self):
        self.says(answer(people(person(BSN, "GEHEIM")), length=100000), close=True)
        self.refused()

    def test_endless_interims(self):
        def script(hostile, peer, body):
            until = time.monotonic() + 8
            while time.monotonic() < until:
                peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                time.sleep(0.02)  # how often it says so
        self.hostile.script = script
        self.refused(("fout", "nietBereikt"))

    def test_bytes_after_the_answer_are_nobodys(self):
        """A second answer behind the first waits on the kept connection for somebody else's question."""
        evil = answer(people(person(OTHER, "GEHEIM")))
        own = people(person(BSN, "GEHEIM"))
        for extra in (evil, answer(own), b"GEHEIM", answer(own)[:40]):
            with self.subTest(extra=extra[:60]):
                def script(hostile, peer, body):
                    asked = re.search(rb"\[\"(\d{9})\"\]", body)[1].decode()
                    peer.sendall(answer(people(person(asked, "Naam" + asked))) + extra)
                self.hostile.script = script
                for bsn in (BSN, OTHER, BSN, OTHER):
                    dossier, source = self.ask(bsn)
                    text = json.dumps(dossier)
                    self.assertNotIn("GEHEIM", text)
                    if source["status"] == "gevonden":
                        self.assertIn("Naam" + bsn, text)

    def test_an_answer_after_the_deadline_is_nobodys(self):
        def script(hostile, peer, body):
            asked = re.search(rb"\[\"(\d{9})\"\]", body)[1].decode()
            time.sleep(0.6 if asked == BSN else 0)  # past the deadline of the question
            peer.sendall(answer(people(person(asked, "Naam" + asked))))
        self.hostile.script = script
        for _ in range(5):
            dossier, source = self.ask(BSN, budgetMs=200)
            self.assertEqual(source["status"], "nietBereikt", source)
            dossier, source = self.ask(OTHER)
            text = json.dumps(dossier)
            self.assertNotIn("Naam" + BSN, text)
            self.assertEqual(source["status"], "gevonden", source)

    def test_after_a_cancel_the_connection_is_not_used_again(self):
        def script(hostile, peer, body):
            asked = re.search(rb"\[\"(\d{9})\"\]", body)[1].decode()
            whole = answer(people(person(asked, "Naam" + asked)))
            peer.sendall(whole[:-30])
            time.sleep(0.3 if asked == BSN else 0)  # until after the client has left
            peer.sendall(whole[-30:])
        self.hostile.script = script
        question = json.dumps({"burgerservicenummer": BSN, "doel": "participatiewet-intake"})
        for _ in range(10):
            connection = self.gateway.connect()
            connection.request("POST", "/v1/dossiers/_zoek", question, self.gateway.headers())
            time.sleep(0.05)  # it leaves in the middle of the answer
            connection.sock.close()
            connection.close()
            dossier, source = self.ask(OTHER)
            self.assertEqual(source["status"], "gevonden", source)
            self.assertNotIn("Naam" + BSN, json.dumps(dossier))


def strings(value):
    if isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value


if __name__ == "__main__":
    unittest.main()
