"""One attempt at a run that the ledger decided: run the pipeline, then release exactly once.

    run_attempt
      -> plan_release    after evaluation: write a ReleasePlan, before anything is released
      -> execute         release, begin a canary, or refuse, as the plan says

An attempt that is killed before the plan is written has released nothing; the next attempt takes
its finished stages from the cache. An attempt that is killed later has left the plan; the next one
executes it without training again. A second `release`, or a second line of history for the same
release, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from mdlc.core.bundle import Manifest, read_manifest
from mdlc.core.documents.evaluation_result import Deployment, Evaluation
from mdlc.core.files import Document, read_document, write_document
from mdlc.core.model_kind import kind_of
from mdlc.core.spec import Lifecycle, Split
from mdlc.core.spec.model import CandidateChoice
from mdlc.life.progress import Progress
from mdlc.life.release_record import complete, history_of
from mdlc.life.releases import PROMOTED, begin_canary, bundle_of, release, require
from mdlc.life.withdrawals import heed
from mdlc.pipelines.local.local_runner import LocalRunner
from mdlc.pipelines.stage_arguments import Arguments, Renewal, arguments
from mdlc.retraining.policy import CHANGED
from mdlc.serving.payload_log import PayloadLog
from mdlc.state.release_documents import Pointer
from mdlc.state.watch_documents import Verdict
from mdlc.state.workspace import Workspace

UNTIL = "until"
"""Key in a run's evidence: the run uses only rows before this time, the same in every attempt."""
INTENT = "intent.json"
RULE = "rule"
Result = Literal["promoted", "canary", "refused"]


class ReleasePlan(Document):
    """What an attempt is about to release, or that it refuses; written before it acts."""

    decided: datetime
    """When the ledger decided the run to which this plan belongs."""
    promote: bool
    champion: str
    """The version that served when the challenger was judged against it."""
    version: str
    digest: str
    deployment: str
    evaluation: Evaluation
    time: datetime
    why: str


@dataclass(frozen=True)
class AttemptResult:
    """The outcome of an attempt."""

    outcome: Result
    detail: str
    evaluation: Evaluation
    version: str = ""
    """The new version; "" if it was refused."""
    pointer: Pointer | None = None
    """The pointer after a promotion or after a canary began."""


def folder_of(workspace: Workspace, id: str) -> Path:
    """Return the folder of a run; it has the release plan, the report and a log of each attempt."""
    return workspace.folder / "trigger" / id


def release_plan_of(workspace: Workspace, verdict: Verdict) -> ReleasePlan | None:
    """Return the plan that an earlier attempt at this run wrote; None if there is none.

    A plan with another decision time is of a run in a deleted ledger that had the same id.
    """
    path = folder_of(workspace, verdict.id) / INTENT
    intent = read_document(path, ReleasePlan) if path.exists() else None
    return intent if intent and intent.decided == verdict.time else None


def run_attempt(
    lifecycle: Lifecycle,
    *,
    runner: LocalRunner,
    verdict: Verdict,
    clock: Callable[[], datetime],
    progress: Progress,
) -> AttemptResult:
    """Run the pipeline for `verdict` and release the winner if evaluation says so.

    The caller holds the workspace's lock.

    Raises:
        MdlcError: a stage or the release failed; what served before still serves.
    """
    workspace = runner.workspace
    intent = release_plan_of(workspace, verdict)
    if intent is None:
        before = require(workspace)
        asked = _arguments(lifecycle, workspace=workspace, verdict=verdict)
        artifacts = runner.run(asked, kind="retraining", listener=progress.stage)
        intent = plan_release(artifacts, verdict=verdict, champion=before.version, time=clock())
        write_document(folder_of(workspace, verdict.id) / INTENT, intent)
    return execute(lifecycle, workspace=workspace, intent=intent)


def plan_release(
    artifacts: dict[str, Path], *, verdict: Verdict, champion: str, time: datetime
) -> ReleasePlan:
    """Return the plan for a pipeline's result; `champion` is the version it was compared with."""
    evaluation = read_document(artifacts["evaluation"] / "evaluation.json", Evaluation)
    made = None
    if evaluation.promote:
        made = read_document(artifacts["deployment"] / "deployment.json", Deployment)
    return ReleasePlan(
        decided=verdict.time,
        promote=evaluation.promote,
        champion=champion,
        version=made.version if made else "",
        digest=made.digest if made else "",
        deployment=str(artifacts["deployment"]),
        evaluation=evaluation,
        time=time,
        why="; ".join(evaluation.reasons),
    )


def execute(lifecycle: Lifecycle, *, workspace: Workspace, intent: ReleasePlan) -> AttemptResult:
    """Execute a plan; a second call changes nothing.

    The challenger is refused if another version began to serve since it was judged, because it was
    not compared with that version.
    """
    pointer = require(workspace)
    done = result_of(workspace, intent)
    if done is not None:
        if intent.promote:
            # An attempt that was killed may have moved the pointer without adding to the history.
            ours = PROMOTED if pointer.digest == intent.digest else ()
            complete(workspace, pointer=pointer, time=intent.time, doing=ours, why=intent.why)
        else:
            heed(workspace, intent.evaluation, time=intent.time, why=intent.why)
        return done
    if pointer.version != intent.champion:
        why = f"version {pointer.version} began to serve while it was trained"
        return AttemptResult("refused", why, intent.evaluation)
    release_terms: dict[str, Any] = {
        "deployment": Path(intent.deployment),
        "evaluation": intent.evaluation,
        "time": intent.time,
        "why": intent.why,
    }
    canary = lifecycle.spec.deploy.canary
    if canary is None:
        release(workspace, **release_terms)
    else:
        begin_canary(workspace, **release_terms, ratio=canary.ratio)
    done = result_of(workspace, intent)
    assert done is not None  # noqa: S101 - the pointer names the new version now
    return done


def result_of(workspace: Workspace, intent: ReleasePlan) -> AttemptResult | None:
    """Return the outcome of an executed plan, even if the version was replaced since.

    It only reads, so no lock is needed. The trigger calls it for a process that ended before it
    could report.

    Returns:
        The outcome; None if the plan has not been executed yet.
    """
    if not intent.promote:
        return AttemptResult("refused", intent.why, intent.evaluation)
    pointer = require(workspace)
    began = {
        entry.kind
        for entry in history_of(workspace).entries()
        if entry.digest == intent.digest and entry.time >= intent.time
    }
    if pointer.digest == intent.digest or "promotion" in began:
        gained = f"version {intent.version} replaces {intent.champion}: {intent.why}"
        return AttemptResult("promoted", gained, intent.evaluation, intent.version, pointer)
    if "canary" in began or (pointer.canary and pointer.canary.digest == intent.digest):
        tried = f"version {intent.version} is on trial beside {intent.champion}: {intent.why}"
        return AttemptResult("canary", tried, intent.evaluation, intent.version, pointer)
    return None


def _arguments(lifecycle: Lifecycle, *, workspace: Workspace, verdict: Verdict) -> Arguments:
    """Return the pipeline's arguments, the same in every attempt."""
    pointer = require(workspace)
    bundle = bundle_of(workspace, pointer)
    manifest = read_manifest(bundle, digest=pointer.digest)
    changed = CHANGED in verdict.reasons
    until = _until(verdict)
    known = {feature.name for feature in manifest.features}
    if until is None or (changed and not known.issuperset(lifecycle.spec.data.features)):
        # No labelled predictions, or they lack a feature of the changed file: use sources alone.
        return arguments(lifecycle, workspace=workspace, renewal=Renewal(champion=bundle))
    feedback = export(
        lifecycle, workspace=workspace, manifest=manifest, verdict=verdict, until=until
    )
    return arguments(
        renewal_of(lifecycle, champion=manifest, until=until, changed=changed),
        workspace=workspace,
        renewal=Renewal(until=until, feedback=feedback, warm=bundle, champion=bundle),
    )


def export(
    lifecycle: Lifecycle,
    *,
    workspace: Workspace,
    manifest: Manifest,
    verdict: Verdict,
    until: datetime,
) -> Path:
    """Write the labelled predictions that a run learns from; a later attempt uses the same file."""
    feedback = workspace.folder / "feedback" / f"{until:%Y%m%dT%H%M%S}.parquet"
    if verdict.attempts > 1 and feedback.exists():
        return feedback
    again = lifecycle.spec.retrain
    used = again.reach(lifecycle.spec.model.split)
    with closing(PayloadLog(workspace.store, name=workspace.name)) as log:
        log.export(feedback, manifest=manifest, until=until, since=until - used if used else None)
    return feedback


def renewal_of(
    lifecycle: Lifecycle, *, champion: Manifest, until: datetime, changed: bool = False
) -> Lifecycle:
    """Return the file as a retraining uses it: newer windows, fewer trials, fewer candidates.

    A `changed` file is tried in full: what changed may be its candidates. Where a rule serves, all
    candidates of the file are tried.
    """
    spec, again = lifecycle.spec, lifecycle.spec.retrain
    split = spec.model.split.model_copy(
        update={
            "until": until,
            "window": again.window,
            "validation": again.validation,
            "test": again.test,
            "newest_rows": again.newest_rows,
            "fresh_from": champion.tested_from,
        }
    )
    fixed = {c.kind: c for c in spec.model.candidates}
    kind = champion.candidate
    update: dict[str, object] = {"split": Split.model_validate(split.model_dump())}
    if not changed:
        # A rule serves where no model was better; whether one is by now, all of them are asked.
        own = spec.model.candidates if kind == RULE else [fixed.get(kind) or _champions_kind(kind)]
        update["candidates"] = again.candidates or own
        update["tuning"] = spec.model.tuning.model_copy(update={"trials": again.trials})
    model = spec.model.model_copy(update=update)
    return lifecycle.model_copy(update={"spec": spec.model_copy(update={"model": model})})


def _champions_kind(kind: str) -> CandidateChoice:
    """Return the champion's kind as a candidate, for a file that does not name it.

    Raises:
        SpecError: the package that the champion's kind came from is no longer installed.
    """
    kind_of(kind)
    return CandidateChoice(kind=kind)


def _until(verdict: Verdict) -> datetime | None:
    """Return the time before which a run uses rows; None if no prediction had a label."""
    if UNTIL not in verdict.evidence:  # decided by an earlier version of mdlc
        return verdict.time
    until = verdict.evidence[UNTIL]
    return datetime.fromisoformat(until) if until else None
