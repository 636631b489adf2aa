"""The models to serve on the cluster: pointer and bundles of a workspace, or of the artifacts.

A release folder is made of them in a temporary folder. Nothing here talks to the cluster.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from mdlc.cluster.state_mirror import mirrored
from mdlc.core.bundle import open_bundle
from mdlc.core.errors import SpecError
from mdlc.core.files import write_document
from mdlc.core.spec import Lifecycle
from mdlc.kserve.release_folder import ReleaseFolder, bundle_of, release
from mdlc.life.release_record import history_of
from mdlc.life.releases import require
from mdlc.life.releases import rollback as roll_back
from mdlc.pipelines.kubeflow.cluster_arguments import artifacts_of
from mdlc.state.release_documents import Pointer
from mdlc.state.released_bundles import checked
from mdlc.state.workspace import Workspace


@contextmanager
def released(
    lifecycle: Lifecycle, *, workspace: Workspace, before: bool = False
) -> Iterator[Workspace]:
    """Yield the workspace with what is released: the artifacts' mirror where the file names them.

    The lifecycle is locked meanwhile, and a concurrent change of the artifacts is detected. With
    `before` the mirror includes the version that a rollback returns to.
    """
    if lifecycle.spec.cluster.artifacts:
        with mirrored(artifacts_of(lifecycle), name=lifecycle.name, before=before) as mirror:
            yield mirror
    else:
        with workspace.lock():
            yield workspace


def take_back(workspace: Workspace, *, why: str) -> Pointer:
    """Drop the canary, or go back to the version before, and write it into the history."""
    return roll_back(workspace, time=datetime.now(UTC), why=why)


def current_release(workspace: Workspace) -> ReleaseFolder:
    """Return the release of the current pointer, after checking its bundles."""
    pointer = require(workspace)
    _, manifest = checked(workspace.pointer.parent, pointer, name=workspace.name)
    return release(pointer, history=history_of(workspace).entries(), format=manifest.format)


def write_release(made: ReleaseFolder, *, workspace: Workspace, folder: Path) -> None:
    """Write the release's folder: serving.json and the bundles that it names."""
    source = require(workspace)
    known = {of.digest: of for of in (source, source.canary) if of}
    for inside in (made.pointer, made.pointer.canary):
        if inside is not None:
            target = folder / bundle_of(inside)
            origin, _ = checked(workspace.pointer.parent, known[inside.digest], name=workspace.name)
            shutil.copytree(origin, target)
            open_bundle(target, digest=inside.digest)
    write_document(folder / "serving.json", made.pointer)


def releases_of(lifecycle: Lifecycle) -> str:
    """Return the location below which releases are stored.

    Raises:
        SpecError: the file does not say it, or names what KServe cannot read.
    """
    named = lifecycle.spec.deploy.kserve.releases
    if named:
        return named
    artifacts = lifecycle.spec.cluster.artifacts
    if not artifacts.startswith("s3://"):
        said = f"KServe cannot read {artifacts}" if artifacts else "this key is missing"
        raise SpecError(
            f"{said}, and a cluster needs to know where releases lie",
            where="spec.deploy.kserve.releases",
            hint="write s3://bucket/folder or pvc://claim/folder",
        )
    return artifacts
