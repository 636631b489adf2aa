"""Parquet: types come with the file; those of several files become one that holds all values."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from mdlc.components.collection.columns.cells import named, quoted
from mdlc.components.collection.columns.typed import state_type
from mdlc.components.collection.dialect import different_names
from mdlc.components.collection.readers import unify
from mdlc.components.collection.readers._base import FileReader, Names, Opened, ReadRequest
from mdlc.components.collection.readers.csv import INDEX, UNNAMED
from mdlc.core import engine
from mdlc.core.documents.prepared_data import Remark
from mdlc.core.errors import DataError, SpecError, closest

Schema = dict[str, str]
"""Column -> DuckDB's type."""
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


class Parquet(FileReader):
    """Reads Parquet files."""

    def read(self, connection: Any, files: list[Path], *, request: ReadRequest, **_: Any) -> Opened:
        """Return the rows.

        Raises:
            DataError: a file is truncated, names two columns alike, or has a column of a type that
                does not fit the other files'.
        """
        parts = {file: _part(connection, file, request=request) for file in files}
        schemas = {file: schema for file, (_, schema) in parts.items()}
        remarks = _absent(schemas, request=request)
        asked = {*request.source.columns, *request.source.rename, *request.source.types}
        names = dict.fromkeys(name for schema in schemas.values() for name in schema)
        for name in request.source.types:
            if name not in names:
                where = f"{request.part('types')}.{name}"
                raise SpecError(f"no column {name}", where=where, hint=closest(name, names))
        left_out = [name for name in names if UNNAMED.fullmatch(name) and name not in asked]
        remarks += [request.remark(name, "nameless", INDEX) for name in left_out]
        made: Schema = {}
        for name in names:
            if name not in left_out:
                kinds = {file: s[name] for file, s in schemas.items() if name in s}
                made[name], said = _one_type(connection, name, kinds, parts, request=request)
                remarks += said
        selects = [_select(parts[file], made) for file in files]
        return Opened(engine.view(connection, " UNION ALL BY NAME ".join(selects)), remarks)

    def names(self, connection: Any, request: ReadRequest, *, scratch: Path) -> Names:
        """Return the first file's names."""
        del connection  # the footer says them
        from pyarrow import parquet

        file = self.files(request, scratch=scratch)[0]
        columns, _, _ = different_names(parquet.read_schema(file).names)
        return Names(columns, [name for name in columns if UNNAMED.fullmatch(name)])


def _part(connection: Any, file: Path, *, request: ReadRequest) -> tuple[str, Schema]:
    """Return SQL over one file, its columns with different names, and its schema."""
    from pyarrow import ArrowException, parquet

    try:
        given = parquet.read_schema(file).names
    except (ArrowException, OSError) as error:
        message = f"{file} is not a whole Parquet file"
        raise DataError(message, where=request.where, hint="write it again") from error
    names, _, twice = different_names(given)
    for name in twice:
        if request.keeps(name) and name not in request.source.rename:
            message = f"{file.name}: two columns are called {name.rpartition('.')[0]}"
            hint = f"rename one of them, here under {request.part('rename')}: {{{name}: NEW}}"
            raise DataError(message, where=request.where, hint=hint)
    source = f"read_parquet({quoted(str(file))})"
    found = connection.raw_sql(f"DESCRIBE SELECT * FROM {source}").fetchall()  # noqa: S608
    listed = ", ".join(
        f"{named(row[0])} AS {named(name)}" for row, name in zip(found, names, strict=True)
    )
    schema = {name: row[1] for row, name in zip(found, names, strict=True)}
    return f"SELECT {listed} FROM {source}", schema  # noqa: S608


def _absent(schemas: dict[Path, Schema], *, request: ReadRequest) -> list[Remark]:
    remarks = []
    for name in dict.fromkeys(name for schema in schemas.values() for name in schema):
        without = [file.name for file, schema in schemas.items() if name not in schema]
        if without and request.keeps(name):
            remarks.append(request.absent(name, without=without, files=len(schemas)))
    return remarks


def _one_type(
    connection: Any,
    name: str,
    kinds: dict[Path, str],
    parts: dict[Path, tuple[str, Schema]],
    *,
    request: ReadRequest,
) -> tuple[str, list[Remark]]:
    """Return the type of a column in all files, and what is said about it."""

    def count(file: Path, condition: str) -> int:
        query = f"SELECT count(*) FROM ({parts[file][0]}) WHERE {condition}"  # noqa: S608
        return int(connection.raw_sql(query).fetchall()[0][0])

    stated = request.source.types.get(name)
    if stated is not None:
        where = f"{request.part('types')}.{name}"
        return state_type(connection, stated, name=name, kinds=kinds, count=count, where=where), []
    kind = unify.unified(name, kinds, count=count, request=request)
    remarks = []
    if len(set(kinds.values())) > 1 and request.keeps(name):
        shown = ", ".join(dict.fromkeys(f"{k} in {f.name}" for f, k in kinds.items()))
        remarks.append(
            request.remark(name, "type", f"it is {kind}, which holds all: {shown[:200]}")
        )
    for file, given in kinds.items():
        remarks += _said(name, given, partial(count, file), request=request)
    return SAME.get(FINE.get(kind, kind), FINE.get(kind, kind)), remarks[:1]


def _said(
    name: str, kind: str, count: Callable[[str], int], *, request: ReadRequest
) -> list[Remark]:
    """Say which values a model, or a time in microseconds, does not keep."""
    if not request.keeps(name):
        return []
    if kind in FINE and (lost := count(f"epoch_ns({named(name)}) % 1000 <> 0")):
        message = f"{lost:,} times are kept to the microsecond"
        return [request.remark(name, "date", message)]
    if kind in {"BIGINT", "UBIGINT", "HUGEINT"}:
        exact = f"CAST(CAST({named(name)} AS DOUBLE) AS HUGEINT) <> CAST({named(name)} AS HUGEINT)"
        if lost := count(exact):
            message = f"a model rounds {lost:,} of its numbers, which have over 15 digits"
            hint = f"if they name things, list {name} in spec.data.identifiers"
            return [request.remark(name, "rounded", message, hint)]
    if kind == '"NULL"':
        return [request.remark(name, "text", "every row is empty", "leave it out")]
    return []


def _select(part: tuple[str, Schema], made: Schema) -> str:
    query, schema = part
    columns = (f"CAST({named(n)} AS {made[n]}) AS {named(n)}" for n in schema if n in made)
    return f"SELECT {', '.join(columns)} FROM ({query})"  # noqa: S608
