"""Ports for the servers that tests start, which nothing else takes before they listen.

They lie below those that systems hand to clients, and each process of a parallel run has its own.
"""

from __future__ import annotations

import itertools
import os
import socket

FIRST, EACH = 20_000, 1_000
_numbers = itertools.count(os.getpid())


def free_port() -> int:
    """Return a port of this process's share on which nothing listens."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for number in itertools.islice(_numbers, EACH):
        port = FIRST + worker * EACH + number % EACH
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError(f"all ports of test process {worker} are taken")
