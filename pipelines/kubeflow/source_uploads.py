"""Finds or uploads the sources of a run on a cluster: in the image, or in the object store."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from mdlc.components.collection.locations import COPIES, PACKAGE, base, find
from mdlc.components.collection.stage import source_digests
from mdlc.core.errors import ArtifactError, DataError, SpecError
from mdlc.core.files import Document, digest_path
from mdlc.core.spec import Lifecycle
from mdlc.state import remote_files

RECORD = "sources.json"
FOLDER = "sources"
IMAGE = "."
"""The root of sources that are in the image: data of packages, and absolute paths."""

NOWHERE = Path(os.devnull)
"""A root in which nothing lies, where no location may be relative."""


class Sources(Document):
    """The folder that relative locations start from, and the digests of the sources, if known."""

    root: str
    digests: dict[str, str]


def relative(lifecycle: Lifecycle) -> dict[str, str]:
    """Return source -> location for the sources beside the file."""
    found = {name: source.location for name, source in lifecycle.spec.data.sources.items()}
    return {k: v for k, v in found.items() if v and "://" not in v and not Path(v).is_absolute()}


def upload(lifecycle: Lifecycle, *, root: Path, artifacts: str) -> Sources:
    """Copy the sources beside the file, and those of packages, to the artifact root, by digest.

    Files that are there already are not copied.

    Raises:
        DataError: a source is missing.
        SpecError: a location is outside the file's folder.
    """
    with tempfile.TemporaryDirectory(prefix="mdlc-sources-") as scratch:
        for name, source in lifecycle.spec.data.sources.items():
            where, location = f"spec.data.sources.{name}", source.location
            if not _is_copied(location):
                continue
            folder, _ = base(location, root=root, where=where)
            for path in find(location, root=root, where=where):
                inside = os.path.relpath(path, folder)
                if inside.startswith(".."):
                    raise SpecError(f"{location} is outside of {folder}", where=where)
                link = Path(scratch) / _prefix(location) / inside
                link.parent.mkdir(parents=True, exist_ok=True)
                link.unlink(missing_ok=True)
                link.symlink_to(path.resolve())
        target = remote_files.join(artifacts, FOLDER, digest_path(Path(scratch)))
        remote_files.put_folder(Path(scratch), target)
    sources = Sources(root=target, digests=source_digests(lifecycle.spec.data, root=root))
    remote_files.put_document(remote_files.join(artifacts, RECORD), sources)
    return sources


def _is_copied(location: str) -> bool:
    """Return whether a location is of files here, not of a database, service or absolute path."""
    elsewhere = "://" in location and not location.startswith(PACKAGE)
    return bool(location) and not elsewhere and not Path(location).is_absolute()


def _prefix(location: str) -> Path:
    """Return the folder below an upload's root in which a location's files are looked for."""
    if not location.startswith(PACKAGE):
        return Path()
    return Path(COPIES, location.removeprefix(PACKAGE).partition("/")[0])


def newest(sources: Sources, *, artifacts: str) -> Sources:
    """Return the sources of whichever upload is the newest when a step reads it.

    Its content is not known yet, so its digests are empty.
    """
    if not sources.root.startswith(remote_files.join(artifacts, FOLDER) + "/"):
        return sources
    unknown = dict.fromkeys(sources.digests, "")
    return Sources(root=remote_files.join(artifacts, RECORD), digests=unknown)


def root_of(location: str, *, artifacts: str) -> str:
    """Return the folder of the sources; if `location` is the record of uploads, the newest one's.

    The newest upload is also used if the file names only data of packages (the location is IMAGE).

    Raises:
        ArtifactError: the record of uploads is gone.
    """
    record = remote_files.join(artifacts, RECORD)
    if location not in (IMAGE, record):
        return location
    found = remote_files.read_document(record, Sources)
    if found is None and location == record:
        raise ArtifactError(f"{location} is missing", hint="copy the sources with --upload")
    return found.root if found else location


def at(lifecycle: Lifecycle, *, location: str) -> Sources:
    """Return the sources below a location that others maintain, such as s3://bucket/data."""
    mark = remote_files.fingerprint(location)
    names = lifecycle.spec.data.sources
    return Sources(root=location, digests=dict.fromkeys(names, mark))


def known(lifecycle: Lifecycle, *, artifacts: str) -> Sources:
    """Return the sources without an upload: those of the last upload, or those in the image.

    Raises:
        SpecError: a source is beside the file and was never uploaded.
    """
    beside = relative(lifecycle)
    if beside:
        found = remote_files.read_document(remote_files.join(artifacts, RECORD), Sources)
        if found is None:
            name, location = next(iter(beside.items()))
            raise SpecError(
                f"{location} lies beside the file, where a cluster cannot read it",
                where=f"spec.data.sources.{name}",
                hint="copy it with --upload, or name its folder with --data-root s3://...",
            )
        return found
    return Sources(root=IMAGE, digests=_digests(lifecycle))


def _digests(lifecycle: Lifecycle) -> dict[str, str]:
    """Return the digests of sources in packages; "" for those that this machine does not have."""
    try:
        return source_digests(lifecycle.spec.data, root=NOWHERE)
    except (DataError, SpecError):  # what the image has, and lets files name, is the pod's to say
        return dict.fromkeys(lifecycle.spec.data.sources, "")
