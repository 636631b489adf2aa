"""not_null: no row lacks a value."""

from __future__ import annotations

from typing import Any, ClassVar

from mdlc.components.preparation.checks._base import CheckFinding, CheckRequest, ColumnCheck


class NotNull(ColumnCheck):
    """No value is NULL."""

    value: ClassVar[Any] = bool
    absent: ClassVar[Any] = False

    def finding(self, request: CheckRequest) -> CheckFinding:
        """Count the rows without a value."""
        failing = request.cells.isnull().sum().fill_null(0)
        name = f"{request.column}: not NULL"
        return CheckFinding(name=name, failing=failing, column=request.column)
