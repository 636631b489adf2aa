"""The time of a request: now or, in a replay, the time in the request's header."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from mdlc.services.refusals import Refusal

HEADER = "x-mdlc-time"


def utc(moment: datetime) -> datetime:
    """Return `moment` in UTC without a zone, as the log stores it; without a zone it is UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def parse(text: object, *, name: str) -> datetime:
    """Read an ISO 8601 time.

    Raises:
        Refusal: `text` is not an ISO 8601 time.
    """
    try:
        return utc(datetime.fromisoformat(str(text)))
    except (ValueError, OverflowError) as error:
        raise Refusal(f"{name}: wanted an ISO 8601 time, got {str(text)[:40]!r}") from error


class Clock:
    """Reads the time of requests; the header counts only if `by_request` is set."""

    def __init__(self, *, by_request: bool = False) -> None:
        self.by_request = by_request

    def now(self, headers: Mapping[str, str] | None) -> datetime:
        """Return the request's time, UTC without a zone.

        Raises:
            Refusal: the header is not a time.
        """
        if self.by_request and headers and HEADER in headers:
            return parse(headers[HEADER], name=HEADER)
        return utc(datetime.now(UTC))


CLOCKS = timedelta(minutes=5)
"""How far a client's clock may be from the server's."""
