"""An HTTP connection with limits on time, on bytes, and on how many requests a client may queue.

uvicorn reads and answers HTTP; `BoundedConnection` adds the limits that uvicorn lacks. A client
that sends nothing, that never ends the head of a request, or that does not read the answer is
disconnected. If a client sends further requests before the answer, reading pauses until the current
one is answered. If there are more than MAX_CONNECTIONS connections, each new one replaces the
connection that has waited longest for its client; so a server full of silent connections still
answers.
"""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

HEAD_SECONDS = 10.0
"""Time for a request's head, counted from the connection or from the previous answer."""
UNREAD_SECONDS = 30.0
"""Time for a client to read what is sent to it."""
LOOK_SECONDS = 2.0
"""Time between two checks of a connection's times."""
MAX_HEAD_BYTES = 65_536
"""Largest request line with its headers."""
FRAMING = 8
"""Chunk sizes and trailers may have so many bytes for each of the body, plus MAX_HEAD_BYTES."""
MAX_QUEUED = 100
"""Requests that one connection may queue in addition to the current one."""
MAX_CONNECTIONS = 500
Turn = Literal["head", "body", "unread", "work"]
"""What a connection waits for: a head, a body, the client's reading ("unread"), or our own work."""


class BoundedConnection(HttpToolsProtocol):  # type: ignore[misc]
    """uvicorn's HTTP protocol with the limits that are constants of this module."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._look: asyncio.TimerHandle | None = None
        self._in_head = True
        self._head_bytes = 0
        self._body_bytes = 0
        self._wire_bytes = 0
        """Bytes of the request after its head, including chunk sizes and trailers."""
        self._free_since = self._head_since = self._unread_since = self.loop.time()

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Accept a connection; if there are too many, end the one that has waited longest."""
        super().connection_made(transport)
        self.flow = _OneAtATime(transport, self)
        if len(self.connections) > MAX_CONNECTIONS:
            self._make_room()
        self._look = self.loop.call_later(LOOK_SECONDS, self._check)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self._look:
            self._look.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read data, unless the connection is being closed."""
        if self.transport.is_closing():
            return
        if self._in_head:
            self._head_bytes += len(data)
        else:
            self._wire_bytes += len(data)
        super().data_received(data)
        framing = self._wire_bytes - self._body_bytes
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(431)
        elif not self._in_head and framing > MAX_HEAD_BYTES + FRAMING * self._body_bytes:
            self._refuse(400)

    def on_headers_complete(self) -> None:
        """Begin a request, or end a connection that has queued too many."""
        self._in_head = False
        self._head_bytes = self._body_bytes = self._wire_bytes = 0
        if len(self.pipeline) >= MAX_QUEUED:
            self.transport.abort()
        if not self.transport.is_closing():
            self._head_since = self.loop.time()
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Receive a part of a body."""
        self._body_bytes += len(body)
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that a request is complete; the next data are the head of the next one."""
        self._in_head = True
        if not self.transport.is_closing():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request that is queued."""
        self._free_since = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Wait for the client to read."""
        self._unread_since = self.loop.time()
        super().pause_writing()

    def waits_for(self) -> tuple[Turn, float]:
        """Return what the connection waits for, and since when; 0 while we work on a request."""
        if self.flow.write_paused:
            return "unread", self._unread_since
        if self.pipeline:
            return "work", 0.0
        if self.cycle is None or self.cycle.response_complete:
            return "head", self._free_since
        return ("body", self._head_since) if self.cycle.more_body else ("work", 0.0)

    def _check(self) -> None:
        """End the connection if its client is too slow. For bodies, the request gate does that."""
        self._look = self.loop.call_later(LOOK_SECONDS, self._check)
        turn, since = self.waits_for()
        waited = self.loop.time() - since
        if turn == "unread" and waited > UNREAD_SECONDS:
            self.transport.abort()
        elif turn == "head" and waited > HEAD_SECONDS:
            self.transport.close()

    def _make_room(self) -> None:
        others = [one for one in self.connections if isinstance(one, BoundedConnection)]
        waiting = [one for one in others if one is not self and one.waits_for()[0] != "work"]
        if waiting:
            min(waiting, key=lambda one: one.waits_for()[1]).transport.abort()

    def _refuse(self, status: int) -> None:
        """Answer in place of the app with an error, and close the connection."""
        if self.cycle is None or self.cycle.response_complete:
            ends = b"content-length: 0\r\nconnection: close\r\n\r\n"
            self.transport.write(STATUS_LINE[status] + ends)
        self.transport.close()


class _OneAtATime(FlowControl):  # type: ignore[misc]
    """Flow control that does not read on while a queued request waits for the current one."""

    def __init__(self, transport: asyncio.Transport, connection: BoundedConnection) -> None:
        super().__init__(transport)
        self._connection = connection

    def resume_reading(self) -> None:
        """Resume reading, unless the client has already sent the next request."""
        if not self._connection.pipeline:
            super().resume_reading()
