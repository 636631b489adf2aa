"""What a first lifecycle file says of a source: `mdlc init` writes down what was found.

A run takes nothing for granted that the file does not say, so what can be told from the data is
written into the file, where a person can read and change it: names that no expression could use,
the delimiter, the encoding, the decimal mark, words for missing values, the order of day and month.
"""

from __future__ import annotations

import codecs
import gzip
import re
import tempfile
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from mdlc.components.collection.columns import cell_survey as survey
from mdlc.components.collection.columns.cell_classes import (
    BIG,
    COMMA,
    DAY_FIRST,
    DECIMAL,
    EITHER,
    LONG,
    MONTH_FIRST,
    NUMBERS,
    OTHER,
    PADDED,
    SAME,
    Numbers,
)
from mdlc.components.collection.columns.cell_survey import Cells
from mdlc.components.collection.columns.column_verdict import HALF, YEAR_LAST
from mdlc.components.collection.columns.date_formats import formats_of
from mdlc.components.collection.readers import NamingReader, ReadRequest, reader_of
from mdlc.components.collection.unpacking import is_gzip
from mdlc.core import engine
from mdlc.core.names import is_column
from mdlc.core.spec.data import Source

MISSING = {
    "?",
    "-",
    "--",
    ".",
    "*",
    "n/a",
    "na",
    "nan",
    "none",
    "null",
    "#n/a",
    "missing",
    "unknown",
    r"\n",
    "#div/0!",
    "#ref!",
    "#value!",
}
"""Texts among numbers that mean that there is none, in lower case."""
SPELLINGS = (
    (
        Numbers(",", ""),
        "[+-]?([0-9]*,([0-9]{1,2}|[0-9]{4,})|[0-9]{4,},[0-9]+|0,[0-9]+)",
    ),
    (Numbers(",", "."), "[+-]?[0-9]{1,3}([.][0-9]{3})+,[0-9]+"),
    (Numbers(".", ","), "[+-]?[0-9]{1,3}((,[0-9]{3})+[.][0-9]+|(,[0-9]{3}){2,})"),
)
"""Ways to write numbers, each with the cell that proves it: 1,234 could be two of them."""
LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "æ": "ae", "ł": "l"})
MOST_CHARACTERS = 63
CHUNK = 1 << 20


@dataclass
class SuggestedSource:
    """What the file says of a source, and what is said about it."""

    keys: dict[str, Any]
    """Keys of the source, its location among them."""
    names: dict[str, str] = field(default_factory=dict)
    """Name in the data -> name in the file, of every column that is kept."""
    notes: list[str] = field(default_factory=list)


def suggest(data: Path, *, format_: str) -> SuggestedSource:
    """Return what a first file should say of the rows in `data`, but for where they are.

    The folder of the rows is the root: whoever names a file at this machine may read it.

    Raises:
        DataError: the file cannot be read.
    """
    import duckdb

    place = data.resolve()
    first = SuggestedSource({format_: place.name})
    if format_ in {"csv", "tsv"} and (encoding := _encoding(data)):
        first.keys["encoding"] = encoding
        first.notes.append(f"the text is not UTF-8: encoding: {encoding} is a guess")
    with tempfile.TemporaryDirectory(prefix="mdlc-") as folder:
        connection = engine.connect(scratch=Path(folder), reads=[place])
        try:
            request = _request(first, root=place.parent)
            reader = cast("NamingReader", reader_of(request.source, name=request.name))
            try:
                found = reader.names(connection, request, scratch=Path(folder))
                _name(first, found.columns, left_out=found.left_out)
                first.keys.update(found.keys)
                if found.cells is not None:
                    _spelling(first, found.cells(_request(first, root=place.parent)))
            except duckdb.Error as error:
                bound = engine.exhausted(error, stage="init")
                raise bound or reader.explain(error, request=request) from error
        finally:
            connection.disconnect()
    return first


def _request(first: SuggestedSource, *, root: Path) -> ReadRequest:
    source = Source.model_validate(first.keys)
    return ReadRequest(name="rows", source=source, root=root)


def _name(first: SuggestedSource, columns: list[str], *, left_out: dict[str, str]) -> None:
    """Choose a name for each column that has none that an expression could use."""
    kept = [name for name in columns if name not in left_out]
    used = {name.lower() for name in kept if is_column(name)}
    rename: dict[str, str] = {}
    for place, name in enumerate(kept):
        if is_column(name):
            continue
        made = plain_name(name) or f"column{place}"
        number, stem = 1, made
        while made.lower() in used:
            number += 1
            made = f"{stem[: MOST_CHARACTERS - 5]}_{number}"
        used.add(made.lower())
        rename[name] = made
    if rename:
        first.keys["rename"] = rename
    first.names = {name: rename.get(name, name) for name in kept}
    first.notes += [f"{name}: {why}" for name, why in left_out.items()]


def plain_name(name: str) -> str:
    """Return a column name made of another name, in lower case; "" if nothing is left of it.

    >>> plain_name("sepal length (cm)"), plain_name("größe"), plain_name("2nd visit")
    ('sepal_length_cm', 'groesse', 'c_2nd_visit')
    """
    text = unicodedata.normalize("NFC", name.lower()).translate(LETTERS)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    made = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    made = f"c_{made}" if made[:1].isdigit() else made
    return made[:MOST_CHARACTERS].rstrip("_")


def _encoding(data: Path) -> str:
    """Return an encoding that a text that is not UTF-8 may have; "" for UTF-8 and UTF-16."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with gzip.open(data) if is_gzip(data) else data.open("rb") as file:
        head = file.read(CHUNK)
        if head.startswith((b"PK", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in head:
            return ""
        try:
            while head:
                decoder.decode(head)
                head = file.read(CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return ""


def _spelling(first: SuggestedSource, cells: Cells) -> None:
    """Write down how numbers, missing values and dates are spelled."""
    columns = [name for name in cells.columns if name in first.names]
    counts = survey.classes(cells, columns)
    marked = _marks(first, cells, counts)
    if marked is not cells:
        cells, counts = marked, survey.classes(marked, columns)
    words: dict[str, None] = {}
    for column in columns:
        rows = sum(counts[column].values())
        numbers = sum(counts[column].get(kind, 0) for kind in NUMBERS)
        if not HALF * rows <= numbers < rows or not set(counts[column]) - NUMBERS <= {OTHER}:
            continue
        texts = survey.texts(cells, column, of={OTHER}, at_most=len(MISSING) + 1)
        if {text.strip().lower() for text in texts} <= MISSING:
            words.update(dict.fromkeys(texts))
    if words:
        first.keys["nulls"] = [*cells.nulls, *words]
        first.notes.append(f"among numbers, {', '.join(words)} is taken to mean missing: nulls")
    _order(first, cells, {name: set(counts[name]) for name in columns})


def _marks(first: SuggestedSource, cells: Cells, counts: dict[str, dict[str, int]]) -> Cells:
    """Find the decimal mark and that of thousands, where a cell proves them and none denies it."""
    commas = [name for name, found in counts.items() if COMMA in found and OTHER not in found]
    dotted = any(
        {DECIMAL, PADDED, LONG} & set(counts[name]) for name in counts if name not in commas
    )
    for numbers, proof in SPELLINGS if commas else ():
        if numbers.decimal == "," and dotted:
            continue
        tried = survey.spelled(cells, numbers=numbers)
        known = survey.classes(tried, commas)
        fits = all(set(found) <= {*NUMBERS, BIG} for found in known.values())
        if not fits or not any(survey.matching(cells, name, pattern=proof) for name in commas):
            continue
        first.keys.update({"decimal": numbers.decimal} if numbers.decimal != "." else {})
        first.keys.update({"thousands": numbers.thousands} if numbers.thousands else {})
        first.notes.append(
            f"numbers are read with the decimal mark {numbers.decimal}"
            + (f" and {numbers.thousands} between thousands" if numbers.thousands else "")
        )
        return tried
    return cells


def _order(first: SuggestedSource, cells: Cells, classes: dict[str, set[str]]) -> None:
    """Write down the format of dates that could be read in two ways, as other columns prove it."""
    dated = {name: found for name, found in classes.items() if found and found <= YEAR_LAST}
    proofs = set().union(*dated.values()) & {DAY_FIRST, MONTH_FIRST} if dated else set()
    for name, found in dated.items():
        if not found <= {EITHER, SAME}:
            continue
        shapes = survey.shapes(cells, name)
        if len(proofs) == 1 and len(shapes) == 1:
            order = "day" if DAY_FIRST in proofs else "month"
            made = formats_of(shapes, first=order)[0]
            first.keys.setdefault("date_format", {})[name] = made
            first.notes.append(f"{name} is read with {order} first, as other columns prove")
        elif EITHER in found:
            first.keys.setdefault("types", {})[name] = "VARCHAR"
            first.notes.append(
                f"{name} is kept as text: no row tells whether the day or the month is first;"
                f" say date_format: {{{name}: '%m/%d/%Y'}} or '%d/%m/%Y' instead"
            )
