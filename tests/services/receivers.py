"""What messages arrive at: an HTTP server and a mail server, on this machine and for real."""

from __future__ import annotations

import email
import email.policy
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.ports import free_port


@dataclass
class Call:
    """One request that came."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Http:
    """An HTTP server that answers 200 (or `status`) and keeps what came."""

    url: str = ""
    status: int = 200
    calls: list[Call] = field(default_factory=list)


@contextmanager
def http_receiver() -> Iterator[Http]:
    """Run an HTTP server until the block ends."""
    kept = Http()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            kept.calls.append(Call(self.path, dict(self.headers.items()), body))
            self.send_response(kept.status)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Mail:
    """A mail server: its address, and the mails that came."""

    smarthost: str = ""
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)


@contextmanager
def mail_receiver(
    *, login: tuple[str, str] | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[Mail]:
    """Run a mail server; with `login` and `tls` it wants both before it takes a mail."""
    kept = Mail()

    class Handler:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002, N802
            parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
            assert isinstance(parsed, EmailMessage)
            kept.mails.append(parsed)
            kept.recipients.append(list(envelope.rcpt_tos))
            kept.encrypted.append(session.ssl is not None)
            return "250 OK"

    def authenticate(server: Any, session: Any, envelope: Any, kind: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        given = (data.login.decode(), data.password.decode())
        kept.logins.append(given)
        return AuthResult(success=given == login)

    options: dict[str, Any] = {}
    if login is not None:
        options |= {"authenticator": authenticate, "auth_required": True}
        # Its prompts for LOGIN are not those that mail servers use and clients wait for.
        options |= {"auth_exclude_mechanism": ["LOGIN"]}
    if tls is not None:
        options |= {"tls_context": tls, "require_starttls": True}
    server = Controller(Handler(), hostname="127.0.0.1", port=free_port(), **options)
    server.start()
    kept.smarthost = f"127.0.0.1:{server.port}"
    try:
        yield kept
    finally:
        server.stop()


def wait(what: Callable[[], Any], *, seconds: float = 20) -> Any:
    """Return what `what` says once that is true."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)
    return found
