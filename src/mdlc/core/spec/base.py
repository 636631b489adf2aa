"""What every section of the file shares: strictness, durations, column names."""

from __future__ import annotations

import re
import reprlib
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema

UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
MAX_CHARACTERS = 100
PART = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")


class RuleError(ValueError):
    """A rule between keys is broken; `at` leads from the section to the key to change."""

    def __init__(self, message: str, *at: str | int) -> None:
        super().__init__(message)
        self.at = at


class SpecSection(BaseModel):
    """A part of the file. Unknown keys are errors, values do not change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def parse_duration(value: Any) -> timedelta:
    """Read "90s", "1h30m", "7d" or "2w" (or seconds as a number).

    >>> parse_duration("1h30m").total_seconds()
    5400.0
    """
    if isinstance(value, timedelta):
        return value
    wrong = ValueError(f"{reprlib.repr(value)} is not a duration such as 90s, 1h30m, 7d or 2w")
    if not _short(value):
        raise wrong
    number = isinstance(value, int | float) and not isinstance(value, bool)
    text = str(value).replace(" ", "")
    parts = [(value, "s")] if number else PART.findall(text)
    if not parts or not (number or "".join(count + unit for count, unit in parts) == text):
        raise wrong
    try:
        # Part by part: a sum of seconds would lose the microseconds of a long duration.
        lengths = [timedelta(seconds=float(count) * UNIT_SECONDS[unit]) for count, unit in parts]
        total = sum(lengths, timedelta())
    except (ValueError, OverflowError) as error:
        raise wrong from error
    if total < timedelta():
        raise wrong
    return total


def _short(value: Any) -> bool:
    """Say whether a value is one that is looked at: a list of lists would be written out first."""
    return isinstance(value, int | float | str) and len(str(value)) <= MAX_CHARACTERS


def format_duration(value: timedelta) -> str:
    """Write a duration as the file would.

    >>> format_duration(timedelta(days=7)), format_duration(timedelta(minutes=90))
    ('7d', '1h30m')
    """
    text = f"{value.days}d" if value.days else ""
    seconds = value.seconds
    for unit, size in (("h", 3600), ("m", 60)):
        count, seconds = divmod(seconds, size)
        text += f"{count}{unit}" if count else ""
    exact = f"{seconds}.{value.microseconds:06d}".rstrip("0").rstrip(".")
    return f"{text}{exact}s" if exact != "0" or not text else text


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": r"^(\d+(\.\d+)?[smhdw])+$", "examples": ["7d", "1h30m"]}
    ),
]
