#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Workbooks as openpyxl and XlsxWriter write them, as Excel does (by hand), and as nobody should."""
import csv
import datetime
import io
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile

try:
    import openpyxl
    import xlsxwriter
except ImportError:
    if sys.executable != "/usr/bin/python3" and os.path.exists("/usr/bin/python3"):
        # Debian's own has them, which may not be the one that runs this.
        os.execv("/usr/bin/python3", ["/usr/bin/python3", "-B", *sys.argv])
    print("SKIPPED: python3-openpyxl or python3-xlsxwriter is not installed")
    sys.exit(77)

PROBE = sys.argv.pop(1)
UNREADABLE = "\x1a"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def relations(*items):
    body = "".join(f'<Relationship Id="{id}" Type="{RELATIONS}/{kind}" Target="{target}"{more}/>' for id, kind, target, more in items)
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{body}</Relationships>'


def parts(sheet="", strings="", styles="", workbook="", main=MAIN):
    """The parts of a workbook, by hand; `sheet` is what stands in the worksheet."""
    return {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": relations(("r1", "officeDocument", "xl/workbook.xml", "")),
        "xl/workbook.xml": f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n<workbook xmlns="{main}" xmlns:r="{RELATIONS}">{workbook}'
                           '<sheets><sheet name="Een" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations(("rId1", "worksheet", "worksheets/sheet1.xml", ""), ("rId2", "sharedStrings", "/xl/sharedStrings.xml", ""),
                                                ("rId3", "styles", "./styles.xml", "")),
        "xl/sharedStrings.xml": f'<sst xmlns="{main}">{strings}</sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}">{styles}</styleSheet>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}">{sheet}</worksheet>',
    }


def rows(*items):
    return "<sheetData>" + "".join(f"<row>{item}</row>" for item in items) + "</sheetData>"


def text(*cells):
    return "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)


class Workbooks(unittest.TestCase):
    def setUp(self):
        home = tempfile.TemporaryDirectory(prefix="ketenpoort-sheet-")
        self.addCleanup(home.cleanup)
        self.path = pathlib.Path(home.name) / "book.xlsx"

    def probe(self, sheet=None, header_row=1, bytes_max=1 << 20):
        words = [PROBE, str(self.path), str(header_row), str(bytes_max)] + ([sheet] if sheet else [])
        done = subprocess.run(words, capture_output=True, check=False, timeout=120)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return done

    def read(self, **options):
        done = self.probe(**options)
        self.assertEqual(done.returncode, 0, done.stdout)
        return [row for row in csv.reader(io.StringIO(done.stdout.decode(), newline="")) if row]

    def refused(self, *words, **options):
        done = self.probe(**options)
        said = done.stdout.decode()
        self.assertEqual(done.returncode, 1, said)
        for word in words:
            self.assertIn(word, said)

    def pack(self, files, method=zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(self.path, "w", method) as book:
            for name, content in files.items():
                book.writestr(name, content)

    def sheet(self, sheet, **more):
        self.pack(parts(sheet, **more))

    # By other hands.

    def test_openpyxl(self):
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.append(["BSN", "Naam", "Geboren", "Bedrag", "Begin", "Actief", "Som", "Fout", "Groot"])
        sheet.append([999993653, 'José; "de" Vriës, jr', datetime.date(1970, 5, 3), 1.1, datetime.datetime(2024, 1, 31, 12, 30), True, "=D2*2", "#N/A",
                      18200000390000001000])
        sheet.append([12345678, "twee\nregels", datetime.datetime(2024, 2, 29), 1234.56, datetime.time(8, 15), False, None, None, 999999999999999])
        sheet.append([])
        sheet.append([None, "Niemand"])
        sheet["A3"].number_format = "000000000"
        book.save(self.path)
        self.assertEqual(self.read(), [
            ["BSN", "Naam", "Geboren", "Bedrag", "Begin", "Actief", "Som", "Fout", "Groot"],
            ["999993653", 'José; "de" Vriës, jr', "1970-05-03", "1.1", "2024-01-31T12:30:00", "true", UNREADABLE, UNREADABLE, UNREADABLE],
            ["012345678", "twee\nregels", "2024-02-29", "1234.56", "08:15:00", "false", "", "", "999999999999999"],
            ["", "Niemand", "", "", "", "", "", "", ""]])

    def test_openpyxl_writes_only(self):
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet("Klanten")
        expected = [["BSN", "Naam"]] + [[str(100000000 + i), f"Naam {i % 7}"] for i in range(5000)]
        for row in expected:
            sheet.append(row)
        book.save(self.path)
        self.assertEqual(self.read(), expected)

    def test_xlsxwriter(self):
        for options in ({}, {"constant_memory": True}, {"date_1904": True}):
            book = xlsxwriter.Workbook(str(self.path), options)
            sheet = book.add_worksheet("Blad 1")
            day = book.add_format({"num_format": "[$-413]d mmmm yyyy;@"})
            hours = book.add_format({"num_format": "[h]:mm"})
            red = book.add_format({"num_format": "[Red]0.00 \"dagen\""})
            sheet.write_row(0, 0, ["BSN", "Naam", "Dag", "Uren", "Rood"])
            sheet.write(1, 0, "012345678")
            sheet.write_rich_string(1, 1, "a", book.add_format({"bold": 1}), "b", " c ")
            sheet.write_datetime(1, 2, datetime.datetime(2031, 12, 31), day)
            sheet.write_number(1, 3, 1.25, hours)
            sheet.write_number(1, 4, -2.5, red)
            sheet.write_formula(2, 0, '="9"&"8"', None, "98")
            sheet.write(2, 1, "_x000D_ en _")
            sheet.write_boolean(2, 4, True)
            sheet.write_blank(3, 0, None, day)
            book.close()
            self.assertEqual(self.read(), [["BSN", "Naam", "Dag", "Uren", "Rood"], ["012345678", "ab c ", "2031-12-31", "1.25", "-2.5"],
                                           ["98", "_x000D_ en _", "", "", "true"]], options)

    def test_sheets_are_chosen(self):
        book = openpyxl.Workbook()
        for name, state in (("Verborgen", "hidden"), ("Diep", "veryHidden"), ("Uitleg", "visible"), ("Klanten & co", "visible")):
            sheet = book.create_sheet(name)
            sheet.append([name])
            sheet.sheet_state = state
        book.remove(book["Sheet"])
        book.active = 2
        book.create_chartsheet("Grafiek", 0)
        book.save(self.path)
        self.assertEqual(self.read(), [["Uitleg"]])
        for name in ("Verborgen", "Diep", "Klanten & co"):
            self.assertEqual(self.read(sheet=name), [[name]])
        self.refused("KP_E_INVALID", "the workbook has no sheet 'klanten'", sheet="klanten")
        self.refused("KP_E_INVALID", "no sheet 'Grafiek'", sheet="Grafiek")

    def test_header_rows_and_merged_cells(self):
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.append(["Levering schuldhulp, januari", None, None, None])
        sheet.append(["BSN", "Persoon", None, "Bedrag"])
        sheet.append([None, "Naam", "Plaats", None])
        sheet.append([1, "A", "X", 2])
        sheet.append(["Totaal", None, None, 2])
        for area in ("A1:D1", "A2:A3", "B2:C2", "D2:D3", "A5:C5"):
            sheet.merge_cells(area)
        sheet.row_dimensions[4].hidden = True
        book.save(self.path)
        self.assertEqual(self.read(header_row=3), [["BSN", "Naam", "Plaats", "Bedrag"], ["1", "A", "X", "2"], ["Totaal", "", "", "2"]])
        self.refused("KP_E_INVALID", "A2:A3 are merged across rows", header_row=2)
        self.refused("KP_E_INVALID", "row 9 of the sheet holds no names", header_row=9)
        sheet.merge_cells("B4:B5")
        book.save(self.path)
        self.refused("KP_E_INVALID", "merged across rows", header_row=3)

    def test_a_cell_has_one_value(self):
        for cell in ("<c><v>1</v><v>2</v></c>", '<c t="inlineStr"><is><t>1</t></is><is><t>2</t></is></c>', '<c t="str"><v>1</v><v></v></c>'):
            self.sheet(rows(text("n"), cell))
            self.refused("KP_E_INVALID", "more than one value")
        self.sheet(rows(text("n"), '<c t="inlineStr"><is><r><t>1</t></r><r><t>2</t></r></is></c>'))
        self.assertEqual(self.read()[1:], [["12"]])

    # As Excel writes, and what it may.

    def test_numbers(self):
        numbers = {"1.10": "1.1", "2.0": "2", "-200.00": "-200", "0.0": "0", "1.2345678E7": "12345678", "100": "100",
                   "1.1000000000000001": "1.1", "0.30000000000000004": "0.30000000000000004", "1E-3": "0.001", "1.5E+3": "1500",
                   "-2.5e-2": "-0.025", "-0": "-0", "123456789012345": "123456789012345", "1234567890123456": UNREADABLE, "1E+15": UNREADABLE,
                   "9.9999999999999995E+22": UNREADABLE, "1.0000000000000001E-5": "0.00001", "1E+400": UNREADABLE, "1E999999999999": UNREADABLE,
                   "1,5": UNREADABLE, "NaN": UNREADABLE, "": "", "0x10": UNREADABLE, "1" + "0" * 60: UNREADABLE}
        self.sheet(rows(text("n", "x"), *(f"<c><v>{number}</v></c>{text('.')}" for number in numbers)))
        self.assertEqual([row[0] for row in self.read()[1:]], list(numbers.values()))

    def test_dates(self):
        styles = ('<numFmts count="3"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/><numFmt numFmtId="165" formatCode="00000"/>'
                  '<numFmt numFmtId="166" formatCode="[Magenta]General"/><numFmt numFmtId="167" formatCode="mm:ss"/>'
                  '<numFmt numFmtId="168" formatCode="mmm"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
                  '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="166"/><xf numFmtId="22"/>'
                  '<xf numFmtId="21"/><xf numFmtId="167"/><xf numFmtId="168"/></cellXfs>')
        cases = [("1", 1, UNREADABLE, "1904-01-02"), ("59", 1, UNREADABLE, "1904-02-29"), ("60", 1, UNREADABLE, "1904-03-01"),
                 ("61", 2, "1900-03-01", "1904-03-02"), ("0", 1, UNREADABLE, "1904-01-01"), ("-1", 1, UNREADABLE, UNREADABLE),
                 ("45351", 2, "2024-02-29", "2028-03-01"), ("2958465", 1, "9999-12-31", UNREADABLE), ("2958466", 1, UNREADABLE, UNREADABLE),
                 ("45351.5", 1, "2024-02-29", "2028-03-01"), ("45351.5", 5, "2024-02-29T12:00:00", "2028-03-01T12:00:00"),
                 ("45351", 5, "2024-02-29", "2028-03-01"), ("45350.999999", 5, "2024-02-29", "2028-03-01"), ("0.5", 6, "12:00:00", "12:00:00"),
                 ("0.25", 7, "06:00:00", "06:00:00"), ("45351", 8, "2024-02-29", "2028-03-01"), ("633", 3, "00633", "00633"), ("1.5", 4, "1.5", "1.5"),
                 ("45351", 99, "45351", "45351"), ("1e99", 1, UNREADABLE, UNREADABLE)]
        body = rows(text("n"), *(f'<c s="{style}"><v>{number}</v></c>' for number, style, _, _ in cases))
        for workbook, at in (("", 2), ('<workbookPr date1904="1"/>', 3), ('<workbookPr date1904="false"/>', 2)):
            self.sheet(body, styles=styles, workbook=workbook)
            self.assertEqual([row[0] for row in self.read()[1:]], [case[at] for case in cases])

    def test_cells(self):
        strings = ('<si><t>BSN</t></si><si><t>B</t></si><si><r><rPr><b/></rPr><t xml:space="preserve">a </t></r><r><t>b</t></r>'
                   "<rPh sb='0' eb='1'><t>uitspraak</t></rPh><phoneticPr fontId='1'/></si><si/><si><t>_x0041__x000A__x005F_x0041__x0000__xD800_</t></si>")
        cells = [('<c t="s"><v>2</v></c>', "a b"), ('<c t="s"><v>3</v></c>', ""), ('<c t="s"><v>4</v></c>', "A\n_x0041__x0000__xD800_"),
                 ('<c t="str"><f>x</f><v></v></c>', ""), ('<c t="str"><f>x</f><v>&lt;y&gt;</v></c>', "<y>"), ("<c><f>1+1</f></c>", UNREADABLE),
                 ("<c><f>1+1</f><v>2</v></c>", "2"), ('<c t="e"><v>#DIV/0!</v></c>', UNREADABLE), ('<c t="b"><v>1</v></c>', "true"),
                 ('<c t="b"><v>0</v></c>', "false"), ('<c t="d"><v>2024-01-31</v></c>', "2024-01-31"), ('<c t="inlineStr"><is><r><t>x</t></r><r><t>y</t></r></is></c>', "xy"),
                 ('<c t="inlineStr"><v>3</v></c>', ""), ('<c t="inlineStr"><is><t>,"\r\n</t></is></c>', ',"\n'), ("<c/>", ""),
                 ('<c><ext xmlns="urn:x"><v>5</v></ext><v xmlns="urn:x">6</v><v>7</v></c>', "7"), ("<c><v><![CDATA[8]]></v></c>", "8")]
        header = '<c r="A1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c>'
        self.sheet(rows(header, *(cell + '<c t="b"/><c><v>1</v></c><c><v>buiten</v></c>' for cell, _ in cells)), strings=strings)
        self.assertEqual(self.read(), [["BSN", "", "B"]] + [[expected, "", "1"] for _, expected in cells])

    def test_strict_and_prefixed(self):
        self.sheet(rows(text("A"), text("1")), main=STRICT)
        self.assertEqual(self.read(), [["A"], ["1"]])
        files = parts()
        files["xl/worksheets/sheet1.xml"] = (f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="1"><x:c r="A1" t="str"><x:v>A</x:v></x:c></x:row>'
                                             '<x:row r="7"><x:c r="A7"><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>')
        self.pack(files)
        self.assertEqual(self.read(), [["A"], ["1"]])
        self.pack(files, zipfile.ZIP_STORED)
        self.assertEqual(self.read(), [["A"], ["1"]])

    # As nobody should.

    def test_what_is_no_workbook(self):
        for content, word in ((b"", "no .xlsx"), (b"BSN;Naam\n1;a\n", "no .xlsx"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "password"),
                              (b"PK\x03\x04" + bytes(100), "archive"), (b"PK\x05\x06" + bytes(18), "")):
            self.path.write_bytes(content)
            self.refused("KP_E_", word)
        for name in ("_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml", "xl/styles.xml", "xl/worksheets/sheet1.xml"):
            files = parts(rows(text("A")))
            del files[name]
            self.pack(files)
            self.refused("KP_E_INVALID", name, "does not hold this part")
        self.pack({"word/document.xml": "<a/>", "_rels/.rels": relations(("r1", "officeDocument", "word/document.xml", "")),
                   "word/_rels/document.xml.rels": relations()})
        self.refused("KP_E_INVALID", "no .xlsx workbook")

    def test_bytes_cut_and_changed(self):
        book = xlsxwriter.Workbook(str(self.path))
        book.add_worksheet().write_row(0, 0, ["BSN", "Naam"])
        book.close()
        whole = self.path.read_bytes()
        for length in range(0, len(whole), 97):
            self.path.write_bytes(whole[:length])
            self.refused("KP_E_")
        for at in range(0, len(whole), 31):
            self.path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1:])
            self.probe()

    def test_a_wrong_checksum(self):
        self.pack(parts(rows(text("BSN"), text("1"))), zipfile.ZIP_STORED)
        whole = self.path.read_bytes()
        at = whole.index(b"<t>1</t>") + 3
        self.path.write_bytes(whole[:at] + b"2" + whole[at + 1:])
        self.refused("KP_E_CORRUPT", "xl/worksheets/sheet1.xml", "checksum")

    def test_bombs(self):
        self.sheet(rows(text("BSN")) + "<!--" + " " * 60000 + "-->" + " " * (40 << 20))
        self.refused("KP_E_LIMIT", "sheet1.xml", "unpacks to more than 200 times its size")
        # Not packed at all, and still too much; of all parts together.
        files = parts(rows(text("BSN")) + " " * 600000)
        files["xl/styles.xml"] += " " * 600000
        self.pack(files, zipfile.ZIP_STORED)
        self.refused("KP_E_LIMIT", "unpacks to more than is allowed", bytes_max=1 << 16)
        self.assertEqual(self.read(bytes_max=1 << 17), [["BSN"]])
        self.sheet(rows(text("BSN"), *(text(f"{i:09}" * 20) for i in range(9000))))
        self.refused("KP_E_LIMIT", "deliver them as CSV", "1048576")
        self.assertEqual(len(self.read(bytes_max=2 << 20)), 9001)
        self.sheet(rows(text("BSN")), strings="".join(f"<si><t>{i:09}</t></si>" for i in range(200000)))
        self.refused("KP_E_LIMIT", "shared texts")
        files = parts(rows(text("BSN")))
        files.update({f"xl/media/{i}.png": "" for i in range(5000)})
        self.pack(files)
        self.refused("KP_E_LIMIT", "4096 entries")
        files.update({f"xl/media/{'x' * 200}{i}.png": "" for i in range(20000)})
        self.pack(files)
        self.refused("KP_E_LIMIT", "directory")

    def test_a_cell_too_many(self):
        self.sheet(rows(text("BSN"), text("x" * (64 << 10))))
        self.assertEqual(len(self.read()[1][0]), 64 << 10)
        self.sheet(rows(text("BSN"), text("x" * ((64 << 10) + 1))))
        self.refused("KP_E_LIMIT", "cell A2", "too long")
        self.sheet(rows(text(*(f"k{i}" for i in range(1024)))))
        self.assertEqual(len(self.read()[0]), 1024)
        self.sheet(rows(text(*(f"k{i}" for i in range(1025)))))
        self.refused("KP_E_LIMIT", "cell AMK1", "1024 columns")
        self.sheet('<sheetData><row r="1">' + text("BSN") + '</row><row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData>')
        self.assertEqual(self.read(), [["BSN"], ["1"]])
        self.sheet('<sheetData><row r="1048577"/></sheetData>')
        self.refused("KP_E_INVALID", "too many")

    def test_out_of_order(self):
        for sheet, words in (('<row r="2"/><row r="2"/>', ("rows", "order")), ('<row r="2"/><row r="1"/>', ("order",)), ('<row r="0"/>', ("order",)),
                             ('<row r="1"><c r="B1"/><c r="A1"/></row>', ("cell B1", "order")), ('<row r="1"><c r="A2"/></row>', ("order",)),
                             ('<row r="1"><c r="A1"/><c r="A1"/></row>', ("cell A1", "order")), ('<row><c r="1A"/></row>', ("order",)),
                             ('<row><c r="XFE1"/></row>', ("order",)), ('<row><c r=""/></row><row><c r="A"/></row>', ("order",)),
                             ('<row><c t="s"><v>9</v></c></row>', ("shared text",)), ('<row><c t="s"><v>-1</v></c></row>', ("shared text",))):
            self.sheet(f"<sheetData>{sheet}</sheetData>")
            self.refused("KP_E_INVALID", *words)
        for area in ("A1", "", "A1:B", "B3:A1:", "A3:A1", "A0:A1"):
            self.sheet(rows(text("A")) + f'<mergeCells><mergeCell ref="{area}"/></mergeCells>')
            self.refused("KP_E_SYNTAX", "merged")

    def test_xml_that_costs_or_reaches_out(self):
        laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
        for head in (f'<!DOCTYPE worksheet [<!ENTITY l0 "ha">{laughs}]>', '<!DOCTYPE worksheet SYSTEM "file:///etc/passwd">',
                     '<?xml version="1.0"?><?xml-stylesheet href="http://127.0.0.1/"?>', '<!DOCTYPE a [<!ENTITY l9 SYSTEM "file:///etc/passwd">]>'):
            for name in ("xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/sharedStrings.xml", "_rels/.rels", "xl/styles.xml"):
                files = parts(rows(text("A")))
                files[name] = head + files[name].split("?>\r\n")[-1]
                self.pack(files)
                self.refused("KP_E_SYNTAX", name, "not allowed")
        for broken in ("<worksheet", "", "<worksheet></sheet>", f'<worksheet xmlns="{MAIN}"><sheetData>', "<a>" * 100, "\xff", f'<a xmlns="{MAIN}"/>',
                       f'<worksheet xmlns="{MAIN}"><sheetData><row><c t="str"><v>&l9;</v></c></row></sheetData></worksheet>',
                       f'<worksheet xmlns="{MAIN}"><sheetData><row><c t="str"><v>\x00</v></c></row></sheetData></worksheet>'):
            files = parts()
            files["xl/worksheets/sheet1.xml"] = broken.encode("latin-1")
            self.pack(files)
            self.refused("KP_E_")
        files = parts()
        files["xl/worksheets/sheet1.xml"] = files["xl/worksheets/sheet1.xml"].encode("utf-16")
        self.pack(files)
        self.refused("KP_E_SYNTAX", "UTF-8")

    def test_names_of_parts(self):
        files = parts(rows(text("A")))
        with self.assertWarns(UserWarning), zipfile.ZipFile(self.path, "w") as book:
            for name, content in files.items():
                book.writestr(name, content)
            book.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
        self.refused("KP_E_INVALID", "sheet1.xml", "twice")
        self.pack({**files, "XL/Worksheets/Sheet1.xml": "<worksheet/>"})
        self.refused("KP_E_INVALID", "sheet1.xml", "twice")
        for target in ("../../etc/passwd", "/../../etc/passwd", "../../xl/worksheets/sheet1.xml", "http://127.0.0.1/sheet1.xml", ""):
            files = parts(rows(text("A")))
            files["xl/_rels/workbook.xml.rels"] = relations(("rId1", "worksheet", target, ""))
            self.pack(files)
            self.refused("KP_E_INVALID")
        files["xl/_rels/workbook.xml.rels"] = relations(("rId1", "worksheet", "worksheets/sheet1.xml", ' TargetMode="External"'))
        self.pack(files)
        self.refused("KP_E_INVALID", "no sheet")
        files["xl/_rels/workbook.xml.rels"] = relations(("rId1", "worksheet", "../xl/./worksheets//sheet1.xml", ""))
        self.pack(files)
        self.assertEqual(self.read(), [["A"]])
        files["xl/_rels/workbook.xml.rels"] = relations(*((f"r{i}", "worksheet", "a", "") for i in range(1025)))
        self.pack(files)
        self.refused("KP_E_LIMIT", "too many others")

    def test_lies_in_the_archive(self):
        self.pack(parts(rows(text("BSN"), text("1"))))
        whole = self.path.read_bytes()
        directory = whole.index(b"PK\x01\x02")
        end = whole.index(b"PK\x05\x06")
        last = whole.rindex(b"PK\x01\x02")

        def changed(at, form, value):
            size = struct.calcsize(form)
            return whole[:at] + struct.pack(form, value) + whole[at + size:]
        # Of the sheet, which is the last: flags (encrypted), method, sizes, where it lies; of the archive: entries, size and place of the directory.
        for at, form, value in ((last + 8, "<H", 1), (last + 10, "<H", 12), (last + 10, "<H", 99), (last + 20, "<I", 5), (last + 20, "<I", 0xfffffffe),
                                (last + 24, "<I", 1), (last + 24, "<I", 0xfffffffe), (last + 42, "<I", 0xfffffff0), (last + 42, "<I", 3),
                                (end + 10, "<H", 60000), (end + 8, "<H", 0), (end + 12, "<I", 3), (end + 12, "<I", 0xffffffff), (end + 16, "<I", 0xffffffff),
                                (end + 16, "<I", directory + 1), (last + 20, "<I", 0xffffffff), (last + 30, "<H", 40000)):
            self.path.write_bytes(changed(at, form, value))
            done = self.probe()
            self.assertTrue(done.returncode == 1 or list(csv.reader(done.stdout.decode().splitlines()))[0] == ["BSN"], (at, value))
        self.path.write_bytes(changed(last + 8, "<H", 1))
        self.refused("KP_E_INVALID", "encrypted")
        # A 64-bit end of the directory that points anywhere.
        for offset in (0, len(whole), 1 << 40, (1 << 64) - 1):
            record = struct.pack("<IQHHIIQQQQ", 0x06064b50, 44, 45, 45, 0, 0, 1 << 40, 1 << 40, 1 << 50, offset)
            locator = struct.pack("<IIQI", 0x07064b50, 0, end, 1)
            tail = struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, 0xffff, 0xffff, 0xffffffff, 0xffffffff, 0)
            self.path.write_bytes(whole[:end] + record + locator + tail)
            self.refused("KP_E_")


if __name__ == "__main__":
    unittest.main()
