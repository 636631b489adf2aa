"""What every request passes first: token, size, time taken, and the last word on errors."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mdlc.services.json_logs import log, log_bounded, reduced
from mdlc.services.refusals import Refusal, too_large
from mdlc.serving.predictor_metrics import Metrics

OPEN = frozenset({"GET", "HEAD", "OPTIONS"})
"""Health, metadata and metrics ask for no token; whatever answers, learns or loads does."""
BODY_SECONDS = 30
"""A client that sends slower than its body in this time is cut off."""
PROTOCOLS = {":predict": "v1", "/infer": "v2", ":feedback": "feedback"}


class PredictorGate:
    """ASGI middleware of the whole app."""

    def __init__(
        self, app: ASGIApp, *, metrics: Metrics, max_bytes: int, token: str | None
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._max_bytes = max_bytes
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        try:
            if scope["method"] not in OPEN:
                headers = Headers(scope=scope)
                self._authorize(headers)
                receive = _again(await self._body(headers, receive), receive)
            await self._app(scope, receive, send)
        except Refusal as refusal:
            answer = refused(refusal, metrics=self._metrics, path=scope["path"])
            await answer(scope, receive, send)
        except Exception as error:
            internal = Refusal("internal error; the log says more", status=500, reason="internal")
            answer = refused(internal, metrics=self._metrics, path=scope["path"], cause=error)
            await answer(scope, receive, send)
        self._time(scope["path"], seconds=time.perf_counter() - started)

    def _authorize(self, headers: Headers) -> None:
        if self._token is None:
            return
        kind, _, sent = headers.get("authorization", "").partition(" ")
        right = hmac.compare_digest(sent.strip().encode(), self._token.encode())
        if kind.lower() != "bearer" or not right:
            raise Refusal(
                "send the token: authorization: Bearer ...", status=401, reason="unauthorized"
            )

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        """Read the whole body, and no more than may be."""
        stated = headers.get("content-length", "0")
        if not stated.isdecimal() or int(stated) > self._max_bytes:
            raise too_large(f"the request has {stated[:20]} bytes", limit=self._max_bytes)
        parts: list[bytes] = []
        size, more = 0, True
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while more:
                    message = await receive()
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    more = message.get("more_body", False)
                    if size > self._max_bytes:
                        raise too_large("the request has more bytes", limit=self._max_bytes)
        except TimeoutError as error:
            raise Refusal("the body did not come in time", status=408, reason="slow") from error
        return b"".join(parts)

    def _time(self, path: str, *, seconds: float) -> None:
        for ending, protocol in PROTOCOLS.items():
            if path.endswith(ending):
                self._metrics.request_seconds.labels(self._metrics.model, protocol).observe(seconds)


def refused(
    refusal: Refusal, *, metrics: Metrics, path: str, cause: Exception | None = None
) -> JSONResponse:
    """Count and log a refusal; return its answer: {"error": one line}.

    The log has its reason, not its line: that may quote what the client sent. An error that nobody
    foresaw is its `cause`, and is logged by type and place.
    """
    metrics.refuse(refusal.reason)
    fields: dict[str, Any] = {"model": metrics.model, "path": path[:200], "status": refusal.status}
    if cause is not None:
        log("failed", level=logging.ERROR, **fields, reason=refusal.reason, **reduced(cause))
    else:
        log_bounded("refused", **fields, reason=refusal.reason)
    headers = {"www-authenticate": "Bearer"} if refusal.status == 401 else None
    line = " ".join(refusal.message.split())
    return JSONResponse({"error": line}, status_code=refusal.status, headers=headers)


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a receive that gives `body` first."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return messages.pop() if messages else await receive()

    return next_message
