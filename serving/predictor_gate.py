"""The predictor's request gate: which requests pass, and how refusals are counted and logged."""

from __future__ import annotations

import logging
from typing import Any

from mdlc.core.spec.deploy import Serving
from mdlc.services.json_logs import log, log_bounded, reduced
from mdlc.services.refusals import Refusal
from mdlc.services.request_gate import BODILESS, GateRules
from mdlc.serving.predictor_metrics import Metrics

BODY_SECONDS = 30
"""Time limit for a client to send its body; after it the connection is closed."""
PROTOCOLS = {":predict": "v1", "/infer": "v2", ":feedback": "feedback"}


def predictor_rules(serving: Serving, *, token: str | None, local: bool) -> GateRules:
    """Return the gate's rules: predictions, feedback and loading need the token.

    Health, metadata and metrics do not. `local`: the server listens on loopback only.
    """
    return GateRules(
        token=token,
        local=local,
        max_bytes=serving.max_bytes,
        body_seconds=BODY_SECONDS,
        is_open=lambda method, _path: method in BODILESS,
        is_health=lambda method, path: method in {"GET", "HEAD"} and path != "/metrics",
    )


class PredictorWatch:
    """Counts and logs refusals, and measures the time of answers by protocol."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def refused(self, refusal: Refusal, *, path: str, cause: Exception | None = None) -> None:
        """Count and log the reason of a refusal, not its text, which may quote the client's data.

        `cause` is the exception, if an unexpected one led to it; its type and place are logged.
        """
        self._metrics.refuse(refusal.reason)
        fields: dict[str, Any] = {
            "model": self._metrics.model,
            "path": path[:200],
            "status": refusal.status,
        }
        if cause is not None:
            log("failed", level=logging.ERROR, **fields, reason=refusal.reason, **reduced(cause))
        else:
            log_bounded("refused", **fields, reason=refusal.reason)

    def answered(self, path: str, *, seconds: float) -> None:
        """Observe the time of a request with predictions or labels."""
        for ending, protocol in PROTOCOLS.items():
            if path.endswith(ending):
                self._metrics.request_seconds.labels(self._metrics.model, protocol).observe(seconds)
