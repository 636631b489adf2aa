"""Reliability curves and the expected calibration error of predicted probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mdlc.core.documents.evaluation_result import Calibration
from mdlc.core.scoring_rules import Floats, Ints

BINS = 10
MAX_CLASSES = 10


def curves(scores: Floats, *, truth: Ints, classes: Sequence[str]) -> list[Calibration]:
    """Return a curve for each class of (rows, classes) scores; none with over MAX_CLASSES."""
    if len(classes) > MAX_CLASSES:
        return []
    return [
        curve(label, np.asarray(scores[:, index], float), happened=(truth == index).astype(float))
        for index, label in enumerate(classes)
    ]


def curve(label: str, predicted: Floats, *, happened: Floats) -> Calibration:
    """Compare predicted probabilities (rows,) with what happened (rows,), 0 or 1.

    Bins hold equally many rows (Nguyen and O'Connor, EMNLP 2015); equal probabilities stay
    together, so there may be fewer bins. The error is the mean distance of predicted and observed
    share, weighted by rows (Naeini, Cooper and Hauskrecht, AAAI 2015).
    """
    edges = np.unique(np.quantile(predicted, np.linspace(0, 1, BINS + 1)[1:-1]))
    where = np.searchsorted(edges, predicted, side="left")
    counts = np.bincount(where)
    filled = np.flatnonzero(counts)
    said = np.bincount(where, weights=predicted)[filled] / counts[filled]
    seen = np.bincount(where, weights=happened)[filled] / counts[filled]
    return Calibration(
        label=label,
        predicted=said.tolist(),
        observed=seen.tolist(),
        counts=counts[filled].tolist(),
        expected_calibration_error=float(np.abs(said - seen) @ counts[filled] / len(predicted)),
    )
