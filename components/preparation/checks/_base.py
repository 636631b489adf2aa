"""What a kind of data test returns: an expression that counts failing rows, and one with examples.

All counts of all tests are computed in one query over the table, however large. A new kind is one
file with a class, and one line in `pyproject.toml` that names it as an entry point of the group
`mdlc.checks`; the entry point's name is its key in a check of the file.
"""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from mdlc.core.spec.open_section import SectionKey


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


@dataclass(frozen=True)
class CheckRequest:
    """One check of the file, and the table that it is about."""

    connection: Any
    table: Any
    """Ibis table."""
    column: str | None
    value: Any
    """The value of the check's key, of the type that the class's `value` says."""
    number: int
    """Differs between all requests for one table."""
    where: str
    """The place of the check in the file."""

    @property
    def cells(self) -> Any:
        """The Ibis column that the check is about."""
        return self.table[self.column]


class ColumnCheck(SectionKey):
    """A kind of data check; it is asked for the finding of each check that has its key.

    It returns expressions and computes nothing, so all tests of a table stay one query.
    """

    needs_column: ClassVar[bool] = True
    """Whether it is about one column, so that a check without `column` is refused."""
    of_features: ClassVar[bool] = True
    """Whether it can test labelled predictions, which have no columns but the features."""

    @abc.abstractmethod
    def finding(self, request: CheckRequest) -> CheckFinding:
        """Return the expression that counts the failing rows.

        Raises:
            SpecError: the check does not fit its column. Errors of Ibis are turned into it.
        """

    def extend(self, request: CheckRequest) -> Any:
        """Return the table with those columns that `finding` needs and the data lack."""
        return request.table

    def check_names(self, value: Any, *, known: list[str], where: str) -> None:
        """Find columns that the value names and the table lacks, without reading a row.

        Raises:
            SpecError: there is one.
        """


class TableCheck(ColumnCheck):
    """A kind of data check about the whole table, or whose value names its columns."""

    needs_column: ClassVar[bool] = False


def of_rows(table: Any, *, name: str, bad: Any, column: str | None) -> CheckFinding:
    """Return the finding of a test that each row passes or fails; NULL passes."""
    failing = bad.fill_null(False).sum().fill_null(0)
    examples = table.filter(bad.fill_null(False)).select(column) if column else None
    return CheckFinding(name=name, failing=failing, column=column, examples=examples)


def comparable(column: Any, value: Any) -> tuple[Any, Any]:
    """Return a column and a value of the file with types that the engine compares correctly."""
    import ibis

    kind = column.type()
    if kind.is_temporal():
        return column.cast("timestamp(6)"), ibis.literal(str(value)).cast("timestamp(6)")
    if kind.is_string() and not isinstance(value, str):
        return column.try_cast("float64"), ibis.literal(float(value))
    if kind.is_boolean():
        return column.cast("int8"), ibis.literal(float(value))
    return column, ibis.literal(value)
