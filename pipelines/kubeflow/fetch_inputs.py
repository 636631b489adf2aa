"""What a stage reads beside its artifacts, brought into the pod: sources, feedback, bundles."""

from __future__ import annotations

import json
import os
import posixpath
import subprocess
import sys
from pathlib import Path

from mdlc.core.bundle import MANIFEST, open_bundle
from mdlc.core.errors import MARK, ArtifactError, DataError, SpecError, from_json
from mdlc.core.files import digest_path
from mdlc.core.signing import verify
from mdlc.core.spec import Data
from mdlc.pipelines.kubeflow.source_uploads import IMAGE, root_of
from mdlc.pipelines.kubeflow.step_settings import LOG, POINTER, STORE_VARIABLE, StepSettings
from mdlc.state import remote_files
from mdlc.state.release_documents import Pointer

Parameters = dict[str, str | float]
EXPORT = "mdlc.cluster.export_step"


def fetch_inputs(
    stage: str, given: Parameters, *, settings: StepSettings, scratch: Path
) -> Parameters:
    """Return the parameters of a stage with each location replaced by a path in `scratch`."""
    bringers = {
        "collection": _sources,
        "preparation": _feedback,
        "training": _warm,
        "evaluation": _champion,
    }
    bringer = bringers.get(stage)
    return given if bringer is None else given | bringer(given, settings, scratch)


def bundle(location: str, *, scratch: Path) -> Path | None:
    """Fetch the bundle at a location, or the one that a pointer names; None if none serves yet.

    Raises:
        ArtifactError: it is altered, or not the one that the pointer means.
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
    """Return where the bundle of a pointer lies; the document keeps it below its own folder."""
    inside = posixpath.normpath(pointer.bundle)
    return remote_files.join(pointer_location.removesuffix(f"/{POINTER}"), inside)


def _sources(given: Parameters, settings: StepSettings, scratch: Path) -> Parameters:
    from mdlc.components.collection.stage import source_digests

    root = root_of(str(given["root"]), artifacts=settings.artifacts)
    if remote_files.is_remote(root):
        remote_files.get_all(root, scratch / "sources")
        root = str(scratch / "sources")
    elif root != IMAGE:
        root = str(_allowed(remote_files.local_path(root), artifacts=settings.artifacts))
    # What the submitter saw is part of KFP's key; what is here now decides.
    digests = source_digests(Data.model_validate_json(str(given["sources"])), root=Path(root))
    return {"root": root, "digests": json.dumps(digests)}


def _allowed(root: Path, *, artifacts: str) -> Path:
    """Return a root of sources in the pod if a file may name it: an annotation says which it is.

    Raises:
        SpecError: it is neither below the artifacts nor in a folder of MDLC_DATA_ROOTS.
    """
    from mdlc.components.collection.confinement import confine

    own = (
        Path(os.devnull)
        if remote_files.is_remote(artifacts)
        else remote_files.local_path(artifacts)
    )
    return confine(root, root=own, where="spec.data.sources")


def _feedback(given: Parameters, settings: StepSettings, scratch: Path) -> Parameters:
    asked = str(given["feedback"])
    if not asked:
        return {}
    path = scratch / "feedback.parquet"
    if asked == LOG:
        _export(path, until=str(given["until"]), settings=settings, scratch=scratch)
    else:
        remote_files.get_file(asked, path)
    digest = digest_path(path)
    promised = str(given["feedback_digest"])
    if promised and promised != digest:
        raise ArtifactError(f"{asked} has changed since it was exported")
    return {"feedback": str(path), "feedback_digest": digest}


def _export(path: Path, *, until: str, settings: StepSettings, scratch: Path) -> None:
    """Let the room that knows the payload log export it, in a process of its own."""
    if not os.environ.get(STORE_VARIABLE):
        raise SpecError(
            f"the payload log's URL is not in {STORE_VARIABLE}",
            where="spec.cluster.secrets",
            hint=f"add a secret with env: {{{STORE_VARIABLE}: KEY}} for the stage preparation",
        )
    champion = bundle(remote_files.join(settings.artifacts, POINTER), scratch=scratch)
    if champion is None:
        raise DataError(f"{settings.name} has no released model, so nothing was predicted yet")
    since = settings.since.isoformat() if settings.since else ""
    command = [sys.executable, "-m", EXPORT, str(path), str(champion / MANIFEST), until, since]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if ended.returncode:
        lines = [line for line in ended.stderr.splitlines() if line.startswith(MARK)]
        sys.stderr.write(ended.stderr if not lines else "")
        raise from_json(lines[-1].removeprefix(MARK)) if lines else DataError("export failed")


def _warm(given: Parameters, settings: StepSettings, scratch: Path) -> Parameters:
    del settings
    return _bundle_as("warm", given, scratch)


def _champion(given: Parameters, settings: StepSettings, scratch: Path) -> Parameters:
    del settings
    return _bundle_as("champion", given, scratch)


def _bundle_as(name: str, given: Parameters, scratch: Path) -> Parameters:
    location = str(given[name])
    found = bundle(location, scratch=scratch) if location else None
    if found is None:
        return {name: "", f"{name}_digest": ""}
    return {name: str(found), f"{name}_digest": open_bundle(found)[0].digest}
