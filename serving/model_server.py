"""The model server: `run`, and `python -m mdlc.serving.model_server` for containers."""

from __future__ import annotations

import argparse
import contextlib
import logging
import math
import os
import sys
from pathlib import Path

from mdlc.core.errors import MdlcError
from mdlc.core.spec.deploy import Serving
from mdlc.services import json_logs
from mdlc.services.http_server import LOOPBACK, listen, run_app

POLL_SECONDS = 2.0
"""Time between two looks at the pointer file."""


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

    Args:
        pointer: The file serving.json, which names the version to serve.
        host: The address to listen on.
        port: The port; 0 takes a free one, which the event `serving` in the log names.
        store: The SQLAlchemy URL of the payload log.
        serving: The section spec.deploy.serving.
        token: What clients must send as a bearer token, except for health and metrics.
        request_clock: Whether the header x-mdlc-time is the time of a request; for replays only.
        currency: The currency of metrics about money.
        log_level: The least level that is logged.
        poll_seconds: Time between two looks at `pointer` for a new release; 0: never, releases are
            loaded by request.

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
        ours = predictor_app.create(
            service,
            serving=serving,
            token=token,
            local=host in LOOPBACK,
            poll_seconds=poll_seconds,
        )
        run_app(ours, listener=listener)
        json_logs.log("stopped", model=name, version=service.predictor.loaded.version)


def _seconds(text: str) -> float:
    """Read a number of seconds that `asyncio.sleep` accepts."""
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
    parser.add_argument("--max-text", type=int, default=limits.max_text)
    parser.add_argument(
        "--corrections", action="store_true", help="a label with a reason replaces the first"
    )
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
            serving=Serving(
                max_rows=options.max_rows,
                max_bytes=options.max_bytes,
                max_text=options.max_text,
                corrections=options.corrections,
            ),
            # Not an option, because every user can read the command lines of processes.
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
