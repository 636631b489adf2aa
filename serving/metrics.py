"""The predictor's metrics: counts that add up over replicas, versions and time.

Drift, accuracy, calibration and money are computed elsewhere, from these counters. Each version of
the model has its own label values. kserve's own metrics are shown beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from mdlc.core import payoff, profile
from mdlc.core.columns import Batch
from mdlc.core.scorer import Answers
from mdlc.core.spec.monitor import LATENCY_SECONDS
from mdlc.serving.loaded import Loaded

LAGS = (60, 3600, 6 * 3600, 86400, 2 * 86400, 3 * 86400, 7 * 86400, 14 * 86400, 28 * 86400)
MODEL, VERSION = ["model"], ["model", "version"]


@dataclass(frozen=True)
class Quality:
    """What labels told about one version; arrays are (classes,). Regression leaves those empty."""

    labels: int
    classes: tuple[str, ...] = ()
    correct: int = 0
    log_loss: float = 0.0
    brier: float = 0.0
    predicted: npt.NDArray[np.floating] | None = None
    observed: npt.NDArray[np.floating] | None = None
    variance: npt.NDArray[np.floating] | None = None
    absolute: float = 0.0
    squared: float = 0.0
    over: float = 0.0
    under: float = 0.0
    gained: float = 0.0
    lost: float = 0.0


@dataclass(frozen=True)
class _Bins:
    """One series with the counters of its bins, looked up once."""

    series: profile.Series
    counters: list[Counter]

    def add(self, values: npt.NDArray[np.generic]) -> None:
        counts = profile.count(self.series, values)
        for index in np.flatnonzero(counts).tolist():
            self.counters[index].inc(int(counts[index]))


class Metrics:
    """All counters of one server, for one model."""

    def __init__(self, model: str, *, currency: str) -> None:
        self.model = model
        self.currency = currency
        self.registry = CollectorRegistry()
        self._bins: dict[tuple[str, str], list[_Bins]] = {}
        self._serving: tuple[str, ...] | None = None
        self._requests()
        self._predictions()
        self._labels()

    def _counter(self, name: str, text: str, labels: list[str]) -> Counter:
        return Counter(f"mdlc_{name}", text, labels, registry=self.registry)

    def _requests(self) -> None:
        self.request_seconds = Histogram(
            "mdlc_request_seconds",
            "Time to answer a request.",
            [*MODEL, "protocol"],
            buckets=LATENCY_SECONDS,
            registry=self.registry,
        )
        self.errors = self._counter(
            "request_errors", "Requests that were refused or failed.", [*MODEL, "reason"]
        )
        lost = self._counter(
            "payload_lost", "Predictions that were answered and not logged.", MODEL
        )
        self.payload_lost = lost.labels(self.model)
        waiting = Gauge(
            "mdlc_payload_waiting_rows",
            "Predictions in memory until the payload log is back.",
            MODEL,
            registry=self.registry,
        )
        self.payload_waiting = waiting.labels(self.model)

    def _predictions(self) -> None:
        self.predictions = self._counter("predictions", "Rows answered.", VERSION)
        self.actions = self._counter("actions", "Actions answered.", [*VERSION, "action"])
        self.feature_bin = self._counter(
            "feature_bin", "Rows by bin of a feature.", [*VERSION, "feature", "bin"]
        )
        self.prediction_bin = self._counter(
            "prediction_bin", "Rows by bin of the prediction.", [*VERSION, "bin"]
        )
        self.reference = Gauge(
            "mdlc_reference_bin_count",
            "Training rows by bin of a feature, or of the prediction.",
            [*VERSION, "feature", "bin"],
            registry=self.registry,
        )
        self.info = Gauge(
            "mdlc_model_info",
            "The version that serves.",
            [*VERSION, "digest", "candidate"],
            registry=self.registry,
        )

    def _labels(self) -> None:
        by_class = [*VERSION, "class"]
        money = [*VERSION, "currency"]
        self.labels = self._counter("labels", "Labels joined to a prediction.", VERSION)
        self.rejected = self._counter("labels_rejected", "Labels not used.", [*MODEL, "reason"])
        self.correct = self._counter("correct", "Labels that the top class met.", VERSION)
        self.log_loss = self._counter("log_loss_sum", "Sum of log-losses.", VERSION)
        self.brier = self._counter("brier_sum", "Sum of Brier scores.", VERSION)
        self.predicted = self._counter("class_predicted_sum", "Sum of probabilities.", by_class)
        self.observed = self._counter("class_observed", "Labels by class.", by_class)
        self.variance = self._counter("class_variance_sum", "Sum of p(1 - p).", by_class)
        self.gained = self._counter("money_gained", "Money that actions earned.", money)
        self.lost = self._counter("money_lost", "Money that actions cost.", money)
        self.absolute = self._counter("absolute_error_sum", "Sum of |error|.", VERSION)
        self.squared = self._counter("squared_error_sum", "Sum of squared errors.", VERSION)
        self.over = self._counter("over_sum", "Sum of predicted beyond the truth.", VERSION)
        self.under = self._counter("under_sum", "Sum of truth beyond predicted.", VERSION)
        self.lag = Histogram(
            "mdlc_label_lag_seconds",
            "Time from a prediction to its label.",
            VERSION,
            buckets=LAGS,
            registry=self.registry,
        )

    def serve(self, loaded: Loaded) -> None:
        """Show a version's training counts, and that it serves now."""
        key = (self.model, loaded.version)
        bins = []
        for series in loaded.scorer.profile.series:
            own = series.name == profile.PREDICTION
            counters = [
                self.prediction_bin.labels(*key, name)
                if own
                else self.feature_bin.labels(*key, series.name, name)
                for name in series.bins
            ]
            bins.append(_Bins(series, counters))
            for name, rows in series.counts.items():
                self.reference.labels(*key, series.name, name).set(rows)
        self._bins[loaded.version, loaded.digest] = bins
        self._zero(loaded)
        if self._serving:
            self.info.remove(*self._serving)
        self._serving = (*key, loaded.digest, loaded.scorer.manifest.candidate)
        self.info.labels(*self._serving).set(1)

    def _zero(self, loaded: Loaded) -> None:
        """Show counters at 0: Prometheus sees no increase in a series whose first sample is not."""
        key, scorer = (self.model, loaded.version), loaded.scorer
        self.predictions.labels(*key)
        if scorer.classes:
            for action in payoff.for_classes(scorer.manifest.payoff, scorer.classes).actions:
                self.actions.labels(*key, action)
        none = np.zeros(len(scorer.classes))
        quality = Quality(0, tuple(scorer.classes), predicted=none, observed=none, variance=none)
        self.judge(loaded.version, quality=quality, lags=none[:0])

    def count(self, loaded: Loaded, *, batch: Batch, answers: Answers) -> None:
        """Count a batch of answers: rows, actions, bins of features and of the prediction."""
        key = (self.model, loaded.version)
        self.predictions.labels(*key).inc(len(answers.scores))
        if loaded.scorer.classes:
            actions, counts = np.unique(answers.actions.astype(str), return_counts=True)
            for action, rows in zip(actions.tolist(), counts.tolist(), strict=True):
                self.actions.labels(*key, action).inc(rows)
        for bins in self._bins[loaded.version, loaded.digest]:
            if bins.series.name == profile.PREDICTION:
                bins.add(prediction(loaded.scorer.classes, answers=answers))
            elif bins.series.name in batch:
                bins.add(batch[bins.series.name])

    def judge(self, version: str, *, quality: Quality, lags: npt.NDArray[np.floating]) -> None:
        """Count what labels told about `version`; `lags` (labels,) are seconds."""
        key = (self.model, version)
        self.labels.labels(*key).inc(quality.labels)
        waited = self.lag.labels(*key)
        for lag in lags.tolist():
            waited.observe(lag)
        self.gained.labels(*key, self.currency).inc(quality.gained)
        self.lost.labels(*key, self.currency).inc(quality.lost)
        if not quality.classes:
            self.absolute.labels(*key).inc(quality.absolute)
            self.squared.labels(*key).inc(quality.squared)
            self.over.labels(*key).inc(quality.over)
            self.under.labels(*key).inc(quality.under)
            return
        self.correct.labels(*key).inc(quality.correct)
        self.log_loss.labels(*key).inc(quality.log_loss)
        self.brier.labels(*key).inc(quality.brier)
        sums = (
            (self.predicted, quality.predicted),
            (self.observed, quality.observed),
            (self.variance, quality.variance),
        )
        for counter, values in sums:
            for name, value in zip(quality.classes, np.asarray(values).tolist(), strict=True):
                counter.labels(*key, name).inc(max(value, 0.0))

    def refuse(self, reason: str) -> None:
        """Count a request that got no answer."""
        self.errors.labels(self.model, reason).inc()

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Return (text, content type) of these metrics and of kserve's."""
        encoder, content_type = choose_encoder(accept)
        return encoder(_Both(self.registry)), content_type


class _Both(CollectorRegistry):
    """One exposition of a server's registry and the process's (kserve's metrics live there)."""

    def __init__(self, own: Collector) -> None:
        super().__init__()
        self._own = own

    def collect(self) -> Iterator[Metric]:
        yield from self._own.collect()
        yield from REGISTRY.collect()


def prediction(classes: list[str], *, answers: Answers) -> npt.NDArray[np.generic]:
    """Return the series of the prediction (rows,), as training profiles it.

    Binary: the probability of the second class. More classes: the name of the likeliest.
    Regression: the value.
    """
    if not classes:
        return answers.values
    if len(classes) == 2:
        return answers.scores[:, 1]
    names: npt.NDArray[np.object_] = np.array(classes, dtype=object)
    top: npt.NDArray[np.object_] = names[answers.scores.argmax(axis=1)]
    return top
