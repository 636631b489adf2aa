"""Is ML needed at all."""

import re

import numpy as np
import pytest

from mdlc.core.payoff import UnitPayoff


def running(cost):
    return {"options": {"build": {"per_year": cost}}}


def test_normally_the_question_is_open(chosen):
    selection = chosen(shares={"no": 0.8, "yes": 0.2})
    assert selection.ml_needed is None
    # Knowing the truth earns 4 on a fifth of 100 decisions.
    assert "would earn 80 USD a year more than doing nothing" in selection.ml_reason


@pytest.mark.parametrize(("rows", "needed"), [(49, False), (50, None)])
def test_few_training_rows_are_a_no(chosen, rows, needed):
    assert chosen(rows=rows).ml_needed is needed


@pytest.mark.parametrize(("share", "needed"), [(0.009, False), (0.01, None)])
def test_an_almost_constant_class_is_a_no_by_count_of_rows(chosen, share, needed):
    assert chosen(shares={"no": 1 - share, "yes": share}).ml_needed is needed


def test_a_rare_class_with_enough_rows_is_open(chosen):
    assert chosen(rows=100_000, shares={"no": 0.999, "yes": 0.001}).ml_needed is None


@pytest.mark.parametrize(("cost", "needed"), [(80, False), (79, None)])
def test_the_most_that_ml_can_gain_must_exceed_its_running_cost(chosen, cost, needed):
    selection = chosen(shares={"no": 0.8, "yes": 0.2}, business=running(cost))
    assert selection.ml_needed is needed
    if needed is False:
        assert re.search(r"earn 80 USD .* costs 80: ML cannot pay", selection.ml_reason)


def test_the_best_constant_is_the_reference_where_doing_nothing_is_not_stated(chosen):
    shares = {"a": 0.6, "b": 0.3, "c": 0.1}
    # Always a earns 0.6 - 0.4 = 0.2, the truth 1: 80 on 100 decisions.
    assert "would earn 80 USD" in chosen("multiclass", shares=shares).ml_reason


def test_the_best_constant_of_a_number_is_its_quantile(chosen):
    truth = np.arange(1000.0)
    unit = UnitPayoff(under=-3, over=-1)
    least = min(-unit.earned(np.full(1000, c), truth).mean() for c in truth)
    assert least == 375
    assert "would earn 37,500 USD" in chosen("regression").ml_reason


def test_an_almost_constant_number_is_a_no(chosen):
    selection = chosen("regression", numbers=[7.0] * 991 + list(range(9)))
    assert selection.ml_needed is False
    assert "almost constant" in selection.ml_reason
