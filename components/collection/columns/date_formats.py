"""Formats of dates in strptime's notation: given by the file, or made from the texts' shapes."""

from __future__ import annotations

import re

from mdlc.core.engine import quoted

ZONE = ("%z", "%Z")
OF_TIME = re.compile(r"%-?[HIMSpfgnTXcrR]")


def formats_of(shapes: list[str], *, first: str) -> list[str]:
    """Return the formats of dates with the year last, whose digits are written as 9.

    `first` is day or month.

    >>> formats_of(["9/9/9", "9.9.9 9:9 PM"], first="month")
    ['%m/%d/%Y', '%m.%d.%Y %I:%M %p']
    """
    return list(dict.fromkeys(_format(shape, first=first) for shape in shapes))


def _format(shape: str, *, first: str) -> str:
    one, two = ("%d", "%m") if first == "day" else ("%m", "%d")
    _, *marks = re.split("9", shape, maxsplit=3)
    half = re.search(r"[AaPp][Mm]", marks[2])
    parts = iter(["%I" if half else "%H", "%M", "%S", "%f"])
    rest = re.sub(r"[AaPp][Mm]", "%p", marks[2])
    return f"{one}{marks[0]}{two}{marks[1]}%Y" + re.sub("9", lambda _: next(parts), rest)


def type_of(formats: list[str]) -> str:
    """Return SQL's type of what the formats read.

    >>> type_of(["%d/%m/%Y"]), type_of(["%d/%m/%Y %H:%M"]), type_of(["%Y-%m-%d %H:%M %z"])
    ('DATE', 'TIMESTAMP', 'TIMESTAMPTZ')
    """
    if any(mark in text for text in formats for mark in ZONE):
        return "TIMESTAMPTZ"
    return "TIMESTAMP" if any(OF_TIME.search(text) for text in formats) else "DATE"


def parsed(text: str, formats: list[str]) -> str:
    """Return SQL: the time that a text (SQL) has in one of the formats; NULL if none fits."""
    listed = ", ".join(map(quoted, formats))
    return f"CAST(try_strptime(trim({text}), [{listed}]) AS {type_of(formats)})"
