#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""What do honest clients notice of attacks over HTTP/2? The slowest hundredth of their answers, without and with four clients
that attack as fast as they can, again and again.

The gateway has processor 0. Load, partners and attackers share processor 1, where attackers run in the idle class: they get the
time that the others leave. What they still cost the others there (caches, the kernel's work for their sockets) is measured as
well: in each round they first attack a decoy, an nginx on processor 1 in the same class, while the honest ask the gateway.
`attacked/decoy` is the gateway's own part. `gateway ms` is the same hundredth by the gateway's clock, from the complete head to
the end of the answer (of its histogram; of what attackers ask as well, where their questions are answered). After each attack
is measured how long it takes until the honest are served as before.

    python3 tests/bench/dossier/attacks.py [ATTACK …] [--rounds 5] [--dossiers 2000] [--set http2.work_max=8]
"""
import argparse
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import setups
from h2load import QUESTION, load, p99
from hostile import ATTACKS
from run import HERE, ROOT, Process, wait_until_up

ATTACKERS = 4
RECOVERED = 1.25  # times the p99 without attack
DECOY = """daemon off; worker_processes 1; pid @FOLDER@/decoy.pid; error_log @FOLDER@/decoy.log; user root;
events { worker_connections 4096; }
http {
  access_log off; client_body_temp_path @FOLDER@/b; proxy_temp_path @FOLDER@/p; fastcgi_temp_path @FOLDER@/f;
  uwsgi_temp_path @FOLDER@/u; scgi_temp_path @FOLDER@/s; keepalive_requests 100000000;
  server { listen 127.0.0.1:@PORT@ http2; location / { return 200 "ok"; } }
}
"""
COLUMNS = ("quiet ms", "decoy ms", "attacked ms", "/quiet", "/decoy", "gateway ms", "ended/s", "CPU %", "RSS MB", "again s")


def idle_class(command):
    return ["chrt", "--idle", "0", *command]


def scrape(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        return answer.read().decode()


def ended(text):
    return int(re.search(r"(?m)^ketenpoort_http2_connections_flooded_total (\d+)", text)[1])


def buckets(text):
    rows = re.findall(r'(?m)^ketenpoort_query_seconds_bucket\{le="([^"]+)"\} (\d+)', text)
    return [(float(bound.replace("+Inf", "inf")), int(count)) for bound, count in rows]


def gateway_p99(before, after):
    """In ms; within its bucket as if answers were spread evenly."""
    counts = [(bound, b - a) for (bound, a), (_, b) in zip(buckets(before), buckets(after))]
    wanted, low, below = counts[-1][1] * 0.99, 0.0, 0
    for bound, count in counts:
        if count >= wanted:
            high = low if bound == float("inf") else bound
            return 1000 * (low + (high - low) * (wanted - below) / max(count - below, 1))
        low, below = bound, count
    return float("nan")


class Attackers:
    def __init__(self, port, attack):
        command = ["taskset", "-c", "1", *idle_class([sys.executable, str(HERE / "hostile.py"), str(port), attack])]
        self.processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(ATTACKERS)]

    def __enter__(self):
        for process in self.processes:
            process.stdout.readline()  # it has begun
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.communicate()


def until_as_before(folder, port, quiet_ms, patience=10):
    began = time.monotonic()
    while time.monotonic() - began < patience:
        at = time.monotonic()
        if p99(load(folder, port, 500, 2)) / 1e3 <= RECOVERED * quiet_ms:
            return at - began
    return patience


def measure(folder, ports, process, dossiers, attack):
    """One round."""
    gateway, decoy = ports
    quiet = p99(load(folder, gateway, dossiers, 2)) / 1e3
    with Attackers(decoy, attack):
        beside = p99(load(folder, gateway, dossiers, 2)) / 1e3
    with Attackers(gateway, attack):
        began, before, cpu = time.monotonic(), scrape(gateway), process.cpu_seconds()
        attacked = p99(load(folder, gateway, dossiers, 2)) / 1e3
        seconds, after, cpu = time.monotonic() - began, scrape(gateway), process.cpu_seconds() - cpu
        rss = process.rss_kb() / 1024
    return (quiet, beside, attacked, attacked / quiet, attacked / beside, gateway_p99(before, after),
            (ended(after) - ended(before)) / seconds, 100 * cpu / seconds, rss, until_as_before(folder, gateway, quiet))


def change(path, settings):
    config = json.loads(path.read_text(encoding="utf-8"))
    for setting in settings:
        section, name, value = re.fullmatch(r"(\w+)\.(\w+)=(\d+)", setting).groups()
        config.setdefault(section, {})[name] = int(value)
    path.write_text(json.dumps(config), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("attacks", nargs="*", default=list(ATTACKS), metavar="ATTACK", help=", ".join(ATTACKS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dossiers", type=int, default=2000)
    parser.add_argument("--program", default=str(ROOT / ".build/release/gateway/ketenpoort"))
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.NAME=NUMBER", help="an option of gateway.json")
    args = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ketenpoort-bench-"))
    subprocess.run(["gcc", "-O2", "-std=c17", "-D_GNU_SOURCE", "-o", str(folder / "partner"), str(HERE / "partner.c")], check=True)
    (folder / "question").write_text(json.dumps(QUESTION))
    setup = setups.standard(folder, HERE, args.program)
    change(pathlib.Path(setup.config), args.set)
    config = folder / "decoy.conf"
    config.write_text(DECOY.replace("@FOLDER@", str(folder)).replace("@PORT@", str(setup.peer_port)), encoding="utf-8")
    partner = Process(setup.partner_command(folder / "partner"), 1, folder / "partner.log")
    ours = Process([args.program, "serve", setup.config], 0, folder / "ketenpoort.log")
    decoy = Process(idle_class(["nginx", "-c", str(config)]), 1, folder / "nginx.log")
    try:
        for port, process in ((setup.first_partner_port, partner), (setup.port, ours), (setup.peer_port, decoy)):
            wait_until_up(port, process)
        load(folder, setup.port, args.dossiers, 2)  # warms up
        print(f"{'p99 of the honest':16}" + "".join(f"{column:>12}" for column in COLUMNS))
        for attack in args.attacks:
            rows = [measure(folder, (setup.port, setup.peer_port), ours, args.dossiers, attack) for _ in range(args.rounds)]
            for name, choose in (("", statistics.median), (" worst", max)):
                print(f"{attack + name:16}" + "".join(f"{choose(column):12.2f}" for column in zip(*rows)), flush=True)
    finally:
        for process in (decoy, ours, partner):
            process.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
