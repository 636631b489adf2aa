"""Predictions that were answered but not written yet, because the payload log is away.

They wait in memory, so they are limited in rows and, because a row may contain an image or many
texts, in bytes. Rows that do not fit are lost; their number is returned, to be counted and logged.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]
ROW_BYTES = 1000
"""Memory of a row in addition to its features: the dictionary, the id, scores and times."""


class WaitingRows:
    """Rows by id, in the order in which they came.

    Example:
        >>> waiting = WaitingRows(most_rows=1, most_bytes=10_000)
        >>> waiting.keep([{"id": "a", "features": {}}, {"id": "b", "features": {}}])
        1
        >>> "a" in waiting, "b" in waiting
        (True, False)
    """

    def __init__(self, *, most_rows: int, most_bytes: int) -> None:
        self._most_rows = most_rows
        self._most_bytes = most_bytes
        self._rows: dict[str, Row] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, identifier: object) -> bool:
        return identifier in self._rows

    def rows(self) -> list[Row]:
        """Return all rows, the oldest first."""
        return list(self._rows.values())

    def keep(self, rows: Sequence[Row]) -> int:
        """Keep the rows that fit; return how many are lost."""
        for place, row in enumerate(rows):
            size = row_bytes(row)
            if len(self._rows) >= self._most_rows or self._bytes + size > self._most_bytes:
                return len(rows) - place
            self._rows[row["id"]] = row
            self._bytes += size
        return 0

    def clear(self) -> None:
        """Forget all rows."""
        self._rows.clear()
        self._bytes = 0


def row_bytes(row: Row) -> int:
    """Return roughly how many bytes of memory a row takes."""
    size = ROW_BYTES
    for value in row["features"].values():
        size += sys.getsizeof(value)
        if isinstance(value, list):  # an image: all its numbers are objects of the same size
            size += len(value) * sys.getsizeof(value[0]) if value else 0
    return size
