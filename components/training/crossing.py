"""Cross-validation where rows are few: every row that is not tested says which model is better.

A few hundred validation rows tell good from lucky badly, the more so as each trial asks the same
ones. With at most `MOST_ROWS` rows to train and validate on, a candidate is therefore trained once
for each fold, with the fold left out, and judged by what it says of the rows left out, all of them
together. The model that is kept is trained as always, with the hyperparameters found so.

- Rows without a time: five folds, with the classes' shares in each, copies of a row in one.
- Rows with a time: four folds, each later than what its model learnt (rolling origin: Tashman,
  Out-of-sample tests of forecasting accuracy, International Journal of Forecasting 16, 2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mdlc.components.training.candidates._base import Candidate, Params
from mdlc.components.training.judging import Judge
from mdlc.components.training.problem import TABLE, Floats, Problem, TrainingRows, Truth
from mdlc.core.columns import COPY, read_table
from mdlc.core.documents.prepared_data import Prepared

MOST_ROWS = 2000
FOLDS, FOLDS_IN_TIME = 5, 4


@dataclass(frozen=True)
class Folds:
    """The problem once for each fold: its training rows, and the rows left out as validation."""

    problems: list[Problem]

    @property
    def truth(self) -> Truth:
        """The truth of all rows left out, fold after fold."""
        return np.concatenate([problem.validation.truth for problem in self.problems])

    def of(self, kind: type[Candidate], *, judge: Judge) -> Crossing:
        """Return the cross-validation of a kind of model."""
        candidates = [kind(problem) for problem in self.problems]
        return Crossing(candidates, replace(judge, truth=self.truth))


@dataclass(frozen=True)
class Crossing:
    """A kind of model in each fold, and the judge of all rows left out."""

    candidates: Sequence[Candidate]
    judge: Judge

    def scores(self, params: Params) -> Floats:
        """Return the scores of all rows left out by models that did not see them."""
        return np.concatenate([c.fit(params).validated for c in self.candidates])


def folds(prepared: Path, document: Prepared, *, whole: Problem) -> Folds | None:
    """Return the folds of a problem with few rows; None where one split is enough.

    None too where rows have weights, or where a class would be missing from a fold's training.
    """
    train, validation = whole.train, whole.validation
    if len(train) + len(validation) > MOST_ROWS or train.weights is not None:
        return None
    rows = _joined(train, validation)
    problems = [
        replace(whole, train=_chosen(rows, kept), validation=_chosen(rows, left))
        for kept, left in _splits(rows.truth, prepared, document, whole=whole)
    ]
    classes = len(whole.classes)
    if any(len(np.unique(problem.train.truth)) < classes for problem in problems):
        return None
    return Folds(problems) if problems else None


def _splits(
    truth: Truth, prepared: Path, document: Prepared, *, whole: Problem
) -> list[tuple[Any, Any]]:
    from sklearn import model_selection as ways

    empty = np.zeros((len(truth), 1))
    if document.has_time:
        return list(ways.TimeSeriesSplit(FOLDS_IN_TIME).split(empty))
    if whole.classes and np.bincount(truth, minlength=len(whole.classes)).min() < FOLDS:
        return []
    groups = _copies(prepared, document)
    shuffled: dict[str, Any] = {"shuffle": True, "random_state": whole.seed}
    if groups is not None:
        grouped = ways.StratifiedGroupKFold if whole.classes else ways.GroupKFold
        way = grouped(FOLDS, **shuffled)
    else:
        way = (ways.StratifiedKFold if whole.classes else ways.KFold)(FOLDS, **shuffled)
    return list(way.split(empty, truth, groups))


def _copies(prepared: Path, document: Prepared) -> Any:
    """Return (rows,): what copies of a row share, in the order of the joined rows; None without."""
    if not document.copies:
        return None
    read = [
        read_table(prepared / TABLE, features=[], where=f"__split = '{split}'", extra=(COPY,))[1]
        for split in ("train", "validation")
    ]
    return np.concatenate([part[COPY].astype(str) for part in read])


def _joined(one: TrainingRows, other: TrainingRows) -> TrainingRows:
    return TrainingRows(
        {name: np.concatenate([column, other.raw[name]]) for name, column in one.raw.items()},
        {name: np.concatenate([column, other.batch[name]]) for name, column in one.batch.items()},
        np.concatenate([one.truth, other.truth]),
    )


def _chosen(rows: TrainingRows, chosen: Any) -> TrainingRows:
    return TrainingRows(
        {name: column[chosen] for name, column in rows.raw.items()},
        {name: column[chosen] for name, column in rows.batch.items()},
        rows.truth[chosen],
    )
