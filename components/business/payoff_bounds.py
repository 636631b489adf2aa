"""Bounds that follow from the payoff alone, before there are data: the most any model can earn.

A model that knew the truth would earn each class's best payoff. What it gains over an action that
is taken always is that action's regret (Savage, The Theory of Statistical Decision, Journal of the
American Statistical Association 46, 1951); the largest regret bounds the gain whatever the classes'
shares are. Where doing nothing is the best constant action, it is no worse than any one action, so
the smallest of the actions' largest regrets is a bound.
"""

from __future__ import annotations

from dataclasses import dataclass

from mdlc.core.payoff import for_classes
from mdlc.core.spec.business import Payoff

STAND_INS = ("one class", "another class")
"""For right and wrong any two classes give the same bounds as the data's own."""


@dataclass(frozen=True)
class Bounds:
    """Money per decision that follows from the payoff for any data."""

    nothing: float | None
    """What doing nothing earns; None if that depends on the data."""
    most: float
    """No decision earns more."""
    most_gain: float | None
    """No model gains more than this over doing nothing; None if there is no such bound."""


def bounds(payoff: Payoff) -> Bounds:
    """Read the bounds off the payoff.

    >>> bounds(Payoff(right=1, wrong=-4, refer=-0.5))
    Bounds(nothing=-0.5, most=1.0, most_gain=1.5)
    """
    if payoff.under is not None:
        return Bounds(nothing=None, most=payoff.base, most_gain=None)
    named = next(iter(payoff.actions.values())) if payoff.actions else STAND_INS
    table = for_classes(payoff, list(named))
    regret = (table.money.max(axis=0) - table.money).max(axis=1)
    most = float(table.money.max())
    if table.do_nothing is None:
        return Bounds(nothing=None, most=most, most_gain=float(regret.min()))
    row = table.money[table.do_nothing]
    nothing = float(row[0]) if (row == row[0]).all() else None
    return Bounds(nothing=nothing, most=most, most_gain=float(regret[table.do_nothing]))
