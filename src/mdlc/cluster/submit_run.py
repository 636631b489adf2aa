"""Runs a lifecycle on Kubeflow Pipelines: compile, submit, follow (`mdlc compile`, `submit`)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mdlc.cluster import step_entry
from mdlc.core.errors import StageError
from mdlc.core.spec import Lifecycle
from mdlc.pipelines.kubeflow.cluster_arguments import artifacts_of
from mdlc.pipelines.kubeflow.compile_lifecycle import compile_lifecycle
from mdlc.pipelines.kubeflow.kfp_client import KfpClient, Submitted, run_arguments
from mdlc.pipelines.kubeflow.run_state import RunState, TaskState
from mdlc.pipelines.kubeflow.source_uploads import Sources, at, known, upload
from mdlc.pipelines.stage_arguments import Renewal

Fuse = Literal["none", "light"]
Told = Callable[[TaskState], None]
POLL_SECONDS = 5.0


@dataclass(frozen=True)
class SourceLocation:
    """Where a run finds its sources: set at most one field; with none, those known already."""

    upload: bool = False
    root: str | None = None


def sources_of(lifecycle: Lifecycle, *, file: Path, data: SourceLocation) -> Sources:
    """Return where a run on a cluster finds the sources; upload them if `data` says so."""
    artifacts = artifacts_of(lifecycle)
    if data.root:
        return at(lifecycle, location=data.root)
    if data.upload:
        return upload(lifecycle, root=file.resolve().parent, artifacts=artifacts)
    return known(lifecycle, artifacts=artifacts)


def compile_file(
    lifecycle: Lifecycle, *, file: Path, out: Path, data: SourceLocation, fuse: Fuse | None
) -> str:
    """Write the IR with the file's arguments as defaults; return its version."""
    sources = sources_of(lifecycle, file=file, data=data)
    defaults = run_arguments(lifecycle, kind="training", renewal=Renewal(), sources=sources)
    defaults["epoch"] = ""
    # If the digest of a source is unknown, KFP's cache must not answer for collection.
    fresh = not all(sources.digests.values())
    return compile_lifecycle(
        lifecycle, out, entry=step_entry.__name__, defaults=defaults, fuse=fuse, fresh=fresh
    )


def submit(  # noqa: PLR0913 - the verb's options
    client: KfpClient,
    lifecycle: Lifecycle,
    *,
    file: Path,
    data: SourceLocation,
    fuse: Fuse | None,
    again: bool,
) -> Submitted:
    """Create the run, or find the one that was submitted before with the same arguments."""
    return client.send(
        lifecycle,
        kind="training",
        renewal=Renewal(),
        sources=sources_of(lifecycle, file=file, data=data),
        fuse=fuse,
        again=again,
    )


def follow(
    client: KfpClient, run_id: str, *, told: Told, poll_seconds: float = POLL_SECONDS
) -> RunState:
    """Report each change of a task to `told`, until the run ends.

    Raises:
        StageError: the run failed.
    """
    known_states: dict[str, str] = {}
    while True:
        state = client.state(run_id)
        for task in state.tasks:
            if known_states.get(task.name) != task.state:
                known_states[task.name] = task.state
                told(task)
        if state.state == "succeeded":
            return state
        if state.state == "failed":
            raise _failure(state)
        time.sleep(poll_seconds)


def _failure(state: RunState) -> StageError:
    """Return the error of a failed run, with the stage's error if the run recorded it."""
    failed = [task.name for task in state.tasks if task.state == "FAILED"]
    at = f" at {', '.join(failed)}" if failed else ""
    said = "; ".join(state.outcome.reasons) if state.outcome else state.error
    stage = failed[0] if failed else "STAGE"
    return StageError(
        f"the run {state.name} {'was ended' if state.stopped else 'failed'}{at}"
        + (f": {said}" if said and not state.stopped else ""),
        hint=f"mdlc logs FILE --run {state.run_id} --stage {stage} shows more; submitting it again "
        "goes on where it ended",
    )
