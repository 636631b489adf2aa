"""Records why a stage failed, for the step that ends the run.

Kubeflow Pipelines tells its exit handler that something failed, but not what. So a stage that fails
writes its error below runs/RUN.errors/ in the artifact root, and `report` copies it into the run's
outcome.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from mdlc.core.errors import MdlcError, from_json
from mdlc.core.files import Document
from mdlc.core.steps import explain
from mdlc.state import remote_files

RUN_VARIABLE = "MDLC_RUN_ID"
"""Environment variable with the run's id. As an argument it would be part of KFP's cache key."""
RETRY_VARIABLE = "KFP_RETRY_INDEX"
"""Environment variable in which KFP says how many tries of this pod there were before."""


class FailureRecord(Document):
    """The record of a stage that failed."""

    error: str
    """MdlcError.to_json(); "" once a later try of the stage has succeeded."""


@contextlib.contextmanager
def recording_failure(stage: str, *, artifacts: str, part: str = "") -> Iterator[None]:
    """Write an error of the block where `read_failure` finds it, and raise it again.

    If the block succeeds, an error that an earlier try wrote is cleared. If the error cannot be
    written, for example because the object store is away, the block's own error is raised all the
    same.
    """
    name = f"{stage}-{part}" if part else stage
    try:
        yield
    except (Exception, SystemExit) as error:
        # A stage's wrapper prints its error and exits; the error is the cause of SystemExit.
        why = error.__cause__ if isinstance(error, SystemExit) else error
        if isinstance(why, Exception):
            with contextlib.suppress(Exception):
                _leave(name, explain(why, stage=stage).to_json(), artifacts=artifacts)
        raise
    if os.environ.get(RETRY_VARIABLE, "0") != "0":
        _take_back(name, artifacts=artifacts)


def read_failure(artifacts: str, *, run: str) -> MdlcError | None:
    """Return the recorded error of a stage of the run; None if there is none."""
    folder = _folder(artifacts, run)
    for found in remote_files.listed(folder):
        left = remote_files.read_document(remote_files.join(folder, found.name), FailureRecord)
        if left and left.error:
            return from_json(left.error)
    return None


def _leave(name: str, error: str, *, artifacts: str) -> None:
    run = os.environ.get(RUN_VARIABLE)
    if run:
        remote_files.put_document(_location(artifacts, run, name), FailureRecord(error=error))


def _take_back(name: str, *, artifacts: str) -> None:
    run = os.environ.get(RUN_VARIABLE)
    if run and remote_files.read_bytes(_location(artifacts, run, name)) is not None:
        _leave(name, "", artifacts=artifacts)


def _location(artifacts: str, run: str, name: str) -> str:
    return remote_files.join(_folder(artifacts, run), f"{name}.json")


def _folder(artifacts: str, run: str) -> str:
    return remote_files.join(artifacts, "runs", f"{run}.errors")
