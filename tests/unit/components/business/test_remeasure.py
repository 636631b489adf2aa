"""The business case after a run, and the goals."""

import math

import pytest

from mdlc.components.business.stage import assess, goal_states, remeasure
from mdlc.core.errors import StageError

MEASURED = {"build": 1.2, "rule": 0.9, "nothing": -0.2}


def by_name(case, name):
    return next(way for way in case.alternatives if way.name == name)


@pytest.fixture
def again(business, tmp_path):
    def make(measured, *, metrics=None, sensitive=(), **changes):
        section = business(**changes)
        case = assess(section, sensitive=list(sensitive), features=["secret"], out=tmp_path)
        return remeasure(case, measured=measured, business=section, metrics=metrics)

    return make


def test_measured_money_replaces_what_was_expected(again):
    case = again(MEASURED, expected_money_per_decision=3)
    build, rule, nothing = (by_name(case, name) for name in ("build", "rule", "nothing"))
    assert build.money_per_decision == 1.2
    assert all(way.measured for way in (build, rule, nothing))
    assert build.net_present_value == pytest.approx(2 * (1000 * 1.4 - 100) - 1000)
    assert rule.net_present_value == pytest.approx(2 * 1000 * 1.1)
    assert case.best == "rule"
    assert case.sensitivities[0].break_even == pytest.approx(1200 / 600)


def test_what_is_not_measured_stays_as_it_was(again):
    case = again({"build": 1.2, "rule": math.nan}, expected_money_per_decision=3)
    assert (by_name(case, "rule").money_per_decision, by_name(case, "rule").measured) == (None, 0)
    assert by_name(case, "build").measured
    assert any("not compared, its money is not known: rule" in note for note in case.notes)


def test_an_infinite_measurement_leaves_the_expectation(again):
    build = by_name(again({"build": math.inf}, expected_money_per_decision=3), "build")
    assert (build.money_per_decision, build.measured) == (3, False)


def test_a_refusal_stays(again):
    options = {"buy": {"name": "cloud", "money_per_decision": 9}}
    assert again(MEASURED, options=options, sensitive=["secret"]).best != "buy"
    assert again(MEASURED, options=options).best == "buy"


def test_measuring_a_service_is_an_error(again):
    with pytest.raises(StageError, match="buy cannot be measured"):
        again({"buy": 1.0})


GOALS = [
    {"metric": "money_per_year", "at_least": 1200, "by": "2027-01-01"},
    {"metric": "log_loss", "at_most": 0.5, "by": "2027-01-01"},
    {"metric": "auc", "at_least": 0.8, "by": "2027-01-01"},
]


def test_goals_are_judged_by_measured_money_and_metrics(again):
    case = again(MEASURED, metrics={"log_loss": 0.6}, goals=GOALS)
    assert [goal.met for goal in case.goals] == [True, False, None]
    assert case.goals[0].value == pytest.approx(1200)


def test_a_goal_at_its_bound_is_met_and_nan_is_not_known(business):
    section = business(goals=GOALS)
    states = goal_states(section, {"log_loss": 0.5, "auc": math.nan})
    assert [state.met for state in states] == [None, True, None]
    assert states[1].bound == "<= 0.5"
