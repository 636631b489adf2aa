"""How requests to the trigger are counted; the one thing that a restart begins anew."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

SOURCES = ("alerts", "person", "schedule", "labels", "changed")
OUTCOMES = ("accepted", "unauthorized", "invalid", "too_large", "unavailable")


class RequestCounter:
    """mdlc_trigger_requests_total."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counter = Counter(
            "mdlc_trigger_requests",
            "Requests to retrain, by where they came from and what became of them.",
            ["source", "outcome"],
            registry=registry,
        )
        for source in SOURCES:
            for outcome in OUTCOMES:
                self._counter.labels(source, outcome)

    def count(self, source: str, outcome: str) -> None:
        """Count one."""
        self._counter.labels(source, outcome).inc()
