"""Which model serves: serving.json, and the append-only history."""

from __future__ import annotations

from datetime import datetime

from mdlc.core.files import Document


class Pointer(Document):
    """What the predictor loads. Rewritten atomically at each promotion or rollback."""

    name: str
    version: str
    bundle: str
    """The bundle's folder, relative to this document."""
    digest: str
    since: datetime


class HistoryEntry(Document):
    """One line of history.jsonl: from `time` on, `version` serves."""

    time: datetime
    version: str
    digest: str
    candidate: str
    replaced: str
    why: str
    money_per_decision: float | None
    previous: str
    """SHA-256 of the line before, so that a changed or lost line shows; "" for the first."""
