"""Looks up single facts in the payload log: a prediction by its id, the number of labels.

`payload_read` reads the log in bulk, for analysis and for the next training.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from mdlc.serving.payload_read import between
from mdlc.serving.payload_tables import LABELS, PREDICTIONS


@dataclass(frozen=True)
class LoggedPrediction:
    """One prediction of the log, with its label if one came. Times are UTC without zone."""

    id: str
    time: datetime
    version: str
    features: dict[str, Any]
    """Feature -> raw value, None where missing; an image is a list of numbers."""
    scores: dict[str, float]
    """Class -> probability; {} for regression."""
    action: str
    value: float | None
    """The predicted number of a regression; None for classification."""
    expected: float | None
    """Money that the action was expected to earn."""
    label: LoggedLabel | None


@dataclass(frozen=True)
class LoggedLabel:
    """The label of a prediction."""

    label: str
    known: datetime
    """When it became known."""
    received: datetime
    """When the server received it."""


def prediction(engine: sa.Engine, id: str) -> LoggedPrediction | None:
    """Read the prediction `id` and its label; None if there is none."""
    made, label = PREDICTIONS.c, LABELS.c
    columns = [label.label, label.time.label("known"), label.received]
    query = sa.select(*made, *columns).join_from(
        PREDICTIONS, LABELS, made.id == label.id, isouter=True
    )
    with engine.connect() as connection:
        row = connection.execute(query.where(made.id == id)).mappings().one_or_none()
    if row is None:
        return None
    given = dict(row)
    said = {key: given.pop(key) for key in ("label", "known", "received")}
    return LoggedPrediction(**given, label=None if said["label"] is None else LoggedLabel(**said))


def ids_like(engine: sa.Engine, id: str, *, at_most: int) -> list[str]:
    """Return ids with the same beginning as `id`, or if there are none, any ids."""
    made = PREDICTIONS.c.id
    with engine.connect() as connection:
        for start in (id[: max(1, len(id) - 2)], id[:2], ""):
            query = sa.select(made).where(made.startswith(start, autoescape=True))
            found = list(connection.execute(query.order_by(made).limit(at_most)).scalars())
            if found:
                return found
    return []


def count_labels(engine: sa.Engine, since: datetime | None, until: datetime | None) -> int:
    """Count the labels with since <= time < until."""
    query = sa.select(sa.func.count()).select_from(LABELS)
    for condition in between(since, until):
        query = query.where(condition)
    with engine.connect() as connection:
        return int(connection.execute(query).scalar_one())


def newest_label(engine: sa.Engine) -> datetime | None:
    """Return the newest time at which a label became known (UTC); None without labels."""
    with engine.connect() as connection:
        newest = connection.execute(sa.select(sa.func.max(LABELS.c.time))).scalar_one()
    return None if newest is None else newest.replace(tzinfo=UTC)
