#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A municipality's back office as a partner: PostgreSQL with the benefits of the 50 invented clients, over TLS.

  database.py DIR      starts it, and when it answers writes DIR/sources/gemeente-inkomen.json, DIR/inkomen-ca.pem and
                       DIR/secrets/inkomen-database: what a gateway configured in DIR needs to ask it. Ends by SIGTERM.
"""
import json
import pathlib
import signal
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import postgres  # noqa: E402


def rows():
    """A benefit for whom the client-tracking system says so, an application for each."""
    for client in json.loads((HERE / "clients.json").read_text(encoding="utf-8")):
        tracked = client["klantvolg"]
        if tracked and tracked["regeling"]:
            amount = f'{900 + int(client["bsn"]) % 500}.{int(client["bsn"]) % 100:02d}'
            ended = tracked["status"] == "BEEINDIGD"
            yield (int(client["bsn"]), tracked["regeling"], tracked["begin"], "beëindigd" if ended else "lopend", amount)


def fill(pg):
    pg.sql("create database inkomen")
    values = ",".join(f"({bsn}, '{law}', '{start}', '{status}', {amount}, 'maand')" for bsn, law, start, status, amount in rows())
    pg.sql("create table uitkering (bsn bigint, wet text, aanvang date, status text, bedrag numeric(10, 2), periode text);"
           "create index on uitkering (bsn); create table aanvraag (bsn bigint, wet text, datum date, status text);"
           "create index on aanvraag (bsn);"
           f"insert into uitkering values {values};"
           "insert into aanvraag select bsn, wet, aanvang - 30, 'toegekend' from uitkering;"
           f"grant select on uitkering, aanvraag to {pg.user}", "inkomen")


def write_manifest(pg, folder):
    text = (HERE / "database/gemeente-inkomen.json").read_text(encoding="utf-8")
    (folder / "inkomen-ca.pem").write_text((pg.folder / "ca.pem").read_text())
    secret = folder / "secrets/inkomen-database"
    secret.parent.mkdir(mode=0o700, exist_ok=True)
    secret.touch(mode=0o600)
    secret.write_text(f"{pg.user}:{pg.password}\n")
    fresh = folder / "gemeente-inkomen.nieuw"
    fresh.write_text(text.replace("localhost:5433", f"localhost:{pg.port}"), encoding="utf-8")
    fresh.rename(folder / "sources/gemeente-inkomen.json")


def main():
    folder = pathlib.Path(sys.argv[1])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with postgres.Postgres(["max_connections=20"]) as pg:
        fill(pg)
        write_manifest(pg, folder)
        signal.pause()


if __name__ == "__main__":
    main()
