"""What evaluation and deployment leave of a winner, for tests of what releases it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from mdlc.core.documents.evaluation_result import Contender, Deployment, Evaluation, Interval
from mdlc.core.files import write_document


def deployed(
    out: Path, *, name: str, version: str, digest: str, money: float, created: datetime
) -> Evaluation:
    """Write deployment.json beside out/bundle; return the evaluation that let it pass."""
    deployment = Deployment(
        name=name,
        version=version,
        digest=digest,
        promoted=True,
        replaced="",
        reasons=[],
        bundle="bundle",
        registry="",
        created=created,
    )
    write_document(out / "deployment.json", deployment)
    earned = Interval(value=money, low=money - 1, high=money + 1)
    return judged(
        Contender(name="logistic", folder="", metrics={}, money_per_decision=earned), digest=digest
    )


def judged(
    winner: Contender,
    *,
    digest: str,
    folder: str = "",
    promote: bool = True,
    reasons: Sequence[str] = (),
) -> Evaluation:
    """Return an evaluation of one contender, whose bundle lies in `folder`."""
    return Evaluation(
        rows=10,
        begins=None,
        ends=None,
        classes=[],
        contenders=[winner],
        winner=winner.name,
        winner_folder=folder,
        winner_digest=digest,
        comparisons=[],
        promote=promote,
        reasons=list(reasons),
    )
