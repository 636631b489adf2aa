"""Why a stage failed, passed on to the step that ends the run.

Kubeflow Pipelines tells its exit handler that something failed, not what. So a stage that fails
leaves its error below runs/RUN.errors/ in the artifact root, and `report` puts it into the outcome.
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
"""Names the run to its pods: as an argument it would be part of the key of KFP's cache."""
RETRY_VARIABLE = "KFP_RETRY_INDEX"
"""How many tries of this pod there were before, as KFP says it."""


class FailureRecord(Document):
    """What is left of a stage that failed."""

    error: str
    """MdlcError.to_json(); "" once a later try of the stage went well."""


@contextlib.contextmanager
def recording_failure(stage: str, *, artifacts: str, part: str = "") -> Iterator[None]:
    """Leave the error of the block where `told` finds it; take back one that an earlier try left.

    That it cannot be left, for the object store may be what failed, does not hide the error itself.
    """
    name = f"{stage}-{part}" if part else stage
    try:
        yield
    except (Exception, SystemExit) as error:
        # A stage's wrapper reports by itself, and then exits.
        why = error.__cause__ if isinstance(error, SystemExit) else error
        if isinstance(why, Exception):
            with contextlib.suppress(Exception):
                _leave(name, explain(why, stage=stage).to_json(), artifacts=artifacts)
        raise
    if os.environ.get(RETRY_VARIABLE, "0") != "0":
        _take_back(name, artifacts=artifacts)


def read_failure(artifacts: str, *, run: str) -> MdlcError | None:
    """Return the error of a stage of a run, None if none left one."""
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
