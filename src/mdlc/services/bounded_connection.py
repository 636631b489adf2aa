"""One HTTP connection with bounds: on time, on bytes, and on what a client may queue.

uvicorn reads and answers HTTP; `BoundedConnection` is its protocol with the limits that it lacks.
A client that sends nothing, sends a head that never ends, or reads no answer is disconnected. A
client that sends requests without waiting for answers is read no further than the one in work. And
where there are more connections than MAX_CONNECTIONS, each new one takes the place of the one that
has waited longest for its client, so that a server full of silent connections still answers.
"""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

HEAD_SECONDS = 10.0
"""For a request's head, from the connection or the answer before on."""
UNREAD_SECONDS = 30.0
"""For a client to take what is sent to it."""
LOOK_SECONDS = 2.0
"""Between two looks at a connection's times."""
MAX_HEAD_BYTES = 65_536
"""Of a request line and its headers."""
FRAMING = 8
"""Chunk sizes and trailers may have so many bytes for one of the body, and MAX_HEAD_BYTES more."""
MAX_QUEUED = 100
"""Requests that one connection may have sent beyond the one in work."""
MAX_CONNECTIONS = 500
Turn = Literal["head", "body", "unread", "work"]
"""What a connection waits for: the client's head, its body, its reading; or our own work."""


class BoundedConnection(HttpToolsProtocol):  # type: ignore[misc]
    """uvicorn's HTTP protocol, bounded. Constants of this module are its limits."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._look: asyncio.TimerHandle | None = None
        self._in_head = True
        self._head_bytes = 0
        self._body_bytes = 0
        self._wire_bytes = 0
        """Of the request after its head, with chunk sizes and trailers."""
        self._free_since = self._head_since = self._unread_since = self.loop.time()

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Take a connection; the one that waits longest makes room where there are too many."""
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
        """Read on, unless what is read is no request any more."""
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
        """Take a part of a body."""
        self._body_bytes += len(body)
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request; what comes now is the next one's head."""
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
        """Return what it waits for, and since when; the time is 0 where that is us."""
        if self.flow.write_paused:
            return "unread", self._unread_since
        if self.pipeline:
            return "work", 0.0
        if self.cycle is None or self.cycle.response_complete:
            return "head", self._free_since
        return ("body", self._head_since) if self.cycle.more_body else ("work", 0.0)

    def _check(self) -> None:
        """End the connection if its client is too slow. How slow a body may be the gate says."""
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
        """Answer what cannot be answered by the app, and hang up."""
        if self.cycle is None or self.cycle.response_complete:
            ends = b"content-length: 0\r\nconnection: close\r\n\r\n"
            self.transport.write(STATUS_LINE[status] + ends)
        self.transport.close()


class _OneAtATime(FlowControl):  # type: ignore[misc]
    """Reads no further while a request waits for the one before it."""

    def __init__(self, transport: asyncio.Transport, connection: BoundedConnection) -> None:
        super().__init__(transport)
        self._connection = connection

    def resume_reading(self) -> None:
        """Read on, but for a client that has sent the next request already."""
        if not self._connection.pipeline:
            super().resume_reading()
