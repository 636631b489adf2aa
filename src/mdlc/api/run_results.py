"""What the verbs that change something lead to, as plain typed objects."""

from __future__ import annotations

from mdlc.api.typed_documents import DataReading, EvaluationResult
from mdlc.core.files import Document
from mdlc.state.release_documents import Pointer
from mdlc.state.watch_documents import Verdict


class RunResult(Document):
    """What a training led to."""

    name: str
    cached: bool
    """Whether nothing had changed, so that every stage came from the cache."""
    released: bool
    """Whether a new version serves."""
    serving: str | None
    """The version that serves now; None: nothing was worth it yet."""
    evaluation: EvaluationResult
    reading: DataReading
    """What is said about the data: how values were read, which columns are no features."""
    stages: dict[str, str]
    """Stage -> the folder that it wrote."""

    @property
    def winner(self) -> str:
        """The contender that won."""
        return self.evaluation.winner

    @property
    def reasons(self) -> list[str]:
        """In words, why the winner was promoted or not."""
        return self.evaluation.reasons


class RetrainingResult(Document):
    """What a retraining led to."""

    verdict: Verdict
    """What the ledger decided, and the outcome: promoted, canary or refused."""
    evaluation: EvaluationResult | None
    pointer: Pointer | None
    """What serves; None if the challenger was refused."""

    @property
    def outcome(self) -> str:
        """`promoted`, `canary` or `refused`."""
        return self.verdict.outcome


class RollbackResult(Document):
    """What a rollback led to."""

    pointer: Pointer
    """What serves now."""
    dropped: str
    """The version that was rolled back from; "" if a call that was killed had done it already."""


class ServerAddress(Document):
    """Where a model is about to be served."""

    name: str
    version: str
    url: str
