"""The one number that trials and candidates are compared by; smaller is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from mdlc.components.training.problem import Floats, Truth
from mdlc.core import payoff
from mdlc.core.errors import SpecError
from mdlc.core.scoring_rules import log_losses
from mdlc.core.spec.business import Payoff
from mdlc.core.spec.model import Task

Metric = Literal["log_loss", "money", "mae", "rmse"]
SUITS: dict[Task, tuple[Metric, ...]] = {
    "binary": ("log_loss", "money"),
    "multiclass": ("log_loss", "money"),
    "regression": ("money", "mae", "rmse"),
}
"""The first is the default."""


@dataclass(frozen=True)
class Judge:
    """Judges scores against the truth of the validation rows."""

    metric: Metric
    truth: Truth
    table: payoff.ActionPayoff | None
    unit: payoff.UnitPayoff | None

    def value(self, scores: Floats) -> float:
        """Return the metric of (rows, classes) probabilities or (rows,) predictions."""
        if self.metric == "log_loss":
            return self._log_loss(scores)
        if self.metric == "money":
            return -self.worth(scores)
        error = scores - self.truth
        if self.metric == "mae":
            return float(np.abs(error).mean())
        return float(np.sqrt((error**2).mean()))

    def offset(self, scores: Floats) -> float:
        """Return what is added to a prediction so that it earns most; 0 for classification.

        It is read off the residuals (truth - prediction) of the validation rows.
        """
        return 0.0 if self.unit is None else self.unit.offset(self.truth - scores)

    def worth(self, scores: Floats) -> float:
        """Return what a decision earns on average by these scores; without a payoff, its score."""
        if self.unit is not None:
            return float(self.unit.earned(scores + self.offset(scores), self.truth).mean())
        if self.table is not None and self.table.priced:
            return float(self.table.earned(self.table.choose(scores), self.truth).mean())
        return -self._log_loss(scores)

    def _log_loss(self, scores: Floats) -> float:
        return float(log_losses(scores, self.truth).mean())


def judge_for(
    task: Task, *, metric: Metric | None, money: Payoff | None, classes: list[str], truth: Truth
) -> Judge:
    """Make the judge that the file asks for; without a payoff money cannot judge.

    Raises:
        SpecError: the metric or the payoff does not suit the task.
    """
    suitable = SUITS[task]
    if metric is not None and metric not in suitable:
        raise SpecError(
            f"{metric} cannot judge a {task} model",
            where="spec.model.tuning.metric",
            hint=f"use one of {', '.join(suitable)}",
        )
    if metric == "money" and money is None:
        raise SpecError(
            "money cannot judge where the file does not say what a decision is worth",
            where="spec.model.tuning.metric",
            hint="state spec.business.payoff, or leave the metric out",
        )
    chosen = metric or (suitable[0] if money or task != "regression" else "rmse")
    if task == "regression":
        return Judge(chosen, truth, None, payoff.for_numbers(money))
    return Judge(chosen, truth, payoff.for_classes(money, classes), None)
