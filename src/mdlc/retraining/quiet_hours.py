"""When no retraining may start: freezes, and quiet hours in local time of their time zone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from mdlc.core.spec.retrain import Freeze, Quiet

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def in_freeze(time: datetime, freezes: Sequence[Freeze]) -> Freeze | None:
    """Return the freeze that `time` lies in, the one that ends last; start <= time < end.

    A freeze without a zone is in UTC.
    """
    held = [freeze for freeze in freezes if _utc(freeze.start) <= time < _utc(freeze.end)]
    return max(held, key=lambda freeze: _utc(freeze.end), default=None)


def in_quiet_hours(time: datetime, quiet: Sequence[Quiet]) -> Quiet | None:
    """Return the first of the quiet hours that `time` lies in; start <= time < end.

    Local time of the zone decides. So hours that the change to summer time skips are not quiet that
    day, and the hour that comes twice in autumn is quiet twice.
    """
    return next((hours for hours in quiet if _within(time, hours)), None)


def _within(time: datetime, hours: Quiet) -> bool:
    there = time.astimezone(ZoneInfo(hours.zone))
    clock, today = there.time(), WEEKDAYS[there.weekday()] in hours.days
    if hours.start < hours.end:
        return today and hours.start <= clock < hours.end
    # A span past midnight: its evening belongs to today's span, its morning to yesterday's.
    yesterday = WEEKDAYS[(there.date() - timedelta(days=1)).weekday()] in hours.days
    return (today and clock >= hours.start) or (yesterday and clock < hours.end)


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time
