# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Waiting for what comes of itself: the one place where tests look again and again."""
import time


def wait_until(fact, otherwise, seconds=20):
    """What `fact()` gives once that is true. RuntimeError when it does not become so: `otherwise` is the reason, or gives it."""
    until = time.monotonic() + seconds
    while not (found := fact()):
        if time.monotonic() > until:
            raise RuntimeError(otherwise() if callable(otherwise) else otherwise)
        time.sleep(0.01)
    return found
