"""Two worlds for a rehearsal: one that the model knows, and the stretch that differs most."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mdlc.core.errors import DataError
from mdlc.life.replay.stream import Array, Stream, read_learned, read_stream

PLACES = 50
"""Beginnings that are compared."""


def known_world(table: Path, *, rows: int, seed: int) -> Stream:
    """Return up to `rows` rows that the model learned from, each once, in a random order."""
    learned = read_learned(table, seed=seed)
    return learned.take(np.arange(min(rows, len(learned))))


def changed_world(table: Path, *, rows: int, known: Stream) -> Stream:
    """Return the stretch of later rows whose first `rows` differ most from the known world.

    Difference is that of the targets: half the sum of the differences of class shares, or of the
    means in standard deviations.

    Raises:
        DataError: there are no later rows, or they have no time.
    """
    later = read_stream(table, begin=None, end=None)
    if not later.timed:
        raise DataError(
            "a rehearsal with drift needs later rows, and these data have no time",
            where="spec.data.table.time",
            hint="name the time column, or rehearse without drift: --no-drift",
        )
    size = min(rows, len(later))
    starts = np.unique(np.linspace(0, len(later) - size, PLACES).astype(int))
    found = max(
        starts.tolist(),
        key=lambda start: _difference(known.target, later.target[start : start + size]),
    )
    return later.take(np.arange(found, len(later)))


def _difference(known: Array, other: Array) -> float:
    if np.issubdtype(known.dtype, np.number):
        spread = float(known.std()) or 1.0
        return abs(float(other.mean()) - float(known.mean())) / spread
    names = np.unique(np.concatenate([known.astype(str), other.astype(str)]))
    shares = [np.array([(side.astype(str) == n).mean() for n in names]) for side in (known, other)]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)
