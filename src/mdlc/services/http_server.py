"""Listens on a port and runs an ASGI app until a signal ends it; used by all servers of mdlc.

`listen` opens the socket first, so that a taken port is reported before anything is loaded.
`run_app` serves on it, with the limits of `bounded_connection`.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import socket
import threading
from collections.abc import Mapping
from typing import Any

from mdlc.core.errors import ServiceError

GRACE_SECONDS = 4
"""Time for running requests to end after SIGTERM; with closing, the server ends within 5 s."""
HANDSHAKE_SECONDS = 10.0
"""Time for a client to complete the TLS handshake."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at `host` only. Port 0 takes a free one.

    Raises:
        ServiceError: the port is taken, or the host is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        why = (error.strerror or str(error)).split(" (")[0]  # without the address, named below
        raise ServiceError(
            f"cannot listen at {host}:{port}: {why}",
            hint="stop what uses the port, or choose another with --port",
        ) from error


def run_app(app: Any, *, listener: socket.socket, tls: Mapping[str, Any] | None = None) -> None:
    """Serve an ASGI app until SIGTERM or SIGINT; `tls`: uvicorn's options for TLS."""
    import uvicorn

    from mdlc.services.bounded_connection import BoundedConnection

    _allow_open_files()
    config = uvicorn.Config(
        app,
        http=BoundedConnection,
        loop="mdlc.services.http_server:HandshakeLoop" if tls else "auto",
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=GRACE_SECONDS,
        **(tls or {}),
    )
    # uvicorn raises the signal again after it has shut down; ignore it, so that we exit with 0.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    uvicorn.Server(config).run(sockets=[listener])


class HandshakeLoop(asyncio.SelectorEventLoop):
    """An event loop whose servers close connections that do not complete the TLS handshake."""

    async def create_server(self, *arguments: Any, **options: Any) -> asyncio.Server:
        """Return a server with a limit on the time of the TLS handshake."""
        return await super().create_server(
            *arguments, ssl_handshake_timeout=HANDSHAKE_SECONDS, **options
        )


def _allow_open_files() -> None:
    """Raise the soft limit of open files to the hard limit, since each connection is a file."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
