"""The trigger's request gate: which requests pass, and how refusals are counted and logged."""

from __future__ import annotations

import logging

from mdlc.services.json_logs import log, log_bounded, reduced
from mdlc.services.refusals import Refusal
from mdlc.services.request_gate import GateRules
from mdlc.trigger.request_counter import RequestCounter

OPEN = frozenset({"/healthz", "/readyz", "/metrics"})
"""Paths that need no token."""
SOURCES = {"/v1/alerts": "alerts"}
OUTCOMES = {
    "invalid_input": "invalid",
    "slow": "invalid",
    "busy": "unavailable",
    "internal": "unavailable",
}
"""The gate's reason of a refusal -> the outcome in the trigger's metric, where the names differ."""
MAX_BYTES = 1_000_000
BODY_SECONDS = 10


def trigger_rules(*, token: str | None, local: bool) -> GateRules:
    """Return the gate's rules: every path needs the token, except health and metrics.

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
    """Counts refused requests by source, and logs them."""

    def __init__(self, requests: RequestCounter) -> None:
        self._requests = requests

    def refused(self, refusal: Refusal, *, path: str, cause: Exception | None = None) -> None:
        """Count and log a refusal; `cause` is the exception, if an unexpected one led to it."""
        if cause is not None:
            log("failed", level=logging.ERROR, path=path[:100], **reduced(cause))
        else:
            log_bounded("refused", level=logging.WARNING, path=path[:100], reason=refusal.reason)
        if path not in OPEN:
            outcome = OUTCOMES.get(refusal.reason, refusal.reason)
            self._requests.count(SOURCES.get(path, "person"), outcome)

    def answered(self, path: str, *, seconds: float) -> None:
        """Do nothing: the trigger gets few requests, and the ledger takes most of their time."""
