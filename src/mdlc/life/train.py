"""Training (`mdlc run`): run the pipeline and release the winner if it pays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mdlc.core.bundle import open_bundle
from mdlc.core.documents.evaluation_result import Evaluation
from mdlc.core.errors import MdlcError
from mdlc.core.files import D, Document, read_document, write_document
from mdlc.core.spec import Lifecycle
from mdlc.life.data_remarks import DataRemarks, told_by
from mdlc.life.progress import Progress
from mdlc.life.release_record import history_of
from mdlc.life.releases import bundle_of, current, release
from mdlc.life.spec_digest import spec_digest
from mdlc.life.withdrawals import heed
from mdlc.monitoring.history_entries import promotion_of, serving_entry
from mdlc.pipelines.local.local_runner import LocalRunner, runs
from mdlc.pipelines.stage_arguments import Arguments, Renewal, arguments
from mdlc.state.release_documents import Pointer
from mdlc.state.workspace import Workspace


class TrainingArtifacts(Document):
    """The folders of each stage's newest artifacts: results.json, for the report and status."""

    stages: dict[str, str]
    spec: str = ""
    """Digest of the parts of the file that a model depends on."""

    def folder(self, stage: str) -> Path:
        """Return the folder that a stage wrote."""
        return Path(self.stages[stage])

    def document(self, stage: str, kind: type[D]) -> D:
        """Return the document that a stage wrote."""
        name = {"collection": "snapshot", "preparation": "prepared"}.get(stage, stage)
        return read_document(self.folder(stage) / f"{name}.json", kind)


@dataclass(frozen=True)
class TrainingOutcome:
    """What a training led to."""

    results: TrainingArtifacts
    evaluation: Evaluation
    pointer: Pointer | None
    """The pointer; None if no model was ever released."""
    released: bool
    cached: bool
    reading: DataRemarks
    """What the stages said about the data."""


def artifacts_path(workspace: Workspace) -> Path:
    """Return the path of results.json."""
    return workspace.folder / "results.json"


def choose_arguments(
    lifecycle: Lifecycle, *, workspace: Workspace, runner: LocalRunner
) -> Arguments:
    """Return the arguments of a training that is compared with the champion, if one serves.

    If the champion is the winner of this same file, the arguments are those with which it was
    trained, compared with the champion before it: their results are in the cache.
    """
    pointer = current(workspace)
    champion = bundle_of(workspace, pointer) if pointer else None
    now = arguments(lifecycle, workspace=workspace, renewal=Renewal(champion=champion))
    for before in _champions_before(workspace):
        earlier = arguments(lifecycle, workspace=workspace, renewal=Renewal(champion=before))
        if runner.plan(earlier).done:
            return earlier
    return now


def train(
    lifecycle: Lifecycle,
    *,
    workspace: Workspace,
    runner: LocalRunner,
    progress: Progress,
    force: bool = False,
) -> TrainingOutcome:
    """Run the training pipeline and release the winner if evaluation says so."""
    asked = choose_arguments(lifecycle, workspace=workspace, runner=runner)
    artifacts = None if force else runner.cached(asked)
    cached = artifacts is not None
    if artifacts is None:
        artifacts = _run(asked, runner=runner, progress=progress, force=force)
    stages = {stage: str(path) for stage, path in artifacts.items()}
    results = TrainingArtifacts(stages=stages, spec=spec_digest(lifecycle))
    write_document(artifacts_path(workspace), results)
    evaluation = read_document(results.folder("evaluation") / "evaluation.json", Evaluation)
    before = current(workspace)
    said = told_by(artifacts)
    if not evaluation.promote:
        heed(workspace, evaluation, time=datetime.now(UTC), why="; ".join(evaluation.reasons))
        return TrainingOutcome(results, evaluation, current(workspace), False, cached, said)
    pointer = release(
        workspace,
        deployment=results.folder("deployment"),
        evaluation=evaluation,
        time=datetime.now(UTC),
        why="; ".join(evaluation.reasons),
    )
    released = before is None or before.version != pointer.version
    return TrainingOutcome(results, evaluation, pointer, released, cached, said)


def _run(
    asked: Arguments, *, runner: LocalRunner, progress: Progress, force: bool
) -> dict[str, Path]:
    """Run the pipeline; where a stage fails, say what the earlier ones said about the data."""
    try:
        return runner.run(asked, kind="training", listener=progress.stage, force=force)
    except MdlcError:
        done = runs(runner.workspace)[-1].stages
        folders = {
            name: Path(next(iter(run.artifacts.values())))
            for name, run in done.items()
            if run.artifacts
        }
        for line in told_by(folders).lines():
            progress.say(line)
        raise


def _champions_before(workspace: Workspace) -> list[Path | None]:
    """Return the bundle that the champion replaced, as a list of one; [None] if it replaced none.

    [] before the first release. If the promotion was killed before its line was written, the bundle
    is the one that served according to the last line of history.
    """
    pointer = current(workspace)
    if pointer is None:
        return []
    entries = history_of(workspace).entries()
    promotion, last = promotion_of(entries, pointer.digest), serving_entry(entries)
    replaced = promotion.replaced if promotion else last.version if last else ""
    if not replaced:
        return [None]
    folder = workspace.folder / "models" / replaced
    known = {entry.digest for entry in entries if entry.version == replaced}
    for digest in known:
        open_bundle(folder, digest=digest)
    return [folder]
