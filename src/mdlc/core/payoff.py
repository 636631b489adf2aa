"""Money: which action a prediction leads to, and what it earned once the truth is known.

Classification follows Bayes' rule for decisions (Elkan, The Foundations of Cost-Sensitive Learning,
IJCAI 2001): of all actions, take the one with the highest expected payoff under the predicted
probabilities. Regression with unequal costs of under- and over-prediction has its best answer at
the quantile under / (under + over) of what may happen (the newsvendor problem).

Where nobody has said what a decision is worth, nothing here is money (`priced` is False): the
action is to name the likeliest class, or to answer the mean, and `earned` is a score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mdlc.core.errors import SpecError, closest
from mdlc.core.spec.business import Payoff

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.integer]
REFER = "refer"


@dataclass(frozen=True)
class ActionPayoff:
    """Classification: money by action (row) and true class (column)."""

    actions: tuple[str, ...]
    classes: tuple[str, ...]
    money: Floats
    do_nothing: int | None = None
    """Index of the action taken with no model; None: whichever constant is best on the data."""
    priced: bool = True
    """Whether the file says what a decision earns."""

    def choose(self, probabilities: Floats) -> Ints:
        """Return the index of the best action for each row of (rows, classes) probabilities."""
        best: Ints = np.argmax(self.expected(probabilities), axis=1)
        return best

    def expected(self, probabilities: Floats) -> Floats:
        """Return (rows, actions): the expected money of each action."""
        expected: Floats = probabilities @ self.money.T
        return expected

    def earned(self, actions: Ints, truth: Ints) -> Floats:
        """Return (rows,): what each action earned, given the index of each true class."""
        earned: Floats = self.money[actions, truth]
        return earned

    def constant(self, truth: Ints) -> int:
        """Return the action of doing nothing: as stated, or the best constant on `truth`."""
        return self.best_constant(truth) if self.do_nothing is None else self.do_nothing

    def best_constant(self, truth: Ints) -> int:
        """Return the action that earns most if it is taken for all of `truth` (rows,)."""
        counts = np.bincount(truth, minlength=len(self.classes))
        return int(np.argmax(self.money @ counts))


@dataclass(frozen=True)
class UnitPayoff:
    """Regression: money per unit below (`under`) and above (`over`) the truth, and per decision."""

    under: float
    over: float
    base: float = 0.0
    priced: bool = True
    """Whether the file says what an error costs."""

    @property
    def quantile(self) -> float:
        """The quantile of the truth that earns most when it is answered."""
        total = self.under + self.over
        return 0.5 if total == 0 else self.under / total

    def constant(self, truth: Floats) -> float:
        """Return the number that earns most if it is answered for all of `truth` (rows,)."""
        if not self.priced:
            return float(np.mean(truth))
        return float(np.quantile(truth, self.quantile, method="inverted_cdf"))

    def offset(self, residuals: Floats) -> float:
        """Return what is added to each prediction to earn most; `residuals` are truth - prediction.

        The newsvendor's answer, with the spread of the truth taken as equal everywhere. Without a
        payoff nothing is added: a model that minimises squared errors predicts the mean itself.
        """
        return float(np.quantile(residuals, self.quantile)) if self.priced else 0.0

    def earned(self, predictions: Floats, truth: Floats) -> Floats:
        """Return (rows,): what each prediction earned; without a payoff, less its squared error."""
        error = np.asarray(predictions, dtype=float) - np.asarray(truth, dtype=float)
        earned: Floats
        if not self.priced:
            earned = -(error**2)
            return earned
        earned = self.base + np.where(error < 0, -error * self.under, error * self.over)
        return earned


def for_classes(payoff: Payoff | None, classes: Sequence[str]) -> ActionPayoff:
    """Lay the file's payoff out over the classes that the data have.

    None: the file has none. Then each action names a class, and a right one scores 1.

    Raises:
        SpecError: the payoff is for regression, or names other classes than the data have.
    """
    names = tuple(classes)
    if payoff is None:
        return ActionPayoff(names, names, np.eye(len(names)), priced=False)
    where = "spec.business.payoff"
    if payoff.actions is not None:
        stated = next(iter(payoff.actions.values()))
        for name in names:
            if name not in stated:
                hint = closest(name, stated)
                raise SpecError(f"no money is stated for the class {name}", where=where, hint=hint)
        for name in stated:
            if name not in names:
                hint = closest(name, names)
                raise SpecError(f"the data have no class {name}", where=where, hint=hint)
        actions = tuple(payoff.actions)
        money = np.array([[payoff.actions[a][c] for c in names] for a in actions])
        nothing = actions.index(payoff.do_nothing) if payoff.do_nothing else None
        return ActionPayoff(actions, names, money, nothing)
    if payoff.right is None or payoff.wrong is None:
        raise SpecError("the payoff is for regression, but the target has classes", where=where)
    money = np.full((len(names), len(names)), float(payoff.wrong))
    np.fill_diagonal(money, float(payoff.right))
    if payoff.refer is None:
        return ActionPayoff(names, names, money)
    money = np.vstack([money, np.full(len(names), float(payoff.refer))])
    return ActionPayoff((*names, REFER), names, money, len(names))


def for_numbers(payoff: Payoff | None) -> UnitPayoff:
    """Return the file's payoff for regression; None: it has none, and squared errors score.

    Raises:
        SpecError: the payoff is for classification.
    """
    if payoff is None:
        return UnitPayoff(-1.0, -1.0, priced=False)
    if payoff.under is None or payoff.over is None:
        raise SpecError(
            "the payoff is for classification, but the target is a number",
            where="spec.business.payoff",
            hint="state under and over, or make the target text",
        )
    return UnitPayoff(payoff.under, payoff.over, payoff.base)
