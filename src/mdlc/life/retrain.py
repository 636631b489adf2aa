"""A retraining: may it run, on which data, and does its model replace the champion?"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mdlc.core.bundle import MANIFEST, Manifest
from mdlc.core.documents.evaluation import Evaluation
from mdlc.core.documents.serving import Pointer
from mdlc.core.documents.watch import Verdict
from mdlc.core.errors import MdlcError, RefusedError
from mdlc.core.files import read_document
from mdlc.core.spec import Lifecycle, Split
from mdlc.core.spec.model import Candidate
from mdlc.core.workspace import Workspace
from mdlc.life.progress import Progress
from mdlc.life.release import bundle_of, release, require
from mdlc.monitoring.trigger import Ledger
from mdlc.pipelines.arguments import Renewal, arguments
from mdlc.pipelines.local.run import Runner
from mdlc.serving.payload_log import PayloadLog


@dataclass(frozen=True)
class Retraining:
    """What a request for a retraining led to."""

    verdict: Verdict
    evaluation: Evaluation | None = None
    """None if it did not run."""
    pointer: Pointer | None = None
    """The new champion; None if it was not promoted."""


@dataclass(frozen=True)
class Request:
    """Why a retraining is asked for, and when."""

    time: datetime
    reasons: list[str]
    evidence: dict[str, Any]
    force: bool = False


def retrain(
    lifecycle: Lifecycle,
    *,
    place: Workspace,
    runner: Runner,
    request: Request,
    progress: Progress,
) -> Retraining:
    """Ask the ledger; if it says run: export labelled predictions, run the pipeline, maybe release.

    The caller holds the workspace's lock.

    Raises:
        RefusedError: no prediction has a label yet.
        MdlcError: the pipeline failed; the ledger has recorded it.
    """
    champion = require(place)
    retraining = lifecycle.spec.retrain
    with closing(Ledger(place.ledger, retrain=retraining, model=place.name)) as ledger:
        verdict, newest = _decide(ledger, place=place, request=request)
        if verdict.decision != "run":
            return Retraining(verdict)
        # Windows end where knowledge ends: after a quiet month "now" would leave them empty.
        until = min(request.time, newest + timedelta(microseconds=1))
        try:
            evaluation, deployment = _run(
                lifecycle, place=place, runner=runner, time=until, progress=progress
            )
        except MdlcError as error:
            ledger.finish(verdict.id, time=request.time, outcome="failed", detail=str(error))
            raise
        why = "; ".join(evaluation.reasons)
        if not evaluation.promote:
            ended = ledger.finish(verdict.id, time=request.time, outcome="refused", detail=why)
            return Retraining(ended, evaluation)
        pointer = release(
            place, deployment=deployment, evaluation=evaluation, time=request.time, why=why
        )
        gained = f"version {pointer.version} replaces {champion.version}: {why}"
        ended = ledger.finish(verdict.id, time=request.time, outcome="promoted", detail=gained)
        return Retraining(ended, evaluation, pointer)


def _decide(ledger: Ledger, *, place: Workspace, request: Request) -> tuple[Verdict, datetime]:
    """Return the ledger's verdict, and when the newest label was known."""
    # Whoever retrains holds the workspace, so a run that has not ended was killed.
    ledger.abandon_stale(request.time, timedelta(0))
    newest, new_labels = _labels(place, since=_last_run(ledger), until=request.time)
    verdict = ledger.decide(
        time=request.time,
        reasons=request.reasons,
        evidence=request.evidence,
        new_labels=new_labels,
        force=request.force,
    )
    return verdict, newest


def _labels(place: Workspace, *, since: datetime | None, until: datetime) -> tuple[datetime, int]:
    """Return when the newest label was known, and how many came since the last run."""
    with closing(PayloadLog(place.store)) as log:
        newest = log.newest_label()
        if newest is None:
            raise RefusedError(
                f"{place.name} has no labelled predictions, so there is nothing new to learn from",
                hint="send labels to the server's :feedback; for a changed file use mdlc run",
            )
        return newest, log.count_labels(since, until)


def renewed(lifecycle: Lifecycle, *, champion: Manifest, until: datetime) -> Lifecycle:
    """Return the file as a retraining reads it: newer windows, fewer trials, fewer candidates."""
    spec, again = lifecycle.spec, lifecycle.spec.retrain
    split = spec.model.split.model_copy(
        update={
            "until": until,
            "window": again.window,
            "validation": again.validation,
            "test": again.test,
        }
    )
    fixed = {c.kind: c for c in spec.model.candidates}
    kind = champion.candidate
    candidates = again.candidates or [fixed.get(kind, Candidate(kind=kind))]
    model = spec.model.model_copy(
        update={
            "split": Split.model_validate(split.model_dump()),
            "candidates": candidates,
            "tuning": spec.model.tuning.model_copy(update={"trials": again.trials}),
        }
    )
    return lifecycle.model_copy(update={"spec": spec.model_copy(update={"model": model})})


def _run(
    lifecycle: Lifecycle,
    *,
    place: Workspace,
    runner: Runner,
    time: datetime,
    progress: Progress,
) -> tuple[Evaluation, Path]:
    bundle = bundle_of(place, require(place))
    manifest = read_document(bundle / MANIFEST, Manifest)
    feedback = place.folder / "feedback" / f"{time:%Y%m%dT%H%M%S}.parquet"
    again = lifecycle.spec.retrain
    used = again.window + again.validation + again.test if again.window else None
    with closing(PayloadLog(place.store)) as log:
        log.export(feedback, manifest=manifest, until=time, since=time - used if used else None)
    asked = arguments(
        renewed(lifecycle, champion=manifest, until=time),
        place=place,
        renewal=Renewal(until=time, feedback=feedback, warm=bundle, champion=bundle),
    )
    artifacts = runner.run(asked, kind="retraining", listener=progress.stage)
    evaluation = read_document(artifacts["evaluation"] / "evaluation.json", Evaluation)
    return evaluation, artifacts["deployment"]


def _last_run(ledger: Ledger) -> datetime | None:
    runs = [verdict for verdict in ledger.all() if verdict.decision == "run"]
    return runs[-1].time if runs else None
