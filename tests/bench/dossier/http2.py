#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""What does a dossier cost over HTTP/2? Beside HTTP/1.1, and beside nginx that takes HTTP/2 and passes it on, in one run.

The same questions by h2load each time, 32 under way; processor time of the gateway (with nginx: of both) per dossier. And
what honest clients notice of each attack: the slowest hundredth of their answers, without and with four clients that attack as
fast as they can, again and again. Servers on processor 0, partners, load and attackers on processor 1.

    python3 tests/bench/dossier/http2.py [--rounds 5] [--dossiers 4000]
"""
import argparse
import json
import os
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
from run import HERE, ROOT, Process, wait_until_up

QUESTION = {"burgerservicenummer": "999910061", "doel": setups.PURPOSE}
FIELDS = ["content-type: application/json", f"x-origin-oin: {setups.MUNICIPALITY}", "x-gebruiker: m.jansen",
          f"x-rollen: {setups.ROLE}"]
NGINX = """daemon off; worker_processes 1; pid @FOLDER@/proxy.pid; error_log @FOLDER@/proxy.log; @USER@
events { worker_connections 4096; }
http {
  access_log off; client_body_temp_path @FOLDER@/b; proxy_temp_path @FOLDER@/p; fastcgi_temp_path @FOLDER@/f;
  uwsgi_temp_path @FOLDER@/u; scgi_temp_path @FOLDER@/s; keepalive_requests 100000000;
  upstream gateway { server 127.0.0.1:@GATEWAY@; keepalive 64; keepalive_requests 100000000; }
  server { listen 127.0.0.1:@PORT@ http2; location / { proxy_pass http://gateway; proxy_http_version 1.1;
    proxy_set_header Connection ""; } }
}
"""
ATTACKS = ("rapid_reset", "made_you_reset", "pings", "settings", "continuations", "half_open", "zero_window")


def proxy(folder, port, gateway):
    text = NGINX
    for mark, value in (("FOLDER", folder), ("PORT", port), ("GATEWAY", gateway),
                        ("USER", "user root;" if os.geteuid() == 0 else "")):
        text = text.replace(f"@{mark}@", str(value))
    path = folder / "proxy.conf"
    path.write_text(text, encoding="utf-8")
    return path


def load(folder, port, dossiers, version):
    """Times of all answers in µs."""
    log = folder / "times"
    log.unlink(missing_ok=True)
    manner = ["--h1", "-c", "32", "-m", "1"] if version == 1 else ["-c", "8", "-m", "4"]
    fields = [part for field in FIELDS for part in ("-H", field)]
    out = subprocess.run(["taskset", "-c", "1", "h2load", *manner, "-n", str(dossiers), *fields, "-d", str(folder / "question"),
                          "--log-file", str(log), f"http://127.0.0.1:{port}/v1/dossiers/_zoek"],
                         capture_output=True, text=True, check=True)
    rows = [line.split() for line in log.read_text().splitlines()]
    good = [int(row[2]) for row in rows if row[1] == "200"]
    if len(good) != dossiers:
        sys.exit(f"{dossiers - len(good)} questions were not answered\n{out.stdout}")
    return good


def measure(folder, processes, port, dossiers, version):
    before = sum(process.cpu_seconds() for process in processes)
    times = load(folder, port, dossiers, version)
    cpu = sum(process.cpu_seconds() for process in processes) - before
    return {"cpu_us": cpu * 1e6 / dossiers, "p50_ms": statistics.median(times) / 1e3, "p99_ms": p99(times) / 1e3}


def p99(times):
    return sorted(times)[len(times) * 99 // 100]


def flooded(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        return int(re.search(rb"(?m)^ketenpoort_http2_connections_flooded_total (\d+)", answer.read())[1])


def under_attack(folder, port, process, dossiers, rounds, attack):
    """What four attackers change. They get the time that the honest clients and partners, on the same processor, leave
    over; else it is that processor that is measured. What they do to the gateway is shown beside it."""
    rows = []
    for _ in range(rounds):
        quiet = p99(load(folder, port, dossiers, 2)) / 1e3
        attackers = [subprocess.Popen(["taskset", "-c", "1", "chrt", "--idle", "0", sys.executable, str(HERE / "hostile.py"),
                                       str(port), attack], stdout=subprocess.PIPE) for _ in range(4)]
        try:
            for attacker in attackers:
                attacker.stdout.readline()  # it has begun
            before, ended, cpu = time.monotonic(), flooded(port), process.cpu_seconds()
            attacked = p99(load(folder, port, dossiers, 2)) / 1e3
            cpu, ended, seconds = process.cpu_seconds() - cpu, flooded(port) - ended, time.monotonic() - before
        finally:
            for attacker in attackers:
                attacker.kill()
                attacker.communicate()
        rows.append((quiet, attacked, attacked / quiet, ended / seconds, 100 * cpu / seconds))
    print(f"{attack:16}" + "".join(f"{statistics.median(column):14.2f}" for column in zip(*rows)), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dossiers", type=int, default=4000)
    parser.add_argument("--program", default=str(ROOT / ".build/release/gateway/ketenpoort"))
    args = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ketenpoort-bench-"))
    subprocess.run(["gcc", "-O2", "-std=c17", "-D_GNU_SOURCE", "-o", str(folder / "partner"), str(HERE / "partner.c")], check=True)
    (folder / "question").write_text(json.dumps(QUESTION))
    setup = setups.standard(folder, HERE, args.program)
    partner = Process(setup.partner_command(folder / "partner"), 1, folder / "partner.log")
    ours = Process([args.program, "serve", setup.config], 0, folder / "ketenpoort.log")
    front = Process(["nginx", "-c", str(proxy(folder, setup.peer_port, setup.port))], 0, folder / "nginx.log")
    try:
        for port, process in ((setup.first_partner_port, partner), (setup.port, ours), (setup.peer_port, front)):
            wait_until_up(port, process)
        kinds = {"HTTP/1.1": ([ours], setup.port, 1), "HTTP/2": ([ours], setup.port, 2),
                 "nginx HTTP/2": ([ours, front], setup.peer_port, 2)}
        rows = {name: [] for name in kinds}
        for round_ in range(-1, args.rounds):  # the first round warms up and is not counted
            for name, (processes, port, version) in kinds.items():
                row = measure(folder, processes, port, args.dossiers, version)
                if round_ >= 0:
                    rows[name].append(row)
        print(f"{'':14}{'CPU µs/dossier':>16}{'p50 ms':>9}{'p99 ms':>9}")
        for name, measured in rows.items():
            middle = {key: statistics.median(row[key] for row in measured) for key in measured[0]}
            print(f"{name:14}{middle['cpu_us']:16.1f}{middle['p50_ms']:9.2f}{middle['p99_ms']:9.2f}")
        for name in ("HTTP/1.1", "nginx HTTP/2"):
            ratios = [a["cpu_us"] / b["cpu_us"] for a, b in zip(rows["HTTP/2"], rows[name])]
            print(f"CPU ratio HTTP/2 to {name}: median {statistics.median(ratios):.2f} (min {min(ratios):.2f}, max {max(ratios):.2f})")
        print(f"{'p99 of the honest':16}{'quiet ms':>13}{'attacked ms':>14}{'ratio':>14}{'sent away/s':>14}{'gateway CPU %':>14}")
        for attack in ATTACKS:
            under_attack(folder, setup.port, ours, args.dossiers, args.rounds, attack)
    finally:
        for process in (front, ours, partner):
            process.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
