"""What each side's script shares; standard library only, for every side has its own environment."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def milliseconds(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return how long one call takes, and what it returns."""
    started = time.perf_counter()
    found = call()
    return (time.perf_counter() - started) * 1e3, found


def peak_mib() -> float:
    """Return the most memory that this process has had resident.

    Not getrusage's maximum: that begins with what the parent had.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def tell(**found: Any) -> None:
    """Print the findings as the last line."""
    print(json.dumps(found))
