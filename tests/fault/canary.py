#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Nothing of a client stays: after 1,000 questions no client number and no value of a client is in any file the gateway
wrote, in its log or, a second later, in its memory."""
import pathlib
import re
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import running  # noqa: E402

PROGRAM = running.program_from_arguments()
QUESTIONS = 1000


def canaries():
    """What only a client's data hold: numbers, names in full, employers' numbers, telephone numbers, notes."""
    found = set()
    for bsn, client in running.stand_ins.load_clients().items():
        found.add(bsn)
        found.add(client["adres"]["postcode"].replace(" ", ""))
        full = " ".join(p for p in (client["voornamen"], client["voorvoegsel"],
                                    client["geslachtsnaam"]) if p)
        if len(full) > 12:
            found.add(full)
        for child in client["kinderen"] + ([client["partner"]] if client["partner"] else []):
            found.add(child["bsn"])
        if client["klantvolg"]:
            found.add(client["klantvolg"]["telefoon"])
            found.add(client["klantvolg"]["klantnummer"])
        for job in (client["uwv"] or {"dienstverbanden": []})["dienstverbanden"]:
            found.add(job["loonheffingennummer"])
    return {text for text in found if len(text) >= 6}


def memory(pid):
    """Every readable, private or writable piece of a process's memory."""
    maps = pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines()
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in maps:
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)", line)
            start, end, rights, name = int(match[1], 16), int(match[2], 16), match[3], match[4]
            if "r" not in rights or "w" not in rights or name.startswith(("[vvar", "[vsyscall")):
                continue
            try:
                mem.seek(start)
                yield name or f"{match[1]}", mem.read(end - start)
            except OSError:
                continue


class Canary(unittest.TestCase):
    def test_nothing_stays(self):
        marks = canaries()
        self.assertGreater(len(marks), 150)
        with running.Gateway(PROGRAM) as gateway:
            connection = gateway.connect()
            clients = list(running.stand_ins.load_clients())
            found = 0
            for number in range(QUESTIONS):
                status, answer = gateway.ask(clients[number % len(clients)], connection=connection)
                found += status == 200 and bool(answer["dossier"])
            # The test is worth something only when the data really went through.
            self.assertGreater(found, QUESTIONS // 2)
            connection.close()
            time.sleep(1)
            pattern = re.compile("|".join(map(re.escape, sorted(marks))).encode())
            wide = re.compile("|".join(map(re.escape, sorted(marks))).encode("latin-1", "replace"))
            for name, data in memory(gateway.process.pid):
                for kind in (pattern, wide):
                    hit = kind.search(data)
                    self.assertIsNone(hit, f"in memory ({name}): {hit and hit.group()!r} in "
                                      f"{hit and data[max(0, hit.start() - 60):hit.end() + 60]!r}")
            self.assertEqual(gateway.stop(), 0)
            for path in gateway.folder.rglob("*"):
                if path.is_file() and path.name != "klantvolg.csv":  # the partner's own file
                    hit = pattern.search(path.read_bytes())
                    self.assertIsNone(hit, f"in {path.name}: {hit and hit.group()!r}")


if __name__ == "__main__":
    unittest.main()
