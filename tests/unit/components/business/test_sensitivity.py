"""What the verdict on building hangs on."""

import pytest

from mdlc.components.business.alternatives import AlternativePlan, EconomicAssumptions
from mdlc.components.business.sensitivity import ASSUMPTIONS, sensitivities

WORLD = EconomicAssumptions(decisions=1000, years=2, rate=0, nothing=0)
NOTHING = AlternativePlan("nothing", money=0)
BUILD = AlternativePlan("build", once=1000, per_year=100, per_decision=0.1, money=1.5)
BUY = AlternativePlan("buy", per_decision=1, money=1.8)


def by_name(*plans):
    return {entry.assumption: entry for entry in sensitivities(list(plans), world=WORLD)}


def test_each_assumption_is_moved_by_30_percent_alone():
    found = by_name(NOTHING, BUILD)
    assert tuple(found) == ASSUMPTIONS
    # 2 x (1.4 n - 100) - 1000 with n = 700 and 1300
    assert found["decisions_per_year"].low == pytest.approx(2 * (1.4 * 700 - 100) - 1000)
    assert found["decisions_per_year"].high == pytest.approx(2 * (1.4 * 1300 - 100) - 1000)
    assert found["money_per_decision"].low == pytest.approx(1600 - 2 * 1000 * 1.5 * 0.3)
    assert found["build_cost"].high == pytest.approx(1600 - 300)
    assert found["running_cost"].high == pytest.approx(1600 - 2 * 200 * 0.3)


def test_break_even_is_where_building_equals_doing_nothing():
    found = by_name(NOTHING, BUILD)
    assert found["decisions_per_year"].break_even == pytest.approx(1200 / 2800)
    assert found["money_per_decision"].break_even == pytest.approx(1400 / 3000)
    assert found["build_cost"].break_even == pytest.approx(2.6)
    assert found["running_cost"].break_even == pytest.approx(5)


def test_break_even_is_against_the_best_alternative_at_that_factor():
    found = by_name(NOTHING, BUY, BUILD)
    # Buying is worth 1600 as building is: all assumptions turn at 1.
    assert [entry.break_even for entry in found.values()] == pytest.approx([1, 1, 1, 1])


def test_a_refused_alternative_is_no_rival():
    refused = AlternativePlan("buy", money=100, refused="a sensitive column")
    assert by_name(NOTHING, refused, BUILD) == by_name(NOTHING, BUILD)


def test_an_assumption_of_zero_turns_nothing():
    free = AlternativePlan("build", money=1.5)
    found = by_name(NOTHING, free)
    assert found["build_cost"].break_even is None
    assert found["running_cost"].break_even is None
    assert found["decisions_per_year"].break_even == 0


def test_a_loss_that_no_factor_mends_has_no_break_even():
    bad = AlternativePlan("build", once=10, money=-1)
    assert by_name(NOTHING, bad)["money_per_decision"].break_even is None


def test_unknown_money_has_no_sensitivity():
    assert by_name(NOTHING, AlternativePlan("build", once=10)) == {}
