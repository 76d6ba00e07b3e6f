#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""What does it cost to refuse an XML bomb? Each of the public ones, as the answer of a SOAP partner: processor time and memory of
`ketenpoort connector try`, less those of the same with an answer of nothing.

    python3 tests/bench/bombs.py [--program .build/release/gateway/ketenpoort] [--rounds 9]
"""
import argparse
import json
import os
import pathlib
import statistics
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BOMBS = ROOT.parent / "shared/data/suites/xml-bombs-mit.tar.gz"
MANIFEST = ROOT / "connectors/soap/manifests/suwinet-brp.json"


def spend(words, answer):
    """Processor time in ms and the most memory in kB of one run; its words."""
    read, write = os.pipe()
    pid = os.posix_spawn(words[0], [*words, "--answer", str(answer), str(MANIFEST)], os.environ,
                         file_actions=[(os.POSIX_SPAWN_DUP2, write, 1)])
    os.close(write)
    with open(read, encoding="utf-8") as said:
        text = said.read()
    _, _, usage = os.wait4(pid, 0)
    return (usage.ru_utime + usage.ru_stime) * 1e3, usage.ru_maxrss, json.loads(text)["outcome"]


def middle(words, answer, rounds):
    runs = [spend(words, answer) for _ in range(rounds)]
    return statistics.median(run[0] for run in runs), statistics.median(run[1] for run in runs), runs[0][2]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=ROOT / ".build/release/gateway/ketenpoort")
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    if not BOMBS.exists():
        sys.exit(f"SKIPPED: {BOMBS} is not there")
    with tempfile.TemporaryDirectory(prefix="ketenpoort-bombs-") as name, tarfile.open(BOMBS) as archive:
        folder = pathlib.Path(name)
        (folder / "bsn").write_text("999993653")
        words = [str(args.program), "connector", "try", "--json", "-c", str(ROOT / "policies/voorbeeld/catalogus.json"),
                 "--bsn-file", str(folder / "bsn")]
        nothing = folder / "nothing"
        nothing.write_text("<nothing/>")
        cpu, memory, _ = middle(words, nothing, args.rounds)
        print(f"nothing: {cpu:.1f} ms, {memory:,.0f} kB; the rest is over that")
        for member in archive.getmembers():
            if member.isfile() and member.name.endswith(".xml"):
                bomb = folder / "bomb"
                bomb.write_bytes(archive.extractfile(member).read())
                own_cpu, own_memory, outcome = middle(words, bomb, args.rounds)
                print(f"{pathlib.PurePath(member.name).name:40} {member.size:>10,} bytes  {own_cpu - cpu:+6.1f} ms"
                      f" {own_memory - memory:+8,.0f} kB  {outcome}")


if __name__ == "__main__":
    main()
