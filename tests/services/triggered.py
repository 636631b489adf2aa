"""A trained tiny lifecycle whose odds have moved, with labelled predictions: ready to retrain."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from mdlc.core.spec import load
from mdlc.retraining.ledger import Ledger
from mdlc.serving.payload_log import PayloadLog
from mdlc.state.workspace import Workspace, workspace_of
from tests import tiny

ROOT = Path(__file__).parents[2]
RETRAIN = """max_per_month: 5
    cooldown: 1d
    window: 7d
    validation: 3d
    test: 5d
    when: [money, skill]"""
MOVES, DAYS = 31, 46
"""The day from which most buy, and how many days there are: a test needs five of them."""


def train(folder: Path, *, retrain: str = RETRAIN, edits: Sequence[tuple[str, str]] = ()) -> Path:
    """Write data and file, train, release, and fill the payload log; return the file."""
    shift = lambda day: -1.0 if day < MOVES else 1.0  # noqa: E731
    tiny.write_rows(folder / "rows.csv", days=DAYS, rows_a_day=60, shift=shift)
    file = tiny.write_file(folder, ("max_per_month: 0", retrain), *edits)
    trained = tiny.mdlc("run", file)
    assert trained.returncode == 0, trained.stderr
    with contextlib.closing(PayloadLog(place_of(file).store, name="tiny")) as log:
        fill(log, folder / "rows.csv")
    return file


def fill(log: PayloadLog, rows: Path) -> None:
    """Log the rows from the move on as predictions of version 1, with their labels."""
    from mdlc.serving.payload_labels import Label

    with rows.open() as file:
        late = [r for r in csv.DictReader(file) if asked(r) >= tiny.FIRST_DAY + timedelta(MOVES)]
    log.add(
        [
            {
                "id": row["id"],
                "time": asked(row),
                "version": "1",
                "features": {"x": float(row["x"]), "y": float(row["y"]), "group": row["group"]},
                "scores": {"bought": 0.5, "left": 0.5},
                "action": "wait",
                "value": None,
                "expected": 0.0,
            }
            for row in late
        ]
    )
    times = {row["id"]: asked(row) + timedelta(hours=6) for row in late}
    labels = [Label(row["id"], row["answer"], times[row["id"]]) for row in late]
    log.label(labels, received=max(times.values()))


def asked(row: dict[str, str]) -> datetime:
    """Return when a row was asked."""
    return datetime.fromisoformat(row["asked"])


def place_of(file: Path) -> Workspace:
    """Return the workspace of a file."""
    return workspace_of(load(file), file=file)


def ledger_of(file: Path) -> Ledger:
    """Return the ledger of a file."""
    lifecycle = load(file)
    return Ledger(place_of(file).ledger, retrain=lifecycle.spec.retrain, model=lifecycle.name)


@contextlib.contextmanager
def restored(file: Path) -> Iterator[None]:
    """Put the state back as it was when the block ends."""
    state, kept = file.parent / ".mdlc", file.parent / "kept"
    shutil.copytree(state, kept)
    try:
        yield
    finally:
        shutil.rmtree(state)
        kept.rename(state)


def alert(*, reason: str = "money", status: str = "firing", **labels: str) -> dict[str, Any]:
    """Return a notification as Alertmanager posts it."""
    named = {"alertname": "MoneyLow", "model": "tiny", "severity": "critical", "reason": reason}
    return {
        "version": "4",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "mdlc",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager",
        "alerts": [
            {
                "status": status,
                "labels": {**named, **labels},
                "annotations": {"summary": "earns less than promised"},
                "startsAt": "2026-01-01T00:00:00Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "",
                "fingerprint": f"{reason}1",
            }
        ],
    }


class Trigger:
    """A real `mdlc trigger` process."""

    def __init__(self, *arguments: str | Path, kill: str = "none", **environment: str) -> None:
        self.lines: list[dict[str, Any]] = []
        self.rest = ""
        command = [sys.executable, "-m", "tests.services.killing", kill, "trigger"]
        self.process = subprocess.Popen(
            [*command, *map(str, arguments), "--port", "0", "--poll-seconds", "0.3"],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env=tiny.environment(PYTHONPATH=f"{ROOT}{os.pathsep}{ROOT / 'src'}", **environment),
        )
        try:
            self.port = int(self.wait_for("listening")["port"])
        except BaseException:
            self.process.kill()
            raise

    def wait_for(self, event: str, *, seconds: float = 90) -> dict[str, Any]:
        """Read the log until an event; fail if the process ends or is silent."""
        deadline = time.monotonic() + seconds
        assert self.process.stderr is not None
        while time.monotonic() < deadline:
            text = self.process.stderr.readline()
            if not text:
                break
            with contextlib.suppress(json.JSONDecodeError):
                self.lines.append(json.loads(text))
                if self.lines[-1]["event"] == event:
                    return self.lines[-1]
            if not text.startswith("{"):
                self.lines.append({"event": "text", "text": text})
        raise AssertionError(f"no {event}: {self.lines}")

    def client(self, **options: Any) -> httpx.Client:
        """Return a client of its endpoints."""
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30, **options)

    def died(self) -> int:
        """Wait for its end; return the exit code."""
        assert self.process.stderr is not None
        code = self.process.wait(60)
        self.rest = self.process.stderr.read()
        return code

    def stop(self) -> int:
        """Ask it to end, as an operator would."""
        self.process.send_signal(signal.SIGTERM)
        return self.died()

    def __enter__(self) -> Trigger:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stderr:
            self.process.stderr.close()
