"""How good probabilities are, once the truth is known: each formula once, for every caller.

Training compares its trials by the log-loss, evaluation reports it, the predictor sums it over the
labels that come in, and monitoring turns those sums into the skill that may start a retraining.
They are comparable only because all of them call the functions here, which take the predicted
probabilities (rows, classes) and the index of each true class (rows,):

>>> import numpy as np
>>> scores, truth = np.array([[0.8, 0.2], [0.4, 0.6]]), np.array([0, 0])
>>> log_losses(scores, truth).round(3).tolist()
[0.223, 0.916]
>>> brier_scores(scores, truth).round(3).tolist()
[0.04, 0.36]
>>> correct(scores, truth).tolist()
[True, False]
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.integer]

EPSILON = 1e-7
"""Probabilities are kept this far from 0 and 1 in the log-loss.

Models answer in float32, whose numbers lie 6e-8 apart just below 1: closer to 1 (or, by the rest
that it leaves, to 0) a score says nothing more. scikit-learn clips float32 at 1.2e-7 for the same
reason. One certain error so costs ln(1e7) = 16.1, never infinity.
"""


def clipped_logs(probabilities: Floats, *, least: float = EPSILON) -> Floats:
    """Return the logarithm of probabilities kept `least` away from 0, and EPSILON from 1."""
    logs: Floats = np.log(np.clip(np.asarray(probabilities, float), least, 1 - EPSILON))
    return logs


def log_losses(scores: Floats, truth: Ints) -> Floats:
    """Return (rows,): -ln of the probability that was given to the true class.

    Args:
        scores: (rows, classes) probabilities; clipped to [EPSILON, 1 - EPSILON].
        truth: (rows,) index of each true class.
    """
    return -clipped_logs(scores[np.arange(len(truth)), truth])


def brier_scores(scores: Floats, truth: Ints) -> Floats:
    """Return (rows,): the squared error of the probabilities, summed over the classes.

    Halved for two classes, as is customary and as scikit-learn has it, so that it is of one column
    (Brier, Monthly Weather Review 78, 1950).
    """
    errors = np.array(scores, float)
    errors[np.arange(len(truth)), truth] -= 1
    summed: Floats = (errors**2).sum(axis=1)
    return summed / 2 if errors.shape[1] == 2 else summed


def correct(scores: Floats, truth: Ints) -> npt.NDArray[np.bool_]:
    """Return (rows,): whether the most probable class, of equal ones the first, is the true one."""
    hits: npt.NDArray[np.bool_] = np.asarray(scores).argmax(axis=1) == truth
    return hits


def skill(log_loss: float, observed: Iterable[float]) -> float | None:
    """Return 1 - log-loss / entropy of the observed shares: 1 is perfect, 0 knows only the shares.

    The entropy is the log-loss of always saying the classes' shares.

    Args:
        log_loss: Mean over the labelled rows.
        observed: How often each class was observed among them, as counts or shares.

    Returns:
        None where fewer than two classes were observed: saying their share is then no error.

    >>> round(skill(0.5, [50, 50]), 3)
    0.279
    >>> skill(0.5, [100, 0])
    """
    counts = np.array([count for count in observed if count > 0], float)
    if len(counts) < 2:
        return None
    shares = counts / counts.sum()
    return float(1 - log_loss / -(shares * np.log(shares)).sum())
