"""Shares of requests that fail or are answered late, over the windows of the burn-rate alerts.

They are quotients of PromQL rates of raw counters; the extrapolation of `rate` cancels out.
"""

from __future__ import annotations

from mdlc.monitoring.rules import series_names
from mdlc.monitoring.rules.promql import Rule, Scope, number, rule
from mdlc.services import metric_families as metrics

FAULTS = ("internal", "unavailable")
"""Reasons of mdlc_request_errors_total that are the server's fault; others are the caller's."""
PREDICTIONS = 'protocol=~"v1|v2"'
"""Matches requests for predictions; only their latency counts, not that of feedback."""


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
    return scope.select(metrics.REQUEST_ERRORS.series, f'reason=~"{"|".join(FAULTS)}"')


def all_requests(scope: Scope) -> str:
    """Select the counters of all requests that were answered, in whatever way."""
    return scope.select(metrics.REQUEST_SECONDS.count_series)


def predictions(scope: Scope) -> str:
    """Select the counters of requests for predictions."""
    return scope.select(metrics.REQUEST_SECONDS.count_series, PREDICTIONS)


def in_time(scope: Scope) -> str:
    """Select the counters of requests for predictions that were answered in time."""
    bound = number(scope.monitor.objectives.latency_seconds)
    # prometheus_client writes a whole bound as 1.0; other exporters write 1.
    le = f'le=~"{bound.replace(".", "[.]")}([.]0)?"'
    return scope.select(metrics.REQUEST_SECONDS.bucket_series, PREDICTIONS, le)


def _share(part: str, whole: str, window: str) -> str:
    rate_part, rate_whole = (f"sum by (model) (rate({x}[{window}]))" for x in (part, whole))
    return f"({rate_part} or 0 * {rate_whole}) / ({rate_whole} > 0)"


def _slow(scope: Scope, window: str) -> str:
    return f"1 - {_share(in_time(scope), predictions(scope), window)}"
