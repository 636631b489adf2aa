"""Formats numbers and dates for people; an unknown value becomes a dash."""

from __future__ import annotations

import math
from datetime import date, datetime

NONE = "–"


def known(value: float | None) -> bool:
    """Whether there is a finite number to show."""
    return value is not None and math.isfinite(value)


def number(value: float | None, *, digits: int = 3) -> str:
    """Write a number with thousands separated and about `digits` significant digits.

    >>> number(1234567), number(0.12345), number(-3.0), number(None), number(float("nan"))
    ('1,234,567', '0.123', '−3', '–', '–')
    """
    if value is None or not math.isfinite(value):
        return NONE
    size = abs(value)
    if size >= 10**digits or value == int(value):
        text = f"{size:,.0f}"
    elif size < 1e-4:
        text = f"{size:.1e}"
    else:
        decimals = max(digits - 1 - math.floor(math.log10(size)), 0)
        text = f"{size:,.{decimals}f}"
        text = text.rstrip("0").rstrip(".") if decimals else text
    return f"−{text}" if value < 0 and text != "0" else text


def percent(value: float | None) -> str:
    """Write a share.

    >>> percent(0.1234), percent(None)
    ('12.3 %', '–')
    """
    if value is None or not math.isfinite(value):
        return NONE
    text = f"{abs(value) * 100:,.1f} %"
    return f"−{text}" if value < 0 and text != "0.0 %" else text


def money(value: float | None, currency: str, *, signed: bool = False) -> str:
    """Write money: whole from 100 on, cents below, more digits below one.

    >>> money(1234.5, "USD"), money(-12.5, "EUR"), money(0.0384, "USD"), money(None, "USD")
    ('1,234 USD', '−12.50 EUR', '0.038 USD', '–')
    """
    if value is None or not math.isfinite(value):
        return NONE
    size = abs(value)
    text = f"{size:,.0f}" if size >= 100 or size == 0 else f"{size:,.{2 if size >= 0.1 else 3}f}"
    sign = "−" if value < 0 else "+" if signed and value > 0 else ""
    return f"{sign}{text} {currency}".strip()


def when(value: date | datetime | None, *, clock: bool = False) -> str:
    """Write a day, with `clock` also hours and minutes.

    >>> when(date(2013, 3, 7)), when(None)
    ('7 Mar 2013', '–')
    """
    if value is None:
        return NONE
    day = f"{value.day} {value:%b %Y}"
    return f"{day} {value:%H:%M}" if clock and isinstance(value, datetime) else day


def seconds(value: float | None) -> str:
    """Write a length of time.

    >>> seconds(0.42), seconds(75), seconds(7260), seconds(None)
    ('0.4 s', '1 min 15 s', '2 h 1 min', '–')
    """
    if value is None or not math.isfinite(value):
        return NONE
    if value < 60:
        return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60:,} h {minutes % 60} min"


def plural(count: int, noun: str) -> str:
    """Write a count with its noun.

    >>> plural(1, "row"), plural(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def joined(words: list[str]) -> str:
    """Write a list as part of a sentence.

    >>> joined(["a", "b", "c"])
    'a, b and c'
    """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
