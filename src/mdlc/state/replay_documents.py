"""The record of a replay: life.json."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from mdlc.core.files import Document

EventKind = Literal[
    "alert",
    "resolved",
    "trigger",
    "retraining",
    "canary",
    "promotion",
    "canary_rollback",
    "refusal",
    "withdrawal",
    "restoration",
    "failure",
]
"""canary: a version goes on trial, which a promotion or a canary_rollback ends. withdrawal: the
version that serves no longer decides, which a promotion or a restoration ends."""


class ReplayWeek(Document):
    """Seven days of serving, judged by their labels."""

    begins: datetime
    decisions: int
    labels: int
    versions: list[str]
    """Versions that answered, canaries included, in the order of their first answers."""
    accuracy: float | None
    log_loss: float | None
    skill: float | None
    mae: float | None
    observed: dict[str, float]
    """Class -> share of the labels; for regression {"mean": ...}."""
    predicted: dict[str, float]
    """Class -> mean predicted probability; for regression {"mean": ...}."""
    drift: dict[str, float]
    """Series that may alert -> population stability index at the week's end."""
    money: dict[str, float]
    """Policy -> money earned by the week's decisions, before the cost of retraining."""


class ReplayEvent(Document):
    """Something that happened."""

    time: datetime
    kind: EventKind
    title: str
    detail: str = ""
    version: str = ""
    evidence: dict[str, Any] = {}


class PolicyResult(Document):
    """One policy's result over the same time."""

    name: str
    """loop, never, monthly, rule or nothing."""
    title: str
    earned: float
    retrainings: int
    retraining_cost: float
    net: float


class ReplayRecord(Document):
    """What happened between two dates, and what each policy earned."""

    begins: datetime
    ends: datetime
    currency: str
    decisions: int
    labels: int
    failed_requests: int
    weeks: list[ReplayWeek]
    events: list[ReplayEvent]
    policies: list[PolicyResult]
    """Results of the policies; the loop first."""
    seconds: float
    notes: list[str]
