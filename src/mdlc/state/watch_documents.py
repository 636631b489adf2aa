"""What watching and the trigger write: observations, alerts, verdicts."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from mdlc.core.files import Document


class Baseline(Document):
    """What the serving model promised when it was promoted."""

    version: str
    money_per_decision: float
    log_loss: float | None
    mae: float | None


class DriftSignal(Document):
    """One series against the training profile, over monitor.window."""

    name: str
    """The feature, or __prediction."""
    psi: float | None
    """Population stability index; None with too few predictions."""
    noise: float
    """What the index exceeds by chance once in a thousand windows of this size."""
    predictions: int
    trained: bool = True
    """Whether there are training counts to compare with."""


class CalibrationSignal(Document):
    """One class's share: predicted against observed, on labelled predictions of the window."""

    label: str
    predicted: float
    observed: float
    z: float
    """(observed - predicted) in standard errors."""


class Alert(Document):
    """One alert's state."""

    name: str
    severity: Literal["info", "warning", "critical"]
    state: Literal["pending", "firing", "resolved"]
    since: datetime
    """When the condition began (pending, firing) or ended (resolved)."""
    summary: str
    value: float | None
    bound: float | None
    reason: str = ""
    """The reason of spec.retrain.when that it gives; "" if it starts nothing."""
    subject: str = ""
    """What it is about where several can stand at once: a feature, or what is lacking."""


class Observation(Document):
    """All signals and alerts at one time."""

    time: datetime
    version: str
    predictions: int
    """In the window, of the serving version."""
    labels: int
    label_ratio: float | None
    """Labelled share of the predictions old enough to have a label."""
    accuracy: float | None
    log_loss: float | None
    skill: float | None
    mae: float | None
    money_per_decision: float | None
    calibration: list[CalibrationSignal]
    drift: list[DriftSignal]
    alerts: list[Alert]
    """Those pending, firing, or resolved at this very time."""


class Verdict(Document):
    """What the trigger decided, and why."""

    id: str
    time: datetime
    reasons: list[str]
    decision: Literal["run", "skip", "defer"]
    why: str
    evidence: dict[str, Any]
    rule: str = ""
    """The rule of the policy that decided, such as cooldown or budget."""
    outcome: str = ""
    """Of a run: "" while it runs, then promoted, canary, refused or failed."""
    finished: datetime | None = None
    detail: str = ""
    version: str = ""
    """Of a run that made one: the new version."""
    attempts: int = 0
    """Of a run: how often it was started."""
    owner: str = ""
    """Of a run that goes on: the process that follows it, until `lease`."""
    lease: datetime | None = None
    backend_run: str = ""
    """Of a run on Kubeflow Pipelines: its id there."""
