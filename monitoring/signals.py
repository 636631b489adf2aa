"""Signals: what the counts of one window say about the serving version.

Everything here is a difference of counters over monitor.window, so it adds up over replicas and
is the same number that PromQL computes. Too little data gives None, never a reassuring 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from mdlc.core.profile import PREDICTION
from mdlc.core.spec.monitor import Monitor
from mdlc.monitoring import population_stability
from mdlc.monitoring.sample_store import Labels, SampleStore, by
from mdlc.state.watch_documents import CalibrationSignal, DriftSignal

COIN = 0.25
"""Variance of one fair coin: the least that calibration's standard error is taken from, so that a
model which claims certainty has a large z, not an infinite one."""


class Signals(NamedTuple):
    """The numbers of one window; None where there are too few labels or the metric is absent."""

    predictions: int
    labels: int
    due: int
    """Predictions old enough to have a label: those of the window that ended labels_within ago."""
    label_ratio: float | None
    accuracy: float | None
    log_loss: float | None
    skill: float | None
    mae: float | None
    money_per_decision: float | None
    calibration: list[CalibrationSignal]
    drift: list[DriftSignal]
    money_error: float | None = None
    """Standard error of money_per_decision; None too where an old predictor counts no squares."""


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
        """Return the increase of counter `name` as a whole number, 0 if it never counted."""
        return round(self.sum(name) or 0)


def measure(
    store: SampleStore, *, monitor: Monitor, match: Mapping[str, str], time: datetime
) -> Signals:
    """Return the signals of the window that ends at `time`; `match` names model and version.

    label_ratio compares counters, not ids: the labels that came in (t - window, t] with the
    predictions made in (t - window - labels_within, t - labels_within]. With steady traffic that
    is the labelled share; labels that come at once after traffic grew make it too high, so it is
    cut at 1, and a sudden drop of traffic makes it too low until the window has passed.

    Quality and drift are None until the version has served for monitor.warm_up: the rows of one
    day share its weather, so their number alone does not make them a sample.
    """
    window = Window(store, match=match, start=time - monitor.window, end=time)
    old = time - monitor.labels_within
    due = Window(store, match=match, start=old - monitor.window, end=old).count(
        "mdlc_predictions_total"
    )
    labels = window.count("mdlc_labels_total")
    settled = bool(store.value("mdlc_predictions_total", match=match, time=time - monitor.warm_up))
    enough = settled and labels >= monitor.quality.min_labels
    log_loss = _mean(window, "mdlc_log_loss_sum_total", labels) if enough else None
    return Signals(
        predictions=window.count("mdlc_predictions_total"),
        labels=labels,
        due=due,
        label_ratio=min(labels / due, 1.0) if due else None,
        accuracy=_mean(window, "mdlc_correct_total", labels) if enough else None,
        log_loss=log_loss,
        skill=_skill(window, log_loss),
        mae=_mean(window, "mdlc_absolute_error_sum_total", labels) if enough else None,
        money_per_decision=_money(window, labels) if enough else None,
        calibration=_calibration(window, labels) if enough else [],
        drift=_drift(store, monitor=monitor, match=match, time=time, settled=settled),
        money_error=_money_error(window, labels) if enough else None,
    )


def _mean(window: Window, name: str, labels: int) -> float | None:
    total = window.sum(name)
    return None if total is None or not labels else total / labels


def _skill(window: Window, log_loss: float | None) -> float | None:
    """Return 1 - log-loss / entropy of the observed shares (the log-loss of always saying them).

    None if one class alone was observed: nothing can then be told from saying its share.
    """
    observed = by(window.series("mdlc_class_observed_total"), "class")
    total = sum(observed.values())
    shares = [count / total for count in observed.values() if count > 0]
    entropy = -sum(share * math.log(share) for share in shares)
    return None if log_loss is None or entropy <= 0 else 1 - log_loss / entropy


def _money(window: Window, labels: int) -> float | None:
    gained, lost = window.sum("mdlc_money_gained_total"), window.sum("mdlc_money_lost_total")
    if not labels or (gained is None and lost is None):
        return None
    return ((gained or 0.0) - (lost or 0.0)) / labels


def _money_error(window: Window, labels: int) -> float | None:
    """Return the standard error of the mean, from the sum of squares."""
    mean, squares = _money(window, labels), window.sum("mdlc_money_squared_sum_total")
    if mean is None or squares is None:
        return None
    # Rounding can make the difference of two equal numbers negative.
    return math.sqrt(max(squares / labels - mean**2, 0.0) / max(labels - 1, 1))


def _calibration(window: Window, labels: int) -> list[CalibrationSignal]:
    """Return each class's predicted and observed share, and how many standard errors lie between.

    Observed - predicted counts sum independent Bernoulli trials, whose variance is the sum of
    p (1 - p) (D. J. Spiegelhalter, Statistics in Medicine 5, 1986).
    """
    predicted = by(window.series("mdlc_class_predicted_sum_total"), "class")
    observed = by(window.series("mdlc_class_observed_total"), "class")
    variance = by(window.series("mdlc_class_variance_sum_total"), "class")
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
    """Return the index of every feature and of the prediction, features first, by name."""
    window = Window(store, match=match, start=time - monitor.window, end=time)
    live = _by_feature(window.series("mdlc_feature_bin_total"))
    live[PREDICTION] = by(window.series("mdlc_prediction_bin_total"), "bin")
    # Each replica shows the same training counts, so they are not summed.
    trained = _by_feature(store.value("mdlc_reference_bin_count", match=match, time=time), top=True)
    names = sorted({*live, *trained} - {PREDICTION})
    least = monitor.drift.min_predictions if settled else math.inf
    return [
        _signal(name, trained.get(name, {}), live.get(name, {}), least)
        for name in [*names, PREDICTION]
    ]


def _by_feature(series: dict[Labels, float], *, top: bool = False) -> dict[str, dict[str, float]]:
    """Gather {feature: {bin: count}}, over replicas by their sum or, with `top`, their maximum."""
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
