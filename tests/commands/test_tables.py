#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Code tables that a running gateway fetches from a partner which speaks real HTTP: conditional requests, pages, changes while questions
are asked, and everything that is no such table.

    test_tables.py PROGRAM
"""
import contextlib
import gzip
import http.server
import json
import pathlib
import subprocess
import sys
import threading
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import running  # noqa: E402
from waiting import wait_until  # noqa: E402

PROGRAM = running.program_from_arguments()
BSN = "999910061"
JSON = {"Content-Type": "application/json"}
FETCH = {"from": "/tabellen/wetten?soort=alle", "items": "rijen[]", "key": "code", "value": "naam.kort", "next": "links.volgende",
         "refresh_s": 1, "refresh_max_s": 1}


class Partner:
    """Answers questions with two codes, and tables as a test says: path -> (status, fields, body)."""

    def __init__(self):
        partner = self
        self.tables, self.asked, self.lock = {}, [], threading.Lock()
        self.halfway, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self.speaks = threading.Event()  # about tables
        self.speaks.set()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                self.rfile.read(int(self.headers.get("content-length") or 0))
                status, fields, body = partner.answer(self)
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in fields.items():
                    self.send_header(name, value)
                if status != 304:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                body = b"" if status == 304 else body
                half = body.find(b"}, {") + 1 if self.command == "POST" else len(body)
                with contextlib.suppress(OSError):
                    self.wfile.write(body[:half])
                    if self.command == "POST":
                        self.wfile.flush()
                        partner.halfway.set()
                        partner.go_on.wait(60)
                    self.wfile.write(body[half:])

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request):
        if request.command == "POST":
            return 200, JSON, {"burgerservicenummer": BSN, "uitkeringen": [{"wet": "1"}, {"wet": "2"}]}
        with self.lock:
            status, fields, body = self.tables.get(request.path, (404, JSON, {}))
            condition = request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since")
            same = fields.get("ETag") == condition[0] if condition[0] else fields.get("Last-Modified") == condition[1]
            if status == 200 and same and any(condition):
                status = 304
            self.asked.append((request.path, condition, status, request.headers.get("Authorization")))
        self.speaks.wait(60)
        return status, fields, body

    def publish(self, path, body, status=200, **fields):
        with self.lock:
            self.tables[path] = status, {**JSON, **{name.replace("_", "-"): value for name, value in fields.items()}}, body

    def seen(self):
        with self.lock:
            return list(self.asked)


class House(running.Gateway):
    partner_names = ()

    def __init__(self, partner, **fetch):
        self.partner, self.fetch = partner, {**FETCH, **fetch}
        super().__init__(PROGRAM, change=lambda config: config["server"].update(loops=2))

    def write_configuration(self, change):
        super().write_configuration(change)
        for old in (self.folder / "sources").glob("*.json"):
            old.unlink()
        self.write_manifest()

    def write_manifest(self, title="UWV"):
        (self.folder / "sources/uwv.json").write_text(json.dumps({
            "source": "uwv", "title": title, "organisation": {"oin": "00000001820000018000", "name": "UWV"}, "connector": "rest",
            "endpoint": f"http://127.0.0.1:{self.partner.port}/v1", "access": {"kind": "bearer", "secret": "uwv-token"},
            "request": {"method": "POST", "target": "/_zoek", "body": {"burgerservicenummer": "{bsn}"}},
            "fetched_tables": {"wet": self.fetch},
            "response": {"subject": "burgerservicenummer", "lists": {"uitkeringen": {"items": "uitkeringen[]", "fields": {
                "uitkeringen.wet": {"path": "wet", "table": "wet"}}}}}}))

    def numbers(self):
        return dict(line.rsplit(" ", 1) for line in self.metrics().splitlines() if line.startswith("ketenpoort_table_"))

    def count(self, outcome):
        return int(self.numbers()[f'ketenpoort_table_fetches_total{{source="uwv",table="wet",outcome="{outcome}"}}'])

    def until(self, outcome, count=1):
        """Until so many fetches ended like this since the start."""
        wait_until(lambda: self.count(outcome) >= count,
                   lambda: f"no table was {outcome}: {self.numbers()}\n{self.log_text()[-1000:]}", 60)

    def wait(self, outcome, more=1):
        """Until so many more."""
        self.until(outcome, self.count(outcome) + more)

    def laws(self):
        status, answer = self.ask(BSN, zaakkenmerk="Z-1")
        assert status == 200, answer
        uwv = next(row for row in answer["bronnen"] if row["bron"] == "uwv")
        return uwv["status"], [row["wet"] for row in answer["dossier"].get("uitkeringen", []) if "wet" in row], json.dumps(answer)


def page(*rows, **members):
    return {"rijen": [{"code": code, "naam": {"kort": text, "lang": [text, 1]}, "x": {"code": "9"}} for code, text in rows], **members}


WW = page(("1", "WW"), ("2", "ZW"))
WHERE = "/tabellen/wetten?soort=alle"


class Tables(unittest.TestCase):
    def setUp(self):
        self.partner = Partner()
        self.addCleanup(self.partner.close)

    def house(self, **fetch):
        house = House(self.partner, **fetch)
        self.addCleanup(self.end, house)
        return house

    def end(self, house):
        self.partner.go_on.set()
        self.partner.speaks.set()
        try:
            if house.process.poll() is None:
                self.assertEqual(house.stop(), 0, house.log_text()[-3000:])  # a sanitizer gives its own
        finally:
            house.close()

    def test_a_table_is_asked_for_anew_only_when_it_has_changed(self):
        self.partner.publish(WHERE, WW, ETag='"een"')
        house = self.house()
        house.until("taken")
        self.assertEqual(house.laws()[:2], ("gevonden", ["WW", "ZW"]))
        house.wait("unchanged", 2)
        first, *others = self.partner.seen()
        self.assertEqual(first, (WHERE, (None, None), 200, "Bearer demo-token-uwv"))
        self.assertEqual({(condition, status) for _, condition, status, _ in others}, {(('"een"', None), 304)})
        self.assertEqual(house.numbers()['ketenpoort_table_rows{source="uwv",table="wet"}'], "2")
        # A reload takes over what was fetched: at once, and without its being sent again.
        house.write_manifest("UWV, anders genoemd")
        house.reload()
        self.assertEqual(house.laws()[1], ["WW", "ZW"])
        house.wait("unchanged")
        self.assertEqual(sum(status == 200 for _, _, status, _ in self.partner.seen()), 1)
        # The number of the client went nowhere near.
        self.assertNotIn(BSN, str(self.partner.seen()))

    def test_the_end_while_a_table_is_fetched(self):
        self.partner.publish(WHERE, WW)
        self.partner.speaks.clear()
        house = self.house()
        wait_until(self.partner.seen, lambda: house.log_text()[-1000:], 60)
        self.assertEqual(house.stop(), 0, house.log_text()[-3000:])

    def test_no_question_is_lost_and_none_sees_two_tables_at_once(self):
        versions = [[f"WW {i}", f"ZW {i}"] for i in range(4)]
        publish = lambda i: self.partner.publish(WHERE, page(("1", versions[i][0]), ("2", versions[i][1])), ETag=f'"{i}"')
        publish(0)
        house = self.house()
        house.until("taken")
        stop, seen, wrong = threading.Event(), [], []

        def ask():
            try:
                while not stop.is_set():
                    status, laws, answer = house.laws()
                    (seen if status == "gevonden" and laws in versions else wrong).append(laws or answer)
            except Exception as error:  # pylint: disable=broad-except
                wrong.append(repr(error))
        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for i in range(1, 4):
            publish(i)
            house.wait("taken")
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertEqual(house.laws()[1], versions[3])
        self.assertTrue(all(version in seen for version in versions[:2]), f"{len(seen)} answers")

    def test_one_answer_is_read_with_one_table(self):
        self.partner.publish(WHERE, WW, ETag='"een"')
        house = self.house()
        house.until("taken")
        seen = []
        asker = threading.Thread(target=lambda: seen.append(house.laws()[1]))
        self.partner.go_on.clear()
        self.partner.halfway.clear()
        asker.start()
        self.assertTrue(self.partner.halfway.wait(60))
        self.partner.publish(WHERE, page(("1", "Werkloosheidswet"), ("2", "Ziektewet")), ETag='"twee"')
        house.until("taken", 2)
        self.partner.go_on.set()
        asker.join()
        self.assertEqual((seen, house.laws()[1]), ([["WW", "ZW"]], ["Werkloosheidswet", "Ziektewet"]))

    def refused(self, house, why, body, **fields):
        self.partner.publish(WHERE, body, **fields)
        wait_until(lambda: why in house.log_text(), lambda: f"{why}: {house.log_text()[-800:]}", 60)
        self.assertEqual(house.laws()[1], ["WW", "ZW"], why)

    def test_the_old_table_stays_when_there_is_no_good_one(self):
        self.partner.publish(WHERE, WW, ETag='"goed"')
        house = self.house(rows=3, bytes=2048)
        house.until("taken")
        self.partner.publish(WHERE, {}, status=503)
        house.wait("failed", 2)
        self.assertEqual(house.laws()[1], ["WW", "ZW"])
        self.refused(house, "no array where the rows", {"lijst": []})
        self.refused(house, "comes twice", page(("1", "WW"), ("1", "ZW")))
        self.refused(house, "more rows", page(*[(str(i), "x") for i in range(4)]))
        self.refused(house, "it has more than 2048 bytes (bytes)", page(("1", "WW"), vulling="x" * 3000))
        self.refused(house, "not JSON that", b'{"rijen": [')
        self.refused(house, "by its content type", WW, Content_Type="text/html")
        self.refused(house, "compressed, which was not asked", gzip.compress(json.dumps(WW).encode()), Content_Encoding="gzip")
        elsewhere = "http://127.0.0.1:1/tabellen/wetten?soort=alle&p=2"
        self.refused(house, "leads to another", page(("1", "WW"), links={"volgende": elsewhere}))
        self.refused(house, "read already", page(("1", "WW"), links={"volgende": "?soort=alle"}))
        # As many as the limit allows; a code may come twice when it means the same, and a value of null is none.
        good = page(("1", "Werkloosheidswet"), ("1", "Werkloosheidswet"))
        good["rijen"].append({"code": 2, "naam": {"kort": None}})
        self.partner.publish(WHERE, good)
        house.wait("taken")
        status, laws, answer = house.laws()
        self.assertEqual((status, laws), ("gevonden", ["Werkloosheidswet"]))
        self.assertIn("onbekendeCode", answer)

    def test_the_doctor_and_try_say_what_can_be_had(self):
        house = self.house()
        manifest, secret = house.folder / "sources/uwv.json", house.folder / "secrets/uwv-token"
        number = house.folder / "bsn"
        number.write_text(BSN)
        run = lambda *words: subprocess.run(
            [PROGRAM, "connector", *map(str, words), "-c", str(house.folder / "policies/catalogus.json"), f"--secret=uwv-token={secret}",
             str(manifest)], capture_output=True, encoding="utf-8", check=False)
        done = run("doctor")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("code table 'wet' cannot be fetched: the partner answered with status 404", done.stdout)
        for fields, text in [({"ETag": '"1"'}, "its ETag"), ({"Last_Modified": "Fri, 27 Nov 2026 10:00:00 GMT"}, "Last-Modified saves"),
                             ({}, "sent whole each time")]:
            self.partner.publish(WHERE, WW, **fields)
            done = run("doctor")
            self.assertIn("code table 'wet' has 2 rows; ", done.stdout)
            self.assertIn(text, " ".join(done.stdout.split()))
        # It has no member 'links', where the next page would be.
        self.assertIn("/fetched_tables/wet/next: the answer has no member", " ".join(done.stdout.split()))
        done = run("try", "--bsn-file", number)
        self.assertIn("/fetched_tables/wet/next: ", done.stdout)
        self.partner.publish(WHERE, page(("1", "WW"), ("2", "ZW"), links={"volgende": None}))
        self.assertNotIn("fetched_tables/wet", run("doctor").stdout)
        done = run("try", "--bsn-file", number)
        self.assertNotIn("fetched_tables/wet", done.stdout)
        self.assertIn("uitkeringen.wet [2] = \"ZW\"", done.stdout)
        self.assertIn("wet: 2 rows", done.stdout)
        self.assertNotIn(BSN, done.stdout)

    def test_last_modified_does_for_a_partner_without_etags(self):
        since = "Fri, 27 Nov 2026 10:00:00 GMT"
        self.partner.publish(WHERE, WW, Last_Modified=since)
        house = self.house()
        house.wait("unchanged", 2)
        self.assertEqual({(condition, status) for _, condition, status, _ in self.partner.seen()[1:]}, {((None, since), 304)})
        # Neither: it is sent whole each time, and nothing has changed all the same.
        self.partner.publish(WHERE, WW)
        house.wait("unchanged", 3)
        self.assertEqual(self.partner.seen()[-1][1:3], ((None, None), 200))
        self.assertEqual(house.count("taken"), 1)

    def test_of_a_table_in_pages_only_the_changed_ones_are_sent(self):
        second = "/tabellen/wetten?soort=alle&pagina=2"
        origin = f"http://127.0.0.1:{self.partner.port}"
        self.partner.publish(WHERE, page(("1", "WW"), links={"volgende": origin + second}), ETag='"a"')
        self.partner.publish(second, page(("2", "ZW"), links={"volgende": None}), ETag='W/"b"')
        house = self.house()
        house.wait("unchanged")
        self.partner.publish(second, page(("2", "Ziektewet"), ("3", "WIA")), ETag='W/"c"')
        before = len(self.partner.seen())
        house.wait("taken")
        self.assertEqual(house.laws()[1], ["WW", "Ziektewet"])
        asked = [(path, status) for path, _, status, _ in self.partner.seen()[before:]]
        self.assertNotIn((WHERE, 200), asked)
        self.assertEqual(asked.count((second, 200)), 1)
        self.assertEqual(house.numbers()['ketenpoort_table_rows{source="uwv",table="wet"}'], "3")

    def test_before_the_first_fetch_the_value_is_left_out_or_nothing_is_asked(self):
        house = self.house()
        house.until("failed")
        status, laws, answer = house.laws()
        self.assertEqual((status, laws), ("gevonden", []))
        self.assertIn("onbekendeCode", answer)
        self.end(house)
        house = self.house(required=True)
        house.until("failed")
        status, laws, answer = house.laws()
        self.assertEqual((status, laws), ("nietBereikt", []))
        self.assertIn("codetabel", answer)
        self.partner.publish(WHERE, WW)
        house.until("taken")
        self.assertEqual(house.laws()[:2], ("gevonden", ["WW", "ZW"]))


if __name__ == "__main__":
    unittest.main()
