"""Rules that sum increments over the windows, and record what the signals are judged by.

That is: which version serves, which versions have settled (have served for monitor.warm_up), and
the training counts.
"""

from __future__ import annotations

from datetime import timedelta

from mdlc.monitoring.rules import series_names
from mdlc.monitoring.rules.increment_rules import increments
from mdlc.monitoring.rules.promql import (
    Rule,
    Scope,
    duration,
    number,
    offset,
    on,
    rule,
    sum_by,
    within,
    zero_where_absent,
)
from mdlc.monitoring.rules.series_names import (
    BIN_LEVEL,
    CLASS_COUNTS,
    JUDGED,
    LONG,
    SHORT,
    VERSION_LEVEL,
    WINDOWS,
    Window,
)
from mdlc.services import metric_families as metrics

SUMMED = ("predictions", "labels")
"""What is also summed over versions. Money is summed too: gains minus losses."""


def rules(scope: Scope) -> list[Rule]:
    """Return the rules; they read the increments of the same evaluation."""
    found = [
        _sum(scope, counted, w)
        for w in WINDOWS
        for counted in series_names.LEVELS
        if counted != "rows"
    ]
    found += [_judged(scope, counted) for counted in (*series_names.COUNTS, *CLASS_COUNTS)]
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
    """Return the expression of the predictions in the window that ended labels_within ago.

    It sums increments, because the sum recorded at that time is missing if Prometheus was away.
    """
    return _counted(scope, "predictions", scope.span(window), back=scope.monitor.labels_within)


def recent(scope: Scope, counted: str, span: timedelta, *matchers: str) -> str:
    """Return the expression that sums something counted over `span`."""
    rose = f"sum_over_time({increments(scope, counted, *matchers)}{within(span)})"
    return sum_by(series_names.LEVELS[counted], rose)


def _counted(scope: Scope, counted: str, span: timedelta, *, back: timedelta = timedelta()) -> str:
    rose = f"sum_over_time({increments(scope, counted)}{within(span)}{offset(back)})"
    return sum_by(series_names.LEVELS[counted], rose)


def _sum(scope: Scope, counted: str, window: Window) -> Rule:
    return rule(series_names.total(counted, window), _counted(scope, counted, scope.span(window)))


def _judged(scope: Scope, counted: str) -> Rule:
    """Return the sum over the window that quality is judged by: the long one if labels are few."""
    short, long = (total(scope, counted, window) for window in WINDOWS)
    labels = total(scope, "labels", SHORT)
    enough = f"{on(VERSION_LEVEL)} {labels} >= {number(scope.monitor.quality.min_labels)}"
    expr = f"({short} and {enough})\nor ({long} unless {enough})"
    return rule(series_names.total(counted, JUDGED), expr)


def _serving(scope: Scope) -> str:
    """Return 1 for the version that serves; while no predictor answers, for the last one.

    So its alerts stay active while nothing is known.
    """
    now = scope.select(metrics.MODEL_INFO.series)
    by_version = f"group by ({', '.join(VERSION_LEVEL)})"
    return f"{by_version} ({now}) or ({scope.select(series_names.SERVING)} unless on (model) {now})"


def _settled(scope: Scope) -> str:
    """Return 1 for each version whose counter existed warm_up ago, as far back as a watch keeps."""
    monitor = scope.monitor
    keep = monitor.reach - monitor.warm_up
    counted = f'of="{metrics.PREDICTIONS.series}"'
    state = scope.select(series_names.STATE, 'is="last"', counted)
    seen = f"last_over_time({state}[{duration(keep)}]{offset(monitor.warm_up)})"
    return f"group by ({', '.join(VERSION_LEVEL)}) ({seen})"


def _reference(scope: Scope) -> str:
    """Return the training counts, the same on all replicas; while none answers, the last known.

    They are kept no longer than the version's predictions, so series of old versions do not pile
    up.
    """
    kept = scope.select(series_names.REFERENCE)
    known = f"{kept} and {on(VERSION_LEVEL)} {total(scope, 'predictions', LONG)}"
    shown = scope.select(metrics.REFERENCE_BIN_COUNT.series)
    return f"max by ({', '.join(BIN_LEVEL)}) ({shown}) or ({known})"
