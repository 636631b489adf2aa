"""Messages and traces of others' errors, without the values of rows that they quote.

Engines and libraries quote what they stumble over: a name, a diagnosis, a whole row. Such a message
ends on a terminal, in a log, in an object's status, and its column may be sensitive, or be made of
one that is. What mdlc itself says (`MdlcError`) is written with that in mind and is left as it is.
"""

from __future__ import annotations

import re
import traceback
from pathlib import Path

from mdlc.core.errors import MdlcError, shortened, without_secrets

QUOTES = "'\"`"
TYPES = """
    BIGINT BIT BLOB BOOLEAN BOOL DATE DECIMAL DOUBLE FLOAT HUGEINT INTEGER INTERVAL INT INT8 INT16
    INT32 INT64 INT128 SMALLINT TIME TIMESTAMP TIMESTAMP_S TIMESTAMP_MS TIMESTAMP_NS TINYINT UBIGINT
    UHUGEINT UINT8 UINT16 UINT32 UINT64 UINTEGER USMALLINT UTINYINT UUID VARCHAR
"""
TARGET = re.compile(
    r"\bto (?:type )?'?(" + "|".join(sorted(TYPES.split(), key=len, reverse=True)) + r")\b"
)
NUMBER = re.compile(r"((?:line|byte|row|record)s?:? )?(?<![A-Za-z_0-9])[-+]?\d[\d.:e+-]*", re.I)
"""A number, and the word before it where that makes it a place instead of a value."""
FILE = re.compile(r"""["'](/[^"'\n]{1,1000})["']""")


def without_values(text: str) -> str:
    """Return a message about a row up to its first value, and the type that was wanted.

    Whatever follows the first quote may be the value: it may hold quotes and line breaks itself.
    Names of files that are there are kept.

    >>> without_values("Could not convert string 'Ann' to INT32")
    "Could not convert string '...' to INT32"
    >>> without_values("Overflow in multiplication of INT32 (99999 * 70000)!")
    'Overflow in multiplication of INT32 (... * ...)!'
    """
    text = FILE.sub(
        lambda found: Path(found[1]).name if Path(found[1]).exists() else found[0], text
    )
    first = min((at for mark in QUOTES if (at := text.find(mark)) >= 0), default=-1)
    if first < 0:
        return _without_numbers(_first(text))
    wanted = TARGET.findall(text[first:])
    head = _without_numbers(" ".join(text[:first].split()))
    return f"{head} '...'" + (f" to {wanted[-1]}" if wanted else "")


def _without_numbers(text: str) -> str:
    """Return a text with numbers left out that are not places such as `line 3`."""
    return NUMBER.sub(lambda found: found[0] if found[1] else "...", text)


def _first(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def described(error: BaseException) -> str:
    """Return the type of an error and what it says, without values unless it is mdlc's own."""
    text = (
        str(error) if isinstance(error, MdlcError) else without_values(without_secrets(str(error)))
    )
    return f"{type(error).__name__}: {shortened(text) or 'no message'}"


def trace(error: BaseException) -> str:
    """Return a traceback with its causes, whose messages have no values."""
    parts: list[str] = []
    seen: set[int] = set()
    here: BaseException | None = error
    while here is not None and id(here) not in seen:
        seen.add(id(here))
        frames = "".join(traceback.format_tb(here.__traceback__))
        parts.append(f"Traceback (most recent call last):\n{frames}{described(here)}\n")
        here = here.__cause__ or (None if here.__suppress_context__ else here.__context__)
    return "\nwhich led to\n\n".join(reversed(parts))
