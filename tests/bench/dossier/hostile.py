#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""One attacker for attacks.py: says what an attack says (and prints that it did), waits until it is sent away, and comes back at
once. One that reads its answers comes back when it has them all.

    hostile.py PORT ATTACK
"""
import json
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from http2 import (CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS,  # noqa: E402
                   WINDOW_UPDATE, Peer, fields, frame, request)

import setups  # noqa: E402

BODY = json.dumps({"burgerservicenummer": "999910061", "doel": setups.PURPOSE}).encode()
ASK = request("POST", "/v1/dossiers/_zoek", ("content-type", "application/json"), ("x-origin-oin", setups.MUNICIPALITY),
              ("x-gebruiker", "m.jansen"), ("x-rollen", setups.ROLE))
WINDOW_SIZE = 4


def asks(stream, end=END_STREAM):
    return frame(HEADERS, END_HEADERS, stream, ASK) + frame(DATA, end, stream, BODY)


def over(count, say):
    return b"".join(say(stream) for stream in range(1, 2 * count, 2))


# What is said at once, and what to SETTINGS belongs to it.
ATTACKS = {
    "rapid_reset": (over(400, lambda stream: asks(stream) + frame(RST_STREAM, 0, stream, struct.pack(">I", 8))), ()),
    "made_you_reset": (over(400, lambda stream: asks(stream, 0) + frame(WINDOW_UPDATE, 0, stream, b"\x7f\xff\xff\xff")), ()),
    "pings": (frame(PING, 0, 0, b"x" * 8) * 5000, ()),
    "settings": (frame(SETTINGS) * 5000, ()),
    "continuations": (frame(HEADERS, END_STREAM, 1, ASK) + frame(CONTINUATION, 0, 1, fields(("x", "y" * 1000))) * 500, ()),
    "half_open": (over(100, lambda stream: frame(HEADERS, END_HEADERS, stream, ASK)), ()),
    "zero_window": (over(100, asks), ((WINDOW_SIZE, 0),)),
    "greedy": (over(100, asks), ((WINDOW_SIZE, (1 << 31) - 1),)),
}


def wait(peer, answers):
    """Until the connection ends, or so many answers are complete."""
    kind = None
    while kind != GOAWAY and answers != 0:
        kind, flags, stream, payload = peer.read() or (GOAWAY, 0, 0, b"")
        if kind == DATA:
            peer.say(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", max(len(payload), 1))))
            if answers and flags & END_STREAM:
                answers -= 1


def main():
    said, settings = ATTACKS[sys.argv[2]]
    while True:
        with Peer(int(sys.argv[1]), settings) as peer:
            peer.say(said)
            print("said", flush=True)
            wait(peer, 100 if sys.argv[2] == "greedy" else None)


if __name__ == "__main__":
    main()
