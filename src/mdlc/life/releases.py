"""Changes which version serves: release, canary, promotion, rollback.

Each of them copies and checks the bundle, then replaces the pointer by one rename, then adds a line
to the history. So a predictor sees the old state or the new one. If the process is killed before
the line is written, the next call adds it. The caller holds the workspace's lock.
"""

from __future__ import annotations

import os
import shutil
from datetime import datetime
from pathlib import Path

from mdlc.core import signing
from mdlc.core.bundle import open_bundle
from mdlc.core.documents.evaluation_result import Contender, Deployment, Evaluation
from mdlc.core.errors import MdlcError, RefusedError
from mdlc.core.files import read_document, whole_folder, write_document
from mdlc.life.release_record import complete, history_of
from mdlc.monitoring.history_entries import version_before
from mdlc.serving.schema_difference import difference
from mdlc.state.release_documents import CanaryRelease, HistoryEntry, HistoryKind, Pointer
from mdlc.state.released_bundles import checked
from mdlc.state.workspace import Workspace

PROMOTED: tuple[HistoryKind, ...] = ("promotion",)
UNDONE: tuple[HistoryKind, ...] = ("canary_rollback", "rollback")


def current(workspace: Workspace) -> Pointer | None:
    """Return the pointer, which names the version that serves; None before the first release."""
    return read_document(workspace.pointer, Pointer) if os.path.lexists(workspace.pointer) else None


def bundle_of(workspace: Workspace, pointer: Pointer) -> Path:
    """Return the folder of the bundle that a pointer names, checked.

    Raises:
        ArtifactError: it is missing, altered, another model, or not signed where it has to be.
    """
    return checked(workspace.pointer.parent, pointer, name=workspace.name)[0]


def require(workspace: Workspace) -> Pointer:
    """Return the pointer, which names the version that serves.

    Raises:
        MdlcError: nothing has been released.
    """
    pointer = current(workspace)
    if pointer is None:
        raise MdlcError(f"{workspace.name} has no released model", hint="make one with mdlc run")
    return pointer


def release(
    workspace: Workspace, *, deployment: Path, evaluation: Evaluation, time: datetime, why: str
) -> Pointer:
    """Make the winner in `deployment` the version that serves; a second call changes nothing.

    A canary's trial is ended, unless the winner serves already.
    """
    made = read_document(deployment / "deployment.json", Deployment)
    pointer = current(workspace)
    if pointer is None or pointer.digest != made.digest:
        if pointer is not None:
            complete(workspace, pointer=pointer, time=time)
        bundle = _install(workspace, deployment=deployment, made=made)
        pointer = Pointer(
            name=workspace.name,
            version=made.version,
            bundle=bundle,
            digest=made.digest,
            since=time,
            promised=promised(evaluation),
        )
        write_document(workspace.pointer, pointer)
    complete(workspace, pointer=pointer, time=time, doing=PROMOTED, why=why)
    return pointer


def begin_canary(  # noqa: PLR0913 - a release with a ratio
    workspace: Workspace,
    *,
    deployment: Path,
    evaluation: Evaluation,
    time: datetime,
    why: str,
    ratio: float,
) -> Pointer:
    """Put the winner in `deployment` on trial: it answers `ratio` of the predictions.

    A second call changes nothing. Another canary that is on trial is replaced.

    Raises:
        MdlcError: there is no champion.
        RefusedError: its features or classes are not those of the champion.
    """
    made = read_document(deployment / "deployment.json", Deployment)
    pointer = require(workspace)
    complete(workspace, pointer=pointer, time=time)
    on_trial = pointer.canary.digest if pointer.canary else ""
    if made.digest in (pointer.digest, on_trial):
        return pointer
    challenger, _ = open_bundle(deployment / made.bundle, digest=made.digest)
    _, champion = checked(workspace.pointer.parent, pointer, name=workspace.name)
    if differs := difference(champion, challenger):
        raise RefusedError(
            f"version {made.version} cannot share version {pointer.version}'s requests: {differs}",
            hint="leave deploy.canary out and run again: it then replaces the champion at once",
        )
    bundle = _install(workspace, deployment=deployment, made=made)
    trial = CanaryRelease(
        version=made.version,
        bundle=bundle,
        digest=made.digest,
        since=time,
        promised=promised(evaluation),
        ratio=ratio,
        why=why,
    )
    pointer = pointer.model_copy(update={"canary": trial})
    write_document(workspace.pointer, pointer)
    complete(workspace, pointer=pointer, time=time)
    return pointer


def promote(workspace: Workspace, *, time: datetime, why: str) -> Pointer:
    """Make the canary the champion, or complete a promotion that was interrupted.

    Raises:
        MdlcError: there is no canary.
        ArtifactError: its bundle was altered.
    """
    pointer = require(workspace)
    added = complete(workspace, pointer=pointer, time=time, doing=PROMOTED, why=why)
    trial = pointer.canary
    if trial is None:
        if added and added[-1].kind == "promotion":
            return pointer
        raise MdlcError(
            f"{workspace.name} has no canary; version {pointer.version} serves alone",
            hint="a challenger that wins begins as one where the file has deploy.canary",
        )
    return _serve(workspace, trial, time=time, why=why)


def rollback(workspace: Workspace, *, time: datetime, why: str) -> Pointer:
    """Drop the canary; without a canary, serve the previous version again.

    A rollback that was interrupted is completed. Each further call goes back by one more version,
    but not to a version that was itself rolled back from.

    Raises:
        MdlcError: there is no previous version.
        ArtifactError: the bundle of the previous version is missing, altered, or another model.
    """
    pointer = require(workspace)
    added = complete(workspace, pointer=pointer, time=time, doing=UNDONE, why=why)
    if added and added[-1].kind in UNDONE:
        return pointer
    if pointer.canary is not None:
        pointer = pointer.model_copy(update={"canary": None})
        write_document(workspace.pointer, pointer)
        complete(workspace, pointer=pointer, time=time, doing=UNDONE, why=why)
        return pointer
    before = version_before(history_of(workspace).entries())
    if before is None:
        raise MdlcError(
            f"{workspace.name} has no version before {pointer.version} to go back to",
            hint="mdlc history shows which versions served; mdlc run makes a new one",
        )
    return _serve(workspace, before, time=time, why=why)


def _serve(
    workspace: Workspace, of: CanaryRelease | HistoryEntry, *, time: datetime, why: str
) -> Pointer:
    """Point at a version whose bundle is in models/ already."""
    bundle = os.path.relpath(workspace.folder / "models" / of.version, workspace.pointer.parent)
    folder = workspace.pointer.parent / bundle
    open_bundle(folder, digest=of.digest)
    signing.verify(folder, name=workspace.name, version=of.version, digest=of.digest)
    kind: HistoryKind
    if isinstance(of, CanaryRelease):
        kind, owed = "promotion", of.promised
    else:
        kind, owed = "rollback", of.money_per_decision
    pointer = Pointer(
        name=workspace.name,
        version=of.version,
        bundle=bundle,
        digest=of.digest,
        since=time,
        promised=owed,
    )
    write_document(workspace.pointer, pointer)
    complete(workspace, pointer=pointer, time=time, doing=(kind,), why=why)
    return pointer


def _install(workspace: Workspace, *, deployment: Path, made: Deployment) -> str:
    """Check the bundle, copy it into models/, sign it; return its folder, from the pointer."""
    source = deployment / made.bundle
    open_bundle(source, digest=made.digest)
    target = workspace.folder / "models" / made.version
    with whole_folder(target) as temporary:
        shutil.copytree(source, temporary, dirs_exist_ok=True, copy_function=_link)
        signing.sign(temporary, name=workspace.name, version=made.version, digest=made.digest)
    return os.path.relpath(target, workspace.pointer.parent)


def winner(evaluation: Evaluation) -> Contender:
    """Return the contender that won."""
    return next(c for c in evaluation.contenders if c.name == evaluation.winner)


def promised(evaluation: Evaluation) -> float | None:
    """Return the money per decision that the winner promises; None where there is no payoff."""
    return winner(evaluation).money_per_decision.value if evaluation.priced else None


def _link(source: str, target: str) -> None:
    """Hard-link if the file system allows it (bundles never change); otherwise copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
