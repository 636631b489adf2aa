"""The results of methods that change something, as plain typed objects."""

from __future__ import annotations

from mdlc.api.typed_documents import DataReading, EvaluationResult
from mdlc.core.files import Document
from mdlc.state.release_documents import Pointer
from mdlc.state.watch_documents import Verdict


class RunResult(Document):
    """The result of a training."""

    name: str
    cached: bool
    """Whether every stage came from the cache, because nothing had changed."""
    released: bool
    """Whether a new version was released."""
    serving: str | None
    """The version that serves now; None if no model was worth releasing yet."""
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
        """Why the winner was promoted or not, in words."""
        return self.evaluation.reasons


class RetrainingResult(Document):
    """The result of a retraining."""

    verdict: Verdict
    """The ledger's decision, with the outcome: promoted, canary or refused."""
    evaluation: EvaluationResult | None
    pointer: Pointer | None
    """The pointer after the release; None if the challenger was refused."""

    @property
    def outcome(self) -> str:
        """`promoted`, `canary` or `refused`."""
        return self.verdict.outcome


class RollbackResult(Document):
    """The result of a rollback."""

    pointer: Pointer
    """The pointer, which names the version that serves now."""
    dropped: str
    """The version that was dropped; "" if an earlier call, which was killed, had dropped it."""


class ServerAddress(Document):
    """The address at which a model is going to be served."""

    name: str
    version: str
    url: str
