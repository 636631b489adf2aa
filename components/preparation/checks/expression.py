"""expression: a SQL condition that every row meets; NULL passes, as in a SQL CHECK."""

from __future__ import annotations

from typing import Any, ClassVar

from mdlc.components.preparation import expressions
from mdlc.components.preparation.checks._base import CheckFinding, CheckRequest, TableCheck, of_rows
from mdlc.core.spec.data import CheckedSql


class Expression(TableCheck):
    """SQL condition that every row meets."""

    value: ClassVar[Any] = CheckedSql
    of_features: ClassVar[bool] = False

    def extend(self, request: CheckRequest) -> Any:
        """Return the table with a column that holds the condition."""
        where = f"{request.where}.expression"
        expressions.parse(request.value, where=where)
        text = f"CAST(({request.value}) AS BOOLEAN)"
        return expressions.derive(
            request.connection, request.table, column=_column_of(request), text=text, where=where
        )

    def finding(self, request: CheckRequest) -> CheckFinding:
        """Count the rows that do not meet it."""
        name = f"{request.column or 'table'}: {request.value}"
        holds = request.table[_column_of(request)]
        return of_rows(request.table, name=name, bad=~holds, column=request.column)

    def check_names(self, value: Any, *, known: list[str], where: str) -> None:
        """Find a column that the condition names and the table lacks."""
        expressions.check(value, known=known, where=where)


def _column_of(request: CheckRequest) -> str:
    return f"__check_{request.number}"
