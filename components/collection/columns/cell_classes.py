"""The class of a cell: which kind of value its text is, as SQL that DuckDB computes for each row.

A class says more than a type: `007`, `5E2` and `10.4.11` are not numbers, though an engine would
cast them; `09/01/2022` is a date that two countries read differently. `decide` chooses a column's
type by how often each class occurs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mdlc.core.engine import quoted

INTEGER, WIDE, BIG, ZEROS, PLUS = "integer", "wide", "big", "zeros", "plus"
"""Whole numbers: as they are; beyond what a double keeps; beyond int64; 007; +49."""
COMPACT = "compact"
"""A whole number that may be a date: 20240131."""
DECIMAL, PADDED, LONG, POWER, NAN = "decimal", "padded", "long", "power", "nan"
"""1.5 and 1e-05; 1.50; with more digits than a double keeps; 5E2; nan and inf."""
DATE, TIME, ZONED, FINE, ZONED_FINE, NO_DATE = (
    "date",
    "time",
    "zoned",
    "fine",
    "zoned_fine",
    "?date",
)
"""Year first; with a time of day; with a zone; finer than a microsecond; 2024-02-30."""
DAY_FIRST, MONTH_FIRST, EITHER, SAME = "day_first", "month_first", "either", "same"
"""31/01/2024; 01/31/2024; 01/02/2024; 02/02/2024."""
SHORT_YEAR, NAMED_MONTH, CLOCK = "short_year", "named_month", "clock"
"""01/02/24; 5-Jan-2024; 08:30."""
COMMA, GROUPED, UNIT, HEX, OTHER = "comma", "grouped", "unit", "hex", "other"
"""1,5 and 1,234 (or 1.5 where the comma is the decimal mark); 1 234 and 1'234; 12 % and $5; 0x1F;
every other text."""

NUMBERS = {INTEGER, COMPACT, WIDE, DECIMAL, PADDED, LONG, NAN}
"""Classes that a column of numbers may have."""
WHOLE = {INTEGER, COMPACT, WIDE, BIG, ZEROS, PLUS}
"""Classes that are whole numbers, some of which may be codes."""
ANY_NUMBER = NUMBERS | WHOLE | {POWER}
"""Classes that a number may have, where it is known to be one."""
DATED = {DATE, TIME, ZONED, FINE, ZONED_FINE, DAY_FIRST, MONTH_FIRST, EITHER, SAME, NO_DATE}
"""Classes that are dates."""

CLOCK_TIME = r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?"
ZONE = r" ?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)"
GAPS = " '_\u00a0\u202f’"
"""Marks that occur in a number only between thousands."""
MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"


@dataclass(frozen=True)
class Numbers:
    """How a source writes numbers."""

    decimal: str = "."
    thousands: str = ""

    @property
    def plain(self) -> bool:
        """Whether the engine reads such numbers without a change."""
        return self.decimal == "." and not self.thousands

    @property
    def pattern(self) -> str:
        """The regular expression of a whole number cell."""
        point = re.escape(self.decimal)
        whole = "[0-9]+"
        if self.thousands:
            whole = f"([0-9]+|[0-9]{{1,3}}({re.escape(self.thousands)}[0-9]{{3}})+)"
        return f"[+-]?({whole}({point}[0-9]*)?|{point}[0-9]+)([eE][+-]?[0-9]+)?"

    def normal(self, text: str) -> str:
        """Return SQL: a number cell's text (SQL `text`) as the engine reads it."""
        made = f"trim({text})"
        if self.thousands:
            made = f"replace({made}, {quoted(self.thousands)}, '')"
        if self.decimal != ".":
            made = f"replace({made}, {quoted(self.decimal)}, '.')"
        return made


def class_of(cell: str, *, numbers: Numbers) -> str:
    """Return SQL that says the class of `cell` (SQL of a text); NULL for NULL."""
    text = f"trim({cell})"
    usual = f"length({cell}) <= 19 AND {_matches(cell, '-?[0-9]{1,15}[.][0-9]+')}"
    return (
        f"CASE WHEN {cell} IS NULL THEN NULL"
        # Letters first: the first character shows most texts; then the common numbers.
        f" WHEN {cell}[1] BETWEEN 'A' AND 'Z' OR {cell}[1] BETWEEN 'a' AND 'z' THEN"
        f" CASE WHEN length({cell}) <= 8 AND {_matches(text, '(?i)(nan|inf|infinity)')}"
        f" THEN '{NAN}' ELSE '{OTHER}' END"
        f" WHEN {usual if numbers.plain else 'false'} THEN"
        f" CASE WHEN {cell}[-1] = '0' AND {cell}[-2] <> '.' THEN '{PADDED}' ELSE '{DECIMAL}' END"
        f" WHEN {cell}[5] = '-' AND {_is_usual_date(cell)} THEN '{DATE}'"
        f" WHEN {cell}[5] = '-' AND {_is_usual_time(cell)} THEN '{TIME}'"
        f" WHEN CAST(TRY_CAST({cell} AS BIGINT) AS VARCHAR) = {cell} THEN {_width(cell)}"
        f" WHEN {_matches(text, numbers.pattern)} THEN {_number(numbers.normal(cell))}"
        f" WHEN {text}[1] BETWEEN '0' AND '9' THEN {_of_digits(text, numbers=numbers)}"
        f" WHEN {text}[1] IN ('$', '€', '£') THEN"
        f" CASE WHEN {_matches(text, '. ?[0-9.,]+')} THEN '{UNIT}' ELSE '{OTHER}' END"
        f" WHEN {text}[1] IN ('-', '+') AND {_matches(text, '[+-][0-9][0-9.,]*,[0-9]+')}"
        f" THEN '{COMMA}'"
        f" WHEN length({text}) <= 9 AND {_matches(text, '(?i)[+-]?(nan|inf|infinity)')}"
        f" THEN '{NAN}' ELSE '{OTHER}' END"
    )


def _is_usual_date(cell: str) -> str:
    return f"length({cell}) = 10 AND {cell}[8] = '-' AND TRY_CAST({cell} AS DATE) IS NOT NULL"


def _is_usual_time(cell: str) -> str:
    """Return SQL that recognizes 2024-01-31 10:30:00 by its marks, in a tenth of the time."""
    marks = f"{cell}[8] || {cell}[14] || {cell}[17] = '-::' AND {cell}[11] IN (' ', 'T')"
    return f"length({cell}) = 19 AND {marks} AND TRY_CAST({cell} AS TIMESTAMP) IS NOT NULL"


def _matches(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, {quoted(pattern)})"


def _width(number: str) -> str:
    """Say whether a double keeps a whole number of int64, as it must if used as a feature."""
    exact = f"CAST(CAST({number} AS DOUBLE) AS HUGEINT) = CAST({number} AS HUGEINT)"
    day = _matches(number, "(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])")
    return (
        f"CASE WHEN length({number}) = 8 AND {day} THEN '{COMPACT}'"
        f" WHEN length({number}) < 16 OR {exact} THEN '{INTEGER}' ELSE '{WIDE}' END"
    )


def _number(text: str) -> str:
    whole = f"CAST(TRY_CAST(split_part({text}, '.', 1) AS HUGEINT) AS HUGEINT)"
    kept = f"CAST(CAST({whole} AS DOUBLE) AS HUGEINT) = {whole}"
    short = f"rtrim(CAST(TRY_CAST({text} AS DOUBLE) AS VARCHAR), '0')"
    return (
        f"CASE WHEN {_matches(text, '[+-]?[0-9]+')} THEN"
        f" CASE WHEN {text}[1] = '+' THEN '{PLUS}'"
        f" WHEN {_matches(text, '-?0[0-9]+')} THEN '{ZEROS}'"
        f" WHEN TRY_CAST({text} AS BIGINT) IS NULL THEN '{BIG}'"
        f" ELSE {_width(text)} END"
        f" WHEN {_matches(text, '[0-9]+[eE][0-9]+')} THEN '{POWER}'"
        f" WHEN NOT isfinite(TRY_CAST({text} AS DOUBLE)) THEN '{OTHER}'"
        f" WHEN {_matches(text, '[+-]?[0-9]{16,}[.][0-9]*')} AND NOT coalesce({kept}, false)"
        f" THEN '{BIG}'"
        f" WHEN length({text}) > 19 AND NOT contains(lower({text}), 'e')"
        f" AND rtrim({text}, '0') <> {short} THEN '{LONG}'"
        f" ELSE '{DECIMAL}' END"
    )


def _of_digits(text: str, *, numbers: Numbers) -> str:
    """Return SQL for a cell that begins with a digit and is not a number."""
    year_first = "[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}"
    year_last = (
        f"[0-9]{{1,2}}[-/.][0-9]{{1,2}}[-/.](19|20|21)[0-9]{{2}}([ T]{CLOCK_TIME}( ?[AaPp][Mm])?)?"
    )
    comma = "[0-9][0-9.,]*,[0-9]+" if numbers.plain else "[0-9][0-9.,]*,[0-9]+|[0-9]+[.][0-9]+"
    return (
        f"CASE WHEN {_matches(text, year_first)} THEN"
        f" CASE WHEN TRY_CAST({text} AS DATE) IS NULL THEN '{NO_DATE}' ELSE '{DATE}' END"
        f" WHEN {_matches(text, f'{year_first}[T ]{CLOCK_TIME}')} THEN"
        f" {_moment(text, 'TIMESTAMP', TIME, FINE)}"
        f" WHEN {_matches(text, f'{year_first}[T ]{CLOCK_TIME}{ZONE}')} THEN"
        f" {_moment(text, 'TIMESTAMPTZ', ZONED, ZONED_FINE)}"
        f" WHEN {_matches(text, year_last)} THEN {_order(text)}"
        f" WHEN {_matches(text, CLOCK_TIME)} THEN '{CLOCK}'"
        f" WHEN {_matches(text, '[0-9]{1,2}[-/][0-9]{1,2}[-/][0-9]{2}')} THEN '{SHORT_YEAR}'"
        f" WHEN {_matches(text, f'(?i)[0-9]{{1,2}}[- ]?({MONTHS})[a-z]*[-, ]*[0-9]{{2,4}}.*')}"
        f" THEN '{NAMED_MONTH}'"
        f" WHEN {_matches(text, comma)} THEN '{COMMA}'"
        f" WHEN {_matches(text, f'[0-9]{{1,3}}([{GAPS}][0-9]{{3}})+([.,][0-9]+)?')}"
        f" THEN '{GROUPED}'"
        f" WHEN {_matches(text, '[0-9.,]+ ?[%€$£]')} THEN '{UNIT}'"
        f" WHEN {_matches(text, '0[xX][0-9A-Fa-f]+')} THEN '{HEX}'"
        f" ELSE '{OTHER}' END"
    )


def _moment(text: str, kind: str, whole: str, fine: str) -> str:
    return (
        f"CASE WHEN TRY_CAST({text} AS {kind}) IS NULL THEN '{NO_DATE}'"
        f" WHEN {_matches(text, '.*[.][0-9]{6}[0-9]*[1-9].*')} THEN '{fine}' ELSE '{whole}' END"
    )


def _order(text: str) -> str:
    """Say which of day and month comes first in a date whose year is last."""
    first, second = (
        f"CAST(regexp_extract({text}, '([0-9]+)[-/.]([0-9]+)', {group}) AS INTEGER)"
        for group in (1, 2)
    )
    return (
        f"CASE WHEN greatest({first}, {second}) > 31 OR least({first}, {second}) < 1"
        f" OR least({first}, {second}) > 12 THEN '{OTHER}'"
        f" WHEN {first} > 12 THEN '{DAY_FIRST}' WHEN {second} > 12 THEN '{MONTH_FIRST}'"
        f" WHEN {first} = {second} THEN '{SAME}' ELSE '{EITHER}' END"
    )
