"""What a kind of data test gives: an expression that counts, and one that shows.

All counts of all tests are computed in one query over the table, however large.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class CheckFinding:
    """One test of one table, not computed yet."""

    name: str
    """In words, such as "distance: not below 0"."""
    failing: Any
    """Ibis scalar: failing rows; 0 passes."""
    column: str | None = None
    examples: Any = None
    """Ibis table of one column with failing values, or None."""
    where: str = ""
    severity: Literal["error", "warn"] = "error"


Kind = Callable[..., CheckFinding | None]
"""(table, check, index=) -> the finding, or None where the check does not ask for this kind."""


def of_rows(table: Any, *, name: str, bad: Any, column: str | None) -> CheckFinding:
    """Return the finding of a test that each row passes or fails; NULL passes."""
    failing = bad.fill_null(False).sum().fill_null(0)
    examples = table.filter(bad.fill_null(False)).select(column) if column else None
    return CheckFinding(name=name, failing=failing, column=column, examples=examples)


def comparable(column: Any, value: Any) -> tuple[Any, Any]:
    """Return a column and a value of the file such that the engine compares them as meant."""
    import ibis

    kind = column.type()
    if kind.is_temporal():
        return column.cast("timestamp(6)"), ibis.literal(str(value)).cast("timestamp(6)")
    if kind.is_string() and not isinstance(value, str):
        return column.try_cast("float64"), ibis.literal(float(value))
    if kind.is_boolean():
        return column.cast("int8"), ibis.literal(float(value))
    return column, ibis.literal(value)
