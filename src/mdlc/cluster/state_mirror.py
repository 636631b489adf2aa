"""Changes the released state in an object store: fetch its files, change them, put them back.

    <artifacts>/<name>/serving.json      the pointer that predictors follow
    <artifacts>/<name>/history.jsonl     which version served when (and history.jsonl.head)
    <artifacts>/<name>/models/VERSION/   bundles

They are the files of a workspace. Bundles are put first and the pointer last, so a reader sees the
old state or the new one. An object store has no lock, so before putting, the pointer is compared:
if another process has moved it in the meantime, nothing is overwritten.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mdlc.core.errors import ArtifactError, BusyError
from mdlc.life.release_record import history_of
from mdlc.life.releases import current
from mdlc.monitoring.history_entries import version_before
from mdlc.state import remote_files
from mdlc.state.release_documents import Pointer
from mdlc.state.workspace import Workspace

SMALL = ("history.jsonl", "history.jsonl.head", "serving.json")
"""The small files, in the order in which they are put."""


@contextmanager
def mirrored(artifacts: str, *, name: str, before: bool = False) -> Iterator[Workspace]:
    """Yield a workspace with the released state of `name`; put back what the block changed.

    It has the bundles that the pointer names and, with `before`, the bundle that a rollback goes
    back to.

    Raises:
        BusyError: another process changed the state in the meantime.
    """
    with tempfile.TemporaryDirectory(prefix="mdlc-mirror-") as folder:
        workspace = Workspace(name, Path(folder), Path(folder))
        found = _pull(artifacts, workspace=workspace, before=before)
        yield workspace
        _push(artifacts, workspace=workspace, found=found)


def read_pointer(artifacts: str) -> Pointer | None:
    """Return the pointer; None if nothing was released yet."""
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
            # If it is gone, a rollback reports that; dropping a canary does not need it.
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
