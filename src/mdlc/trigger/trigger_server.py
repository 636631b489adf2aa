"""`mdlc trigger`: the follower in a thread of its own, the endpoints in the main one."""

from __future__ import annotations

import os
import signal
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
from mdlc.services.json_logs import log
from mdlc.serving.model_server import GRACE_SECONDS, LOOPBACK, listen
from mdlc.trigger.backends import Backend
from mdlc.trigger.endpoints import TriggerService, create
from mdlc.trigger.lifecycle_entry import LifecycleEntry
from mdlc.trigger.lifecycle_registry import LifecycleRegistry
from mdlc.trigger.request_counter import RequestCounter
from mdlc.trigger.run_follower import FollowTerms, RunFollower

CONNECTIONS = 200
"""More at once are told to come again."""


@dataclass(frozen=True)
class TlsFiles:
    """Files of a server that speaks TLS, and asks for a client's certificate if `client_ca`."""

    cert: Path | None = None
    key: Path | None = None
    client_ca: Path | None = None

    def options(self) -> dict[str, Any]:
        """Return uvicorn's options.

        Raises:
            MdlcError: a file is missing, or named without the others that it needs.
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
    """How the trigger is started."""

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
    """Look after the lifecycles in `files`, and in folders among them, until SIGTERM or SIGINT.

    At each look `state` brings here what serves, and `trials` judges a canary.

    Raises:
        SpecError: a file is wrong.
        MdlcError: it would be open to the network without a token or client certificates.
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
        _run(app, listener=listener, tls=tls)
        log("stopped", models=list(lives.now()))


def _following(follower: RunFollower) -> Callable[[Any], Any]:
    """Return the lifespan in which the follower's thread lives."""

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        # One thread for as long as the service: a child takes the end of its starter for its own.
        thread = threading.Thread(target=follower.run, name="follower", daemon=True)
        thread.start()
        yield
        follower.end()
        thread.join()

    return lifespan


def _run(app: Any, *, listener: socket.socket, tls: dict[str, Any]) -> None:
    """Run the app until a signal ends it."""
    import uvicorn

    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="on",
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        **tls,
    )
    # A graceful end exits with 0: uvicorn raises its signal again once it has shut down.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    uvicorn.Server(config).run(sockets=[listener])


def _registry() -> CollectorRegistry:
    """Return a registry with what the process itself shows."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return registry
