"""The cache of stage results in the object store; its questions are those of the local cache.

A stage that ran in one plan (fused or not, in this run or an older one) is not computed again in
another. KFP's own cache is asked first: with its answer no pod is started. With an answer of this
cache the pod starts, but does not compute.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from mdlc.core.errors import ArtifactError
from mdlc.core.files import digest_path
from mdlc.pipelines.cache.result_store import CacheEntry, StageOutput, StageQuestion
from mdlc.pipelines.kubeflow.step_settings import StepSettings
from mdlc.state import remote_files

PLACES = {"root", "feedback", "warm", "champion", "registry"}
"""Parameters that are locations; not in the question, which has the content's digest instead."""
UNCACHED = {"deployment"}
"""Stages that always run. Deployment registers in an outside registry, which finds what it has."""


class RemoteResults:
    """Entries below `<artifacts>/cache`, folders below `<artifacts>/artifacts`."""

    def __init__(self, settings: StepSettings) -> None:
        self._root = settings.artifacts
        self._enabled = settings.cache
        age = settings.max_age_seconds
        self._oldest = None if age is None else datetime.now(UTC) - timedelta(seconds=age)

    def fetch(self, question: StageQuestion, target: Path) -> bool:
        """Copy the answer to `target`; False if there is none that is complete and young enough."""
        if not self._enabled or question.stage in UNCACHED:
            return False
        try:
            entry = remote_files.read_document(self._entry(question), CacheEntry)
            if entry is None or (self._oldest and entry.created < self._oldest):
                return False
            (output,) = entry.outputs.values()
            remote_files.get_folder(output.path, target)
        except ArtifactError:
            return False
        return digest_path(target) == output.digest

    def put(self, question: StageQuestion, folder: Path, *, name: str, seconds: float) -> str:
        """Keep what a stage wrote; return its digest."""
        digest = digest_path(folder)
        if question.stage in UNCACHED:
            return digest
        location = remote_files.join(self._root, "artifacts", question.stage, digest)
        remote_files.put_folder(folder, location)
        entry = CacheEntry(
            question=question,
            outputs={name: StageOutput(path=location, digest=digest, schema_title="")},
            seconds=seconds,
            created=datetime.now(UTC),
        )
        remote_files.put_document(self._entry(question), entry)
        if "part" not in question.parameters:
            remote_files.put_document(self._latest(question.stage), entry)
        return digest

    def caches(self, stage: str) -> bool:
        """Return whether a stage's answers are used at all."""
        return self._enabled and stage not in UNCACHED

    def entry(self, question: StageQuestion) -> CacheEntry | None:
        """Return the entry of a question, even if its folder is gone."""
        return self._readable(self._entry(question))

    def known(self, question: StageQuestion) -> CacheEntry | None:
        """Return the entry that `fetch` would copy from; only its folder's index is looked for."""
        found = self.entry(question) if self.caches(question.stage) else None
        if found is None or (self._oldest and found.created < self._oldest):
            return None
        (output,) = found.outputs.values()
        there = (
            remote_files.read_bytes(remote_files.join(output.path, remote_files.INDEX)) is not None
        )
        return found if there else None

    def latest(self, stage: str) -> CacheEntry | None:
        """Return a stage's newest entry; None before its first run."""
        return self._readable(self._latest(stage))

    def _readable(self, location: str) -> CacheEntry | None:
        try:
            return remote_files.read_document(location, CacheEntry)
        except ArtifactError:
            return None

    def _latest(self, stage: str) -> str:
        return remote_files.join(self._root, "cache", f"latest-{stage}.json")

    def _entry(self, question: StageQuestion) -> str:
        return remote_files.join(self._root, "cache", f"{question.key}.json")
