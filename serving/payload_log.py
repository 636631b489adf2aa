"""The payload log: every prediction by its id, and the label that came for it later.

A prediction is answered even where the log is not available (locked, disk full, database away): its
rows wait in memory, up to a bound, until the log is back. What does not fit is lost, and counted.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from mdlc.core.bundle import Manifest
from mdlc.core.scorer import Answers
from mdlc.services.json_logs import log
from mdlc.services.refusals import DuplicateId, Refusal
from mdlc.serving import payload_labels, payload_read
from mdlc.serving.payload_labels import Label, LabelOutcome
from mdlc.serving.payload_tables import LABELS, PREDICTIONS, open_engine
from mdlc.serving.request_rows import RequestRows

Row = dict[str, Any]
AWAY = (
    sa.exc.OperationalError,
    sa.exc.InterfaceError,
    sa.exc.InternalError,
    sa.exc.TimeoutError,
)
"""Errors that pass: the same rows may be written later. Any other is about the rows."""


@dataclass(frozen=True)
class WriteOutcome:
    """What became of rows that were not written at once; told to the `watch` of a log."""

    lost: int
    waiting: int


class PayloadLog:
    """Predictions and labels of a lifecycle. Safe for threads, and for several processes."""

    def __init__(  # noqa: PLR0913 - whose it is, and how patient it is
        self,
        url: str,
        *,
        name: str,
        busy_seconds: float = 0.5,
        retry_seconds: float = 1.0,
        waiting_rows: int = 10_000,
        watch: Callable[[WriteOutcome], None] | None = None,
    ) -> None:
        self.engine = open_engine(url, name=name, busy_seconds=busy_seconds)
        self._retry_seconds = retry_seconds
        self._waiting_rows = waiting_rows
        self._watch = watch or (lambda _fate: None)
        self._waiting: dict[str, Row] = {}
        self._failed_at = 0.0
        self._timer: threading.Timer | None = None
        # SQLite has one writer: threads queue here, in order, instead of polling its lock.
        self._lock = threading.Lock()

    def add(self, predictions: Sequence[Row]) -> None:
        """Write predictions (see `records`) in one transaction, or keep them for later.

        Raises:
            DuplicateId: one of the ids has been answered before; nothing is written.
        """
        with self._lock:
            twice = next((row["id"] for row in predictions if row["id"] in self._waiting), None)
            if twice is not None:
                raise DuplicateId(twice)
            if self._waiting and not self._flush():
                self._keep(predictions)
                return
            try:
                self._insert(predictions)
            except sa.exc.IntegrityError as error:
                known = self._known([row["id"] for row in predictions])
                raise DuplicateId(min(known, default="")) from error
            except AWAY as error:
                self._away(error)
                self._keep(predictions)
            except sa.exc.SQLAlchemyError as error:
                self._lose(len(predictions), error)

    def label(self, labels: Sequence[Label], *, received: datetime) -> list[LabelOutcome]:
        """Join labels to predictions by id, in one transaction; return one verdict a label.

        The first label of an id is kept; a second is a duplicate, whatever it says.

        Raises:
            Refusal: the log is not available; the labels may be sent again.
        """
        away = Refusal(
            "the payload log is not available; send the labels again",
            status=503,
            reason="unavailable",
        )
        with self._lock:
            if self._waiting and not self._flush(now=True):
                raise away  # a label of what waits would be unknown
            try:
                return payload_labels.write(self.engine, labels, received=received)
            except AWAY as error:
                self._away(error)
                raise away from error

    def labelled(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> payload_read.LabelledPredictions:
        """Return what is labelled with since <= label time < until, as arrays."""
        return payload_read.labelled(self.engine, since, until)

    def export(
        self, out: Path, *, manifest: Manifest, until: datetime, since: datetime | None = None
    ) -> int:
        """Write labelled predictions as a Parquet table like preparation's; return its rows."""
        return payload_read.export(self.engine, out, manifest=manifest, until=until, since=since)

    def count_labels(self, since: datetime | None = None, until: datetime | None = None) -> int:
        """Count the labels with since <= time < until."""
        query = sa.select(sa.func.count()).select_from(LABELS)
        for condition in payload_read.between(since, until):
            query = query.where(condition)
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def newest_label(self) -> datetime | None:
        """Return the newest time at which a label was known, None before the first."""
        with self.engine.connect() as connection:
            newest = connection.execute(sa.select(sa.func.max(LABELS.c.time))).scalar_one()
        return None if newest is None else newest.replace(tzinfo=UTC)

    def close(self) -> None:
        """Write what waits, if the log is back, and disconnect."""
        with self._lock:
            if self._timer:
                self._timer.cancel()
            if self._waiting and not self._flush(now=True):
                log("payload_lost", level=logging.ERROR, rows=len(self._waiting))
                self._watch(WriteOutcome(lost=len(self._waiting), waiting=0))
                self._waiting.clear()
        self.engine.dispose()

    def _insert(self, predictions: Sequence[Row]) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.insert(PREDICTIONS), list(predictions))

    def _known(self, identifiers: Sequence[str]) -> set[str]:
        with self.engine.connect() as connection:
            return set(payload_labels.by_id(connection, PREDICTIONS.c.id, identifiers))

    def _flush(self, *, now: bool = False) -> bool:
        """Try to write what waits; say whether nothing waits any more."""
        if not now and time.monotonic() - self._failed_at < self._retry_seconds:
            return False
        waiting = list(self._waiting.values())
        try:
            # Another process may have answered one of the ids meanwhile; its answer stays.
            known = self._known(list(self._waiting))
            new = [row for row in waiting if row["id"] not in known]
            if new:
                self._insert(new)
        except AWAY as error:
            self._away(error)
            return False
        except sa.exc.SQLAlchemyError as error:
            self._waiting.clear()
            self._lose(len(waiting), error)
            return True
        self._waiting.clear()
        log("payload_log_back", rows=len(waiting) - len(known))
        self._watch(WriteOutcome(lost=len(known), waiting=0))
        return True

    def _away(self, error: Exception) -> None:
        self._failed_at = time.monotonic()
        if not self._waiting:
            log("payload_log_away", level=logging.WARNING, error=type(error).__name__)

    def _keep(self, predictions: Sequence[Row]) -> None:
        room = max(0, self._waiting_rows - len(self._waiting))
        self._waiting.update({row["id"]: row for row in predictions[:room]})
        lost = max(0, len(predictions) - room)
        if lost:
            log("payload_lost", level=logging.ERROR, rows=lost)
        self._watch(WriteOutcome(lost=lost, waiting=len(self._waiting)))
        self._try_later()

    def _try_later(self) -> None:
        """Write what waits without being asked: no other request may come, but its labels may.

        Not with retry_seconds of 0: then only requests try.
        """
        if self._timer is None and self._waiting and self._retry_seconds:
            self._timer = threading.Timer(self._retry_seconds, self._later)
            self._timer.daemon = True
            self._timer.start()

    def _later(self) -> None:
        with self._lock:
            self._timer = None
            if self._waiting:
                self._flush(now=True)
                self._try_later()

    def _lose(self, rows: int, error: Exception) -> None:
        log("payload_lost", level=logging.ERROR, rows=rows, error=type(error).__name__)
        self._watch(WriteOutcome(lost=rows, waiting=len(self._waiting)))


def records(
    asked: RequestRows, *, at: datetime, version: str, answers: Answers, classes: list[str]
) -> list[Row]:
    """Lay answers out as the log's rows. Numbers stay float32, so that 0.1 is written as 0.1."""
    names = list(asked.batch)
    columns = [_flat(column) for column in asked.batch.values()]
    scores: Iterator[Any] = iter(answers.scores.tolist())
    values, expected = _optional(answers.values), _optional(answers.expected)
    return [
        {
            "id": identifier,
            "time": at,
            "version": version,
            "features": dict(zip(names, features, strict=True)),
            "scores": dict(zip(classes, next(scores), strict=True)) if classes else {},
            "action": action,
            "value": value,
            "expected": money,
        }
        for identifier, features, action, value, money in zip(
            asked.ids,
            zip(*columns, strict=True),
            answers.actions.tolist(),
            values,
            expected,
            strict=True,
        )
    ]


def _flat(column: npt.NDArray[Any]) -> list[Any]:
    return list(column.reshape(len(column), -1) if column.ndim > 1 else column)


def _optional(numbers: npt.NDArray[np.floating]) -> list[float | None]:
    return [None if number != number else number for number in numbers.tolist()]  # noqa: PLR0124
