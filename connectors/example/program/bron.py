#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A source as a program of its own, in any language: it answers HTTP on the socket it is handed as descriptor 3.

The gateway starts it, confines it to this folder and starts it again when it ends; see bron.json beside it. It may keep nothing
and write nowhere: what it prints is not shown to anybody.
"""
import csv
import http.server
import json
import pathlib
import socket
import socketserver

REGISTER = pathlib.Path(__file__).parent / "register.csv"


def find(number):
    with REGISTER.open(encoding="utf-8", newline="") as rows:
        return [row for row in csv.DictReader(rows, delimiter=";") if row["bsn"] == number]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = find(question["bsn"])
        answer = {"bsn": question["bsn"], "schulden": [{"bij": row["bij"], "open": row["open"]} for row in found]}
        body = json.dumps(answer).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "gateway"

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    """On the socket that is there already."""

    def __init__(self):
        # Not HTTPServer's own: that makes a socket, and a confined program may not.
        socketserver.BaseServer.__init__(self, ("gateway", 0), Handler)
        self.socket = socket.socket(fileno=3)

    def get_request(self):
        peer, _ = self.socket.accept()
        return peer, ("gateway", 0)


if __name__ == "__main__":
    Server().serve_forever()
