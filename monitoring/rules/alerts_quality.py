"""Alerts on labelled predictions: calibration, skill, accuracy, money, and the business's goals."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from mdlc.core.spec.business import Goal
from mdlc.monitoring.alert_conditions import MAX_Z, MIN_SHARE, MIN_Z
from mdlc.monitoring.rules import series_names
from mdlc.monitoring.rules.alert_rule import (
    LOOKED_UP,
    VALUE,
    AlertRule,
    JudgedSignal,
    serving,
    unless_unknown,
)
from mdlc.monitoring.rules.promql import Rule, Scope, money_bound, number, on, sum_by
from mdlc.monitoring.rules.series_names import CLASS_LEVEL, JUDGED, LONG, VERSION_LEVEL
from mdlc.monitoring.rules.window_rules import total
from mdlc.services import metric_families as metrics

CLASS, VERSION = on(CLASS_LEVEL), on(VERSION_LEVEL)
OF_VERSION = "Version {{ $labels.version }}"
LIVE_GOALS = {
    "money_per_decision": series_names.of_model("money:mean", LONG),
    "money_per_year": series_names.of_model("money:mean", LONG),
    "accuracy": series_names.of_model("accuracy:ratio", LONG),
    "log_loss": series_names.of_version("log_loss:mean", LONG),
    "mae": series_names.of_version("mae:mean", LONG),
    "rmse": series_names.of_version("rmse:mean", LONG),
}
"""Metric of a goal -> the signal while the model serves. AUC needs rows, so it has no signal."""


def rules(scope: Scope) -> list[Rule]:
    """Return the rules; AccuracyLow and MilestoneMissed only where the file asks for them."""
    found = [_calibration(scope), _skill(scope)]
    if scope.lifecycle.spec.business.payoff is not None:
        found.append(_money(scope))
    if scope.monitor.quality.min_accuracy is not None:
        found.append(_accuracy(scope, scope.monitor.quality.min_accuracy))
    goals = scope.lifecycle.spec.business.goals
    return found + [_milestone(scope, goal) for goal in goals if goal.metric in LIVE_GOALS]


def _calibration(scope: Scope) -> Rule:
    bound = number(scope.monitor.quality.calibration)
    alert = AlertRule(
        name="CalibrationOff",
        severity="warning",
        reason="calibration",
        summary="class {{ $labels.subject }} comes more or less often than predicted",
        description=f"{OF_VERSION}: the observed share of class {{{{ $labels.subject }}}} is"
        f" {{{{ $value | humanizePercentage }}}} off the predicted one, bound {bound}, and more"
        f" than {number(MAX_Z)} standard errors.",
    )
    off = scope.select(series_names.of_class("calibration:off", JUDGED))
    z = scope.select(series_names.of_class("calibration:z", JUDGED))
    labels = f"{VERSION} group_left () {total(scope, 'labels', JUDGED)}"
    # A rarer class is not judged: its ratio moves by a lot while little is at stake.
    common = " or ".join(
        f"{total(scope, f'class_{what}', JUDGED)} / {labels} >= {number(MIN_SHARE)}"
        for what in ("observed", "predicted")
    )
    known = f"{off} and {CLASS} ({common})"
    met = f"{off} > {bound} and {CLASS} abs({z}) > {number(MAX_Z)} and {CLASS} ({common})"
    expr = unless_unknown(
        alert, scope=scope, judged=JudgedSignal(met=met, signal=off, known=known, own="class")
    )
    return alert.rule(scope, expr, hold=scope.monitor.hold)


def _skill(scope: Scope) -> Rule:
    bound = number(scope.monitor.quality.min_skill)
    alert = AlertRule(
        name="SkillLow",
        severity="critical",
        reason="skill",
        summary="the scores say too little more than the classes' shares do",
        description=f"{OF_VERSION}: skill is {VALUE}, at least {bound}.",
    )
    skill = scope.select(series_names.of_version("skill:ratio", JUDGED))
    expr = unless_unknown(
        alert, scope=scope, judged=JudgedSignal(met=f"{skill} < {bound}", signal=skill)
    )
    return alert.rule(scope, expr, hold=scope.monitor.hold)


def _accuracy(scope: Scope, least: float) -> Rule:
    bound = number(least)
    alert = AlertRule(
        name="AccuracyLow",
        severity="critical",
        reason="accuracy",
        summary="the likeliest class is the true one too rarely",
        description=f"{OF_VERSION}: accuracy is {{{{ $value | humanizePercentage }}}},"
        f" at least {bound}.",
    )
    accuracy = scope.select(series_names.of_version("accuracy:ratio", JUDGED))
    expr = unless_unknown(
        alert, scope=scope, judged=JudgedSignal(met=f"{accuracy} < {bound}", signal=accuracy)
    )
    return alert.rule(scope, expr, hold=scope.monitor.hold)


def _money(scope: Scope) -> Rule:
    currency = scope.lifecycle.spec.business.currency
    bound = _money_bound(scope)
    version = _money_bound(scope, "version=%q")
    looked_up = (
        f"{{{{ with printf `{version}` $labels.version $labels.version | query }}}}"
        f"{LOOKED_UP}{{{{ end }}}}"
    )
    alert = AlertRule(
        name="MoneyLow",
        severity="critical",
        reason="money",
        summary="decisions earn less than was promised at promotion",
        description=f"{OF_VERSION}: {VALUE} {currency} per decision,"
        f" at least {looked_up}, by more than {number(MIN_Z)} standard errors.",
    )
    mean = scope.select(series_names.of_version("money:mean", JUDGED))
    error = scope.select(series_names.of_version("money:error", JUDGED))
    # A predictor that counts no squares has no error: nothing is then left out.
    noise = f"{mean} + {number(MIN_Z)} * {error} >= {VERSION} ({bound})"
    met = f"{mean} < {VERSION} ({bound}) unless {VERSION} {noise}"
    known = f"{mean} and {VERSION} ({bound})"
    expr = unless_unknown(
        alert, scope=scope, judged=JudgedSignal(met=met, signal=mean, known=known)
    )
    return alert.rule(scope, expr, hold=scope.monitor.hold)


def _money_bound(scope: Scope, *matchers: str) -> str:
    """Return the expression of the money per decision that each version must earn at least."""
    gauge = scope.select(metrics.PROMISED_MONEY_PER_DECISION.series, *matchers)
    promised = f"max by ({', '.join(VERSION_LEVEL)}) ({gauge})"
    return money_bound(promised, ratio=scope.monitor.quality.money_ratio)


def _milestone(scope: Scope, goal: Goal) -> Rule:
    business = scope.lifecycle.spec.business
    value = scope.select(LIVE_GOALS[goal.metric])
    if LIVE_GOALS[goal.metric].startswith("model_version:"):
        value = sum_by(("model",), serving(scope, value))
    if goal.metric == "money_per_year":
        value = f"{value} * {number(business.decisions_per_year or 0)}"
    compares, bound = ("<", goal.at_least) if goal.at_most is None else (">", goal.at_most)
    assert bound is not None  # noqa: S101 - a goal has exactly one bound
    after = datetime.combine(goal.by + timedelta(days=1), time(), UTC)
    words = "at least" if goal.at_most is None else "at most"
    alert = AlertRule(
        name="MilestoneMissed",
        severity="warning",
        subject=f"{goal.metric} by {goal.by}",
        summary=f"the goal {goal.metric}, {words} {number(bound)} by {goal.by}, is missed",
        description=f"{goal.metric} of the long window is {VALUE},"
        f" {words} {number(bound)} was to be reached by {goal.by}.",
    )
    passed = f"vector(time()) >= {number(after.timestamp())}"
    return alert.rule(
        scope, f"{value} {compares} {number(bound)} and on () {passed}", hold=scope.monitor.hold
    )
