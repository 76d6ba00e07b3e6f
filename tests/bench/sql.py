#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""bench_sql beside psycopg, the same question to the same PostgreSQL in the same run: a read-only transaction with a
statement's time limit, one query, all its rows. Medians of five, by turns.
  /usr/bin/python3 tests/bench/sql.py .build/release/tests/bench/bench_sql"""
import multiprocessing
import pathlib
import resource
import statistics
import subprocess
import sys
import time

import psycopg2

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import postgres  # noqa: E402


def ours(program, pg, rows, calls):
    done = subprocess.run([program, str(pg.port), pg.user, pg.password, str(rows), str(calls)], capture_output=True,
                          encoding="utf-8", check=True).stdout.split()
    if done[3] != "0":
        raise RuntimeError(f"{done[3]} questions failed")
    return float(done[0]), float(done[1]), int(done[2]), int(done[4])


def theirs(pg, rows, calls):
    """In a process of its own, so that its memory is its own."""
    mine, other = multiprocessing.Pipe()
    child = multiprocessing.Process(target=lambda: other.send(ask_psycopg(pg, rows, calls)))
    child.start()
    figures = mine.recv()
    child.join()
    return figures


def ask_psycopg(pg, rows, calls):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    connection = psycopg2.connect(host="127.0.0.1", port=pg.port, dbname="postgres", user=pg.user, password=pg.password,
                                  sslmode="disable")
    connection.set_session(readonly=True)
    def ask():
        with connection, connection.cursor() as cursor:
            cursor.execute("select set_config('statement_timeout', '30000', true)")
            cursor.execute("select bsn, naam, bedrag::text, dag::text from rij where nummer <= %s", (rows,))
            return sum(1 for _ in cursor)
    ask()
    usage, started = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    for _ in range(calls):
        ask()
    took, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_SELF)
    connection.close()
    cpu = after.ru_utime + after.ru_stime - usage.ru_utime - usage.ru_stime
    return cpu * 1e6 / calls, took * 1e6 / calls, after.ru_maxrss - before


def main():
    with postgres.Postgres() as pg:
        pg.sql("create table rij as select i as nummer, 999990000 + i as bsn, 'Naam Nummer ' || i as naam, (i * 1.01)::numeric(10, 2) "
               "as bedrag, date '2020-01-01' + i as dag from generate_series(1, 100000) as i; create index on rij (nummer);"
               f"analyze rij; grant select on rij to {pg.user}")
        print("rows       bytes    ours: CPU us  time us  memory kB    psycopg: CPU us  time us  memory kB    ratio of CPU")
        for rows, calls in ((1, 1000), (20, 1000), (200, 300), (2000, 50), (14000, 10), (100000, 3)):
            mine, peer = [], []
            for _ in range(5):
                mine.append(ours(sys.argv[1], pg, rows, calls))
                peer.append(theirs(pg, rows, calls))
            a, b, c = (statistics.median(m[i] for m in mine) for i in (0, 1, 3))
            d, e, f = (statistics.median(p[i] for p in peer) for i in (0, 1, 2))
            print(f"{rows:6} {mine[0][2]:9} {a:15.0f} {b:8.0f} {c:10.0f} {d:18.0f} {e:8.0f} {f:10.0f} {a / d:15.2f}", flush=True)


if __name__ == "__main__":
    main()
