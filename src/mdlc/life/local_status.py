"""The state of a life in a few numbers."""

from __future__ import annotations

from mdlc.core.bundle import MANIFEST, Manifest
from mdlc.core.files import Document, read_document
from mdlc.core.spec import Lifecycle
from mdlc.life.releases import current
from mdlc.pipelines.local.local_runner import LocalRun, runs
from mdlc.retraining.ledger import Ledger
from mdlc.state.release_documents import Pointer
from mdlc.state.watch_documents import Verdict
from mdlc.state.workspace import Workspace

SHOWN = 5


class LocalStatus(Document):
    """What serves, what ran, what was decided; the newest last."""

    name: str
    serving: Pointer | None
    candidate: str
    canary_candidate: str
    """The kind of the canary's model; "" where none is on trial."""
    runs: list[LocalRun]
    verdicts: list[Verdict]


def status_of(lifecycle: Lifecycle, *, place: Workspace) -> LocalStatus:
    """Read the state of a lifecycle."""
    pointer = current(place)
    candidate = _candidate(place, pointer.bundle) if pointer else ""
    trial = pointer.canary if pointer else None
    verdicts: list[Verdict] = []
    if place.shared_ledger or (place.folder / "trigger.db").exists():
        ledger = Ledger(place.ledger, retrain=lifecycle.spec.retrain, model=lifecycle.name)
        verdicts = ledger.all()[-SHOWN:]
    return LocalStatus(
        name=lifecycle.name,
        serving=pointer,
        candidate=candidate,
        canary_candidate=_candidate(place, trial.bundle) if trial else "",
        runs=runs(place)[-SHOWN:],
        verdicts=verdicts,
    )


def _candidate(place: Workspace, bundle: str) -> str:
    return read_document(place.pointer.parent / bundle / MANIFEST, Manifest).candidate
