#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""The `sql` connector over ODBC with a real MariaDB and its driver: what it holds comes as it holds it, what is asked stays
within its bounds, and nothing is written."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import mariadb  # noqa: E402
import sql_partner  # noqa: E402

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else str(ROOT / ".build/dev/gateway/ketenpoort")
CATALOGUE = ROOT / "tests/conformance/catalogus.json"
BSN = "999993653"
SCHEMA = """
set sql_mode = '';
create table persoon (bsn int(9) zerofill primary key, naam varchar(80), geboren char(8), geslacht char(1), geheim bit(1));
create table uitkering (bsn int, regeling varchar(20), bedrag decimal(10, 2), begin char(8), doel varchar(300));
insert into persoon values (999993653, 'José; "de" Vriës', '19700503', 'V', b'1'), (999990019, 'Iemand Anders', '19800201', 'M', b'0'),
    (12345, 'tab\\tregel\\neinde', null, null, null);
insert into uitkering values (999993653, 'PW', 1.10, '20240100', 'proef'), (999993653, 'IOAW', 1024.76, '20231231', 'proef'),
    (999990019, 'AOW', 7, '20200101', 'proef');
create table logboek (bsn int) engine = aria;
create table dicht (bsn int);
delimiter //
create function schrijf(nummer int) returns int modifies sql data begin insert into logboek values (nummer); return nummer; end //
delimiter ;
grant select on persoon to lezer@'127.0.0.1';
grant select on uitkering to lezer@'127.0.0.1';
grant select, insert on logboek to lezer@'127.0.0.1';
grant execute on function schrijf to lezer@'127.0.0.1';
"""
EXPECTED = [("persoon.naam", 'José; "de" Vriës'), ("persoon.geboren", "1970-05-03"), ("persoon.geslacht", "vrouw"),
            ("persoon.geheim", True), ("uitkeringen.wet", "PW"), ("uitkeringen.bedrag", "1.10"), ("uitkeringen.begin", "2024-01"),
            ("uitkeringen.wet", "IOAW"), ("uitkeringen.bedrag", "1024.76"), ("uitkeringen.begin", "2023-12-31")]
HOSTILE = ["' or '1'='1", "'; drop table persoon; --", "proef' --", "proef' #", "\\", "\\' or 1=1 -- x", "\\\\' or 1=1 -- x", "?", ":bsn", "%",
           "' union select bsn, naam, 1, 1 from persoon --", "1) or (1=1", "\"", "`", "\x1a", "é\u0301☃😀", "\u02bc or 1=1", "x" * 240]
# A column, what is put in, and what comes out when it is not exactly what the server's own client shows.
VALUES = [
    ("date", "'2024-01-15'", None), ("date", "'0000-00-00'", None), ("date", "'2024-00-00'", None), ("datetime", "'2024-01-15 13:45:30'", None),
    ("datetime(6)", "'2024-01-15 13:45:30.123456'", None), ("timestamp(3) null", "'2024-01-15 13:45:30.120'", None),
    ("time", "'-838:59:59'", None), ("time(3)", "'13:45:30.250'", None), ("year", "2024", None),
    ("decimal(10, 2)", "1.10", None), ("decimal(40, 10)", "'-123456789012345678901234567890.0123456789'", None),
    ("decimal(65, 0)", f"'{'9' * 65}'", None), ("float", "0.1", None), ("double", "0.1", None), ("double", "1e300", None),
    ("bigint unsigned", "18446744073709551615", None), ("bigint", "-9223372036854775808", None), ("int unsigned", "4294967295", None),
    ("mediumint", "-8388608", None), ("smallint unsigned", "65535", None), ("tinyint", "-128", None), ("tinyint unsigned", "255", None),
    ("int(9) zerofill", "12345", None), ("boolean", "true", None), ("bit(1)", "b'1'", "1"), ("bit(1)", "b'0'", "0"),
    ("bit(8)", "b'10100101'", "a5"), ("char(5)", "'ab'", None), ("varchar(20)", "'José ☃ 😀'", None),
    ("varchar(20) character set latin1", "'José'", None), ("varchar(20) character set ucs2", "'Jos☃'", None), ("varchar(20)", "'  x '", None),
    ("varchar(20)", "''", None), ("enum('a', 'é')", "'é'", None), ("set('x', 'y')", "'x,y'", None), ("json", "'{\"a\": [1, \"é\"]}'", None),
    ("uuid", "'123e4567-e89b-12d3-a456-426614174000'", None), ("inet6", "'::1'", None),
    ("binary(4)", "x'00ff4142'", "00ff4142"), ("varbinary(9)", "'José'", "4a6f73c3a9"), ("blob", "repeat(x'80', 3000)", "80" * 3000),
    ("blob", "''", ""),
    # Around the ends of the pieces that a long text comes in, with a pair of units across them.
    *((kind, f"concat(repeat('x', {length}), '😀é', repeat('y', 3000))", None) for kind in ("text", "longtext")
      for length in (2045, 2046, 2047, 2048, 4093)),
    ("longtext", "repeat('é😀', 100000)", None), ("text", "repeat('x', 2047)", None), ("text", "repeat('x', 2048)", None),
]


class Mariadb(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = mariadb.Mariadb()
        cls.addClassCleanup(cls.server.close)
        cls.server.sql(SCHEMA)
        cls.home = tempfile.TemporaryDirectory(prefix="ketenpoort-mariadb-")
        cls.addClassCleanup(cls.home.cleanup)
        cls.folder = pathlib.Path(cls.home.name)

    def manifest(self, **queries):
        manifest = sql_partner.manifest({"time_ms": 5000}, **{
            "persoon": "select bsn, naam, geboren, geslacht, geheim from persoon where bsn = :bsn",
            "uitkering": "select bsn, regeling, bedrag, begin from uitkering where bsn = :bsn and doel = :doel order by regeling desc",
            **queries})
        manifest["endpoint"] = "odbc:"
        manifest["access"] = {"kind": "dsn", "secret": "odbc"}
        return manifest

    def ask(self, manifest, bsn=BSN, dsn=None, catalogue=CATALOGUE, **options):
        (self.folder / "manifest.json").write_text(json.dumps(manifest))
        (self.folder / "bsn").write_text(bsn)
        (self.folder / "odbc").write_text((dsn or self.server.dsn()) + "\n")
        words = [PROGRAM, "connector", "try", "--json", "-c", catalogue, "--bsn-file", self.folder / "bsn", "--secret",
                 f"odbc={self.folder}/odbc"]
        for name, value in {"doel": "proef", **options}.items():
            words += [f"--{name}", value]
        # A driver's thread is not waited for at the end, and what it then still holds is no leak.
        done = subprocess.run([*words, self.folder / "manifest.json"], capture_output=True, encoding="utf-8", check=False, timeout=60,
                              env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        self.assertNotEqual(done.stdout, "", done.stderr)
        return json.loads(done.stdout)

    def values(self, answer):
        return [(field["path"], field["value"]) for field in answer["fields"]]

    def found(self, answer):
        self.assertEqual(answer["outcome"], "gevonden", answer)
        return self.values(answer)

    def refuse(self, manifest, outcome, code=None, **options):
        answer = self.ask(manifest, **options)
        self.assertEqual(answer["outcome"], outcome, answer)
        if code:
            self.assertIn(code, answer["fault"])
        for secret in (BSN, self.server.password, "José", "persoon where"):
            self.assertNotIn(secret, answer["fault"] + answer["reason"])

    def laws(self, query, **options):
        """What a query of benefits gives as their laws."""
        return [value for path, value in self.found(self.ask(self.manifest(uitkering=query), **options)) if path == "uitkeringen.wet"]

    def test_a_section_from_several_queries(self):
        answer = self.ask(self.manifest())
        self.assertEqual(self.found(answer), EXPECTED)
        self.assertEqual((answer["unmapped"], answer["notes"]), ([], []))

    def test_null_is_nothing_and_empty_text_is_a_text(self):
        answer = self.ask(self.manifest(), bsn="000012345")
        self.assertEqual(self.found(answer), [("persoon.naam", "tab\tregel\neinde")])
        self.assertEqual(self.ask(self.manifest(), bsn="999999990")["outcome"], "nietsGevonden")

    def test_every_type_comes_as_the_server_holds_it(self):
        self.server.sql("set sql_mode = '';" + "".join(
            f"create table soort{number} (a {kind}); insert into soort{number} values ({value});"
            f"grant select on soort{number} to lezer@'127.0.0.1';" for number, (kind, value, _) in enumerate(VALUES)))
        catalogue = json.loads(CATALOGUE.read_text())
        catalogue["rubrieken"].append({"naam": "waarden", "label": "Waarden", "labelEn": "Values", "bronnen": ["proef"], "velden": [
            {"pad": f"w{number}", "label": "Waarde", "labelEn": "Value", "soort": "tekst"} for number in range(len(VALUES))]})
        own = self.folder / "catalogus.json"
        own.write_text(json.dumps(catalogue))
        found = {}
        for first in range(0, len(VALUES), sql_partner.QUERIES_MAX):
            numbers = range(first, min(first + sql_partner.QUERIES_MAX, len(VALUES)))
            manifest = self.manifest()
            manifest["sql"]["queries"] = {f"q{number}": f"select :bsn as bsn, a from soort{number}" for number in numbers}
            manifest["response"] = {"subject": "bsn", "fields": {f"waarden.w{number}": f"q{number}.a" for number in numbers}}
            found.update(self.found(self.ask(manifest, catalogue=own)))
        held = self.server.sql("".join(f"select a from soort{number};" if expected is None else f"select '{expected}';"
                                       for number, (_, _, expected) in enumerate(VALUES))).split("\n")
        for number, (kind, value, _) in enumerate(VALUES):
            self.assertEqual(found.get(f"waarden.w{number}", ""), held[number], f"{kind} {value[:60]}")

    def test_dates_that_are_unknown(self):
        manifest = self.manifest(persoon=f"select :bsn as bsn, 'x' as naam, cast('2024-01-15' as date) as geboren, null as geslacht, "
                                         "null as geheim")
        manifest["response"]["fields"]["persoon.geboren"] = {"path": "persoon.geboren", "date": "yyyy-mm-dd"}
        self.assertEqual(dict(self.found(self.ask(manifest)))["persoon.geboren"], "2024-01-15")
        self.server.sql("set sql_mode = ''; create table leeg (d date); insert into leeg values ('0000-00-00');"
                        "grant select on leeg to lezer@'127.0.0.1'")
        manifest["sql"]["queries"]["persoon"] = f"select :bsn as bsn, 'x' as naam, d as geboren, null as geslacht, null as geheim from leeg"
        answer = self.ask(manifest)
        self.assertNotIn("persoon.geboren", dict(self.found(answer)))

    def test_accents_whatever_the_connection_says(self):
        """In values, parameters, statements and names of columns, also when the connection's own character set is a small one."""
        for charset in ("utf8mb4", "latin1", None):
            dsn = self.server.dsn(Charset=charset)
            found = self.found(self.ask(self.manifest(persoon="select bsn, naam as `naam`, geboren, geslacht, geheim from persoon where "
                                                              "naam = 'José; \"de\" Vriës' and bsn = :bsn"), dsn=dsn))
            self.assertEqual(found, EXPECTED, charset)
            manifest = self.manifest(persoon="select bsn, naam as `náám`, geboren, geslacht, geheim from persoon where bsn = :bsn")
            manifest["response"]["fields"]["persoon.naam"] = "persoon.náám"
            self.assertEqual(self.found(self.ask(manifest, dsn=dsn)), EXPECTED, charset)

    def test_a_connection_string_with_accents(self):
        self.server.sql("create user 'lézer☃'@'127.0.0.1' identified by 'wachtwoord-é☃';"
                        "grant select on proef.persoon to 'lézer☃'@'127.0.0.1'; grant select on proef.uitkering to 'lézer☃'@'127.0.0.1'")
        for charset in ("utf8mb4", None):
            dsn = self.server.dsn(User="lézer☃", Password="wachtwoord-é☃", Charset=charset)
            self.assertEqual(self.found(self.ask(self.manifest(), dsn=dsn)), EXPECTED)

    def hostile(self):
        """Its texts, some at a time, as what each of the parameters holds, on a server that reads backslashes and on one that
        does not."""
        names = ("doel", "activiteit", "zaak", "medewerker", "organisatie")
        for mode in ("", "NO_BACKSLASH_ESCAPES"):
            self.server.sql(f"set global sql_mode = '{mode}'")
            for first in range(0, len(HOSTILE), len(names)):
                yield dict(zip(names, HOSTILE[first:first + len(names)]))

    def test_hostile_text_arrives_as_a_value(self):
        for texts in self.hostile():
            echo = " union all ".join(f"select :bsn as bsn, :{name} as regeling, null as bedrag, null as begin" for name in texts)
            self.assertEqual(self.laws(echo, **texts), list(texts.values()))

    def test_hostile_text_returns_what_harmless_text_returns(self):
        persons = self.server.sql("select count(*) from persoon")
        for texts in self.hostile():
            one_of = " or ".join(f"{{0}} = :{name} or {{0}} like concat('zz', :{name})" for name in texts)
            manifest = self.manifest(
                persoon="select bsn, naam, geboren, geslacht, geheim from persoon where " + one_of.format("naam"),
                uitkering="select bsn, regeling, bedrag, begin from uitkering where " + one_of.format("doel"))
            for asked in (texts, dict.fromkeys(texts, "nergens")):
                answer = self.ask(manifest, **asked)
                self.assertEqual((answer["outcome"], self.values(answer)), ("nietsGevonden", []), asked)
        self.assertEqual(self.server.sql("select count(*) from persoon"), persons)

    def numbers(self, count, tail=""):
        return (f"with recursive n as (select 1 as i union all select i + 1 from n where i < {count}) "
                f"select :bsn as bsn, 'PW' as regeling, i as bedrag, null as begin from n {tail}")

    def test_the_cap_on_rows(self):
        manifest = self.manifest(uitkering=self.numbers(10))
        manifest["limits"]["rows"] = 11
        self.assertEqual(len(self.found(self.ask(manifest))), 4 + 2 * 10)
        manifest["sql"]["queries"]["uitkering"] = self.numbers(11)
        self.refuse(manifest, "fout")
        manifest["sql"]["queries"]["uitkering"] = self.numbers(900)
        self.refuse(manifest, "fout")
        manifest["limits"].update({"rows": 100000, "answer_bytes": 65536})
        manifest["sql"]["queries"]["uitkering"] = f"select :bsn as bsn, repeat('x', 65536) as regeling, null as bedrag, null as begin"
        self.refuse(manifest, "fout")

    def test_a_query_with_a_limit_of_its_own(self):
        for tail, count in (("limit 3", 3), ("limit 2 offset 1", 2), ("lock in share mode", 10)):
            answer = self.ask(self.manifest(uitkering=self.numbers(10, tail)))
            self.assertEqual(len(self.found(answer)), 4 + 2 * count, tail)

    def test_names_in_backticks(self):
        """Whatever they hold; and one that does not end is no name."""
        self.server.sql("create table `een:bsn?$` (`bsn` int, `naam``:doel` varchar(20)); insert into `een:bsn?$` values (999993653, 'goed');"
                        "grant select on `een:bsn?$` to lezer@'127.0.0.1'")
        manifest = self.manifest(uitkering="select bsn, `naam``:doel` as regeling, null as bedrag, null as begin from `een:bsn?$` "
                                           "where bsn = :bsn")
        self.assertEqual(self.found(self.ask(manifest))[4:], [("uitkeringen.wet", "goed")])
        manifest["sql"]["queries"]["uitkering"] = "select `bsn from persoon"
        (self.folder / "manifest.json").write_text(json.dumps(manifest))
        done = subprocess.run([PROGRAM, "connector", "check", "-c", CATALOGUE, self.folder / "manifest.json"], capture_output=True,
                              encoding="utf-8", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("a name in quotes does not end", done.stdout + done.stderr)

    def test_nothing_is_written(self):
        """Not even where a rollback would come too late: a table that has no transactions."""
        self.refuse(self.manifest(persoon="select schrijf(:bsn) as bsn, 1 as naam, 1 as geboren, 1 as geslacht, 1 as geheim"),
                    "fout", "25006")
        self.assertEqual(self.server.sql("select count(*) from logboek").strip(), "0")

    def test_a_query_that_lasts_is_stopped(self):
        """At both ends: the program is gone by then, so the server has been told how long it may last."""
        manifest = self.manifest(persoon="select bsn, sleep(30) as naam, geboren, geslacht, geheim from persoon where bsn = :bsn")
        manifest["limits"]["time_ms"] = 400
        self.refuse(manifest, "nietBereikt")
        mariadb.wait_until(lambda: self.server.sql("select count(*) from information_schema.processlist where user = 'lezer' and "
                                                   "state = 'User sleep'") == "0\n", "a statement goes on", 10)

    def test_the_time_there_is_never_more_than_the_database_gives(self):
        query = f"select :bsn as bsn, @@max_statement_time as regeling, null as bedrag, null as begin"
        self.assertEqual([float(text) for text in self.laws(query)], [5])
        self.server.sql("create user kort@'127.0.0.1' identified by 'proef-wachtwoord' with max_statement_time 2;"
                        "grant select on persoon to kort@'127.0.0.1'")
        self.assertEqual([float(text) for text in self.laws(query, dsn=self.server.dsn(User="kort"))], [2])

    def test_a_lock_is_waited_for_no_longer_than_the_time_there_is(self):
        manifest = self.manifest()
        manifest["limits"]["time_ms"] = 300
        with self.server.locked("persoon"):
            self.refuse(manifest, "nietBereikt")

    def test_what_is_refused_and_what_is_wrong(self):
        rest = "1 as naam, 1 as geboren, 1 as geslacht, 1 as geheim"
        self.refuse(self.manifest(persoon=f"select bsn, {rest} from dicht where bsn = :bsn"), "nietGerechtigd", "42000")
        self.refuse(self.manifest(persoon=f"select bsn, {rest} fro persoon where bsn = :bsn"), "fout", "42000")
        self.refuse(self.manifest(persoon=f"select bsn, weg, {rest} from persoon where bsn = :bsn"), "fout", "42S22")
        self.refuse(self.manifest(persoon=f"select 999990019 as bsn, {rest} where :bsn <> ''"), "fout")
        self.refuse(self.manifest(), "nietGerechtigd", "28000", dsn=self.server.dsn(Password="anders"))
        self.refuse(self.manifest(), "nietBereikt", dsn=self.server.dsn(Database="nergens"))
        self.refuse(self.manifest(), "nietBereikt", dsn=self.server.dsn(Port=1))

    def test_tls(self):
        query = (f"select :bsn as bsn, variable_value as regeling, null as bedrag, null as begin from information_schema.session_status "
                 "where variable_name = 'Ssl_version'")
        self.assertRegex(self.laws(query)[0], r"^TLSv1\.[23]$")
        other = self.folder / "other"
        other.mkdir()
        mariadb.make_certificates(other)
        self.refuse(self.manifest(), "nietBereikt", dsn=self.server.dsn(SSLCA=other / "ca.pem"))

    def test_several_are_asked_in_one_transaction(self):
        number = f"select :bsn as bsn, @@tx_read_only as regeling, @@autocommit as bedrag, null as begin"
        answer = self.found(self.ask(self.manifest(uitkering=number)))
        self.assertEqual(answer[4:], [("uitkeringen.wet", "1"), ("uitkeringen.bedrag", "0")])


if __name__ == "__main__":
    if mariadb.lacking():
        print(f"SKIPPED: not installed: {mariadb.lacking()}")
        sys.exit(0)
    unittest.main()
