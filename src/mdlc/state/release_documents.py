"""Which model serves: serving.json, and the append-only history."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator

from mdlc.core.errors import shortened
from mdlc.core.files import Document


def _inside(text: str) -> str:
    if not text or text.startswith("/") or "\\" in text or "\x00" in text:
        raise ValueError(f"{shortened(text, 80)!r} is not a folder below the pointer's own")
    if ".." in PurePosixPath(text).parts:
        raise ValueError(f"{shortened(text, 80)!r} leads out of the pointer's folder")
    return text


def _single(text: str) -> str:
    if text in {".", ".."} or {"/", "\\", "\x00"} & set(text):
        raise ValueError(f"{shortened(text, 80)!r} is not the name of a version")
    return text


Inside = Annotated[str, AfterValidator(_inside)]
"""A folder relative to the document; it cannot climb out of the document's own folder."""
Version = Annotated[str, AfterValidator(_single)]
"""Names a folder below models/, so it is one step and no way out."""
HistoryKind = Literal["promotion", "canary", "canary_rollback", "rollback"]


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
    """Why it is to be promoted."""


class Pointer(Document):
    """What the predictor loads. Rewritten atomically at each promotion or rollback."""

    name: str
    version: Version
    bundle: Inside
    """The bundle's folder, relative to this document."""
    digest: str
    since: datetime
    promised: float | None = None
    """Money per decision that its evaluation promised."""
    canary: CanaryRelease | None = None


class HistoryEntry(Document):
    """One line of history.jsonl: from `time` on, `version` serves; of a canary, it is on trial."""

    time: datetime
    version: Version
    digest: str
    candidate: str
    replaced: str
    """The version that served before. canary: the canary before it, if one stood;
    canary_rollback: the canary that was dropped, while `version` goes on serving."""
    why: str
    money_per_decision: float | None
    previous: str
    """SHA-256 of the line before, so that a changed or lost line shows; "" for the first."""
    kind: HistoryKind = "promotion"
    """What happened. Lines from before there were canaries do not say it: all were promotions."""
