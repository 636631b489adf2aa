"""What serves, in an object store: the same files as a workspace's, fetched, changed, put back.

    <artifacts>/<name>/serving.json      the pointer that predictors follow
    <artifacts>/<name>/history.jsonl     which served when (and history.jsonl.head)
    <artifacts>/<name>/models/VERSION/   bundles

Bundles are put first, the pointer last: a reader sees the old state or the new one. There is no
lock in an object store; a pointer that somebody else moved meanwhile is seen and not overwritten.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mdlc.core.errors import ArtifactError, BusyError
from mdlc.life.release_record import history_of, version_before
from mdlc.life.releases import current
from mdlc.state import remote_files
from mdlc.state.release_documents import Pointer
from mdlc.state.workspace import Workspace

SMALL = ("history.jsonl", "history.jsonl.head", "serving.json")
"""In the order in which they are put."""


@contextmanager
def mirrored(artifacts: str, *, name: str, before: bool = False) -> Iterator[Workspace]:
    """Yield a workspace with the released state of `name`; what the block changed is put back.

    It has the bundles that the pointer names and, with `before`, the one that a rollback goes to.

    Raises:
        BusyError: somebody else changed it meanwhile.
    """
    with tempfile.TemporaryDirectory(prefix="mdlc-mirror-") as folder:
        workspace = Workspace(name, Path(folder), Path(folder))
        found = _pull(artifacts, workspace=workspace, before=before)
        yield workspace
        _push(artifacts, workspace=workspace, found=found)


def read_pointer(artifacts: str) -> Pointer | None:
    """Return what serves; None if nothing was released yet."""
    return remote_files.read_document(remote_files.join(artifacts, "serving.json"), Pointer)


def _pull(artifacts: str, *, workspace: Workspace, before: bool) -> dict[str, str]:
    """Fetch the small files and the bundles; return the small files' digests."""
    for name in SMALL:
        content = remote_files.read_bytes(remote_files.join(artifacts, name))
        if content is not None:
            workspace.folder.mkdir(parents=True, exist_ok=True)
            (workspace.folder / name).write_bytes(content)
    pointer = current(workspace)
    if pointer is not None:
        versions = [pointer.version, *([pointer.canary.version] if pointer.canary else [])]
        back = version_before(history_of(workspace).entries()) if before else None
        for version in versions:
            _fetch(artifacts, version, workspace=workspace)
        if back is not None and back.version not in versions:
            # Where it is gone the rollback says so; a canary can be dropped without it.
            with contextlib.suppress(ArtifactError):
                _fetch(artifacts, back.version, workspace=workspace)
    return {name: remote_files.digest_of(str(workspace.folder / name)) for name in SMALL}


def _fetch(artifacts: str, version: str, *, workspace: Workspace) -> None:
    target = workspace.folder / "models" / version
    remote_files.get_folder(remote_files.join(artifacts, "models", version), target)


def _push(artifacts: str, *, workspace: Workspace, found: dict[str, str]) -> None:
    changed = [n for n in SMALL if remote_files.digest_of(str(workspace.folder / n)) != found[n]]
    if not changed:
        return
    for bundle in sorted((workspace.folder / "models").iterdir()):
        remote_files.put_folder(bundle, remote_files.join(artifacts, "models", bundle.name))
    for name in SMALL:
        if remote_files.digest_of(remote_files.join(artifacts, name)) != found[name]:
            raise BusyError(
                f"{workspace.name}: somebody else released or rolled back meanwhile",
                hint="run again",
            )
    for name in changed:
        remote_files.put_bytes(
            remote_files.join(artifacts, name), (workspace.folder / name).read_bytes()
        )
