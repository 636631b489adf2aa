"""Increments lose nothing and count nothing twice."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from mdlc.monitoring.fake_predictor import START
from tests.unit.monitoring.rules.history import STEP, History, lifecycle

pytestmark = pytest.mark.services

SUM = 'model_version:mdlc_predictions:sum_short{version="%s"}'
MONITOR = {
    "window": "6h",
    "long_window": "12h",
    "warm_up": "0s",
    "hold": "10m",
    "labels_within": "1h",
}


@pytest.fixture
def history(tmp_path: Path) -> History:
    life = History(lifecycle(monitor=MONITOR), tmp_path)
    life.predictor.start(START)
    life.tick()
    return life


def predicted(history: History, value: float | None, version: str = "1") -> None:
    history.expect(SUM % version, value)
    if value is not None:
        assert history.signals(version).predictions == value


def test_a_restart_is_counted_from_0(history: History) -> None:
    history.predictor.predict({"0": 70})
    history.tick(3)
    history.predictor.restart()
    history.predictor.start(START + 4 * STEP)
    history.predictor.predict({"0": 30})
    history.tick()
    predicted(history, 100)
    history.check()


def test_a_new_process_that_counted_more_than_the_old_one_is_counted_whole(
    history: History,
) -> None:
    """What the value alone does not tell: Python's store, which sees no process, takes 40."""
    history.predictor.predict({"0": 60})
    history.tick(3)
    history.predictor.restart()
    history.predictor.start(START + 4 * STEP)
    history.predictor.predict({"0": 100})
    history.tick(3)
    history.expect(SUM % "1", 160)
    history.check()


def test_a_rolling_update_loses_nothing(history: History) -> None:
    history.predictor.predict({"0": 70})
    history.tick(5)
    history.predictor.start(START + 5 * STEP, instance="new")
    history.predictor.predict({"0": 5}, instance="new")
    history.predictor.predict({"0": 4})
    history.tick()
    for key in [key for key in history.predictor.counts if dict(key[1]).get("instance") != "new"]:
        del history.predictor.counts[key]
    history.predictor.predict({"0": 6}, instance="new")
    history.tick(10)
    predicted(history, 85)
    history.check()


def test_replicas_and_versions(history: History) -> None:
    history.predictor.start(START, instance="b")
    history.predictor.predict({"0": 10})
    history.predictor.predict({"0": 20}, instance="b")
    history.tick(2)
    history.predictor.predict({"0": 7}, instance="b", version="2")
    history.tick(2)
    predicted(history, 30)
    predicted(history, 7, version="2")
    history.expect("model:mdlc_predictions:sum_short", 37)
    history.check()


def test_a_new_bin_in_an_old_process_began_at_0(history: History) -> None:
    history.tick(120)
    history.predictor.predict({"rare": 3})
    history.tick()
    rows = 'model_version_feature_bin:mdlc_rows:sum_short{feature="x",bin="rare"}'
    history.expect(rows, None)  # x has no bin that was known: nothing tells how old it is
    history.predictor.predict({"rare": 1, "other": 2})
    history.tick()
    history.expect(rows, 1)
    history.expect(rows.replace("rare", "other"), 2)
    history.check()


def test_half_an_hour_without_prometheus_loses_nothing(history: History) -> None:
    history.predictor.predict({"0": 5})
    history.tick(3)
    history.predictor.predict({"0": 50})
    history.tick(30, down=True)
    history.predictor.predict({"0": 500})
    history.tick(2)
    predicted(history, 555)
    history.check()


def test_a_restart_while_prometheus_is_away_is_one(history: History) -> None:
    history.predictor.predict({"0": 5})
    history.tick(3)
    history.tick(20, down=True)
    history.predictor.restart()
    history.predictor.start(START + 20 * STEP)
    history.predictor.predict({"0": 50})
    history.tick(2)
    history.expect(SUM % "1", 55)
    history.check()


def test_after_a_longer_gap_nothing_is_counted_twice(history: History) -> None:
    """What was counted meanwhile is of unknown age."""
    history.predictor.predict({"0": 5})
    history.tick(3)
    history.predictor.predict({"0": 50})
    history.tick(90, down=True)
    history.predictor.predict({"0": 500})
    history.tick(2)
    history.expect(SUM % "1", 5)
    history.predictor.predict({"0": 1})
    history.tick()
    history.expect(SUM % "1", 6)
    history.check()


def test_first_sight_of_an_old_process_counts_nothing(tmp_path: Path) -> None:
    life = History(lifecycle(monitor=MONITOR), tmp_path)
    life.predictor.start(START - timedelta(days=2))
    life.predictor.predict({"0": 5000})
    life.tick(3)
    life.expect(SUM % "1", 0)
    life.predictor.predict({"0": 8})
    life.tick()
    predicted(life, 8)
    life.check()


def test_a_process_that_lived_between_two_evaluations_counts(history: History) -> None:
    """Scraped once, gone before it was evaluated: its last scrape is looked for."""
    step = timedelta(minutes=4)
    assert step > STEP
    history.tick(2)
    history.predictor.start(START + 3 * STEP, instance="brief")
    history.predictor.predict({"0": 9}, instance="brief")
    history.tick()
    for key in [key for key in history.predictor.counts if dict(key[1]).get("instance")]:
        del history.predictor.counts[key]
    history.tick(5)
    predicted(history, 9)
    history.check()


def test_targets_with_other_labels_are_not_counted_again(history: History) -> None:
    """A relabelled target shows old counts under a new name."""
    history.predictor.predict({"0": 5})
    history.tick(100)
    for name in [key for key in history.predictor.counts if key[0] != "process_start_time_seconds"]:
        value = history.predictor.counts.pop(name)
        history.predictor.counts[name[0], (*name[1], ("team", "x"))] = value
    history.tick(2)
    history.expect(SUM % "1", 5)
    history.check()


def test_a_window_ends(history: History) -> None:
    history.predictor.predict({"0": 5})
    history.tick()
    history.tick(359)
    history.expect(SUM % "1", 5)
    history.tick()
    history.expect(SUM % "1", 0)
    history.check()
