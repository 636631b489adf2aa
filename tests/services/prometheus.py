"""A real Prometheus for tests: its own folder, a free port, queries, a reload, a kill."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.ports import free_port

READY_SECONDS = 30.0

Sample = tuple[dict[str, str], float]
"""Labels (with __name__ where there is one) and the value."""


def program(name: str) -> str:
    """Return the path of a program that tests need; without it the test is skipped."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def wait(what: Callable[[], Any], *, seconds: float = READY_SECONDS, every: float = 0.1) -> Any:
    """Return what `what` returns once that is true; after `seconds` the test fails."""
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, f"not within {seconds:g} s: {what}"
        time.sleep(every)
    return found


class Prometheus:
    """One server. Its data outlive it: `kill` and `start` are what a crash and a restart are."""

    def __init__(self, folder: Path, *, arguments: Sequence[str] = ()) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._arguments = list(arguments)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """What it said so far."""
        return (self.folder / "prometheus.log").read_text()

    def configure(self, config: Mapping[str, Any], *, rules: Sequence[Mapping[str, Any] | Path]):
        """Write prometheus.yml and its rule files; call `reload` where it runs already."""
        files = []
        for number, rule in enumerate(rules):
            if isinstance(rule, Path):
                files.append(str(rule.resolve()))
                continue
            path = self.folder / f"rules-{number}.json"
            path.write_text(json.dumps(rule))  # JSON is YAML
            files.append(str(path))
        whole = {**config, "rule_files": [*config.get("rule_files", []), *files]}
        (self.folder / "prometheus.yml").write_text(json.dumps(whole))

    def start(self) -> None:
        """Start it on its folder, and wait until it is ready."""
        command = [
            program("prometheus"),
            f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--web.enable-lifecycle",
            *self._arguments,
        ]
        with (self.folder / "prometheus.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait(self._ready)

    def _ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"prometheus ended: {self.log[-2000:]}"
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """End it at once, as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it as it should end."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=READY_SECONDS)

    def reload(self) -> None:
        """Read the configuration again; a refusal fails the test with what it said."""
        answer = httpx.post(f"{self.url}/-/reload", timeout=10)
        assert answer.status_code == 200, answer.text

    def get(self, path: str, **params: Any) -> Any:
        """Return `data` of an answer of its API: get("rules"), get("targets") ..."""
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=params, timeout=30)
        found = answer.json()
        assert found["status"] == "success", found
        return found["data"]

    def query(self, expr: str, time: datetime | float | None = None) -> list[Sample]:
        """Return an instant vector, or a scalar as one sample without labels."""
        when = {} if time is None else {"time": _seconds(time)}
        data = self.get("query", query=expr, **when)
        if data["resultType"] == "scalar":
            return [({}, _number(data["result"][1]))]
        return [(item["metric"], _number(item["value"][1])) for item in data["result"]]

    def query_range(
        self,
        expr: str,
        start: datetime | float,
        end: datetime | float,
        step: timedelta | float,
    ) -> list[tuple[dict[str, str], list[tuple[float, float]]]]:
        """Return each series' labels and its (time, value) pairs."""
        data = self.get(
            "query_range",
            query=expr,
            start=_seconds(start),
            end=_seconds(end),
            step=step.total_seconds() if isinstance(step, timedelta) else step,
        )
        return [
            (item["metric"], [(float(at), _number(value)) for at, value in item["values"]])
            for item in data["result"]
        ]

    def alerts(self) -> list[dict[str, Any]]:
        """Return the alerts that are pending or firing."""
        found: list[dict[str, Any]] = self.get("alerts")["alerts"]
        return found


@contextmanager
def prometheus(
    config: Mapping[str, Any],
    rules: Sequence[Mapping[str, Any] | Path] = (),
    *,
    folder: Path,
    arguments: Sequence[str] = (),
) -> Iterator[Prometheus]:
    """Run Prometheus with this configuration and these rule files (plain data, or paths)."""
    folder.mkdir(parents=True, exist_ok=True)
    server = Prometheus(folder, arguments=arguments)
    server.configure(config, rules=rules)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _seconds(time: datetime | float) -> float:
    return time.timestamp() if isinstance(time, datetime) else time


def _number(text: str) -> float:
    return float(text)  # NaN, +Inf and -Inf too
