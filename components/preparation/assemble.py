"""Makes the table, with one row for each decision, from the sources of a snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mdlc.components.preparation import expressions, joins, times
from mdlc.core.columns import KEY, LABEL_TIME, ROW, TIME
from mdlc.core.documents.prepared_data import Snapshot
from mdlc.core.spec.data import Data

NUMBERED = "row "
"""Begins the key of a row without spec.data.table.key: no client calls a prediction so."""


def assemble(connection: Any, *, data: Data, snapshot: Snapshot, folder: Path) -> Any:
    """Return all columns, and __row, __key, __time and __label_time; nothing is read yet.

    Raises:
        SpecError: an expression or a time is not what its place needs.
        DataError: a join would multiply rows.
    """
    base = data.table.source or next(iter(data.sources))
    paths = {name: folder / source.file for name, source in snapshot.sources.items()}
    table = _source(connection, base, data=data, path=paths[base], numbered=True)
    for number, join in enumerate(data.table.join):
        right = _source(connection, join.source, data=data, path=paths[join.source])
        where = f"spec.data.table.join[{number}]"
        table = joins.join(table, right, spec=join, where=where, sensitive=data.sensitive)
    for column, text in data.table.derive.items():
        where = f"spec.data.table.derive.{column}"
        table = expressions.derive(connection, table, column=column, text=text, where=where)
    if data.table.where:
        where = "spec.data.table.where"
        table = expressions.keep(connection, table, text=data.table.where, where=where)
    return _identified(table, data=data)


def _source(connection: Any, name: str, *, data: Data, path: Path, numbered: bool = False) -> Any:
    """Return one source's rows after columns, rename, derive and where."""
    source, where = data.sources[name], f"spec.data.sources.{name}"
    if numbered:
        # Row numbers of the file: unlike the engine's they do not change with the filter.
        table = connection.read_parquet(path, file_row_number=True)
        table = table.rename({ROW: "file_row_number"})
    else:
        table = connection.read_parquet(path)
    if source.columns:
        table = table.select(*source.columns, *([ROW] if numbered else []))
    if source.rename:
        table = table.rename({new: old for old, new in source.rename.items()})
    for column, text in source.derive.items():
        place = f"{where}.derive.{column}"
        table = expressions.derive(connection, table, column=column, text=text, where=place)
    if source.where:
        table = expressions.keep(connection, table, text=source.where, where=f"{where}.where")
    return table


def _identified(table: Any, *, data: Data) -> Any:
    """Add __key, __time and __label_time."""
    import ibis

    spec = data.table
    absent = ibis.null("timestamp(6)")
    time = times.naive(table, spec.time, where="spec.data.table.time") if spec.time else absent
    label = (
        times.naive(table, spec.label_time, where="spec.data.table.label_time")
        if spec.label_time
        else time
    )
    parts = [_text(table, column) for column in spec.key] or [NUMBERED + table[ROW].cast("string")]
    key = parts[0]
    for part in parts[1:]:
        key = key + "|" + part
    return table.mutate(**{KEY: key, TIME: time, LABEL_TIME: label})


def _text(table: Any, column: str) -> Any:
    kind = table[column].type()
    value = times.naive(table, column, where="") if kind.is_timestamp() else table[column]
    return value.cast("string").fill_null("")
