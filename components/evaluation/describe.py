"""A contender's page: metrics with intervals, confusion, calibration, actions, groups of rows."""

from __future__ import annotations

import numpy as np

from mdlc.components.evaluation import calibration, metrics
from mdlc.components.evaluation.bootstrap import Resamples
from mdlc.components.evaluation.contenders import Decisions, EvaluationContext, ScoredContender
from mdlc.components.evaluation.held_out_rows import HeldOutRows
from mdlc.core.documents.evaluation_result import Contender, Interval, Slice
from mdlc.core.payoff import ActionPayoff

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def contender(
    entrant: ScoredContender, bench: EvaluationContext, *, resamples: Resamples, min_rows: int
) -> Contender:
    """Describe what `entrant` did on the test rows; groups under `min_rows` are left out."""
    decided, split = entrant.test, bench.test
    intervals = measured(decided, split, resamples=resamples)
    page = Contender(
        name=entrant.name,
        folder=entrant.folder,
        money_per_decision=intervals.pop("money"),
        metrics=intervals,
        slices=slices(decided, split, min_rows=min_rows),
    )
    if decided.actions is None or not isinstance(bench.money, ActionPayoff):
        residuals = np.quantile(decided.scores - split.truth, QUANTILES)
        return page.model_copy(update={"residual_quantiles": residuals.tolist()})
    classes, names = bench.money.classes, bench.money.actions
    taken = np.bincount(decided.actions, minlength=len(names)).tolist()
    return page.model_copy(
        update={
            "confusion": confusion(decided, split, classes=len(classes)),
            "actions": dict(zip(names, taken, strict=True)),
            "calibration": calibration.curves(decided.scores, truth=split.truth, classes=classes),
        }
    )


def measured(
    decided: Decisions, split: HeldOutRows, *, resamples: Resamples
) -> dict[str, Interval]:
    """Return every metric that is defined, and `money`, with intervals."""
    of: metrics.Metrics
    if decided.actions is None:
        statistics = metrics.regression_statistics(decided.scores, split.truth)
        of = metrics.regression_metrics
    else:
        statistics = metrics.classification_statistics(decided.scores, split.truth)
        of = metrics.classification_metrics
    statistics["money"] = decided.money[:, None]
    values = metrics.totals(statistics, of=of) | {"money": float(decided.money.mean())}
    sums = resamples.sums(statistics)
    samples = of(sums) | {"money": sums["money"][:, 0] / sums["rows"][:, 0]}
    return {
        name: resamples.interval(value, samples=samples[name]) for name, value in values.items()
    }


def confusion(decided: Decisions, split: HeldOutRows, *, classes: int) -> list[list[int]]:
    """Count rows by true class (row) and most probable class (column)."""
    cells = split.truth * classes + decided.scores.argmax(axis=1)
    counts = np.bincount(cells, minlength=classes**2).reshape(classes, classes)
    rows: list[list[int]] = counts.tolist()
    return rows


def slices(decided: Decisions, split: HeldOutRows, *, min_rows: int) -> list[Slice]:
    """Judge each group of each slice column that has `min_rows` rows."""
    measure = metrics.regression if decided.actions is None else metrics.classification
    found = []
    for column, groups in split.groups.items():
        values, inverse, counts = np.unique(
            groups.astype(str), return_inverse=True, return_counts=True
        )
        for index in np.flatnonzero(counts >= min_rows):
            rows = inverse == index
            found.append(
                Slice(
                    column=column,
                    value=str(values[index]),
                    rows=int(counts[index]),
                    metrics=measure(decided.scores[rows], split.truth[rows]),
                    money_per_decision=float(decided.money[rows].mean()),
                )
            )
    return found
