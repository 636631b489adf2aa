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

    A run counts from its decision on: what it led to, a refusal too, is the answer to that file.
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
    # Stable: of runs decided at the same time the later row is the newer one.
    return sorted(known, key=lambda found: found[0])[-1][1] if known else ""
