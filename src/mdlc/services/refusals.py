"""Answers that say no: one line for the client, a reason for the metric.

The line may name what the client itself sent; it never has a traceback, and it is never logged.
"""

from __future__ import annotations

from starlette.responses import JSONResponse

HEADERS = {401: {"www-authenticate": "Bearer"}, 503: {"retry-after": "10"}}
"""Status -> headers that go with it."""


class Refusal(Exception):  # noqa: N818 - an answer, not a failure
    """A request that is not answered. `reason` is its label in the server's metrics."""

    def __init__(self, message: str, *, status: int = 400, reason: str = "invalid_input") -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.reason = reason

    def response(self) -> JSONResponse:
        """Return the answer: {"error": one line}."""
        # What a client sent may hold halves of characters, which no UTF-8 has.
        line = " ".join(self.message.split()).encode(errors="backslashreplace").decode()
        return JSONResponse(
            {"error": line}, status_code=self.status, headers=HEADERS.get(self.status)
        )


class DuplicateId(Refusal):
    """A prediction with this id was answered before; its first answer stays."""

    def __init__(self, identifier: str) -> None:
        super().__init__(
            f"the id {identifier} has been answered before; ids name one prediction each",
            reason="duplicate_id",
        )


def too_large(what: str, *, limit: int) -> Refusal:
    """Return the refusal of a request beyond a limit of the server, such as spec.deploy.serving."""
    return Refusal(f"{what}; at most {limit} are answered", status=413, reason="too_large")


def internal_error() -> Refusal:
    """Return the answer to a request that met a bug; the log has the error's type and place."""
    return Refusal("internal error; the log says more", status=500, reason="internal")
