"""Counts the predictor's metrics: counters that add up over replicas, versions and time.

Drift, accuracy, calibration and money are computed elsewhere from these counters. Each version of
the model has its own label values. The page of metrics also has kserve's own.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from mdlc.core import payoff, profile
from mdlc.core.columns import Batch
from mdlc.core.scorer import Answers
from mdlc.serving.active_models import ActiveModels, LoadedModel
from mdlc.serving.predictor_families import Families

KEPT = 10
"""How many versions that no longer serve keep their series, for late labels: those used last."""


@dataclass(frozen=True)
class LabelledQuality:
    """Counts from labels about one version; arrays are (classes,), None for a kind not counted."""

    labels: int
    classes: tuple[str, ...] = ()
    correct: int = 0
    log_loss: float = 0.0
    brier: float = 0.0
    predicted: npt.NDArray[np.floating] | None = None
    observed: npt.NDArray[np.floating] | None = None
    variance: npt.NDArray[np.floating] | None = None
    named: npt.NDArray[np.floating] | None = None
    """For each class, the rows for which it was the likeliest."""
    hit: npt.NDArray[np.floating] | None = None
    """For each class, the rows for which it was the likeliest and the true one."""
    absolute: float = 0.0
    squared: float = 0.0
    over: float = 0.0
    under: float = 0.0
    gained: float = 0.0
    lost: float = 0.0
    money_squared: float = 0.0


@dataclass(frozen=True)
class _Bins:
    """One series with the counters of its bins, looked up once."""

    series: profile.BinnedSeries
    counters: list[Counter]

    def add(self, values: npt.NDArray[np.generic]) -> None:
        counts = profile.count(self.series, values)
        for index in np.flatnonzero(counts).tolist():
            self.counters[index].inc(int(counts[index]))


class Metrics(Families):
    """All counters of one server, for one model."""

    def __init__(self, model: str, *, currency: str) -> None:
        super().__init__(model, currency=currency)
        self._bins: dict[tuple[str, str], list[_Bins]] = {}
        self._on: set[str] = set()
        """Versions that serve or are on trial."""
        self._off: dict[str, None] = {}
        """Other versions that have series, ordered by their last use."""
        self._stated: dict[Gauge, dict[tuple[str, ...], float]] = {}
        self._lock = threading.Lock()

    def serve(self, lineup: ActiveModels) -> None:
        """Show the serving versions and their counters; forget versions that served long ago."""
        models = [model for model in (lineup.champion, lineup.canary) if model]
        for model in models:
            self._show(model)
        if lineup.trial:  # its failures count even if it could not be loaded
            self.failures.labels(self.model, lineup.trial.version)
        self._state(lineup, models=models)
        with self._lock:
            before = self._on
            self._on = {model.version for model in models}
            if lineup.trial:
                self._on.add(lineup.trial.version)
        for version in sorted(before):
            self._use(version)
        for version in self._on:
            self._off.pop(version, None)

    def _show(self, model: LoadedModel) -> None:
        """Show a version's training counts, and its counters at 0.

        The zeros are needed because Prometheus sees no increase in the first sample of a series.
        """
        key, scorer = (self.model, model.version), model.scorer
        bins = []
        for series in scorer.profile.series:
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
        self._bins[model.version, model.digest] = bins
        for family in (self.predictions, self.failures, self.scoring_seconds):
            family.labels(*key)
        if scorer.classes:
            for action in payoff.for_classes(scorer.manifest.payoff, scorer.classes).actions:
                self.actions.labels(*key, action)
        self._add(model.version, quality=LabelledQuality(0, tuple(scorer.classes)))
        self.lag.labels(*key)

    def _state(self, lineup: ActiveModels, *, models: list[LoadedModel]) -> None:
        """Set the gauges of the versions that serve; remove those of versions that no longer do."""
        champion = lineup.champion
        facts = (champion.digest, champion.scorer.manifest.candidate)
        stated: dict[Gauge, dict[tuple[str, ...], float]] = {
            self.info: {(self.model, champion.version, *facts): 1.0},
            self.since: {(self.model, m.version): m.since.timestamp() for m in models},
            self.promised: {
                (self.model, m.version, self.currency): m.promised
                for m in models
                if m.promised is not None
            },
            self.canary_ratio: {
                (self.model, trial.version): trial.ratio if lineup.canary else 0.0
                for trial in (lineup.trial,)
                if trial
            },
        }
        for gauge, values in stated.items():
            for labels, value in values.items():
                gauge.labels(*labels).set(value)
            for labels in self._stated.get(gauge, {}).keys() - values.keys():
                gauge.remove(*labels)
        self._stated = stated

    def _use(self, version: str) -> None:
        """Mark a version's series as used; beyond KEPT versions, drop the longest unused."""
        with self._lock:
            if version in self._on:
                return
            self._off.pop(version, None)
            self._off[version] = None
            oldest = next(iter(self._off)) if len(self._off) > KEPT else None
            if oldest is not None:
                del self._off[oldest]
        if oldest is not None:
            self._forget(oldest)

    def _forget(self, version: str) -> None:
        for family, names in self.by_version:
            found = {
                tuple(sample.labels[name] for name in names)
                for metric in family.collect()
                for sample in metric.samples
                if sample.labels["version"] == version
            }
            for labels in found:
                family.remove(*labels)
        for key in [key for key in self._bins if key[0] == version]:
            self._bins.pop(key, None)

    def count(self, loaded: LoadedModel, *, batch: Batch, answers: Answers) -> None:
        """Count a batch of answers: rows, actions, bins of features and of the prediction."""
        key = (self.model, loaded.version)
        self.predictions.labels(*key).inc(len(answers.scores))
        if loaded.scorer.classes:
            actions, counts = np.unique(answers.actions.astype(str), return_counts=True)
            for action, rows in zip(actions.tolist(), counts.tolist(), strict=True):
                self.actions.labels(*key, action).inc(rows)
        for bins in self._bins.get((loaded.version, loaded.digest), ()):
            if bins.series.name == profile.PREDICTION:
                bins.add(prediction(loaded.scorer.classes, answers=answers))
            elif bins.series.name in batch:
                bins.add(batch[bins.series.name])

    def judge(
        self, version: str, *, quality: LabelledQuality, lags: npt.NDArray[np.floating]
    ) -> None:
        """Count labels about `version`; `lags` (labels,) are their delays in seconds."""
        self._add(version, quality=quality)
        waited = self.lag.labels(self.model, version)
        for lag in lags.tolist():
            waited.observe(lag)
        self._use(version)

    def _add(self, version: str, *, quality: LabelledQuality) -> None:
        key = (self.model, version)
        self.labels.labels(*key).inc(quality.labels)
        self.gained.labels(*key, self.currency).inc(quality.gained)
        self.lost.labels(*key, self.currency).inc(quality.lost)
        self.money_squared.labels(*key, self.currency).inc(quality.money_squared)
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
            (self.named, quality.named),
            (self.class_correct, quality.hit),
        )
        for counter, given in sums:
            values = np.zeros(len(quality.classes)) if given is None else given
            for name, value in zip(quality.classes, values.tolist(), strict=True):
                counter.labels(*key, name).inc(max(value, 0.0))

    def scored(self, version: str, *, seconds: float) -> None:
        """Observe the time that a version took to score one request's rows."""
        self.scoring_seconds.labels(self.model, version).observe(seconds)

    def fail(self, version: str, *, rows: int) -> None:
        """Count rows that a version failed to score."""
        self.failures.labels(self.model, version).inc(rows)

    def refuse(self, reason: str) -> None:
        """Count a request that was refused."""
        self.errors.labels(self.model, reason).inc()

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Return the text of these metrics and kserve's, and its content type."""
        encoder, content_type = choose_encoder(accept)
        return encoder(_Both(self.registry)), content_type


class _Both(CollectorRegistry):
    """Joins a server's registry with the process-wide one, which has kserve's metrics."""

    def __init__(self, own: Collector) -> None:
        super().__init__()
        self._own = own

    def collect(self) -> Iterator[Metric]:
        yield from self._own.collect()
        yield from REGISTRY.collect()


def prediction(classes: list[str], *, answers: Answers) -> npt.NDArray[np.generic]:
    """Return the values of the prediction (rows,) that are counted in bins, as in training.

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
