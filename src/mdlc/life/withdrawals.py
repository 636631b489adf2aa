"""A champion that earns less than doing nothing does not decide until it, or another, earns more.

It goes on scoring, so labels and retrainings go on. Each evaluation that promotes nobody says anew
whether the champion surely loses, or surely earns, on the newest rows; in between nothing changes.
"""

from __future__ import annotations

from datetime import datetime

from mdlc.core.documents.evaluation_result import Evaluation
from mdlc.core.files import write_document
from mdlc.life.release_record import complete
from mdlc.life.releases import current, require
from mdlc.state.release_documents import HistoryKind, Pointer
from mdlc.state.workspace import Workspace


def heed(workspace: Workspace, evaluation: Evaluation, *, time: datetime, why: str) -> None:
    """Withdraw or restore the champion, as an evaluation that promotes nobody says.

    Nothing happens if another model serves than the one that was judged.
    """
    pointer = current(workspace)
    if pointer is None or pointer.digest != evaluation.champion_digest:
        return
    if evaluation.withdraw:
        withdraw(workspace, action=evaluation.withdraw, time=time, why=why)
    elif evaluation.earning and pointer.instead:
        restore(workspace, time=time, why=f"It earns more than doing nothing again. {why}")


def withdraw(workspace: Workspace, *, action: str, time: datetime, why: str) -> Pointer:
    """Let `action` be taken whatever the champion says; a second call changes nothing.

    A canary beside it ends: it was to be compared with the champion's decisions.
    """
    return _let(workspace, action, time=time, doing="withdrawal", why=why)


def restore(workspace: Workspace, *, time: datetime, why: str) -> Pointer:
    """Let a champion that was withdrawn decide again; a second call changes nothing."""
    return _let(workspace, "", time=time, doing="restoration", why=why)


def _let(
    workspace: Workspace, action: str, *, time: datetime, doing: HistoryKind, why: str
) -> Pointer:
    pointer = require(workspace)
    if pointer.instead == action:
        return pointer
    complete(workspace, pointer=pointer, time=time)
    canary = None if action else pointer.canary
    pointer = pointer.model_copy(update={"instead": action, "canary": canary})
    write_document(workspace.pointer, pointer)
    complete(workspace, pointer=pointer, time=time, doing=(doing,), why=why)
    return pointer
