"""Everything that is known about one prediction and the model that made it (`mdlc story`)."""

from __future__ import annotations

import difflib
from contextlib import closing
from datetime import datetime
from typing import Any

import numpy as np

from mdlc.core import payoff
from mdlc.core.bundle import MANIFEST, Manifest
from mdlc.core.errors import DataError, SpecError
from mdlc.core.files import Document, read_document
from mdlc.core.spec import Lifecycle
from mdlc.life import lineage
from mdlc.life.lineage import ModelOrigin, TrainingUse
from mdlc.monitoring.history_entries import Role, role_at
from mdlc.monitoring.version_history import History
from mdlc.pipelines.local.local_runner import runs
from mdlc.serving.payload_log import PayloadLog
from mdlc.serving.payload_lookup import LoggedPrediction
from mdlc.state.workspace import Workspace

HIDDEN = "(sensitive)"
LONG = 64
"""Of a feature with more numbers than this, such as an image, only their count is shown."""


class TracedAnswer(Document):
    """The answer, and the version that gave it."""

    time: datetime
    version: str
    role: Role
    """The role of the version at that time; unknown if history has no entry about it."""
    features: dict[str, Any]
    scores: dict[str, float]
    action: str
    value: float | None
    expected: float | None
    """Money that the action was expected to earn."""


class TracedLabel(Document):
    """The label, and what the answer earned."""

    label: str
    known: datetime
    received: datetime
    earned: float | None
    """Money by today's payoff; None if today's payoff has no amount for it."""


class PredictionTrace(Document):
    """One prediction: the request, the answer, its label, and the retrainings that used it."""

    name: str
    id: str
    answer: TracedAnswer
    truth: TracedLabel | None
    """The label; None if none has come."""
    origin: ModelOrigin
    learnt: list[TrainingUse]
    """Retrainings whose table contains this row, oldest first."""
    currency: str


def trace_of(lifecycle: Lifecycle, *, workspace: Workspace, id: str) -> PredictionTrace:
    """Return everything about the prediction `id`, without values of sensitive columns.

    Raises:
        DataError: there is no such prediction.
        ArtifactError: a stored document was altered.
        ServiceError: the payload log does not answer.
    """
    found = _logged(workspace, id)
    entries = History(workspace.history).entries()
    manifest = _manifest(workspace, found.version)
    recorded = runs(workspace)
    sensitive = set(lifecycle.spec.data.sensitive)
    hidden = lifecycle.spec.data.target in sensitive
    answer = TracedAnswer(
        time=found.time,
        version=found.version,
        role=role_at(entries, version=found.version, time=found.time),
        features=_features(found.features, manifest=manifest, sensitive=sensitive),
        scores=found.scores,
        action=found.action,
        value=found.value,
        expected=found.expected,
    )
    truth = None
    if found.label is not None:
        truth = TracedLabel(
            label=HIDDEN if hidden else found.label.label,
            known=found.label.known,
            received=found.label.received,
            earned=None if hidden else _earned(lifecycle, found, truth=found.label.label),
        )
    return PredictionTrace(
        name=workspace.name,
        id=id,
        answer=answer,
        truth=truth,
        origin=lineage.origin_of(recorded, entries, manifest=manifest, version=found.version),
        learnt=lineage.runs_that_used(recorded, id=id),
        currency=lifecycle.spec.business.currency,
    )


def _logged(workspace: Workspace, id: str) -> LoggedPrediction:
    """Return the prediction with its label, if one came.

    Raises:
        DataError: no prediction has the id; the message names the most similar id.
        ServiceError: the payload log does not answer.
    """
    with closing(PayloadLog(workspace.store, name=workspace.name)) as log:
        found = log.prediction(id)
        if found is not None:
            return found
        known = log.ids_like(id)
    nearest = difflib.get_close_matches(id, known, n=1, cutoff=0.3)
    hint = f"the nearest is {nearest[0]}" if nearest else "take an id that the predictor answered"
    if not known:
        hint = "nothing has been predicted; for a replay's predictions give --replay"
    raise DataError(f"no prediction of {workspace.name} has the id {id}", hint=hint)


def _manifest(workspace: Workspace, version: str) -> Manifest | None:
    path = workspace.folder / "models" / version / MANIFEST
    return read_document(path, Manifest) if path.exists() else None


def _features(
    raw: dict[str, Any], *, manifest: Manifest | None, sensitive: set[str]
) -> dict[str, Any]:
    """Return the features that may be shown.

    Left out are features that were sensitive when the version was trained, and those that the file
    marks as sensitive today. Without the version's manifest, all are left out.
    """
    if manifest is None:
        return dict.fromkeys(raw, HIDDEN)
    secret = sensitive | {feature.name for feature in manifest.features if feature.sensitive}
    shown: dict[str, Any] = {}
    for name, value in raw.items():
        large = isinstance(value, list) and len(value) > LONG
        shown[name] = HIDDEN if name in secret else f"{len(value)} numbers" if large else value
    return shown


def _earned(lifecycle: Lifecycle, found: LoggedPrediction, *, truth: str) -> float | None:
    """Return the money that the answer earned, given the label."""
    terms = lifecycle.spec.business.payoff
    if terms is None:
        return None
    try:
        if not found.scores:
            unit = payoff.for_numbers(terms)
            numbers = np.array([found.value], float), np.array([float(truth)])
            return float(unit.earned(*numbers)[0])
        table = payoff.for_classes(terms, list(found.scores))
    except SpecError:
        return None
    if found.action not in table.actions or truth not in table.classes:
        return None
    action, actual = table.actions.index(found.action), table.classes.index(truth)
    return float(table.earned(np.array([action]), np.array([actual]))[0])
