"""What the predictor lets in, and how it counts and logs what it refuses."""

from __future__ import annotations

import logging
from typing import Any

from mdlc.core.spec.deploy import Serving
from mdlc.services.json_logs import log, log_bounded, reduced
from mdlc.services.refusals import Refusal
from mdlc.services.request_gate import BODILESS, GateRules
from mdlc.serving.predictor_metrics import Metrics

BODY_SECONDS = 30
"""A client that sends slower than its body in this time is cut off."""
PROTOCOLS = {":predict": "v1", "/infer": "v2", ":feedback": "feedback"}


def predictor_rules(serving: Serving, *, token: str | None, local: bool) -> GateRules:
    """Return the rules: whatever answers, learns or loads asks for the token.

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
    """Counts and logs refusals; times answers by protocol."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def refused(self, refusal: Refusal, *, path: str, cause: Exception | None = None) -> None:
        """Note a refusal: its reason, not its line, for that may quote what the client sent.

        An error that nobody foresaw is its `cause`, and is logged by type and place.
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
        """Note how long a prediction or labels took."""
        for ending, protocol in PROTOCOLS.items():
            if path.endswith(ending):
                self._metrics.request_seconds.labels(self._metrics.model, protocol).observe(seconds)
