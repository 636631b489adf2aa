"""one_of: every value is one of a list."""

from __future__ import annotations

from typing import Any

from mdlc.components.preparation.checks._base import CheckFinding, of_rows
from mdlc.core.spec.data import DataCheck


def test(table: Any, check: DataCheck, *, index: int) -> CheckFinding | None:  # noqa: ARG001
    """Count the rows with another value."""
    if check.one_of is None or check.column is None:
        return None
    column = table[check.column]
    allowed: list[Any] = list(check.one_of)
    if column.type().is_string():
        allowed = [_text(value) for value in allowed]
    elif not column.type().is_numeric() and not column.type().is_boolean():
        column, allowed = column.cast("string"), [_text(value) for value in allowed]
    else:
        column, allowed = column.cast("float64"), [float(value) for value in allowed]
    shown = ", ".join(_text(value) for value in check.one_of[:8])
    name = f"{check.column}: one of {shown}" + (", ..." if len(allowed) > 8 else "")
    return of_rows(table, name=name, bad=~column.isin(allowed), column=check.column)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
