"""Alerts on the loop itself: what the trigger did, could not do, or is not there to do."""

from __future__ import annotations

from datetime import timedelta

from mdlc.monitoring.rules.alert_rule import AT_ONCE, SOON, VALUE, AlertRule
from mdlc.monitoring.rules.promql import Rule, Scope, number

TOLD = timedelta(hours=1)
"""How long it is told that a retraining ended."""


def rules(scope: Scope) -> list[Rule]:
    """Return the rules that the file's way of retraining and of promoting calls for."""
    retrain = scope.lifecycle.spec.retrain
    found = [_ended(scope), _failing(scope)]
    if scope.lifecycle.spec.deploy.canary is not None:
        found.append(_rolled_back(scope))
    if retrain.when and retrain.max_per_month:
        found += [_down(scope), _spent(scope, "runs", "mdlc_retraining_runs_left", 1)]
    if retrain.when and retrain.money_per_month is not None:
        least = retrain.cost_per_run
        found.append(_spent(scope, "money", "mdlc_retraining_money_left", least))
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
    last = scope.select("mdlc_retraining_last_timestamp_seconds")
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
    failures = scope.select("mdlc_retraining_failures_in_a_row")
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
    rolled_back = f"increase({scope.select('mdlc_canary_rollbacks_total')}[1h])"
    return alert.rule(scope, f"max by (model) ({rolled_back}) > 0", hold=AT_ONCE)


def _down(scope: Scope) -> Rule:
    left = scope.select("mdlc_retraining_runs_left")
    alert = AlertRule(
        name="TriggerDown",
        severity="warning",
        page="pipeline",
        summary="no trigger answers: alerts start no retraining",
        description=f"No target shows {left}.",
    )
    # Its metrics are read less often than the predictor's: no shorter hold.
    return alert.rule(scope, f"absent({left})", hold=SOON)
