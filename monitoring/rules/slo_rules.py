"""Requests that the server fails or answers late, over the windows of the burn-rate alerts.

Plain rates of raw counters: shares of requests, for which extrapolation cancels out.
"""

from __future__ import annotations

from mdlc.monitoring.rules import series_names
from mdlc.monitoring.rules.promql import Rule, Scope, number, rule

FAULTS = ("internal", "unavailable")
"""Reasons of mdlc_request_errors_total that are the server's own; the others are the caller's."""
PREDICTIONS = 'protocol=~"v1|v2"'
"""Latency is of predictions; nobody waits for the answer to a label."""


def rules(scope: Scope) -> list[Rule]:
    """Return the share of failed and of slow requests over each window."""
    found = []
    for window in series_names.BURN_WINDOWS:
        found += [
            rule(
                series_names.burn("errors", window),
                _share(failed(scope), all_requests(scope), window),
            ),
            rule(series_names.burn("slow", window), _slow(scope, window)),
        ]
    return found


def failed(scope: Scope) -> str:
    """Select the counters of requests that the server failed."""
    return scope.select("mdlc_request_errors_total", f'reason=~"{"|".join(FAULTS)}"')


def all_requests(scope: Scope) -> str:
    """Select the counters of all requests that were answered, in whatever way."""
    return scope.select("mdlc_request_seconds_count")


def predictions(scope: Scope) -> str:
    """Select the counters of requests for predictions."""
    return scope.select("mdlc_request_seconds_count", PREDICTIONS)


def in_time(scope: Scope) -> str:
    """Select the counters of requests for predictions that were answered in time."""
    bound = number(scope.monitor.objectives.latency_seconds)
    # The client writes a whole bound as 1.0; others write 1.
    le = f'le=~"{bound.replace(".", "[.]")}([.]0)?"'
    return scope.select("mdlc_request_seconds_bucket", PREDICTIONS, le)


def _share(part: str, whole: str, window: str) -> str:
    rate_part, rate_whole = (f"sum by (model) (rate({x}[{window}]))" for x in (part, whole))
    return f"({rate_part} or 0 * {rate_whole}) / ({rate_whole} > 0)"


def _slow(scope: Scope, window: str) -> str:
    return f"1 - {_share(in_time(scope), predictions(scope), window)}"
