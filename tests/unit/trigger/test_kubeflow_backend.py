"""Runs on Kubeflow: made once whatever is lost, told apart by how they ended. With a stand-in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mdlc.core.bundle import Manifest
from mdlc.core.errors import DataError, KilledError, MdlcError, ServiceError, StageError
from mdlc.core.files import write_document
from mdlc.core.spec import Lifecycle, load
from mdlc.monitoring.fake_predictor import START
from mdlc.pipelines.kubeflow.run_state import RunState
from mdlc.pipelines.kubeflow.step_settings import RunOutcome
from mdlc.state.watch_documents import Verdict
from mdlc.state.workspace import Workspace
from mdlc.trigger.backends.kubeflow_backend import KubeflowBackend, copy_state
from tests import tiny


@dataclass
class Standin:
    """Kubeflow Pipelines as far as the backend asks it; runs are told apart by name."""

    made: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[Lifecycle, Any]] = field(default_factory=list)
    outcome: RunOutcome | None = None
    stopped: bool = False

    def experiment(self, name: str) -> str:
        return name

    def find(self, name: str, **_: Any) -> Any | None:
        return self.made.get(name)

    def submit(self, lifecycle: Lifecycle, *, renewal: Any, name: str, **_: Any) -> str:
        self.asked.append((lifecycle, renewal))
        self.made[name] = SimpleNamespace(run_id=f"run-{name}", state="RUNNING")
        return f"run-{name}"

    def state(self, run_id: str) -> RunState:
        run = next(run for run in self.made.values() if run.run_id == run_id)
        states: Any = {"RUNNING": "running", "SUCCEEDED": "succeeded", "FAILED": "failed"}
        return RunState(
            run_id=run_id,
            name="r",
            state=states[run.state],
            outcome=self.outcome,
            stopped=self.stopped,
        )

    def terminate(self, run_id: str) -> None:
        next(r for r in self.made.values() if r.run_id == run_id).state = "FAILED"


@pytest.fixture
def lifecycle(tmp_path: Path) -> Lifecycle:
    text = (
        f"  deploy:\n    promote: {{confidence: 0.6}}\n  cluster: {{artifacts: {tmp_path}/store}}"
    )
    file = tiny.write_file(tmp_path, ("  deploy:\n    promote: {confidence: 0.6}", text))
    champion = Manifest.model_validate(
        {
            "name": "tiny",
            "candidate": "logistic",
            "task": "binary",
            "format": "onnx",
            "features": [],
            "cleaning": [],
            "payoff": load(file).spec.business.model_dump()["payoff"],
            "parity": 0,
            "trained_rows": 1,
        }
    )
    write_document(tmp_path / "store/tiny/models/1/manifest.json", champion)
    return load(file)


def verdict(attempts: int = 1, **fields: Any) -> Verdict:
    evidence = {"champion": "1", "until": "2026-01-20T00:00:00+00:00"}
    given = {"id": "tiny-0001", "time": START, "reasons": ["money"], "decision": "run", "why": ""}
    return Verdict.model_validate({**given, "evidence": evidence, "attempts": attempts, **fields})


def test_a_run_is_made_once_though_its_id_was_never_noted(lifecycle: Lifecycle) -> None:
    there = Standin()
    first = KubeflowBackend(lambda: there, lifecycle=lambda: lifecycle).start(verdict())
    assert KubeflowBackend(lambda: there, lifecycle=lambda: lifecycle).start(verdict(2)) == first
    assert len(there.made) == 1
    assert KubeflowBackend(lambda: there, lifecycle=lambda: lifecycle).kept(verdict(2))
    (asked, renewal) = there.asked[0]
    assert renewal.until == datetime.fromisoformat("2026-01-20T00:00:00+00:00")
    assert asked.spec.model.split.until == renewal.until
    assert [c.kind for c in asked.spec.model.candidates] == ["logistic"]


def test_after_a_failed_attempt_there_is_a_new_run(lifecycle: Lifecycle) -> None:
    there = Standin()
    backend = KubeflowBackend(lambda: there, lifecycle=lambda: lifecycle)
    there.terminate(backend.start(verdict()))
    assert backend.start(verdict(2)).endswith("-2")
    backend.leave(verdict(2))
    assert [run.state for run in there.made.values()] == ["FAILED", "RUNNING"]


@pytest.mark.parametrize("outcome", ["promoted", "canary", "refused", "failed"])
def test_how_a_run_ended_is_what_it_wrote_down(lifecycle: Lifecycle, outcome: Any) -> None:
    there = Standin()
    backend = KubeflowBackend(lambda: there, lifecycle=lambda: lifecycle)
    run = verdict(backend_run=backend.start(verdict()))
    assert backend.poll(run) is None
    next(iter(there.made.values())).state = "SUCCEEDED"
    there.outcome = RunOutcome(
        name="tiny",
        run="r",
        kind="retraining",
        outcome=outcome,
        version="7",
        reasons=["because"],
        ended=START,
    )
    report = backend.poll(run)
    assert report is not None
    assert (report.outcome, report.version, report.detail, report.transient) == (
        outcome,
        "7",
        "because",
        outcome == "failed",
    )


@pytest.mark.parametrize("stopped", [False, True])
def test_a_run_that_left_nothing_may_be_tried_again(lifecycle: Lifecycle, stopped: bool) -> None:
    """Unless somebody ended it."""
    there = Standin(stopped=stopped)
    backend = KubeflowBackend(lambda: there, lifecycle=lambda: lifecycle)
    run = verdict(backend_run=backend.start(verdict()))
    backend.cancel(run)
    report = backend.poll(run)
    assert report is not None
    assert (report.outcome, report.transient) == ("failed", not stopped)


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (ServiceError("the object store does not answer"), True),
        (KilledError("training: it is gone", signal=9), True),
        (StageError("training: a column is named 'ended by signal'"), False),
        (DataError("there are too few rows"), False),
    ],
)
def test_what_failed_for_a_passing_reason_may_be_tried_again(
    lifecycle: Lifecycle, error: MdlcError, transient: bool
) -> None:
    there = Standin()
    backend = KubeflowBackend(lambda: there, lifecycle=lambda: lifecycle)
    run = verdict(backend_run=backend.start(verdict()))
    next(iter(there.made.values())).state = "FAILED"
    there.outcome = RunOutcome(
        name="tiny",
        run="r",
        kind="retraining",
        outcome="failed",
        reasons=["as below"],
        error=error.to_json(),
        ended=START,
    )
    report = backend.poll(run)
    assert report is not None
    assert (report.outcome, report.transient, report.detail) == ("failed", transient, str(error))


def test_what_serves_is_copied_here(lifecycle: Lifecycle, tmp_path: Path) -> None:
    workspace = Workspace("tiny", tmp_path / "here", tmp_path)
    copy_state(lifecycle, workspace=workspace)
    assert not workspace.pointer.exists()
    there = tmp_path / "store/tiny/serving.json"
    for content in (b"1", b"2"):
        there.write_bytes(content)
        copy_state(lifecycle, workspace=workspace)
        assert workspace.pointer.read_bytes() == content
