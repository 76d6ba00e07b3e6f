#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""CPU and memory of an answer: the connector, a library's tree of it (bench_connector), and python3-zeep (soap) or Python's own
json (rest, sql) or csv (file).

    python3 tests/bench/connector/run.py .build/release/tests/bench/bench_connector [soap|rest|sql|file]

Needs python3-zeep (sh tests/packages.sh bench). Prints; judges nothing."""
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ZEEP = r"""
import pathlib, resource, sys, time
import zeep
from lxml import etree
client = zeep.Client(str(pathlib.Path(sys.argv[1]) / "inkomsten.wsdl"))
operation = client.service._binding._operations["UWVPersoonsIkvInfo"]
bytes_ = pathlib.Path(sys.argv[2]).read_bytes()
def job():
    parser = etree.XMLParser(huge_tree=True, resolve_entities=False, no_network=True)
    answer = operation.process_reply(etree.fromstring(bytes_, parser))
    values = 0
    for ikv in answer.Inkomstenverhouding:  # zeep takes the one element of an answer off
        for one in ikv.Inkomstenopgave:
            values += sum(v is not None for v in (ikv.AdministratieveEenheid.NaamAdministratieveEenheid, one.DatBIko, one.DatEIko,
                          one.AantVerloondeUrenIko, one.BedrBrutoloonSv.WaardeBedr, one.BedrIngehoudenLbPremieVolksverz.WaardeBedr,
                          one.BedrVakantietoeslag.WaardeBedr))
    return values
"""
JSON = r"""
import json, pathlib, resource, sys, time
bytes_ = pathlib.Path(sys.argv[2]).read_bytes()
def job():
    values = 0
    for one in json.loads(bytes_)["dienstverbanden"]:
        values += sum(v is not None for v in (one["werkgever"]["naam"], one["werkgever"]["loonheffingennummer"], one["soortContract"],
                      one["datumAanvang"], one["datumEinde"], one["urenPerWeek"], one["loon"]["bruto"], one["loon"]["periode"]))
    return values
"""
ROWS = r"""
import json, pathlib, resource, sys, time
bytes_ = pathlib.Path(sys.argv[2]).read_bytes()
def job():
    return sum(value is not None for row in json.loads(bytes_) if isinstance(row, list) for value in row[1:])
"""
CSV = r"""
import csv, io, pathlib, resource, sys, time
bytes_ = pathlib.Path(sys.argv[2]).read_bytes()
def job():
    rows = csv.DictReader(io.TextIOWrapper(io.BytesIO(bytes_), encoding="utf-8", newline=""), delimiter=";")
    wanted = ("Inventarisnummer", "Omschrijving", "Van", "Tot", "Vindplaats", "Contact", "Uitgeleend")
    return sum(row[name] != "" for row in rows for name in wanted)
"""
MEASURE = r"""
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
values = job()
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
times = []
end = time.process_time() + 1.0
while time.process_time() < end or len(times) < 3:
    start = time.process_time()
    job()
    times.append(time.process_time() - start)
times.sort()
print(times[len(times) // 2] * 1e6, memory, values)
"""


def python_with_zeep():
    """Debian's own python3 has it, which may not be the one that runs this."""
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import zeep"], capture_output=True).returncode == 0:
            return python
    return sys.executable


def beside(kind, program, python, peer, script):
    with tempfile.TemporaryDirectory() as folder:
        ours = subprocess.run([program, kind, HERE.parents[2], folder], check=True, capture_output=True, text=True).stdout
        lines = ours.splitlines()
        print(f"{lines[0]}   {peer:>26}  {peer} / connector")
        for line in lines[1:]:
            size = line.split()[0]
            done = subprocess.run([python, "-c", script + MEASURE, HERE, f"{folder}/answer-{size}"], capture_output=True, text=True)
            if done.returncode != 0:
                print(f"{line}   {peer}: " + (done.stderr.strip().splitlines() or ["failed"])[-1])
                continue
            us, memory, values = done.stdout.split()
            mine = float(line.split()[1])
            print(f"{line}   {float(us):10.0f} us {memory:>6} kB {values:>6} v  {float(us) / mine:.1f}")


def main():
    program = sys.argv[1]
    for kind, python, peer, script in (("soap", python_with_zeep(), "zeep", ZEEP), ("rest", sys.executable, "json", JSON),
                                       ("sql", sys.executable, "json", ROWS), ("file", sys.executable, "csv", CSV)):
        if kind in sys.argv[2:] or len(sys.argv) == 2:
            beside(kind, program, python, peer, script)


if __name__ == "__main__":
    main()
