"""Decides a column's type by how often each class of cell occurs in all of its rows.

The rule: no cell may lose information. So a column is a number only if each of its cells is a
number that the type keeps. If another reading was possible, `about` says what was done, and what to
write in the file for the other reading. `order` is for dates only: whether day or month comes first
is shown by a row, or the user is asked for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mdlc.components.collection.columns import cell_classes as c

TIMES = {c.DATE, c.TIME, c.ZONED, c.FINE, c.ZONED_FINE}
YEAR_LAST = {c.DAY_FIRST, c.MONTH_FIRST, c.EITHER, c.SAME}
HALF = 0.5
"""Share of numbers, or of dates, from which a remark says that other cells make a column text."""
SOME = 0.1
"""Up to this share of the values, those with a power of ten are taken for numbers."""
Kind = Literal["text", "number", "rounded", "date", "missing"]


@dataclass(frozen=True)
class ColumnVerdict:
    """The type of a column, and the remark on it."""

    type: str
    """SQL's type; "" for a date whose format the rows must show (`order` says which is first)."""
    kind: Kind | None = None
    """What the remark is about; None: there is no remark."""
    message: str = ""
    """With {shown} where values of the classes `shown` are named."""
    hint: str = ""
    """With {keys} for the source's place in the file, and {column}."""
    shown: frozenset[str] = frozenset()
    order: Literal["day", "month", "ask", ""] = ""


TEXT = ColumnVerdict("VARCHAR")
AS_NUMBER = "{keys}.types: {{{column}: DOUBLE}} makes it a number"
AS_TIME = "{keys}.types: {{{column}: TIME}} makes it a time, to derive from"
AS_DATE = "say {keys}.date_format: {{{column}: '%d-%b-%Y'}}, with the format that it has"
AS_SHORT_DATE = "say {keys}.date_format: {{{column}: '%m/%d/%y'}}, with the format that it has"
AS_COMPACT_DATE = "if so, say {keys}.date_format: {{{column}: '%Y%m%d'}}"
AS_TEXT = "{keys}.types: {{{column}: VARCHAR}} keeps the text"
SAY_NULLS = "list what means missing in {keys}.nulls, or say the column's type in {keys}.types"


def decide(counts: dict[str, int]) -> ColumnVerdict:
    """Return the verdict on a column with these classes (class -> rows, NULL left out)."""
    rows = sum(counts.values())
    if not rows:
        return ColumnVerdict(
            "VARCHAR", "text", "every row is empty", "leave it out, or look at its rows"
        )
    if counts.keys() == {c.COMPACT}:
        message = "its numbers, such as {shown}, may be dates"
        return ColumnVerdict("BIGINT", "number", message, AS_COMPACT_DATE, frozenset({c.COMPACT}))
    for name, usual in ((c.COMPACT, c.INTEGER), (c.PADDED, c.DECIMAL)):
        if name in counts:
            counts = _merged(counts, name, into=usual)
    for rule in (_numbers, _times, _year_last, _whole, _codes):
        found = rule(counts)
        if found is not None:
            return found
    return _nearly(counts) or TEXT


def _text(message: str, hint: str, *shown: str) -> ColumnVerdict:
    return ColumnVerdict("VARCHAR", "text", message, hint, frozenset(shown))


def _numbers(counts: dict[str, int]) -> ColumnVerdict | None:
    rows = sum(counts.values())
    powers = counts.get(c.POWER, 0)
    if powers and c.DECIMAL in counts and powers <= SOME * rows:
        # R writes 1000 as 1e3 if that is shorter: among numbers with a point it is a number.
        rest = {name: count for name, count in counts.items() if name != c.POWER}
        if (_numbers(rest) or TEXT).type == "DOUBLE":
            message = f"{powers:,} of {rows:,} values, such as {{shown}}, are read as powers of ten"
            return ColumnVerdict("DOUBLE", "number", message, AS_TEXT, frozenset({c.POWER}))
    signed = {c.PLUS} if counts.keys() - {c.PLUS} else set()
    if counts.keys() <= {c.INTEGER, c.WIDE} | signed:
        if c.WIDE not in counts:
            return ColumnVerdict("BIGINT")
        message = "a model rounds some of its numbers, such as {shown}, which have over 15 digits"
        hint = "if they name things, list {column} in spec.data.identifiers"
        return ColumnVerdict("BIGINT", "rounded", message, hint, frozenset({c.WIDE}))
    plain = {c.INTEGER, c.DECIMAL, c.LONG}
    if not counts.keys() <= c.NUMBERS | signed or not counts.keys() & plain:
        return None
    if c.WIDE in counts:
        message = "it is kept as text, as a double would round whole numbers such as {shown}"
        return _text(message, "{keys}.types: {{{column}: 'DECIMAL(38, 9)'}} keeps them", c.WIDE)
    made = ColumnVerdict("DOUBLE")
    if c.LONG in counts:
        message = (
            f"{counts[c.LONG]:,} of {rows:,} numbers, such as {{shown}}, are rounded to a double"
        )
        made = ColumnVerdict("DOUBLE", "rounded", message, AS_TEXT, frozenset({c.LONG}))
    elif c.NAN in counts:
        message = f"{counts[c.NAN]:,} of {rows:,} cells say {{shown}}, where nan is missing"
        made = ColumnVerdict("DOUBLE", "missing", message, AS_TEXT, frozenset({c.NAN}))
    return made


def _times(counts: dict[str, int]) -> ColumnVerdict | None:
    if not counts.keys() <= TIMES:
        return None
    zoned = counts.keys() & {c.ZONED, c.ZONED_FINE}
    kind = "TIMESTAMPTZ" if zoned else "DATE" if counts.keys() == {c.DATE} else "TIMESTAMP"
    fine = counts.keys() & {c.FINE, c.ZONED_FINE}
    if zoned and counts.keys() - zoned:
        message = "some times have a zone, and others, such as {shown}, are taken as UTC"
        return ColumnVerdict(kind, "date", message, AS_TEXT, frozenset(counts.keys() - zoned))
    if fine:
        message = "times such as {shown} are kept to the microsecond"
        return ColumnVerdict(kind, "date", message, AS_TEXT, frozenset(fine))
    return ColumnVerdict(kind)


def _year_last(counts: dict[str, int]) -> ColumnVerdict | None:
    if not counts.keys() <= YEAR_LAST:
        return None
    day, month = c.DAY_FIRST in counts, c.MONTH_FIRST in counts
    if day and month:
        message = "it is kept as text: some dates have the day first and some the month ({shown})"
        return _text(message, "repair the rows, or derive it", c.DAY_FIRST, c.MONTH_FIRST)
    if day or month:
        first = "day" if day else "month"
        message = f"a date with the {first} first, as {{shown}} proves"
        proof = frozenset({c.DAY_FIRST if day else c.MONTH_FIRST})
        return ColumnVerdict("", "date", message, AS_TEXT, proof, "day" if day else "month")
    if c.EITHER not in counts:  # 02/02/2024 in every row
        return ColumnVerdict("", order="day")
    message = "dates such as {shown} can have the day first or the month, and no row tells which"
    hint = "say {keys}.date_format: {{{column}: {formats}}}"
    return ColumnVerdict("", "date", message, hint, frozenset({c.EITHER}), "ask")


def _whole(counts: dict[str, int]) -> ColumnVerdict | None:
    """Recognize whole numbers that are kept as text, and what looks like one and may be a code."""
    found = counts.keys()
    if c.BIG in found and found <= {*c.WHOLE, c.DECIMAL}:
        message = "it is kept as text, as no number of 64 bits keeps {shown}"
        hint = "{keys}.types: {{{column}: HUGEINT}} makes it a whole number of up to 38 digits"
        return _text(message, hint, c.BIG)
    for name, classes, why in (
        (c.ZEROS, c.WHOLE, "for its leading zeros, as in {shown}"),
        (c.PLUS, {c.PLUS}, "for its plus signs, as in {shown}"),
        (c.POWER, {c.POWER, *c.WHOLE, *c.NUMBERS}, "as {shown} may be a code and no power of ten"),
        (c.HEX, {c.HEX, *c.WHOLE}, "as {shown} may be a code and no number"),
    ):
        if name in found and found <= classes:
            hint = "derive a number from it if it is one" if name == c.HEX else AS_NUMBER
            return _text(f"it is kept as text, {why}", hint, name)
    return None


def _codes(counts: dict[str, int]) -> ColumnVerdict | None:
    """Recognize a time of day, a comma, a unit and a date that are kept as text."""
    found = counts.keys()
    numbers = {*c.WHOLE, *c.NUMBERS}
    rules: tuple[tuple[str, set[str], str, str], ...] = (
        (c.CLOCK, set(), "the time of day {shown} is kept as text", AS_TIME),
        (
            c.COMMA,
            {*numbers, c.GROUPED},
            "it is kept as text: the mark in {shown} may be a decimal mark or one of thousands",
            "say {keys}.decimal: ',' or {keys}.thousands: ','",
        ),
        (
            c.UNIT,
            {*numbers, c.COMMA},
            "it is kept as text, for the unit in {shown}",
            "derive a number, such as CAST(regexp_replace({column}, '[^0-9.]', '', 'g') AS DOUBLE)",
        ),
        (c.SHORT_YEAR, set(), "the date {shown} is kept as text", AS_SHORT_DATE),
        (
            c.GROUPED,
            numbers,
            "it is kept as text, though the marks in {shown} may stand between thousands",
            "say {keys}.thousands, with the mark",
        ),
        (c.NAMED_MONTH, set(), "the date {shown} is kept as text", AS_DATE),
    )
    for name, beside, message, hint in rules:
        if name in found and found <= {name, *beside}:
            return _text(message, hint, name)
    return None


def _nearly(counts: dict[str, int]) -> ColumnVerdict | None:
    """Recognize a column of numbers, or dates, that is kept as text because of some other cells."""
    rows = sum(counts.values())
    numbers = c.NUMBERS - {c.NAN} | {c.PLUS}
    if counts.keys() <= TIMES | YEAR_LAST:
        message = "it is kept as text, as its dates are written in several ways, such as {shown}"
        return _text(message, "repair the rows, or derive it", *counts)
    for classes, what in ((numbers, "numbers"), (TIMES, "times"), (YEAR_LAST, "dates")):
        fit = sum(count for name, count in counts.items() if name in classes)
        if fit >= HALF * rows:
            message = f"it is text, though {fit:,} of {rows:,} values are {what}: not {{shown}}"
            return _text(message, SAY_NULLS, *(counts.keys() - classes))
    return None


def decide_padded(shown: list[str]) -> ColumnVerdict:
    """Return the verdict on numbers of which some are spelled in two ways: 1.1 and 1.10."""
    message = f"{' and '.join(shown)} are one number"
    return ColumnVerdict("DOUBLE", "number", message, f"if they are versions, {AS_TEXT}")


def decide_words(counts: dict[str, int]) -> ColumnVerdict:
    """Return the verdict on texts that are texts by their format, such as those of JSON.

    They may be dates, for which the format has no type, but never numbers.
    """
    rows, dated = sum(counts.values()), {k: n for k, n in counts.items() if k in c.DATED}
    other = rows - sum(dated.values())
    if rows and counts.keys() <= c.ANY_NUMBER:
        message = "it is text, as its numbers, such as {shown}, are in quotes"
        return _text(message, AS_NUMBER, *counts)
    return decide({**dated, **({c.OTHER: other} if other else {})})


def decide_numbers(counts: dict[str, int]) -> ColumnVerdict:
    """Return the verdict on numbers that are numbers by their format, so 1e3 is not a code."""
    return decide(_merged(counts, c.POWER, into=c.DECIMAL) if c.POWER in counts else counts)


def _merged(counts: dict[str, int], one: str, *, into: str) -> dict[str, int]:
    rest = {name: count for name, count in counts.items() if name != one}
    return {**rest, into: rest.get(into, 0) + counts[one]}
