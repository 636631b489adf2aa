"""min and max: no value is below or above; dates are texts such as 2013-01-01."""

from __future__ import annotations

from typing import Any

from mdlc.components.preparation.checks._base import CheckFinding, comparable, of_rows
from mdlc.core.spec.data import DataCheck


def at_least(table: Any, check: DataCheck, *, index: int) -> CheckFinding | None:  # noqa: ARG001
    """Count the rows below the minimum."""
    if check.min is None or check.column is None:
        return None
    column, bound = comparable(table[check.column], check.min)
    name = f"{check.column}: not below {check.min}"
    return of_rows(table, name=name, bad=column < bound, column=check.column)


def at_most(table: Any, check: DataCheck, *, index: int) -> CheckFinding | None:  # noqa: ARG001
    """Count the rows above the maximum."""
    if check.max is None or check.column is None:
        return None
    column, bound = comparable(table[check.column], check.max)
    name = f"{check.column}: not above {check.max}"
    return of_rows(table, name=name, bad=column > bound, column=check.column)
