"""The target column: which task follows from it, and its classes."""

from __future__ import annotations

from typing import Any

from mdlc.components.preparation.features import as_number, as_text
from mdlc.core.columns import SPLIT, TARGET
from mdlc.core.errors import DataError, SpecError
from mdlc.core.spec.model import Task

MAX_CLASSES = 20
"""An integer with more values than this is an amount, not a class."""


def missing(table: Any, target: str) -> Any:
    """Return whether the target is NULL or NaN."""
    column = table[target]
    return column.isnull() | column.isnan() if column.type().is_floating() else column.isnull()


def task_of(table: Any, *, target: str, wanted: Task | None) -> Task:
    """Return the task: the one the file names, or the one the target's values suggest.

    Raises:
        DataError: there is one class, or not two for a binary task.
        SpecError: the target cannot be a number, or is of a type that nothing predicts.
    """
    kind = table[target].type()
    if not (kind.is_string() or kind.is_boolean() or kind.is_numeric()):
        message = f"{target} is {kind}; a target is text, a boolean or a number"
        raise SpecError(message, where="spec.data.target", hint="derive it")
    if wanted == "regression":
        if not kind.is_numeric():
            message = f"regression, but the target {target} is {kind}"
            raise SpecError(message, where="spec.model.task")
        return "regression"
    distinct = table.select(target).distinct().limit(MAX_CLASSES + 1).count().to_pyarrow().as_py()
    amount = kind.is_numeric() and (distinct > MAX_CLASSES or not whole(table[target]))
    if amount and wanted is None:
        return "regression"
    if distinct < 2:
        message = f"the target {target} has {distinct} class; a model needs two"
        raise DataError(message, where="spec.data.target")
    if wanted == "binary" and distinct > 2:
        message = f"binary, but the target {target} has more than two classes"
        raise SpecError(message, where="spec.model.task", hint="multiclass, or leave it out")
    return "binary" if distinct == 2 else "multiclass"


def whole(column: Any) -> bool:
    """Say whether every number of a column is whole: then 1.0 and 0.0 are classes like 1 and 0.

    pandas writes whole numbers so if values are missing, because its integers cannot be missing.
    """
    kind = column.type()
    if not (kind.is_floating() or kind.is_decimal()):
        return True
    number = column.cast("float64")
    parts = ((number != number.floor()) | number.isinf()).fill_null(False).sum()
    return not parts.to_pyarrow().as_py()


def shaped(column: Any, *, task: Task) -> Any:
    """Return the target as the table has it: text of the class, or double."""
    return as_number(column) if task == "regression" else as_text(column)


def classes(table: Any) -> list[str]:
    """Return the sorted classes of all rows but the later ones, whose labels are not known yet."""
    known = table.filter(table[SPLIT] != "later").select(TARGET).distinct().order_by(TARGET)
    found: list[str] = known[TARGET].to_pyarrow().to_pylist()
    return found


def by_split(table: Any, *, task: Task) -> dict[str, dict[str, float]]:
    """Return split -> class -> share; for regression mean, std, min and max."""
    column = table[TARGET]
    result: dict[str, dict[str, float]] = {}
    if task == "regression":
        summary = table.group_by(SPLIT).agg(
            mean=column.mean(), std=column.std(), min=column.min(), max=column.max()
        )
        for row in summary.order_by(SPLIT).to_pyarrow().to_pylist():
            values = {name: row[name] for name in ("mean", "std", "min", "max")}
            result[row[SPLIT]] = {n: float(v) if v is not None else 0.0 for n, v in values.items()}
        return result
    counts = table.group_by([SPLIT, TARGET]).agg(n=table.count()).order_by([SPLIT, TARGET])
    for row in counts.to_pyarrow().to_pylist():
        result.setdefault(row[SPLIT], {})[row[TARGET]] = float(row["n"])
    return {
        split: {name: count / sum(shares.values()) for name, count in shares.items()}
        for split, shares in result.items()
    }
