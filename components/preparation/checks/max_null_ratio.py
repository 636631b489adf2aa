"""max_null_ratio: at most this share of the rows lacks a value."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from mdlc.components.preparation.checks._base import CheckFinding, CheckRequest, ColumnCheck


class MaxNullRatio(ColumnCheck):
    """Share of NULLs that is allowed."""

    value: ClassVar[Any] = Annotated[float, Field(ge=0, le=1)]

    def finding(self, request: CheckRequest) -> CheckFinding:
        """Count the rows without a value; 0 if their share is allowed."""
        import ibis

        nulls = request.cells.isnull().sum().fill_null(0)
        failing = ibis.ifelse(nulls > request.table.count() * request.value, nulls, 0)
        name = f"{request.column}: at most {request.value:.2%} NULL"
        return CheckFinding(name=name, failing=failing, column=request.column)
