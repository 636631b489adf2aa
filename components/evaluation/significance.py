"""Does one contender really earn more than another? An estimate that is honest in small tests.

Both decide about the same test rows, so what counts is the difference of what each row earned: its
gain. The rows of a day share weather, events and mistakes, and copies of a row are one row. Such
rows are a unit; units are independent, rows within a unit are not.

- The error of the mean gain comes from leaving out one unit after the other (the jackknife, which
  is the cluster-robust variance estimator CV3), with Student's t for as many degrees of freedom as
  there are units, less one. MacKinnon, Nielsen and Webb (Cluster-robust inference: A guide to
  empirical practice, Journal of Econometrics 232, 2023) advise it where units are few or unequal.
- A loss that is rare may not have happened yet in the test. So each end of the interval counts one
  decision more, that came out as badly, or as well, as it can. Of a count of rare events this is
  the mean of the exact Poisson limit (Garwood, Biometrika 28, 1936: a gamma distribution of shape
  k + 1). In a large test it does not matter.
- Where the test has too few units, or too few rows in which the two differ, no method can tell.
  Then the answer is that there is not enough data, and how much there has to be.

`benchmarks/promotion.py` counts how often this promotes what is no better.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mdlc.components.evaluation.held_out_rows import HeldOutRows
from mdlc.core.documents.evaluation_result import Interval
from mdlc.core.scoring_rules import Floats, Ints

MIN_DAYS = 5
"""Days that a test with times needs: fewer say nothing about other days."""
MIN_ROWS = 20
"""Independent rows that a test without times needs."""
MIN_DIFFERING = 10
"""Rows, of different units where there are no times, about which the two differ."""


@dataclass(frozen=True)
class Units:
    """Which rows of the test depend on each other."""

    of: Ints
    """(rows,): the unit of each row; every unit has a row."""
    size: int
    """Number of units."""
    kind: str
    """What a unit is: days or rows."""

    def sums(self, values: Floats) -> Floats:
        """Sum values (rows,) over each unit: (units,)."""
        summed: Floats = np.bincount(self.of, weights=values, minlength=self.size).astype(float)
        return summed


def units_of(split: HeldOutRows) -> Units:
    """Return the units of a split: days (UTC) where rows have a time, else rows; copies are one."""
    if split.times is not None:
        days, of = np.unique(split.times.astype("datetime64[D]"), return_inverse=True)
        return Units(of, len(days), "days")
    if split.copies is not None:
        groups, of = np.unique(split.copies.astype(str), return_inverse=True)
        return Units(of, len(groups), "rows")
    rows = len(split.truth)
    return Units(np.arange(rows), rows, "rows")


@dataclass(frozen=True)
class Gain:
    """How much more one contender earns than another, and how sure that is."""

    interval: Interval
    """The mean over the test rows, with 95 %."""
    probability: float
    """1 - p, where p is the p-value of "it earns `bound` more or less than that"."""
    differing: int
    """Rows, or units of them, about which the two differ."""
    missing: str
    """What is missing to judge, in words; "" if there is enough."""


def gain(gains: Floats, *, units: Units, worst: float, best: float, bound: float = 0.0) -> Gain:
    """Estimate the mean of the gains (rows,) over rows like these.

    Args:
        gains: (rows,) what the first earned more than the second.
        units: which rows depend on each other.
        worst: the least that a row could have gained, with what the two did about it.
        best: the most.
        bound: the gain that it has to be above.

    >>> units = Units(np.arange(40), 40, "rows")
    >>> found = gain(np.tile([1.0, 1.0, 1.0, -1.0], 10), units=units, worst=-1, best=1)
    >>> round(found.interval.value, 2), round(found.probability, 3), found.missing
    (0.5, 0.999, '')
    """
    differing = _differing(gains, units=units)
    low, doubt, freedom = _with_one_more(gains, units=units, other=min(worst, 0.0))
    high, doubt_above, _ = _with_one_more(gains, units=units, other=max(best, 0.0))
    wide = _quantile(freedom)
    interval = Interval(
        value=float(gains.mean()),
        low=float(low - wide * doubt),
        high=float(high + wide * doubt_above),
    )
    return Gain(
        interval=interval,
        probability=_sure(low - bound, error=doubt, freedom=freedom),
        differing=differing,
        missing=_missing(units, differing=differing),
    )


def _with_one_more(gains: Floats, *, units: Units, other: float) -> tuple[float, float, float]:
    """Return the mean with one more gain `other`, its standard error and degrees of freedom."""
    sums, counts = units.sums(gains), units.sums(np.ones(len(gains)))
    total, rows = sums.sum() + other, counts.sum() + 1
    mean = total / rows
    freedom = max(1.0, min(units.size, float(np.count_nonzero(sums))) - 1.0)
    if units.size < 2:
        return float(mean), math.inf, freedom
    without = (total - sums) / (rows - counts)
    variance = (units.size - 1) / units.size * ((without - mean) ** 2).sum()
    error = math.sqrt(variance + ((other - mean) / rows) ** 2)
    return float(mean), error, freedom


def _sure(above: float, *, error: float, freedom: float) -> float:
    """Return 1 - p of Student's one-sided test."""
    from scipy.special import stdtr

    if error == 0:
        return float(above > 0)
    return float(stdtr(freedom, above / error))


def _quantile(freedom: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.975))


def _differing(gains: Floats, *, units: Units) -> int:
    rows = np.flatnonzero(gains)
    return len(rows) if units.kind == "days" else len(np.unique(units.of[rows]))


def _missing(units: Units, *, differing: int) -> str:
    least = MIN_DAYS if units.kind == "days" else MIN_ROWS
    if units.size < least:
        return f"the test has {units.size} independent {units.kind}, {least} are needed"
    if 0 < differing < MIN_DIFFERING:
        return f"the two differ about {differing} test rows, {MIN_DIFFERING} are needed"
    return ""
