"""What serves: release, canary, promotion, rollback. Each is copy, point, remember.

Bundles are copied and checked before the pointer moves, and the pointer moves in one rename: a
predictor sees the old state or the new one. A process killed before history has its line leaves
that to the next call. The caller holds the workspace's lock.
"""

from __future__ import annotations

import os
import shutil
from datetime import datetime
from pathlib import Path

from mdlc.core.bundle import open_bundle
from mdlc.core.documents.evaluation_result import Contender, Deployment, Evaluation
from mdlc.core.errors import ArtifactError, MdlcError, RefusedError
from mdlc.core.files import read_document, whole_folder, write_document
from mdlc.life.release_record import complete, history_of, version_before
from mdlc.serving.schema_difference import difference
from mdlc.state.release_documents import CanaryRelease, HistoryEntry, HistoryKind, Pointer
from mdlc.state.workspace import Workspace

PROMOTED: tuple[HistoryKind, ...] = ("promotion",)
UNDONE: tuple[HistoryKind, ...] = ("canary_rollback", "rollback")


def current(workspace: Workspace) -> Pointer | None:
    """Return what serves, or None before the first release."""
    return read_document(workspace.pointer, Pointer) if workspace.pointer.exists() else None


def bundle_of(workspace: Workspace, pointer: Pointer) -> Path:
    """Return the folder of the bundle that a pointer names."""
    return workspace.pointer.parent / pointer.bundle


def require(workspace: Workspace) -> Pointer:
    """Return what serves.

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
    """Make the winner in `deployment` the one that serves; a second call changes nothing.

    It ends a canary, unless the winner serves already.
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
    """Let the winner in `deployment` answer a share of the predictions, on trial.

    A second call changes nothing. It takes the place of another canary that stands.

    Raises:
        MdlcError: nothing serves that it could share the predictions with.
        RefusedError: it asks for other features, or answers other classes, than the champion.
    """
    made = read_document(deployment / "deployment.json", Deployment)
    pointer = require(workspace)
    complete(workspace, pointer=pointer, time=time)
    on_trial = pointer.canary.digest if pointer.canary else ""
    if made.digest in (pointer.digest, on_trial):
        return pointer
    challenger, _ = open_bundle(deployment / made.bundle)
    champion, _ = open_bundle(bundle_of(workspace, pointer))
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
    """Make the canary the champion; complete a promotion that was killed.

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


def withdraw(workspace: Workspace, *, action: str, time: datetime, why: str) -> Pointer:
    """Let `action` be taken whatever the champion says, which earns less than that.

    It goes on scoring, so labels and retrainings go on; the next promotion ends it. A second call
    changes nothing.
    """
    pointer = require(workspace)
    if pointer.instead == action:
        return pointer
    complete(workspace, pointer=pointer, time=time)
    pointer = pointer.model_copy(update={"instead": action, "canary": None})
    write_document(workspace.pointer, pointer)
    bundle, _ = open_bundle(bundle_of(workspace, pointer))
    history_of(workspace).append(
        time=time,
        version=pointer.version,
        digest=pointer.digest,
        candidate=bundle.candidate,
        money_per_decision=pointer.promised,
        replaced="",
        why=why,
        kind="withdrawal",
    )
    return pointer


def rollback(workspace: Workspace, *, time: datetime, why: str) -> Pointer:
    """Drop the canary; without one, serve the version before. Completes one that was killed.

    Another call goes further back, never to a version that was itself rolled back from.

    Raises:
        MdlcError: there is no version before.
        ArtifactError: the bundle of the version before is gone, altered, or another model.
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
    """Point at a version that lies in models/ already."""
    bundle = os.path.relpath(workspace.folder / "models" / of.version, workspace.pointer.parent)
    manifest, _ = open_bundle(workspace.pointer.parent / bundle)
    if manifest.digest != of.digest:
        raise ArtifactError(
            f"{workspace.folder / 'models' / of.version} is another model than the one that was "
            f"version {of.version}",
            hint="serve a version whose bundle is there, or train again",
        )
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
    """Check the bundle and copy it into models/; return its folder relative to the pointer."""
    source = deployment / made.bundle
    open_bundle(source)
    target = workspace.folder / "models" / made.version
    with whole_folder(target) as temporary:
        shutil.copytree(source, temporary, dirs_exist_ok=True, copy_function=_link)
    return os.path.relpath(target, workspace.pointer.parent)


def winner(evaluation: Evaluation) -> Contender:
    """Return the contender that won."""
    return next(c for c in evaluation.contenders if c.name == evaluation.winner)


def promised(evaluation: Evaluation) -> float | None:
    """Return the money per decision that the winner promises; None where there is no payoff."""
    return winner(evaluation).money_per_decision.value if evaluation.priced else None


def _link(source: str, target: str) -> None:
    """Hard-link where the file system can, for a bundle is never changed; copy otherwise."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
