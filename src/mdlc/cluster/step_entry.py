"""The functions that components call in their pods: stage, release, canary's gate, report.

A component's text imports this module by the name that was passed when it was compiled (`entry`),
so `mdlc.pipelines` does not import the steps. Steps run in processes of their own, because kfp's
executor has loaded kfp without its compiler.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mdlc.core.documents.training_result import Selection
from mdlc.core.errors import KilledError, StageError
from mdlc.core.files import read_document, write_document
from mdlc.core.steps import reporting
from mdlc.pipelines.kubeflow import ui_artifacts
from mdlc.pipelines.kubeflow.failure_records import read_failure, recording_failure
from mdlc.pipelines.kubeflow.step_settings import RunOutcome, StepRequest, StepResult, StepSettings
from mdlc.state import remote_files

CANDIDATES = "spec.model.candidates"
UNTOLD = "no stage could say why: somebody ended it, a pod was lost, or the object store was away"


def run(  # noqa: PLR0913 - a component's arguments and artifacts
    stage: str,
    *,
    settings: str,
    parameters: Mapping[str, str | float],
    inputs: Mapping[str, Any],
    output: tuple[str, Any],
    shows: Mapping[str, Any] | None = None,
    part: str = "",
    parts: Sequence[Any] = (),
) -> None:
    """Run one stage in its own process, record its result, and write what KFP's UI shows.

    If the stage fails, this process exits with the stage's exit code; the error is the last line of
    the log.

    Args:
        stage: The stage's name.
        settings: The run's StepSettings, as JSON.
        parameters: The stage's parameters.
        inputs: Input -> kfp artifact.
        output: Name and kfp artifact of the output.
        shows: Artifacts that KFP's UI shows of the stage.
        part: Train only this kind of candidate.
        parts: Assemble these parts, which other pods trained.
    """
    name, artifact = output
    with tempfile.TemporaryDirectory(prefix="mdlc-step-") as folder:
        answer = Path(folder) / "answer.json"
        asked = StepRequest(
            stage=stage,
            settings=StepSettings.model_validate_json(settings),
            parameters=dict(parameters),
            inputs={key: value.path for key, value in inputs.items()},
            output=(name, artifact.path),
            answer=str(answer),
            part=part,
            parts=[folder.path for folder in parts],
        )
        artifacts = asked.settings.artifacts
        _process("stage_step", asked.model_dump_json(), what=stage, artifacts=artifacts, part=part)
        answered = read_document(answer, StepResult)
    artifact.metadata.update(answered.model_dump(mode="json"))
    how = "taken from the cache" if answered.cached else "computed"
    what = f"{stage} of {part}" if part else stage
    sys.stdout.write(f"{what}: {how} in {answered.seconds:.1f} s, digest {answered.digest[:12]}\n")
    drawn = ui_artifacts.DRAWERS.get(stage)
    if drawn and shows:
        _drawn(stage, drawn, artifact=artifact, shows=shows)


def kinds(contest: Any, *, settings: str) -> list[str]:
    """Return the kinds that selection admits; a pipeline with a pod for each loops over them.

    A failure ends this process, as in `run`. An empty list would let the loop do nothing, without
    an error.
    """
    with reporting("selection"), recording_failure("selection", artifacts=_artifacts(settings)):
        chosen = read_document(Path(contest.path) / "selection.json", Selection)
        found = [contestant.kind for contestant in chosen.contestants if not contestant.refused]
        if not found:
            hint = "see selection.json"
            raise StageError("there is no candidate to train", where=CANDIDATES, hint=hint)
    return found


def release(  # noqa: PLR0913 - a component's artifacts
    *, settings: str, run_id: str, verdict: Any, deployed: Any, outcome: Any, page: Any
) -> None:
    """Release the winner if it passed; write the outcome as artifact and into the artifact root."""
    asked = {
        "settings": json.loads(settings),
        "run": run_id,
        "evaluation": verdict.path,
        "deployment": deployed.path,
        "out": outcome.path,
    }
    _process("release_step", json.dumps(asked), what="release", artifacts=_artifacts(settings))
    with reporting("release"):
        ended = read_document(Path(outcome.path) / "outcome.json", RunOutcome)
        outcome.metadata.update({"outcome": ended.outcome, "version": ended.version})
        _page(page, ended)


def gate(  # noqa: PLR0913 - a component's artifacts
    *, settings: str, run_id: str, terms: str, outcome: Any, judged: Any, page: Any
) -> None:
    """Wait until the run's canary is judged; do nothing if the run began none."""
    with reporting("gate"):
        ended = read_document(Path(outcome.path) / "outcome.json", RunOutcome)
    if terms and ended.outcome == "canary":
        asked = {
            "settings": json.loads(settings),
            "run": run_id,
            "terms": json.loads(terms),
            "outcome": outcome.path,
            "out": judged.path,
        }
        _process("gate_step", json.dumps(asked), what="gate", artifacts=_artifacts(settings))
    with reporting("gate"):
        path = Path(judged.path) / "outcome.json"
        if not path.exists():
            write_document(path, ended)
        ended = read_document(path, RunOutcome)
        judged.metadata.update({"outcome": ended.outcome, "version": ended.version})
        _page(page, ended)


def report(*, settings: str, run_id: str, error: str, page: Any) -> None:
    """Write how the run ended; without an outcome of the release step, it failed."""
    with reporting("report"):
        known = StepSettings.model_validate_json(settings)
        location = remote_files.join(known.artifacts, "runs", f"{run_id}.json")
        ended = remote_files.read_document(location, RunOutcome)
        if ended is None:
            left = read_failure(known.artifacts, run=run_id)
            why = str(left or error or UNTOLD)
            ended = RunOutcome(
                name=known.name,
                run=run_id,
                kind=known.kind,
                outcome="failed",
                reasons=[why],
                error=left.to_json() if left else "",
                ended=datetime.now(UTC),
            )
            remote_files.put_document(location, ended)
        _page(page, ended)


def _page(page: Any, ended: RunOutcome) -> None:
    said = "".join(f"- {reason}\n" for reason in ended.reasons)
    version = f", version {ended.version}" if ended.version else ""
    text = f"# {ended.name}: {ended.outcome}{version}\n\n{said}"
    Path(page.path).parent.mkdir(parents=True, exist_ok=True)
    Path(page.path).write_text(text)
    sys.stdout.write(text)


def _artifacts(settings: str) -> str:
    return StepSettings.model_validate_json(settings).artifacts


def _process(program: str, asked: str, *, what: str, artifacts: str, part: str = "") -> None:
    """Run one of this package's programs, with `asked` on its standard input."""
    environment = {k: v for k, v in os.environ.items() if k != "_KFP_RUNTIME"}
    sys.stdout.flush()
    ended = subprocess.run(  # noqa: S603
        [sys.executable, "-m", f"{__package__}.{program}"],
        input=asked,
        text=True,
        check=False,
        env=environment,
    )
    if ended.returncode > 0:
        raise SystemExit(ended.returncode)
    if ended.returncode < 0:
        number = -ended.returncode
        hint = "out of memory? raise spec.cluster.stages" if number == signal.SIGKILL else ""
        with reporting(what), recording_failure(what, artifacts=artifacts, part=part):
            raise KilledError(f"{what}: it ended by signal {number}", signal=number, hint=hint)


def _drawn(
    stage: str,
    drawer: Callable[[Path, Mapping[str, Any]], None],
    *,
    artifact: Any,
    shows: Mapping[str, Any],
) -> None:
    with reporting(stage):
        drawer(Path(artifact.path), shows)
