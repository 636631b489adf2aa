"""The predictor's metrics by name, label and meaning; docs/metrics.md is their page."""

from __future__ import annotations

from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from mdlc.core.spec.monitor import LATENCY_SECONDS

LAGS = (60, 3600, 6 * 3600, 86400, 2 * 86400, 3 * 86400, 7 * 86400, 14 * 86400, 28 * 86400)
MODEL, VERSION = ["model"], ["model", "version"]
MONEY = [*VERSION, "currency"]
Family = Counter | Gauge | Histogram
F = TypeVar("F", Counter, Gauge, Histogram)


class Families:
    """All metrics of one server, for one model; none has a value yet."""

    def __init__(self, model: str, *, currency: str) -> None:
        self.model = model
        self.currency = currency
        self.registry = CollectorRegistry()
        self.by_version: list[tuple[Family, list[str]]] = []
        """Those with a value for each version, with the names of their labels."""
        self._requests()
        self._versions()
        self._predictions()
        self._labels()
        self._quality()

    def _counter(self, name: str, text: str, labels: list[str]) -> Counter:
        made = Counter(f"mdlc_{name}", text, labels, registry=self.registry)
        return self._known(made, labels)

    def _gauge(self, name: str, text: str, labels: list[str]) -> Gauge:
        return self._known(Gauge(f"mdlc_{name}", text, labels, registry=self.registry), labels)

    def _histogram(
        self, name: str, text: str, labels: list[str], *, buckets: tuple[float, ...]
    ) -> Histogram:
        made = Histogram(f"mdlc_{name}", text, labels, buckets=buckets, registry=self.registry)
        return self._known(made, labels)

    def _known(self, family: F, labels: list[str]) -> F:
        if "version" in labels:
            self.by_version.append((family, labels))
        return family

    def _requests(self) -> None:
        self.request_seconds = self._histogram(
            "request_seconds",
            "Time to answer a request.",
            [*MODEL, "protocol"],
            buckets=LATENCY_SECONDS,
        )
        self.errors = self._counter(
            "request_errors", "Requests that were refused or failed.", [*MODEL, "reason"]
        )
        lost = self._counter(
            "payload_lost", "Predictions that were answered and not logged.", MODEL
        )
        self.payload_lost = lost.labels(self.model)
        waiting = self._gauge(
            "payload_waiting_rows", "Predictions in memory until the payload log is back.", MODEL
        )
        self.payload_waiting = waiting.labels(self.model)

    def _versions(self) -> None:
        self.info = self._gauge(
            "model_info", "The version that serves.", [*VERSION, "digest", "candidate"]
        )
        self.since = self._gauge(
            "model_since_timestamp_seconds", "When the version began to serve.", VERSION
        )
        self.promised = self._gauge(
            "promised_money_per_decision", "What the version's evaluation promised.", MONEY
        )
        self.canary_ratio = self._gauge(
            "canary_ratio", "Share of the predictions that the canary answers.", VERSION
        )
        self.failures = self._counter(
            "version_failures", "Rows that the version failed to score.", VERSION
        )
        self.scoring_seconds = self._histogram(
            "scoring_seconds",
            "Time of one version to score one request's rows.",
            VERSION,
            buckets=LATENCY_SECONDS,
        )

    def _predictions(self) -> None:
        self.predictions = self._counter("predictions", "Rows answered.", VERSION)
        self.actions = self._counter("actions", "Actions answered.", [*VERSION, "action"])
        self.feature_bin = self._counter(
            "feature_bin", "Rows by bin of a feature.", [*VERSION, "feature", "bin"]
        )
        self.prediction_bin = self._counter(
            "prediction_bin", "Rows by bin of the prediction.", [*VERSION, "bin"]
        )
        self.reference = self._gauge(
            "reference_bin_count",
            "Training rows by bin of a feature, or of the prediction.",
            [*VERSION, "feature", "bin"],
        )

    def _labels(self) -> None:
        self.labels = self._counter("labels", "Labels joined to a prediction.", VERSION)
        self.rejected = self._counter("labels_rejected", "Labels not used.", [*MODEL, "reason"])
        self.gained = self._counter("money_gained", "Money that actions earned.", MONEY)
        self.lost = self._counter("money_lost", "Money that actions cost.", MONEY)
        self.money_squared = self._counter(
            "money_squared_sum", "Sum of squared money of decisions.", MONEY
        )
        self.lag = self._histogram(
            "label_lag_seconds", "Time from a prediction to its label.", VERSION, buckets=LAGS
        )

    def _quality(self) -> None:
        by_class = [*VERSION, "class"]
        self.correct = self._counter("correct", "Labels that the top class met.", VERSION)
        self.log_loss = self._counter("log_loss_sum", "Sum of log-losses.", VERSION)
        self.brier = self._counter("brier_sum", "Sum of Brier scores.", VERSION)
        self.predicted = self._counter("class_predicted_sum", "Sum of probabilities.", by_class)
        self.observed = self._counter("class_observed", "Labels by class.", by_class)
        self.variance = self._counter("class_variance_sum", "Sum of p(1 - p).", by_class)
        self.named = self._counter("class_named", "Labels by top class.", by_class)
        self.class_correct = self._counter(
            "class_correct", "Labels by top class that it met.", by_class
        )
        self.absolute = self._counter("absolute_error_sum", "Sum of |error|.", VERSION)
        self.squared = self._counter("squared_error_sum", "Sum of squared errors.", VERSION)
        self.over = self._counter("over_sum", "Sum of predicted beyond the truth.", VERSION)
        self.under = self._counter("under_sum", "Sum of truth beyond predicted.", VERSION)
