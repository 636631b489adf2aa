"""A store of scrapes gives of each version what Prometheus would, since the canary began."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from mdlc.canary.canary_judge import by_samples
from mdlc.canary.canary_verdict import VersionCounts
from mdlc.core.errors import DataError
from mdlc.monitoring.fake_predictor import DAY, MODEL, START, FakePredictor
from mdlc.monitoring.sample_store import SampleStore, parse

BINS = {"0": 60.0, "1": 40.0}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SampleStore]:
    made = SampleStore(tmp_path / "samples.sqlite", keep=20 * DAY)
    yield made
    made.close()


def counts(store: SampleStore, *, since: timedelta, now: timedelta) -> dict[str, VersionCounts]:
    return dict(by_samples(store, model=MODEL, now=START + now)(now - since))


def test_each_version_has_its_own_counts_since_the_beginning(store: SampleStore) -> None:
    predictor = FakePredictor()
    predictor.train({"0": 50, "1": 50})
    predictor.predict(BINS)
    store.append(START, parse(predictor.show()))
    predictor.predict(BINS)
    predictor.train({"0": 30, "1": 70}, version="2")
    predictor.predict({"0": 5.0, "1": 15.0}, version="2")
    predictor.add("mdlc_version_failures_total", 3, of={"version": "2"})
    predictor.label(10, positive=4, p=0.4, money=-2.0, version="2")
    store.append(START + DAY, parse(predictor.show()))
    found = counts(store, since=timedelta(0), now=DAY)
    assert found["1"].predictions == 100, "not what was counted before"
    canary = found["2"]
    assert (canary.predictions, canary.failures, canary.labels) == (20, 3, 10)
    assert (canary.bins, canary.reference) == ({"0": 5, "1": 15}, {"0": 30, "1": 70})
    assert (canary.money, canary.money_squared) == (-20, 40)


def test_replicas_are_summed_but_each_shows_the_same_training_counts(store: SampleStore) -> None:
    predictor = FakePredictor()
    store.append(START, parse(predictor.show()))
    for instance in ("a", "b"):
        predictor.train({"0": 50, "1": 50}, instance=instance)
        predictor.predict(BINS, instance=instance)
    store.append(START + DAY, parse(predictor.show()))
    found = counts(store, since=timedelta(0), now=DAY)["1"]
    assert (found.predictions, found.bins) == (200, {"0": 120, "1": 80})
    assert found.reference == {"0": 50, "1": 50}


def test_scoring_times_are_read_from_the_predictors_histogram(store: SampleStore) -> None:
    registry = CollectorRegistry()
    seconds = Histogram("mdlc_scoring_seconds", "x", ["model", "version"], registry=registry)
    seconds.labels(MODEL, "1").observe(1.0)
    store.append(START, parse(generate_latest(registry).decode()))
    for version, each in (("1", 0.5), ("2", 2.0), ("2", 4.0)):
        seconds.labels(MODEL, version).observe(each)
    store.append(START + DAY, parse(generate_latest(registry).decode()))
    found = counts(store, since=timedelta(0), now=DAY)
    assert (found["1"].scorings, found["1"].scoring_seconds) == (1, 0.5)
    assert (found["2"].scorings, found["2"].scoring_seconds) == (2, 6.0)


def test_a_version_that_never_counted_is_absent(store: SampleStore) -> None:
    store.append(START, parse(FakePredictor().show()))
    assert "2" not in counts(store, since=timedelta(0), now=timedelta(0))


def test_a_trial_that_began_before_what_is_kept_is_refused_not_guessed(store: SampleStore) -> None:
    for day in range(40):
        store.append(START + day * DAY, parse(FakePredictor().show()))
    with pytest.raises(DataError, match="no samples are kept"):
        counts(store, since=timedelta(0), now=39 * DAY)
