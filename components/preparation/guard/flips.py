"""Distinguishes flipped labels from a real change, by the predictions that were confident.

A real change (drift) makes a model's log-odds wrong by a shift or by a factor. Even then, the more
confident a prediction was, the more often it is right. Flipped labels are wrong at the same rate,
however confident the prediction was. So the share of a class among predictions follows a logistic
curve with a lower and an upper end: shift and slope come from the change, the ends from the flips
(the four-parameter logistic of Barton and Lord, Educational Testing Service RB-81-20, 1981; that
the ends are the rates of class-conditional noise: Liu and Tao, IEEE TPAMI 38, 2016).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
TINY = 1e-4
BINS = 200
"""Rows are put into this many groups of similar predictions, so the fit's cost is bounded."""
MOST = 0.98
SHIFT, SLOPE = 5.0, 4.0
"""The largest change that is fitted: odds 150-fold, spread of log-odds to a quarter or four times.
With a larger one, a class without any labels would be explained by a very large change."""
STARTS = (
    (0.0, 1.0, 0.0, 0.0),
    (-2.0, 1.0, 0.0, 0.0),
    (2.0, 1.0, 0.0, 0.0),
    (0.0, 1.0, 0.3, 0.0),
    (0.0, 1.0, 0.9, 0.0),
    (0.0, 1.0, 0.3, 0.3),
)
"""Shift, slope, flips away from the class and into it, from which the search starts."""


def excess(predicted: Floats, happened: Mask, *, bound: float) -> tuple[float, float]:
    """Return the share of flipped labels among true cases, and its z value above `bound`.

    Args:
        predicted: (rows,) probability of the class.
        happened: (rows,) whether the label is that class.
        bound: Share of flips that is allowed.

    Returns:
        The most likely share, and the root of the likelihood ratio against `bound`: a z value.
    """
    odds, rows, hits = _binned(predicted, happened)
    free, share = _fit(odds, rows, hits, most=MOST)
    if share <= bound:
        return share, 0.0
    held, _ = _fit(odds, rows, hits, most=bound)
    return share, float(np.sqrt(max(0.0, 2 * (held - free))))


def _binned(predicted: Floats, happened: Mask) -> tuple[Floats, Floats, Floats]:
    clipped = predicted.clip(TINY, 1 - TINY)
    odds = np.log(clipped / (1 - clipped))
    parts = np.array_split(np.argsort(odds, kind="stable"), min(BINS, len(odds)))
    return (
        np.array([odds[part].mean() for part in parts]),
        np.array([float(len(part)) for part in parts]),
        np.array([float(happened[part].sum()) for part in parts]),
    )


def _fit(odds: Floats, rows: Floats, hits: Floats, *, most: float) -> tuple[float, float]:
    """Return the smallest negative log-likelihood, and the share of flips at its place."""
    from scipy.optimize import minimize
    from scipy.special import expit

    def loss(place: Any) -> float:
        shift, slope, away, into = place
        share = into + (1 - into - away) * expit(shift + slope * odds)
        share = share.clip(1e-9, 1 - 1e-9)
        return float(-(hits * np.log(share) + (rows - hits) * np.log(1 - share)).sum())

    bounds = [(-SHIFT, SHIFT), (1 / SLOPE, SLOPE), (0, most), (0, MOST)]
    best: Any = None
    for shift, slope, away, into in STARTS:
        start = [shift, slope, min(away, most), into]
        found = minimize(loss, start, method="L-BFGS-B", bounds=bounds)
        best = found if best is None or found.fun < best.fun else best
    return float(best.fun), float(best.x[2])
