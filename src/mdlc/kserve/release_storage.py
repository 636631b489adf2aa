"""Puts a release's folder where predictors read it. A folder that is there is never written again.

S3 by the object store's own client. A claim either by a path where it is mounted here, or through a
pod that mounts it, which lives for one upload (upload.py).
"""

from __future__ import annotations

import shutil
from pathlib import Path

from mdlc.core.errors import StorageError
from mdlc.core.files import whole_folder
from mdlc.kserve.volume_upload import Volume, upload
from mdlc.kubernetes.object_client import ObjectClient
from mdlc.state import remote_files


def claim_of(location: str) -> tuple[str, str]:
    """Return name and folder of pvc://NAME/FOLDER.

    >>> claim_of("pvc://models/team/a")
    ('models', 'team/a')
    """
    name, _, folder = location.removeprefix("pvc://").partition("/")
    if not name:
        raise StorageError(f"{location!r} names no claim", hint="write pvc://claim/folder")
    if ".." in folder.split("/"):
        raise StorageError(f"{location!r} leads out of its claim")
    return name, folder.strip("/")


def put(
    folder: Path, location: str, *, objects: ObjectClient | None, mounted: Path | None, image: str
) -> bool:
    """Copy `folder` to `location`; False where it is there already. It is there whole, or not."""
    if not location.startswith("pvc://"):
        if remote_files.read_bytes(remote_files.join(location, remote_files.INDEX)) is not None:
            return False
        remote_files.put_folder(folder, location)
        return True
    claim, inside = claim_of(location)
    if mounted is not None:
        if not mounted.is_dir():
            raise StorageError(f"{mounted} is no folder", hint=f"mount the claim {claim} there")
        return _copied(folder, mounted / inside)
    if objects is None:
        raise StorageError(f"{location} is written through the cluster")
    return upload(folder, Volume(claim, inside), objects=objects, image=image)


def _copied(folder: Path, target: Path) -> bool:
    if (target / "serving.json").exists():
        return False
    # The kubelet makes an empty folder for a pod that came too early.
    if target.is_dir():
        target.rmdir()
    with whole_folder(target) as temporary:
        shutil.copytree(folder, temporary, dirs_exist_ok=True)
        # Predictors are another user, and only read.
        for path in [temporary, *temporary.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
    return True
