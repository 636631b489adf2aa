"""Sends a replay's requests: for each simulated hour its rows, and the labels known by then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import numpy as np

from mdlc.core.errors import ServiceError
from mdlc.replay.row_stream import Array, RowStream, as_datetime, as_datetime64

Tick = Callable[[datetime], None]
FEEDBACK_EVERY = timedelta(hours=6)
TICK_EVERY = timedelta(days=1)


@dataclass
class RecordedAnswers:
    """What the server answered, one entry for each row of the stream.

    `scores` is (rows, classes), for regression (rows, 1); `action` the action's name; `value` the
    predicted number of a regression; `version` the version that answered; `labelled` whether the
    server accepted the row's label.
    """

    classes: list[str]
    scores: Array
    action: Array
    value: Array
    version: Array
    labelled: Array
    failed_requests: int = 0
    rejected_labels: int = 0

    @classmethod
    def empty(cls, rows: int, *, classes: list[str]) -> RecordedAnswers:
        """Return arrays for `rows` answers, without values."""
        return cls(
            classes=classes,
            scores=np.full((rows, max(len(classes), 1)), np.nan),
            action=np.full(rows, "", dtype=object),
            value=np.full(rows, np.nan),
            version=np.full(rows, "", dtype=object),
            labelled=np.zeros(rows, dtype=bool),
        )


@dataclass
class RequestDriver:
    """Sends a stream to a server, hour by hour, and calls `tick` once a simulated day."""

    stream: RowStream
    client: httpx.Client
    name: str
    answers: RecordedAnswers
    max_rows: int
    tick: Tick
    on_hour: Tick = lambda _: None
    _due: list[int] = field(default_factory=list)
    """Rows in the order in which their labels become known."""
    _sent_labels: int = 0

    def run(self) -> None:
        """Send the whole stream, then the labels that become known after its end."""
        self._due = np.argsort(self.stream.label_time, kind="stable").tolist()
        next_tick = next_feedback = self.stream.begins
        for hour, rows in self.stream.hours():
            if hour >= next_feedback:
                self._feedback(hour)
                next_feedback = hour + FEEDBACK_EVERY
            if hour >= next_tick:
                self.tick(hour)
                next_tick = hour + TICK_EVERY
            for part in _parts(rows, size=self.max_rows):
                self._predict(part, time=hour)
            self.on_hour(hour)
        last = self.stream.label_time.max() + np.timedelta64(1, "h")
        end = as_datetime(last)
        self._feedback(end)
        self.tick(end)

    def _predict(self, rows: slice, *, time: datetime) -> None:
        body = {
            "instances": self.stream.instances(rows),
            "ids": self.stream.key[rows].tolist(),
        }
        answer = self._post(f"/v1/models/{self.name}:predict", body=body, time=time)
        if answer is None:
            return
        for row, prediction in zip(
            range(rows.start, rows.stop), answer["predictions"], strict=True
        ):
            if self.answers.classes:
                scores = prediction["scores"]
                self.answers.scores[row] = [scores[name] for name in self.answers.classes]
                self.answers.action[row] = prediction["action"]
            else:
                self.answers.value[row] = prediction["value"]
            # While a canary is on trial, each prediction names the version that made it.
            self.answers.version[row] = prediction.get("version", answer["model_version"])

    def _feedback(self, time: datetime) -> None:
        """Send the labels known by `time` of the rows that were answered."""
        known = int(
            np.searchsorted(self.stream.label_time[self._due], as_datetime64(time), side="right")
        )
        rows = [r for r in self._due[self._sent_labels : known] if self.answers.version[r]]
        self._sent_labels = max(known, self._sent_labels)
        for part in range(0, len(rows), self.max_rows):
            chosen = rows[part : part + self.max_rows]
            labels = [
                {
                    "id": self.stream.key[row],
                    "label": self.stream.target[row],
                    "time": as_datetime(self.stream.label_time[row]).isoformat(),
                }
                for row in chosen
            ]
            answer = self._post(
                f"/v1/models/{self.name}:feedback", body={"labels": labels}, time=time
            )
            if answer is not None:
                self.answers.labelled[chosen] = True
                self.answers.rejected_labels += len(chosen) - answer["accepted"]

    def _post(self, path: str, *, body: dict[str, Any], time: datetime) -> dict[str, Any] | None:
        """Post a request and return the answer; None, and one failure counted, if the server fails.

        Raises:
            ServiceError: the server is gone, or it refuses the request as wrong, which is a fault
                of this module.
        """
        try:
            response = self.client.post(path, json=body, headers={"x-mdlc-time": time.isoformat()})
        except httpx.TransportError as error:
            raise ServiceError(
                f"the model server stopped answering: {error}", hint="see the replay's serve.log"
            ) from error
        if response.status_code >= 500:
            self.answers.failed_requests += 1
            return None
        if response.status_code != 200:
            raise ServiceError(f"the model server refused {path}: {response.text[:300]}")
        parsed: dict[str, Any] = response.json()
        return parsed


def _parts(rows: slice, *, size: int) -> Iterator[slice]:
    for start in range(rows.start, rows.stop, size):
        yield slice(start, min(start + size, rows.stop))
