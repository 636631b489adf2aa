"""The bootstrap: how far a contender's metric could be off, by resampling the test rows.

Whether one contender earns more than another is for `significance.py`; this is for each one's page.

Efron and Tibshirani, An Introduction to the Bootstrap (1993). Rows of a day share weather, events
and mistakes, so with a time column whole days are resampled (the cluster bootstrap: Davison and
Hinkley, Bootstrap Methods and their Application, 1997, 3.8). A week has but seven days and plain
percentiles are then too narrow; they are widened as by Hesterberg (What Teachers Should Know About
the Bootstrap, The American Statistician 69, 2015: the expanded percentile interval).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mdlc.components.evaluation.metrics import Blocks
from mdlc.components.evaluation.significance import Units
from mdlc.core.documents.evaluation_result import Interval
from mdlc.core.scoring_rules import Floats

MAX_GROUPS = 2000
"""More rows are dealt into as many groups at random, which bounds the time. Sums of independent
rows are independent, so the intervals are the same; their width is off by 1 / sqrt(2 groups) =
1.6 %, less than what 1000 resamples leave to chance."""
CELLS = 4_000_000
"""Weights held in memory at once: 32 MB."""


@dataclass(frozen=True)
class Resamples:
    """Resamples of groups of rows; `sums` draws the same ones each time, so gains are paired."""

    groups: npt.NDArray[np.integer]
    """(rows,): the group of each row; every group has a row."""
    size: int
    """Number of groups."""
    draws: int
    seed: int
    unit: str
    """What a group is: days or rows."""

    def sums(self, blocks: Blocks) -> Blocks:
        """Sum each block (rows, width) over every resample: (draws, width)."""
        order = np.argsort(self.groups, kind="stable")
        starts = np.searchsorted(self.groups[order], np.arange(self.size))
        columns = np.hstack(list(blocks.values()))
        grouped = np.add.reduceat(columns[order], starts, axis=0)
        random = np.random.default_rng(self.seed)
        step = max(1, CELLS // self.size)
        parts = [
            _weights(random, draws=min(step, self.draws - start), size=self.size) @ grouped
            for start in range(0, self.draws, step)
        ]
        ends = np.cumsum([block.shape[1] for block in blocks.values()])[:-1]
        return dict(zip(blocks, np.split(np.vstack(parts), ends, axis=1), strict=True))

    def interval(self, value: float, *, samples: Floats) -> Interval:
        """Return the 95 % interval around `value` from what the resamples gave (draws,).

        Resamples in which the metric is not defined (NaN) do not count.
        """
        known = samples[np.isfinite(samples)]
        if not len(known):
            return Interval(value=value, low=value, high=value)
        tail = _tail(self.size)
        low, high = np.quantile(known, [tail, 1 - tail])
        return Interval(value=value, low=float(low), high=float(high))


def of_rows(rows: int, *, draws: int, seed: int) -> Resamples:
    """Resample rows one by one, or in MAX_GROUPS random groups when there are more."""
    size = min(rows, MAX_GROUPS)
    groups = np.random.default_rng(seed).permutation(rows) % size
    return Resamples(groups, size, draws, seed, "rows")


def of_units(units: Units, *, draws: int, seed: int) -> Resamples:
    """Resample units whole: days, or copies of a row; rows one by one where they are units."""
    if units.size == len(units.of):
        return of_rows(units.size, draws=draws, seed=seed)
    return Resamples(units.of, units.size, draws, seed, units.kind)


def _weights(random: np.random.Generator, *, draws: int, size: int) -> Floats:
    """Return (draws, size): how often each group is drawn, `size` draws with replacement each."""
    drawn = random.integers(0, size, (draws, size)) + np.arange(draws)[:, None] * size
    counts = np.bincount(drawn.ravel(), minlength=draws * size)
    return counts.reshape(draws, size).astype(float)


def _tail(size: int) -> float:
    """Return the share outside each end of a 95 % interval from `size` groups (0.025 for many)."""
    from scipy.special import ndtr, stdtrit

    if size < 2:
        return 0.0
    return float(ndtr(stdtrit(size - 1, 0.025) * np.sqrt(size / (size - 1))))
