"""Figures fit for JSON: finite, and the same on every run."""

from __future__ import annotations

import math
from typing import Any

DIGITS = 10
"""Significant digits kept. Threads add up in another order each run, which changes the last digits;
a document that changes without a cause would make caching by content useless."""


def finite(value: Any, *, default: float = 0.0) -> float:
    """Return `value` as a finite float of `DIGITS` digits; `default` for None, NaN, infinity.

    >>> finite(None), finite(float("inf")), finite(1 / 3)
    (0.0, 0.0, 0.3333333333)
    """
    if value is None:
        return default
    number = float(value)
    return float(f"{number:.{DIGITS}g}") if math.isfinite(number) else default


def percent(share: float) -> str:
    """Write a share for a reader.

    >>> percent(0.1234), percent(0.00042)
    ('12.3%', '0.042%')
    """
    return f"{share * 100:.3g}%"
