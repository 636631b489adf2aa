"""Each alert about the model fires when it should, and not when it should not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mdlc.monitoring.fake_predictor import START
from tests.unit.monitoring.rules.history import History, lifecycle

pytestmark = pytest.mark.services

MONITOR: dict[str, Any] = {
    **{"window": "30m", "long_window": "60m", "warm_up": "0s", "labels_within": "5m"},
    **{"hold": "5m", "drift": {"min_predictions": 100, "ignore": ["ignored"]}},
    "quality": {"min_labels": 100, "min_accuracy": 0.6},
}
EVEN, MOVED = {"0": 50.0, "1": 50.0}, {"0": 75.0, "1": 25.0}


def begin(folder: Path, *, bins: dict[str, float] = EVEN, **spec: Any) -> History:
    """Return a life whose predictor has just begun to serve."""
    spec = {"monitor": MONITOR, "retrain": {"when": []}, **spec}
    history = History(lifecycle(**spec), folder)
    predictor = history.predictor
    predictor.start(START)
    predictor.serve(promised=1.0)
    predictor.train(dict.fromkeys(bins, 5000))
    predictor.predict(dict.fromkeys(bins, 0))
    predictor.label(0, positive=0, p=0.8)
    history.tick()
    return history


def live(history: History, ticks: int, bins: dict[str, float] = EVEN, **labels: Any) -> None:
    """Let ticks pass with rows in these bins, and labels."""
    for _ in range(ticks):
        history.predictor.predict(bins)
        if labels:
            history.predictor.label(**labels)
        history.tick()


GOOD: dict[str, Any] = {"count": 50, "positive": 40, "p": 0.8, "money": 1.0}


def both_classes(history: History, ticks: int, *, right: float, money: float = 1.0) -> None:
    """Let ticks pass with labels of which a share is right, of either class."""
    for _ in range(ticks):
        history.predictor.predict(EVEN)
        for p, positive in ((0.8, 50 * right), (0.2, 50 * (1 - right))):
            history.predictor.label(50, positive=positive, p=p, money=money)
        history.tick()


def test_a_quiet_life(tmp_path: Path) -> None:
    history = begin(tmp_path)
    both_classes(history, 40, right=0.8)
    for name in (
        *("FeatureDrift", "PredictionDrift", "CalibrationOff", "SkillLow", "AccuracyLow"),
        *("MoneyLow", "LabelsLate", "FeedbackMissing", "NotEnoughData", "SchemaChanged"),
    ):
        history.alert(name)
    history.check()


def test_drift_warns_and_from_retrain_on_gives_a_reason(tmp_path: Path) -> None:
    history = begin(tmp_path)
    live(history, 5, MOVED)
    history.alert("FeatureDrift")  # its hold is not over
    live(history, 3, MOVED)
    of_x = {"severity": "warning", "subject": "x", "version": "1"}
    of_all = {**of_x, "subject": "__prediction"}
    assert 0.25 < (history.signals().drift[0].psi or 0) < 0.3
    history.alert("FeatureDrift", of_x, {"reason": "drift", **of_x})
    history.alert("PredictionDrift", of_all, {"reason": "drift", **of_all})
    live(history, 9, {"0": 60, "1": 40})
    assert 0.1 < (history.signals().drift[0].psi or 0) < 0.25
    history.alert("FeatureDrift", of_x)
    live(history, 40)
    history.alert("FeatureDrift")
    history.check()


def test_drift_within_chance_is_none(tmp_path: Path) -> None:
    """PSI above the stated bound, and below what so few rows do by chance."""
    tight = {**MONITOR, "drift": {"min_predictions": 50, "warn": 0.001, "retrain": 0.002}}
    history = begin(tmp_path, monitor=tight)
    live(history, 1, {"0": 28, "1": 22})
    history.tick(8)
    signal = history.signals().drift[0]
    assert 0.002 < (signal.psi or 0) < signal.noise
    history.alert("FeatureDrift")
    history.check()


def test_ignored_features_and_identifiers_never_alert(tmp_path: Path) -> None:
    history = begin(tmp_path)
    for feature in ("ignored", "id", "watched"):
        for name in EVEN:
            where = {"feature": feature, "bin": name}
            history.predictor.add("mdlc_reference_bin_count", 500, of={}, **where)
            history.predictor.add("mdlc_feature_bin_total", 0, of={}, **where)
    for _ in range(9):
        for feature in ("ignored", "id", "watched"):
            history.predictor.add("mdlc_feature_bin_total", 90, of={}, feature=feature, bin="1")
        history.tick()
    found = {"severity": "warning", "subject": "watched", "version": "1"}
    history.alert("FeatureDrift", found, {"reason": "drift", **found})
    history.check()


def test_too_little_data_is_said_and_not_judged(tmp_path: Path) -> None:
    history = begin(tmp_path)
    live(history, 1, {"0": 90, "1": 0}, count=50, positive=5, p=0.8)
    history.tick(8)
    few = {"severity": "info", "version": "1"}
    history.alert("NotEnoughData", {"subject": "labels", **few}, {"subject": "predictions", **few})
    for name in ("FeatureDrift", "CalibrationOff", "SkillLow"):
        history.alert(name)
    history.check()


def test_too_few_labels_for_the_whole_long_window_are_an_alert(tmp_path: Path) -> None:
    history = begin(tmp_path)
    for _ in range(8):
        history.predictor.predict(EVEN)
        history.tick()
    history.alert("QualityUnknown")
    long = history.lifecycle.spec.monitor.long_window // history.step
    for _ in range(long + 8):
        history.predictor.predict(EVEN)
        history.tick()
    assert history.signals().served_long
    history.alert("QualityUnknown", {"severity": "warning", "version": "1"})
    history.check()


def test_counted_features_without_training_counts_are_said(tmp_path: Path) -> None:
    history = begin(tmp_path)
    for _ in range(9):
        history.predictor.add("mdlc_feature_bin_total", 90, of={}, feature="new", bin="0")
        both_classes(history, 1, right=0.8)
    reference = {"severity": "info", "subject": "reference", "version": "1"}
    history.alert("NotEnoughData", reference)
    history.check()


def test_a_firing_alert_stands_while_the_data_do_not_tell(tmp_path: Path) -> None:
    history = begin(tmp_path)
    live(history, 10, {"0": 90, "1": 10})
    of_x = {"severity": "warning", "subject": "x", "version": "1"}
    both = [of_x, {"reason": "drift", **of_x}]
    history.alert("FeatureDrift", *both)
    history.tick(35)  # no row in the window any more
    history.expect('model_version_feature:mdlc_psi:value_short{feature="x"}', None)
    history.alert("FeatureDrift", *both)
    history.predictor.serve(version="2")  # a new version ends what was said of the old one
    for key in [k for k in history.predictor.counts if k[0] == "mdlc_model_info"]:
        if dict(key[1])["version"] == "1":
            del history.predictor.counts[key]
    history.tick(2)
    history.alert("FeatureDrift")
    history.check()


def test_quality_that_fell(tmp_path: Path) -> None:
    history = begin(tmp_path)
    both_classes(history, 10, right=0.3)
    critical = {"severity": "critical", "version": "1"}
    history.alert("AccuracyLow", {"reason": "accuracy", **critical})
    history.alert("SkillLow", {"reason": "skill", **critical})
    history.alert("CalibrationOff")  # as many of each class came as were predicted
    history.check()


def test_without_a_bound_accuracy_is_not_judged(tmp_path: Path) -> None:
    monitor = {**MONITOR, "quality": {"min_labels": 100}}
    history = begin(tmp_path, monitor=monitor)
    both_classes(history, 10, right=0.3)
    history.alert("AccuracyLow")
    history.check()


def test_calibration_of_each_class(tmp_path: Path) -> None:
    history = begin(tmp_path)
    live(history, 10, count=50, positive=25, p=0.8)
    off = {"reason": "calibration", "severity": "warning", "version": "1"}
    history.alert("CalibrationOff", {"subject": "yes", **off}, {"subject": "no", **off})
    history.check()


def test_money_below_the_promise(tmp_path: Path) -> None:
    history = begin(tmp_path)
    live(history, 10, count=50, positive=40, p=0.8, money=0.4)
    history.annotated(
        "MoneyLow",
        {
            "exp_labels": {
                **{"model": "m", "severity": "critical", "reason": "money", "version": "1"},
            },
            "exp_annotations": {
                "summary": "m: decisions earn less than was promised at promotion",
                "description": "Version 1: 0.4 USD per decision, at least 0.5, by more than 3"
                " standard errors.",
                "runbook_url": "docs/alerts.md#moneylow",
                "dashboard": "/d/mdlc-m-life",
            },
        },
    )
    history.check()


def test_money_below_its_bound_by_no_more_than_noise(tmp_path: Path) -> None:
    """Python, too, keeps quiet."""
    history = begin(tmp_path)
    for _ in range(10):
        history.predictor.predict(EVEN)
        for money in (-10, 10.8):  # 0.4 on average, with a standard error of 1
            history.predictor.label(5, positive=4, p=0.8, money=money)
        history.tick()
    found = history.signals()
    assert (found.money_per_decision or 0) == pytest.approx(0.4)
    assert (found.money_error or 0) > 0.5
    history.alert("MoneyLow")
    history.check()


def test_labels_that_stop(tmp_path: Path) -> None:
    history = begin(tmp_path)
    live(history, 10, **GOOD)
    live(history, 20)
    at = {"severity": "warning", "version": "1"}
    history.alert("LabelsLate", at)
    history.alert("FeedbackMissing")
    live(history, 20)
    history.alert("LabelsLate")
    history.alert("FeedbackMissing", at)
    history.check()


def test_a_column_that_is_suddenly_missing(tmp_path: Path) -> None:
    history = begin(tmp_path, bins={**EVEN, "missing": 0.0})
    live(history, 10)
    history.alert("SchemaChanged")
    live(history, 15, {"0": 5, "1": 5, "missing": 190})
    history.alert("SchemaChanged", {"severity": "warning", "subject": "x", "version": "1"})
    history.check()


def test_requests_that_are_refused(tmp_path: Path) -> None:
    history = begin(tmp_path)
    errors = 'mdlc_request_errors_total{model="m",reason="invalid_input",job="j",instance="a"}'
    count = 'mdlc_request_seconds_count{model="m",protocol="v1",job="j",instance="a"}'
    for tick in range(20):
        history.others = {errors: 0.0, count: 100.0 * tick}
        history.tick()
    history.alert("SchemaChanged")
    for tick in range(20, 40):
        history.others = {errors: 5.0 * (tick - 19), count: 100.0 * tick}
        history.tick()
    history.alert("SchemaChanged", {"severity": "warning", "subject": "requests"})
    history.check()


def test_rows_that_stay_away(tmp_path: Path) -> None:
    history = begin(tmp_path, monitor={**MONITOR, "data_within": "10m"})
    live(history, 10)
    history.tick(5)
    history.alert("DataLate")
    history.tick(6)
    history.alert("DataLate", {"severity": "warning"})
    history.check()


def test_a_milestone_that_is_missed_and_one_that_is_yet_to_come(tmp_path: Path) -> None:
    goals = [
        {"metric": "money_per_decision", "at_least": 0.9, "by": "1960-01-01"},
        {"metric": "accuracy", "at_least": 0.99, "by": "2099-01-01"},
        {"metric": "log_loss", "at_most": 0.0001, "by": "1960-01-01"},
        {"metric": "money_per_year", "at_least": 3, "by": "1960-01-01"},
    ]
    history = begin(tmp_path, business={"goals": goals, "decisions_per_year": 10})
    live(history, 10, count=50, positive=40, p=0.8, money=0.4)
    by = {"severity": "warning"}
    history.alert(
        "MilestoneMissed",
        {**by, "subject": "money_per_decision by 1960-01-01"},
        {**by, "subject": "log_loss by 1960-01-01"},
    )
    history.check()
