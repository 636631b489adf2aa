"""Who is told of which alert, how often, and which alert makes another one pointless.

Decided once here; `alertmanager_config` and `operator_notifications` write it in their own words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mdlc.core.spec import Lifecycle
from mdlc.core.spec.monitor import Email, Slack, Webhook

SEVERITIES = ("info", "warning", "critical")
GROUP_BY = ["alertname", "model"]
GROUP_WAIT, GROUP_INTERVAL = "30s", "5m"
# An alert that stands is told again. Below Alertmanager's memory of what it told (120 h).
REPEAT = {"critical": "4h", "warning": "1d", "info": "4d"}
# The trigger is asked again: what cooldown, quiet hours or too few labels refused may pass later.
TRIGGER_REPEAT = "1h"
TRIGGER_PATH = "/v1/alerts"

JUDGED = (
    *("FeatureDrift", "PredictionDrift", "CalibrationOff", "SkillLow", "AccuracyLow", "MoneyLow"),
    *("LabelsLate", "FeedbackMissing", "NotEnoughData", "SchemaChanged", "DataLate"),
)
"""Alerts about what the model answers and gets, not about whether it answers."""


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
    """While `source` fires, `target` of the same `equal` labels is told to nobody."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]


@dataclass(frozen=True)
class Branch:
    """One way from a model's alerts to a receiver."""

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
    # Both bounds are passed: the higher one says it all.
    *(
        Inhibition(
            (_alert(name), MODEL, Matcher("reason", ".+", "=~")),
            (_alert(name), Matcher("reason", "")),
            ("model", "version", "subject"),
        )
        for name in ("FeatureDrift", "PredictionDrift")
    ),
    # A budget that burns fast burns slowly too.
    *(
        Inhibition(
            (_alert(name), MODEL, CRITICAL),
            (_alert(name), LESS),
            ("model",),
        )
        for name in ("ErrorBudgetBurn", "LatencyBudgetBurn")
    ),
    # Nobody answers: what was answered before is no news, and no time to learn from it. That one
    # replica of several is away (a warning) says nothing about the others.
    Inhibition((_alert("PredictorDown"), MODEL, CRITICAL), (_alert(*JUDGED),), ("model",)),
    Inhibition(
        (_alert("PredictorDown"), MODEL, CRITICAL), (_alert("PredictorDown"), LESS), ("model",)
    ),
    # A broken input drifts; a retraining would learn the fault.
    Inhibition(
        (_alert("SchemaChanged"), MODEL, Matcher("subject", ".+", "=~")),
        (_alert("FeatureDrift"),),
        ("model", "subject"),
    ),
    # No labels at all are too few, and late.
    Inhibition((_alert("FeedbackMissing"), MODEL), (_alert("LabelsLate"),), ("model",)),
    Inhibition(
        (_alert("FeedbackMissing"), MODEL),
        (_alert("NotEnoughData"), Matcher("subject", "labels")),
        ("model",),
    ),
    # No rows to predict, so few predictions.
    Inhibition(
        (_alert("DataLate"), MODEL),
        (_alert("NotEnoughData"), Matcher("subject", "predictions")),
        ("model",),
    ),
)


def people(lifecycle: Lifecycle) -> list[Email | Slack | Webhook]:
    """Return everyone who is told of this lifecycle's alerts."""
    notify = lifecycle.spec.monitor.notify
    return [*notify.email, *notify.slack, *notify.webhook]


def branches(lifecycle: Lifecycle, *, trigger: bool) -> list[Branch]:
    """Return the ways that this model's alerts go, in the order in which they are tried."""
    found = []
    if trigger:
        # All reasons of a model in one call: the trigger decides on them together.
        reason = (Matcher("reason", ".+", "=~"),)
        found.append(Branch("trigger", reason, TRIGGER_REPEAT, ("model",), go_on=True))
    if people(lifecycle):
        lowest = SEVERITIES.index(lifecycle.spec.monitor.notify.severity)
        found += [
            Branch("people", (Matcher("severity", severity),), REPEAT[severity])
            for severity in reversed(SEVERITIES[lowest:])
        ]
    return found
