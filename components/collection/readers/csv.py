"""CSV and TSV: strict, so that a stray delimiter is an error and not a shifted row.

The dialect is fixed (one delimiter, `"` quotes, no comments, no skipped lines) and only the types
are sniffed, over the whole file: a column of integers whose last value is a text is a text column.
"""

from __future__ import annotations

import csv
import gzip
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mdlc.components.collection.readers._base import FileReader, ReadRequest
from mdlc.core import engine
from mdlc.core.errors import DataError, SpecError, closest

LINE = re.compile(r"CSV Error on Line: (\d+)")
TYPE = re.compile(r"[A-Za-z0-9_ ,()\[\]]+")
CONVERTING = re.compile(r'column "([^"]+)".*?Could not convert string .*? to \'?([A-Z ]+)', re.S)
COUNTS = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
SNIFFED = ["NULL", "BIGINT", "DOUBLE", "TIME", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "VARCHAR"]
MAX_LINE_CHARACTERS = 2_000_000
"""DuckDB's own limit on a line."""


@dataclass(frozen=True)
class Delimited(FileReader):
    """Reads text with one delimiter between values."""

    delimiter: str

    def read(self, connection: Any, files: list[Path], *, request: ReadRequest) -> Any:
        """Return the rows; NULL texts and column types are the source's."""
        import duckdb

        headers = [self._header(file, request=request) for file in files]
        header = headers[0]
        source = request.source
        for name in source.types if source.header else ():
            if name not in header:
                where = f"{request.part('types')}.{name}"
                raise SpecError(f"no column {name}", where=where, hint=closest(name, header))
        fixed = {
            "header": source.header,
            "delim": self.delimiter,
            "quote": '"',
            "escape": '"',
            "comment": "",
            "skip": 0,
            "strict_mode": True,
            "nullstr": list(source.nulls),
            # Not BOOLEAN: yes and no are text that a person wrote, and classes of a payoff.
            "auto_type_candidates": SNIFFED,
        }
        names = [str(file) for file in files]
        try:
            _check_types(connection, source.types, where=request.part("types"))
            types = dict(source.types) or None
            return connection.read_csv(names, types=types, sample_size=-1, **fixed)
        except duckdb.Error as error:
            plain = error if LINE.search(str(error)) else _again(connection, names, header, fixed)
            if "state machine" in str(plain or error):
                for file in files:
                    self._check_counts(file, expected=len(header), request=request)
            raise self.explain(plain or error, request=request) from error

    def explain(self, error: Exception, *, request: ReadRequest) -> DataError:
        """Make one line of DuckDB's many; the row itself is not shown, it may be sensitive."""
        return _explain(error, request=request)

    def _check_counts(self, file: Path, *, expected: int, request: ReadRequest) -> None:
        """Name the first row with another number of values: DuckDB does not always say which."""
        opened = gzip.open if file.suffix == ".gz" else open
        with opened(file, "rt", encoding="utf-8-sig", errors="replace", newline="") as text:
            rows = csv.reader(text, delimiter=self.delimiter)
            for row in rows:
                if row and len(row) != expected:
                    raise DataError(
                        f"line {rows.line_num}: {len(row)} values where the first line has"
                        f" {expected}",
                        where=request.where,
                        hint="quote values that contain the delimiter",
                    )

    def _header(self, file: Path, *, request: ReadRequest) -> list[str]:
        """Return the first line's names; DuckDB would rename duplicates without a word."""
        opened = gzip.open if file.suffix == ".gz" else open
        try:
            with opened(file, "rt", encoding="utf-8-sig", errors="replace", newline="") as text:
                first = text.readline(MAX_LINE_CHARACTERS)
        except (OSError, EOFError) as error:
            raise DataError(f"{file} is not a whole .gz: {error}", where=request.where) from error
        names = next(csv.reader([first], delimiter=self.delimiter), [])
        if not request.source.header:
            return [f"column{number}" for number in range(len(names))]
        seen: set[str] = set()
        for name in names:
            if name.lower() in seen:
                message = f"{file.name}: two columns are called {name}"
                hint = "rename one in its first line (upper and lower case are the same)"
                raise DataError(message, where=request.where, hint=hint)
            seen.add(name.lower())
        return names


def _check_types(connection: Any, types: dict[str, str], *, where: str) -> None:
    """Refuse what is not a DuckDB type, such as VARCHAR or TIMESTAMP."""
    import duckdb

    for column, text in types.items():
        try:
            if not TYPE.fullmatch(text):
                raise duckdb.ParserException(text)
            connection.raw_sql(f"SELECT CAST(NULL AS {text})")
        except duckdb.Error as error:
            message = f"{text!r} is not a DuckDB type"
            hint = "such as VARCHAR, BIGINT, DOUBLE, BOOLEAN, DATE or TIMESTAMP"
            raise SpecError(message, where=f"{where}.{column}", hint=hint) from error


def _again(
    connection: Any, names: list[str], header: list[str], fixed: dict[str, Any]
) -> Exception | None:
    """Read as plain text: where sniffing only says that it failed, this names the line."""
    import duckdb

    columns = dict.fromkeys(header, "VARCHAR")
    try:
        table = connection.read_csv(names, columns=columns, auto_detect=False, **fixed)
        # Every column of every row has to be parsed, and nothing is kept.
        table.aggregate(
            **{f"c{i}": table[name].length().max() for i, name in enumerate(header)}
        ).execute()
    except duckdb.Error as error:
        return error
    return None


def _explain(error: Exception, *, request: ReadRequest) -> DataError:
    text = str(error)
    line, counts = LINE.search(text), COUNTS.search(text)
    place = f"line {line.group(1)}: " if line else ""
    hint = ""
    if counts:
        message = f"{place}{counts.group(2)} values where the first line has {counts.group(1)}"
        hint = "quote values that contain the delimiter"
    elif "unterminated quote" in text:
        message = f"{place}a quote is opened and not closed"
    elif "not utf-8" in text:
        message = f"{place}the text is not UTF-8"
        hint = "convert it, for example with iconv -f latin1 -t utf-8"
    else:
        column = CONVERTING.search(text)
        message = place + engine.first_line(error)
        if column:
            message = f"{place}a value of {column.group(1)} is not {column.group(2)}"
            hint = f"change the column's type under {request.part('types')}"
    return DataError(message, where=request.where, hint=hint)
