"""Tests on a sample whether a feature is normally distributed, as D'Agostino and Pearson do.

Sources: R. D'Agostino and E. S. Pearson, "Tests for departure from normality", Biometrika 60
(1973); z of the skewness, R. D'Agostino, Biometrika 57 (1970); z of the kurtosis, F. J. Anscombe
and W. J. Glynn, Biometrika 70 (1983). The sum of their squares is chi-squared with two degrees of
freedom. The approximations hold from 20 values on. With many rows the test sees even harmless
departures: read it beside the skewness and the kurtosis.

The result is that of scipy.stats.normaltest (a test compares them); it is not used because
importing scipy.stats takes more than a second.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from mdlc.components.exploration.figures import finite

MIN_VALUES = 20
SIGNIFICANCE = 0.05


def p_value(values: npt.NDArray[np.float64]) -> float | None:
    """Return the test's p-value for `values` (rows,), NaN left out.

    None with fewer than 20 values, or where all are equal: nothing can be tested.
    """
    known = values[~np.isnan(values)]
    if len(known) < MIN_VALUES or known.min() == known.max():
        return None
    centred = known - known.mean()
    # The test does not depend on scale; the fourth powers of huge values would overflow.
    unit = centred / np.abs(centred).max()
    m2, m3, m4 = (float((unit**power).mean()) for power in (2, 3, 4))
    skewness, kurtosis = m3 / m2**1.5, m4 / m2**2
    statistic = z_skewness(skewness, rows=len(known)) ** 2
    statistic += z_kurtosis(kurtosis, rows=len(known)) ** 2
    return finite(math.exp(-statistic / 2))


def is_normal(p: float | None) -> bool:
    """Return whether the test does not reject normality; False if it was not possible."""
    return p is not None and p >= SIGNIFICANCE


def z_skewness(skewness: float, *, rows: int) -> float:
    """Return the standard score of a sample's skewness (D'Agostino 1970)."""
    n = float(rows)
    y = skewness * math.sqrt((n + 1) * (n + 3) / (6 * (n - 2)))
    beta2 = 3 * (n * n + 27 * n - 70) * (n + 1) * (n + 3)
    beta2 /= (n - 2) * (n + 5) * (n + 7) * (n + 9)
    w2 = math.sqrt(2 * (beta2 - 1)) - 1
    delta = 1 / math.sqrt(0.5 * math.log(w2))
    return delta * math.asinh(y / math.sqrt(2 / (w2 - 1)))


def z_kurtosis(kurtosis: float, *, rows: int) -> float:
    """Return the standard score of a sample's kurtosis, normal is 3 (Anscombe and Glynn 1983)."""
    n = float(rows)
    expected = 3 * (n - 1) / (n + 1)
    variance = 24 * n * (n - 2) * (n - 3) / ((n + 1) ** 2 * (n + 3) * (n + 5))
    x = (kurtosis - expected) / math.sqrt(variance)
    beta1 = 6 * (n * n - 5 * n + 2) / ((n + 7) * (n + 9))
    beta1 *= math.sqrt(6 * (n + 3) * (n + 5) / (n * (n - 2) * (n - 3)))
    a = 6 + 8 / beta1 * (2 / beta1 + math.sqrt(1 + 4 / beta1**2))
    term = 1 + x * math.sqrt(2 / (a - 4))
    cubic = math.copysign(((1 - 2 / a) / abs(term)) ** (1 / 3), term) if term else 0.0
    return (1 - 2 / (9 * a) - cubic) / math.sqrt(2 / (9 * a))
