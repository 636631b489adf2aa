"""Counts requests to the trigger. Unlike the other metrics, these begin at 0 after a restart."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

from mdlc.services import metric_families

SOURCES = ("alerts", "person", "schedule", "labels", "changed")
OUTCOMES = ("accepted", "unauthorized", "invalid", "too_large", "unavailable")


class RequestCounter:
    """Counts requests by source and outcome."""

    def __init__(self, registry: CollectorRegistry) -> None:
        of = metric_families.TRIGGER_REQUESTS
        self._counter = Counter(of.name, of.help, of.labels, registry=registry)
        for source in SOURCES:
            for outcome in OUTCOMES:
                self._counter.labels(source, outcome)

    def count(self, source: str, outcome: str) -> None:
        """Count one request."""
        self._counter.labels(source, outcome).inc()
