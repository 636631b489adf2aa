"""Times as numbers, for databases: seconds since 1970 in UTC."""

from __future__ import annotations

from datetime import datetime

from mdlc.core.errors import DataError


def seconds(time: datetime) -> float:
    """Return `time` as seconds since 1970.

    Example:
        >>> from datetime import UTC
        >>> seconds(datetime(1970, 1, 2, tzinfo=UTC))
        86400.0

    Raises:
        DataError: it has no time zone.
    """
    if time.tzinfo is None:
        raise DataError(f"time {time.isoformat()} has no zone", hint="give it one, such as UTC")
    return time.timestamp()
