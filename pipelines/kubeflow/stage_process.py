"""One stage in its process inside a pod: fetch what it reads, ask the cache, run the stage."""

from __future__ import annotations

import importlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mdlc.core.errors import StageError
from mdlc.core.files import digest_json, digest_path
from mdlc.pipelines.cache.plugin_digests import question_code
from mdlc.pipelines.cache.result_store import StageQuestion
from mdlc.pipelines.kubeflow import candidate_parts
from mdlc.pipelines.kubeflow.fetch_inputs import Exporter, Parameters, fetch_inputs
from mdlc.pipelines.kubeflow.remote_results import PLACES, RemoteResults
from mdlc.pipelines.kubeflow.step_settings import StepRequest, StepResult
from mdlc.state import remote_files

DATABASE = "mlflow.db"


@dataclass(frozen=True)
class ArtifactFolder:
    """Stands for kfp's artifact; it has the attributes that a stage's wrapper reads."""

    path: str


def perform(asked: StepRequest, *, export: Exporter) -> StepResult:
    """Run the requested stage, or take its result from the cache.

    `export` writes labelled predictions, for preparation in a retraining.
    """
    name, path = asked.output
    out = Path(path)
    with tempfile.TemporaryDirectory(prefix="mdlc-") as folder:
        scratch = Path(folder)
        given = fetch_inputs(
            asked.stage,
            asked.parameters,
            settings=asked.settings,
            scratch=scratch,
            export=export,
        )
        question = question_of(asked, given)
        results = RemoteResults(asked.settings)
        started = time.monotonic()
        if results.fetch(question, out) or _taken(asked, given, results, scratch):
            seconds = time.monotonic() - started
            return StepResult(
                key=question.key, digest=digest_path(out), cached=True, seconds=seconds
            )
        _compute(asked, given, scratch)
        seconds = time.monotonic() - started
        digest = results.put(question, out, name=name, seconds=seconds)
    return StepResult(key=question.key, digest=digest, cached=False, seconds=seconds)


def question_of(asked: StepRequest, given: Parameters) -> StageQuestion:
    """Return the cache's question; it is the same in all plans and for all locations."""
    inputs = asked.inputs
    if asked.part:
        given = candidate_parts.parameters(given, kind=asked.part)
        inputs = {k: v for k, v in inputs.items() if k != candidate_parts.CONTEST}
    return StageQuestion(
        stage=asked.stage,
        code=question_code(asked.stage, given),
        parameters={k: digest_json(v) for k, v in given.items() if k not in PLACES},
        inputs={k: digest_path(Path(v)) for k, v in inputs.items()},
    )


def _taken(asked: StepRequest, given: Parameters, results: RemoteResults, scratch: Path) -> bool:
    """Take the part from a whole training in the cache; return False if there is none."""
    if not asked.part:
        return False
    whole = question_of(asked.model_copy(update={"part": ""}), given)
    out = Path(asked.output[1])
    return candidate_parts.extract_part(
        whole, kind=asked.part, results=results, scratch=scratch, out=out
    )


def _compute(asked: StepRequest, given: Parameters, scratch: Path) -> None:
    """Run the stage, one part of training, or the assembly of its parts."""
    if asked.parts:
        candidate_parts.assemble_parts(asked, given)
        return
    name, path = asked.output
    if asked.part:
        given = candidate_parts.parameters(given, kind=asked.part)
    with _registry(asked, given, scratch) as parameters:
        _stage(asked.stage)(
            **parameters,
            **{key: ArtifactFolder(value) for key, value in asked.inputs.items()},
            **{name: ArtifactFolder(path)},
        )


@contextmanager
def _registry(asked: StepRequest, given: Parameters, scratch: Path) -> Iterator[Parameters]:
    """Yield the parameters with the registry: MLFLOW_TRACKING_URI, or a file in the object store.

    Raises:
        StageError: another run changed the file in the meantime; a retry reads it again.
    """
    if asked.stage != "deployment":
        yield given
        return
    server = os.environ.get("MLFLOW_TRACKING_URI")
    if server:
        yield given | {"registry": server}
        return
    location, path = remote_files.join(asked.settings.artifacts, DATABASE), scratch / DATABASE
    before = remote_files.digest_of(location)
    if before:
        remote_files.get_file(location, path)
    yield given | {"registry": f"sqlite:///{path}"}
    if remote_files.digest_of(location) != before:
        raise StageError("deployment: another run wrote the registry meanwhile", hint="try again")
    remote_files.put_file(path, location)


def _stage(stage: str) -> Callable[..., None]:
    module = importlib.import_module(f"mdlc.components.{stage}.component")
    function: Callable[..., None] = getattr(module, stage).python_func
    return function
