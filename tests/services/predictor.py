"""A real model server in a process of its own, and releases for it to follow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

TOKEN = "s3cret"
POLL_SECONDS = 0.5
ROW = {"x0": 1.0, "carrier": "AA"}
V1, V2 = "/v1/models/flights:predict", "/v2/models/flights/infer"
FEEDBACK, LOAD = "/v1/models/flights:feedback", "/v2/repository/models/flights/load"


@dataclass
class Server:
    """The process, a client of it that sends the token, and its folder with log and payload log."""

    process: subprocess.Popen[str]
    client: httpx.Client
    folder: Path

    def log(self) -> list[dict[str, Any]]:
        """Return the lines that it has logged."""
        return [json.loads(line) for line in (self.folder / "log").read_text().splitlines()]

    def events(self) -> list[str]:
        """Return what it has logged, but for lines of single predictions and labels."""
        events = [line["event"] for line in self.log()]
        return [event for event in events if event not in {"predicted", "labelled"}]


@contextmanager
def predictor(folder: Path, *, pointer: Path) -> Iterator[Server]:
    """Serve what `pointer` names until the block ends; `folder` has its log and payload log."""
    command = [
        sys.executable,
        "-m",
        "mdlc.serving.model_server",
        "--port",
        "0",
        "--max-bytes",
        "100000",
    ]
    command += ["--poll-seconds", str(POLL_SECONDS), "--pointer", str(pointer)]
    command += ["--store", f"sqlite:///{folder}/payload.db", "--log-level", "debug"]
    environment = {**os.environ, "MDLC_TOKEN": TOKEN}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stderr=log, env=environment, text=True)
    started = Server(process, httpx.Client(), folder)
    try:
        host, port = _port(started)
        headers = {"authorization": f"Bearer {TOKEN}"}
        with httpx.Client(
            base_url=f"http://{host}:{port}", headers=headers, timeout=30, trust_env=False
        ) as started.client:
            yield started
    finally:
        process.kill()
        process.wait()


def _port(server: Server) -> tuple[str, int]:
    for _ in range(600):
        for line in server.log():
            if line["event"] == "serving":
                return line["host"], line["port"]
        assert server.process.poll() is None, (server.folder / "log").read_text()
        time.sleep(0.1)
    raise AssertionError("the server did not start within a minute")


def wait_until(condition: Callable[[], bool], *, seconds: float = 20) -> float:
    """Return how long it took until `condition` held; after `seconds` the test fails."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"it did not come about within {seconds:g} s"
        time.sleep(0.02)
    return time.monotonic() - began
