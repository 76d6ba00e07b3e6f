#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""What does a dossier cost over HTTP/2? Beside HTTP/1.1, and beside nginx that takes HTTP/2 and passes it on, in one run.

The same questions by h2load each time, 32 under way; processor time of the gateway (with nginx: of both) per dossier. Servers on
processor 0, partners and load on processor 1. What attacks cost is measured by attacks.py.

    python3 tests/bench/dossier/http2.py [--rounds 5] [--dossiers 4000]
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile

import setups
from h2load import QUESTION, load, p99
from run import HERE, ROOT, Process, wait_until_up

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


def proxy(folder, port, gateway):
    text = NGINX
    for mark, value in (("FOLDER", folder), ("PORT", port), ("GATEWAY", gateway),
                        ("USER", "user root;" if os.geteuid() == 0 else "")):
        text = text.replace(f"@{mark}@", str(value))
    path = folder / "proxy.conf"
    path.write_text(text, encoding="utf-8")
    return path


def measure(folder, processes, port, dossiers, version):
    before = sum(process.cpu_seconds() for process in processes)
    times = load(folder, port, dossiers, version)
    cpu = sum(process.cpu_seconds() for process in processes) - before
    return {"cpu_us": cpu * 1e6 / dossiers, "p50_ms": statistics.median(times) / 1e3, "p99_ms": p99(times) / 1e3}


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
    finally:
        for process in (front, ours, partner):
            process.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
