"""Clients of a predictor on a cluster: rows, and their labels a moment later."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.cluster.local import NAME, Local

V1, FEEDBACK = f"/v1/models/{NAME}:predict", f"/v1/models/{NAME}:feedback"


class Clients:
    """Send rows again and again, ten at a time, each with its label; remember what failed.

    Labels that are not taken are sent again, as docs/stages/serving.md says: 503 while the payload
    log is away; unknown while their prediction waits in the memory of another replica.
    """

    def __init__(self, life: Local, *, moved: bool) -> None:
        self.rows, self.client = life.rows(moved=moved), life.client()
        self.answered: list[str] = []
        self.failed: list[str] = []
        self.versions: Counter[str] = Counter()
        self._owed: deque[list[dict[str, str]]] = deque()
        self._stop = threading.Event()

    @contextmanager
    def running(self) -> Iterator[Clients]:
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join()

    def _run(self) -> None:
        number = 0
        with self.client:
            while not self._stop.is_set():
                number += 1
                self._ask([self.rows[(number * 10 + one) % len(self.rows)] for one in range(10)])
                self._tell()
                self._stop.wait(0.4)
            ends = time.monotonic() + 60
            while self._owed and time.monotonic() < ends:
                self._tell()
                time.sleep(1)
        if self._owed:
            self.failed.append(f"{len(self._owed)} times ten labels were never taken")

    def _ask(self, rows: list[dict[str, str]]) -> None:
        ids = [f"{row['id']}-{time.monotonic_ns()}" for row in rows]
        numbers = [{"x": float(row["x"]), "y": float(row["y"])} for row in rows]
        asked = [n | {"group": row["group"]} for n, row in zip(numbers, rows, strict=True)]
        answer = self._post(V1, {"ids": ids, "instances": asked})
        if answer is None or answer.status_code != 200:
            said = f": {answer.status_code} {answer.text[:200]}" if answer is not None else ""
            self.failed.append(f"predict{said}")
            return
        self.answered += ids
        said_by = answer.json()["model_version"]
        self.versions.update(one.get("version", said_by) for one in answer.json()["predictions"])
        labels = [{"id": i, "label": row["answer"]} for i, row in zip(ids, rows, strict=True)]
        self._owed.append(labels)

    def _tell(self) -> None:
        while self._owed:
            answer = self._post(FEEDBACK, {"labels": self._owed[0]})
            if answer is None or answer.status_code == 503:
                return
            if answer.status_code != 200 or answer.json()["invalid"]:
                self.failed.append(f"feedback: {answer.status_code} {answer.text[:200]}")
            elif answer.json()["unknown"]:
                return
            self._owed.popleft()

    def _post(self, path: str, body: Any) -> httpx.Response | None:
        try:
            return self.client.post(path, json=body)
        except httpx.HTTPError:
            return None
