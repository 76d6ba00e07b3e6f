#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""bench_export beside SQLite: the same rows loaded into an indexed table, and looked up, in the same run.
  python3 tests/bench/export.py .build/release/tests/bench/bench_export [ROWS]"""
import pathlib
import resource
import shutil
import sqlite3
import subprocess
import sys
import time

program, rows = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5_000_000
done = subprocess.run([program, str(rows), "keep"], capture_output=True, encoding="utf-8", check=True)
print(done.stdout, end="")
folder = pathlib.Path(done.stdout.rsplit("left in ", 1)[1].strip())
try:
    started = time.monotonic()
    database = sqlite3.connect(folder / "peer.sqlite")
    database.execute("create table klant (bsn text, naam text, straat text, postcode text, woonplaats text)")
    with open(folder / "export.csv", encoding="utf-8") as export:
        next(export)
        database.executemany("insert into klant values (?, ?, ?, ?, ?)", (line.rstrip("\n").split(";") for line in export))
    database.execute("create index op_bsn on klant (bsn)")
    database.commit()
    print(f"SQLite: loaded and indexed in {time.monotonic() - started:.2f} s, "
          f"{(folder / 'peer.sqlite').stat().st_size >> 20} MB beside the export's {(folder / 'export.csv').stat().st_size >> 20} MB "
          f"(our index: {(folder / 'export.index').stat().st_size >> 20} MB)")
    for _ in range(2):
        started = time.monotonic()
        for i in range(200_000):
            key = f"{100000000 + (i * 2654435761 % rows) * 97 % 900000000:09d}"
            database.execute("select * from klant where bsn = ?", (key,)).fetchone()
        took = time.monotonic() - started
        print(f"SQLite: {200_000 / took:.0f} look-ups a second, {took * 5:.2f} us each (Python's binding included)")
    print(f"SQLite: resident {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss} kB at most")
finally:
    shutil.rmtree(folder)
