"""What every section of the file shares: strictness, durations, column names."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
)

from mdlc.core.errors import shortened

BRIEF = reprlib.Repr()
"""Looks at the first parts of a value only: a list of lists may have millions."""
LONGEST_KEY = 80
"""Characters of a key that are shown."""
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

    @classmethod
    def known_keys(cls) -> list[str]:
        """Return the keys that the section may have, as the file writes them."""
        return [field.alias or name for name, field in cls.model_fields.items()]

    @classmethod
    def type_of(cls, key: str) -> Any:
        """Return the annotation of what stands under a key, None for a key that is not known."""
        fields = {field.alias or name: field for name, field in cls.model_fields.items()}
        return fields[key].annotation if key in fields else None


def problem_text(problem: Mapping[str, Any]) -> str:
    """Return one of pydantic's problems in a line: the rule, and the value that breaks it."""
    broken = problem.get("ctx", {}).get("error")
    if problem["type"] == "extra_forbidden":
        return f"unknown key {shortened(str(problem['loc'][-1]), LONGEST_KEY)}"
    if problem["type"] == "missing":
        return "this key is missing"
    if problem["type"] == "value_error":
        return str(broken) if broken else str(problem["msg"])
    value, rule = BRIEF.repr(problem["input"]), str(problem["msg"])
    shown = value if len(value) <= 60 else value[:57] + "..."
    return f"{rule[0].lower()}{rule[1:]}; got {shown}"


def first_problem(error: ValidationError) -> Mapping[str, Any]:
    """Return the problem to say first: an unknown key explains others that are missing."""
    problems = error.errors(include_url=False)
    return next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])


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
