"""Histograms of equal bins, counted in SQL.

Source of the bin width, 2 IQR / n^(1/3): D. Freedman and P. Diaconis, "On the histogram as a
density estimator: L2 theory" (1981). Where the IQR is 0, Sturges' rule, log2(n) + 1 bins.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from mdlc.components.exploration.training_rows import NAME, VALUE, fetch

MAX_BINS = 40
"""Most bins of a histogram; heavy tails would otherwise need millions."""


def edges(*, low: float, high: float, spread: float, rows: int, distinct: int) -> list[float]:
    """Return ascending bin edges from `low` to `high`; [] without rows.

    `spread` is the interquartile range; there are never more bins than `distinct` values.
    """
    if not rows:
        return []
    if low >= high:
        half = max(0.5, abs(low) * 1e-6)
        return [low - half, low + half]
    width = 2 * spread / rows ** (1 / 3)
    wanted = (high - low) / width if width > 0 else math.log2(rows) + 1
    bins = max(1, min(MAX_BINS, distinct, math.ceil(min(wanted, MAX_BINS))))
    return [float(edge) for edge in np.linspace(low, high, bins + 1)]


def count(long: Any, bins: Mapping[str, list[float]]) -> dict[str, list[int]]:
    """Count `long`'s values into each feature's bins; the last bin holds its upper edge too."""
    import ibis

    shapes = [
        {NAME: name, "low": edge[0], "width": edge[-1] - edge[0], "bins": len(edge) - 1}
        for name, edge in bins.items()
        if edge
    ]
    counts = {name: [0] * max(0, len(edge) - 1) for name, edge in bins.items()}
    if not shapes:
        return counts
    joined = long.filter(long[VALUE].notnull()).join(ibis.memtable(shapes), NAME)
    place = ((joined[VALUE] - joined["low"]) / joined["width"] * joined["bins"]).floor()
    # The largest value lies on the last edge.
    inside = ibis.least(place.cast("int64"), joined["bins"] - 1)
    placed = joined.select(NAME, bin=inside)
    for line in fetch(placed.group_by([NAME, "bin"]).agg(rows=placed.count())):
        counts[line[NAME]][line["bin"]] = line["rows"]
    return counts


def of_array(values: np.ndarray[Any, Any]) -> tuple[list[float], list[int]]:
    """Return edges and counts of values in memory (rows,), with the same bins as `count`."""
    if not len(values):
        return [], []
    numbers = np.asarray(values, float)
    q1, q3 = np.quantile(numbers, [0.25, 0.75])
    bounds = edges(
        low=float(numbers.min()),
        high=float(numbers.max()),
        spread=float(q3 - q1),
        rows=len(numbers),
        distinct=len(np.unique(numbers)),
    )
    counts, _ = np.histogram(numbers, bounds)
    return bounds, counts.tolist()
