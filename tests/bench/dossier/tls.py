#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""What does TLS cost? Handshakes and dossiers (HTTP/1.1 and HTTP/2) of this gateway beside nginx as TLS terminator, in one run.

The same certificates, one process each pinned to processor 0 in turn, load and partners on processor 1. What is compared is
the processor time of the server's process.

    python3 tests/bench/dossier/tls.py
"""
import argparse
import json
import os
import pathlib
import shutil
import ssl
import socket
import statistics
import subprocess
import tempfile
import time

import setups
from run import HERE, ROOT, Process, load, wait_until_up

HEADERS = {"content-type": "application/json", "x-origin-oin": setups.MUNICIPALITY, "x-gebruiker": "m.jansen",
           "x-rollen": setups.ROLE}
NGINX = """%(user)s
daemon off;
worker_processes 1;
pid %(folder)s/%(name)s.pid;
error_log %(folder)s/%(name)s-error.log error;
events { worker_connections 8192; }
http {
    log_format handshakes "$connection_requests $ssl_session_reused";
    access_log %(log)s;
    client_body_temp_path %(folder)s/body;
    proxy_temp_path %(folder)s/proxy;
    fastcgi_temp_path %(folder)s/fastcgi;
    uwsgi_temp_path %(folder)s/uwsgi;
    scgi_temp_path %(folder)s/scgi;
    keepalive_requests 1000000000;
    ssl_protocols TLSv1.2 TLSv1.3;
    %(servers)s
}
"""
SERVER = """
    upstream u%(port)d { server 127.0.0.1:%(to)d; keepalive 512; keepalive_requests 1000000000; }
    server {
        listen 127.0.0.1:%(port)d ssl %(http2)s backlog=4096;
        ssl_certificate %(pki)s/%(pair)s.pem;
        ssl_certificate_key %(pki)s/%(pair)s.key;
        %(clients)s
        location = /health/live { return 200 "{}"; }
        location / { proxy_pass http://u%(port)d; proxy_http_version 1.1; proxy_set_header Connection ""; }
    }
"""


def nginx(folder, pki, name, servers, log="off"):
    user = "user root;" if os.geteuid() == 0 else ""
    path = folder / f"{name}.conf"
    servers = [{"pki": pki, "pair": "server", "clients": "", "http2": "", **server} for server in servers]
    path.write_text(NGINX % {"user": user, "folder": folder, "name": name, "log": log,
                             "servers": "".join(SERVER % server for server in servers)}, encoding="utf-8")
    return ["nginx", "-c", str(path)]


def handshake(context, port, session=None):
    with socket.create_connection(("127.0.0.1", port)) as plain:
        with context.wrap_socket(plain, server_hostname="localhost", session=session) as connection:
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            while connection.recv(4096):
                pass
            return connection.session, connection.session_reused


def handshakes(process, port, pki, seconds, certificate, resume):
    """Processor time of one connection with one small request, in µs."""
    context = ssl.create_default_context(cafile=str(pki / "root.pem"))
    if certificate:
        context.load_cert_chain(f"{certificate}.pem", f"{certificate}.key")
    session, _ = handshake(context, port)
    before, count, until = process.cpu_seconds(), 0, time.monotonic() + seconds
    while time.monotonic() < until:
        session, reused = handshake(context, port, session if resume else None)
        if reused != resume:
            raise SystemExit(f"port {port}: resumed {reused}, wanted {resume}")
        count += 1
    return (process.cpu_seconds() - before) * 1e6 / count


def report(name, ours, peer):
    ratio = statistics.median(a / b for a, b in zip(ours, peer))
    print(f"{name:46}{statistics.median(ours):10.0f}{statistics.median(peer):10.0f}{ratio:8.2f}"
          f"{1e6 / statistics.median(ours):10.0f}", flush=True)


def compare_handshakes(ours, peer, setup, args):
    print(f"{'µs of processor per connection':46}{'ours':>10}{'nginx':>10}{'ratio':>8}{'/s core':>10}")
    own = setup.pki / f"clients/{setups.MUNICIPALITY}"
    for name, kind, certificate, resume in (("full, P-256", "tls", None, False), ("full, RSA-3072", "rsa", None, False),
                                            ("resumed", "tls", None, True),
                                            ("full, with a client certificate", "mtls", own, False),
                                            ("resumed, with a client certificate", "mtls", own, True)):
        rows = ([], [])
        for _ in range(args.rounds):
            for row, process, port in zip(rows, (ours, peer), (setup.ports[kind], setup.peers[kind])):
                row.append(handshakes(process, port, setup.pki, args.seconds, certificate, resume))
        report(name, *rows)


def load_http2(folder, port, dossiers, connections):
    """As many under way as over HTTP/1.1, four on each connection."""
    fields = [part for name, value in HEADERS.items() for part in ("-H", f"{name}: {value}")]
    out = subprocess.run(["taskset", "-c", "1", "h2load", "-c", str(connections // 4), "-m", "4", "-n", str(dossiers), *fields,
                          "-d", str(folder / "question"), f"https://127.0.0.1:{port}/v1/dossiers/_zoek"],
                         capture_output=True, text=True, check=True)
    if f"status codes: {dossiers} 2xx" not in out.stdout or "Application protocol: h2" not in out.stdout:
        raise SystemExit(out.stdout)


def dossier_cost(processes, port, scheme, setup, args):
    before = sum(process.cpu_seconds() for process in processes)
    if scheme == "h2":
        requests, errors = args.dossiers, 0
        load_http2(setup.folder, port, requests, args.connections)
    else:
        requests, errors, _, _ = load(port, setup.script, args.connections, args.seconds, scheme)
    if errors:
        raise SystemExit(f"port {port}: {errors} errors")
    setup.requests += requests
    return (sum(process.cpu_seconds() for process in processes) - before) * 1e6 / requests


def handshakes_out(setup):
    """Connections to partners behind TLS, and how many of them were resumed sessions."""
    time.sleep(1.5)  # nginx writes its log once a second
    rows = [line.split() for line in setup.front_log.read_text().splitlines()]
    firsts = [row for row in rows if row[0] == "1"]
    return len(rows), len(firsts), sum(row[1] == "r" for row in firsts)


def compare_dossiers(plain_out, tls_out, peer, setup, args):
    print(f"\n{'µs of processor per dossier':46}{'ours':>10}{'nginx+':>10}{'ratio':>8}{'/s core':>10}")
    rows = {name: [] for name in ("plain", "in", "peer", "in2", "peer2", "out", "out2")}
    asked, first = 0, None
    for round_ in range(-1, args.rounds):  # the first round warms up and is not counted
        if round_ == 0:
            rows, asked, first = {name: [] for name in rows}, 0, handshakes_out(setup)
        rows["plain"].append(dossier_cost([plain_out], setup.port, "http", setup, args))
        rows["in"].append(dossier_cost([plain_out], setup.ports["tls"], "https", setup, args))
        rows["peer"].append(dossier_cost([plain_out, peer], setup.peers["tls"], "https", setup, args))
        rows["in2"].append(dossier_cost([plain_out], setup.ports["tls"], "h2", setup, args))
        rows["peer2"].append(dossier_cost([plain_out, peer], setup.peers["h2"], "h2", setup, args))
        before = setup.requests
        rows["out"].append(dossier_cost([tls_out], setup.out_port, "https", setup, args))
        rows["out2"].append(dossier_cost([tls_out], setup.out_port, "h2", setup, args))
        asked += setup.requests - before
    report("plain in, plain out", rows["plain"], rows["plain"])
    report("TLS in (beside nginx in front), plain out", rows["in"], rows["peer"])
    report("TLS and HTTP/2 in (beside nginx), plain out", rows["in2"], rows["peer2"])
    report("TLS in, TLS with client certificate out", rows["out"], rows["peer"])
    report("TLS and HTTP/2 in, TLS with certificate out", rows["out2"], rows["peer2"])
    calls, connections, resumed = (now - then for now, then in zip(handshakes_out(setup), first))
    print(f"\nto partners over TLS: {asked} dossiers, {calls} calls, {connections} handshakes, {resumed} of them resumed; "
          f"to warm up {first[1]} handshakes")


def prepare(folder, program):
    setup = setups.standard(folder, HERE, program)
    setup.pki = folder / "pki"
    subprocess.run([program, "dev-pki", str(setup.pki)], check=True, stdout=subprocess.DEVNULL)
    first = setup.port + 20  # behind the row that setups took
    setup.ports = {"tls": first, "mtls": first + 1, "rsa": first + 2}
    setup.peers = {"tls": first + 3, "mtls": first + 4, "rsa": first + 5, "h2": first + 6}
    setup.out_port, setup.fronts = first + 7, first + 8
    setup.folder, setup.requests, setup.front_log = folder, 0, folder / "handshakes"
    (folder / "question").write_text(json.dumps({"burgerservicenummer": "999910061", "doel": setups.PURPOSE}))
    path = pathlib.Path(setup.config)
    config = json.loads(path.read_text())
    own = {"certificates": [{"certificate": str(setup.pki / "server.pem"), "key": str(setup.pki / "server.key")}]}
    rsa = {"certificates": [{"certificate": str(setup.pki / "server-rsa.pem"), "key": str(setup.pki / "server-rsa.key")}]}
    trust = {"anchors": str(setup.pki / "root.pem"), "crls": [str(setup.pki / "crls.pem")]}
    config["listeners"] += [{"host": "127.0.0.1", "port": setup.ports["tls"], "tls": {**own, "clients": "none"}},
                            {"host": "127.0.0.1", "port": setup.ports["mtls"],
                             "tls": {**own, **trust, "clients": "required"}},
                            {"host": "127.0.0.1", "port": setup.ports["rsa"], "tls": {**rsa, "clients": "none"}}]
    path.write_text(json.dumps(config, indent=1))
    # The same gateway once more, whose partners are behind TLS.
    other = folder / "gateway-out"
    shutil.copytree(path.parent, other)
    config["listeners"] = [{"host": "127.0.0.1", "port": setup.out_port, "tls": {**own, "clients": "none"}}]
    (other / "gateway.json").write_text(json.dumps(config, indent=1))
    client = setup.pki / f"clients/{setups.MUNICIPALITY}"
    for source in (other / "sources").glob("*.json"):
        manifest = json.loads(source.read_text())
        at = int(manifest["endpoint"].split(":")[2].split("/")[0]) - setup.first_partner_port
        manifest["endpoint"] = f"https://localhost:{setup.fronts + at}/" + manifest["endpoint"].split("/", 3)[3]
        manifest.setdefault("access", {"kind": "none"}).update(
            anchor_file=str(setup.pki / "root.pem"), certificate_file=f"{client}.pem", key_file=f"{client}.key")
        source.write_text(json.dumps(manifest, indent=1))
    setup.out_config = str(other / "gateway.json")
    return setup


def run(folder, program, args):
    setup = prepare(folder, program)
    verify = f"ssl_verify_client on; ssl_verify_depth 3; ssl_client_certificate {setup.pki}/root.pem;"
    fronts = [{"port": setup.fronts + i, "to": setup.first_partner_port + i, "clients": verify} for i in range(5)]
    terminator = [{"port": setup.peers["tls"], "to": setup.port},
                  {"port": setup.peers["h2"], "to": setup.port, "http2": "http2"},
                  {"port": setup.peers["rsa"], "to": setup.port, "pair": "server-rsa"},
                  {"port": setup.peers["mtls"], "to": setup.port, "clients": verify}]
    processes = [Process(setup.partner_command(folder / "partner"), 1, folder / "partner.log"),
                 Process(nginx(folder, setup.pki, "fronts", fronts, f"{setup.front_log} handshakes buffer=64k flush=1s"), 1, folder / "fronts.log"),
                 Process([program, "serve", setup.config], 0, folder / "ketenpoort.log"),
                 Process([program, "serve", setup.out_config], 0, folder / "ketenpoort-out.log"),
                 Process(nginx(folder, setup.pki, "terminator", terminator), 0, folder / "terminator.log")]
    try:
        for port, process in zip((setup.first_partner_port, setup.fronts, setup.port, setup.out_port,
                                  setup.peers["tls"]), processes):
            wait_until_up(port, process)
        _, _, ours, tls_out, peer = processes
        compare_handshakes(ours, peer, setup, args)
        compare_dossiers(ours, tls_out, peer, setup, args)
    finally:
        for process in processes:
            process.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--dossiers", type=int, default=6000, help="in each measurement over HTTP/2")
    parser.add_argument("--program", default=str(ROOT / ".build/release/gateway/ketenpoort"))
    parser.add_argument("--keep", action="store_true", help="leave the folder for a look")
    args = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ketenpoort-bench-"))
    subprocess.run(["gcc", "-O2", "-std=c17", "-D_GNU_SOURCE", "-o", str(folder / "partner"),
                    str(HERE / "partner.c")], check=True)
    try:
        run(folder, args.program, args)
    finally:
        if args.keep:
            print(f"left: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
