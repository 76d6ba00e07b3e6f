#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Every known attack on HTTP/2, frame by frame, four connections of it at once, while honest clients ask. The memory of the
gateway stays under its cap, the honest ones are answered, the attackers are sent away, and afterwards nothing is left."""
import contextlib
import pathlib
import socket
import struct
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import attacked  # noqa: E402
import http2  # noqa: E402
from attacked import ASK, asks, streams  # noqa: E402
from http2 import (CALM, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PADDED, PING, PRIORITY,  # noqa: E402
                   RST_STREAM, SETTINGS, WINDOW_UPDATE, Peer, frame, request)

ATTACKERS = 4
LIVE = request("GET", "/health/live")
WINDOW_SIZE, HEADER_TABLE = 4, 1


def limits(config):
    config.setdefault("http", {}).update(write_timeout_ms=700, head_timeout_ms=700, body_timeout_ms=700, linger_ms=200)


def overflow(stream):
    return frame(WINDOW_UPDATE, 0, stream, b"\x7f\xff\xff\xff")


def reset(stream):
    return frame(RST_STREAM, 0, stream, struct.pack(">I", 8))


def uint(value):
    return struct.pack(">I", value)


class HostileHttp2(attacked.Attacked):
    limits = staticmethod(limits)

    def under_attack(self, attack):
        return super().under_attack([attack] * ATTACKERS)

    def is_calmed(self, data, settings=()):
        """Said over and over, it ends with ENHANCE_YOUR_CALM."""
        def attack():
            with Peer(self.gateway.port, settings) as peer:
                for _ in range(2000):
                    if not peer.say(data):
                        break
                return peer.goodbye()
        # Whoever writes on may lose the goodbye to a reset of the connection.
        codes = self.under_attack(attack)
        self.assertLessEqual(set(codes), {CALM, None})
        return codes

    def is_calmed_once(self, data, settings=(), code=CALM):
        """Said once, it ends like that, and the client hears so."""
        def attack():
            with Peer(self.gateway.port, settings) as peer:
                peer.say(data)
                return peer.goodbye()
        self.assertEqual(set(self.under_attack(attack)), {code})

    # Streams that come and go.

    def test_rapid_reset(self):
        """CVE-2023-44487."""
        self.is_calmed_once(b"".join(asks(stream) + reset(stream) for stream in streams(400)))

    def test_rapid_reset_by_head(self):
        self.is_calmed_once(b"".join(frame(HEADERS, END_HEADERS, stream, ASK) + reset(stream) for stream in streams(400)))

    def makes_it_reset(self, provoke):
        """In portions, so that the streams that are broken off make room for the next."""
        def attack():
            with Peer(self.gateway.port) as peer:
                for first in range(1, 801, 100):
                    if not peer.say(b"".join(provoke(stream) for stream in streams(50, first))):
                        break
                    resets = 0
                    while resets < 50:
                        kind, _, _, payload = peer.read() or (GOAWAY, 0, 0, bytes(8))
                        if kind == GOAWAY:
                            return int.from_bytes(payload[4:8], "big")
                        resets += kind == RST_STREAM
            return 0
        self.assertEqual(set(self.under_attack(attack)), {CALM})

    def test_made_you_reset(self):
        """CVE-2025-8671: the gateway breaks the streams off, because of what the client sends."""
        self.makes_it_reset(lambda stream: asks(stream, 0) + overflow(stream))

    def test_made_you_reset_by_length(self):
        wrong = request("POST", "/v1/dossiers/_zoek", ("content-length", "1"))
        self.makes_it_reset(lambda stream: frame(HEADERS, END_HEADERS, stream, wrong) + frame(DATA, 0, stream, b"ab"))

    def test_half_open(self):
        """Heads without bodies: each costs a stream, and they are cut off in time."""
        def attack():
            with Peer(self.gateway.port) as peer:
                peer.say(b"".join(frame(HEADERS, END_HEADERS, stream, ASK) for stream in streams(100)))
                answered = 0
                while answered < 100 and (got := peer.read()) is not None:
                    answered += got[0] == DATA and got[1] & END_STREAM
                return answered
        self.assertEqual(set(self.under_attack(attack)), {100})

    def test_too_many_streams(self):
        self.is_calmed_once(b"".join(frame(HEADERS, END_HEADERS, stream, ASK) for stream in streams(101)), code=1)

    # Frames that bring nothing.

    def test_settings_flood(self):
        self.is_calmed(frame(SETTINGS) * 100)

    def test_ping_flood(self):
        self.is_calmed(frame(PING, 0, 0, b"x" * 8) * 100)

    def test_priority_flood(self):
        self.is_calmed(frame(PRIORITY, 0, 1, b"\0\0\0\0\x10") * 100)

    def test_window_update_flood(self):
        self.is_calmed(frame(WINDOW_UPDATE, 0, 0, uint(1)) * 100)

    def test_unknown_frames(self):
        self.is_calmed(frame(0xcc, 0xff, 0, b"") * 100)

    def test_empty_data(self):
        self.is_calmed_once(frame(HEADERS, END_HEADERS, 1, ASK) + frame(DATA, 0, 1) * 2000)

    def test_padding_alone(self):
        self.is_calmed_once(frame(HEADERS, END_HEADERS, 1, ASK) + frame(DATA, PADDED, 1, b"\xff" + b"\0" * 255) * 1500)

    def test_frames_on_closed_streams(self):
        block = frame(HEADERS, END_HEADERS | END_STREAM, 1, LIVE)
        self.is_calmed_once(frame(HEADERS, END_HEADERS | END_STREAM, 3, LIVE) + block * 2000)

    def test_large_settings(self):
        self.is_calmed_once(frame(SETTINGS, 0, 0, struct.pack(">HI", 0xffff, 1) * 2000))

    # Header blocks.

    def test_continuation_flood(self):
        """CVE-2024-27316 and its kin."""
        self.is_calmed_once(frame(HEADERS, END_STREAM, 1, LIVE) + frame(CONTINUATION, 0, 1, http2.fields(("x", "y" * 1000))) * 500)

    def test_empty_continuations(self):
        self.is_calmed_once(frame(HEADERS, END_STREAM, 1, LIVE) + frame(CONTINUATION, 0, 1) * 5000)

    def test_hpack_bomb(self):
        """A field of 4 kB in the table, said again at one byte each."""
        stored = b"\x40" + http2.text("x") + http2.text("y" * 4000)
        self.is_calmed_once(frame(HEADERS, END_HEADERS | END_STREAM, 1, LIVE + stored + b"\xbe" * 10000))

    def test_many_fields(self):
        def attack():
            with Peer(self.gateway.port) as peer:
                many = http2.fields(*(("x", "y") for _ in range(900)))
                peer.say(frame(HEADERS, END_HEADERS | END_STREAM, 1, LIVE + many))
                return peer.answer(1)
        self.assertEqual(set(self.under_attack(attack)), {True})

    def test_head_that_never_ends(self):
        def attack():
            with Peer(self.gateway.port) as peer:
                peer.say(frame(HEADERS, END_STREAM, 1, LIVE))
                return peer.goodbye()
        self.assertEqual(set(self.under_attack(attack)), {None})

    def test_table_size_games(self):
        changes = b"\x20\x3f\xe1\x1f"  # to 0 and back to 4,096
        def attack():
            with Peer(self.gateway.port, [(HEADER_TABLE, 0xffffffff)]) as peer:
                return all(peer.say(frame(SETTINGS, 0, 0, struct.pack(">HI", HEADER_TABLE, stream % 3 * 100000)) +
                                    frame(HEADERS, END_HEADERS | END_STREAM, stream, changes + LIVE)) and peer.answer(stream)
                           for stream in streams(100))
        self.assertEqual(set(self.under_attack(attack)), {True})

    # Windows.

    def test_zero_window(self):
        """A hundred dossiers that may not be sent: each is given up in time."""
        def attack():
            with Peer(self.gateway.port, [(WINDOW_SIZE, 0)]) as peer:
                peer.say(b"".join(asks(stream) for stream in streams(100)))
                ended = 0
                while ended < 100 and (got := peer.read()) is not None:
                    ended += got[0] == RST_STREAM
                return ended
        self.assertEqual(set(self.under_attack(attack)), {100})

    def test_tiny_windows(self):
        """A byte at a time is progress, and the frames for it are counted."""
        def attack():
            with Peer(self.gateway.port, [(WINDOW_SIZE, 0)]) as peer:
                peer.say(asks(1))
                while peer.say(frame(WINDOW_UPDATE, 0, 1, uint(1)) * 10):
                    pass
                return True
        self.under_attack(attack)

    def test_window_overflow(self):
        self.is_calmed_once(overflow(0), code=3)

    def test_no_reading(self):
        """Windows open wide, and nothing is read: the connection is given up in time."""
        def attack():
            with Peer(self.gateway.port, [(WINDOW_SIZE, 0x7fffffff)], receive_buffer=2048) as peer:
                peer.say(frame(WINDOW_UPDATE, 0, 0, uint(0x7fff0000)) + b"".join(asks(stream) for stream in streams(100)))
                time.sleep(1.5)  # this long it does not read
                peer.rest()
        self.under_attack(attack)

    def test_pings_and_no_reading(self):
        def attack():
            with Peer(self.gateway.port, receive_buffer=2048, patience=3) as peer:
                while peer.say(frame(PING, 0, 0, b"x" * 8) * 50):
                    pass
        self.under_attack(attack)

    # What is no HTTP/2.

    def test_noise(self):
        noise = bytes((n * 7919 >> 3) & 255 for n in range(65536))
        def attack():
            with Peer(self.gateway.port) as peer:
                peer.say(noise)
                return peer.goodbye()
        self.assertNotIn(0, self.under_attack(attack))

    def test_half_a_preface(self):
        def attack():
            with contextlib.closing(socket.create_connection(("127.0.0.1", self.gateway.port), 10)) as peer:
                peer.sendall(http2.PREFACE[:20])
                return peer.recv(100)
        self.assertEqual(set(self.under_attack(attack)), {b""})

    def test_goodbyes(self):
        """A client that says it goes, with as much to say as it may, and asks on."""
        self.is_calmed(frame(GOAWAY, 0, 0, b"\0" * 8 + b"x" * 16000) + frame(HEADERS, END_HEADERS | END_STREAM, 1, LIVE))


if __name__ == "__main__":
    unittest.main()
