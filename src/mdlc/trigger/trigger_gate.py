"""What every request passes first: host, token, kind, size, time; and the last word on errors."""

from __future__ import annotations

import asyncio
import hmac
import logging

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mdlc.services.json_logs import log, reduced
from mdlc.services.refusals import Refusal, too_large
from mdlc.trigger.request_counter import RequestCounter

OPEN = frozenset({"/healthz", "/readyz", "/metrics"})
"""Paths that ask for no token."""
SOURCES = {"/v1/alerts": "alerts"}
MAX_BYTES = 1_000_000
BODY_SECONDS = 10
LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]", ""})


class TriggerGate:
    """ASGI middleware of the whole app.

    Without a token the trigger listens on loopback only. There a page in a browser could post to
    it; so the host must be this machine's, and the body must be sent as JSON, which no page can
    do unasked.
    """

    def __init__(
        self, app: ASGIApp, *, requests: RequestCounter, token: str | None, local: bool
    ) -> None:
        self._app = app
        self._requests = requests
        self._token = token
        self._local = local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, path = Headers(scope=scope), scope["path"]
        try:
            if path not in OPEN or scope["method"] not in {"GET", "HEAD"}:
                self._admit(headers)
            if scope["method"] == "POST":
                receive = _again(await _body(headers, receive), receive)
            await self._app(scope, receive, send)
        except Refusal as refusal:
            log("refused", level=logging.WARNING, path=path[:100], reason=refusal.reason)
            await self._refuse(refusal, path)(scope, receive, send)
        except Exception as error:
            log("failed", level=logging.ERROR, path=path[:100], **reduced(error))
            said = "internal error; the log says more"
            internal = Refusal(said, status=500, reason="unavailable")
            await self._refuse(internal, path)(scope, receive, send)

    def _refuse(self, refusal: Refusal, path: str) -> JSONResponse:
        """Count a refusal and return its answer: {"error": one line}."""
        if path not in OPEN:
            self._requests.count(SOURCES.get(path, "person"), refusal.reason)
        headers = {401: {"www-authenticate": "Bearer"}, 503: {"retry-after": "10"}}
        line = " ".join(refusal.message.split())
        return JSONResponse(
            {"error": line}, status_code=refusal.status, headers=headers.get(refusal.status)
        )

    def _admit(self, headers: Headers) -> None:
        if self._local and self._token is None:
            host = headers.get("host", "").rpartition(":")
            name = host[0] if host[2].isdecimal() else "".join(host)
            if name not in LOCAL_NAMES:
                raise Refusal("this host name is not served", status=403, reason="unauthorized")
        if self._token is None:
            return
        kind, _, sent = headers.get("authorization", "").partition(" ")
        right = hmac.compare_digest(sent.strip().encode(), self._token.encode())
        if kind.lower() != "bearer" or not right:
            raise Refusal(
                "send the token: authorization: Bearer ...", status=401, reason="unauthorized"
            )


async def _body(headers: Headers, receive: Receive) -> bytes:
    """Read the whole body, and no more than may be."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal("send content-type: application/json", status=415, reason="invalid")
    stated = headers.get("content-length", "0")
    if not stated.isdecimal() or int(stated) > MAX_BYTES:
        raise too_large(f"the request has {stated[:20]} bytes", limit=MAX_BYTES)
    parts: list[bytes] = []
    size, more = 0, True
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refusal("the body did not come whole", reason="invalid")
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                more = message.get("more_body", False)
                if size > MAX_BYTES:
                    raise too_large("the request has more bytes", limit=MAX_BYTES)
    except TimeoutError as error:
        raise Refusal("the body did not come in time", status=408, reason="invalid") from error
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a receive that gives `body` first."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return messages.pop() if messages else await receive()

    return next_message
