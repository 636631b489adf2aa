"""Alerts on features and predictions that moved away from the training data."""

from __future__ import annotations

from mdlc.core.profile import PREDICTION
from mdlc.monitoring.rules import series_names
from mdlc.monitoring.rules.alert_rule import (
    LOOKED_UP,
    VALUE,
    AlertRule,
    JudgedSignal,
    unless_unknown,
)
from mdlc.monitoring.rules.promql import Rule, Scope, number, on, quote
from mdlc.monitoring.rules.series_names import FEATURE_LEVEL, SHORT

INDEX = f"the population stability index is {VALUE}, its bound "


def rules(scope: Scope) -> list[Rule]:
    """Return two rules for features and two for the prediction.

    One warns at drift.warn, the other gives a reason to retrain at drift.retrain.
    """
    bounds = scope.monitor.drift
    found = []
    for name, what, only in (
        ("FeatureDrift", "feature {{ $labels.subject }}", watched(scope)),
        ("PredictionDrift", "the predictions", f'feature="{PREDICTION}"'),
    ):
        for bound, reason in ((bounds.warn, ""), (bounds.retrain, "drift")):
            alert = AlertRule(
                name=name,
                severity="warning",
                reason=reason,
                summary=f"{what} moved away from the training data",
                description=f"Of {what}, version {{{{ $labels.version }}}}, {INDEX}"
                f"{_bound_text(scope, bound)} (chance alone, or the file's {number(bound)}).",
            )
            found.append(
                alert.rule(scope, _expr(alert, scope, only, bound), hold=scope.monitor.hold)
            )
    return found


def watched(scope: Scope, *, prediction: bool = False) -> str:
    """Return the matcher of features that may alert; with `prediction`, the prediction as well."""
    ignored = [*scope.monitor.drift.ignore, *scope.lifecycle.spec.data.identifiers]
    ignored += [] if prediction else [PREDICTION]
    return f"feature!~{quote('|'.join(ignored))}"


def _expr(alert: AlertRule, scope: Scope, only: str, bound: float) -> str:
    psi = scope.select(series_names.of_feature("psi:value", SHORT), only)
    noise = scope.select(series_names.of_feature("psi:noise", SHORT), only)
    met = f"{psi} > {on(FEATURE_LEVEL)} clamp_min({noise}, {number(bound)})"
    return unless_unknown(
        alert, scope=scope, judged=JudgedSignal(met=met, signal=psi, own="feature")
    )


def _bound_text(scope: Scope, bound: float) -> str:
    """Return a template that queries the bound, which depends on the number of rows."""
    noise = scope.select(series_names.of_feature("psi:noise", SHORT), "version=%q", "feature=%q")
    query = f"printf `clamp_min({noise}, {number(bound)})` $labels.version $labels.subject | query"
    return f"{{{{ with {query} }}}}{LOOKED_UP}{{{{ end }}}}"
