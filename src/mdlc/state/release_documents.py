"""Which model serves: serving.json, and the append-only history."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from mdlc.core.files import Document

HistoryKind = Literal["promotion", "canary", "canary_rollback", "rollback", "withdrawal"]


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
    """Why it is to be promoted."""


class Pointer(Document):
    """What the predictor loads. Rewritten atomically at each promotion or rollback."""

    name: str
    version: str
    bundle: str
    """The bundle's folder, relative to this document."""
    digest: str
    since: datetime
    promised: float | None = None
    """Money per decision that its evaluation promised."""
    canary: CanaryRelease | None = None
    instead: str = ""
    """The action that is taken whatever the model says, since it earned less than that; "": its
    own."""


class HistoryEntry(Document):
    """One line of history.jsonl: from `time` on, `version` serves; of a canary, it is on trial."""

    time: datetime
    version: str
    digest: str
    candidate: str
    replaced: str
    """The version that served before. canary: the canary before it, if one stood;
    canary_rollback: the canary that was dropped, while `version` goes on serving; withdrawal: "",
    as `version` goes on answering scores, and no longer decides."""
    why: str
    money_per_decision: float | None
    previous: str
    """SHA-256 of the line before, so that a changed or lost line shows; "" for the first."""
    kind: HistoryKind = "promotion"
    """What happened. Lines from before there were canaries do not say it: all were promotions."""
