"""What the payoff alone bounds."""

import numpy as np
import pytest

from mdlc.components.business.payoff_bounds import bounds
from mdlc.core.payoff import for_classes
from mdlc.core.spec.business import Payoff

ACTIONS = {"a": {"x": 3.0, "y": -1.0}, "b": {"x": 1.0, "y": 1.0}}


def test_doing_nothing_is_known_where_its_payoff_is_the_same_for_all_classes():
    assert bounds(Payoff(actions=ACTIONS, do_nothing="b")).nothing == 1
    assert bounds(Payoff(actions=ACTIONS, do_nothing="a")).nothing is None
    assert bounds(Payoff(actions=ACTIONS)).nothing is None
    assert bounds(Payoff(right=1, wrong=-4, refer=-0.5)).nothing == -0.5
    assert bounds(Payoff(right=1, wrong=-4)).nothing is None


def test_regression_earns_its_base_at_most():
    limits = bounds(Payoff(under=-2, over=-1, base=5))
    assert (limits.nothing, limits.most, limits.most_gain) == (None, 5, None)


@pytest.mark.parametrize("do_nothing", ["a", "b", None])
def test_knowing_the_truth_never_gains_more_than_the_bound(do_nothing):
    payoff = Payoff(actions=ACTIONS, do_nothing=do_nothing)
    limits, table = bounds(payoff), for_classes(payoff, ["x", "y"])
    assert limits.most_gain is not None
    for share in np.linspace(0, 1, 21):
        shares = np.array([share, 1 - share])
        constants = table.expected(shares)
        nothing = constants.max() if table.do_nothing is None else constants[table.do_nothing]
        assert shares @ table.money.max(axis=0) - nothing <= limits.most_gain + 1e-12
        assert shares @ table.money.max(axis=0) <= limits.most
