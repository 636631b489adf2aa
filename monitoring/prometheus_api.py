"""A small client of Prometheus' HTTP API: instant and range queries, limited in time and size.

If a query fails for any reason, it raises a ServiceError, so a failure is never taken for an empty
result.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx

from mdlc.core.errors import ServiceError

TIMEOUT_SECONDS = 10.0
"""Time limit of one query, connecting included."""
MAX_BYTES = 16_000_000
"""Most bytes of one answer."""
MAX_POINTS = 11_000
"""Most points of one series in a range query; Prometheus refuses more."""


class InstantSample(NamedTuple):
    """One series of an instant query."""

    labels: Mapping[str, str]
    value: float


class Range(NamedTuple):
    """One series of a range query."""

    labels: Mapping[str, str]
    points: list[tuple[datetime, float]]


class Prometheus:
    """The Prometheus at `url`. With `token`, a bearer token is sent, and no user of the URL."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        max_bytes: int = MAX_BYTES,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._max_bytes = max_bytes
        self._timeout_seconds = timeout_seconds
        headers = {"authorization": f"Bearer {token}"} if token else {}
        try:
            base = httpx.URL(url).copy_with(query=None, fragment=None)
            host = base.copy_with(userinfo=b"")
            self._client = httpx.Client(
                base_url=host if token else base,
                headers=headers,
                timeout=timeout_seconds,
                transport=transport,
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise ServiceError(
                "the URL of Prometheus is none", hint="such as http://host:9090"
            ) from error
        self._shown = str(host).rstrip("/")

    def __enter__(self) -> Prometheus:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def query(self, promql: str, *, at: datetime | None = None) -> list[InstantSample]:
        """Return the value of an expression at a time, or now; a scalar has no labels.

        Raises:
            ServiceError: Prometheus does not answer within the limits, or refuses the query.
        """
        fields = {"query": promql} | ({} if at is None else {"time": str(at.timestamp())})
        found = self._ask("query", fields)
        try:
            if found["resultType"] == "scalar":
                return [InstantSample({}, float(found["result"][1]))]
            return [
                InstantSample(item["metric"], float(item["value"][1])) for item in found["result"]
            ]
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise self._odd("its answer has another shape") from error

    def query_range(
        self, promql: str, *, start: datetime, end: datetime, step: timedelta
    ) -> list[Range]:
        """Return the values of an expression from `start` to `end`, one every `step` or rarer.

        Raises:
            ServiceError: as for `query`.
        """
        seconds = max(step.total_seconds(), (end - start).total_seconds() / (MAX_POINTS - 1))
        fields = {
            "query": promql,
            "start": str(start.timestamp()),
            "end": str(end.timestamp()),
            "step": f"{math.ceil(seconds * 1000)}ms",
        }
        found = self._ask("query_range", fields)
        try:
            return [
                Range(
                    item["metric"],
                    [
                        (datetime.fromtimestamp(moment, UTC), float(value))
                        for moment, value in item["values"]
                    ],
                )
                for item in found["result"]
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise self._odd("its answer has another shape") from error

    def _ask(self, what: str, fields: dict[str, str]) -> Any:
        fields = {**fields, "timeout": f"{self._timeout_seconds:g}s"}
        body, until = bytearray(), time.monotonic() + self._timeout_seconds
        try:
            with self._client.stream("POST", f"api/v1/{what}", data=fields) as response:
                for part in response.iter_bytes():
                    body += part
                    if len(body) > self._max_bytes:
                        raise self._odd(f"its answer has more than {self._max_bytes} bytes")
                    # httpx limits the wait for each part of an answer, not for the whole.
                    if time.monotonic() > until:
                        raise self._odd(f"its answer took longer than {self._timeout_seconds:g} s")
        except httpx.HTTPError as error:
            raise ServiceError(
                f"Prometheus at {self._shown} does not answer: {type(error).__name__}",
                hint="check its address, and that it runs",
            ) from error
        try:
            answer = json.loads(body)
            done = response.status_code == httpx.codes.OK and answer["status"] == "success"
            problem = "" if done else str(answer.get("error", ""))[:300]
            data = answer.get("data")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._odd(f"status {response.status_code}, and no JSON of its API") from error
        if not done:
            raise self._odd(f"status {response.status_code}: {' '.join(problem.split())}")
        return data

    def _odd(self, what: str) -> ServiceError:
        return ServiceError(f"Prometheus at {self._shown}: {what}", hint="look at its log")
