"""Alerts on the service: objectives, processes down, data lost, secrets, certificates, rules."""

from __future__ import annotations

from datetime import timedelta

from mdlc.monitoring.rules import series_names, slo_rules
from mdlc.monitoring.rules.alert_rule import AT_ONCE, VALUE, AlertRule, Severity, soon
from mdlc.monitoring.rules.increment_rules import OF_STARTED
from mdlc.monitoring.rules.promql import Rule, Scope, number, rename, sum_by
from mdlc.services import metric_families as metrics

# Rates, windows and severities of the Site Reliability Workbook (Google, 2018), chapter 5: at these
# rates 2 %, 5 % and 10 % of the error budget of 30 days are used up within the long window.
BURNS: tuple[tuple[float, str, str, Severity, timedelta], ...] = (
    (14.4, "1h", "5m", "critical", timedelta(minutes=2)),
    (6, "6h", "30m", "critical", timedelta(minutes=15)),
    (1, "3d", "6h", "warning", timedelta(hours=1)),
)
MIN_BAD = 10
"""Fewest failed or slow requests in the long window: one failure of twenty calls is no alert."""
KNOCKS = 10
"""Requests refused for a wrong token in an hour; mistyping gives fewer."""
EXPIRES = timedelta(days=14)
REMEMBERED = "1d"
"""How long a target that showed the model is remembered as one of its replicas."""


def objectives(scope: Scope) -> list[Rule]:
    """Return the burn-rate alerts; they read the shares of the same evaluation."""
    goals = scope.monitor.objectives
    found = []
    for name, kind, promise, what in (
        ("ErrorBudgetBurn", "errors", goals.availability, "fail"),
        ("LatencyBudgetBurn", "slow", goals.latency, f"take over {goals.latency_seconds:g} s"),
    ):
        for rate, long, short, severity, hold in BURNS:
            alert = AlertRule(
                name=name,
                severity=severity,
                subject=long,
                page="serving",
                summary=f"too many requests {what}",
                description=f"{{{{ $value | humanizePercentage }}}} of the requests of {long}"
                f" {what}: {number(rate)} times what {promise:.10g} over 30 days allows, or more.",
            )
            bound = f"{number(rate)} * (1 - {number(promise)})"
            shares = (
                f"{scope.select(series_names.burn(kind, window))} > {bound}"  # type: ignore[arg-type]
                for window in (long, short)
            )
            expr = " and ".join([*shares, f"{_bad(scope, kind, long)} >= {MIN_BAD}"])
            found.append(alert.rule(scope, expr, hold=min(hold, scope.monitor.hold)))
    return found


def _bad(scope: Scope, kind: str, window: str) -> str:
    def count(counter: str) -> str:
        return f"sum by (model) (increase({counter}[{window}]))"

    if kind == "errors":
        return count(slo_rules.failed(scope))
    return f"({count(slo_rules.predictions(scope))} - {count(slo_rules.in_time(scope))})"


def rules(scope: Scope) -> list[Rule]:
    """Return the rules on what is down, lost, refused, and about to expire."""
    return [
        *_down(scope),
        _lost(scope),
        *_knocks(scope),
        _certificate(scope),
        _failing(scope),
    ]


def _down(scope: Scope) -> list[Rule]:
    info = scope.select(metrics.MODEL_INFO.series)
    none = AlertRule(
        name="PredictorDown",
        severity="critical",
        page="serving",
        summary="no predictor answers",
        description=f"No target shows {info}: nothing is predicted and nothing is counted.",
    )
    one = AlertRule(
        name="PredictorDown",
        severity="warning",
        page="serving",
        summary="replica {{ $labels.subject }} does not answer",
        description="Prometheus cannot scrape {{ $labels.subject }}; what it counts is not seen.",
    )
    state = scope.select(series_names.STATE, 'is="last"', OF_STARTED)
    known = f"last_over_time({state}[{REMEMBERED}])"
    replicas = f"max by (instance) (up == 0 and on (job, instance) {known})"
    subject = f"max by (subject) ({rename(replicas, 'instance', 'subject')})"
    return [
        none.rule(scope, f"absent({info})", hold=soon(scope)),
        one.rule(scope, subject, hold=soon(scope)),
    ]


def _lost(scope: Scope) -> Rule:
    alert = AlertRule(
        name="PayloadLost",
        severity="warning",
        page="serving",
        summary="predictions were answered and not logged",
        description=f"{VALUE} predictions of the last hour are in no payload log;"
        " labels for them will be unknown.",
    )
    lost = f"increase({scope.select(metrics.PAYLOAD_LOST.series)}[1h])"
    return alert.rule(scope, f"{sum_by(('model',), lost)} > 0", hold=AT_ONCE)


def _knocks(scope: Scope) -> list[Rule]:
    errors = scope.select(metrics.REQUEST_ERRORS.series, 'reason="unauthorized"')
    trigger = f'{metrics.TRIGGER_REQUESTS.series}{{outcome="unauthorized"}}'
    ours = scope.select(metrics.RETRAINING_RUNS_LEFT.series)
    asked = {
        "predictor": f"increase({errors}[1h])",
        "trigger": f"increase({trigger}[1h]) and on (job, instance) {ours}",
    }
    found = []
    for what, count in asked.items():
        alert = AlertRule(
            name="SecretRejected",
            severity="warning",
            subject=what,
            page="serving" if what == "predictor" else "pipeline",
            summary=f"calls of the {what} with a wrong token keep coming",
            description=f"{VALUE} calls of the {what} within an hour had no"
            f" valid token, bound {KNOCKS}.",
        )
        expr = f"sum({count}) >= {KNOCKS}"
        found.append(alert.rule(scope, expr, hold=AT_ONCE))
    return found


def _certificate(scope: Scope) -> Rule:
    alert = AlertRule(
        name="CertificateExpiring",
        severity="warning",
        page="serving",
        summary="certificate {{ $labels.subject }} expires soon",
        description="It expires in {{ $value | humanizeDuration }}, and was not renewed.",
    )
    # cert-manager's own metric; without cert-manager it is absent and the alert never fires.
    names_of_ours = f'name=~"mdlc.*|(.*-)?{scope.name}(-.*)?"'
    until = f"certmanager_certificate_expiration_timestamp_seconds{{{names_of_ours}}} - time()"
    least = number(EXPIRES.total_seconds())
    subject = f"min by (subject) ({rename(until, 'name', 'subject')})"
    return alert.rule(scope, f"{subject} < {least}", hold=soon(scope))


def _failing(scope: Scope) -> Rule:
    alert = AlertRule(
        name="RulesFailing",
        severity="critical",
        page="serving",
        summary="rules of this model fail: alerts may be missing",
        description=f"{VALUE} evaluations of {{{{ $labels.subject }}}} failed within"
        " an hour; Prometheus' log says why.",
    )
    groups = "|".join(series_names.group(scope.name, part) for part in series_names.GROUPS)
    failures = f'prometheus_rule_evaluation_failures_total{{rule_group=~".*;({groups})"}}'
    by_group = f"increase({failures}[1h])"
    named = f'label_replace({by_group}, "subject", "$1", "rule_group", ".*;(.*)")'
    return alert.rule(scope, f"sum by (subject) ({named}) > 0", hold=AT_ONCE)
