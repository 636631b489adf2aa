"""Each alert's condition: met, not met, or unknown."""

from __future__ import annotations

import pytest

from mdlc.core.profile import PREDICTION
from mdlc.core.spec.monitor import Monitor
from mdlc.monitoring.alert_conditions import AlertCondition, judge, money_bound
from mdlc.monitoring.signals import Signals
from mdlc.state.watch_documents import Baseline, CalibrationSignal, DriftSignal

FINE = Signals(
    predictions=5000,
    labels=5000,
    judged_labels=5000,
    due=5000,
    label_ratio=1.0,
    accuracy=0.9,
    log_loss=0.3,
    skill=0.4,
    mae=None,
    money_per_decision=2.0,
    calibration=[CalibrationSignal(label="yes", predicted=0.5, observed=0.5, z=0.0)],
    drift=[DriftSignal(name="x", psi=0.01, noise=0.005, predictions=5000)],
)
BASELINE = Baseline(version="1", money_per_decision=2.0, log_loss=0.3, mae=None)


def judged(
    signals: Signals, *, ignored: tuple[str, ...] = ()
) -> dict[tuple[str, str], AlertCondition]:
    found = judge(signals, monitor=Monitor(), baseline=BASELINE, ignored=ignored)
    return {(item.name, item.subject): item for item in found}


def drifted(name: str, psi: float | None, noise: float = 0.01, trained: bool = True) -> Signals:
    signal = DriftSignal(name=name, psi=psi, noise=noise, predictions=5000, trained=trained)
    return FINE._replace(drift=[signal])


def test_nothing_is_met_when_all_is_well() -> None:
    assert not [item for item in judged(FINE).values() if item.met is not False]


@pytest.mark.parametrize(
    ("psi", "noise", "met", "reason"),
    [
        (0.09, 0.01, False, ""),
        (0.11, 0.01, True, ""),
        (0.26, 0.01, True, "drift"),
        (0.2, 0.3, False, ""),  # within chance
        (0.35, 0.3, True, "drift"),
        (None, 0.01, None, ""),
    ],
)
def test_drift_is_judged_against_the_stated_bound_or_the_noise(
    psi: float | None, noise: float, met: bool | None, reason: str
) -> None:
    for name, alert in (("x", "FeatureDrift"), (PREDICTION, "PredictionDrift")):
        condition = judged(drifted(name, psi, noise))[alert, name]
        assert (condition.met, condition.reason) == (met, reason)
        assert condition.severity == "warning"


def test_identifiers_never_alert() -> None:
    assert ("FeatureDrift", "x") not in judged(drifted("x", 3.0), ignored=("x",))


@pytest.mark.parametrize(
    ("predicted", "observed", "z", "met"),
    [
        (0.5, 0.6, 9.0, True),
        (0.5, 0.6, 3.0, False),  # within chance
        (0.5, 0.55, 9.0, False),  # too small to matter
        (0.01, 0.04, 9.0, False),  # too rare
        (0.0, 0.5, 99.0, True),
    ],
)
def test_calibration_must_be_off_by_much_and_not_by_chance(
    predicted: float, observed: float, z: float, met: bool
) -> None:
    even = CalibrationSignal(label="a", predicted=0.3, observed=0.3, z=0.1)
    odd = CalibrationSignal(label="b", predicted=predicted, observed=observed, z=z)
    condition = judged(FINE._replace(calibration=[even, odd]))["CalibrationOff", ""]
    assert (condition.met, condition.reason) == (met, "calibration")


def test_the_named_class_is_the_worst_of_those_beyond_chance() -> None:
    noisy = CalibrationSignal(label="noisy", predicted=0.1, observed=0.2, z=1.0)
    wrong = CalibrationSignal(label="wrong", predicted=0.5, observed=0.7, z=8.0)
    condition = judged(FINE._replace(calibration=[noisy, wrong]))["CalibrationOff", ""]
    assert condition.met
    assert "wrong" in condition.summary


def test_skill_and_money_have_bounds_and_reasons() -> None:
    found = judged(FINE._replace(skill=-0.01, money_per_decision=0.99))
    assert (found["SkillLow", ""].met, found["SkillLow", ""].reason) == (True, "skill")
    assert (found["MoneyLow", ""].met, found["MoneyLow", ""].reason) == (True, "money")


def test_a_model_that_loses_less_than_nothing_else_may_lose_as_much_more() -> None:
    assert money_bound(-2.0, ratio=0.5) == -3.0
    assert money_bound(-2.0, ratio=1.0) == -2.0
    assert money_bound(0.0, ratio=0.5) == 0.0


@pytest.mark.parametrize(("error", "met"), [(None, True), (0.1, True), (0.25, False)])
def test_money_is_low_only_beyond_its_noise(error: float | None, met: bool) -> None:
    """The bound is 1.0; an old predictor counts no squares, so there is no error to go by."""
    found = judged(FINE._replace(money_per_decision=0.4, money_error=error))["MoneyLow", ""]
    assert found.met is met


def test_accuracy_is_judged_where_the_file_has_a_bound() -> None:
    assert ("AccuracyLow", "") not in judged(FINE)
    monitor = Monitor.model_validate({"quality": {"min_accuracy": 0.95}})
    for accuracy, met in ((0.9, True), (0.96, False), (None, None)):
        signals = FINE._replace(accuracy=accuracy)
        found = judge(signals, monitor=monitor, baseline=BASELINE, ignored=())
        low = next(item for item in found if item.name == "AccuracyLow")
        assert (low.met, low.severity, low.reason) == (met, "critical", "accuracy")


def test_quality_without_enough_labels_is_unknown() -> None:
    few = FINE._replace(judged_labels=3, skill=None, money_per_decision=None, calibration=[])
    found = judged(few)
    assert found["SkillLow", ""].met is found["MoneyLow", ""].met is None
    assert found["CalibrationOff", ""].met is None
    assert found["NotEnoughData", "labels"].met
    assert found["NotEnoughData", "labels"].severity == "info"
    assert not found["QualityUnknown", ""].met
    lasting = judged(few._replace(served_long=True))["QualityUnknown", ""]
    assert (lasting.met, lasting.severity) == (True, "warning")


def test_labels_are_late_or_missing_but_not_both() -> None:
    late = judged(FINE._replace(labels=100, due=1000, label_ratio=0.1))
    assert (late["LabelsLate", ""].met, late["FeedbackMissing", ""].met) == (True, False)
    none = judged(FINE._replace(labels=0, due=1000, label_ratio=0.0))
    assert (none["LabelsLate", ""].met, none["FeedbackMissing", ""].met) == (False, True)


def test_nobody_owes_labels_for_trying_the_model_out() -> None:
    found = judged(FINE._replace(labels=0, due=3, label_ratio=0.0))
    assert found["LabelsLate", ""].met is found["FeedbackMissing", ""].met is None


def test_counts_without_training_counts_are_said_to_be_unjudged() -> None:
    condition = judged(drifted("x", None, trained=False))["NotEnoughData", "reference"]
    assert condition.met
    assert "x" in condition.summary
