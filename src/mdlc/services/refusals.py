"""Answers that say no: one line for the client, a reason for the metric.

The line may name what the client itself sent; it never has a traceback, and it is never logged.
"""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818 - an answer, not a failure
    """A request that is not answered. `reason` is the label of mdlc_request_errors_total."""

    def __init__(self, message: str, *, status: int = 400, reason: str = "invalid_input") -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.reason = reason


class DuplicateId(Refusal):
    """A prediction with this id was answered before; its first answer stays."""

    def __init__(self, identifier: str) -> None:
        super().__init__(
            f"the id {identifier} has been answered before; ids name one prediction each",
            reason="duplicate_id",
        )


def too_large(what: str, *, limit: int) -> Refusal:
    """Return the refusal of a request beyond a limit of spec.deploy.serving."""
    return Refusal(f"{what}; at most {limit} are answered", status=413, reason="too_large")
