"""The payload log: stores every prediction by its id, and the label that comes for it later.

A prediction is answered even if the log is not available (locked, disk full, database away). Its
rows then wait in memory (`waiting_rows`) until the log is back. Rows beyond the limit of memory are
lost and counted. `payload_database` notices if the database is deleted or replaced.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from mdlc.core.bundle import Manifest
from mdlc.core.errors import StorageError
from mdlc.core.scorer import Answers
from mdlc.services.json_logs import log
from mdlc.services.refusals import DuplicateId, Refusal
from mdlc.serving import payload_labels, payload_lookup, payload_read
from mdlc.serving.payload_database import PayloadDatabase, answering
from mdlc.serving.payload_labels import Label, LabelOutcome
from mdlc.serving.payload_tables import PREDICTIONS
from mdlc.serving.request_rows import RequestRows
from mdlc.serving.waiting_rows import Row, WaitingRows

AWAY = (
    sa.exc.OperationalError,
    sa.exc.InterfaceError,
    sa.exc.InternalError,
    sa.exc.TimeoutError,
    StorageError,
)
"""Temporary errors, after which the same rows can be written later. Others are due to the rows."""


@dataclass(frozen=True)
class WriteOutcome:
    """What happened to rows that were not written at once; passed to the `watch` of a log."""

    lost: int
    waiting: int
    reopened: int = 0
    """1 if the database was deleted or replaced, and a new one is used from now on."""


class PayloadLog:
    """Predictions and labels of a lifecycle. Safe for several threads and processes."""

    def __init__(  # noqa: PLR0913 - whose it is, and how patient it is
        self,
        url: str,
        *,
        name: str,
        busy_seconds: float = 0.5,
        retry_seconds: float = 1.0,
        waiting_rows: int = 10_000,
        waiting_bytes: int = 64_000_000,
        watch: Callable[[WriteOutcome], None] | None = None,
    ) -> None:
        self._name = name
        self._database = PayloadDatabase(
            url, name=name, busy_seconds=busy_seconds, reopened=self._replaced
        )
        self._retry_seconds = retry_seconds
        self._watch = watch or (lambda _fate: None)
        self._waiting = WaitingRows(most_rows=waiting_rows, most_bytes=waiting_bytes)
        self._written = 0
        """Predictions written into the database that is open."""
        self._failed_at = 0.0
        self._timer: threading.Timer | None = None
        # SQLite has one writer: threads queue here, in order, instead of polling its lock.
        self._lock = threading.Lock()

    @property
    def engine(self) -> sa.Engine:
        """The engine of the database that is in place now."""
        return self._database.engine

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

    def label(
        self, labels: Sequence[Label], *, received: datetime, corrections: bool = False
    ) -> list[LabelOutcome]:
        """Join labels to predictions by id, in one transaction; return one verdict a label.

        The first label of an id is kept; with `corrections`, the newest that comes with a reason.

        Raises:
            Refusal: the log is not available; the labels may be sent again.
        """
        text = "the payload log is not available; send the labels again"
        away = Refusal(text, status=503, reason="unavailable")
        write = partial(
            payload_labels.write, labels=labels, received=received, corrections=corrections
        )
        with self._lock:
            if self._waiting and not self._flush(now=True):
                raise away  # labels of predictions that still wait would count as unknown
            try:
                return self._database.run(write)
            except AWAY as error:
                self._away(error)
                raise away from error

    def labelled(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> payload_read.LabelledPredictions:
        """Return the predictions with since <= label time < until, as arrays."""
        return payload_read.labelled(self.engine, since, until)

    def export(
        self, out: Path, *, manifest: Manifest, until: datetime, since: datetime | None = None
    ) -> int:
        """Write labelled predictions as Parquet, like preparation's table; return the row count."""
        return payload_read.export(self.engine, out, manifest=manifest, until=until, since=since)

    def prediction(self, id: str) -> payload_lookup.LoggedPrediction | None:
        """Return the prediction `id` with its label, None if the log has none of this id.

        Raises:
            ServiceError: the database does not answer.
        """
        with answering(self._name):
            return payload_lookup.prediction(self.engine, id)

    def ids_like(self, id: str, *, at_most: int = 200) -> list[str]:
        """Return ids with the same beginning as `id`, or if there are none, any ids.

        Raises:
            ServiceError: the database does not answer.
        """
        with answering(self._name):
            return payload_lookup.ids_like(self.engine, id, at_most=at_most)

    def count_labels(self, since: datetime | None = None, until: datetime | None = None) -> int:
        """Count the labels with since <= time < until."""
        return payload_lookup.count_labels(self.engine, since, until)

    def newest_label(self) -> datetime | None:
        """Return the newest time at which a label became known; None without labels."""
        return payload_lookup.newest_label(self.engine)

    def close(self) -> None:
        """Write the waiting rows, if the log is back, and close the connections."""
        with self._lock:
            if self._timer:
                self._timer.cancel()
            if self._waiting and not self._flush(now=True):
                log("payload_lost", level=logging.ERROR, rows=len(self._waiting))
                self._watch(WriteOutcome(lost=len(self._waiting), waiting=0))
                self._waiting.clear()
        self._database.close()

    def _insert(self, predictions: Sequence[Row]) -> None:
        def insert(engine: sa.Engine) -> None:
            with engine.begin() as connection:
                connection.execute(sa.insert(PREDICTIONS), list(predictions))

        self._database.run(insert)
        self._written += len(predictions)

    def _known(self, identifiers: Sequence[str]) -> set[str]:
        def look(engine: sa.Engine) -> set[str]:
            with engine.connect() as connection:
                return set(payload_labels.by_id(connection, PREDICTIONS.c.id, identifiers))

        return self._database.run(look)

    def _flush(self, *, now: bool = False) -> bool:
        """Try to write the waiting rows; return whether none waits any more."""
        if not now and time.monotonic() - self._failed_at < self._retry_seconds:
            return False
        waiting = self._waiting.rows()
        try:
            # Another process may have answered one of the ids in the meantime; its answer stays.
            known = self._known([row["id"] for row in waiting])
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
        lost = self._waiting.keep(predictions)
        if lost:
            log("payload_lost", level=logging.ERROR, rows=lost)
        self._watch(WriteOutcome(lost=lost, waiting=len(self._waiting)))
        self._try_later()

    def _try_later(self) -> None:
        """Write the waiting rows after a while, even if no further prediction is requested.

        Otherwise labels of the waiting rows would be unknown. With retry_seconds = 0 only requests
        cause an attempt.
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

    def _replaced(self) -> None:
        """Report that the database was deleted or replaced, and the number of rows lost with it."""
        log("payload_log_replaced", level=logging.ERROR, rows=self._written)
        self._written = 0
        self._watch(WriteOutcome(lost=0, waiting=len(self._waiting), reopened=1))

    def _lose(self, rows: int, error: Exception) -> None:
        log("payload_lost", level=logging.ERROR, rows=rows, error=type(error).__name__)
        self._watch(WriteOutcome(lost=rows, waiting=len(self._waiting)))


def records(
    asked: RequestRows, *, at: datetime, version: str, answers: Answers, classes: list[str]
) -> list[Row]:
    """Return answers as rows of the log. Numbers stay float32, so that 0.1 is written as 0.1."""
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
