"""Writes labels into the payload log and matches them with their predictions by id."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from mdlc.core.columns import spelled, truth_of
from mdlc.core.errors import closest
from mdlc.serving.payload_tables import LABELS, PREDICTIONS
from mdlc.serving.request_clock import FUTURE
from mdlc.serving.request_rows import MAX_ID, is_id

CHUNK = 500
"""Ids in one query; older builds of SQLite allow 999 parameters."""
Status = Literal["accepted", "duplicate", "unknown", "invalid"]


@dataclass(frozen=True)
class Label:
    """The label of a prediction: a class, or a number for regression; known since `time`."""

    id: str
    value: object
    time: datetime


@dataclass(frozen=True)
class LabelOutcome:
    """Whether a label was accepted, its prediction's row if there is one, and its stored text."""

    label: Label
    status: Status
    problem: str = ""
    text: str = ""
    prediction: Any = None


def by_id(
    connection: sa.Connection, column: sa.Column[str], identifiers: Sequence[str]
) -> Iterator[str]:
    """Yield those of `identifiers` that are in the id column of a table."""
    for start in range(0, len(identifiers), CHUNK):
        chosen = column.in_(identifiers[start : start + CHUNK])
        yield from connection.execute(sa.select(column).where(chosen)).scalars()


def write(engine: sa.Engine, labels: Sequence[Label], *, received: datetime) -> list[LabelOutcome]:
    """Write the valid labels; return the outcome of each, in the given order."""
    try:
        return _write(engine, labels, received=received)
    except sa.exc.IntegrityError:
        # Another process wrote one of them between our check and our write; the check finds it now.
        return _write(engine, labels, received=received)


def _write(engine: sa.Engine, labels: Sequence[Label], *, received: datetime) -> list[LabelOutcome]:
    # Invalid ids are not queried: a database may not even accept them as text.
    identifiers = [label.id for label in labels if is_id(label.id)]
    with engine.begin() as connection:
        labelled = set(by_id(connection, LABELS.c.id, identifiers))
        predictions = _predictions(connection, identifiers)
        verdicts = []
        for label in labels:
            verdict = _judge(label, predictions.get(label.id), labelled, received)
            if verdict.status == "accepted":
                labelled.add(label.id)
            verdicts.append(verdict)
        new = [
            {"id": v.label.id, "label": v.text, "time": v.label.time, "received": received}
            for v in verdicts
            if v.status == "accepted"
        ]
        if new:
            connection.execute(sa.insert(LABELS), new)
    return verdicts


def _predictions(connection: sa.Connection, identifiers: Sequence[str]) -> dict[str, Any]:
    table = PREDICTIONS.c
    query = sa.select(table.id, table.time, table.version, table.scores, table.action, table.value)
    found: dict[str, Any] = {}
    for start in range(0, len(identifiers), CHUNK):
        chosen = query.where(table.id.in_(identifiers[start : start + CHUNK]))
        found.update({row.id: row for row in connection.execute(chosen)})
    return found


def _judge(label: Label, prediction: Any, labelled: set[str], received: datetime) -> LabelOutcome:
    if prediction is None:
        return LabelOutcome(label, "unknown", f"{label.id[:MAX_ID]}: no prediction has this id")
    if label.id in labelled:
        problem = f"{label.id} has a label already; the first is kept"
        return LabelOutcome(label, "duplicate", problem, prediction=prediction)
    if label.time > received + FUTURE:
        problem = f"{label.id}: the label's time is in the future"
        return LabelOutcome(label, "invalid", problem, prediction=prediction)
    text, problem = as_text(label.value, classes=list(prediction.scores))
    if problem:
        return LabelOutcome(label, "invalid", f"{label.id}: {problem}", prediction=prediction)
    # Clocks differ a little; a label cannot be known before its prediction was made.
    known = Label(label.id, label.value, max(label.time, prediction.time))
    return LabelOutcome(known, "accepted", text=text, prediction=prediction)


def as_text(value: object, *, classes: list[str]) -> tuple[str, str]:
    """Return the label as the log stores it, and what is wrong with it ("" if nothing).

    Without `classes` the label is a number.

    >>> as_text(1, classes=["0", "1"]), as_text(2.5, classes=[])
    (('1', ''), ('2.5', ''))
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not classes:
        if not number or not math.isfinite(float(value)):  # type: ignore[arg-type]
            return "", "wanted a finite number"
        return repr(float(value)), ""  # type: ignore[arg-type]
    truth = truth_of(classes) if isinstance(value, bool | str) else None
    if truth and isinstance(value, bool | str):
        text = spelled(value, truth=truth)
    elif isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, float) and value.is_integer():
        text = str(int(value))
    elif isinstance(value, str) or number:
        text = str(value)
    else:
        return "", "wanted the name of a class"
    return (text, "") if text in classes else ("", f"no such class; {closest(text, classes)}")
