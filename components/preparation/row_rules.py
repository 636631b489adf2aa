"""Rules about rows: which are removed, which are refused, and how many there are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mdlc.components.preparation import target as targets
from mdlc.components.preparation import times
from mdlc.components.preparation.splits import Windows
from mdlc.core.columns import KEY, SPLIT, TIME
from mdlc.core.errors import DataError
from mdlc.core.spec.data import Data


def without_missing(table: Any, *, target: str) -> tuple[int, Any]:
    """Return how many rows have no target, and the table without them.

    The rows are removed in SQL, before anything is computed from them, as `ibis.to_sql` shows.

    Raises:
        DataError: no row has a target.
    """
    missing = targets.missing(table, target)
    counts = table.aggregate(nulls=missing.sum(), rows=table.count()).to_pyarrow().to_pylist()[0]
    nulls = int(counts["nulls"] or 0)
    if nulls == counts["rows"]:
        message = (
            f"the target {target} is NULL in all {nulls} rows" if nulls else "no rows are left"
        )
        where = "spec.data.target" if nulls else "spec.data.table"
        raise DataError(message, where=where, hint="look at joins and where")
    return nulls, table.filter(~missing)


def refuse_missing_times(table: Any, *, data: Data) -> None:
    """Refuse rows without a time, because they belong to no split.

    Raises:
        DataError: with the keys of such rows.
    """
    if not data.table.time:
        return
    without = table.filter(table[TIME].isnull())
    count = without.count().to_pyarrow().as_py()
    if count:
        shown = _keys(without, data=data)
        message = f"{data.table.time} is NULL in {count} rows{shown}"
        hint = "leave them out with spec.data.table.where"
        raise DataError(message, where="spec.data.table.time", hint=hint)


def refuse_duplicate_keys(table: Any, *, data: Data) -> None:
    """Refuse a key that occurs twice: labels that arrive later are matched by the key.

    Raises:
        DataError: with such keys.
    """
    counted = table.group_by(KEY).agg(__n=table.count())
    twice = counted.filter(counted["__n"] > 1)
    count = twice.count().to_pyarrow().as_py()
    if count:
        shown = _keys(twice, data=data)
        message = f"{count} keys occur more than once{shown}"
        hint = "add columns to the key, or keep one row of each with where"
        raise DataError(message, where="spec.data.table.key", hint=hint)


def span(table: Any) -> tuple[Any, Any]:
    """Return the first and last __time, or None without times."""
    found = table.aggregate(first=table[TIME].min(), last=table[TIME].max())
    row = found.to_pyarrow().to_pylist()[0]
    return row["first"], row["last"]


def newest(table: Any, end: datetime, *, rows: int) -> datetime | None:
    """Return the time of the `rows`-th newest row before `end`; None if there are fewer."""
    known = table.filter(table[TIME] < times.literal(end)).select(TIME)
    found = known.order_by(known[TIME].desc()).limit(1, offset=rows - 1).to_pyarrow().to_pylist()
    return found[0][TIME] if found else None


def count_by_split(table: Any) -> dict[str, int]:
    """Return split -> rows; all four splits are there."""
    counted = table.group_by(SPLIT).agg(n=table.count()).to_pyarrow().to_pylist()
    rows = {str(row[SPLIT]): int(row["n"]) for row in counted if row[SPLIT] is not None}
    return {**dict.fromkeys(("train", "validation", "test", "later"), 0), **rows}


def boundaries(windows: Windows | None, *, first: Any) -> dict[str, datetime]:
    """Return when each split begins; empty without times."""
    if windows is None:
        return {}
    begin = windows.train or first
    return {"train": begin, "validation": windows.validation, "test": windows.test}


def _keys(table: Any, *, data: Data) -> str:
    """Show three keys, unless a sensitive column is part of them."""
    if set(data.table.key) & set(data.sensitive):
        return ""
    found = table.select(KEY).order_by(KEY).limit(3)[KEY].to_pyarrow().to_pylist()
    return f", such as {', '.join(found)}"
