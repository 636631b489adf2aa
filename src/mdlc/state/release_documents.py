"""Which model serves: serving.json (the pointer), and the lines of the append-only history."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from mdlc.core.files import Document

HistoryKind = Literal["promotion", "canary", "canary_rollback", "rollback"]


class CanaryRelease(Document):
    """A canary: the version that answers a share of the predictions, on trial."""

    version: str
    bundle: str
    """The bundle's folder, relative to the pointer."""
    digest: str
    since: datetime
    promised: float | None
    """Money per decision that its evaluation promised."""
    ratio: float
    """Share of the predictions that it answers."""
    why: str
    """Why evaluation let it pass."""


class Pointer(Document):
    """The pointer: which bundles the predictor loads. Each change replaces it atomically."""

    name: str
    version: str
    bundle: str
    """The bundle's folder, relative to this document."""
    digest: str
    since: datetime
    promised: float | None = None
    """Money per decision that its evaluation promised."""
    canary: CanaryRelease | None = None


class HistoryEntry(Document):
    """One line of history.jsonl: from `time` on, `version` serves, or is on trial (kind canary)."""

    time: datetime
    version: str
    digest: str
    candidate: str
    replaced: str
    """The version that served before. For a canary: the canary that it replaced, if there was one.
    For a canary_rollback: the canary that was dropped, while `version` goes on serving."""
    why: str
    money_per_decision: float | None
    previous: str
    """SHA-256 of the previous line, which reveals a changed or lost line; "" for the first."""
    kind: HistoryKind = "promotion"
    """What happened. Lines of mdlc versions without canaries lack it; all those were promotions."""
