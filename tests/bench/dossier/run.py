#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""How much does a dossier cost? This gateway beside nginx + Lua, on the same partners, in one run.

Ours decides by rules, keeps provenance and makes a record durable; the peer drops fields and merges. Each is pinned to
processor 0 in turn (A B A B …), partners and load to processor 1; every question has another client number. What is compared
is the processor time of the gateway's process, which does not depend on how fast the other processor is.

    python3 tests/bench/dossier/run.py                    five partners, 4.9 kB: the ratio
    python3 tests/bench/dossier/run.py --curve partners   1 … 50 partners
    python3 tests/bench/dossier/run.py --curve size       answers of 1 kB … 1 MB
    python3 tests/bench/dossier/run.py --curve flight     10 … 10,000 dossiers waiting for a slow partner
    python3 tests/bench/dossier/run.py --curve idle       10,000 idle connections
    python3 tests/bench/dossier/run.py --build .build/release-pgo    another build
"""
import argparse
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import setups

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]


class Process:
    """A running server, with what /proc says about it."""

    def __init__(self, command, cpu, log):
        self.log = open(log, "ab")
        self.process = subprocess.Popen(["taskset", "-c", str(cpu)] + command, stdout=self.log,
                                        stderr=self.log)

    def pids(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [self.process.pid] + [int(p) for p in children.read_text().split()]

    def cpu_seconds(self):
        total = 0
        for pid in self.pids():
            # schedstat counts nanoseconds on the processor; stat only ticks of ten milliseconds.
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def rss_kb(self):
        total = 0
        for pid in self.pids():
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
        return total

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


def wait_until_up(port, process):
    import socket
    for _ in range(200):
        if process.process.poll() is not None:
            sys.exit(f"a server ended at once; see {process.log.name}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}; see {process.log.name}")


def load(port, script, connections, seconds, scheme="http"):
    """Questions per second, errors, p50 and p99 in µs; as wrk saw them."""
    out = subprocess.run(["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}",
                          f"-d{seconds}s", "--timeout", "30s", "-s", str(script),
                          f"{scheme}://127.0.0.1:{port}"], capture_output=True, text=True, check=True)
    for line in out.stdout.splitlines():
        if line.startswith("RESULT"):
            requests, errors, p50, p99 = line.split()[1:]
            return int(requests), int(errors), float(p50), float(p99)
    sys.exit(out.stdout + out.stderr)


def measure(process, port, script, connections, seconds):
    before, began = process.cpu_seconds(), time.monotonic()
    requests, errors, p50, p99 = load(port, script, connections, seconds)
    took = time.monotonic() - began
    cpu = process.cpu_seconds() - before
    return {"cpu_us": cpu * 1e6 / max(requests, 1), "per_s": requests / took, "p50_ms": p50 / 1e3,
            "p99_ms": p99 / 1e3, "rss_mb": process.rss_kb() / 1024, "errors": errors}


def median(rows, key):
    return statistics.median(row[key] for row in rows)


def print_rows(results):
    print(f"{'':14}{'CPU µs/dossier':>16}{'dossiers/s':>12}{'p50 ms':>9}{'p99 ms':>9}"
          f"{'RSS MB':>9}{'errors':>8}")
    for name, rows in results.items():
        print(f"{name:14}{median(rows, 'cpu_us'):16.1f}{median(rows, 'per_s'):12.0f}"
              f"{median(rows, 'p50_ms'):9.2f}{median(rows, 'p99_ms'):9.2f}"
              f"{median(rows, 'rss_mb'):9.1f}{sum(r['errors'] for r in rows):8}")


def compare(folder, program, args):
    setup = setups.standard(folder, HERE, program)
    partner = Process(setup.partner_command(folder / "partner"), 1, folder / "partner.log")
    ours = Process([program, "serve", setup.config], 0, folder / "ketenpoort.log")
    peer = Process(["nginx", "-c", str(setup.nginx)], 0, folder / "nginx.log")
    try:
        for port, process in ((setup.first_partner_port, partner), (setup.port, ours),
                              (setup.peer_port, peer)):
            wait_until_up(port, process)
        results = {"ketenpoort": [], "nginx+lua": []}
        for round_ in range(-1, args.rounds):  # the first round warms up and is not counted
            for name, process, port in (("ketenpoort", ours, setup.port),
                                        ("nginx+lua", peer, setup.peer_port)):
                row = measure(process, port, setup.script, args.connections, args.seconds)
                if round_ >= 0:
                    results[name].append(row)
        print_rows(results)
        ratios = [a["cpu_us"] / b["cpu_us"]
                  for a, b in zip(results["ketenpoort"], results["nginx+lua"])]
        print(f"CPU ratio ours/peer: median {statistics.median(ratios):.2f} "
              f"(min {min(ratios):.2f}, max {max(ratios):.2f}, {len(ratios)} rounds)")
    finally:
        for process in (ours, peer, partner):
            process.stop()


def one_point(folder, program, setup, connections, seconds):
    partner = Process(setup.partner_command(folder / "partner"), 1, folder / "partner.log")
    ours = Process([program, "serve", setup.config], 0, folder / "ketenpoort.log")
    try:
        wait_until_up(setup.first_partner_port, partner)
        wait_until_up(setup.port, ours)
        time.sleep(0.3)
        empty = ours.rss_kb()
        row = measure(ours, setup.port, setup.script, connections, seconds)
        row["idle_mb"] = empty / 1024
        row["peak_kb"] = peak_kb(ours)
        return row
    finally:
        ours.stop()
        partner.stop()


def peak_kb(process):
    for line in pathlib.Path(f"/proc/{process.process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def curve(folder, program, args):
    if args.curve == "idle":
        idle(folder, program)
        return
    print(f"{args.curve:>10}{'CPU µs/dossier':>16}{'dossiers/s':>12}{'p99 ms':>9}{'RSS MB':>9}"
          f"{'kB each waiting':>17}{'errors':>8}")
    for point in setups.CURVES[args.curve]:
        inner = folder / str(point)
        inner.mkdir()
        shutil.copy(folder / "partner", inner / "partner")
        setup = setups.for_point(inner, HERE, program, args.curve, point)
        connections = point if args.curve == "flight" else args.connections
        row = one_point(inner, program, setup, connections, args.seconds)
        waiting = (row["peak_kb"] - row["idle_mb"] * 1024) / connections
        print(f"{point:10}{row['cpu_us']:16.1f}{row['per_s']:12.0f}{row['p99_ms']:9.1f}"
              f"{row['rss_mb']:9.1f}{waiting:17.1f}{row['errors']:8}", flush=True)


def idle(folder, program):
    import resource
    import socket
    resource.setrlimit(resource.RLIMIT_NOFILE, (20000, 20000))
    setup = setups.standard(folder, HERE, program)
    ours = Process([program, "serve", setup.config], 0, folder / "ketenpoort.log")
    try:
        wait_until_up(setup.port, ours)
        before, cpu = ours.rss_kb(), ours.cpu_seconds()
        held = [socket.create_connection(("127.0.0.1", setup.port)) for _ in range(10000)]
        time.sleep(1)
        opened = ours.cpu_seconds() - cpu
        cpu = ours.cpu_seconds()
        after = ours.rss_kb()
        time.sleep(3)
        print(f"10,000 idle connections: {(after - before) / 10000:.2f} kB each, "
              f"{opened / 10000 * 1e6:.1f} µs to open each, "
              f"{(ours.cpu_seconds() - cpu) / 3 * 100:.2f} % of a processor while idle")
        for one in held:
            one.close()
    finally:
        ours.stop()


def add_program(parser):
    parser.add_argument("--build", default=str(ROOT / ".build/release"), help="folder of the build to measure")


def program_of(args):
    return str(pathlib.Path(args.build).resolve() / "gateway/ketenpoort")


def compile_partner(folder):
    subprocess.run(["gcc", "-O2", "-std=c17", "-D_GNU_SOURCE", "-o", str(folder / "partner"),
                    str(HERE / "partner.c")], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--curve", choices=sorted(setups.CURVES) + ["idle"])
    add_program(parser)
    parser.add_argument("--keep", action="store_true", help="leave the folder for a look")
    args = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ketenpoort-bench-"))
    compile_partner(folder)
    try:
        if args.curve:
            curve(folder, program_of(args), args)
        else:
            compare(folder, program_of(args), args)
    finally:
        if args.keep:
            print(f"left: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
