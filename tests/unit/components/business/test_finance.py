"""Rules of money over time."""

import math

import pytest

from mdlc.components.business.finance import (
    annuity,
    payback_years,
    periods,
    return_on_investment,
)


def test_annuity_is_the_sum_of_discounted_years():
    assert annuity(3, rate=0.1) == pytest.approx(1 / 1.1 + 1 / 1.1**2 + 1 / 1.1**3)


def test_annuity_equals_the_closed_form():
    assert annuity(20, rate=0.08) == pytest.approx((1 - 1.08**-20) / 0.08)


def test_a_part_of_a_year_counts_in_proportion_at_the_end_of_the_horizon():
    assert annuity(1.25, rate=0.1) == pytest.approx(1 / 1.1 + 0.25 / 1.1**1.25)


def test_a_horizon_under_a_year_has_one_short_period():
    assert list(periods(0.5)) == [(0.5, 0.5)]


def test_without_discount_the_annuity_is_the_horizon():
    assert annuity(2.75, rate=0) == pytest.approx(2.75)


def test_return_is_unknown_without_costs():
    assert return_on_investment(5, costs=0) is None
    assert return_on_investment(5, costs=10) == 0.5


def test_payback_discounts_each_gain():
    # 110 after a year is worth 100 today, 121 after two is worth 100.
    assert payback_years(100, yearly=110, years=3, rate=0.1) == pytest.approx(1)
    first = 100 / 1.1
    second = 100 / 1.1**2
    expected = 1 + (150 - first) / second
    assert payback_years(150, yearly=100, years=3, rate=0.1) == pytest.approx(expected)


def test_payback_in_the_last_part_of_a_year_scales_with_its_length():
    # After one year 50 are owed; half a year brings 100, so half of that half is needed.
    assert payback_years(250, yearly=200, years=1.5, rate=0) == pytest.approx(1.25)


@pytest.mark.parametrize("yearly", [0, 1, -1, -math.inf])
def test_a_start_that_the_horizon_does_not_pay_has_no_payback(yearly):
    assert payback_years(100, yearly=yearly, years=3, rate=0) is None


def test_nothing_to_pay_is_paid_at_once_unless_each_year_loses():
    assert payback_years(0, yearly=0, years=3, rate=0.08) == 0
    assert payback_years(0, yearly=-1, years=3, rate=0.08) is None
