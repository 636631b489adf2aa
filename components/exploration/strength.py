"""Computes how well each feature alone predicts the target; one scale for features of a kind.

Sources: the area under the ROC curve from ranks, J. A. Hanley and B. J. McNeil, Radiology 143
(1982), U / (n1 n0) of Mann and Whitney; Cramér's V with its bias corrected, W. Bergsma, Journal of
the Korean Statistical Society 42 (2013); the correlation ratio eta, K. Pearson (1905).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mdlc.components.exploration.correlation import pairwise
from mdlc.components.exploration.figures import finite
from mdlc.components.exploration.sample import NumberSample, rank

Floats = npt.NDArray[np.float64]


def of_numbers(sample: NumberSample, *, classes: list[str]) -> dict[str, float | None]:
    """Return each number feature's strength: folded AUC, for regression |Spearman's r|.

    With more than two classes it is the largest AUC of a class against the rest. None if nothing
    can be compared. `classes` is [] for regression.
    """
    if classes:
        positives = [
            sample.target == name for name in (classes if len(classes) > 2 else classes[:1])
        ]
        return {
            name: max(
                (a for p in positives if (a := auc(sample.ranks[:, i], p)) is not None),
                default=None,
            )
            for i, name in enumerate(sample.names)
        }
    target = rank(np.asarray(sample.target, float)[:, None])
    last = pairwise(np.hstack([sample.ranks, target]))[:-1, -1]
    return {name: finite(abs(r)) for name, r in zip(sample.names, last, strict=True)}


def auc(ranks: Floats, positive: npt.NDArray[np.bool_]) -> float | None:
    """Return the AUC of a column's `ranks` (rows,) for `positive` (rows,), folded to 0.5 to 1.

    NaN ranks are left out; None where one side is empty.
    """
    known = ~np.isnan(ranks)
    ones = int((known & positive).sum())
    zeros = int(known.sum()) - ones
    if not ones or not zeros:
        return None
    area = (ranks[known & positive].sum() - ones * (ones + 1) / 2) / (ones * zeros)
    return finite(max(area, 1 - area))


def cramers_v(counts: Floats) -> float | None:
    """Return the bias-corrected V of a table of `counts` (levels, classes).

    None unless two levels and two classes occur.

    >>> cramers_v(np.array([[50.0, 0.0], [0.0, 50.0]]))
    1.0
    """
    table = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    levels, classes = table.shape
    rows = float(table.sum())
    if min(levels, classes) < 2:
        return None
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / rows
    phi2 = float(((table - expected) ** 2 / expected).sum()) / rows
    corrected = max(0.0, phi2 - (levels - 1) * (classes - 1) / (rows - 1))
    size = min(n - (n - 1) ** 2 / (rows - 1) for n in (levels, classes)) - 1
    # With one row in each level the corrected sizes are 0, and V is not defined.
    return finite(min(1.0, (corrected / size) ** 0.5)) if size > 1e-12 else None


def correlation_ratio(rows: Floats, means: Floats, variances: Floats) -> float | None:
    """Return eta from each level's rows, target mean and population variance, all (levels,).

    None where the target does not vary or there is one level only.
    """
    if len(rows) < 2:
        return None
    overall = (rows * means).sum() / rows.sum()
    between = float((rows * (means - overall) ** 2).sum())
    total = between + float((rows * variances).sum())
    return finite(min(1.0, (between / total) ** 0.5)) if total > 0 else None
