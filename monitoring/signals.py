"""Signals of one window: drift, calibration, skill and money of the serving version.

Everything here is a difference of counters over a window, so it adds up over replicas and is the
same number that PromQL computes. The window is monitor.window; what labels tell is judged over
monitor.long_window where that one has fewer than quality.min_labels: little traffic takes longer
to say as much. Too little data gives None, never a reassuring 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from mdlc.core.profile import PREDICTION
from mdlc.core.scoring_rules import skill
from mdlc.core.spec.monitor import Monitor
from mdlc.monitoring import population_stability
from mdlc.monitoring.sample_store import Labels, SampleStore, by
from mdlc.services import metric_families as metrics
from mdlc.state.watch_documents import CalibrationSignal, DriftSignal

COIN = 0.25
"""Variance of one toss of a fair coin. The variance of calibration is at least this, so that a
model whose probabilities are all 0 or 1 gets a large z, and not an infinite one."""


class Signals(NamedTuple):
    """The signals of one window; None if there are too few labels or the metric is absent."""

    predictions: int
    labels: int
    due: int
    """Predictions that should have a label: those of the window that ended labels_within ago."""
    label_ratio: float | None
    accuracy: float | None
    log_loss: float | None
    skill: float | None
    mae: float | None
    money_per_decision: float | None
    calibration: list[CalibrationSignal]
    drift: list[DriftSignal]
    judged_labels: int = 0
    """Labels of the window that quality is judged over."""
    served_long: bool = False
    """Whether the version has served for monitor.long_window."""
    money_error: float | None = None
    """Standard error of money_per_decision; also None if a predictor of an old version counts no
    squares."""


class Window:
    """The increases of one model version's counters in (start, end]."""

    def __init__(
        self, store: SampleStore, *, match: Mapping[str, str], start: datetime, end: datetime
    ) -> None:
        self._store, self._match, self._start, self._end = store, match, start, end

    def series(self, name: str) -> dict[Labels, float]:
        """Return the increase of each series of counter `name`."""
        return self._store.increase(name, match=self._match, start=self._start, end=self._end)

    def sum(self, name: str) -> float | None:
        """Return the increase of counter `name` over all its series; None if there are none."""
        series = self.series(name)
        return sum(series.values()) if series else None

    def count(self, name: str) -> int:
        """Return the increase of counter `name` as a whole number; 0 if there are no series."""
        return round(self.sum(name) or 0)


def measure(
    store: SampleStore, *, monitor: Monitor, match: Mapping[str, str], time: datetime
) -> Signals:
    """Return the signals of the window that ends at `time`; `match` names model and version.

    label_ratio compares counters, not ids: the labels that came in (t - window, t] with the
    predictions made in (t - window - labels_within, t - labels_within]. With steady traffic that
    is the labelled share. After a rise of traffic it is too high if labels come early, so it is cut
    at 1; after a sudden drop of traffic it is too low until the window has passed.

    Quality and drift are None until the version has served for monitor.warm_up. Rows of one day are
    alike (they share its weather, for example), so many rows alone are not a representative sample.
    """
    window = Window(store, match=match, start=time - monitor.window, end=time)
    old = time - monitor.labels_within
    due = Window(store, match=match, start=old - monitor.window, end=old).count(
        metrics.PREDICTIONS.series
    )
    labels = window.count(metrics.LABELS.series)
    judged = window
    if labels < monitor.quality.min_labels:
        judged = Window(store, match=match, start=time - monitor.long_window, end=time)

    def served(ago: timedelta) -> bool:
        return bool(store.value(metrics.PREDICTIONS.series, match=match, time=time - ago))

    settled, judged_labels = served(monitor.warm_up), judged.count(metrics.LABELS.series)
    enough = settled and judged_labels >= monitor.quality.min_labels
    log_loss = _mean(judged, metrics.LOG_LOSS_SUM.series, judged_labels) if enough else None
    return Signals(
        predictions=window.count(metrics.PREDICTIONS.series),
        labels=labels,
        due=due,
        label_ratio=min(labels / due, 1.0) if due else None,
        accuracy=_mean(judged, metrics.CORRECT.series, judged_labels) if enough else None,
        log_loss=log_loss,
        skill=_skill(judged, log_loss),
        mae=_mean(judged, metrics.ABSOLUTE_ERROR_SUM.series, judged_labels) if enough else None,
        money_per_decision=_money(judged, judged_labels) if enough else None,
        calibration=_calibration(judged, judged_labels) if enough else [],
        drift=_drift(store, monitor=monitor, match=match, time=time, settled=settled),
        judged_labels=judged_labels,
        served_long=served(monitor.long_window),
        money_error=_money_error(judged, judged_labels) if enough else None,
    )


def _mean(window: Window, name: str, labels: int) -> float | None:
    total = window.sum(name)
    return None if total is None or not labels else total / labels


def _skill(window: Window, log_loss: float | None) -> float | None:
    observed = by(window.series(metrics.CLASS_OBSERVED.series), "class")
    return None if log_loss is None else skill(log_loss, observed.values())


def _money(window: Window, labels: int) -> float | None:
    gained, lost = (
        window.sum(metrics.MONEY_GAINED.series),
        window.sum(metrics.MONEY_LOST.series),
    )
    if not labels or (gained is None and lost is None):
        return None
    return ((gained or 0.0) - (lost or 0.0)) / labels


def _money_error(window: Window, labels: int) -> float | None:
    mean, squares = _money(window, labels), window.sum(metrics.MONEY_SQUARED_SUM.series)
    return None if mean is None or squares is None else standard_error(mean, squares, n=labels)


def standard_error(mean: float, squares: float, *, n: float) -> float:
    """Return the standard error of the mean of `n` numbers, given the sum of their squares.

    >>> standard_error(3.0, 1 + 4 + 9 + 16 + 25, n=5) ** 2 * 5  # doctest: +ELLIPSIS
    2.5...
    """
    # Rounding can make the difference of two equal numbers negative.
    return math.sqrt(max(squares / n - mean**2, 0.0) / max(n - 1, 1))


def _calibration(window: Window, labels: int) -> list[CalibrationSignal]:
    """Return each class's predicted and observed share, and their difference in standard errors.

    Observed - predicted counts sum independent Bernoulli trials, whose variance is the sum of
    p (1 - p) (D. J. Spiegelhalter, Statistics in Medicine 5, 1986).
    """
    predicted = by(window.series(metrics.CLASS_PREDICTED_SUM.series), "class")
    observed = by(window.series(metrics.CLASS_OBSERVED.series), "class")
    variance = by(window.series(metrics.CLASS_VARIANCE_SUM.series), "class")
    return [
        CalibrationSignal(
            label=name,
            predicted=predicted[name] / max(labels, 1),
            observed=observed.get(name, 0.0) / max(labels, 1),
            z=(observed.get(name, 0.0) - predicted[name])
            / math.sqrt(max(variance.get(name, 0.0), COIN)),
        )
        for name in sorted(predicted)
    ]


def _drift(
    store: SampleStore,
    *,
    monitor: Monitor,
    match: Mapping[str, str],
    time: datetime,
    settled: bool,
) -> list[DriftSignal]:
    """Return the drift of every feature and of the prediction; features first, sorted by name."""
    window = Window(store, match=match, start=time - monitor.window, end=time)
    live = _by_feature(window.series(metrics.FEATURE_BIN.series))
    live[PREDICTION] = by(window.series(metrics.PREDICTION_BIN.series), "bin")
    # Each replica reports the same training counts, so they are not summed.
    trained = _by_feature(
        store.value(metrics.REFERENCE_BIN_COUNT.series, match=match, time=time), top=True
    )
    names = sorted({*live, *trained} - {PREDICTION})
    least = monitor.drift.min_predictions if settled else math.inf
    return [
        _signal(name, trained.get(name, {}), live.get(name, {}), least)
        for name in [*names, PREDICTION]
    ]


def _by_feature(series: dict[Labels, float], *, top: bool = False) -> dict[str, dict[str, float]]:
    """Return feature -> bin -> count, summed over replicas or, with `top`, their maximum."""
    counts: dict[str, dict[str, float]] = {}
    for labels, value in series.items():
        named = dict(labels)
        bins = counts.setdefault(named.get("feature", ""), {})
        before = bins.get(named.get("bin", ""), 0.0)
        bins[named.get("bin", "")] = max(before, value) if top else before + value
    return counts


def _signal(
    name: str, trained: Mapping[str, float], live: Mapping[str, float], least: float
) -> DriftSignal:
    predictions, rows = sum(live.values()), sum(trained.values())
    enough = predictions >= least and rows > 0
    bins = len(population_stability.used_bins(trained, live))
    return DriftSignal(
        name=name,
        psi=population_stability.psi(trained, live) if enough else None,
        noise=population_stability.noise(bins, n_actual=predictions, n_expected=rows),
        predictions=round(predictions),
        trained=rows > 0,
    )
