"""The predictor's metrics as objects of prometheus_client, created from `metric_families`."""

from __future__ import annotations

from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from mdlc.services import metric_families as families

Family = Counter | Gauge | Histogram
F = TypeVar("F", Counter, Gauge, Histogram)


class Families:
    """All metrics of one server, for one model, still without values."""

    def __init__(self, model: str, *, currency: str) -> None:
        self.model = model
        self.currency = currency
        self.registry = CollectorRegistry()
        self.by_version: list[tuple[Family, list[str]]] = []
        """The metrics that have a value for each version, with the names of their labels."""
        self.request_seconds = self._histogram(families.REQUEST_SECONDS)
        self.errors = self._counter(families.REQUEST_ERRORS)
        self.info = self._gauge(families.MODEL_INFO)
        self.since = self._gauge(families.MODEL_SINCE_TIMESTAMP_SECONDS)
        self.promised = self._gauge(families.PROMISED_MONEY_PER_DECISION)
        self.canary_ratio = self._gauge(families.CANARY_RATIO)
        self.failures = self._counter(families.VERSION_FAILURES)
        self.scoring_seconds = self._histogram(families.SCORING_SECONDS)
        self.predictions = self._counter(families.PREDICTIONS)
        self.actions = self._counter(families.ACTIONS)
        self.feature_bin = self._counter(families.FEATURE_BIN)
        self.prediction_bin = self._counter(families.PREDICTION_BIN)
        self.reference = self._gauge(families.REFERENCE_BIN_COUNT)
        self.labels = self._counter(families.LABELS)
        self.rejected = self._counter(families.LABELS_REJECTED)
        self.gained = self._counter(families.MONEY_GAINED)
        self.lost = self._counter(families.MONEY_LOST)
        self.money_squared = self._counter(families.MONEY_SQUARED_SUM)
        self.lag = self._histogram(families.LABEL_LAG_SECONDS)
        self.correct = self._counter(families.CORRECT)
        self.log_loss = self._counter(families.LOG_LOSS_SUM)
        self.brier = self._counter(families.BRIER_SUM)
        self.predicted = self._counter(families.CLASS_PREDICTED_SUM)
        self.observed = self._counter(families.CLASS_OBSERVED)
        self.variance = self._counter(families.CLASS_VARIANCE_SUM)
        self.named = self._counter(families.CLASS_NAMED)
        self.class_correct = self._counter(families.CLASS_CORRECT)
        self.absolute = self._counter(families.ABSOLUTE_ERROR_SUM)
        self.squared = self._counter(families.SQUARED_ERROR_SUM)
        self.over = self._counter(families.OVER_SUM)
        self.under = self._counter(families.UNDER_SUM)
        self.payload_lost = self._counter(families.PAYLOAD_LOST).labels(model)
        self.payload_reopened = self._counter(families.PAYLOAD_LOG_REOPENED).labels(model)
        self.payload_waiting = self._gauge(families.PAYLOAD_WAITING_ROWS).labels(model)

    def _counter(self, of: families.CounterFamily) -> Counter:
        return self._known(Counter(of.name, of.help, of.labels, registry=self.registry), of)

    def _gauge(self, of: families.GaugeFamily) -> Gauge:
        return self._known(Gauge(of.name, of.help, of.labels, registry=self.registry), of)

    def _histogram(self, of: families.HistogramFamily) -> Histogram:
        made = Histogram(of.name, of.help, of.labels, buckets=of.buckets, registry=self.registry)
        return self._known(made, of)

    def _known(self, family: F, of: families.MetricFamily) -> F:
        if "version" in of.labels:
            self.by_version.append((family, list(of.labels)))
        return family
