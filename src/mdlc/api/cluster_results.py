"""What the methods of a lifecycle on a cluster lead to."""

from __future__ import annotations

from dataclasses import dataclass

from mdlc.pipelines.kubeflow.run_state import RunState


@dataclass(frozen=True)
class SubmittedRun:
    """A run on Kubeflow Pipelines."""

    run: str
    """Its id there."""
    name: str
    created: bool
    """False: the same run had been submitted before, and was found."""
    link: str
    state: RunState
    """As it was last seen: its tasks, and what it led to once it ended."""


@dataclass(frozen=True)
class ClusterSchedule:
    """A schedule on Kubeflow Pipelines, of which a lifecycle has one."""

    schedule: str
    """Its id there."""
    created: bool
    """False: the same schedule was there, and is kept."""
    link: str


@dataclass(frozen=True)
class StageLog:
    """The end of what a stage's pod said."""

    text: str
    error: str
    """The error that it ends with, in one line; "" if there is none."""
