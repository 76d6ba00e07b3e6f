# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""HTTP/2 frames by hand: for clients that say what no library would say (RFC 9113, RFC 7541)."""
import contextlib
import socket
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
CALM = 11


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def integer(value, bits, first=0):
    """RFC 7541, section 5.1."""
    most = (1 << bits) - 1
    if value < most:
        return bytes((first | value,))
    out, value = bytearray((first | most,)), value - most
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes(out) + bytes((value,))


def text(value):
    value = value.encode("latin-1")
    return integer(len(value), 7) + value


def fields(*pairs):
    """A header block without table and without Huffman code."""
    return b"".join(b"\x00" + text(name) + text(value) for name, value in pairs)


def request(method="GET", path="/", *more):
    return fields((":method", method), (":scheme", "http"), (":path", path), (":authority", "a"), *more)


class Peer:
    """A connection that has said its preface."""

    def __init__(self, port, settings=(), receive_buffer=None, patience=10):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(patience)
        self.socket.connect(("127.0.0.1", port))
        self.data = b""
        payload = b"".join(struct.pack(">HI", *entry) for entry in settings)
        self.say(PREFACE + frame(SETTINGS, 0, 0, payload) + frame(SETTINGS, ACK))

    def say(self, data):
        """False when the gateway does not listen any more."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def read(self):
        """The next frame as (kind, flags, stream, payload), or None when the connection is over."""
        while True:
            if len(self.data) >= 9:
                length = int.from_bytes(self.data[:3], "big")
                if len(self.data) >= 9 + length:
                    kind, flags, stream = self.data[3], self.data[4], int.from_bytes(self.data[5:9], "big")
                    payload, self.data = self.data[9:9 + length], self.data[9 + length:]
                    return kind, flags, stream, payload
            try:
                more = self.socket.recv(65536)
            except OSError:
                return None
            if not more:
                return None
            self.data += more

    def rest(self):
        """All frames until the connection is over."""
        return list(iter(self.read, None))

    def goodbye(self):
        """The code of the GOAWAY, None when the connection ended without one."""
        codes = [int.from_bytes(payload[4:8], "big") for kind, _, _, payload in self.rest() if kind == GOAWAY]
        return codes[-1] if codes else None

    def answer(self, stream):
        """True when the stream is answered to its end; what is read opens the window again."""
        while (got := self.read()) is not None:
            kind, flags, of, payload = got
            if kind == DATA and payload:
                self.say(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", len(payload))))
            if of == stream and kind in (DATA, HEADERS) and flags & END_STREAM:
                return True
            if of == stream and kind == RST_STREAM or kind == GOAWAY:
                return False
        return False

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
