"""unique: no value occurs twice."""

from __future__ import annotations

from typing import Any

from mdlc.components.preparation.checks._base import CheckFinding
from mdlc.core.spec.data import DataCheck


def test(table: Any, check: DataCheck, *, index: int) -> CheckFinding | None:  # noqa: ARG001
    """Count the rows whose value another row has already."""
    if not check.unique or check.column is None:
        return None
    column = table[check.column]
    counted = table.group_by(check.column).agg(__n=table.count())
    twice = counted.filter((counted["__n"] > 1) & counted[check.column].notnull())
    return CheckFinding(
        name=f"{check.column}: unique",
        failing=column.count() - column.nunique(),
        column=check.column,
        examples=twice.select(check.column),
    )
