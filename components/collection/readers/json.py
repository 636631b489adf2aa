"""JSON: an array of objects, or an object a line. A key that is absent in a row is NULL.

A number is read as its digits and a text as its characters, so that the type is decided from all
rows as for CSV: whole numbers of twenty digits stay whole, and a text is never a number. JSON has
no type for dates, so a column of texts becomes one of dates if all its texts are dates.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from mdlc.components.collection.columns.cell_survey import FILE, Cells
from mdlc.components.collection.columns.column_typing import ColumnTyping
from mdlc.components.collection.readers._base import (
    NamingReader,
    OpenedSource,
    ReadRequest,
    SourceNames,
)
from mdlc.core import engine
from mdlc.core.engine import named, quoted
from mdlc.core.errors import DataError

NUMBERS = {"BIGINT", "UBIGINT", "DOUBLE", "HUGEINT", "UHUGEINT"}
KIND = "\x1fkind"
"""Suffix of a column's name: the column with it says which kind of JSON each value is."""


class Json(NamingReader):
    """Location of an array of objects, or of an object a line."""

    heeds: ClassVar[frozenset[str]] = frozenset({"date_format"})

    def open(self, connection: Any, request: ReadRequest, *, scratch: Path) -> OpenedSource:
        """Return the rows; every row is looked at for keys and types.

        Raises:
            DataError: a row is not an object, or a key has values of different kinds.
        """
        files = self.files(request, scratch=scratch)
        names = _listed(files)
        guessed = _guessed(connection, names)
        flat = [name for name, kind in guessed.items() if not _is_nested(kind)]
        relation = _copied(
            connection, files, guessed=guessed, flat=flat, to=scratch / f"{request.name}.parquet"
        )
        kinds = _kinds(connection, relation, flat)
        _refuse_twice(connection, names, kinds=kinds, request=request)
        words = {name for name in flat if kinds[name] == {"VARCHAR"}}
        stated = request.source.types
        answers = {name for name in flat if kinds[name] == {"BOOLEAN"} and name not in stated}
        _refuse_mixed(kinds, answers | words, request=request)
        there = [name for name in flat if name not in answers]
        cells = Cells(
            connection, relation, there, files=len(files), words=frozenset(words), codes=False
        )
        kept = [name for name in there if request.keeps(name)]
        typing = ColumnTyping(cells, request.name, request.source, kept, request.hidden)
        others = [name for name in guessed if name not in there]
        types = {name: "BOOLEAN" if name in answers else guessed[name] for name in others}
        made = typing.select(beside=types)
        order = ", ".join(named(name) for name in guessed)
        table = engine.view(connection, f"SELECT {order} FROM ({made})")  # noqa: S608
        return OpenedSource(table, typing.remarks)

    def names(self, connection: Any, request: ReadRequest, *, scratch: Path) -> SourceNames:
        """Return the keys of all rows."""
        files = self.files(request, scratch=scratch)
        return SourceNames(list(_guessed(connection, _listed(files))))

    def texts(
        self, connection: Any, request: ReadRequest, *, scratch: Path
    ) -> tuple[str, dict[str, str]]:
        """Return what SQL selects all rows from, and key -> SQL for the kind of its value.

        Each value is a text: a number's digits, or the JSON of an object or array.
        """
        files = self.files(request, scratch=scratch)
        guessed = _guessed(connection, _listed(files))
        to = scratch / f"{request.name}.parquet"
        relation = _copied(connection, files, guessed=guessed, flat=list(guessed), to=to)
        return relation, {name: named(name + KIND) for name in guessed}


def _listed(files: list[Path]) -> str:
    return f"[{', '.join(quoted(str(file)) for file in files)}]"


def _copied(
    connection: Any, files: list[Path], *, guessed: dict[str, str], flat: list[str], to: Path
) -> str:
    """Write all rows into one Parquet file; return what SQL selects from."""
    copying = _copying(_listed(files), guessed=guessed, flat=flat, several=len(files) > 1)
    place = quoted(str(to))
    connection.raw_sql(f"COPY ({copying}) TO {place} (COMPRESSION snappy)").fetchall()
    return f"read_parquet({place})"


def _guessed(connection: Any, names: str) -> dict[str, str]:
    """Return key -> the type that the engine would take, from all rows."""
    query = f"DESCRIBE FROM {_typed(names)}"
    return {row[0]: row[1] for row in connection.raw_sql(query).fetchall()}


def _typed(names: str) -> str:
    return f"read_json({names}, sample_size = -1, records = 'true')"


def _is_nested(kind: str) -> bool:
    return kind.startswith(("STRUCT", "MAP")) or kind.endswith("]")


def _copying(names: str, *, guessed: dict[str, str], flat: list[str], several: bool) -> str:
    """Return SQL for all rows: texts and their kinds, and what is nested as it is."""
    types = ", ".join(
        f"{named(name)}: {quoted('JSON' if name in flat else kind)}"
        for name, kind in guessed.items()
    )
    parts = [
        f"{named(name)} ->> '$' AS {named(name)}, json_type({named(name)}) AS {named(name + KIND)}"
        if name in flat
        else named(name)
        for name in guessed
    ]
    source = f"read_json({names}, columns = {{{types}}}, records = 'true', filename = {several})"
    select = ", ".join([*parts, *([f"filename AS {named(FILE)}"] if several else [])])
    return f"SELECT {select} FROM {source}"  # noqa: S608


def _kinds(connection: Any, relation: str, flat: list[str]) -> dict[str, set[str]]:
    """Return key -> the kinds of its values, in JSON's words; numbers are one kind."""
    if not flat:
        return {}
    asked = ", ".join(f"histogram({named(name + KIND)})" for name in flat)
    row = connection.raw_sql(f"SELECT {asked} FROM {relation}").fetchall()[0]  # noqa: S608
    return {
        name: {"number" if kind in NUMBERS else kind for kind in counts or {} if kind != "NULL"}
        for name, counts in zip(flat, row, strict=True)
    }


def _refuse_mixed(kinds: dict[str, set[str]], known: set[str], *, request: ReadRequest) -> None:
    words = {"VARCHAR": "texts", "BOOLEAN": "true or false", "OBJECT": "objects", "ARRAY": "arrays"}
    for name, found in kinds.items():
        plain = name in known or found <= {"number"} or name in request.source.types
        if plain or not request.keeps(name):
            continue
        shown = " and ".join(sorted(words.get(kind, "numbers") for kind in found))
        message = f"{name} has values of different kinds: {shown}"
        hint = f"make them of one kind, or say {request.part('types')}: {{{name}: VARCHAR}}"
        raise DataError(message, where=request.where, hint=hint)


def _refuse_twice(
    connection: Any, names: str, *, kinds: dict[str, set[str]], request: ReadRequest
) -> None:
    """Find keys that differ only in upper and lower case: the engine renames them, such as a_1."""
    lower = {name.lower() for name in kinds}
    for name, found in kinds.items():
        base, _, number = name.rpartition("_")
        if found or not number.isdigit() or base.lower() not in lower:
            continue
        query = f"SELECT count({named(name)}) FROM {_typed(names)}"  # noqa: S608
        if connection.raw_sql(query).fetchall()[0][0]:
            message = f"two keys are called {base} (upper and lower case are the same)"
            raise DataError(message, where=request.where, hint="rename one of them")
