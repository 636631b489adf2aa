"""The judge: numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mdlc.components.training.judging import judge_for
from mdlc.core.errors import SpecError
from mdlc.core.spec.business import Payoff

TRUTH = np.array([0, 1])
SCORES = np.array([[0.8, 0.2], [0.4, 0.6]])
MONEY = Payoff(actions={"act": {"no": -1, "yes": 5}, "wait": {"no": 0, "yes": 0}})


def test_log_loss_is_the_default() -> None:
    judge = judge_for("binary", metric=None, money=MONEY, classes=["no", "yes"], truth=TRUTH)
    assert judge.value(SCORES) == pytest.approx(-(np.log(0.8) + np.log(0.6)) / 2)
    assert judge.offset(SCORES) == 0


def test_a_wrong_certainty_is_finite() -> None:
    judge = judge_for("binary", metric=None, money=MONEY, classes=["no", "yes"], truth=TRUTH)
    assert np.isfinite(judge.value(np.array([[0.0, 1.0], [1.0, 0.0]])))


def test_money_is_negated() -> None:
    """Acting pays from a probability of 1/6: both rows act, -1 and 5."""
    judge = judge_for("binary", metric="money", money=MONEY, classes=["no", "yes"], truth=TRUTH)
    assert judge.value(SCORES) == -2


def test_regression_adds_the_quantile_of_the_residuals() -> None:
    """Being below costs 3, above 1: the 75 % quantile of 0, 1, 2, 3, 4 is 3."""
    truth, money = np.arange(5.0), Payoff(under=-3, over=-1)
    judge = judge_for("regression", metric=None, money=money, classes=[], truth=truth)
    assert judge.offset(np.zeros(5)) == 3
    assert judge.value(np.zeros(5)) == pytest.approx((3 + 2 + 1 + 0 + 3 * 1) / 5)
    mae = judge_for("regression", metric="mae", money=money, classes=[], truth=truth)
    assert mae.value(np.zeros(5)) == 2
    rmse = judge_for("regression", metric="rmse", money=money, classes=[], truth=truth)
    assert rmse.value(np.zeros(5)) == pytest.approx(np.sqrt(6))


def test_a_metric_of_another_task_is_refused() -> None:
    with pytest.raises(SpecError, match="use one of money, mae, rmse"):
        judge_for("regression", metric="log_loss", money=MONEY, classes=[], truth=np.zeros(2))
