"""What the trigger lets in, and how it counts and logs what it refuses."""

from __future__ import annotations

import logging

from mdlc.services.json_logs import log, log_bounded, reduced
from mdlc.services.refusals import Refusal
from mdlc.services.request_gate import GateRules
from mdlc.trigger.request_counter import RequestCounter

OPEN = frozenset({"/healthz", "/readyz", "/metrics"})
"""Paths that ask for no token."""
SOURCES = {"/v1/alerts": "alerts"}
OUTCOMES = {
    "invalid_input": "invalid",
    "slow": "invalid",
    "busy": "unavailable",
    "internal": "unavailable",
}
"""The gate's reasons -> outcomes of the trigger's metric, where they have another name."""
MAX_BYTES = 1_000_000
BODY_SECONDS = 10


def trigger_rules(*, token: str | None, local: bool) -> GateRules:
    """Return the rules: all but health and metrics asks for the token.

    `local`: the trigger listens on loopback only, as it must without a token.
    """
    return GateRules(
        token=token,
        local=local,
        max_bytes=MAX_BYTES,
        body_seconds=BODY_SECONDS,
        is_open=lambda method, path: method in {"GET", "HEAD"} and path in OPEN,
        is_health=lambda method, path: method in {"GET", "HEAD"} and path in OPEN - {"/metrics"},
    )


class TriggerWatch:
    """Counts requests that were refused by where they came from, and logs them."""

    def __init__(self, requests: RequestCounter) -> None:
        self._requests = requests

    def refused(self, refusal: Refusal, *, path: str, cause: Exception | None = None) -> None:
        """Note a refusal. An error that nobody foresaw is its `cause`."""
        if cause is not None:
            log("failed", level=logging.ERROR, path=path[:100], **reduced(cause))
        else:
            log_bounded("refused", level=logging.WARNING, path=path[:100], reason=refusal.reason)
        if path not in OPEN:
            outcome = OUTCOMES.get(refusal.reason, refusal.reason)
            self._requests.count(SOURCES.get(path, "person"), outcome)

    def answered(self, path: str, *, seconds: float) -> None:
        """Note nothing: the trigger's requests are few, and their time is that of the ledger."""
