"""Writes labels into the payload log and matches them with their predictions by id."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from mdlc.core.columns import spelled, truth_of
from mdlc.core.errors import closest
from mdlc.serving.payload_tables import CORRECTIONS, LABELS, PREDICTIONS
from mdlc.serving.request_clock import CLOCKS
from mdlc.serving.request_rows import MAX_ID, is_id

CHUNK = 500
"""Ids in one question; SQLite's older builds allow 999 parameters."""
Status = Literal["accepted", "corrected", "duplicate", "contradictory", "unknown", "invalid"]


@dataclass(frozen=True)
class Label:
    """The label of a prediction: a class, or a number for regression; known since `time`."""

    id: str
    value: object
    time: datetime
    reason: str = ""
    """Why it is another one than before: a label with a reason may correct one."""


@dataclass(frozen=True)
class LabelOutcome:
    """What became of a label, with its prediction's row if there is one.

    Of one that is stored (accepted, corrected) also the text.
    """

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


def write(
    engine: sa.Engine, labels: Sequence[Label], *, received: datetime, corrections: bool = False
) -> list[LabelOutcome]:
    """Write the labels that are good; return a verdict on each, in their order.

    The first label of an id is kept. With `corrections` another one that comes with a reason takes
    its place; what it said before, and the reason, are kept beside it.
    """
    try:
        return _write(engine, labels, received=received, corrections=corrections)
    except sa.exc.IntegrityError:
        # Another process wrote one of them between our look and our write; now it shows.
        return _write(engine, labels, received=received, corrections=corrections)


def _write(
    engine: sa.Engine, labels: Sequence[Label], *, received: datetime, corrections: bool
) -> list[LabelOutcome]:
    # What can be no prediction's id is not asked for: a database may not even take it as a text.
    identifiers = [label.id for label in labels if is_id(label.id)]
    with engine.begin() as connection:
        known = _known(connection, identifiers)
        predictions = _predictions(connection, identifiers)
        verdicts: list[LabelOutcome] = []
        trail: list[dict[str, Any]] = []
        for label in labels:
            verdict = _judge(label, predictions.get(label.id), known.get(label.id), received)
            if verdict.status == "contradictory" and corrections and label.reason:
                verdict = replace(verdict, status="corrected", problem="")
                was = {"id": label.id, "was": known[label.id], "reason": label.reason}
                trail.append({**was, "received": received})
            if verdict.status in {"accepted", "corrected"}:
                known[label.id] = verdict.text
            verdicts.append(verdict)
        _store(connection, verdicts, trail=trail, received=received)
    return verdicts


def _store(
    connection: sa.Connection,
    verdicts: Sequence[LabelOutcome],
    *,
    trail: list[dict[str, Any]],
    received: datetime,
) -> None:
    """Add what was accepted, put corrections in the place of others, and keep those in `trail`."""
    new = [_row(v, received=received) for v in verdicts if v.status == "accepted"]
    if new:
        connection.execute(sa.insert(LABELS), new)
    for verdict in verdicts:
        if verdict.status == "corrected":
            row = _row(verdict, received=received)
            connection.execute(sa.update(LABELS).where(LABELS.c.id == row.pop("id")).values(**row))
    if trail:
        connection.execute(sa.insert(CORRECTIONS), trail)


def _row(verdict: LabelOutcome, *, received: datetime) -> dict[str, Any]:
    label = verdict.label
    return {"id": label.id, "label": verdict.text, "time": label.time, "received": received}


def _known(connection: sa.Connection, identifiers: Sequence[str]) -> dict[str, str]:
    """Return the labels that are stored, as text, by id."""
    found: dict[str, str] = {}
    for start in range(0, len(identifiers), CHUNK):
        chosen = LABELS.c.id.in_(identifiers[start : start + CHUNK])
        query = sa.select(LABELS.c.id, LABELS.c.label).where(chosen)
        found.update({row.id: row.label for row in connection.execute(query)})
    return found


def _predictions(connection: sa.Connection, identifiers: Sequence[str]) -> dict[str, Any]:
    table = PREDICTIONS.c
    query = sa.select(table.id, table.time, table.version, table.scores, table.action, table.value)
    found: dict[str, Any] = {}
    for start in range(0, len(identifiers), CHUNK):
        chosen = query.where(table.id.in_(identifiers[start : start + CHUNK]))
        found.update({row.id: row for row in connection.execute(chosen)})
    return found


def _judge(label: Label, prediction: Any, known: str | None, received: datetime) -> LabelOutcome:
    """Return what becomes of a label; `known` is the one that its prediction has by now."""
    if prediction is None:
        return LabelOutcome(label, "unknown", f"{label.id[:MAX_ID]}: no prediction has this id")
    text, problem = as_text(label.value, classes=list(prediction.scores))
    if not problem and label.time - received > CLOCKS:
        problem = "the label's time is in the future"
    if not problem and prediction.time - label.time > CLOCKS:
        problem = "the label's time is before its prediction was made"
    if problem:
        return LabelOutcome(label, "invalid", f"{label.id}: {problem}", prediction=prediction)
    # Clocks differ a little; a label is never known before its prediction was made.
    sure = replace(label, time=max(label.time, prediction.time))
    if known is None:
        return LabelOutcome(sure, "accepted", text=text, prediction=prediction)
    if known == text:
        problem = f"{label.id} has this label already"
        return LabelOutcome(sure, "duplicate", problem, text, prediction)
    problem = f"{label.id} has another label already; the first is kept"
    return LabelOutcome(sure, "contradictory", problem, text, prediction)


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
