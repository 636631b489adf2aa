"""One scrape in, all signals and alerts out: a model's month, day by day."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest

from mdlc.core.spec.monitor import Drift, Monitor, Quality
from mdlc.monitoring.alert_states import reasons
from mdlc.monitoring.fake_predictor import DAY, MODEL, START, FakePredictor
from mdlc.monitoring.watch import Watch
from mdlc.state.watch_documents import Baseline, Observation

MONITOR = Monitor(warm_up="0s", drift=Drift(min_predictions=500), quality=Quality(min_labels=300))
EVEN, MOVED = {"0": 100.0, "1": 100.0}, {"0": 190.0, "1": 10.0}


class Life:
    """A predictor that is observed daily."""

    def __init__(self, folder: Path, *, identifiers: tuple[str, ...] = ()) -> None:
        self.folder, self.identifiers = folder, identifiers
        self.predictor = FakePredictor()
        self.predictor.train({"0": 5000, "1": 5000})
        self.today = 0
        self.observe()

    def observe(self, version: str = "1") -> Observation:
        watch = Watch(MONITOR, model=MODEL, folder=self.folder, identifiers=self.identifiers)
        baseline = Baseline(version=version, money_per_decision=1.0, log_loss=0.5, mae=None)
        time = START + self.today * DAY
        found = watch.observe(time, self.predictor.show(), baseline=baseline)
        watch.close()
        return found

    def pass_days(
        self, days: int, *, bins: dict[str, float] = EVEN, positive: float = 20, labels: int = 100
    ) -> Observation:
        for _ in range(days):
            self.today += 1
            self.predictor.predict(bins)
            if labels:
                self.predictor.label(labels, positive=positive, p=0.2)
            found = self.observe()
        return found


def firing(found: Observation) -> set[str]:
    return {alert.name for alert in found.alerts if alert.state == "firing"}


def test_a_quiet_month_ends_without_an_alert(tmp_path: Path) -> None:
    found = Life(tmp_path).pass_days(28)
    assert found.alerts == []
    assert (found.predictions, found.labels, found.label_ratio) == (1400, 700, 0.5)


def test_at_first_there_is_not_enough_data(tmp_path: Path) -> None:
    found = Life(tmp_path).pass_days(1)
    assert {(item.name, item.subject) for item in found.alerts} == {
        ("NotEnoughData", "predictions"),
        ("NotEnoughData", "labels"),
    }


def test_bad_quality_asks_for_a_retraining_after_the_hold(tmp_path: Path) -> None:
    life = Life(tmp_path)
    life.pass_days(10)
    found = life.pass_days(7, positive=60)
    assert {"CalibrationOff", "SkillLow"} <= firing(found)
    assert reasons(found) == ["calibration", "skill"]


def test_drift_fires_and_identifiers_do_not(tmp_path: Path) -> None:
    found = Life(tmp_path / "a").pass_days(8, bins=MOVED)
    assert firing(found) == {"FeatureDrift", "PredictionDrift"}
    found = Life(tmp_path / "b", identifiers=("x",)).pass_days(8, bins=MOVED)
    assert firing(found) == {"PredictionDrift"}


def test_labels_that_stop_are_noticed(tmp_path: Path) -> None:
    life = Life(tmp_path)
    life.pass_days(12)
    assert "LabelsLate" in firing(life.pass_days(6, labels=0))
    assert "FeedbackMissing" in firing(life.pass_days(3, labels=0))


def test_a_new_version_starts_clean(tmp_path: Path) -> None:
    life = Life(tmp_path)
    life.pass_days(8, bins=MOVED)
    life.today += 1
    found = life.observe(version="2")
    ended = [alert for alert in found.alerts if alert.name == "FeatureDrift"]
    assert [alert.state for alert in ended] == ["resolved"]
    assert found.predictions == 0


def test_a_restarted_predictor_is_not_seen(tmp_path: Path) -> None:
    life = Life(tmp_path)
    life.pass_days(10)
    life.predictor.restart()
    assert life.pass_days(10).predictions == 1400


def test_the_same_scrape_twice_gives_the_same_observation(tmp_path: Path) -> None:
    life = Life(tmp_path)
    found = life.pass_days(10, positive=60)
    assert life.observe() == found


def test_an_observation_survives_json(tmp_path: Path) -> None:
    found = Life(tmp_path).pass_days(9, bins=MOVED)
    assert Observation.model_validate_json(found.model_dump_json()) == found


@pytest.mark.slow
def test_observing_500_series_stays_fast(tmp_path: Path) -> None:
    predictor = FakePredictor()
    for index in range(25):
        for bin_ in range(10):
            for name in ("mdlc_feature_bin_total", "mdlc_reference_bin_count"):
                predictor.add(name, 100, of={}, feature=f"f{index}", bin=str(bin_))
    watch = Watch(Monitor(), model=MODEL, folder=tmp_path, identifiers=())
    baseline = Baseline(version="1", money_per_decision=1.0, log_loss=0.5, mae=None)
    took = []
    for step in range(400):
        predictor.counts = {
            key: value + ("_total" in key[0]) for key, value in predictor.counts.items()
        }
        text = predictor.show()
        began = time.process_time()
        watch.observe(START + step * timedelta(hours=6), text, baseline=baseline)
        took.append(time.process_time() - began)
    watch.close()
    took.sort()
    assert took[200] < 0.1  # seconds of one core; 0.05 and less where nothing else runs
