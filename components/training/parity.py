"""Checks for every candidate, on real rows, that the exported model answers as the trained one."""

from __future__ import annotations

import numpy as np

from mdlc.components.training.problem import Floats, Problem
from mdlc.core.errors import StageError


class ParityError(StageError):
    """The exported model does not answer as the trained one."""

    def __init__(self, differs: float, *, allowed: float) -> None:
        super().__init__(
            f"the exported model differs from the trained one by {differs:.2g},"
            f" more than the {allowed:g} allowed",
            where="spec.deploy.promote.parity",
        )
        self.differs = differs


def difference(trained: Floats, exported: Floats, *, unit: float = 1.0) -> float:
    """Return the largest absolute difference of two arrays of scores, in units of `unit`.

    Raises:
        StageError: the shapes differ, or the exported model answers with NaN.
    """
    if trained.shape != exported.shape:
        raise StageError(
            f"the exported model answers in shape {exported.shape}, the trained in {trained.shape}"
        )
    if not np.isfinite(exported).all():
        raise StageError("the exported model answers with a value that is not finite")
    return float(np.abs(trained - exported).max()) / unit


def unit_of(problem: Problem) -> float:
    """Return the unit of differences: 1 for probabilities, the target's spread for numbers.

    A float32 has 7 digits: prices in the millions differ by more than any fixed bound.
    """
    if problem.task != "regression":
        return 1.0
    return float(problem.train.truth.std()) or 1.0
