"""min and max: no value is below or above; dates are texts such as 2013-01-01."""

from __future__ import annotations

from typing import Any, ClassVar

from mdlc.components.preparation.checks._base import (
    CheckFinding,
    CheckRequest,
    ColumnCheck,
    comparable,
    of_rows,
)


class Minimum(ColumnCheck):
    """No value is below; dates as text."""

    value: ClassVar[Any] = float | str

    def finding(self, request: CheckRequest) -> CheckFinding:
        """Count the rows below the minimum."""
        column, bound = comparable(request.cells, request.value)
        name = f"{request.column}: not below {request.value}"
        return of_rows(request.table, name=name, bad=column < bound, column=request.column)


class Maximum(ColumnCheck):
    """No value is above; dates as text."""

    value: ClassVar[Any] = float | str

    def finding(self, request: CheckRequest) -> CheckFinding:
        """Count the rows above the maximum."""
        column, bound = comparable(request.cells, request.value)
        name = f"{request.column}: not above {request.value}"
        return of_rows(request.table, name=name, bad=column > bound, column=request.column)
