"""A stream of rows and a server that answers it, without a process or a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np

from mdlc.core.columns import Feature
from mdlc.replay.request_driver import RecordedAnswers, RequestDriver
from mdlc.replay.row_stream import RowStream

START = np.datetime64("2026-01-01T00:30:00", "us")
HOUR = np.timedelta64(1, "h")
CLASSES = ["no", "yes"]


def stream_of(rows: int, *, every: Any = HOUR, labels_after: Any = 3 * HOUR) -> RowStream:
    """Return rows r0, r1 ... whose feature x is their number; every third one is "yes"."""
    time = START + np.arange(rows) * every
    return RowStream(
        features=[Feature(name="x", kind="number")],
        batch={"x": np.arange(rows, dtype=np.float32)},
        key=np.array([f"r{number}" for number in range(rows)], dtype=object),
        time=time,
        label_time=time + labels_after,
        target=np.array(["no" if number % 3 else "yes" for number in range(rows)], dtype=object),
    )


class FakeServer:
    """Answers V1 requests by version 1; with a canary, rows of odd x by version 2.

    `requests` are (path, simulated time, body) in the order in which they came. `fails` says of
    each request whether it is answered with 503.
    """

    def __init__(
        self, *, canary: bool = False, fails: Callable[[str], bool] = lambda _: False
    ) -> None:
        self.canary, self.fails, self.metrics = canary, fails, ""
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        self.client = httpx.Client(
            transport=httpx.MockTransport(self._answer), base_url="http://server"
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.rpartition(":")[2]
        if request.url.path == "/metrics":
            return httpx.Response(200, text=self.metrics)
        body = json.loads(request.content or b"{}")
        self.requests.append((path, request.headers.get("x-mdlc-time", ""), body))
        if self.fails(path):
            return httpx.Response(503, text="busy")
        if path == "predict":
            return httpx.Response(200, json=self._predict(body["instances"]))
        if path == "feedback":
            return httpx.Response(200, json={"accepted": len(body["labels"])})
        return httpx.Response(200, json={})

    def _predict(self, instances: list[dict[str, float]]) -> dict[str, Any]:
        predictions = []
        for instance in instances:
            odd = instance["x"] % 2 == 1
            one: dict[str, Any] = {"scores": {"no": 0.25, "yes": 0.75}, "action": "act"}
            if self.canary:
                one["version"] = "2" if odd else "1"
            predictions.append(one)
        return {"predictions": predictions, "model_version": "1"}

    def of(self, path: str) -> list[tuple[str, dict[str, Any]]]:
        """Return time and body of the requests to a path."""
        return [(time, body) for asked, time, body in self.requests if asked == path]


def driver_of(stream: RowStream, server: FakeServer, **options: Any) -> RequestDriver:
    """Return a driver of the whole stream to that server; `options` replace its own."""
    answers = RecordedAnswers.empty(len(stream), classes=CLASSES)
    given = {"max_rows": 50, "tick": lambda _: None, **options}
    return RequestDriver(stream, server.client, "tiny", answers, **given)
