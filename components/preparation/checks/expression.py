"""expression: a SQL condition that every row meets; NULL passes, as in a SQL CHECK."""

from __future__ import annotations

from typing import Any

from mdlc.components.preparation import expressions
from mdlc.components.preparation.checks._base import CheckFinding, of_rows
from mdlc.core.spec.data import DataCheck


def column_of(index: int) -> str:
    """Return the name of the column that holds the condition of check `index`."""
    return f"__check_{index}"


def add(connection: Any, table: Any, *, checks: list[DataCheck]) -> Any:
    """Return the table with a column for each condition."""
    for index, check in enumerate(checks):
        if check.expression is not None:
            where = f"spec.data.checks[{index}].expression"
            text = f"CAST(({check.expression}) AS BOOLEAN)"
            expressions.parse(check.expression, where=where)
            table = expressions.derive(
                connection, table, column=column_of(index), text=text, where=where
            )
    return table


def test(table: Any, check: DataCheck, *, index: int) -> CheckFinding | None:
    """Count the rows that do not meet it."""
    if check.expression is None or column_of(index) not in table.columns:
        return None
    name = f"{check.column or 'table'}: {check.expression}"
    return of_rows(table, name=name, bad=~table[column_of(index)], column=check.column)
