"""Starts the model server as a process of its own and waits until it answers."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from mdlc.core.errors import ServiceError
from mdlc.core.spec import Lifecycle
from mdlc.state.workspace import Workspace

START_SECONDS = 60


def free_port() -> int:
    """Return a loopback port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(
    lifecycle: Lifecycle, *, workspace: Workspace, port: int, request_clock: bool = False
) -> list[str]:
    """Return the command line of the model server."""
    serving = lifecycle.spec.deploy.serving
    parts = [sys.executable, "-m", "mdlc.serving.model_server"]
    parts += ["--pointer", str(workspace.pointer), "--store", workspace.store, "--port", str(port)]
    parts += ["--max-rows", str(serving.max_rows), "--max-bytes", str(serving.max_bytes)]
    parts += ["--max-text", str(serving.max_text)]
    parts += ["--corrections"] if serving.corrections else []
    parts += ["--currency", lifecycle.spec.business.currency]
    # A replay itself has the server load a release, between two simulated hours; no polling.
    return [*parts, "--request-clock", "--poll-seconds", "0"] if request_clock else parts


@contextlib.contextmanager
def serving(
    lifecycle: Lifecycle,
    *,
    workspace: Workspace,
    log: Path,
    request_clock: bool = False,
    port: int | None = None,
) -> Iterator[httpx.Client]:
    """Serve on a loopback port and yield a client; the server ends with the block.

    `port`: None takes a free one.

    Raises:
        ServiceError: the server did not start; the message names its log.
    """
    port = port or free_port()
    parts = command(lifecycle, workspace=workspace, port=port, request_clock=request_clock)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        # Only this process uses the server. MDLC_TOKEN is for real serving: with it, the server
        # would refuse our requests, which have no token.
        environment = {k: v for k, v in os.environ.items() if k != "MDLC_TOKEN"}
        process = subprocess.Popen(  # noqa: S603 - our own module and paths of ours
            parts, stdout=output, stderr=subprocess.STDOUT, env=environment
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            _wait(client, name=workspace.name, process=process, log=log)
            yield client
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(client: httpx.Client, *, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if client.get(f"/v2/models/{name}/ready").status_code == 200:
                return
        time.sleep(0.1)
    ended = "ended" if process.poll() is not None else f"is not ready after {START_SECONDS} s"
    raise ServiceError(f"the model server {ended}", hint=f"see {log}")
