"""What the methods of a lifecycle on a cluster return."""

from __future__ import annotations

from dataclasses import dataclass

from mdlc.pipelines.kubeflow.run_state import RunState


@dataclass(frozen=True)
class SubmittedRun:
    """A run on Kubeflow Pipelines."""

    run: str
    """The run's id."""
    name: str
    created: bool
    """False if the same run was submitted before, and was found."""
    link: str
    state: RunState
    """Its last known state: tasks and, once it has ended, the outcome."""


@dataclass(frozen=True)
class ClusterSchedule:
    """A schedule on Kubeflow Pipelines; a lifecycle has at most one."""

    schedule: str
    """The schedule's id."""
    created: bool
    """False if the same schedule existed, and was kept."""
    link: str


@dataclass(frozen=True)
class StageLog:
    """The end of the log of a stage's pod."""

    text: str
    error: str
    """The error at its end, in one line; "" if there is none."""
