"""What every request to a server of ours passes first, and the last word on errors.

One ASGI middleware for all servers. `RequestGate` checks in this order: are too many requests in
work, may this client ask (token; without one: no web page), is the body of a kind, a size and a
speed that is answered. Only then does the app see the request. Whatever the app raises becomes one
line of JSON. Servers differ by their `GateRules`, and by the `GateWatch` that counts and logs.

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
"""Methods whose body, if there is one, is not read."""
TYPES = frozenset({"application/json", "application/octet-stream", "application/cloudevents+json"})
"""Kinds of body that no web page can send to another site without being asked for permission
first (fetch.spec.whatwg.org, "CORS-safelisted request-header")."""
LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]", ""})
MAX_WORKING = 200
"""Requests whose body has come whole and that are in work; more are told to come again."""
BODIES = 4
"""Bodies of the largest size that may be in memory at once, counted in bytes."""
LEAST_BYTES = 64_000_000
"""So many bytes of bodies are always allowed in memory."""


def _health(method: str, path: str) -> bool:
    return method in {"GET", "HEAD"} and path in {"/healthz", "/readyz"}


@dataclass(frozen=True)
class GateRules:
    """What a server lets in. Sizes are in bytes, times in seconds.

    `is_open` says of a method and path whether no token is asked, `is_health` whether it is
    answered however busy the server is. `local`: the server listens on loopback only.
    """

    token: str | None
    local: bool
    max_bytes: int
    body_seconds: float
    is_open: Callable[[str, str], bool] = _health
    is_health: Callable[[str, str], bool] = _health


class GateWatch(Protocol):
    """Counts and logs for one server what the gate sees."""

    def refused(self, refusal: Refusal, *, path: str, cause: Exception | None) -> None:
        """Note a refusal. An error that nobody foresaw is its `cause`."""

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
        """Let a request through, or answer why not."""
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
        """Read the whole body, and no more than may be."""
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
    """How many bytes of one request's body are in memory."""

    size: int


def admit(headers: Headers, *, rules: GateRules) -> None:
    """Let a request pass that has the token; without one, one that no web page can have sent.

    A page in a browser can reach a server on loopback or in an intranet. It cannot name another
    origin than its own, nor send JSON to another site unasked; and a name that was made to point
    at this machine is no local name.

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
    """Return a host without its port.

    >>> _name("localhost:8080"), _name("[::1]:80"), _name("127.0.0.1")
    ('localhost', '[::1]', '127.0.0.1')
    """
    name, _, port = host.lower().rpartition(":")
    return name if port.isdecimal() and name else host.lower()


def _site(origin: str) -> str:
    """Return host and port of an Origin header, "" for one that names none.

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
    """Return a receive that gives `body` first."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return messages.pop() if messages else await receive()

    return next_message
