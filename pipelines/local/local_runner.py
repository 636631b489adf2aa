"""Runs the compiled pipeline on this machine; stages that the cache answers are not run."""

from __future__ import annotations

import shutil
import time
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar

from mdlc.core.errors import MdlcError, StageError
from mdlc.core.files import SCRATCH, Document, read_document, write_document
from mdlc.pipelines.cache.code_digests import pipeline_code
from mdlc.pipelines.cache.result_store import ResultStore
from mdlc.pipelines.cache.run_plan import RunPlan, make_plan
from mdlc.pipelines.compile_training import compile_training
from mdlc.pipelines.local.judged_tests import record as remember
from mdlc.pipelines.local.judged_tests import with_earlier
from mdlc.pipelines.local.kfp_hooks import Listener, Session, installed
from mdlc.pipelines.local.warm_server import WarmServer
from mdlc.pipelines.stage_arguments import Arguments
from mdlc.state.workspace import Workspace

KEEP_RUNS = 50
T = TypeVar("T")


class StageRun(Document):
    """The state of one stage in a run."""

    state: Literal["running", "cached", "finished", "failed"]
    seconds: float
    artifacts: dict[str, str] = {}


class LocalRun(Document):
    """One run of the pipeline: run.json."""

    id: str
    name: str
    kind: Literal["training", "retraining"]
    state: Literal["running", "finished", "failed", "killed"]
    started: datetime
    seconds: float
    stages: dict[str, StageRun]
    error: str = ""


@dataclass
class LocalRunner:
    """Runs pipelines in one workspace. The caller opens and closes the warm server."""

    workspace: Workspace
    server: WarmServer

    @property
    def store(self) -> ResultStore:
        """The workspace's cache of results."""
        return ResultStore(self.workspace.folder / "cache")

    def plan(self, arguments: Arguments) -> RunPlan:
        """Return what a run with these arguments would do."""
        asked = with_earlier(self.workspace, arguments)
        return make_plan(self._pipeline(), arguments=asked, store=self.store)[0]

    def cached(self, arguments: Arguments) -> dict[str, Path] | None:
        """Return every stage's artifact if nothing would run, else None."""
        asked = with_earlier(self.workspace, arguments)
        plan, entries = make_plan(self._pipeline(), arguments=asked, store=self.store)
        if not plan.done:
            return None
        return {stage: Path(_only(entry.outputs).path) for stage, entry in entries.items()}

    def run(
        self,
        arguments: Arguments,
        *,
        kind: Literal["training", "retraining"],
        listener: Listener,
        force: bool = False,
    ) -> dict[str, Path]:
        """Run the pipeline and return each stage's artifact folder.

        Raises:
            MdlcError: the error of the stage that failed; earlier stages stay cached.
        """
        identity = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        folder = self.workspace.folder / "runs" / identity
        record = LocalRun(
            id=identity,
            name=self.workspace.name,
            kind=kind,
            state="running",
            started=datetime.now(UTC),
            seconds=0,
            stages={},
        )

        def told(stage: str, event: str, seconds: float) -> None:
            state: Literal["running", "cached", "finished", "failed"]
            state = "running" if event == "started" else event  # type: ignore[assignment]
            record.stages[stage] = StageRun(state=state, seconds=round(seconds, 3))
            write_document(folder / "run.json", record)
            listener(stage, event, seconds)

        session = Session(
            store=self.store, server=self.server, logs=folder, listener=told, force=force
        )
        started = time.monotonic()
        try:
            write_document(folder / "run.json", record)
            self._execute(with_earlier(self.workspace, arguments), session=session)
            remember(self.workspace, arguments, evaluation=_only(session.artifacts["evaluation"]))
            record.state = "finished"
        except BaseException as error:
            known = isinstance(error, MdlcError)
            record.state = "failed"
            record.error = str(error) if known else f"stopped by {type(error).__name__}"
            if not known:
                self.server.close()  # and with it the step that may still be writing
            raise
        finally:
            record.seconds = round(time.monotonic() - started, 3)
            for stage, artifacts in session.artifacts.items():
                record.stages[stage].artifacts = {k: str(v) for k, v in artifacts.items()}
            write_document(folder / "run.json", record)
            self._prune()
        return {stage: _only(artifacts) for stage, artifacts in session.artifacts.items()}

    def _execute(self, arguments: Arguments, *, session: Session) -> None:
        with warnings.catch_warnings():
            # kfp uses names of protobuf and Kubernetes that are deprecated.
            warnings.simplefilter("ignore")
            from kfp import components, local

            pipeline = components.load_component_from_file(str(self._pipeline()))
            local.init(
                runner=local.SubprocessRunner(use_venv=False),
                pipeline_root=str(self.workspace.folder / "artifacts"),
                # Without this kfp would create a folder in /tmp and leave it there.
                workspace_root=str(self.workspace.folder / "unused"),
                raise_on_error=True,
                enable_caching=True,
                cache_root=str(self.store.folder),
            )
            try:
                with installed(session):
                    pipeline(**arguments)
            except RuntimeError as error:
                if session.error:
                    raise session.error from None
                raise StageError(f"kfp.local: {error}") from error

    def _pipeline(self) -> Path:
        return compile_training(self.workspace.home / "pipelines", code=pipeline_code())

    def _prune(self) -> None:
        """Delete old logs, artifacts that no cache entry names, and scratch of killed stages."""
        kept = self.store.referenced()
        for run in (self.workspace.folder / "artifacts").glob("mdlc-training-*"):
            if not any(Path(path).is_relative_to(run) for path in kept):
                shutil.rmtree(run, ignore_errors=True)
            for left in run.glob(f"*/*/{SCRATCH}*"):
                shutil.rmtree(left, ignore_errors=True)
        runs = sorted((self.workspace.folder / "runs").iterdir())
        for old in runs[:-KEEP_RUNS]:
            shutil.rmtree(old, ignore_errors=True)


def runs(workspace: Workspace) -> list[LocalRun]:
    """Return the recorded runs, oldest first.

    A run that is recorded as running but that no process works on is returned as killed.
    """
    found = sorted((workspace.folder / "runs").glob("*/run.json"))
    recorded = [read_document(path, LocalRun) for path in found]
    if not workspace.busy:
        for run in recorded:
            run.state = "killed" if run.state == "running" else run.state
    return recorded


def _only(mapping: dict[str, T]) -> T:
    """Return the only value of a mapping: each stage writes one artifact."""
    (value,) = mapping.values()
    return value
