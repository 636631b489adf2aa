"""pattern: a regular expression matches the whole text."""

from __future__ import annotations

from typing import Any, ClassVar

from mdlc.components.preparation.checks._base import (
    CheckFinding,
    CheckRequest,
    ColumnCheck,
    of_rows,
)


class Pattern(ColumnCheck):
    """Regular expression that the whole text matches."""

    value: ClassVar[Any] = str

    def finding(self, request: CheckRequest) -> CheckFinding:
        """Count the rows that it does not match."""
        matches = request.cells.cast("string").re_search(f"^(?:{request.value})$")
        name = f"{request.column}: matches {request.value}"
        return of_rows(request.table, name=name, bad=~matches, column=request.column)
