#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A workbook of 100,000 rows taken in, beside openpyxl reading it (read_only) into a dictionary by bsn, in the same run.
  python3 tests/bench/workbook.py .build/release/tests/bench/bench_export [ROWS]
Needs python3-openpyxl and python3-xlsxwriter (sh tests/packages.sh bench). Prints; judges nothing."""
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import xlsxwriter
except ImportError:
    # Debian's own python3 has them, which may not be the one that runs this.
    os.execv("/usr/bin/python3", ["/usr/bin/python3", "-B", *sys.argv])

PEER = """
import resource, sys, time
import openpyxl
before = resource.getrusage(resource.RUSAGE_SELF)
started = time.monotonic()
book = openpyxl.load_workbook(sys.argv[1], read_only=True)
rows = book.worksheets[0].iter_rows(values_only=True)
names = next(rows)
clients = {}
for row in rows:
    clients.setdefault(row[0], []).append(row)
took = time.monotonic() - started
after = resource.getrusage(resource.RUSAGE_SELF)
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
print(f"openpyxl          {took:10.2f} s, {cpu:.2f} s of CPU, at most {peak} kB resident; {len(clients)} clients")
"""


def write(path, rows):
    book = xlsxwriter.Workbook(str(path), {"constant_memory": False, "default_date_format": "dd-mm-yyyy"})
    sheet = book.add_worksheet("Klanten")
    day = book.add_format({"num_format": "dd-mm-yyyy"})
    sheet.write_row(0, 0, ["BSN", "Naam", "Geboren", "Straat", "Huisnummer", "Postcode", "Woonplaats", "Bedrag"])
    for i in range(rows):
        sheet.write_number(i + 1, 0, 100000000 + i * 97 % 900000000)
        sheet.write_string(i + 1, 1, f"Naam Nummer {i}")
        sheet.write_number(i + 1, 2, 20000 + i % 20000, day)
        sheet.write_string(i + 1, 3, f"Lange Straat {i % 400}")
        sheet.write_number(i + 1, 4, i % 300)
        sheet.write_string(i + 1, 5, f"{1000 + i % 9000}AB")
        sheet.write_string(i + 1, 6, "Utrecht")
        sheet.write_number(i + 1, 7, i * 7 % 100000 / 100)
    book.close()


def main():
    program, rows = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    with tempfile.TemporaryDirectory(prefix="ketenpoort-bench-") as folder:
        path = pathlib.Path(folder, "export.xlsx")
        write(path, rows)
        print(f"{rows} rows of 8 cells, {path.stat().st_size >> 10} kB packed")
        for _ in range(2):
            print(subprocess.run([program, folder], check=True, capture_output=True, text=True).stdout, end="")
            print(subprocess.run([sys.executable, "-c", PEER, path], check=True, capture_output=True, text=True).stdout, end="")


if __name__ == "__main__":
    main()
