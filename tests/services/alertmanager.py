"""A real Alertmanager for tests: started with a configuration, asked through its API."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.ports import free_port

PROGRAM = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
AMTOOL = shutil.which("amtool")
needs_alertmanager = pytest.mark.skipif(PROGRAM is None, reason="Alertmanager is not installed")


class Alertmanager:
    """One that runs: `url` is its address without a slash at the end."""

    def __init__(self, url: str, *, log: Path) -> None:
        self.url = url
        self.log = log

    def alerts(self) -> list[dict[str, Any]]:
        """What it holds now, inhibited and silenced ones too."""
        answer = httpx.get(f"{self.url}/api/v2/alerts").raise_for_status()
        return list(answer.json())

    def post(self, *alerts: dict[str, Any]) -> None:
        """Send alerts as Prometheus does: {"labels": ..., "annotations": ..., "endsAt": ...}."""
        answer = httpx.post(f"{self.url}/api/v2/alerts", json=list(alerts))
        assert answer.status_code == 200, answer.text

    def resolve(self, alert: dict[str, Any]) -> None:
        """Say that an alert ended a second ago."""
        now = datetime.now(UTC)
        started = alert.get("startsAt") or (now - timedelta(minutes=5)).isoformat()
        ended = (now - timedelta(seconds=1)).isoformat()
        self.post({**alert, "startsAt": started, "endsAt": ended})

    def silence(self, minutes: float = 5, **labels: str) -> str:
        """Silence the alerts with these labels; the answer is the silence's id."""
        now = datetime.now(UTC)
        body = {
            "matchers": [
                {"name": k, "value": v, "isRegex": False, "isEqual": True}
                for k, v in labels.items()
            ],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(minutes=minutes)).isoformat(),
            "createdBy": "tests",
            "comment": "tests",
        }
        answer = httpx.post(f"{self.url}/api/v2/silences", json=body).raise_for_status()
        return str(answer.json()["silenceID"])


@contextlib.contextmanager
def alertmanager(config: dict[str, Any] | Path, *, folder: Path) -> Iterator[Alertmanager]:
    """Run an Alertmanager with this configuration (or file of one) until the block ends.

    It is a single node on a free port; its data and its log (alertmanager.log) lie in `folder`.
    """
    assert PROGRAM is not None, "Alertmanager is not installed"
    folder.mkdir(parents=True, exist_ok=True)
    file = config if isinstance(config, Path) else folder / "alertmanager.yaml"
    if not isinstance(config, Path):
        file.write_text(yaml.safe_dump(config, sort_keys=False))
    log, url = folder / "alertmanager.log", f"http://127.0.0.1:{free_port()}"
    command = [
        PROGRAM,
        f"--config.file={file}",
        f"--storage.path={folder / 'alertmanager-data'}",
        f"--web.listen-address={url.removeprefix('http://')}",
        f"--web.external-url={url}",
        "--cluster.listen-address=",
        "--log.level=debug",
    ]
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            _ready(url, process, log)
            yield Alertmanager(url, log=log)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def _ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/-/ready", timeout=1).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"Alertmanager does not start: {log.read_text()[-2000:]}")
