"""The population stability index, defined once, and how much of it chance alone explains.

    PSI = sum over bins of (a - e) * ln(a / e),   a, e: live and training shares of the bin

Sources: N. Siddiqi, Credit Risk Scorecards (Wiley, 2006), for the index; B. Yurdakul and
J. Naranjo, Statistical properties of the population stability index, Journal of Risk Model
Validation 14(4), 2020, for its distribution without drift: (1/n + 1/m) times a chi-square with
bins - 1 degrees of freedom.

An empty bin would make the logarithm infinite, so SMOOTHING is added to each bin's count before
shares are taken (Krichevsky-Trofimov's half a count; it is a constant, so PromQL computes the same
number). A bin that is empty on both sides is left out of all sums.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from mdlc.core.errors import DataError

SMOOTHING = 0.5
QUANTILE = 0.999


def used_bins(expected: Mapping[str, float], actual: Mapping[str, float]) -> list[str]:
    """Return the bins that have a count on either side, in the order of `expected`."""
    return [
        name
        for name in dict.fromkeys([*expected, *actual])
        if expected.get(name, 0) + actual.get(name, 0) > 0
    ]


def psi(expected: Mapping[str, float], actual: Mapping[str, float]) -> float:
    """Return the population stability index of `actual` counts against `expected` counts.

    Both map a bin's name to its count; a bin that one side lacks counts 0 there. 0 means the same
    shares; by custom 0.1 is worth a look and 0.25 is a shift.

    Raises:
        DataError: one side has no counts at all.

    >>> psi({"0": 500, "1": 500}, {"0": 50, "1": 50})
    0.0
    >>> round(psi({"0": 500, "1": 500}, {"0": 800, "1": 200}), 3)
    0.415
    """
    for side, counts in (("expected", expected), ("actual", actual)):
        if sum(counts.values()) <= 0:
            raise DataError(f"PSI needs {side} counts, got none", hint="wait for predictions")
    bins = used_bins(expected, actual)
    e_total = sum(expected.values()) + SMOOTHING * len(bins)
    a_total = sum(actual.values()) + SMOOTHING * len(bins)
    total = 0.0
    for name in bins:
        e = (expected.get(name, 0) + SMOOTHING) / e_total
        a = (actual.get(name, 0) + SMOOTHING) / a_total
        total += (a - e) * math.log(a / e)
    return total


def noise(bins: int, *, n_actual: float, n_expected: float, quantile: float = QUANTILE) -> float:
    """Return the noise of PSI: without drift, a share of 1 - `quantile` of windows exceeds it.

    A side without counts is taken as one count, so the result is finite (and far above any
    threshold). With a single bin, noise and index are 0.

    >>> round(noise(10, n_actual=1000, n_expected=100_000), 4)
    0.0282
    """
    if bins < 2:
        return 0.0
    from scipy.special import gammaincinv  # the chi-square quantile is 2 * gammaincinv(k / 2, q)

    chi_square = 2 * float(gammaincinv((bins - 1) / 2, quantile))
    return chi_square * (1 / max(n_actual, 1) + 1 / max(n_expected, 1))
