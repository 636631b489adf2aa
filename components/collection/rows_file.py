"""A file of rows to predict, read as the sources are: the same reader, the same options.

Values stay what the file says, a text beside its kind, or a column with a type; what a feature
makes of them is the caller's, who knows the model. Nothing is decided from these few rows: a file
with two of them would make a number of a code that training knows as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mdlc.components.collection.columns.cell_classes import Numbers
from mdlc.components.collection.readers import ReadRequest, SourceReader, reader_of
from mdlc.components.collection.readers.csv import Delimited
from mdlc.components.collection.readers.json import Json
from mdlc.core import engine
from mdlc.core.engine import named
from mdlc.core.errors import DataError, MdlcError
from mdlc.core.plugins import READERS, built_in_names
from mdlc.core.spec.data import DIALECT, Data, Source


@dataclass(frozen=True)
class RowsColumn:
    """One column of the rows, as SQL over `RowsFile.relation`."""

    value: str
    """Its text; of a format with types, its value."""
    kind: str | None
    """JSON: SQL that says which kind of value it is (json_type)."""
    type: str | None
    """A format with types: DuckDB's; None where all is text."""


@dataclass(frozen=True)
class RowsFile:
    """All rows of a file, on this machine's disk or where they lie."""

    relation: str
    """What SQL selects from."""
    columns: dict[str, RowsColumn]
    """Under the names that they have after the sources' `rename`."""
    numbers: Numbers


@dataclass(frozen=True)
class RowsRequest(ReadRequest):
    """Rows that the command line names: errors do not point into the lifecycle file.

    `root` is the folder of the rows: whoever names a file at this machine may read it.
    """

    @property
    def where(self) -> str:
        """The option."""
        return "--rows"


def format_of(data: Path) -> str:
    """Return the format that a file's name says, upper case and compression aside.

    >>> format_of(Path("DATA.CSV.GZ")), format_of(Path("rows.jsonl"))
    ('csv', 'json')

    Raises:
        DataError: it says none.
    """
    name = data.name.lower().removesuffix(".gz").removesuffix(".zip")
    kind = name.rpartition(".")[2] if "." in name else ""
    kind = {"jsonl": "json", "ndjson": "json", "pq": "parquet"}.get(kind, kind)
    known = built_in_names(READERS)
    if kind not in known:
        raise DataError(f"{data}: its name does not end with one of {', '.join(known)}")
    return kind


def open_rows(path: Path, *, data: Data, connection: Any, scratch: Path) -> RowsFile:
    """Open a file of rows with the options of the table's source.

    Raises:
        DataError: the file cannot be read, or has no columns.
    """
    import duckdb

    request = _request(path, data=data)
    reader = reader_of(request.source, name=request.name)
    try:
        rows = _open(reader, request, connection=connection, scratch=scratch)
    except duckdb.Error as error:
        bound = engine.exhausted(error, stage="predict")
        raise bound or _about(reader.explain(error, request=request), path) from error
    except MdlcError as error:
        raise _about(error, path) from error
    rename = _renamed(data)
    columns: dict[str, RowsColumn] = {}
    for name, column in rows.columns.items():
        new = name if name in columns else rename.get(name, name)
        if new in columns:
            raise DataError(f"{path}: two columns are called {new}, one by a source's rename")
        columns[new] = column
    return RowsFile(rows.relation, columns, rows.numbers)


def _request(path: Path, *, data: Data) -> RowsRequest:
    name = data.table.source or next(iter(data.sources))
    source, kind = data.sources[name], format_of(path)
    place = path.resolve()
    keys: dict[str, Any] = {kind: place.name}
    text = ("csv", "tsv")
    if kind in text and source.format in text:
        keys.update({key: getattr(source, key) for key in DIALECT})
        if kind != source.format:
            del keys["delimiter"]
        keys.update(header=True, skip=0, rename=source.rename)
    made = Source.model_validate({key: value for key, value in keys.items() if value is not None})
    return RowsRequest(name=name, source=made, root=place.parent)


def _renamed(data: Data) -> dict[str, str]:
    """Return old name -> new name, of all sources; the table's own comes first."""
    first = data.table.source or next(iter(data.sources))
    ordered = [first, *(name for name in data.sources if name != first)]
    renamed: dict[str, str] = {}
    for name in ordered:
        for old, new in data.sources[name].rename.items():
            renamed.setdefault(old, new)
    return renamed


def _open(
    reader: SourceReader, request: ReadRequest, *, connection: Any, scratch: Path
) -> RowsFile:
    if isinstance(reader, Delimited):
        files = reader.files(request, scratch=scratch)
        cells, _ = reader.cells(connection, files, request=request, scratch=scratch)
        listed = ", ".join(f"{cells.cell(name)} AS {named(name)}" for name in cells.columns)
        columns = {name: RowsColumn(named(name), None, None) for name in cells.columns}
        return RowsFile(f"(SELECT {listed} FROM {cells.relation})", columns, cells.numbers)  # noqa: S608
    if isinstance(reader, Json):
        relation, kinds = reader.texts(connection, request, scratch=scratch)
        columns = {name: RowsColumn(named(name), kind, None) for name, kind in kinds.items()}
        return RowsFile(relation, columns, Numbers())
    table = reader.open(connection, request, scratch=scratch).table
    view = named(table.get_name())
    found = connection.raw_sql(f"DESCRIBE FROM {view}").fetchall()
    columns = {row[0]: RowsColumn(named(row[0]), None, row[1]) for row in found}
    return RowsFile(view, columns, Numbers())


def _about(error: MdlcError, path: Path) -> DataError:
    message = error.message if path.name in error.message else f"{path}: {error.message}"
    return DataError(message, where=error.where, hint=error.hint)
