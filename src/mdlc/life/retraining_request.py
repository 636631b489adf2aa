"""Asks the ledger for a retraining and, for `mdlc retrain` and replays, carries it out.

retrain               ask, run the attempt, record its end
  -> request_retraining  collect evidence and labels, ask the ledger; the trigger uses only this
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from mdlc.core.documents.evaluation_result import Evaluation
from mdlc.core.errors import MdlcError, RefusedError, ServiceError
from mdlc.core.spec import Lifecycle
from mdlc.life.progress import Progress
from mdlc.life.releases import require
from mdlc.life.retraining_attempt import (
    UNTIL,
    AttemptResult,
    release_plan_of,
    renewal_of,
    result_of,
    run_attempt,
)
from mdlc.life.spec_digest import SPEC, spec_digest
from mdlc.pipelines.local.local_runner import LocalRunner
from mdlc.retraining.ledger import Ledger
from mdlc.retraining.policy import CHANGED, MANUAL
from mdlc.serving.payload_log import PayloadLog
from mdlc.state.release_documents import Pointer
from mdlc.state.watch_documents import Verdict
from mdlc.state.workspace import Workspace

__all__ = [
    "LabelStock",
    "RetrainingOutcome",
    "RetrainingRequest",
    "labels_of",
    "renewal_of",
    "request_retraining",
    "retrain",
]


@dataclass(frozen=True)
class RetrainingOutcome:
    """What a request for a retraining led to."""

    verdict: Verdict
    evaluation: Evaluation | None = None
    """The evaluation; None if no retraining ran."""
    pointer: Pointer | None = None
    """The new champion, or the champion with a canary beside it; None if it was refused."""


@dataclass(frozen=True)
class RetrainingRequest:
    """A request for a retraining: when, for which reasons, with which evidence."""

    time: datetime
    reasons: list[str]
    evidence: dict[str, Any]
    force: bool = False


@dataclass(frozen=True)
class LabelStock:
    """The labels in the payload log."""

    newest: datetime | None
    """When the newest label became known; None if no prediction has one."""
    new: int
    """Labels that came since the last run began."""


@dataclass(frozen=True)
class RunOwner:
    """The trigger that asks; a run that is decided belongs to it for the time of `lease`."""

    owner: str
    lease: timedelta
    again: bool = False
    """Whether the trigger repeats its own question; an equal answer is not recorded then."""


def retrain(
    lifecycle: Lifecycle,
    *,
    workspace: Workspace,
    runner: LocalRunner,
    request: RetrainingRequest,
    progress: Progress,
) -> RetrainingOutcome:
    """Ask the ledger; if it says run, export labels, run the pipeline, and release if it pays.

    The caller holds the workspace's lock.

    Raises:
        RefusedError: the request is manual, and no prediction has a label yet.
        MdlcError: the pipeline failed; the ledger has recorded it.
    """
    require(workspace)
    ledger = Ledger(workspace.ledger, retrain=lifecycle.spec.retrain, model=workspace.name)
    # The caller has the lock, so no other process works on a run: one without an end was killed.
    _end_as_done(ledger, workspace=workspace, time=request.time)
    ledger.abandon_stale(request.time, timedelta(0))
    verdict = request_retraining(ledger, lifecycle=lifecycle, workspace=workspace, request=request)
    if verdict.decision != "run":
        return RetrainingOutcome(verdict)
    try:
        made = run_attempt(
            lifecycle,
            runner=runner,
            verdict=verdict,
            clock=lambda: request.time,
            progress=progress,
        )
    except MdlcError as error:
        ledger.finish(verdict.id, time=request.time, outcome="failed", detail=str(error))
        raise
    return RetrainingOutcome(
        _end(ledger, verdict, made, time=request.time), made.evaluation, made.pointer
    )


def request_retraining(
    ledger: Ledger,
    *,
    lifecycle: Lifecycle,
    workspace: Workspace,
    request: RetrainingRequest,
    follower: RunOwner | None = None,
) -> Verdict:
    """Ask the ledger whether a retraining starts.

    The evidence of the verdict gets what the run will need: until when to use rows, the digest of
    the file, the champion and the number of new labels.

    Raises:
        RefusedError: the request is manual, and no prediction has a label yet.
        ServiceError: the ledger or the payload log does not answer.
    """
    pointer = require(workspace)
    labels = labels_of(ledger, workspace=workspace, until=request.time)
    if labels.newest is None and MANUAL in request.reasons and CHANGED not in request.reasons:
        raise RefusedError(
            f"{workspace.name} has no labelled predictions, so there is nothing new to learn from",
            hint="send labels to the server's :feedback; for a changed file use mdlc run",
        )
    # Windows end at the newest label: windows that end now would be empty after a quiet month.
    newest = labels.newest and min(request.time, labels.newest + timedelta(microseconds=1))
    evidence = {
        **request.evidence,
        UNTIL: newest.isoformat() if newest else "",
        SPEC: spec_digest(lifecycle),
        "champion": pointer.version,
        "new_labels": labels.new,
    }
    return ledger.decide(
        time=request.time,
        reasons=request.reasons,
        evidence=evidence,
        new_labels=labels.new,
        force=request.force,
        trial=pointer.canary.version if pointer.canary else "",
        again=follower.again if follower else False,
        owner=follower.owner if follower else "",
        lease=follower.lease if follower else None,
    )


def labels_of(ledger: Ledger, *, workspace: Workspace, until: datetime) -> LabelStock:
    """Return the newest label and the number of new ones.

    Raises:
        ServiceError: the ledger or the payload log does not answer.
    """
    runs = [verdict for verdict in ledger.all() if verdict.decision == "run"]
    since = runs[-1].time if runs else None
    try:
        with closing(PayloadLog(workspace.store, name=workspace.name)) as log:
            return LabelStock(log.newest_label(), log.count_labels(since, until))
    except sa.exc.SQLAlchemyError as error:
        raise ServiceError(
            f"the payload log of {workspace.name} does not answer: {type(error).__name__}",
            hint="check that its database runs",
        ) from error


def _end_as_done(ledger: Ledger, *, workspace: Workspace, time: datetime) -> None:
    """Record the outcome of a killed run that had released or refused: it has not failed."""
    killed = ledger.unfollowed("", time)
    plan = release_plan_of(workspace, killed) if killed else None
    made = result_of(workspace, plan) if plan else None
    if killed and made:
        _end(ledger, killed, made, time=time)


def _end(ledger: Ledger, verdict: Verdict, made: AttemptResult, *, time: datetime) -> Verdict:
    return ledger.finish(
        verdict.id, time=time, outcome=made.outcome, detail=made.detail, version=made.version
    )
