"""Money: actions chosen and earned, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mdlc.core import payoff
from mdlc.core.errors import SpecError
from mdlc.core.spec.business import Payoff

ACTIONS = Payoff(
    actions={"call": {"no": -2, "yes": 8}, "wait": {"no": 0, "yes": -1}}, do_nothing="wait"
)


def test_the_action_with_the_highest_expected_money() -> None:
    """Calling pays when 8 p - 2 (1 - p) > -p, from p = 2 / 11."""
    table = payoff.for_classes(ACTIONS, ["no", "yes"])
    p = np.array([0.18, 0.19])
    assert table.choose(np.stack([1 - p, p], axis=1)).tolist() == [1, 0]
    assert table.earned(np.array([1, 0]), np.array([1, 1])).tolist() == [-1, 8]
    assert table.constant(np.array([1, 1])) == 1


def test_money_follows_the_order_of_the_classes() -> None:
    table = payoff.for_classes(ACTIONS, ["yes", "no"])
    assert table.money.tolist() == [[8, -2], [-1, 0]]


def test_right_wrong_and_refer() -> None:
    """With right 1, wrong -1 and a person at 0.2, the model decides above 60 %."""
    table = payoff.for_classes(Payoff(right=1, wrong=-1, refer=0.2), ["a", "b", "c"])
    chosen = table.choose(np.array([[0.59, 0.41, 0], [0.61, 0.39, 0]]))
    assert [table.actions[index] for index in chosen] == ["refer", "a"]
    assert table.constant(np.array([0])) == 3


def test_the_best_constant_is_doing_nothing() -> None:
    table = payoff.for_classes(Payoff(right=1, wrong=-1), ["a", "b"])
    assert table.constant(np.array([1, 1, 0])) == 1


def test_under_and_over() -> None:
    unit = payoff.for_numbers(Payoff(under=-3, over=-1, base=10))
    assert unit.quantile == 0.75
    assert unit.earned(np.array([8, 12, 10]), np.array([10, 10, 10])).tolist() == [4, 8, 10]
    assert payoff.for_numbers(Payoff(under=0, over=0)).quantile == 0.5


@pytest.mark.parametrize(
    ("classes", "text"),
    [(["no", "yes", "maybe"], "for the class maybe"), (["no"], "the data have no class yes")],
)
def test_classes_that_do_not_match(classes: list[str], text: str) -> None:
    with pytest.raises(SpecError, match=text):
        payoff.for_classes(ACTIONS, classes)


def test_the_other_task() -> None:
    with pytest.raises(SpecError, match="for regression"):
        payoff.for_classes(Payoff(under=-1, over=-1), ["a"])
    with pytest.raises(SpecError, match="for classification"):
        payoff.for_numbers(ACTIONS)
