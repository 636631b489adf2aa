"""The release step of a run on a cluster: `python -m mdlc.cluster.release_step`.

It calls the same functions for release, canary and history as `mdlc run`, on a local mirror of the
artifact root.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from mdlc.cluster.state_mirror import mirrored, read_pointer
from mdlc.core.documents.evaluation_result import Deployment, Evaluation
from mdlc.core.files import Document, read_document, write_document
from mdlc.core.steps import reporting
from mdlc.life.releases import begin_canary, current, promised, release
from mdlc.life.withdrawals import heed
from mdlc.pipelines.kubeflow.failure_records import recording_failure
from mdlc.pipelines.kubeflow.step_settings import RunOutcome, StepSettings
from mdlc.state import remote_files
from mdlc.state.release_documents import Pointer
from mdlc.state.workspace import Workspace


class ReleaseRequest(Document):
    """The input of this program, as JSON on standard input."""

    settings: StepSettings
    run: str
    evaluation: str
    deployment: str
    out: str


def perform(asked: ReleaseRequest) -> RunOutcome:
    """Release the winner, or withdraw or restore the champion, as evaluation says.

    What came of it is in outcome.json, and in runs/RUN.json in the artifact root.
    """
    evaluation = read_document(Path(asked.evaluation) / "evaluation.json", Evaluation)
    made = read_document(Path(asked.deployment) / "deployment.json", Deployment)
    outcome: Literal["promoted", "canary", "refused"] = "refused"
    reasons, replaced = list(evaluation.reasons), ""
    if evaluation.promote:
        with mirrored(asked.settings.artifacts, name=asked.settings.name) as workspace:
            before = current(workspace)
            if _overtaken(before, evaluation=evaluation, made=made):
                reasons = [f"version {before.version if before else ''} was released meanwhile"]
            else:
                outcome = _release(asked, workspace=workspace, evaluation=evaluation, made=made)
                replaced = before.version if before and before.digest != made.digest else ""
    elif _concerned(asked.settings.artifacts, evaluation=evaluation):
        with mirrored(asked.settings.artifacts, name=asked.settings.name) as workspace:
            heed(workspace, evaluation, time=datetime.now(UTC), why="; ".join(reasons))
    ended = RunOutcome(
        name=asked.settings.name,
        run=asked.run,
        kind=asked.settings.kind,
        outcome=outcome,
        version=made.version,
        digest=made.digest,
        replaced=replaced,
        reasons=reasons,
        promised=promised(evaluation),
        ended=datetime.now(UTC),
    )
    write_document(Path(asked.out) / "outcome.json", ended)
    location = remote_files.join(asked.settings.artifacts, "runs", f"{asked.run}.json")
    remote_files.put_document(location, ended)
    return ended


def _overtaken(before: Pointer | None, *, evaluation: Evaluation, made: Deployment) -> bool:
    """Return whether a version serves that is neither the winner nor the one compared with."""
    serving = before.digest if before else ""
    return serving not in (evaluation.champion_digest, made.digest)


def _concerned(artifacts: str, *, evaluation: Evaluation) -> bool:
    """Say whether an evaluation that promotes nobody may change who decides; reads the pointer."""
    serving = read_pointer(artifacts)
    return serving is not None and (bool(evaluation.withdraw) or bool(serving.instead))


def _release(
    asked: ReleaseRequest, *, workspace: Workspace, evaluation: Evaluation, made: Deployment
) -> Literal["promoted", "canary"]:
    folder, why, time = Path(asked.deployment), "; ".join(evaluation.reasons), datetime.now(UTC)
    ratio = asked.settings.canary
    if ratio is None or current(workspace) is None:
        release(workspace, deployment=folder, evaluation=evaluation, time=time, why=why)
        return "promoted"
    pointer = begin_canary(
        workspace, deployment=folder, evaluation=evaluation, time=time, why=why, ratio=ratio
    )
    # The winner may serve already, while another canary is on trial.
    return "promoted" if pointer.digest == made.digest else "canary"


def main() -> None:
    """Read the request and perform it."""
    asked = ReleaseRequest.model_validate_json(sys.stdin.read())
    with reporting("release"), recording_failure("release", artifacts=asked.settings.artifacts):
        perform(asked)


if __name__ == "__main__":
    main()
