"""The server of `mdlc trigger`: endpoints in the main thread, the follower in one of its own."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from mdlc.core.errors import MdlcError
from mdlc.life.serve_here import token_of
from mdlc.services import json_logs
from mdlc.services.http_server import LOOPBACK, listen, run_app
from mdlc.services.json_logs import log
from mdlc.trigger.backends import Backend
from mdlc.trigger.endpoints import TriggerService, create
from mdlc.trigger.lifecycle_entry import LifecycleEntry
from mdlc.trigger.lifecycle_registry import LifecycleRegistry
from mdlc.trigger.request_counter import RequestCounter
from mdlc.trigger.run_follower import FollowTerms, RunFollower


@dataclass(frozen=True)
class TlsFiles:
    """Key and certificate files for TLS; with `client_ca`, clients must show a certificate too."""

    cert: Path | None = None
    key: Path | None = None
    client_ca: Path | None = None

    def options(self) -> dict[str, Any]:
        """Return the TLS options of uvicorn.

        Raises:
            MdlcError: a file does not exist, or is given without the others that it needs.
        """
        given = [path for path in (self.cert, self.key, self.client_ca) if path]
        if not given:
            return {}
        if self.cert is None or self.key is None:
            raise MdlcError(
                "TLS needs a certificate and its key", hint="give --tls-cert and --tls-key"
            )
        for path in given:
            if not path.is_file():
                raise MdlcError(f"{path} is missing", hint="name a PEM file")
        options: dict[str, Any] = {"ssl_certfile": str(self.cert), "ssl_keyfile": str(self.key)}
        if self.client_ca:
            options["ssl_ca_certs"] = str(self.client_ca)
            options["ssl_cert_reqs"] = ssl.CERT_REQUIRED
        return options


@dataclass(frozen=True)
class TriggerOptions:
    """The options of `mdlc trigger`."""

    host: str = "127.0.0.1"
    port: int = 8090
    token_env: str | None = None
    tls: TlsFiles = field(default_factory=TlsFiles)
    prometheus: str | None = None
    poll_seconds: float = 10.0
    log_level: str = "info"


def serve(  # noqa: PLR0913 - what a trigger is made of
    files: Sequence[Path],
    *,
    home: Path | None,
    options: TriggerOptions,
    backend: Callable[[LifecycleEntry], Backend],
    trials: Callable[[LifecycleEntry], None] | None = None,
    state: Callable[[LifecycleEntry], None] | None = None,
) -> None:
    """Serve the trigger until SIGTERM or SIGINT.

    Args:
        files: Files of lifecycles, and folders of such files.
        home: Where workspaces are; None: `MDLC_HOME`, or else `.mdlc` beside each file.
        options: The options of `mdlc trigger`.
        backend: Returns the backend that carries out a lifecycle's runs.
        trials: Judges the canary of a lifecycle at each look.
        state: Copies pointer and history of a lifecycle here before each look.

    Raises:
        SpecError: a file is invalid.
        MdlcError: the server would be open to the network without a token or client certificates.
        ServiceError: the port is taken.
    """
    token = token_of(options.token_env)
    tls = options.tls.options()
    local = options.host in LOOPBACK
    if not (local or token or options.tls.client_ca):
        raise MdlcError(
            f"whoever reaches {options.host} could start retrainings",
            hint="give --token-env, or --tls-cert, --tls-key and --tls-client-ca",
        )
    json_logs.configure(options.log_level)
    lives = LifecycleRegistry(files, home=home, clock=lambda: datetime.now(UTC), backend=backend)
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    terms = FollowTerms(owner, options.poll_seconds)
    registry = _registry()
    requests = RequestCounter(registry)
    follower = RunFollower(
        lives.refreshed,
        terms=terms,
        requests=requests,
        trials=trials,
        state=state,
    )
    service = TriggerService(
        lives.now, follower=follower, terms=terms, requests=requests, registry=registry
    )
    with closing(listen(options.host, options.port)) as listener:
        app = create(
            service, requests=requests, token=token, local=local, lifespan=_following(follower)
        )
        address, bound = listener.getsockname()[:2]
        log("listening", models=list(lives.now()), host=address, port=bound, tls=bool(tls))
        run_app(app, listener=listener, tls=tls)
        log("stopped", models=list(lives.now()))


def _following(follower: RunFollower) -> Callable[[Any], Any]:
    """Return the lifespan in which the follower's thread lives."""

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        # The thread lives as long as the service: Linux kills a child when the thread that
        # started it ends.
        thread = threading.Thread(target=follower.run, name="follower", daemon=True)
        thread.start()
        yield
        follower.end()
        thread.join()

    return lifespan


def _registry() -> CollectorRegistry:
    """Return a registry with the metrics of the Python process (memory, CPU, open files)."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return registry
