"""Times as preparation keeps them: timestamps in UTC without a zone, to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from mdlc.core.errors import SpecError


def naive(table: Any, column: str, *, where: str) -> Any:
    """Return a column as UTC timestamps without a zone.

    Raises:
        SpecError: the column is not a time.
    """
    kind = table[column].type()
    if not (kind.is_timestamp() or kind.is_date()):
        hint = f"derive it, such as to_timestamp({column})"
        if kind.is_string():
            hint = f"derive it, such as strptime({column}, '%Y-%m-%d %H:%M:%S')"
        raise SpecError(f"{column} is {kind}, not a time", where=where, hint=hint)
    return table[column].cast("timestamp(6)")


def in_utc(moment: datetime) -> datetime:
    """Return a moment in UTC without a zone; one without a zone is UTC already."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def literal(moment: datetime) -> Any:
    """Return a moment as an Ibis value of the same type as `naive`."""
    import ibis

    return ibis.timestamp(moment).cast("timestamp(6)")


def interval(length: timedelta) -> Any:
    """Return a duration as an Ibis value."""
    import ibis

    return ibis.interval(microseconds=length // timedelta(microseconds=1))
