"""The history beside the pointer: what can be gone back to, and lines that a kill left out.

The pointer moves first and the line follows, so a process that is killed in between leaves a
pointer that history does not tell of. What happened shows in the two: `complete` adds the line.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from mdlc.core.bundle import read_manifest
from mdlc.monitoring.version_history import History
from mdlc.state.release_documents import CanaryRelease, HistoryEntry, HistoryKind, Pointer
from mdlc.state.workspace import Workspace

SILENT = "its process was killed before it could say why"


def history_of(workspace: Workspace) -> History:
    """Return the history, rid of the torn line that a writer leaves when it is killed."""
    history = History(workspace.history)
    if workspace.history.exists():
        history.repair()
    return history


def serving_entry(entries: Sequence[HistoryEntry]) -> HistoryEntry | None:
    """Return the entry of the version that serves by the history; None before the first."""
    return next((entry for entry in reversed(entries) if entry.kind != "canary"), None)


def promotion_of(entries: Sequence[HistoryEntry], digest: str) -> HistoryEntry | None:
    """Return the newest entry by which the model with this digest was promoted."""
    promotions = (e for e in reversed(entries) if e.kind == "promotion" and e.digest == digest)
    return next(promotions, None)


def standing_canary(entries: Sequence[HistoryEntry]) -> HistoryEntry | None:
    """Return the entry of the canary on trial by the history: whatever comes after ends it."""
    return entries[-1] if entries and entries[-1].kind == "canary" else None


def version_before(entries: Sequence[HistoryEntry]) -> HistoryEntry | None:
    """Return what a rollback goes back to: never to a model that was itself rolled back from.

    Unless that was promoted again since. None: there is nothing further back.
    """
    served, undone = _served(entries)
    current = served[-1].digest if served else ""
    return next((e for e in reversed(served) if e.digest not in undone | {current}), None)


def _served(entries: Sequence[HistoryEntry]) -> tuple[list[HistoryEntry], set[str]]:
    """Return the entries that lead to what serves, and the digests that were rolled back from."""
    served: list[HistoryEntry] = []
    undone: set[str] = set()
    for entry in entries:
        if entry.kind == "promotion":
            served.append(entry)
            undone.discard(entry.digest)
        elif entry.kind == "rollback":
            if served:
                undone.add(served[-1].digest)
            while served and served[-1].digest != entry.digest:
                served.pop()
            served = served or [entry]
    return served, undone


def complete(
    workspace: Workspace,
    *,
    pointer: Pointer,
    time: datetime,
    doing: Collection[HistoryKind] = (),
    why: str = SILENT,
) -> list[HistoryEntry]:
    """Add the lines that tell how `pointer` came about, if history lacks them; return those added.

    `why` is that of the kinds in `doing`; a line of another kind is one that a kill left out. The
    caller holds the workspace's lock.

    Raises:
        ArtifactError: the history was altered.
    """
    history, added = history_of(workspace), []
    while line := _missing(workspace, pointer=pointer, entries=history.entries(), doing=doing):
        reason = {"why": why if line["kind"] in doing else SILENT}
        added.append(history.append(**{"time": time, **reason, **line}))
    return added


def _missing(
    workspace: Workspace,
    *,
    pointer: Pointer,
    entries: Sequence[HistoryEntry],
    doing: Collection[HistoryKind],
) -> dict[str, Any] | None:
    """Return the next line that history lacks; it keeps time and why to itself where it knows."""
    serving, standing, trial = serving_entry(entries), standing_canary(entries), pointer.canary
    if serving is None or serving.digest != pointer.digest:
        earlier = any(entry.digest == pointer.digest for entry in _served(entries)[0])
        kind: HistoryKind = "rollback" if earlier and "promotion" not in doing else "promotion"
        replaced = serving.version if serving else ""
        line = _line(workspace, pointer, kind=kind, replaced=replaced)
        return {**line, "time": pointer.since}
    if trial is None and standing is not None:
        return _line(workspace, pointer, kind="canary_rollback", replaced=standing.version)
    if trial is not None and (standing is None or standing.digest != trial.digest):
        replaced = standing.version if standing else ""
        line = _line(workspace, trial, kind="canary", replaced=replaced)
        return {**line, "time": trial.since, "why": trial.why}
    return None


def _line(
    workspace: Workspace, of: Pointer | CanaryRelease, *, kind: HistoryKind, replaced: str
) -> dict[str, Any]:
    bundle = workspace.pointer.parent / of.bundle
    return {
        "kind": kind,
        "version": of.version,
        "digest": of.digest,
        "candidate": read_manifest(bundle, digest=of.digest).candidate,
        "money_per_decision": of.promised,
        "replaced": replaced,
    }
