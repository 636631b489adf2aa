"""Alerts on the retraining loop: runs that ended or failed, and a trigger that is down or stuck."""

from __future__ import annotations

from datetime import timedelta

from mdlc.monitoring.rules.alert_rule import AT_ONCE, SOON, VALUE, AlertRule
from mdlc.monitoring.rules.promql import Rule, Scope, number
from mdlc.services import metric_families as metrics

TOLD = timedelta(hours=1)
"""How long the alert stays that a retraining has ended."""


def rules(scope: Scope) -> list[Rule]:
    """Return the rules that apply to the file's settings of retraining and promotion."""
    retrain = scope.lifecycle.spec.retrain
    found = [_ended(scope), _failing(scope)]
    if scope.lifecycle.spec.deploy.canary is not None:
        found.append(_rolled_back(scope))
    if retrain.when and retrain.max_per_month:
        found += [
            _down(scope),
            _spent(scope, "runs", metrics.RETRAINING_RUNS_LEFT.series, 1),
        ]
    if retrain.when and retrain.money_per_month is not None:
        least = retrain.cost_per_run
        found.append(_spent(scope, "money", metrics.RETRAINING_MONEY_LEFT.series, least))
    return found


def _ended(scope: Scope) -> Rule:
    alert = AlertRule(
        name="RetrainingEnded",
        severity="info",
        page="pipeline",
        summary="a retraining ended: {{ $labels.outcome }}",
        description="Outcome {{ $labels.outcome }}, version {{ $labels.version }}, at"
        " {{ $value | humanizeTimestamp }}. Nobody has to do anything.",
    )
    last = scope.select(metrics.RETRAINING_LAST_TIMESTAMP_SECONDS.series)
    newest = f"max by (model, outcome, version) ({last})"
    return alert.rule(scope, f"{newest} > time() - {number(TOLD.total_seconds())}", hold=AT_ONCE)


def _failing(scope: Scope) -> Rule:
    alert = AlertRule(
        name="RetrainingFailing",
        severity="warning",
        page="pipeline",
        summary="retraining fails",
        description=f"The last {VALUE} retrainings failed, each after"
        f" {scope.lifecycle.spec.retrain.attempts} attempts at most; the old version serves on.",
    )
    failures = scope.select(metrics.RETRAINING_FAILURES_IN_A_ROW.series)
    return alert.rule(scope, f"max by (model) ({failures}) > 0", hold=AT_ONCE)


def _spent(scope: Scope, subject: str, metric: str, least: float) -> Rule:
    words = {"runs": "retrainings", "money": scope.lifecycle.spec.business.currency}[subject]
    alert = AlertRule(
        name="RetrainingBudgetSpent",
        severity="warning",
        subject=subject,
        page="pipeline",
        summary="the month's budget for retrainings is spent",
        description=f"{VALUE} {words} are left this month, one run takes"
        f" {number(least)}: whatever alerts, none starts by itself before the next month.",
    )
    left = f"max by (model) ({scope.select(metric)})"
    return alert.rule(scope, f"{left} < {number(least)}", hold=AT_ONCE)


def _rolled_back(scope: Scope) -> Rule:
    alert = AlertRule(
        name="CanaryRolledBack",
        severity="warning",
        page="pipeline",
        summary="a canary was rolled back",
        description=f"{VALUE} canaries were rolled back within an hour; the version"
        " before serves on.",
    )
    rolled_back = f"increase({scope.select(metrics.CANARY_ROLLBACKS.series)}[1h])"
    return alert.rule(scope, f"max by (model) ({rolled_back}) > 0", hold=AT_ONCE)


def _down(scope: Scope) -> Rule:
    left = scope.select(metrics.RETRAINING_RUNS_LEFT.series)
    alert = AlertRule(
        name="TriggerDown",
        severity="warning",
        page="pipeline",
        summary="no trigger answers: alerts start no retraining",
        description=f"No target shows {left}.",
    )
    # The trigger is scraped less often than the predictor, so the hold is not shortened.
    return alert.rule(scope, f"absent({left})", hold=SOON)
