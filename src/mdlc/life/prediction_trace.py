"""All that is known about one prediction, and about the model that made it."""

from __future__ import annotations

import difflib
from contextlib import closing
from datetime import datetime
from typing import Any, Literal

import numpy as np
import sqlalchemy as sa

from mdlc.core import payoff
from mdlc.core.bundle import MANIFEST, Manifest
from mdlc.core.errors import DataError, ServiceError, SpecError
from mdlc.core.files import Document, read_document
from mdlc.core.spec import Lifecycle
from mdlc.life import lineage
from mdlc.life.lineage import ModelOrigin, TrainingUse
from mdlc.monitoring.version_history import History
from mdlc.pipelines.local.local_runner import runs
from mdlc.serving.payload_log import PayloadLog
from mdlc.serving.payload_tables import LABELS, PREDICTIONS
from mdlc.state.release_documents import HistoryEntry
from mdlc.state.workspace import Workspace

HIDDEN = "(sensitive)"
LONG = 64
"""A feature with more numbers, an image, is told by how many it has."""
NEAR = 200
"""Ids that begin alike, looked through for the nearest to an unknown one."""


class TracedAnswer(Document):
    """What was answered, and by which version."""

    time: datetime
    version: str
    role: Literal["champion", "canary", "unknown"]
    """What the version was then; unknown: history does not tell of it."""
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
    """By today's cost matrix; None where it has no price for it any more."""


class PredictionTrace(Document):
    """One prediction from question to consequence."""

    name: str
    id: str
    answer: TracedAnswer
    truth: TracedLabel | None
    """None: no label has come."""
    origin: ModelOrigin
    learnt: list[TrainingUse]
    """Retrainings whose table has this row, oldest first."""
    currency: str


def trace_of(lifecycle: Lifecycle, *, workspace: Workspace, id: str) -> PredictionTrace:
    """Find everything about the prediction `id`; values of sensitive columns are left out.

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
        role=_role(entries, version=found.version, time=found.time),
        features=_features(found.features, manifest=manifest, sensitive=sensitive),
        scores=found.scores,
        action=found.action,
        value=found.value,
        expected=found.expected,
    )
    truth = None
    if found.label is not None:
        truth = TracedLabel(
            label=HIDDEN if hidden else found.label,
            known=found.known,
            received=found.received,
            earned=None if hidden else _earned(lifecycle, found),
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


def _logged(workspace: Workspace, id: str) -> Any:
    """Return the prediction's row with its label, if one came.

    Raises:
        DataError: no prediction has the id; names the nearest.
        ServiceError: the log does not answer.
    """
    columns = [
        *PREDICTIONS.c,
        LABELS.c.label,
        LABELS.c.time.label("known"),
        LABELS.c.received,
    ]
    query = sa.select(*columns).join_from(
        PREDICTIONS, LABELS, PREDICTIONS.c.id == LABELS.c.id, isouter=True
    )
    try:
        with (
            closing(PayloadLog(workspace.store, name=workspace.name)) as log,
            log.engine.connect() as connection,
        ):
            row = connection.execute(query.where(PREDICTIONS.c.id == id)).one_or_none()
            if row is not None:
                return row
            near = sa.select(PREDICTIONS.c.id).order_by(PREDICTIONS.c.id).limit(NEAR)
            known: list[str] = []
            for start in (id[: max(1, len(id) - 2)], id[:2], ""):
                if not known:
                    begins = PREDICTIONS.c.id.startswith(start, autoescape=True)
                    known = list(connection.execute(near.where(begins)).scalars())
    except sa.exc.SQLAlchemyError as error:
        message = f"the payload log of {workspace.name} does not answer: {type(error).__name__}"
        raise ServiceError(message, hint="check that its database runs") from error
    nearest = difflib.get_close_matches(id, known, n=1, cutoff=0.3)
    hint = f"the nearest is {nearest[0]}" if nearest else "take an id that the predictor answered"
    if not known:
        hint = "nothing has been predicted; for a replay's predictions give --replay"
    raise DataError(f"no prediction of {workspace.name} has the id {id}", hint=hint)


def _manifest(workspace: Workspace, version: str) -> Manifest | None:
    path = workspace.folder / "models" / version / MANIFEST
    return read_document(path, Manifest) if path.exists() else None


def _role(
    entries: list[HistoryEntry], *, version: str, time: datetime
) -> Literal["champion", "canary", "unknown"]:
    """Say what a version was when it answered.

    A predictor follows the pointer within seconds, and a champion that was just replaced may still
    have answered: it is called the champion, which it was when the request came.
    """
    own = [entry for entry in entries if entry.version == version]
    then = [entry for entry in own if entry.time.replace(tzinfo=None) <= time]
    if not (then or own):
        return "unknown"
    kind = (then or own)[-1].kind
    return "canary" if kind == "canary" else "champion"


def _features(
    raw: dict[str, Any], *, manifest: Manifest | None, sensitive: set[str]
) -> dict[str, Any]:
    """Return the features that may be shown; without the version's manifest, none is known to be.

    What was sensitive when the version was trained stays so, and so does what the file says today.
    """
    if manifest is None:
        return dict.fromkeys(raw, HIDDEN)
    secret = sensitive | {feature.name for feature in manifest.features if feature.sensitive}
    shown: dict[str, Any] = {}
    for name, value in raw.items():
        large = isinstance(value, list) and len(value) > LONG
        shown[name] = HIDDEN if name in secret else f"{len(value)} numbers" if large else value
    return shown


def _earned(lifecycle: Lifecycle, found: Any) -> float | None:
    """Return the money of the answer, now that the truth is known."""
    terms = lifecycle.spec.business.payoff
    if terms is None:
        return None
    try:
        if not found.scores:
            unit = payoff.for_numbers(terms)
            return float(unit.earned(np.array([found.value]), np.array([float(found.label)]))[0])
        table = payoff.for_classes(terms, list(found.scores))
    except SpecError:
        return None
    if found.action not in table.actions or found.label not in table.classes:
        return None
    action, truth = table.actions.index(found.action), table.classes.index(found.label)
    return float(table.earned(np.array([action]), np.array([truth]))[0])
