"""Which model serves: serving.json (the pointer), and the lines of the append-only history."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from mdlc.core.files import Document
from mdlc.core.release_names import Inside, Version

HistoryKind = Literal[
    "promotion", "canary", "canary_rollback", "rollback", "withdrawal", "restoration"
]


class CanaryRelease(Document):
    """A canary: the version that answers a share of the predictions, on trial."""

    version: Version
    bundle: Inside
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
    version: Version
    bundle: Inside
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
    """One line of history.jsonl: from `time` on, `version` serves, or is on trial (kind canary)."""

    time: datetime
    version: Version
    digest: str
    candidate: str
    replaced: str
    """The version that served before. canary: the canary before it, if one stood;
    canary_rollback: the canary that was dropped, while `version` goes on serving; withdrawal
    and restoration: "", for `version` scores all the time, and its action is taken or not."""
    why: str
    money_per_decision: float | None
    previous: str
    """SHA-256 of the previous line, which reveals a changed or lost line; "" for the first."""
    kind: HistoryKind = "promotion"
    """What happened. Lines of mdlc versions without canaries lack it; all those were promotions."""
