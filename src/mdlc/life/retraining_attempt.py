"""One attempt at a run that the ledger decided: the pipeline, then the release, exactly once.

What evaluation said is written down before anything is released. So an attempt that was killed
leaves either nothing released, and the next one takes the finished stages from the cache; or an
intent, which the next one fulfils without training again. Release and history know a second call.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from mdlc.core.bundle import MANIFEST, Manifest
from mdlc.core.documents.evaluation_result import Deployment, Evaluation
from mdlc.core.files import Document, read_document, write_document
from mdlc.core.spec import Lifecycle, Split
from mdlc.core.spec.model import CandidateChoice
from mdlc.life.progress import Progress
from mdlc.life.release_record import history_of
from mdlc.life.releases import begin_canary, bundle_of, release, require, withdraw
from mdlc.pipelines.local.local_runner import LocalRunner
from mdlc.pipelines.stage_arguments import Arguments, Renewal, arguments
from mdlc.retraining.policy import CHANGED
from mdlc.serving.payload_log import PayloadLog
from mdlc.state.release_documents import Pointer
from mdlc.state.watch_documents import Verdict
from mdlc.state.workspace import Workspace

UNTIL = "until"
"""The key in a run's evidence: rows from here on are the future, in every attempt."""
INTENT = "intent.json"
RULE = "rule"
Result = Literal["promoted", "canary", "refused"]


class ReleasePlan(Document):
    """What an attempt is about to do, written before it does it."""

    decided: datetime
    """When the ledger decided: the run that this belongs to."""
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
    """What an attempt led to."""

    outcome: Result
    detail: str
    evaluation: Evaluation
    version: str = ""
    """The new version; "" if it was refused."""
    pointer: Pointer | None = None
    """What serves, after a promotion or the start of a canary."""


def folder_of(workspace: Workspace, id: str) -> Path:
    """Return the folder of a run: its intent, its report, a log an attempt."""
    return workspace.folder / "trigger" / id


def release_plan_of(workspace: Workspace, verdict: Verdict) -> ReleasePlan | None:
    """Return what an earlier attempt at this run has written down; None if it has not come so far.

    A run of a ledger that was deleted may have had the same id; it was decided at another time.
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
        MdlcError: a stage failed, or the release did; nothing half-done serves.
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
    """Return what is to be done with what a pipeline made; `champion` is the version it met."""
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
    """Do what an intent says, however often it is called.

    If another version began to serve since the challenger was judged, it is refused: it did not
    beat that one.
    """
    if not intent.promote:
        if intent.evaluation.withdraw and require(workspace).version == intent.champion:
            action = intent.evaluation.withdraw
            withdraw(workspace, action=action, time=intent.time, why=intent.why)
        return AttemptResult("refused", intent.why, intent.evaluation)
    canary = lifecycle.spec.deploy.canary
    pointer = require(workspace)
    if not _began(workspace, intent, pointer=pointer):
        if pointer.version != intent.champion:
            why = f"version {pointer.version} began to serve while it was trained"
            return AttemptResult("refused", why, intent.evaluation)
        if canary is None:
            pointer = _release(workspace, intent)
        else:
            pointer = begin_canary(
                workspace,
                deployment=Path(intent.deployment),
                evaluation=intent.evaluation,
                time=intent.time,
                why=intent.why,
                ratio=canary.ratio,
            )
    if intent.digest == pointer.digest or canary is None:
        gained = f"version {intent.version} replaces {intent.champion}: {intent.why}"
        return AttemptResult("promoted", gained, intent.evaluation, intent.version, pointer)
    tried = f"version {intent.version} is on trial beside {intent.champion}: {intent.why}"
    return AttemptResult("canary", tried, intent.evaluation, intent.version, pointer)


def _release(workspace: Workspace, intent: ReleasePlan) -> Pointer:
    return release(
        workspace,
        deployment=Path(intent.deployment),
        evaluation=intent.evaluation,
        time=intent.time,
        why=intent.why,
    )


def _began(workspace: Workspace, intent: ReleasePlan, *, pointer: Pointer) -> bool:
    """Say whether the release happened, whatever became of it since; complete its history."""
    if pointer.digest == intent.digest:
        _release(workspace, intent)
        return True
    return any(
        entry.digest == intent.digest
        and entry.kind in {"promotion", "canary"}
        and entry.time >= intent.time
        for entry in history_of(workspace).entries()
    )


def _arguments(lifecycle: Lifecycle, *, workspace: Workspace, verdict: Verdict) -> Arguments:
    """Return the pipeline's arguments, the same in every attempt."""
    bundle = bundle_of(workspace, require(workspace))
    manifest = read_document(bundle / MANIFEST, Manifest)
    changed = CHANGED in verdict.reasons
    until = _until(verdict)
    known = {feature.name for feature in manifest.features}
    if until is None or (changed and not known.issuperset(lifecycle.spec.data.features)):
        # Nothing labelled fits the file: the changed file is trained on its sources alone.
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
    """Write the labelled predictions that a run learns from; a later attempt finds them again."""
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
    """Return the file as a retraining reads it: newer windows, fewer trials, fewer candidates.

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
        own = [fixed.get(kind, CandidateChoice(kind=kind))]
        update["candidates"] = again.candidates or (spec.model.candidates if kind == RULE else own)
        update["tuning"] = spec.model.tuning.model_copy(update={"trials": again.trials})
    model = spec.model.model_copy(update=update)
    return lifecycle.model_copy(update={"spec": spec.model_copy(update={"model": model})})


def _until(verdict: Verdict) -> datetime | None:
    """Return where a run's knowledge ends; None where no prediction had a label."""
    if UNTIL not in verdict.evidence:  # decided by an earlier version of mdlc
        return verdict.time
    until = verdict.evidence[UNTIL]
    return datetime.fromisoformat(until) if until else None
