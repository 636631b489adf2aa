"""Clients: rows in, labels a little later, without a pause, whatever else happens."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from mdlc.replay.row_stream import RowStream, as_datetime

BEAT_SECONDS = 0.1
"""Between two requests."""


@dataclass
class TrafficCounts:
    """What the clients saw."""

    predictions: int = 0
    labels: int = 0
    requests: int = 0
    failed: list[str] = field(default_factory=list)
    """One line for each request that was not answered with 200."""
    first_answer: dict[str, datetime] = field(default_factory=dict)
    """Version -> when a client first heard it."""
    slowest_seconds: float = 0.0


class Traffic:
    """Sends the rows of a stream at a steady rate from a thread of its own, each once.

    A label follows its prediction `labels_after` seconds later; None: no labels come. `play` begins
    with another stream; what was not sent of the one before is dropped.
    """

    def __init__(self, client: httpx.Client, *, name: str, labels_after: float | None) -> None:
        self.counts = TrafficCounts()
        self.labels_after = labels_after
        self._client, self._name = client, name
        self._rate = 0.0
        self._stream: RowStream | None = None
        self._next = 0
        self._owed: deque[tuple[float, list[dict[str, str]]]] = deque()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="traffic", daemon=True)

    def __enter__(self) -> Traffic:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(timeout=30)

    def play(self, stream: RowStream, *, rate: float) -> datetime:
        """Send the rows of `stream` from now on, `rate` a second; return now."""
        with self._lock:
            self._stream, self._next, self._rate = stream, 0, rate
        return datetime.now(UTC)

    @property
    def left(self) -> int:
        """Rows of the stream that have not been sent."""
        with self._lock:
            return len(self._stream) - self._next if self._stream else 0

    def _run(self) -> None:
        due, begun = time.monotonic(), 0.0
        while not self._stopped.is_set():
            due += BEAT_SECONDS
            with self._lock:
                stream, first = self._stream, self._next
                begun += self._rate * BEAT_SECONDS
                rows, begun = int(begun), begun % 1
                last = min(first + rows, len(stream)) if stream else 0
                self._next = last
            if stream is not None and last > first:
                self._predict(stream, slice(first, last))
            self._feed_back()
            # A beat that took too long is not made up for: clients wait for their answers.
            due = max(due, time.monotonic() - BEAT_SECONDS)
            self._stopped.wait(max(due - time.monotonic(), 0))

    def _predict(self, stream: RowStream, rows: slice) -> None:
        body = {"instances": stream.instances(rows), "ids": stream.key[rows].tolist()}
        moment = as_datetime(stream.time[rows][-1])
        answer = self._post(":predict", body, moment=moment)
        if answer is None:
            return
        now = datetime.now(UTC)
        versions = {item.get("version", "") for item in answer["predictions"]} - {""}
        for version in versions or {answer["model_version"]}:
            self.counts.first_answer.setdefault(version, now)
        self.counts.predictions += rows.stop - rows.start
        if self.labels_after is not None:
            labels = [
                {
                    "id": stream.key[row],
                    "label": stream.target[row],
                    "time": as_datetime(max(stream.label_time[row], stream.time[row])).isoformat(),
                }
                for row in range(rows.start, rows.stop)
            ]
            self._owed.append((time.monotonic() + self.labels_after, labels))

    def _feed_back(self) -> None:
        if self.labels_after is None:
            self._owed.clear()
        while self._owed and self._owed[0][0] <= time.monotonic():
            _, labels = self._owed.popleft()
            newest = max(datetime.fromisoformat(label["time"]) for label in labels)
            answer = self._post(":feedback", {"labels": labels}, moment=newest)
            self.counts.labels += answer["accepted"] if answer else 0

    def _post(self, verb: str, body: object, *, moment: datetime) -> dict[str, Any] | None:
        self.counts.requests += 1
        started = time.monotonic()
        try:
            response = self._client.post(
                f"/v1/models/{self._name}{verb}",
                json=body,
                headers={"x-mdlc-time": moment.isoformat()},
            )
        except httpx.TransportError as error:
            self.counts.failed.append(f"{verb}: {type(error).__name__}: {error}")
            return None
        self.counts.slowest_seconds = max(self.counts.slowest_seconds, time.monotonic() - started)
        if response.status_code != 200:
            self.counts.failed.append(f"{verb}: {response.status_code} {response.text[:200]}")
            return None
        parsed: dict[str, Any] = response.json()
        return parsed
