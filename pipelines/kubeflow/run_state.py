"""The state of a run, from KFP's API and from the outcome that the run itself wrote."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from mdlc.core.errors import MdlcError
from mdlc.pipelines.kubeflow.cluster_pipeline import BACK, FRONT
from mdlc.pipelines.kubeflow.step_settings import RunOutcome, StepSettings
from mdlc.state import remote_files

State = Literal["running", "succeeded", "failed"]
ENDED: dict[str, State] = {
    "SUCCEEDED": "succeeded",
    "SKIPPED": "succeeded",
    "FAILED": "failed",
    "CANCELED": "failed",
}
STOPPING = "CANCELING"
STEPS = {*FRONT, *BACK, "training", "candidate", "assembly", "front", "back", "gate", "report"}
"""Names of our tasks. KFP lists all nodes of Argo: drivers, executors, tries and loops as well."""
WORST = ("FAILED", "CANCELED", "RUNNING", "PENDING", "SUCCEEDED", "SKIPPED")


@dataclass(frozen=True)
class TaskState:
    """One task of a run; if several have the same name, such as candidates, the worst of them."""

    name: str
    state: str
    """KFP's state: PENDING, RUNNING, SUCCEEDED, SKIPPED (cached), FAILED ..."""
    seconds: float


@dataclass(frozen=True)
class RunState:
    """The state of a run and its tasks."""

    run_id: str
    name: str
    state: State
    tasks: list[TaskState] = field(default_factory=list)
    outcome: RunOutcome | None = None
    """The outcome, once the run has ended; None if the object store has none."""
    error: str = ""
    stopped: bool = False
    """Whether a person terminated it; KFP reports FAILED in that case too."""
    created: datetime | None = None


def run_state(run: Any) -> RunState:
    """Return the state of a run that the API returned."""
    state = ENDED.get(str(run.state), "running")
    details = run.run_details.task_details if run.run_details else None
    tasks: dict[str, TaskState] = {}
    begun = [detail for detail in details or [] if detail.state]  # tasks left out have no state
    for task in sorted(map(_task, begun), key=_rank, reverse=True):
        if task.name in STEPS:
            tasks[task.name] = task
    error = run.error.message if run.error else ""
    return RunState(
        run_id=str(run.run_id),
        name=str(run.display_name),
        state=state,
        tasks=sorted(tasks.values(), key=lambda task: task.name),
        outcome=_outcome(run) if state != "running" else None,
        error=error or "",
        stopped=any(past.state == STOPPING for past in run.state_history or []),
        created=run.created_at,
    )


def _task(task: Any) -> TaskState:
    began, ended = task.start_time or task.create_time, task.end_time
    seconds = (ended - began).total_seconds() if began and ended else 0.0
    return TaskState(
        name=str(task.display_name),
        state=str(task.state),
        seconds=max(seconds, 0.0),  # KFP gives the year 1 as the end of a task that still runs
    )


def _rank(task: TaskState) -> tuple[int, float]:
    """Return a sort key that puts the worst state first."""
    return WORST.index(task.state) if task.state in WORST else len(WORST), -task.seconds


def _outcome(run: Any) -> RunOutcome | None:
    """Read the run's outcome; None if it wrote none, or its object store cannot be reached."""
    given = (run.runtime_config.parameters or {}).get("settings") if run.runtime_config else None
    if not given:
        return None
    settings = StepSettings.model_validate_json(given)
    with contextlib.suppress(MdlcError):
        location = remote_files.join(settings.artifacts, "runs", f"{run.run_id}.json")
        return remote_files.read_document(location, RunOutcome)
    return None


def failed(run: Any) -> bool:
    """Return whether a run that the API returned has failed."""
    return ENDED.get(str(run.state)) == "failed"
