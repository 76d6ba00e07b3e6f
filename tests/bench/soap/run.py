#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""CPU and memory of a SOAP answer: the connector, libxml2's tree (bench_soap) and python3-zeep.

    python3 tests/bench/soap/run.py .build/release/tests/bench/bench_soap

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


def main():
    program = sys.argv[1]
    python = python_with_zeep()
    source = HERE.parents[2]
    with tempfile.TemporaryDirectory() as folder:
        ours = subprocess.run([program, source, folder], check=True, capture_output=True, text=True).stdout
        lines = ours.splitlines()
        print(lines[0] + "   python3-zeep                zeep / connector")
        for line in lines[1:]:
            size = line.split()[0]
            done = subprocess.run([python, "-c", ZEEP, HERE, f"{folder}/answer-{size}.xml"],
                                  capture_output=True, text=True)
            if done.returncode != 0:
                print(line + "   zeep: " + (done.stderr.strip().splitlines() or ["failed"])[-1])
                continue
            us, memory, values = done.stdout.split()
            mine = float(line.split()[1])
            print(f"{line}   {float(us):10.0f} us {memory:>6} kB {values:>5} v  {float(us) / mine:.1f}")


if __name__ == "__main__":
    main()
