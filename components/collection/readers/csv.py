"""CSV and TSV: strict, so that a stray delimiter is an error and not a shifted row.

Every value is first read as text; `columns` then decides the types from all rows of all files. So
a column of integers whose last value is a text becomes a text column, and no value is lost.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar

from mdlc.components.collection.columns.cell_classes import Numbers
from mdlc.components.collection.columns.cell_survey import FILE, Cells
from mdlc.components.collection.columns.column_typing import ColumnTyping
from mdlc.components.collection.readers._base import (
    NamingReader,
    OpenedSource,
    ReadRequest,
    SourceNames,
)
from mdlc.components.collection.readers.typed_parts import INDEX, UNNAMED
from mdlc.components.collection.text_dialect import TextFile, open_text
from mdlc.core import engine
from mdlc.core.documents.prepared_data import Remark
from mdlc.core.engine import named, quoted
from mdlc.core.errors import DataError
from mdlc.core.spec.data import DIALECT, Source

LINE = re.compile(r"CSV Error on Line: (\d+)")
COUNTS = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
NEVER = "\x00 never"
"""A text that no file has, so that nothing is NULL yet: that is decided and counted later."""
NAMELESS = "it has no name in the file, as a row number that pandas writes, and is left out"


class Delimited(NamingReader):
    """Text with one delimiter between values."""

    heeds: ClassVar[frozenset[str]] = frozenset({*DIALECT, "date_format"})
    delimiter: ClassVar[str]

    def open(self, connection: Any, request: ReadRequest, *, scratch: Path) -> OpenedSource:
        """Return the rows; NULL texts and column types are the source's."""
        files = self.files(request, scratch=scratch)
        cells, remarks = self.cells(connection, files, request=request, scratch=scratch)
        kept = [name for name in cells.columns if request.keeps(name)]
        typing = ColumnTyping(cells, request.name, request.source, kept, request.hidden)
        table = engine.view(connection, typing.select())
        return OpenedSource(table, [*remarks, *typing.remarks])

    def names(self, connection: Any, request: ReadRequest, *, scratch: Path) -> SourceNames:
        """Return the names in the first file's header, and how it is written."""
        file = self.files(request, scratch=scratch)[0]
        text = open_text(
            file,
            source=request.source,
            expected=self.delimiter,
            scratch=scratch,
            where=request.where,
        )
        keys: dict[str, Any] = {"encoding": text.encoding} if text.encoding else {}
        keys.update({"delimiter": text.delimiter} if text.delimiter != self.delimiter else {})

        def cells(asked: ReadRequest) -> Cells:
            files = self.files(asked, scratch=scratch)
            return self.cells(connection, files, request=asked, scratch=scratch)[0]

        return SourceNames(text.header, _without_name([text], request=request), keys, cells)

    def cells(
        self, connection: Any, files: list[Path], *, request: ReadRequest, scratch: Path
    ) -> tuple[Cells, list[Remark]]:
        """Return all rows as texts, without the nameless columns, and what was decided."""
        source, where = request.source, request.where
        texts = _alike(
            [
                open_text(
                    file, source=source, expected=self.delimiter, scratch=scratch, where=where
                )
                for file in files
            ]
        )
        _refuse_twice(texts, request=request)
        remarks = [request.remark("", "dialect", line) for text in texts for line in text.remarks]
        remarks += _absent(texts, request=request)
        raw = scratch / f"{request.name}.texts.parquet"
        _copy(connection, texts, source=source, to=raw)
        left_out = _without_name(texts, request=request)
        remarks += [request.remark(name, "nameless", why) for name, why in left_out.items()]
        there = dict.fromkeys(n for text in texts for n in text.header if n not in left_out)
        cells = Cells(
            connection,
            f"read_parquet({quoted(str(raw))})",
            list(there),
            tuple(source.nulls),
            Numbers(source.decimal, source.thousands),
            len(texts),
        )
        return cells, remarks

    def explain(self, error: Exception, *, request: ReadRequest) -> DataError:
        """Turn DuckDB's error into one line, without the row, which may be sensitive."""
        return _explain(error, request=request)


class Csv(Delimited):
    """Location of comma-separated text."""

    delimiter = ","


class Tsv(Delimited):
    """Location of tab-separated text."""

    delimiter = "\t"


def _alike(texts: list[TextFile]) -> list[TextFile]:
    """Give columns that differ in upper and lower case between files the first file's name."""
    names: dict[str, str] = {}
    for text in texts:
        for name in text.header:
            names.setdefault(name.lower(), name)
    return [replace(text, header=[names[name.lower()] for name in text.header]) for text in texts]


def _refuse_twice(texts: list[TextFile], *, request: ReadRequest) -> None:
    for text in texts:
        for name in text.twice:
            if request.keeps(name) and name not in request.source.rename:
                given = name.rpartition(".")[0]
                raise DataError(
                    f"{text.path.name}: two columns are called {given}"
                    " (upper and lower case are the same)",
                    where=request.where,
                    hint=f"rename the second under {request.part('rename')}: {{{name}: NEW}}",
                )


def _absent(texts: list[TextFile], *, request: ReadRequest) -> list[Remark]:
    """Name each column that some of the files lack."""
    remarks = []
    for name in dict.fromkeys(name for text in texts for name in text.header):
        without = [text.path.name for text in texts if name not in text.header]
        if without and request.keeps(name):
            remarks.append(request.absent(name, without=without, files=len(texts)))
    return remarks


def _copy(connection: Any, texts: list[TextFile], *, source: Source, to: Path) -> None:
    """Write all rows of all files as texts into one Parquet file."""
    groups = groupby(texts, key=lambda text: (text.header, text.delimiter, text.skip))
    parts = [_scan(list(group), source=source, named_files=len(texts) > 1) for _, group in groups]
    every = " UNION ALL BY NAME ".join(f"(FROM {part})" for part in parts)
    connection.raw_sql(f"COPY ({every}) TO {quoted(str(to))} (COMPRESSION snappy)").fetchall()


def _scan(texts: list[TextFile], *, source: Source, named_files: bool) -> str:
    """Return SQL that reads files of the same header as texts; nothing is guessed."""
    first = texts[0]
    columns = ", ".join(f"{named(name)}: 'VARCHAR'" for name in first.header)
    quote = quoted(source.quote)
    return (
        f"read_csv([{', '.join(quoted(str(text.path)) for text in texts)}],"
        f" columns = {{{columns}}}, auto_detect = false, header = {str(source.header).lower()},"
        f" delim = {quoted(first.delimiter)}, quote = {quote}, escape = {quote}, comment = '',"
        f" skip = {first.skip}, strict_mode = true, nullstr = {quoted(NEVER)},"
        " compression = 'none'" + (f", filename = {quoted(FILE)})" if named_files else ")")
    )


def _without_name(texts: list[TextFile], *, request: ReadRequest) -> dict[str, str]:
    """Return the columns that are left out because they have no name, each with the reason."""
    asked = request.asked
    nameless = {name for text in texts for name in text.nameless}
    found: dict[str, str] = {}
    for name in dict.fromkeys(name for text in texts for name in text.header):
        if name in asked:
            continue
        if name in nameless:
            found[name] = NAMELESS
        elif request.source.header and UNNAMED.fullmatch(name):
            found[name] = INDEX
    return found


def _explain(error: Exception, *, request: ReadRequest) -> DataError:
    text = str(error)
    line, counts = LINE.search(text), COUNTS.search(text)
    place = f"line {line.group(1)}: " if line else ""
    message, hint = place + engine.first_line(error), ""
    if counts:
        message = f"{place}{counts.group(2)} values where the first line has {counts.group(1)}"
        hint = (
            f"quote values that contain the delimiter; lines before the header are skipped with"
            f" {request.part('skip')}"
        )
    elif "unterminated quote" in text:
        message = f"{place}a quote is opened and not closed"
    elif "not utf-8" in text.lower():
        message = f"{place}the text is not UTF-8"
        hint = f"say how it is written under {request.part('encoding')}, such as cp1252 or latin-1"
    return DataError(message, where=request.where, hint=hint)
