"""One type for a column that has several in several Parquet files, if it holds every value."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Protocol, TypeVar

from mdlc.components.collection.readers._base import ReadRequest
from mdlc.core.errors import DataError

WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
UNSIGNED = ("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
FLOATING = {"FLOAT", "DOUBLE"}
DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
MOST_DIGITS, MOST_DECIMALS = 20, 38
"""Of a whole number of 64 bits; of DECIMAL."""
NAIVE = {"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}
ZONED = {"TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"}
EMPTY = '"NULL"'


class NamedPart(Protocol):
    """Some rows of a source, such as a file's."""

    @property
    def name(self) -> str:
        """Its name in messages."""


P = TypeVar("P", bound=NamedPart)


def unified(
    name: str, kinds: Mapping[P, str], *, rounded: Collection[P], request: ReadRequest
) -> str:
    """Return the type that holds a column's values of all parts.

    `rounded` are the parts with a value that a double does not keep.

    Raises:
        DataError: there is none; names the first part with another type, and both.
    """
    given = {part: kind for part, kind in kinds.items() if kind != EMPTY}
    types = list(dict.fromkeys(given.values()))
    if len(types) <= 1:
        return types[0] if types else EMPTY
    found = _common(types)
    if found in FLOATING and any(part in rounded for part in given):
        raise _refusal(name, given, request=request, why="a double would round it")
    if not found:
        if not request.keeps(name):
            return "VARCHAR"
        raise _refusal(name, given, request=request, why="no type holds both")
    return found


def _common(types: list[str]) -> str:
    """Return the type of the first family that all types belong to; "" if there is none."""
    kinds = set(types)
    integers = {*WHOLE, *UNSIGNED}
    exact = all(kind in integers or DECIMAL.fullmatch(kind) for kind in kinds)
    families: list[tuple[bool, Callable[[], str]]] = [
        (kinds <= set(UNSIGNED), lambda: max(kinds, key=UNSIGNED.index)),
        (kinds <= integers, lambda: _whole(kinds)),
        (exact, lambda: _decimal(kinds)),
        (all(k in integers | FLOATING or DECIMAL.fullmatch(k) for k in kinds), lambda: "DOUBLE"),
        (kinds <= NAIVE, lambda: "TIMESTAMP"),
        (kinds <= ZONED, lambda: "TIMESTAMP WITH TIME ZONE"),
        (all(k == "VARCHAR" or k.startswith("ENUM(") for k in kinds), lambda: "VARCHAR"),
    ]
    return next((made() for fits, made in families if fits), "")


def _whole(kinds: set[str]) -> str:
    """Return the type of whole numbers with a sign; one without a sign needs the next larger."""
    sizes = [WHOLE.index(k) if k in WHOLE else UNSIGNED.index(k) + 1 for k in kinds]
    return WHOLE[max(sizes)]


def _decimal(kinds: set[str]) -> str:
    sizes = [found for kind in kinds if (found := DECIMAL.fullmatch(kind))]
    scale = max(int(found.group(2)) for found in sizes)
    whole = max(int(found.group(1)) - int(found.group(2)) for found in sizes)
    if len(sizes) < len(kinds):
        whole = max(whole, MOST_DIGITS)
    return f"DECIMAL({whole + scale},{scale})" if whole + scale <= MOST_DECIMALS else ""


def _refusal(name: str, kinds: Mapping[P, str], *, request: ReadRequest, why: str) -> DataError:
    first, one = next(iter(kinds.items()))
    other, two = next((file, kind) for file, kind in kinds.items() if kind != one)
    return DataError(
        f"{name} is {one} in {first.name} and {two} in {other.name}: {why}",
        where=request.where,
        hint=f"write the files alike, or say {request.part('types')}: {{{name}: VARCHAR}}",
    )
