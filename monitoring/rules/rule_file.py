"""Builds the rule file of a lifecycle, as plain data in Prometheus' format."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from mdlc.core.spec import Lifecycle, Monitor
from mdlc.monitoring.rules import (
    alerts_data,
    alerts_drift,
    alerts_quality,
    alerts_retraining,
    alerts_service,
    drift_rules,
    increment_rules,
    quality_rules,
    series_names,
    slo_rules,
    window_rules,
)
from mdlc.monitoring.rules.promql import Rule, Scope, duration

EVALUATIONS = 2000
"""Least number of evaluations in a window, so its borders are exact to a two-thousandth of it."""
SHORTEST, LONGEST = timedelta(seconds=1), timedelta(minutes=4)
"""Bounds of the step; Prometheus drops a series that is recorded less than every 5 minutes."""
OFTEN = timedelta(seconds=30)


def step_of(monitor: Monitor) -> timedelta:
    """Return how often a lifecycle's rules are evaluated, in whole seconds.

    >>> step_of(Monitor(window="7d")), step_of(Monitor(window="1h"))
    (datetime.timedelta(seconds=240), datetime.timedelta(seconds=1))
    """
    whole = timedelta(seconds=monitor.window.total_seconds() // EVALUATIONS)
    return min(max(whole, SHORTEST), LONGEST)


def rule_file(
    lifecycle: Lifecycle, *, step: timedelta | None = None, docs_url: str | None = None
) -> dict[str, Any]:
    """Return {"groups": [...]}: everything that Prometheus computes for this lifecycle.

    Rules that depend on each other are in one group, so they are evaluated in order and at the same
    time.

    Args:
        lifecycle: The lifecycle.
        step: Time between two evaluations; None: `step_of` the file.
        docs_url: Address under which docs/ is published; alerts link to it.
    """
    scope = Scope(lifecycle, step or step_of(lifecycle.spec.monitor), docs_url or "docs")
    signals = [
        *increment_rules.rules(scope),
        *window_rules.rules(scope),
        *drift_rules.rules(scope),
        *quality_rules.rules(scope),
        *alerts_drift.rules(scope),
        *alerts_quality.rules(scope),
        *alerts_data.rules(scope),
    ]
    objectives = [*slo_rules.rules(scope), *alerts_service.objectives(scope)]
    life = [*alerts_service.rules(scope), *alerts_retraining.rules(scope)]
    often = min(max(2 * scope.monitor.scrape, SHORTEST), OFTEN)
    return {
        "groups": [
            _group(scope, "signals", signals, every=scope.step),
            _group(scope, "slo", objectives, every=often),
            _group(scope, "life", life, every=often),
        ]
    }


def _group(scope: Scope, part: str, rules: list[Rule], *, every: timedelta) -> dict[str, Any]:
    return {
        "name": series_names.group(scope.name, part),
        "interval": duration(every),
        "rules": rules,
    }
