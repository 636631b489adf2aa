"""Metrics of predictions, computed as functions of sums over rows.

Every metric here is computed from per-row statistics that add up (`*_statistics`) and a function
of their sums (`*_metrics`). So a bootstrap resample is a weighted sum, thousands of them are one
matrix product, and a metric and its interval come from the same code.

The area under the ROC curve is not a sum over rows, but nearly: DeLong, DeLong and Clarke-Pearson
(Biometrics 44, 1988) give each row its placement value, whose mean is the area and whose variance
is the area's. Resampling whole days of them follows Obuchowski's extension to clustered rows
(Biometrics 53, 1997). Midranks give them fast (Sun and Xu, IEEE Signal Processing Letters 21,
2014).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from mdlc.core.scoring_rules import Floats, Ints, brier_scores, log_losses

Blocks = dict[str, Floats]
"""Name -> (rows, width): statistics whose sums over rows are what the metrics need."""
Metrics = Callable[[Mapping[str, Floats]], dict[str, Floats]]
"""Sums (resamples, width) -> metrics (resamples,)."""


def classification(scores: Floats, truth: Ints) -> dict[str, float]:
    """Return accuracy, log_loss, brier, f1_macro and, for two classes, auc.

    `scores` is (rows, classes), `truth` (rows,) holds the index of each true class. What is not
    defined, such as auc when all rows have one class, is left out.
    """
    return totals(classification_statistics(scores, truth), of=classification_metrics)


def regression(values: Floats, truth: Floats) -> dict[str, float]:
    """Return mae, rmse and r2 of predictions (rows,); r2 is left out when the truth is constant."""
    return totals(regression_statistics(values, truth), of=regression_metrics)


def totals(blocks: Blocks, *, of: Metrics) -> dict[str, float]:
    """Apply the metrics function `of` to the sums over all rows; undefined metrics are left out."""
    found = of({name: block.sum(axis=0, keepdims=True) for name, block in blocks.items()})
    return {name: float(value[0]) for name, value in found.items() if np.isfinite(value[0])}


def classification_statistics(scores: Floats, truth: Ints) -> Blocks:
    """Return the per-row statistics of (rows, classes) probabilities and true classes (rows,)."""
    rows, classes = scores.shape
    true, claimed = np.zeros((rows, classes)), np.zeros((rows, classes))
    true[np.arange(rows), truth] = 1
    claimed[np.arange(rows), scores.argmax(axis=1)] = 1
    blocks = {
        "rows": np.ones((rows, 1)),
        "log_loss": log_losses(scores, truth)[:, None],
        "brier": brier_scores(scores, truth)[:, None],
        "hits": true * claimed,
        "true": true,
        "claimed": claimed,
    }
    if classes == 2 and 0 < truth.sum() < rows:
        blocks |= _placements(np.asarray(scores[:, 1], float), truth == 1)
    return blocks


def classification_metrics(sums: Mapping[str, Floats]) -> dict[str, Floats]:
    """Turn sums (resamples, width) of the statistics into metrics (resamples,); NaN: undefined.

    f1_macro is the mean of 2 TP / (2 TP + FP + FN) over the classes that occur, in the truth or in
    the predictions.
    """
    rows = sums["rows"][:, 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        occurs = sums["claimed"] + sums["true"]
        f1 = np.where(occurs > 0, 2 * sums["hits"] / occurs, 0).sum(axis=1)
        metrics = {
            "accuracy": sums["hits"].sum(axis=1) / rows,
            "log_loss": sums["log_loss"][:, 0] / rows,
            "brier": sums["brier"][:, 0] / rows,
            "f1_macro": f1 / (occurs > 0).sum(axis=1),
        }
        if "area" in sums:
            placed = sums["placements"] / sums["true"]
            area = sums["area"][:, 0] / rows
            metrics["auc"] = np.clip(placed.sum(axis=1) - area, 0, 1)
    return metrics


def regression_statistics(values: Floats, truth: Floats) -> Blocks:
    """Return the per-row statistics of predictions (rows,) and true numbers (rows,)."""
    true = np.asarray(truth, float)
    error = np.asarray(values, float) - true
    centred = true - true.mean()
    columns = {
        "rows": np.ones(len(true)),
        "absolute": np.abs(error),
        "squared": error**2,
        "centred": centred,
        "spread": centred**2,
    }
    return {name: column[:, None] for name, column in columns.items()}


def regression_metrics(sums: Mapping[str, Floats]) -> dict[str, Floats]:
    """Turn sums (resamples, 1) of the statistics into metrics (resamples,); NaN: undefined."""
    flat = {name: block[:, 0] for name, block in sums.items()}
    spread = flat["spread"] - flat["centred"] ** 2 / flat["rows"]
    with np.errstate(invalid="ignore", divide="ignore"):
        explained = np.where(spread > 0, 1 - flat["squared"] / spread, np.nan)
    return {
        "mae": flat["absolute"] / flat["rows"],
        "rmse": np.sqrt(flat["squared"] / flat["rows"]),
        "r2": explained,
    }


def _placements(scores: Floats, positive: npt.NDArray[np.bool_]) -> Blocks:
    """Return DeLong's placement values in the column of the row's class, and the area."""
    from scipy.stats import rankdata

    ranks = rankdata(scores)
    values = np.zeros((len(scores), 2))
    for column, own in ((0, ~positive), (1, positive)):
        above = (ranks[own] - rankdata(scores[own])) / (~own).sum()
        values[own, column] = above if column == 1 else 1 - above
    area = values[positive, 1].mean()
    return {"placements": values, "area": np.full((len(scores), 1), area)}
