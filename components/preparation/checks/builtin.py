"""Tests that every table passes, whether or not the file asks for them."""

from __future__ import annotations

from typing import Any

from mdlc.components.preparation.checks._base import CheckFinding, of_rows
from mdlc.core.columns import SPLIT, TARGET, Feature
from mdlc.core.spec.model import Task

MIN_TRAINING_ROWS = 50
FLOAT32_MAX = 3.4028234663852886e38
"""Models compute in float32, where larger numbers become infinite."""


def findings(table: Any, *, features: list[Feature], task: Task) -> list[CheckFinding]:
    """Return the built-in tests of the final table, which has __split and __target."""
    import ibis

    training = table[SPLIT] == "train"
    rows = training.sum().fill_null(0)
    lacking = ibis.greatest(MIN_TRAINING_ROWS - rows, 0)
    found = [
        CheckFinding(name=f"table: at least {MIN_TRAINING_ROWS} training rows", failing=lacking)
    ]
    numbers = [feature.name for feature in features if feature.kind == "number"]
    for name in [*numbers, *([TARGET] if task == "regression" else [])]:
        bad = table[name].abs() > FLOAT32_MAX
        found.append(of_rows(table, name=f"{name}: finite", bad=bad, column=name))
    for feature in features:
        column = table[feature.name]
        if feature.kind == "image":
            broken = column.filter(lambda x: x.isnull() | x.isnan() | x.isinf()).length() > 0
            found.append(of_rows(table, name=f"{feature.name}: whole", bad=broken, column=None))
            continue
        values = column.count(where=training)
        name = f"{feature.name}: not always NULL in training"
        empty = ibis.ifelse(values == 0, rows, 0)
        found.append(CheckFinding(name=name, failing=empty, column=feature.name))
    if task != "regression":
        classes = table[TARGET].nunique(where=training)
        found.append(
            CheckFinding(
                name="target: at least two classes in training",
                failing=ibis.ifelse(classes < 2, rows, 0),
            )
        )
    return found
