"""min_rows: the table is not smaller."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from mdlc.components.preparation.checks._base import CheckFinding, CheckRequest, TableCheck


class MinRows(TableCheck):
    """The table has at least so many rows."""

    value: ClassVar[Any] = Annotated[int, Field(ge=0)]

    def finding(self, request: CheckRequest) -> CheckFinding:
        """Count how many rows are missing to the minimum."""
        import ibis

        failing = ibis.greatest(request.value - request.table.count(), 0)
        return CheckFinding(name=f"table: at least {request.value} rows", failing=failing)
