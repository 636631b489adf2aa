"""Refusals: error answers with one line for the client and a reason for the metric.

The line may quote what the client sent. It has no traceback, and it is not logged.
"""

from __future__ import annotations

from starlette.responses import JSONResponse

HEADERS = {401: {"www-authenticate": "Bearer"}, 503: {"retry-after": "10"}}
"""Status -> headers of the answer."""


class Refusal(Exception):  # noqa: N818 - an answer, not a failure
    """Raised to refuse a request. `reason` is the label in the server's metrics."""

    def __init__(self, message: str, *, status: int = 400, reason: str = "invalid_input") -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.reason = reason

    def response(self) -> JSONResponse:
        """Return the answer: {"error": one line}."""
        # Text from a client may contain lone surrogates, which cannot be encoded as UTF-8.
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
    """Return the refusal of a request that exceeds a limit, as those in spec.deploy.serving."""
    return Refusal(f"{what}; at most {limit} are answered", status=413, reason="too_large")


def internal_error() -> Refusal:
    """Return the answer to a request that met a bug; the log has the error's type and place."""
    return Refusal("internal error; the log says more", status=500, reason="internal")
