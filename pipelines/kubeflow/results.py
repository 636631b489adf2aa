"""Results of stages by content, in the object store: the same questions as the local cache's.

So a stage answered in one plan (fused or not, this run or an older one) is not computed again in
another. KFP's own cache, in front, spares the pod; this one spares the work.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from mdlc.core import remote
from mdlc.core.errors import ArtifactError
from mdlc.core.files import digest_path
from mdlc.pipelines.kubeflow.settings import Settings
from mdlc.pipelines.local.store import Entry, Output, Question

PLACES = {"root", "feedback", "warm", "champion", "registry"}
"""Parameters that say where something lies; the digest of what lies there is a parameter too."""
UNCACHED = {"deployment"}
"""The registry is outside of us: it is asked each time, and finds what it has."""


class Results:
    """Entries below `<artifacts>/cache`, folders below `<artifacts>/artifacts`."""

    def __init__(self, settings: Settings) -> None:
        self._root = settings.artifacts
        self._enabled = settings.cache
        age = settings.max_age_seconds
        self._oldest = None if age is None else datetime.now(UTC) - timedelta(seconds=age)

    def fetch(self, question: Question, target: Path) -> bool:
        """Copy the answer to `target` if there is a whole one that is young enough."""
        if not self._enabled or question.stage in UNCACHED:
            return False
        try:
            entry = remote.read_document(self._entry(question), Entry)
            if entry is None or (self._oldest and entry.created < self._oldest):
                return False
            (output,) = entry.outputs.values()
            remote.get_folder(output.path, target)
        except ArtifactError:
            return False
        return digest_path(target) == output.digest

    def put(self, question: Question, folder: Path, *, name: str, seconds: float) -> str:
        """Keep what a stage wrote; return its digest."""
        digest = digest_path(folder)
        if question.stage in UNCACHED:
            return digest
        location = remote.join(self._root, "artifacts", question.stage, digest)
        remote.put_folder(folder, location)
        entry = Entry(
            question=question,
            outputs={name: Output(path=location, digest=digest, schema_title="")},
            seconds=seconds,
            created=datetime.now(UTC),
        )
        remote.put_document(self._entry(question), entry)
        if "part" not in question.parameters:
            remote.put_document(self._latest(question.stage), entry)
        return digest

    def caches(self, stage: str) -> bool:
        """Say whether a stage's answers are used at all."""
        return self._enabled and stage not in UNCACHED

    def entry(self, question: Question) -> Entry | None:
        """Return the entry of a question, whatever became of its folder."""
        return self._readable(self._entry(question))

    def known(self, question: Question) -> Entry | None:
        """Return the entry that `fetch` would copy from, without copying: its index is there."""
        found = self.entry(question) if self.caches(question.stage) else None
        if found is None or (self._oldest and found.created < self._oldest):
            return None
        (output,) = found.outputs.values()
        there = remote.read_bytes(remote.join(output.path, remote.INDEX)) is not None
        return found if there else None

    def latest(self, stage: str) -> Entry | None:
        """Return a stage's newest entry; None before its first run."""
        return self._readable(self._latest(stage))

    def _readable(self, location: str) -> Entry | None:
        try:
            return remote.read_document(location, Entry)
        except ArtifactError:
            return None

    def _latest(self, stage: str) -> str:
        return remote.join(self._root, "cache", f"latest-{stage}.json")

    def _entry(self, question: Question) -> str:
        return remote.join(self._root, "cache", f"{question.key}.json")
