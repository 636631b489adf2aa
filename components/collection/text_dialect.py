"""How a text file is written: encoding, delimiter, header; recognized where it cannot be missed.

A file is UTF-8 with the format's own delimiter unless its source says otherwise. Two things are
recognized, and said: UTF-16, which begins with a mark or has a zero byte beside each letter; and a
first line that has another delimiter and not the expected one.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mdlc.core.errors import DataError
from mdlc.core.spec.data import Source

MAX_LINE_CHARACTERS = 2_000_000
"""DuckDB's own limit on a line."""
HEAD = 4096
OTHERS = (";", "\t", "|", ",")
"""Delimiters that are recognized."""
UTF8 = {"utf-8", "ascii", "utf-8-sig"}
CHUNK = 1 << 20


@dataclass(frozen=True)
class TextFile:
    """A text file as the engine can read it, and what its first line says."""

    path: Path
    """UTF-8."""
    encoding: str
    """The one that was recognized; "" where it is UTF-8, or said."""
    delimiter: str
    skip: int
    """Lines before the header, or before the first row where there is none."""
    header: list[str]
    """The columns' names, made different from each other."""
    nameless: list[str]
    """Those that have no name in the file."""
    twice: list[str]
    """Those whose name another column has, too."""
    remarks: list[str]


def open_text(file: Path, *, source: Source, expected: str, scratch: Path, where: str) -> TextFile:
    """Look at a file, and write it again as UTF-8 where it is not.

    `expected` is the delimiter that the format has.

    Raises:
        DataError: the text is not in the encoding that the source says, or has no header.
    """
    remarks: list[str] = []
    found = _encoding(file)
    encoding = source.encoding or found
    if found and not source.encoding:
        remarks.append(f"{file.name} is read as {found}; encoding: {found} says so")
    if codecs.lookup(encoding or "utf-8").name not in UTF8:
        file = _as_utf8(file, encoding=encoding or "", scratch=scratch, where=where)
    delimiter = source.delimiter or expected
    try:
        _refuse_excels_mark(file, source=source, where=where)
        first = _first(file, source=source, delimiter=delimiter)
        if source.delimiter is None and len(first) == 1:
            other = _other(file, source=source, expected=expected)
            if other:
                shown = "a tab" if other == "\t" else other
                remarks.append(f"{file.name} is read with {shown} between values, not {expected!r}")
                delimiter = other
                first = _first(file, source=source, delimiter=delimiter)
    except csv.Error as error:
        raise DataError(f"{file.name}: the first line: {error}", where=where) from error
    if not first:
        raise DataError(f"{file.name} has no line that is not empty", where=where)
    skip = _skipped(file, source=source)
    header, nameless, twice = different_names(first, there=source.header)
    recognized = "" if source.encoding else found
    return TextFile(file, recognized, delimiter, skip, header, nameless, twice, remarks)


def _encoding(file: Path) -> str:
    """Return an encoding that cannot be missed, or ""."""
    with file.open("rb") as raw:
        head = raw.read(HEAD)
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = head[0::2].count(0), head[1::2].count(0)
    most = len(head) // 4
    if even + odd > most and 0 in {even, odd}:
        return "utf-16-le" if odd else "utf-16-be"
    return ""


def _as_utf8(file: Path, *, encoding: str, scratch: Path, where: str) -> Path:
    target = Path(tempfile.mkdtemp(dir=scratch)) / file.name
    try:
        with (
            file.open("rb") as raw,
            io.TextIOWrapper(raw, encoding=encoding, errors="strict", newline="") as text,
            target.open("w", encoding="utf-8", newline="") as plain,
        ):
            shutil.copyfileobj(text, plain, CHUNK)
    except UnicodeError as error:
        hint = "say how it is written, such as utf-16, latin-1 or cp1252"
        raise DataError(
            f"{file.name} is not {encoding}: {error}", where=where, hint=hint
        ) from error
    return target


def _lines(file: Path, *, source: Source) -> Iterator[str]:
    """Yield lines without those that are skipped, each cut at the engine's limit."""
    with (
        file.open("rb") as raw,
        io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="") as text,
    ):
        for _ in range(source.skip):
            text.readline(MAX_LINE_CHARACTERS)
        while line := text.readline(MAX_LINE_CHARACTERS):
            if line.strip("\r\n"):
                yield line


def _refuse_excels_mark(file: Path, *, source: Source, where: str) -> None:
    """Excel may write the delimiter into a line of its own, before the header: sep=;."""
    line = next(_lines(file, source=source), "").strip()
    if line.lower().startswith("sep=") and len(line) <= len("sep=\\t"):
        hint = f"say skip: {source.skip + 1} and delimiter: {line[4:]!r} for this source"
        raise DataError(f"{file.name}: the first line is Excel's {line}", where=where, hint=hint)


def _skipped(file: Path, *, source: Source) -> int:
    """Return the lines before the header: those that the source says, and empty ones."""
    with (
        file.open("rb") as raw,
        io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="") as text,
    ):
        count = 0
        while line := text.readline(MAX_LINE_CHARACTERS):
            if count >= source.skip and line.strip("\r\n"):
                break
            count += 1
        return count


def _records(lines: Iterator[str], *, source: Source, delimiter: str) -> Iterator[list[str]]:
    quote = source.quote
    if not quote:
        return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=delimiter, quotechar=quote)


def _first(file: Path, *, source: Source, delimiter: str) -> list[str]:
    csv.field_size_limit(MAX_LINE_CHARACTERS)
    lines = _lines(file, source=source)
    return next(iter(_records(lines, source=source, delimiter=delimiter)), [])


def _other(file: Path, *, source: Source, expected: str) -> str:
    """Return a delimiter that cuts the first lines into equally many values; "" if none does."""
    for delimiter in OTHERS:
        if delimiter == expected:
            continue
        lines = _lines(file, source=source)
        records = itertools.islice(_records(lines, source=source, delimiter=delimiter), 3)
        counts = {len(record) for record in records}
        if len(counts) == 1 and counts.pop() > 1:
            return delimiter
    return ""


def different_names(
    first: list[str], *, there: bool = True
) -> tuple[list[str], list[str], list[str]]:
    """Return the columns' names, the nameless among them, and those named twice.

    A column without a name is column0, column1, ... by its place, with zeros from ten columns on,
    as DuckDB has it; the second `x` is `x.1`, as pandas has it.
    """
    width = len(str(len(first) - 1)) if first else 1
    if not there:
        return [f"column{place:0{width}d}" for place in range(len(first))], [], []
    names: list[str] = []
    nameless: list[str] = []
    twice: list[str] = []
    seen: set[str] = {name.lower() for name in first}
    used: set[str] = set()
    for place, given in enumerate(first):
        name = given
        if not given.strip():
            name = f"column{place:0{width}d}"
            nameless.append(name)
        elif given.lower() in used:
            name = next(
                made
                for made in (f"{given}.{n}" for n in itertools.count(1))
                if made.lower() not in seen | used
            )
            twice.append(name)
        used.add(name.lower())
        names.append(name)
    return names, nameless, twice
