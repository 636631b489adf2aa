"""unique: no value occurs twice."""

from __future__ import annotations

from typing import Any, ClassVar

from mdlc.components.preparation.checks._base import CheckFinding, CheckRequest, ColumnCheck


class Unique(ColumnCheck):
    """No value occurs twice."""

    value: ClassVar[Any] = bool
    absent: ClassVar[Any] = False

    def finding(self, request: CheckRequest) -> CheckFinding:
        """Count the rows whose value another row has already."""
        table, column = request.table, request.cells
        counted = table.group_by(request.column).agg(__n=table.count())
        twice = counted.filter((counted["__n"] > 1) & counted[request.column].notnull())
        return CheckFinding(
            name=f"{request.column}: unique",
            failing=column.count() - column.nunique(),
            column=request.column,
            examples=twice.select(request.column),
        )
