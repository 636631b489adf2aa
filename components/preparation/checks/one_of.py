"""one_of: every value is one of a list."""

from __future__ import annotations

from typing import Any, ClassVar

from mdlc.components.preparation.checks._base import (
    CheckFinding,
    CheckRequest,
    ColumnCheck,
    of_rows,
)


class OneOf(ColumnCheck):
    """Every value is one of these."""

    value: ClassVar[Any] = list[str | int | float | bool]

    def finding(self, request: CheckRequest) -> CheckFinding:
        """Count the rows with another value."""
        column = request.cells
        allowed: list[Any] = list(request.value)
        if column.type().is_string():
            allowed = [_text(value) for value in allowed]
        elif not column.type().is_numeric() and not column.type().is_boolean():
            column, allowed = column.cast("string"), [_text(value) for value in allowed]
        else:
            column, allowed = column.cast("float64"), [float(value) for value in allowed]
        shown = ", ".join(_text(value) for value in request.value[:8])
        name = f"{request.column}: one of {shown}" + (", ..." if len(allowed) > 8 else "")
        return of_rows(request.table, name=name, bad=~column.isin(allowed), column=request.column)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
