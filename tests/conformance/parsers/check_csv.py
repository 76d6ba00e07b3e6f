# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""csv-spectrum against csv_read: the rows of each file, under the names of its first row, are its JSON.

One file has quotes inside fields without quotes. RFC 4180 does not allow them; it must be refused, and
read with loose_quotes. Its JSON has another telephone number than its CSV, so that one is not compared."""

import json

import suites

LOOSE = {"location_coordinates"}
TELEPHONE = "Contact Phone Number"


def main():
    probe, archives, work = suites.arguments()
    folder = suites.unpack(archives, "csv-spectrum-bsd2", work)
    if folder is None:
        suites.skip("no csv-spectrum in the shared suites")
    right, wrong = 0, []
    for path in sorted(folder.rglob("*.csv")):
        answer = next(folder.rglob(f"{path.stem}.json"))
        rows, verdict = suites.run_probe(probe, "csv", [path]).splitlines()
        if path.stem in LOOSE and verdict.startswith("refuse"):
            rows, verdict = suites.run_probe(probe, "csv-loose", [path]).splitlines()
        header, *records = json.loads(rows)
        found = [dict(zip(header, record, strict=True)) for record in records]
        wanted = json.loads(answer.read_text(encoding="utf-8"))
        if path.stem in LOOSE:
            found = [{**record, TELEPHONE: wanted[TELEPHONE]} for record in found]
            wanted = [wanted]
        if verdict == "accept" and found == wanted:
            right += 1
        else:
            wrong.append(f"{path.name}: {verdict} {found}")
    suites.finish(right, wrong)


main()
