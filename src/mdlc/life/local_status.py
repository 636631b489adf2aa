"""The state of a lifecycle on this machine, as `mdlc status` shows it."""

from __future__ import annotations

from mdlc.core.bundle import read_manifest
from mdlc.core.files import Document
from mdlc.core.spec import Lifecycle
from mdlc.life.releases import current
from mdlc.pipelines.local.local_runner import LocalRun, runs
from mdlc.retraining.ledger import Ledger
from mdlc.state.release_documents import CanaryRelease, Pointer
from mdlc.state.watch_documents import Verdict
from mdlc.state.workspace import Workspace

SHOWN = 5


class LocalStatus(Document):
    """The serving version, runs and decisions; the newest last."""

    name: str
    serving: Pointer | None
    candidate: str
    canary_candidate: str
    """The kind of the canary's model; "" if no canary is on trial."""
    runs: list[LocalRun]
    verdicts: list[Verdict]


def status_of(lifecycle: Lifecycle, *, workspace: Workspace) -> LocalStatus:
    """Read the state of a lifecycle."""
    pointer = current(workspace)
    candidate = _candidate(workspace, pointer) if pointer else ""
    trial = pointer.canary if pointer else None
    verdicts: list[Verdict] = []
    if workspace.shared_ledger or (workspace.folder / "trigger.db").exists():
        ledger = Ledger(workspace.ledger, retrain=lifecycle.spec.retrain, model=lifecycle.name)
        verdicts = ledger.all()[-SHOWN:]
    return LocalStatus(
        name=lifecycle.name,
        serving=pointer,
        candidate=candidate,
        canary_candidate=_candidate(workspace, trial) if trial else "",
        runs=runs(workspace)[-SHOWN:],
        verdicts=verdicts,
    )


def _candidate(workspace: Workspace, of: Pointer | CanaryRelease) -> str:
    return read_manifest(workspace.pointer.parent / of.bundle, digest=of.digest).candidate
