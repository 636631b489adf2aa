"""The training rows as Ibis expressions: nothing is read before an aggregate asks for it.

Statistics are grouped aggregates over a long form of the table, one line for each (row, feature),
so that one query serves all features and the rows never have to fit in memory.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mdlc.core.columns import LARGEST, MISSING, SPLIT
from mdlc.core.errors import ArtifactError, DataError, closest

NAME, VALUE = "__name", "__value"
"""Columns of the long form."""
EXACT_CELLS = 20_000_000
"""Cells up to which quantiles and distinct counts are exact; beyond, sketches are used that take
constant memory."""


@contextlib.contextmanager
def training_rows(path: Path, *, columns: list[str]) -> Iterator[Any]:
    """Yield the rows of a prepared table whose split is train, as an Ibis table.

    Raises:
        ArtifactError: there is no file at `path`.
        DataError: the table lacks one of `columns`.
    """
    import ibis

    if not path.is_file():
        raise ArtifactError(f"{path} is missing", hint="run preparation, which writes it")
    with tempfile.TemporaryDirectory(prefix="mdlc-explore-") as spill:
        connection = ibis.duckdb.connect(temp_directory=spill)
        try:
            table = connection.read_parquet(path)
            for column in columns:
                if column not in table.columns:
                    hint = closest(column, table.columns)
                    raise DataError(f"{path.name}: the column {column} is missing", hint=hint)
            yield table.filter(table[SPLIT] == "train").select(columns)
        finally:
            connection.disconnect()


def usable(column: Any) -> Any:
    """Return a column as double, NULL where it is NaN, infinite or beyond float32.

    Models take float32: a number beyond it reaches them as infinity. DuckDB orders NaN above every
    number, so the one comparison removes it too.
    """
    number = column.cast("float64")
    return (number.abs() <= LARGEST).ifelse(number, None)


def beyond(column: Any) -> Any:
    """Return the number of values that are infinite or beyond float32 (NaN is missing)."""
    number = column.cast("float64")
    return ((number.abs() > LARGEST) & ~number.isnan()).sum()


def level(column: Any) -> Any:
    """Return a category column as text, "" for missing."""
    return column.cast("string").fill_null(MISSING)


def long_numbers(table: Any, names: list[str], *, keep: tuple[str, ...] = ()) -> Any:
    """Return one line for each (row, number feature): `keep`, NAME, VALUE (double)."""
    return _long(table, {name: usable(table[name]) for name in names}, keep)


def long_categories(table: Any, names: list[str], *, keep: tuple[str, ...] = ()) -> Any:
    """Return one line for each (row, category feature): `keep`, NAME, VALUE (text)."""
    return _long(table, {name: level(table[name]) for name in names}, keep)


def _long(table: Any, columns: dict[str, Any], keep: tuple[str, ...]) -> Any:
    wide = table.select(*keep, **columns)
    return wide.pivot_longer(list(columns), names_to=NAME, values_to=VALUE)


def quantiles(column: Any, shares: list[float], *, exact: bool) -> Any:
    """Return an aggregate: the quantiles of `column` at `shares`, as an array."""
    return column.quantile(shares) if exact else column.approx_quantile(shares)


def distinct(column: Any, *, exact: bool) -> Any:
    """Return an aggregate: how many different values `column` has; NULL is none."""
    return column.nunique() if exact else column.approx_nunique()


def fetch(expression: Any) -> list[dict[str, Any]]:
    """Run an aggregate and return its lines."""
    lines: list[dict[str, Any]] = expression.to_pyarrow().to_pylist()
    return lines
