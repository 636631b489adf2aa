"""The rows that a candidate learns from: cleaned once, held in memory, with truths as numbers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mdlc.components.training import aging
from mdlc.core import cleaning
from mdlc.core.cleaning import Decision
from mdlc.core.columns import TARGET, Batch, Feature, read_table, rows_of
from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.errors import DataError, SpecError
from mdlc.core.spec.model import Rule, Task

Floats = npt.NDArray[np.floating]
Truth = npt.NDArray[Any]
TABLE = "table.parquet"
RESERVED = "scores"
MANY_ROWS = 200_000


@dataclass(frozen=True)
class TrainingRows:
    """Rows of one split.

    `raw` is the batch as preparation wrote it, `batch` the cleaned one that models see. `truth` is
    (rows,): the index of the class (int64), or the number to predict (float64).
    """

    raw: Batch
    batch: Batch
    truth: Truth
    weights: Floats | None = None
    """(rows,): how much each counts, 1 on average; None: all the same, as for validation rows."""

    def __len__(self) -> int:
        return len(self.truth)


@dataclass(frozen=True)
class Problem:
    """All that a candidate may learn from. It never sees the test rows."""

    task: Task
    classes: list[str]
    features: list[Feature]
    """Features after cleaning, without those that it drops."""
    train: TrainingRows
    validation: TrainingRows
    rule: Rule
    dropped: Mapping[str, str]
    """Feature that cleaning drops -> why."""
    seed: int
    cores: int
    """Threads for work that can be done independently, such as a forest's trees."""

    @property
    def threads(self) -> int:
        """Threads for work whose threads often wait for each other: LightGBM, TensorFlow, ONNX.

        With few rows they wait more than they work, and OpenMP waits by spinning: two threads on a
        shared machine took 10 times as long as one (45,000 rows, 140 columns).
        """
        return self.cores if len(self.train) >= MANY_ROWS else 1

    @property
    def outputs(self) -> int:
        """Columns of the scores: one for each class, or one."""
        return len(self.classes) or 1


def load(  # noqa: PLR0913 - all that makes a problem
    prepared: Path,
    document: Prepared,
    *,
    decisions: list[Decision],
    rule: Rule,
    seed: int,
    half_life: timedelta | None = None,
) -> Problem:
    """Read training and validation rows of the table in the folder `prepared`.

    With `half_life` the training rows have weights; the validation rows, which judge, never do.

    Raises:
        SpecError: a feature has the name of the model's output, or the weights make no sense.
        DataError: a split has no rows, a class no training row, or no feature is left.
    """
    gone = {d.column: d.why for d in decisions if d.action == "drop"}
    features = [feature for feature in document.features if feature.name not in gone]
    if not features:
        raise DataError(
            f"cleaning drops all of the {len(document.features)} features",
            hint="see exploration.json, and loosen spec.explore",
        )
    if any(feature.name == RESERVED for feature in features):
        raise SpecError(
            f"a feature is named {RESERVED}, which is the name of every model's output",
            where="spec.data.features",
            hint="rename it in the source",
        )
    splits = {
        name: _rows(prepared / TABLE, document, split=name, decisions=decisions)
        for name in ("train", "validation")
    }
    _check_truth(document, splits["train"].truth)
    if half_life is not None:
        weights = aging.weights(prepared / TABLE, document, half_life=half_life)
        splits["train"] = replace(splits["train"], weights=weights)
    return Problem(
        task=document.task,
        classes=document.classes,
        features=features,
        rule=rule,
        dropped=gone,
        seed=seed,
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1,
        **splits,
    )


def _rows(path: Path, document: Prepared, *, split: str, decisions: list[Decision]) -> TrainingRows:
    raw, extra = read_table(
        path, features=document.features, where=f"__split = '{split}'", extra=(TARGET,)
    )
    if not rows_of(raw):
        raise DataError(
            f"there are no {split} rows", hint="widen spec.model.split, or bring more data"
        )
    target = extra[TARGET]
    truth = (
        _numbers(target, split=split)
        if document.task == "regression"
        else _indices(target, classes=document.classes, split=split)
    )
    return TrainingRows(raw, cleaning.apply(decisions, raw), truth)


def _numbers(target: npt.NDArray[Any], *, split: str) -> npt.NDArray[np.float64]:
    numbers = np.asarray(target, np.float64)
    if not np.isfinite(numbers).all():
        raise DataError(f"the target has a value that is not finite among the {split} rows")
    return numbers


def _indices(target: npt.NDArray[Any], *, classes: list[str], split: str) -> npt.NDArray[np.int64]:
    position = {name: index for index, name in enumerate(classes)}
    try:
        return np.array([position[value] for value in target.tolist()], np.int64)
    except KeyError as error:
        raise DataError(
            f"the target has {error.args[0]!r} among the {split} rows, "
            f"but prepared.json lists the classes {', '.join(classes)}",
            hint="run the preparation again",
        ) from error


def _check_truth(document: Prepared, truth: Truth) -> None:
    """Refuse a class without training rows: no model can learn it, and users should know."""
    if document.task == "regression":
        return
    if len(document.classes) < 2:
        raise DataError(
            f"the target has the one class {', '.join(document.classes)}; there is nothing to tell"
            " apart"
        )
    counts = np.bincount(truth, minlength=len(document.classes))
    for name, count in zip(document.classes, counts, strict=True):
        if not count:
            raise DataError(
                f"the class {name} has no training row among {len(truth)}",
                hint="widen spec.model.split.window, or derive a target without it",
            )
