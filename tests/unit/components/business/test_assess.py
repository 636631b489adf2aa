"""The business case before a run."""

import pytest

from mdlc.components.business.stage import assess
from mdlc.core.documents.business_case import BusinessCase
from mdlc.core.errors import SpecError
from mdlc.core.files import read_document

TEAM = [
    {"role": "scientist", "days": 10, "daily_cost": 500, "days_per_month": 1},
    {"role": "engineer", "days": 4, "daily_cost": 400, "days_per_month": 0.5},
]
BUY = {"name": "cloud", "money_per_decision": 2.0, "per_decision": 0.5}


@pytest.fixture
def case(business, tmp_path):
    def make(*, sensitive=(), features=("a", "b"), **changes):
        return assess(
            business(**changes), sensitive=list(sensitive), features=list(features), out=tmp_path
        )

    return make


def by_name(case, name):
    return next(way for way in case.alternatives if way.name == name)


def says(case, words):
    return any(words in note for note in case.notes)


def test_the_document_on_disk_is_the_one_returned(case, tmp_path):
    made = case(expected_money_per_decision=1.5)
    assert read_document(tmp_path / "business.json", BusinessCase) == made


def test_costs_come_from_the_team_unless_they_are_stated(case):
    team = {"team": TEAM}
    made = case(requirements=team, options={})
    assert made.build_cost == 10 * 500 + 4 * 400
    assert by_name(made, "build").per_year == 12 * (1 * 500 + 0.5 * 400)
    assert made.team[0]["build_cost"] == 5000
    stated = case(requirements=team, options={"build": {"once": 7, "per_year": 3}})
    assert (stated.build_cost, by_name(stated, "build").per_year) == (7, 3)


def test_the_team_does_not_pay_for_rule_and_service_where_nothing_is_stated(case):
    made = case(requirements={"team": TEAM}, options={"rule": {"per_decision": 0.1}, "buy": BUY})
    assert (by_name(made, "rule").once, by_name(made, "rule").per_year) == (0, 100)
    assert (by_name(made, "buy").once, by_name(made, "buy").per_year) == (0, 500)


@pytest.mark.parametrize(("budget", "within"), [(None, None), (999, False), (1000, True)])
def test_the_budget_is_compared_with_the_cost_of_building(case, budget, within):
    made = case(requirements={"budget": budget}, expected_money_per_decision=2)
    assert made.within_budget is within
    assert bool(by_name(made, "build").refused) is (within is False)
    assert made.best == ("nothing" if within is False else "build")


def test_value_return_and_payback_by_hand(case):
    build = by_name(case(expected_money_per_decision=1.5), "build")
    # A year: 1000 x 1.5 - 100 = 1400; two years less 1000; costs 1000 + 200.
    assert build.net_present_value == pytest.approx(1800)
    assert build.return_on_investment == pytest.approx(1800 / 1200)
    assert build.payback_years == pytest.approx(1000 / 1400)
    assert build.measured is False


def test_without_expected_money_building_is_open_and_its_break_even_is_told(case):
    made = case()
    build = by_name(made, "build")
    assert (build.money_per_decision, build.net_present_value) == (None, None)
    assert build.break_even_money_per_decision == pytest.approx(1200 / 2000)
    assert (made.best, made.sensitivities) == ("", [])
    assert says(made, "must earn 0.6 USD per decision more than doing nothing; the payoff allows 4")


def test_money_equal_to_the_break_even_has_the_value_of_doing_nothing(case):
    least = by_name(case(discount_rate=0.13, horizon_years=2.4), "build")
    money = least.break_even_money_per_decision
    made = case(discount_rate=0.13, horizon_years=2.4, expected_money_per_decision=money)
    assert by_name(made, "build").net_present_value == pytest.approx(0, abs=1e-9)


def test_doing_nothing_is_the_reference_with_its_own_money(case):
    refer = {"right": 1, "wrong": -4, "refer": -0.5}
    made = case(payoff=refer, expected_money_per_decision=0.5)
    nothing, build = by_name(made, "nothing"), by_name(made, "build")
    assert (nothing.money_per_decision, nothing.net_present_value) == (-0.5, 0)
    assert nothing.return_on_investment is None
    assert build.net_present_value == pytest.approx(2 * (1000 * 1.0 - 100) - 1000)


def test_unknown_money_of_doing_nothing_is_0_and_said(case):
    assert says(case(payoff={"right": 1, "wrong": -1}), "it is taken as 0")
    assert not says(case(), "it is taken as 0")


def test_a_payoff_that_cannot_pay_for_building_is_said(case):
    assert says(case(options={"build": {"once": 10_000}}), "4 at most: it cannot pay")


def test_an_expectation_that_no_decision_can_earn_is_said(case):
    assert says(case(expected_money_per_decision=4.5), "more than any decision can earn")


@pytest.mark.parametrize(
    ("sends", "features", "refused"),
    [
        ([], ["a", "secret"], True),
        ([], ["a"], False),
        (["a"], ["a", "secret"], False),
        (["a", "secret"], ["a"], True),
        ([], [], True),  # the features are not known yet
    ],
)
def test_a_service_that_is_sent_a_sensitive_column_is_refused(case, sends, features, refused):
    options = {"buy": {**BUY, "sends_columns": sends}}
    made = case(
        sensitive=["secret"], features=features, options=options, expected_money_per_decision=0.1
    )
    buy = by_name(made, "buy")
    assert buy.net_present_value == pytest.approx(2 * 1000 * 1.5)
    assert ("secret" in buy.refused) is refused
    assert made.best == ("build" if refused else "buy")


def test_of_equals_the_one_with_least_effort_is_best(case):
    assert case(options={}, expected_money_per_decision=0).best == "nothing"


def test_zero_costs_and_zero_decisions_money_give_no_division_by_zero(case):
    build = by_name(case(options={}, expected_money_per_decision=0), "build")
    assert (build.return_on_investment, build.payback_years) == (None, 0)


def test_goals_are_listed_without_values(case):
    made = case(goals=[{"metric": "money_per_year", "at_least": 1_200_000, "by": "2027-01-01"}])
    assert (made.goals[0].bound, made.goals[0].met) == (">= 1,200,000", None)


def test_amounts_that_overflow_are_one_clear_error(case, tmp_path):
    with pytest.raises(SpecError, match="overflow"):
        case(decisions_per_year=1e300, expected_money_per_decision=1e300)
    assert not (tmp_path / "business.json").exists()
