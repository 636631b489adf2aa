"""Writes the history: one line for each change of the pointer.

The pointer changes first and the line follows. A process that is killed in between leaves a pointer
without its line. `complete` compares pointer and history and adds the line that is missing.
What the lines mean (which version serves, what a rollback goes back to) is in
`monitoring.history_entries`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from mdlc.core.bundle import read_manifest
from mdlc.monitoring.history_entries import (
    serving_chain,
    serving_entry,
    standing_canary,
    withdrawn,
)
from mdlc.monitoring.version_history import History
from mdlc.state.release_documents import CanaryRelease, HistoryEntry, HistoryKind, Pointer
from mdlc.state.workspace import Workspace

SILENT = "its process was killed before it could say why"


def history_of(workspace: Workspace) -> History:
    """Return the history; a half-written line of a killed process is removed first."""
    history = History(workspace.history)
    if workspace.history.exists():
        history.repair()
    return history


def complete(
    workspace: Workspace,
    *,
    pointer: Pointer,
    time: datetime,
    doing: Collection[HistoryKind] = (),
    why: str = SILENT,
) -> list[HistoryEntry]:
    """Add the lines about `pointer` that history lacks; return those added.

    The caller holds the workspace's lock.

    Args:
        workspace: The workspace with the history.
        pointer: The pointer as it is now.
        time: The time of lines for which the pointer states none.
        doing: The kinds of lines that belong to what the caller does; others are repairs after a
            process was killed.
        why: The reason in lines of the kinds in `doing`.

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
    """Return the next missing line, as arguments of `History.append`; None if nothing is missing.

    Time and reason are left out where neither pointer nor canary states them; the caller adds them.
    """
    serving, standing, trial = serving_entry(entries), standing_canary(entries), pointer.canary
    kind: HistoryKind
    if serving is None or serving.digest != pointer.digest:
        earlier = any(entry.digest == pointer.digest for entry in serving_chain(entries))
        kind = "rollback" if earlier and "promotion" not in doing else "promotion"
        replaced = serving.version if serving else ""
        line = _line(workspace, pointer, kind=kind, replaced=replaced)
        return {**line, "time": pointer.since}
    if trial is None and standing is not None:
        return _line(workspace, pointer, kind="canary_rollback", replaced=standing.version)
    if trial is not None and (standing is None or standing.digest != trial.digest):
        replaced = standing.version if standing else ""
        line = _line(workspace, trial, kind="canary", replaced=replaced)
        return {**line, "time": trial.since, "why": trial.why}
    if bool(pointer.instead) != withdrawn(entries):
        kind = "withdrawal" if pointer.instead else "restoration"
        return _line(workspace, pointer, kind=kind, replaced="")
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
