"""Which receivers get which alert, how often, and which alerts suppress others.

This is decided here once; `alertmanager_config` and `operator_notifications` write it in their
formats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mdlc.core.spec import Lifecycle
from mdlc.core.spec.monitor import Email, Slack, Webhook

SEVERITIES = ("info", "warning", "critical")
GROUP_BY = ["alertname", "model"]
GROUP_WAIT, GROUP_INTERVAL = "30s", "5m"
# How often a firing alert is sent again. Alertmanager forgets what it sent after 120 h, so less.
REPEAT = {"critical": "4h", "warning": "1d", "info": "4d"}
# The trigger gets alerts again, because a retraining that was deferred may be allowed later.
TRIGGER_REPEAT = "1h"
TRIGGER_PATH = "/v1/alerts"

JUDGED = (
    *("FeatureDrift", "PredictionDrift", "CalibrationOff", "SkillLow", "AccuracyLow", "MoneyLow"),
    *(
        "LabelsLate",
        "FeedbackMissing",
        "NotEnoughData",
        "QualityUnknown",
        "SchemaChanged",
        "DataLate",
    ),
)
"""Alerts about the model's predictions and inputs, not about whether the service answers."""


@dataclass(frozen=True)
class Matcher:
    """A condition on one label."""

    name: str
    value: str
    kind: Literal["=", "=~", "!=", "!~"] = "="

    def __str__(self) -> str:
        return f'{self.name}{self.kind}"{self.value}"'


@dataclass(frozen=True)
class Inhibition:
    """While `source` fires, alerts that match `target` and agree in `equal` are not sent."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]


@dataclass(frozen=True)
class Branch:
    """A route from a model's alerts to a receiver."""

    to: Literal["trigger", "people"]
    matchers: tuple[Matcher, ...]
    repeat: str
    group_by: tuple[str, ...] = tuple(GROUP_BY)
    go_on: bool = False


def _alert(*names: str) -> Matcher:
    if len(names) == 1:
        return Matcher("alertname", names[0])
    return Matcher("alertname", "|".join(names), "=~")


MODEL = Matcher("model", ".+", "=~")
CRITICAL, LESS = Matcher("severity", "critical"), Matcher("severity", "critical", "!=")
INHIBITIONS = (
    # If both bounds are exceeded, only the alert on the higher one is sent.
    *(
        Inhibition(
            (_alert(name), MODEL, Matcher("reason", ".+", "=~")),
            (_alert(name), Matcher("reason", "")),
            ("model", "version", "subject"),
        )
        for name in ("FeatureDrift", "PredictionDrift")
    ),
    # A fast burn rate exceeds the bounds of the slow ones as well; only the fastest is sent.
    *(
        Inhibition(
            (_alert(name), MODEL, CRITICAL),
            (_alert(name), LESS),
            ("model",),
        )
        for name in ("ErrorBudgetBurn", "LatencyBudgetBurn")
    ),
    # While no replica answers, alerts about earlier predictions are not sent and start no
    # retraining. PredictorDown is only a warning, and suppresses nothing, if others still answer.
    Inhibition((_alert("PredictorDown"), MODEL, CRITICAL), (_alert(*JUDGED),), ("model",)),
    Inhibition(
        (_alert("PredictorDown"), MODEL, CRITICAL), (_alert("PredictorDown"), LESS), ("model",)
    ),
    # A broken input also drifts, and a retraining would learn the fault.
    Inhibition(
        (_alert("SchemaChanged"), MODEL, Matcher("subject", ".+", "=~")),
        (_alert("FeatureDrift"),),
        ("model", "subject"),
    ),
    # Without any labels, they are late as well.
    Inhibition((_alert("FeedbackMissing"), MODEL), (_alert("LabelsLate"),), ("model",)),
    Inhibition(
        (_alert("FeedbackMissing"), MODEL),
        (_alert("NotEnoughData"), Matcher("subject", "labels")),
        ("model",),
    ),
    *(
        Inhibition((_alert(name), MODEL), (_alert(target), *more), ("model",))
        for name, target, more in (
            ("FeedbackMissing", "QualityUnknown", ()),
            ("QualityUnknown", "NotEnoughData", (Matcher("subject", "labels"),)),
        )
    ),
    # No rows to predict, so few predictions.
    Inhibition(
        (_alert("DataLate"), MODEL),
        (_alert("NotEnoughData"), Matcher("subject", "predictions")),
        ("model",),
    ),
)


def people(lifecycle: Lifecycle) -> list[Email | Slack | Webhook]:
    """Return the receivers for people of this lifecycle's alerts."""
    notify = lifecycle.spec.monitor.notify
    return [*notify.email, *notify.slack, *notify.webhook]


def branches(lifecycle: Lifecycle, *, trigger: bool) -> list[Branch]:
    """Return the routes of this model's alerts, in the order in which they are tried."""
    found = []
    if trigger:
        # All reasons of a model go in one call, because the trigger decides on them together.
        reason = (Matcher("reason", ".+", "=~"),)
        found.append(Branch("trigger", reason, TRIGGER_REPEAT, ("model",), go_on=True))
    if people(lifecycle):
        lowest = SEVERITIES.index(lifecycle.spec.monitor.notify.severity)
        found += [
            Branch("people", (Matcher("severity", severity),), REPEAT[severity])
            for severity in reversed(SEVERITIES[lowest:])
        ]
    return found
