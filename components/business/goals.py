"""The goals of the file, and which of them a model meets."""

from __future__ import annotations

import math
from collections.abc import Mapping

from mdlc.core.documents.business_case import GoalState
from mdlc.core.spec.business import Business, Goal


def goal_states(business: Business, metrics: Mapping[str, float]) -> list[GoalState]:
    """Return each goal with its value and whether it is met; None if the value is unknown.

    `metrics` are a model's, by the names that goals use. money_per_year is computed from
    money_per_decision unless it is given. NaN and infinity count as unknown. The date of a goal is
    not considered.
    """
    known = {name: value for name, value in metrics.items() if math.isfinite(value)}
    if "money_per_decision" in known and business.decisions_per_year is not None:
        yearly = known["money_per_decision"] * business.decisions_per_year
        known.setdefault("money_per_year", yearly)
    return [_state(goal, value=known.get(goal.metric)) for goal in business.goals]


def _state(goal: Goal, *, value: float | None) -> GoalState:
    # Goal has exactly one bound; the other is open.
    least = -math.inf if goal.at_least is None else goal.at_least
    most = math.inf if goal.at_most is None else goal.at_most
    bound = f"<= {most:,.10g}" if goal.at_least is None else f">= {least:,.10g}"
    met = None if value is None else least <= value <= most
    return GoalState(metric=goal.metric, bound=bound, by=goal.by, value=value, met=met)
