"""Fetches what a stage reads in addition to artifacts into its pod: sources, feedback, bundles.

Labelled predictions come from the payload log, which is in a package that this one may not import.
So the layer above passes the function that exports them (`Exporter`).
"""

from __future__ import annotations

import json
import os
import posixpath
from datetime import datetime
from pathlib import Path
from typing import Protocol

from mdlc.core.bundle import MANIFEST, open_bundle
from mdlc.core.errors import ArtifactError, DataError, SpecError
from mdlc.core.files import digest_path
from mdlc.core.signing import verify
from mdlc.core.spec import Data
from mdlc.pipelines.kubeflow.source_uploads import IMAGE, NOWHERE, root_of
from mdlc.pipelines.kubeflow.step_settings import LOG, POINTER, STORE_VARIABLE, StepSettings
from mdlc.state import remote_files
from mdlc.state.release_documents import Pointer

Parameters = dict[str, str | float]


class Exporter(Protocol):
    """Exports the labelled predictions of a payload log as Parquet, which preparation reads."""

    def __call__(
        self,
        out: Path,
        *,
        url: str,
        manifest: Path,
        until: datetime | None,
        since: datetime | None,
    ) -> int:
        """Write `out` from the database at `url`; return the number of rows."""


def fetch_inputs(
    stage: str, given: Parameters, *, settings: StepSettings, scratch: Path, export: Exporter
) -> Parameters:
    """Fetch what the parameters locate; return them with paths in `scratch` instead."""
    found: Parameters = {}
    if stage == "collection":
        found = _sources(given, settings=settings, scratch=scratch)
    elif stage == "preparation":
        found = _feedback(given, settings=settings, scratch=scratch, export=export)
    elif stage == "training":
        found = _bundle_as("warm", given, scratch=scratch)
    elif stage == "evaluation":
        found = _bundle_as("champion", given, scratch=scratch)
    return given | found


def bundle(location: str, *, scratch: Path) -> Path | None:
    """Fetch the bundle at a location, or the one that a pointer there names.

    Returns:
        The bundle's folder; None if nothing serves yet.

    Raises:
        ArtifactError: the bundle was altered, or it is not the one that the pointer names.
    """
    target = scratch / "bundle"
    if not location.endswith(f"/{POINTER}"):
        remote_files.get_folder(location, target)
        open_bundle(target)
        return target
    pointer = remote_files.read_document(location, Pointer)
    if pointer is None:
        return None
    remote_files.get_folder(bundle_location(location, pointer), target)
    open_bundle(target, digest=pointer.digest)
    verify(target, name=pointer.name, version=pointer.version, digest=pointer.digest)
    return target


def bundle_location(pointer_location: str, pointer: Pointer) -> str:
    """Return the location of the bundle that a pointer names.

    The document itself refuses one outside its own folder.
    """
    inside = posixpath.normpath(pointer.bundle)
    return remote_files.join(pointer_location.removesuffix(f"/{POINTER}"), inside)


def _sources(given: Parameters, *, settings: StepSettings, scratch: Path) -> Parameters:
    from mdlc.components.collection.stage import source_digests

    root = root_of(str(given["root"]), artifacts=settings.artifacts)
    if remote_files.is_remote(root):
        remote_files.get_all(root, scratch / "sources")
        root = str(scratch / "sources")
    elif root == IMAGE:  # an empty folder: the file has no claim on where the pod's process runs
        (scratch / "sources").mkdir(parents=True)
        root = str(scratch / "sources")
    else:
        root = str(_allowed(remote_files.local_path(root), artifacts=settings.artifacts))
    # The digests that the submitter computed are only for KFP's key; those of the data here count.
    digests = source_digests(Data.model_validate_json(str(given["sources"])), root=Path(root))
    return {"root": root, "digests": json.dumps(digests)}


def _allowed(root: Path, *, artifacts: str) -> Path:
    """Return a root of sources in the pod if a file may name it: an annotation says which it is.

    Raises:
        SpecError: it is neither below the artifacts nor in a folder of MDLC_DATA_ROOTS.
    """
    from mdlc.components.collection.confinement import confine

    remote = remote_files.is_remote(artifacts)
    own = NOWHERE if remote else remote_files.local_path(artifacts)
    return confine(root, root=own, where="spec.data.sources")


def _feedback(
    given: Parameters, *, settings: StepSettings, scratch: Path, export: Exporter
) -> Parameters:
    asked = str(given["feedback"])
    if not asked:
        return {}
    path = scratch / "feedback.parquet"
    if asked == LOG:
        _export(path, export, until=str(given["until"]), settings=settings, scratch=scratch)
    else:
        remote_files.get_file(asked, path)
    digest = digest_path(path)
    promised = str(given["feedback_digest"])
    if promised and promised != digest:
        raise ArtifactError(f"{asked} has changed since it was exported")
    return {"feedback": str(path), "feedback_digest": digest}


def _export(
    path: Path, export: Exporter, *, until: str, settings: StepSettings, scratch: Path
) -> None:
    """Export the predictions labelled before `until`, from the log that MDLC_STORE_URL names."""
    url = os.environ.get(STORE_VARIABLE)
    if not url:
        raise SpecError(
            f"the payload log's URL is not in {STORE_VARIABLE}",
            where="spec.cluster.secrets",
            hint=f"add a secret with env: {{{STORE_VARIABLE}: KEY}} for the stage preparation",
        )
    champion = bundle(remote_files.join(settings.artifacts, POINTER), scratch=scratch)
    if champion is None:
        raise DataError(f"{settings.name} has no released model, so nothing was predicted yet")
    export(
        path,
        url=url,
        manifest=champion / MANIFEST,
        until=datetime.fromisoformat(until) if until else None,
        since=settings.since,
    )


def _bundle_as(name: str, given: Parameters, *, scratch: Path) -> Parameters:
    location = str(given[name])
    found = bundle(location, scratch=scratch) if location else None
    if found is None:
        return {name: "", f"{name}_digest": ""}
    return {name: str(found), f"{name}_digest": open_bundle(found)[0].digest}
