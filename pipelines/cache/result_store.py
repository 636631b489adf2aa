"""The cache of stage results on disk: a file for each question, with its artifacts' digests.

An entry is used only if every artifact still has its digest. So if an artifact is half-written,
altered or lost, the stage runs again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from mdlc.core.errors import ArtifactError
from mdlc.core.files import Document, digest_json, digest_path, read_document, write_document


class StageQuestion(Document):
    """All that a stage's result depends on."""

    stage: str
    code: str
    parameters: dict[str, str]
    """Parameter -> digest of its value."""
    inputs: dict[str, str]
    """Input artifact -> digest of its content."""

    @property
    def key(self) -> str:
        """The digest that identifies the question."""
        return digest_json(self.model_dump(mode="json"))


class StageOutput(Document):
    """One artifact that a stage wrote."""

    path: str
    digest: str
    schema_title: str


class CacheEntry(Document):
    """A question and its answer."""

    question: StageQuestion
    outputs: dict[str, StageOutput]
    seconds: float
    created: datetime


class ResultStore:
    """Entries on disk, a file for each key, and the newest key of each stage."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, question: StageQuestion) -> CacheEntry | None:
        """Return the entry for `question` if its artifacts are unchanged, else None."""
        path = self.folder / f"{question.key}.json"
        if not path.exists():
            return None
        try:
            entry = read_document(path, CacheEntry)
            whole = all(digest_path(Path(o.path)) == o.digest for o in entry.outputs.values())
        except ArtifactError:
            return None
        return entry if whole else None

    def has(self, question: StageQuestion) -> bool:
        """Return whether there is an entry, even if its artifacts are lost."""
        return (self.folder / f"{question.key}.json").exists()

    def put(
        self, question: StageQuestion, *, outputs: dict[str, tuple[Path, str]], seconds: float
    ) -> None:
        """Record what a stage wrote: output -> (path, KFP schema title)."""
        entry = CacheEntry(
            question=question,
            outputs={
                name: StageOutput(path=str(path), digest=digest_path(path), schema_title=title)
                for name, (path, title) in outputs.items()
            },
            seconds=seconds,
            created=datetime.now(UTC),
        )
        write_document(self.folder / f"{question.key}.json", entry)
        write_document(self.folder / f"latest-{question.stage}.json", entry)

    def latest(self, stage: str) -> CacheEntry | None:
        """Return the stage's newest entry, even if its artifacts are lost; None before a run."""
        try:
            return read_document(self.folder / f"latest-{stage}.json", CacheEntry)
        except ArtifactError:
            return None

    def why(self, question: StageQuestion) -> str:
        """Return in words why `question` has no usable answer."""
        if self.has(question):
            return "its stored artifact is missing or altered"
        latest = self.latest(question.stage)
        if latest is None:
            return "it has not run yet"
        before = latest.question
        parts = [f"input {n}" for n in _changed(before.inputs, question.inputs)]
        parts += [f"parameter {n}" for n in _changed(before.parameters, question.parameters)]
        parts += ["its code or a library"] if before.code != question.code else []
        return (
            f"{', '.join(parts)} changed" if parts else "its newest result is of another question"
        )

    def forget(self, stage: str) -> None:
        """Delete every entry of a stage, so that it runs again."""
        for path in self.folder.glob("*.json"):
            try:
                known = read_document(path, CacheEntry).question.stage
            except ArtifactError:
                continue
            if known == stage:
                path.unlink()

    def referenced(self) -> set[str]:
        """Return the paths of all artifacts that entries name."""
        paths: set[str] = set()
        for path in self.folder.glob("*.json"):
            try:
                paths.update(o.path for o in read_document(path, CacheEntry).outputs.values())
            except ArtifactError:
                continue
        return paths


def _changed(before: dict[str, str], now: dict[str, str]) -> list[str]:
    names = before.keys() | now.keys()
    return sorted(name for name in names if before.get(name) != now.get(name))
