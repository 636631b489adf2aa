"""Parquet: types come with the file; those of several files become one that holds all values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mdlc.components.collection.readers import typed_parts
from mdlc.components.collection.readers._base import (
    NamingReader,
    OpenedSource,
    ReadRequest,
    SourceNames,
)
from mdlc.components.collection.readers.typed_parts import INDEX, UNNAMED, TypedPart
from mdlc.components.collection.text_dialect import different_names
from mdlc.core.engine import named, quoted
from mdlc.core.errors import DataError


class Parquet(NamingReader):
    """Location of Parquet."""

    def open(self, connection: Any, request: ReadRequest, *, scratch: Path) -> OpenedSource:
        """Return the rows of all files.

        Raises:
            DataError: a file is truncated, names two columns alike, or has a column of a type that
                does not fit the other files'.
        """
        files = self.files(request, scratch=scratch)
        parts = [_part(connection, file, request=request) for file in files]
        return typed_parts.opened(connection, parts, request=request)

    def names(self, connection: Any, request: ReadRequest, *, scratch: Path) -> SourceNames:
        """Return the first file's names."""
        del connection  # the footer says them
        file = self.files(request, scratch=scratch)[0]
        columns, _, _ = different_names(_footer(file, request=request).names)
        return SourceNames(columns, {n: INDEX for n in columns if UNNAMED.fullmatch(n)})


def _footer(file: Path, *, request: ReadRequest) -> Any:
    """Return the file's Arrow schema."""
    from pyarrow import ArrowException, parquet

    try:
        return parquet.read_schema(file)
    except (ArrowException, OSError) as error:
        message = f"{file} is not a whole Parquet file"
        raise DataError(message, where=request.where, hint="write it again") from error


def _part(connection: Any, file: Path, *, request: ReadRequest) -> TypedPart:
    """Return one file, its columns with different names."""
    footer = _footer(file, request=request)
    names, _, twice = different_names(footer.names)
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
    other = _read_otherwise(dict(zip(names, footer.types, strict=True)), schema)
    return TypedPart(file.name, f"SELECT {listed} FROM {source}", schema, other)  # noqa: S608


def _read_otherwise(written: dict[str, Any], schema: dict[str, str]) -> dict[str, str]:
    """Return column -> what the engine reads instead of a type that it does not have."""
    import pyarrow.types as kinds

    return {
        name: f"{kind} is read as {schema[name]}"
        for name, kind in written.items()
        if kinds.is_decimal256(kind) or kinds.is_duration(kind)
    }
