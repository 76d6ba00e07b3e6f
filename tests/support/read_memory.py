#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Writes every writable piece of a process's memory: a line with its name and length, then its bytes. A program of its own
because the gateway is closed to everybody but root: read_memory.py PID, through sudo when need be."""
import pathlib
import re
import sys


def pieces(pid):
    maps = pathlib.Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines()
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in maps:
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)", line)
            start, end, rights, name = int(match[1], 16), int(match[2], 16), match[3], match[4]
            if "r" not in rights or "w" not in rights or name.startswith(("[vvar", "[vsyscall")):
                continue
            try:
                mem.seek(start)
                yield name or match[1], mem.read(end - start)
            except OSError:
                continue


for piece, data in pieces(int(sys.argv[1])):
    sys.stdout.buffer.write(f"{piece}\t{len(data)}\n".encode() + data)
