"""Weights training rows by age: recent rows are more like those to be predicted, so count more."""

from __future__ import annotations

from datetime import UTC, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mdlc.core.columns import TIME, read_table
from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.errors import SpecError
from mdlc.core.spec.base import format_duration

WHERE = "spec.retrain.half_life"
LEAST = 50.0
"""Equally weighted rows to which the weighted ones must amount: preparation's minimum, too."""
Weights = npt.NDArray[np.float64]


def weights(table: Path, document: Prepared, *, half_life: timedelta) -> Weights:
    """Return (training rows,): 0.5 to the power of age / half-life, scaled to 1 on average.

    Age is counted from `until`, the end of what is known. The weights are scaled so that every
    candidate's regularisation is as strong as without weights.

    Raises:
        SpecError: the table has no time, or the weights leave too little to learn from.
    """
    if document.until is None:
        raise SpecError(
            "a half-life needs rows with a time", where=WHERE, hint="name spec.data.table.time"
        )
    _, others = read_table(table, features=[], where="__split = 'train'", extra=(TIME,))
    until = document.until
    end = until.astimezone(UTC).replace(tzinfo=None) if until.tzinfo else until
    age = (np.datetime64(end, "us") - others[TIME].astype("datetime64[us]")).astype(np.float64)
    lives = age / (half_life / timedelta(microseconds=1))
    # Counted from the newest training row, so that no power underflows for all of them.
    raw = np.power(0.5, lives - lives.min())
    if effective(raw) < LEAST:
        raise SpecError(
            f"with a half-life of {format_duration(half_life)} the {len(raw)} training rows are "
            f"worth {effective(raw):.0f} equal ones, fewer than {LEAST:.0f}",
            where=WHERE,
            hint="make it longer",
        )
    scaled: Weights = raw / raw.mean()
    return scaled


def effective(weights: npt.NDArray[np.floating]) -> float:
    """Return the effective sample size of weighted rows (Kish, Survey Sampling, 1965).

    >>> effective(np.array([1.0, 1.0])), effective(np.array([1.0, 0.0]))
    (2.0, 1.0)
    """
    return float(weights.sum() ** 2 / (weights**2).sum())
