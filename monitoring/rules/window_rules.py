"""Sums over the windows, which version serves and which has settled, and the training counts."""

from __future__ import annotations

from datetime import timedelta

from mdlc.monitoring.rules import series_names
from mdlc.monitoring.rules.increment_rules import increments
from mdlc.monitoring.rules.promql import (
    Rule,
    Scope,
    duration,
    offset,
    on,
    rule,
    sum_by,
    within,
    zero_where_absent,
)
from mdlc.monitoring.rules.series_names import BIN_LEVEL, LONG, VERSION_LEVEL, WINDOWS, Window

SUMMED = ("predictions", "labels")
"""What is also summed over versions. Money is, too: gained less lost."""


def rules(scope: Scope) -> list[Rule]:
    """Return the rules; they read the increments of the same evaluation."""
    found = [
        _sum(scope, counted, w)
        for w in WINDOWS
        for counted in series_names.LEVELS
        if counted != "rows"
    ]
    found += [
        rule(series_names.SERVING, _serving(scope)),
        rule(series_names.SETTLED, _settled(scope)),
        rule(series_names.REFERENCE, _reference(scope)),
    ]
    for window in WINDOWS:
        rows = _counted(scope, series_names.ROWS, scope.span(window))
        reference = scope.select(series_names.REFERENCE)
        found.append(
            rule(series_names.total(series_names.ROWS, window), zero_where_absent(rows, reference))
        )
        found += [
            rule(
                series_names.of_model(f"{counted}:sum", window),
                sum_by(("model",), scope.select(series_names.total(counted, window))),
            )
            for counted in SUMMED
        ]
    return found


def total(scope: Scope, counted: str, window: Window, *matchers: str) -> str:
    """Select the sum over a window of something counted."""
    return scope.select(series_names.total(counted, window), *matchers)


def due(scope: Scope, window: Window) -> str:
    """Count the predictions of the window that ended labels_within ago, by version.

    Summed anew from increments: the recorded sum of that time is missing where Prometheus was away.
    """
    return _counted(scope, "predictions", scope.span(window), back=scope.monitor.labels_within)


def recent(scope: Scope, counted: str, span: timedelta, *matchers: str) -> str:
    """Sum something counted over a span of its own."""
    rose = f"sum_over_time({increments(scope, counted, *matchers)}{within(span)})"
    return sum_by(series_names.LEVELS[counted], rose)


def _counted(scope: Scope, counted: str, span: timedelta, *, back: timedelta = timedelta()) -> str:
    rose = f"sum_over_time({increments(scope, counted)}{within(span)}{offset(back)})"
    return sum_by(series_names.LEVELS[counted], rose)


def _sum(scope: Scope, counted: str, window: Window) -> Rule:
    return rule(series_names.total(counted, window), _counted(scope, counted, scope.span(window)))


def _serving(scope: Scope) -> str:
    """Return 1 for the version that serves; while no predictor answers, for the one that did.

    Its alerts stand on then: nothing was heard that would resolve them.
    """
    now = scope.select("mdlc_model_info")
    by_version = f"group by ({', '.join(VERSION_LEVEL)})"
    return f"{by_version} ({now}) or ({scope.select(series_names.SERVING)} unless on (model) {now})"


def _settled(scope: Scope) -> str:
    """Return 1 for each version whose counter was there warm_up ago, within what a watch keeps."""
    monitor = scope.monitor
    keep = 2 * monitor.window + max(monitor.labels_within - monitor.warm_up, timedelta())
    state = scope.select(series_names.STATE, 'is="last"', 'of="mdlc_predictions_total"')
    seen = f"last_over_time({state}[{duration(keep)}]{offset(monitor.warm_up)})"
    return f"group by ({', '.join(VERSION_LEVEL)}) ({seen})"


def _reference(scope: Scope) -> str:
    """Return the training counts, which all replicas show alike; as they were, while none answers.

    Kept no longer than the version's predictions are: an old version's series do not pile up.
    """
    kept = scope.select(series_names.REFERENCE)
    known = f"{kept} and {on(VERSION_LEVEL)} {total(scope, 'predictions', LONG)}"
    return (
        f"max by ({', '.join(BIN_LEVEL)}) ({scope.select('mdlc_reference_bin_count')}) or ({known})"
    )
