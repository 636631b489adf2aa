"""The parts of every alerting rule: labels, hold time, texts for people, a link to the runbook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from mdlc.monitoring.dashboards.build_dashboards import uid_of
from mdlc.monitoring.rules import series_names
from mdlc.monitoring.rules.promql import Rule, Scope, duration, on, quote, rename, within
from mdlc.monitoring.rules.series_names import VERSION_LEVEL

Severity = Literal["info", "warning", "critical"]
Page = Literal["life", "serving", "pipeline"]

SOON = timedelta(minutes=5)
"""How long something must be down before it is reported; a restart takes less."""
MISSED_SCRAPES = 5
AT_ONCE = timedelta()
VALUE = '{{ $value | printf "%.4g" }}'
"""The alert's value in a description. Prometheus' own `humanize` writes 0.4 as 400m."""
LOOKED_UP = '{{ . | first | value | printf "%.4g" }}'
"""The result of a query in a description, in the same format."""


@dataclass(frozen=True)
class AlertRule:
    """One alerting rule without its expression."""

    name: str
    severity: Severity
    summary: str
    description: str
    """A Go template of Prometheus, with $value and $labels."""
    reason: str = ""
    """The reason of spec.retrain.when that it gives."""
    subject: str = ""
    """The label `subject`; set only if the expression has no label of that name."""
    page: Page = "life"
    """The dashboard that shows more."""

    def rule(self, scope: Scope, expr: str, *, hold: timedelta) -> Rule:
        """Return the rule as Prometheus' file has it."""
        labels = {"severity": self.severity, "model": scope.name}
        labels |= {
            key: text for key, text in (("reason", self.reason), ("subject", self.subject)) if text
        }
        found: Rule = {"alert": self.name, "expr": expr}
        if hold:
            found["for"] = duration(hold)
        return found | {
            "labels": labels,
            "annotations": {
                "summary": f"{scope.name}: {self.summary}",
                "description": self.description,
                "runbook_url": f"{scope.docs_url}/alerts.md#{self.name.lower()}",
                "dashboard": f"/d/{uid_of(scope.lifecycle, page=self.page)}",
            },
        }

    def firing(self, scope: Scope) -> str:
        """Select this rule's own alerts that fired at the previous evaluation."""
        matchers = (
            f"alertname={quote(self.name)}",
            'alertstate="firing"',
            f"severity={quote(self.severity)}",
            f"reason={quote(self.reason)}",
        )
        return scope.select("ALERTS", *matchers)


def serving(scope: Scope, expr: str) -> str:
    """Restrict `expr` to the version that serves."""
    return f"({expr})\nand {on(VERSION_LEVEL)} {scope.select(series_names.SERVING)}"


@dataclass(frozen=True)
class JudgedSignal:
    """A signal, and the condition on it."""

    signal: str
    """A recorded series; it is the alert's value."""
    met: str
    known: str = ""
    """An expression that has the series for which the signal can be judged; "": wherever it is."""
    own: str = ""
    """The label that becomes the subject."""

    @property
    def level(self) -> tuple[str, ...]:
        """The labels that distinguish its alerts."""
        return (*VERSION_LEVEL, "subject") if self.own else VERSION_LEVEL

    def shaped(self, expr: str) -> str:
        """Return `expr` with the labels of the alerts."""
        if not self.own:
            return f"({expr})"
        return f"max by ({', '.join(self.level)}) ({rename(expr, self.own, 'subject')})"


def unless_unknown(alert: AlertRule, *, scope: Scope, judged: JudgedSignal) -> str:
    """Return a condition whose alert keeps firing while there is too little data to judge it.

    While the signal is unknown, an alert that fires is judged by the signal's last known value.
    """
    before = judged.shaped(f"last_over_time({judged.signal}{within(scope.monitor.window)})")
    stands = f"{before} and {on(judged.level)} {alert.firing(scope)}"
    known = judged.shaped(judged.known or judged.signal)
    return serving(
        scope, f"{judged.shaped(judged.met)}\nor {stands} unless {on(judged.level)} {known}"
    )


def soon(scope: Scope) -> timedelta:
    """Return how long something must be down before it is reported: SOON, or a shorter hold.

    It is at least a few scrapes, because one late scrape is no outage.
    """
    return max(min(SOON, scope.monitor.hold), MISSED_SCRAPES * scope.monitor.scrape)
