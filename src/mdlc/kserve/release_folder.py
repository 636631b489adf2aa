"""A release: the folder that a predictor serves. Once written it never changes.

    <releases>/<name>/releases/<number>-<digest>/
        serving.json        the pointer: version, and the canary with its share if one is on trial
        models/VERSION/     its bundle; and the canary's

The same versions always give the same name. So a rollback names the folder, and with it the
revision, that served before.
"""

from __future__ import annotations

from collections.abc import Sequence

from mdlc.core.bundle import Format
from mdlc.core.files import Document, digest_json
from mdlc.state import remote_files
from mdlc.state.release_documents import CanaryRelease, HistoryEntry, Pointer


class ReleaseFolder(Document):
    """A release and the location of its folder."""

    folder: str
    """<number>-<digest>."""
    pointer: Pointer
    """With the folders of bundles as they are in the release's own folder."""
    format: Format
    why: str
    """Why this line-up first came to serve."""

    def location(self, releases: str) -> str:
        """Return where the release's folder lies below `releases`.

        >>> from datetime import datetime
        >>> p = Pointer(name="a", version="1", bundle="x", digest="d", since=datetime(2026, 1, 1))
        >>> release(p, history=[], format="onnx").location("pvc://models/team")
        'pvc://models/team/a/releases/1-814be418'
        """
        return remote_files.join(releases, self.pointer.name, "releases", self.folder)


def release(
    pointer: Pointer,
    *,
    history: Sequence[HistoryEntry],
    format: Format,
) -> ReleaseFolder:
    """Return the release of what `pointer` names.

    Its number is that of the history line after which these versions first answered; its digest
    covers versions, models, the canary's share, and the action of a champion that was withdrawn.
    """
    number, why = _first(pointer, history=history)
    inside = pointer.model_copy(
        update={"bundle": bundle_of(pointer), "canary": _inside(pointer.canary)}
    )
    return ReleaseFolder(
        folder=f"{number}-{_identity(pointer)}", pointer=inside, format=format, why=why
    )


def bundle_of(of: Pointer | CanaryRelease) -> str:
    """Return a bundle's folder, relative to the release's."""
    return f"models/{of.version}"


def _inside(trial: CanaryRelease | None) -> CanaryRelease | None:
    return trial.model_copy(update={"bundle": bundle_of(trial)}) if trial else None


def _identity(pointer: Pointer) -> str:
    def told(of: Pointer | CanaryRelease) -> list[object]:
        return [of.version, of.digest, of.promised]

    trial = pointer.canary
    canary = [*told(trial), trial.ratio] if trial else None
    instead = [pointer.instead] if pointer.instead else []
    return digest_json([pointer.name, told(pointer), canary, *instead])[:8]


def _first(pointer: Pointer, *, history: Sequence[HistoryEntry]) -> tuple[int, str]:
    """Return number and reason of the history line after which these versions first answered."""
    trial = pointer.canary.digest if pointer.canary else ""
    wanted = (pointer.digest, trial, bool(pointer.instead))
    champion, canary, withdrawn = "", "", False
    for number, entry in enumerate(history, start=1):
        if entry.kind == "canary":
            canary = entry.digest
        else:
            champion, canary = entry.digest, ""
        if entry.kind not in {"canary", "canary_rollback"}:
            withdrawn = entry.kind == "withdrawal"
        if (champion, canary, withdrawn) == wanted:
            return number, entry.why
    return len(history) + 1, pointer.canary.why if pointer.canary else ""
