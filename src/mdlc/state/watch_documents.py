"""The documents of the watch and the ledger: observations, alerts, verdicts."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from mdlc.core.files import Document


class Baseline(Document):
    """The test metrics of the serving version, with which live signals are compared."""

    version: str
    money_per_decision: float
    log_loss: float | None
    mae: float | None


class DriftSignal(Document):
    """Drift of one series from the training profile, over monitor.window."""

    name: str
    """The feature, or __prediction."""
    psi: float | None
    """Population stability index; None with too few predictions."""
    noise: float
    """Without drift, the index exceeds this in one of a thousand windows of this size."""
    predictions: int
    trained: bool = True
    """Whether there are training counts to compare with."""


class CalibrationSignal(Document):
    """A class's predicted and observed share, over labelled predictions of the window."""

    label: str
    predicted: float
    observed: float
    z: float
    """(observed - predicted) in standard errors."""


class Alert(Document):
    """An alert and its state."""

    name: str
    severity: Literal["info", "warning", "critical"]
    state: Literal["pending", "firing", "resolved"]
    since: datetime
    """When the condition began (pending, firing) or ended (resolved)."""
    summary: str
    value: float | None
    bound: float | None
    reason: str = ""
    """The reason of spec.retrain.when that the alert gives; "" if it starts no retraining."""
    subject: str = ""
    """The feature, or the missing kind of data, if several alerts of this name are possible."""


class Observation(Document):
    """All signals and alerts at one time."""

    time: datetime
    version: str
    predictions: int
    """Predictions of the serving version in the window."""
    labels: int
    label_ratio: float | None
    """Labelled share of the predictions that are old enough to have a label."""
    accuracy: float | None
    log_loss: float | None
    skill: float | None
    mae: float | None
    money_per_decision: float | None
    calibration: list[CalibrationSignal]
    drift: list[DriftSignal]
    alerts: list[Alert]
    """Alerts that are pending or firing, or were resolved at this time."""


class Verdict(Document):
    """A decision of the ledger, and for a run its progress and outcome."""

    id: str
    time: datetime
    reasons: list[str]
    decision: Literal["run", "skip", "defer"]
    why: str
    evidence: dict[str, Any]
    rule: str = ""
    """The rule of the policy that led to the decision, such as cooldown or budget."""
    outcome: str = ""
    """Outcome of a run: promoted, canary, refused or failed; "" while it goes on."""
    finished: datetime | None = None
    detail: str = ""
    version: str = ""
    """The new version that a run made; "" if none."""
    attempts: int = 0
    """How often a run was started."""
    owner: str = ""
    """The process that follows a running run until `lease`."""
    lease: datetime | None = None
    backend_run: str = ""
    """The run's id on Kubeflow Pipelines; "" on this machine."""
