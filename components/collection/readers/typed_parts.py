"""Rows that have types already: Parquet files, and the table that a plug-in's reader returns.

Their types are kept. If a column's types differ between parts, it gets one type that holds all
values. A type that the file states is refused if it would change a value. Values that a model would
round are reported. One query for each part answers all questions about many columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mdlc.components.collection.columns import lossy_conversions as conversions
from mdlc.components.collection.columns.column_typing import counted, resolve
from mdlc.components.collection.readers import unified_type
from mdlc.components.collection.readers._base import OpenedSource, ReadRequest
from mdlc.core import engine
from mdlc.core.documents.prepared_data import Remark
from mdlc.core.engine import named
from mdlc.core.errors import DataError, SpecError, closest

Schema = dict[str, str]
"""Column -> DuckDB's type."""
UNNAMED = re.compile(r"Unnamed: \d+(\.\d+)?|__index_level_\d+__")
"""Names that pandas gives an index that it has written and read."""
INDEX = "by its name it is a row number written by pandas, and is left out"
FINE = {"TIMESTAMP_NS": "TIMESTAMP", "TIMESTAMPTZ_NS": "TIMESTAMP WITH TIME ZONE"}
SAME = {
    "TIMESTAMP_S": "TIMESTAMP",
    "TIMESTAMP_MS": "TIMESTAMP",
    "TIME_NS": "TIME",
    '"NULL"': "VARCHAR",
    "UHUGEINT": "VARCHAR",
    "BIGNUM": "VARCHAR",
    "BIT": "VARCHAR",
}
"""Types that Ibis does not know, and one that says the same."""
AT_ONCE = 200
"""Columns of one query."""


@dataclass(frozen=True, eq=False)
class TypedPart:
    """Some rows of a source: those of a file, or all."""

    name: str
    """Its name in messages."""
    query: str
    """SQL that selects them, under different names."""
    schema: Schema
    otherwise: Mapping[str, str] = field(default_factory=dict)
    """Column -> the remark on a type that the engine does not have."""


Kinds = dict[TypedPart, str]
"""The type that a column has in each part that has it."""


def part_of(connection: Any, table: Any, *, name: str) -> TypedPart:
    """Return an Ibis table of `connection` as a part."""
    view = engine.query(connection, table, select="SELECT * FROM t").get_name()
    query = f"SELECT * FROM {named(view)}"  # noqa: S608
    found = connection.raw_sql(f"DESCRIBE {query}").fetchall()
    return TypedPart(name, query, {row[0]: row[1] for row in found})


def opened(connection: Any, parts: list[TypedPart], *, request: ReadRequest) -> OpenedSource:
    """Return all rows of all parts, each column with one type, and what was decided.

    Raises:
        SpecError: `types` names a column that is not there, or no type.
        DataError: no type holds a column's values of all parts, or a type would change a value.
    """
    columns = {
        name: {part: part.schema[name] for part in parts if name in part.schema}
        for name in dict.fromkeys(name for part in parts for name in part.schema)
    }
    _refuse_unknown(columns, request=request)
    left_out = _row_numbers(columns, request=request)
    remarks = [*_absent(columns, parts, request=request)]
    remarks += [request.remark(name, "nameless", INDEX) for name in left_out]
    columns = {name: kinds for name, kinds in columns.items() if name not in left_out}
    lost = _lost(connection, columns)
    made: Schema = {}
    for name, kinds in columns.items():
        stated = request.source.types.get(name)
        if stated is not None:
            made[name] = _stated(connection, name, kinds, text=stated, request=request)
            continue
        rounded = {part for part in kinds if lost.get((part, name))}
        found = unified_type.unified(name, kinds, rounded=rounded, request=request)
        remarks += _said(name, kinds, found, lost, request=request)
        made[name] = SAME.get(FINE.get(found, found), FINE.get(found, found))
    selects = [_select(part, made) for part in parts]
    return OpenedSource(engine.view(connection, " UNION ALL BY NAME ".join(selects)), remarks)


def _refuse_unknown(columns: dict[str, Kinds], *, request: ReadRequest) -> None:
    for name in request.source.types:
        if name not in columns:
            where = f"{request.part('types')}.{name}"
            raise SpecError(f"no column {name}", where=where, hint=closest(name, columns))


def _row_numbers(columns: dict[str, Kinds], *, request: ReadRequest) -> list[str]:
    asked = request.asked
    return [name for name in columns if UNNAMED.fullmatch(name) and name not in asked]


def _absent(
    columns: dict[str, Kinds], parts: list[TypedPart], *, request: ReadRequest
) -> Iterator[Remark]:
    for name, kinds in columns.items():
        without = [part.name for part in parts if part not in kinds]
        if without and request.keeps(name):
            yield request.absent(name, without=without, files=len(parts))


def _lost(connection: Any, columns: dict[str, Kinds]) -> dict[tuple[TypedPart, str], int]:
    """Return how many values a model rounds, or a time in microseconds does not keep."""
    asked: dict[TypedPart, dict[str, str]] = {}
    for name, kinds in columns.items():
        for part, kind in kinds.items():
            if condition := conversions.not_kept(name, kind):
                asked.setdefault(part, {})[name] = condition
    found: dict[tuple[TypedPart, str], int] = {}
    for part, conditions in asked.items():
        names = list(conditions)
        for start in range(0, len(names), AT_ONCE):
            some = names[start : start + AT_ONCE]
            counts = ", ".join(f"count(*) FILTER ({conditions[name]})" for name in some)
            row = connection.raw_sql(f"SELECT {counts} FROM ({part.query})").fetchall()[0]  # noqa: S608
            found.update(zip(((part, name) for name in some), row, strict=True))
    return found


def _stated(connection: Any, name: str, kinds: Kinds, *, text: str, request: ReadRequest) -> str:
    """Return the type that the file states, if each part's values are the same in it."""
    where = f"{request.part('types')}.{name}"
    kind = resolve(connection, text, where=where)
    for part, before in kinds.items():
        if before == "VARCHAR":
            lost = conversions.changed(named(name), type_=kind)
            fails = f"TRY_CAST(trim({named(name)}) AS {kind}) IS NULL"
            condition = f"{named(name)} IS NOT NULL AND ({fails} OR {lost})"
            condition = "false" if kind == "VARCHAR" else condition
        else:
            condition = conversions.changed_value(name, before=before, after=kind)
        query = f"SELECT count(*) FROM ({part.query}) WHERE {condition}"  # noqa: S608
        if found := int(connection.raw_sql(query).fetchall()[0][0]):
            values = counted(found, "value")
            message = f"{kind} would change {values} of {name}, which is {before} in {part.name}"
            hint = "choose a type that holds them, such as DOUBLE, or VARCHAR for names of things"
            raise DataError(message, where=where, hint=hint)
    return kind


def _said(
    name: str,
    kinds: Kinds,
    kind: str,
    lost: dict[tuple[TypedPart, str], int],
    *,
    request: ReadRequest,
) -> Iterator[Remark]:
    """Report that parts have several types, else which values are not kept exactly later."""
    if not request.keeps(name):
        return
    yield from (
        request.remark(name, "type", said)
        for said in dict.fromkeys(part.otherwise.get(name, "") for part in kinds)
        if said
    )
    if len({one for one in kinds.values() if one != unified_type.EMPTY}) > 1:
        shown = ", ".join(dict.fromkeys(f"{one} in {part.name}" for part, one in kinds.items()))
        yield request.remark(name, "type", f"it is {kind}, which holds all: {shown[:200]}")
        return
    if kind == unified_type.EMPTY:
        yield request.remark(name, "text", "every row is empty", "leave it out")
        return
    count = sum(lost.get((part, name), 0) for part in kinds)
    if count and kind in FINE:
        yield request.remark(name, "date", f"{count:,} times are kept to the microsecond")
    elif count:
        message = f"a model rounds {count:,} of its numbers, which have over 15 digits"
        hint = f"if they name things, list {name} in spec.data.identifiers"
        yield request.remark(name, "rounded", message, hint)


def _select(part: TypedPart, made: Schema) -> str:
    columns = (f"CAST({named(n)} AS {made[n]}) AS {named(n)}" for n in part.schema if n in made)
    return f"SELECT {', '.join(columns)} FROM ({part.query})"  # noqa: S608
