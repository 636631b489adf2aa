"""The model server: `run`, and `python -m mdlc.serving.model_server` for containers."""

from __future__ import annotations

import argparse
import contextlib
import logging
import math
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from mdlc.core.errors import MdlcError, ServiceError
from mdlc.core.spec.deploy import Serving
from mdlc.services import json_logs

if TYPE_CHECKING:
    from fastapi import FastAPI

GRACE_SECONDS = 4
"""For requests in flight after SIGTERM; with what closing takes, the end comes within 5 s."""
POLL_SECONDS = 2.0
"""Between two looks at the pointer file."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def run(  # noqa: PLR0913 - what a server is started with; all but one by keyword
    pointer: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    store: str,
    serving: Serving,
    token: str | None = None,
    request_clock: bool = False,
    currency: str = "USD",
    log_level: str = "info",
    poll_seconds: float = POLL_SECONDS,
) -> None:
    """Serve the model that `pointer` names, until SIGTERM or SIGINT.

    `store` is the SQLAlchemy URL of the payload log. `port` 0 takes a free one; the event `serving`
    in the log names it. `token` is asked of all but health and metrics. With `request_clock` the
    header x-mdlc-time is the time of a request (replays only). A new release is looked for in
    `pointer` every `poll_seconds`; 0: only when asked to load.

    Raises:
        ArtifactError: the model does not load.
        StorageError: the payload log does not open.
        ServiceError: the port is taken.
    """
    import prometheus_client

    from mdlc.serving import predictor_app

    json_logs.configure(log_level)
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
    with listen(host, port) as listener:
        service = predictor_app.open_service(
            pointer, store=store, serving=serving, request_clock=request_clock, currency=currency
        )
        if host not in LOOPBACK and not token:
            json_logs.log("open_to_the_network_without_a_token", level=logging.WARNING, host=host)
        loaded, name = service.predictor.loaded, service.predictor.name
        address, bound = listener.getsockname()[:2]
        json_logs.log("serving", model=name, version=loaded.version, host=address, port=bound)
        _end_quietly()
        ours = predictor_app.create(
            service, serving=serving, token=token, poll_seconds=poll_seconds
        )
        _serve(ours, listener=listener)
        json_logs.log("stopped", model=name, version=service.predictor.loaded.version)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at `host`, and nowhere else.

    Raises:
        ServiceError: the port is taken, or the host is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        why = (error.strerror or str(error)).split(" (")[0]  # the address is said already
        raise ServiceError(
            f"cannot listen at {host}:{port}: {why}",
            hint="stop what uses the port, or choose another with --port",
        ) from error


def _serve(predictor_app: FastAPI, *, listener: socket.socket) -> None:
    """Run the app until a signal ends it."""
    import uvicorn

    config = uvicorn.Config(
        predictor_app,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listener])


def _end_quietly() -> None:
    """Make a graceful end exit with 0: uvicorn raises its signal again once it has shut down."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _seconds(text: str) -> float:
    """Read a time that `asyncio.sleep` can wait."""
    with contextlib.suppress(ValueError):
        seconds = float(text)
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    raise argparse.ArgumentTypeError(f"wanted seconds, 0 or more, got {text!r}")


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; return the exit status."""
    limits = Serving()
    parser = argparse.ArgumentParser(prog="mdlc.serving.model_server", description=__doc__)
    parser.add_argument("--pointer", type=Path, required=True, help="serving.json")
    parser.add_argument("--store", required=True, help="SQLAlchemy URL of the payload log")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=limits.port, help="0: a free one")
    parser.add_argument("--max-rows", type=int, default=limits.max_rows)
    parser.add_argument("--max-bytes", type=int, default=limits.max_bytes)
    parser.add_argument("--currency", default="USD", help="label of the money counters")
    parser.add_argument("--log-level", default="info", choices=["debug", "info", "warning"])
    parser.add_argument("--request-clock", action="store_true", help="replays only")
    parser.add_argument(
        "--poll-seconds",
        type=_seconds,
        default=POLL_SECONDS,
        help="look for a new release that often; 0: only when asked to load",
    )
    options = parser.parse_args(arguments)
    try:
        run(
            options.pointer,
            host=options.host,
            port=options.port,
            store=options.store,
            serving=Serving(max_rows=options.max_rows, max_bytes=options.max_bytes),
            # Not an option: the command line of a process is everyone's to read.
            token=os.environ.get("MDLC_TOKEN") or None,
            request_clock=options.request_clock,
            currency=options.currency,
            log_level=options.log_level,
            poll_seconds=options.poll_seconds,
        )
    except MdlcError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
