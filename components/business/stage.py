"""The business case: requirements, goals, and which alternative pays best.

Before the first run it is unknown what a model or a rule earns. Then their money, and all that
follows from it, is None, `best` is "", and the case states what building must earn to pay. If
`business.expected_money_per_decision` is set, building is valued with it, marked as not measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mdlc.components.business.alternatives import NAMES, EconomicAssumptions, best, describe, plans
from mdlc.components.business.goals import goal_states
from mdlc.components.business.notes import notes, unvalued
from mdlc.components.business.payoff_bounds import Bounds, bounds
from mdlc.components.business.sensitivity import sensitivities
from mdlc.core.documents.business_case import BusinessCase, GoalState
from mdlc.core.errors import SpecError, StageError, closest
from mdlc.core.files import write_document
from mdlc.core.spec.business import Business, TeamMember

__all__ = ["assess", "goal_states", "remeasure"]

MEASURABLE = tuple(name for name in NAMES if name != "buy")


def assess(
    business: Business, *, sensitive: list[str], features: list[str], out: Path
) -> BusinessCase:
    """Check the requirements, compare the alternatives, write business.json into `out`.

    `features` are the model's, [] if they are not known yet; a service that would receive a column
    of `sensitive` is refused.

    Raises:
        SpecError: the file's amounts overflow.
        StorageError: `out` cannot be written.
    """
    buy = business.options.buy
    sent = buy.sensitive_sent(sensitive=sensitive, features=features) if buy else []
    refused = f"it would be sent the sensitive column {', '.join(sent)}" if sent else ""
    goals = goal_states(business, {})
    case = _case(business, measured={}, buy_refused=refused, goals=goals)
    write_document(out / "business.json", case)
    return case


def remeasure(
    case: BusinessCase,
    *,
    measured: Mapping[str, float],
    business: Business,
    metrics: Mapping[str, float] | None = None,
) -> BusinessCase:
    """Return the case with measured values of a run in place of expected ones.

    Args:
        case: as `assess` made it; it says whether buying is refused.
        measured: money per decision on the test set of build, rule and nothing, as far as it is
            known; a missing name or a value that is not finite stays unmeasured.
        business: the file's section.
        metrics: the deployed model's metrics, for goals that are not about money.

    Raises:
        StageError: `measured` has another name.
        SpecError: the file's amounts overflow.
    """
    for name in measured:
        if name not in MEASURABLE:
            raise StageError(f"{name} cannot be measured", hint=closest(name, MEASURABLE))
    finite = {name: value for name, value in measured.items() if math.isfinite(value)}
    known = dict(metrics or {})
    if "build" in finite:
        known["money_per_decision"] = finite["build"]
    kept = next((a.refused for a in case.alternatives if a.name == "buy"), "")
    goals = goal_states(business, known)
    return _case(business, measured=finite, buy_refused=kept, goals=goals)


def _case(
    business: Business,
    *,
    measured: Mapping[str, float],
    buy_refused: str,
    goals: list[GoalState],
) -> BusinessCase:
    budget = business.requirements.budget
    case = BusinessCase(
        problem=business.problem,
        owner=business.owner,
        currency=business.currency,
        decisions_per_year=business.decisions_per_year,
        horizon_years=business.horizon_years,
        discount_rate=business.discount_rate,
        tools=business.requirements.tools,
        team=[_member(member) for member in business.requirements.team],
        budget=budget,
        build_cost=business.build_cost,
        within_budget=None if budget is None else business.build_cost <= budget,
        alternatives=[],
        best="",
        sensitivities=[],
        goals=goals,
        notes=unvalued(business),
    )
    if business.payoff is not None and business.decisions_per_year is not None:
        values = _valued(
            business,
            bounds(business.payoff),
            decisions=business.decisions_per_year,
            measured=measured,
            buy_refused=buy_refused,
        )
        case = case.model_copy(update=values)
    _refuse_overflow(case)
    return case


def _valued(
    business: Business,
    limits: Bounds,
    *,
    decisions: float,
    measured: Mapping[str, float],
    buy_refused: str,
) -> dict[str, Any]:
    """Return what follows where the file says what a decision is worth, and how many there are."""
    money = {**_stated_money(business, nothing=limits.nothing), **measured}
    world = EconomicAssumptions(
        decisions=decisions,
        years=business.horizon_years,
        rate=business.discount_rate,
        nothing=money["nothing"],
    )
    ways = plans(business, money=money, measured=frozenset(measured), buy_refused=buy_refused)
    return {
        "alternatives": [describe(way, world=world) for way in ways],
        "best": best(ways, world=world),
        "sensitivities": sensitivities(ways, world=world),
        "notes": notes(business, plans=ways, world=world, bounds=limits),
    }


def _stated_money(business: Business, *, nothing: float | None) -> dict[str, float]:
    """Return the money per decision that the file states; doing nothing is 0 unless known."""
    money = {"nothing": nothing or 0.0}
    if business.options.buy is not None:
        money["buy"] = business.options.buy.money_per_decision
    if business.expected_money_per_decision is not None:
        money["build"] = business.expected_money_per_decision
    return money


def _member(member: TeamMember) -> dict[str, float | str]:
    """Return a person with what they cost: to build, and a year to run."""
    return {
        **member.model_dump(),
        "build_cost": member.days * member.daily_cost,
        "running_cost": 12 * member.days_per_month * member.daily_cost,
    }


def _refuse_overflow(case: BusinessCase) -> None:
    """Refuse amounts whose products are not finite, though each amount is."""
    for number in _numbers(case.model_dump()):
        if not math.isfinite(number):
            raise SpecError(
                "the amounts are so large that their products overflow",
                where="spec.business",
                hint="check decisions_per_year, the costs and the payoff",
            )


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _numbers(part)
