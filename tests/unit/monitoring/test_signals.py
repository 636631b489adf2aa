"""Signals are differences of counters over the window, and None where the data do not tell."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from mdlc.core.spec.monitor import Drift, Monitor, Quality
from mdlc.monitoring.fake_predictor import DAY, MODEL, START, FakePredictor
from mdlc.monitoring.sample_store import SampleStore, parse
from mdlc.monitoring.signals import Signals, measure

MONITOR = Monitor(warm_up="0s", drift=Drift(min_predictions=100), quality=Quality(min_labels=100))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SampleStore]:
    store = SampleStore(tmp_path / "samples.sqlite", keep=60 * DAY)
    yield store
    store.close()


def at(store: SampleStore, day: int, version: str = "1") -> Signals:
    match = {"model": MODEL, "version": version}
    return measure(store, monitor=MONITOR, match=match, time=START + day * DAY)


def scrape(store: SampleStore, predictor: FakePredictor, day: int) -> None:
    store.append(START + day * DAY, parse(predictor.show()))


def test_quality_is_the_mean_over_the_labels_of_the_window(store: SampleStore) -> None:
    predictor = FakePredictor()
    scrape(store, predictor, 0)
    predictor.predict({"0": 400})
    predictor.label(200, positive=50, p=0.2, money=-0.5)
    scrape(store, predictor, 1)
    signals = at(store, 1)
    assert (signals.predictions, signals.labels) == (400, 200)
    assert signals.accuracy == pytest.approx(150 / 200)
    loss = -(0.25 * math.log(0.2) + 0.75 * math.log(0.8))
    entropy = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert signals.log_loss == pytest.approx(loss)
    assert signals.skill == pytest.approx(1 - loss / entropy)
    assert signals.money_per_decision == pytest.approx(-0.5)
    assert signals.mae is None  # a classifier has none


def test_little_traffic_is_judged_over_the_long_window(store: SampleStore) -> None:
    predictor = FakePredictor()
    scrape(store, predictor, 0)
    for day in range(1, 21):
        predictor.predict({"0": 10})
        predictor.label(10, positive=2, p=0.2, money=0.5)
        scrape(store, predictor, day)
    early, later = at(store, 9), at(store, 20)
    assert (early.labels, early.judged_labels, early.accuracy) == (70, 90, None)
    assert (later.labels, later.judged_labels, later.served_long) == (70, 200, False)
    assert later.accuracy == pytest.approx(0.8)
    assert later.money_per_decision == pytest.approx(0.5)


def test_the_error_of_money_is_that_of_a_mean(store: SampleStore) -> None:
    predictor = FakePredictor()
    scrape(store, predictor, 0)
    earned = [3.0] * 60 + [-1.0] * 140
    predictor.label(60, positive=12, p=0.2, money=3.0)
    predictor.label(140, positive=28, p=0.2, money=-1.0)
    scrape(store, predictor, 1)
    error = statistics.stdev(earned) / math.sqrt(len(earned))
    assert at(store, 1).money_error == pytest.approx(error)


def test_without_squares_there_is_no_error(store: SampleStore) -> None:
    predictor = FakePredictor()
    scrape(store, predictor, 0)
    predictor.add("mdlc_labels_total", 200, of={})
    predictor.add("mdlc_money_gained_total", 200, of={}, currency="EUR")
    scrape(store, predictor, 1)
    assert (at(store, 1).money_per_decision, at(store, 1).money_error) == (1.0, None)


def test_calibration_counts_standard_errors(store: SampleStore) -> None:
    predictor = FakePredictor()
    scrape(store, predictor, 0)
    predictor.label(400, positive=120, p=0.2)
    scrape(store, predictor, 1)
    yes = at(store, 1).calibration[1]
    assert (yes.label, yes.observed) == ("yes", 0.3)
    assert yes.predicted == pytest.approx(0.2)
    assert yes.z == pytest.approx(40 / math.sqrt(400 * 0.2 * 0.8))


def test_saying_the_shares_has_no_skill_and_one_class_alone_has_none_to_tell(
    store: SampleStore,
) -> None:
    predictor = FakePredictor()
    scrape(store, predictor, 0)
    predictor.label(200, positive=40, p=0.2)
    predictor.label(200, positive=0, p=0.2, version="2")
    scrape(store, predictor, 1)
    assert at(store, 1).skill == pytest.approx(0)
    assert at(store, 1, version="2").skill is None


def test_too_few_labels_say_nothing(store: SampleStore) -> None:
    predictor = FakePredictor()
    scrape(store, predictor, 0)
    predictor.label(99, positive=50, p=0.5)
    scrape(store, predictor, 1)
    signals = at(store, 1)
    assert signals.labels == 99
    assert signals.accuracy is signals.log_loss is signals.skill is None
    assert signals.money_per_decision is None
    assert signals.calibration == []


def test_regression_has_an_error_and_no_calibration(store: SampleStore) -> None:
    predictor = FakePredictor()
    scrape(store, predictor, 0)
    predictor.add("mdlc_labels_total", 100, of={})
    predictor.add("mdlc_absolute_error_sum_total", 250, of={})
    scrape(store, predictor, 1)
    signals = at(store, 1)
    assert signals.mae == 2.5
    assert signals.skill is signals.log_loss is None
    assert signals.calibration == []


def test_the_label_ratio_is_of_the_predictions_that_are_due(store: SampleStore) -> None:
    predictor = FakePredictor()
    scrape(store, predictor, 0)
    for day in range(1, 15):
        predictor.predict({"0": 100})
        if day > 3:
            predictor.label(40, positive=20, p=0.5)
        scrape(store, predictor, day)
    assert at(store, 2).label_ratio is None  # none is three days old
    assert at(store, 14).due == 700
    assert at(store, 14).label_ratio == pytest.approx(0.4)


def test_drift_compares_the_window_with_the_training_counts(store: SampleStore) -> None:
    predictor = FakePredictor()
    predictor.train({"0": 5000, "1": 5000})
    scrape(store, predictor, 0)
    predictor.predict({"0": 50, "1": 50})
    scrape(store, predictor, 1)
    feature, prediction = at(store, 1).drift
    assert (feature.name, prediction.name) == ("x", "__prediction")
    assert feature.psi == pytest.approx(0, abs=1e-6)
    for day in range(2, 10):
        predictor.predict({"0": 90, "1": 10})
        scrape(store, predictor, day)
    moved = at(store, 9).drift[0].psi
    assert moved is not None
    assert moved > 0.5


def test_too_few_predictions_are_not_no_drift(store: SampleStore) -> None:
    predictor = FakePredictor()
    predictor.train({"0": 5000, "1": 5000})
    scrape(store, predictor, 0)
    predictor.predict({"0": 99})
    scrape(store, predictor, 1)
    signal = at(store, 1).drift[0]
    assert signal.psi is None
    assert signal.predictions == 99
    assert math.isfinite(signal.noise)


def test_replicas_show_one_training_profile_and_their_counts_add_up(store: SampleStore) -> None:
    predictor = FakePredictor()
    for instance in ("a", "b"):
        predictor.train({"0": 500, "1": 500}, instance=instance)
    scrape(store, predictor, 0)
    predictor.predict({"0": 80}, instance="a")
    predictor.predict({"1": 80}, instance="b")
    scrape(store, predictor, 1)
    signal = at(store, 1).drift[0]
    assert signal.predictions == 160
    assert signal.psi == pytest.approx(0, abs=1e-6)
    assert signal.noise == pytest.approx(10.83 * (1 / 160 + 1 / 1000), rel=0.01)


def test_a_feature_without_training_counts_is_shown_as_unknown(store: SampleStore) -> None:
    predictor = FakePredictor()
    scrape(store, predictor, 0)
    predictor.predict({"0": 500})
    scrape(store, predictor, 1)
    assert [signal.psi for signal in at(store, 1).drift] == [None, None]


def test_a_version_is_not_judged_before_it_has_served_for_the_warm_up(store: SampleStore) -> None:
    """Rows of one day share its weather: their number alone does not make them a sample."""
    patient = MONITOR.model_copy(update={"warm_up": 2 * DAY})
    match = {"model": MODEL, "version": "1"}
    predictor = FakePredictor()
    for day in range(3):
        scrape(store, predictor, day)
        predictor.predict({"0": 400})
        predictor.label(200, positive=50, p=0.2)
    early = measure(store, monitor=patient, match=match, time=START + DAY)
    later = measure(store, monitor=patient, match=match, time=START + 2 * DAY)
    assert early.labels == 200
    assert (early.accuracy, early.log_loss, early.calibration) == (None, None, [])
    assert all(signal.psi is None for signal in early.drift)
    assert later.accuracy is not None
