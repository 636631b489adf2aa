"""mdlc's side: profile the reference, count the window, judge the counts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from clocked import milliseconds, peak_mib, tell

from mdlc.core import profile
from mdlc.core.columns import MISSING
from mdlc.monitoring.population_stability import psi

folder = Path(sys.argv[1])
BINS = 10


def read(name: str) -> dict[str, Any]:
    """Return a file's columns as the predictor has them: float32, or text."""
    columns = {}
    for column, values in zip(
        (table := pq.read_table(folder / name)).column_names, table.columns, strict=True
    ):
        found = values.to_numpy()
        if found.dtype == object:
            found[np.array([value is None for value in found])] = MISSING
        columns[column] = found if found.dtype == object else found.astype(np.float32)
    return columns


def profiled(columns: dict[str, Any]) -> list[profile.BinnedSeries]:
    """Make the bins, as training does."""
    return [
        profile.make_category(name, values)
        if values.dtype == object
        else profile.make_number(name, values, bins=BINS)
        for name, values in columns.items()
    ]


reference, window = read("reference.parquet"), read("window.parquet")
rows = len(next(iter(window.values())))
before = peak_mib()
fit, series = milliseconds(lambda: profiled(reference))


def count_all() -> list[dict[str, int]]:
    """Count the window at once."""
    return [
        dict(zip(s.bins, profile.count(s, window[s.name]).tolist(), strict=True)) for s in series
    ]


def count_batches() -> None:
    """Count the window as requests of 50 rows would bring it."""
    for start in range(0, rows, 50):
        for s in series:
            profile.count(s, window[s.name][start : start + 50])


count, counted = milliseconds(count_all)
batches, _ = milliseconds(count_batches)
judge, values = milliseconds(
    lambda: [psi(s.counts, live) for s, live in zip(series, counted, strict=True)]
)
tell(
    fit=fit,
    count=count,
    batches=batches,
    judge=judge,
    values=dict(zip([s.name for s in series], values, strict=True)),
    series=[[s.name, s.counts, live] for s, live in zip(series, counted, strict=True)],
    edges={s.name: s.edges for s in series if s.kind == "number"},
    categories={s.name: s.categories for s in series if s.kind == "category"},
    before=before,
    peak=peak_mib(),
)
