"""Whether the lifecycle file has changed since the model that serves was trained or judged."""

from __future__ import annotations

from datetime import UTC, datetime

from mdlc.core.files import read_document
from mdlc.life.spec_digest import SPEC
from mdlc.life.train import TrainingArtifacts, artifacts_path
from mdlc.retraining.ledger import Ledger
from mdlc.state.workspace import Workspace


def known_digest(workspace: Workspace, ledger: Ledger) -> str:
    """Return the digest of the file that the newest training or run read; "" if none is known.

    A run counts as soon as it is decided, whatever its outcome: a file whose challenger was refused
    is not tried again.
    """
    known: list[tuple[datetime, str]] = [
        (verdict.time, str(verdict.evidence[SPEC]))
        for verdict in ledger.all()
        if verdict.decision == "run" and verdict.evidence.get(SPEC)
    ]
    path = artifacts_path(workspace)
    if path.exists():
        trained = read_document(path, TrainingArtifacts).spec
        if trained:
            known.append((datetime.fromtimestamp(path.stat().st_mtime, UTC), trained))
    # The sort is stable, so of two runs decided at the same time the later row comes last.
    return sorted(known, key=lambda found: found[0])[-1][1] if known else ""
