# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Ports for the programs that a test starts, ours until the test ends.

A port that is found free and let go again is anybody's: another test's that looks, or the kernel's, for a connection that goes
out. So a socket stays bound to it that never listens. Beside that a server with SO_REUSEADDR may listen, as all here have it;
nobody else can bind it or is given it, and while no server listens a connection is refused."""
import random
import socket

ROWS = range(10000, 32000)  # below what kernels give to connections
ROWS_TRIED = 200

held = []  # they end with the process


def bind(port):
    guard = socket.socket()
    try:
        # Without SO_REUSEADDR now, so that of two that want it one gets it; with it later, for the server beside us.
        guard.bind(("127.0.0.1", port))
        guard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    except OSError:
        guard.close()
        raise
    return guard


def hold(port):
    """This very port; OSError when it is somebody's, or not for us."""
    held.append(bind(port))
    return port


def take():
    """A port that nobody has."""
    held.append(bind(0))
    return held[-1].getsockname()[1]


def take_row(count):
    """The first of so many ports after one another."""
    for _ in range(ROWS_TRIED):
        first = random.choice(ROWS)
        guards = []
        try:
            for port in range(first, first + count):
                guards.append(bind(port))
        except OSError:
            for guard in guards:
                guard.close()
            continue
        held.extend(guards)
        return first
    raise RuntimeError(f"no {count} free ports after one another between {ROWS.start} and {ROWS.stop}: {ROWS_TRIED} places tried")
