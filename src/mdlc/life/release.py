"""From a registered winner to the model that serves: copy, point, remember."""

from __future__ import annotations

import os
import shutil
from datetime import datetime
from pathlib import Path

from mdlc.core.bundle import open_bundle
from mdlc.core.documents.evaluation import Contender, Deployment, Evaluation
from mdlc.core.documents.serving import Pointer
from mdlc.core.errors import MdlcError
from mdlc.core.files import read_document, whole_folder, write_document
from mdlc.core.workspace import Workspace
from mdlc.monitoring.history import History


def current(place: Workspace) -> Pointer | None:
    """Return what serves, or None before the first release."""
    return read_document(place.pointer, Pointer) if place.pointer.exists() else None


def bundle_of(place: Workspace, pointer: Pointer) -> Path:
    """Return the folder of the bundle that a pointer names."""
    return place.pointer.parent / pointer.bundle


def history_of(place: Workspace) -> History:
    """Return the history, rid of the torn line that a writer leaves when it is killed."""
    history = History(place.history)
    if place.history.exists():
        history.repair()
    return history


def require(place: Workspace) -> Pointer:
    """Return what serves.

    Raises:
        MdlcError: nothing has been released.
    """
    pointer = current(place)
    if pointer is None:
        raise MdlcError(f"{place.name} has no released model", hint="make one with mdlc run")
    return pointer


def release(
    place: Workspace, *, deployment: Path, evaluation: Evaluation, time: datetime, why: str
) -> Pointer:
    """Make the winner in `deployment` the one that serves; a second call changes nothing.

    The bundle is copied and checked before the pointer moves, and the pointer moves in one rename:
    a predictor sees the old model or the new one. If the process is killed before history has its
    line, the second call adds it.
    """
    made = read_document(deployment / "deployment.json", Deployment)
    pointer = current(place)
    if pointer is None or pointer.digest != made.digest:
        pointer = _move(place, deployment=deployment, made=made, time=time)
    history = history_of(place)
    entries = history.entries()
    if not entries or entries[-1].digest != pointer.digest:
        history.append(
            time=pointer.since,
            version=pointer.version,
            digest=pointer.digest,
            candidate=evaluation.winner,
            replaced=entries[-1].version if entries else "",
            why=why,
            money_per_decision=winner(evaluation).money_per_decision.value,
        )
    return pointer


def _move(place: Workspace, *, deployment: Path, made: Deployment, time: datetime) -> Pointer:
    source = deployment / made.bundle
    open_bundle(source)
    target = place.folder / "models" / made.version
    with whole_folder(target) as temporary:
        shutil.copytree(source, temporary, dirs_exist_ok=True, copy_function=_link)
    pointer = Pointer(
        name=place.name,
        version=made.version,
        bundle=os.path.relpath(target, place.pointer.parent),
        digest=made.digest,
        since=time,
    )
    write_document(place.pointer, pointer)
    return pointer


def winner(evaluation: Evaluation) -> Contender:
    """Return the contender that won."""
    return next(c for c in evaluation.contenders if c.name == evaluation.winner)


def _link(source: str, target: str) -> None:
    """Hard-link where the file system can, for a bundle is never changed; copy otherwise."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
