"""Checks every request before the app sees it, and turns the app's errors into answers.

`RequestGate` is an ASGI middleware for all servers. It checks in this order: whether the server is
too busy; whether the client may ask (it has the token; without a token, it must not be a web page);
and the body's type, size and speed. Then the app gets the request. Any exception of the app becomes
one line of JSON. Servers have their own `GateRules`, and a `GateWatch` that counts and logs.

Example:
    >>> rules = GateRules(token=None, local=True, max_bytes=1000, body_seconds=10)
    >>> rules.is_open("GET", "/healthz"), rules.is_open("POST", "/healthz")
    (True, False)
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mdlc.services.refusals import Refusal, internal_error, too_large

BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods whose body is not read."""
TYPES = frozenset({"application/json", "application/octet-stream", "application/cloudevents+json"})
"""Types of body that a web page cannot send to another site without the browser asking that site
for permission first (fetch.spec.whatwg.org, "CORS-safelisted request-header")."""
LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]", ""})
MAX_WORKING = 200
"""Most requests in work, their bodies complete; further ones are refused with 503."""
BODIES = 4
"""Limit on bytes of bodies in memory: this many bodies of the largest size."""
LEAST_BYTES = 64_000_000
"""The limit on bytes of bodies in memory is at least this."""


def _health(method: str, path: str) -> bool:
    return method in {"GET", "HEAD"} and path in {"/healthz", "/readyz"}


@dataclass(frozen=True)
class GateRules:
    """Which requests a server lets in. Sizes are in bytes, times in seconds.

    `is_open` returns whether a method and path need no token, `is_health` whether they are answered
    even if the server is busy. `local`: the server listens on loopback only.
    """

    token: str | None
    local: bool
    max_bytes: int
    body_seconds: float
    is_open: Callable[[str, str], bool] = _health
    is_health: Callable[[str, str], bool] = _health


class GateWatch(Protocol):
    """Counts and logs the requests of one server."""

    def refused(self, refusal: Refusal, *, path: str, cause: Exception | None) -> None:
        """Note a refusal; `cause` is the exception, if an unexpected one led to it."""

    def answered(self, path: str, *, seconds: float) -> None:
        """Note how long a request took, refused or not."""


class RequestGate:
    """ASGI middleware of a whole app."""

    def __init__(self, app: ASGIApp, *, rules: GateRules, watch: GateWatch) -> None:
        self._app = app
        self._rules = rules
        self._watch = watch
        self._working = 0
        self._bytes = 0
        self._most_bytes = max(LEAST_BYTES, BODIES * rules.max_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the app, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, path = time.perf_counter(), scope["path"]
        body = _Body(0)
        try:
            await self._let_through(scope, receive, send, body)
        except Refusal as refusal:
            self._watch.refused(refusal, path=path, cause=None)
            await refusal.response()(scope, receive, send)
        except Exception as error:
            internal = internal_error()
            self._watch.refused(internal, path=path, cause=error)
            await internal.response()(scope, receive, send)
        finally:
            self._bytes -= body.size
        self._watch.answered(path, seconds=time.perf_counter() - started)

    async def _let_through(self, scope: Scope, receive: Receive, send: Send, body: _Body) -> None:
        method, path, headers = scope["method"], scope["path"], Headers(scope=scope)
        if not self._rules.is_open(method, path):
            admit(headers, rules=self._rules)
        if method not in BODILESS:
            receive = _again(await self._read(headers, receive, body), receive)
        if self._working >= MAX_WORKING and not self._rules.is_health(method, path):
            raise _busy(f"{MAX_WORKING} requests are in work")
        self._working += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._working -= 1

    async def _read(self, headers: Headers, receive: Receive, body: _Body) -> bytes:
        """Read the whole body; refuse one that exceeds the limits."""
        most = self._rules.max_bytes
        stated = headers.get("content-length", "0")
        if not stated.isdecimal() or int(stated) > most:
            raise too_large(f"the request has {stated[:20]} bytes", limit=most)
        parts: list[bytes] = []
        more = True
        try:
            async with asyncio.timeout(self._rules.body_seconds):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Refusal("the body did not come whole")
                    part = message.get("body", b"")
                    body.size += len(part)
                    self._bytes += len(part)
                    if body.size > most:
                        raise too_large("the request has more bytes", limit=most)
                    if self._bytes > self._most_bytes:
                        raise _busy(f"requests of {self._most_bytes} bytes are in work")
                    parts.append(part)
                    more = message.get("more_body", False)
        except TimeoutError as error:
            raise Refusal("the body did not come in time", status=408, reason="slow") from error
        return b"".join(parts)


@dataclass
class _Body:
    """Counts the bytes of one request's body that are in memory."""

    size: int


def admit(headers: Headers, *, rules: GateRules) -> None:
    """Let a request pass if it has the token; if no token is set, if no web page can have sent it.

    A web page in a browser can reach a server on loopback or in an intranet. But the browser states
    the page's own origin, and does not send JSON to another site without permission. A host name
    that an attacker made to point at this machine (DNS rebinding) is not a local name.

    Raises:
        Refusal: 401 without the token; 403 and 415 for what a web page may have sent.
    """
    if rules.token is not None:
        kind, _, sent = headers.get("authorization", "").partition(" ")
        right = hmac.compare_digest(sent.strip().encode(), rules.token.encode())
        if kind.lower() != "bearer" or not right:
            raise Refusal(
                "send the token: authorization: Bearer ...", status=401, reason="unauthorized"
            )
        return
    host = headers.get("host", "")
    if rules.local and _name(host) not in LOCAL_NAMES:
        raise Refusal("this host name is not served", status=403, reason="unauthorized")
    origin = headers.get("origin")
    if origin is not None and (not host or _site(origin) != host.lower()):
        raise Refusal("other sites' pages are not answered", status=403, reason="unauthorized")
    empty = headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers
    sent = headers.get("content-type", "").partition(";")[0].strip().lower()
    if not empty and sent not in TYPES:
        raise Refusal("send content-type: application/json", status=415)


def _name(host: str) -> str:
    """Return the host of a Host header, without its port.

    >>> _name("localhost:8080"), _name("[::1]:80"), _name("127.0.0.1")
    ('localhost', '[::1]', '127.0.0.1')
    """
    name, _, port = host.lower().rpartition(":")
    return name if port.isdecimal() and name else host.lower()


def _site(origin: str) -> str:
    """Return host and port of an Origin header; "" if it names none.

    >>> _site("http://evil.example:80"), _site("null"), _site("http://[")
    ('evil.example:80', '', '')
    """
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _busy(what: str) -> Refusal:
    return Refusal(f"{what}; ask again", status=503, reason="busy")


def _again(body: bytes, receive: Receive) -> Receive:
    """Return an ASGI receive function that first returns `body`."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return messages.pop() if messages else await receive()

    return next_message
