"""Columns that only name a row: an identifier tells rows apart, and nothing about the next ones.

A model that learns from them learns its training rows by heart. They are found by their values, not
by their names alone: a text that is another one in nearly every row, a running number, or whole
numbers without a repetition in a column that is called an id.
"""

from __future__ import annotations

import re
from typing import Any

from mdlc.core.columns import Feature

MIN_ROWS = 50
"""In fewer rows a column may be without a repetition by chance."""
TEXT_SHARE = 0.98
"""Share of rows with a text of their own, from which on the text names its row."""
SPREAD = 1.5
"""A running number ends before so many times the rows."""
NAMED = re.compile(r"(^|_)(id|ids|key|uuid|guid|index|nr|no|number|row|rowid)$|[a-z]I[dD]$")


def names(table: Any, *, features: list[Feature]) -> dict[str, str]:
    """Return the features that only name a row, each with the reason in words.

    Args:
        table: the joined table, with its columns as the sources have them.
        features: those that were not asked for by name.
    """
    schema = table.schema()
    asked = [f.name for f in features if f.kind != "image" and _may_name(schema[f.name])]
    if not asked:
        return {}
    rough = {name: table[name].approx_nunique() for name in asked}
    row = table.aggregate(__rows=table.count(), **rough).to_pyarrow().to_pylist()[0]
    rows = int(row.pop("__rows"))
    likely = [name for name in asked if row[name] > 0.85 * rows]
    if rows < MIN_ROWS or not likely:
        return {}
    found = {name: _reason(table, name, rows=rows) for name in likely}
    return {name: why for name, why in found.items() if why}


def _may_name(kind: Any) -> bool:
    return bool(kind.is_string() or kind.is_integer())


def _reason(table: Any, name: str, *, rows: int) -> str:
    column = table[name]
    if column.type().is_string():
        distinct = _row(table.aggregate(n=column.nunique()))["n"]
        share = distinct / rows
        return f"{distinct} different texts in {rows} rows" if share >= TEXT_SHARE else ""
    found = _row(table.aggregate(n=column.nunique(), low=column.min(), high=column.max()))
    if found["n"] < rows:
        return ""
    if found["high"] - found["low"] + 1 <= SPREAD * rows:
        return "a running number"
    return f"{rows} different whole numbers" if NAMED.search(name) else ""


def _row(aggregate: Any) -> dict[str, Any]:
    row: dict[str, Any] = aggregate.to_pyarrow().to_pylist()[0]
    return row
