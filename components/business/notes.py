"""What a reader of the business case should know, in sentences."""

from __future__ import annotations

from mdlc.components.business.alternatives import (
    AlternativePlan,
    EconomicAssumptions,
    allowed,
    best,
)
from mdlc.components.business.payoff_bounds import Bounds
from mdlc.components.business.sensitivity import SWING, sensitivities
from mdlc.core.documents.business_case import Sensitivity
from mdlc.core.spec.business import Business


def notes(
    business: Business,
    *,
    plans: list[AlternativePlan],
    world: EconomicAssumptions,
    bounds: Bounds,
) -> list[str]:
    """Return the notes: the verdict first, then its assumptions."""
    build = next(plan for plan in plans if plan.name == "build")
    found = [
        _verdict(business, plans=plans, world=world),
        *_requirements(business, build=build, world=world),
        *_money(business, plans=plans, build=build, bounds=bounds),
        *_reach(business, build=build, world=world, bounds=bounds),
        *(f"{plan.name} is not allowed: {plan.refused}." for plan in plans if plan.refused),
    ]
    if not build.refused:
        swings = sensitivities(plans, world=world)
        found += [_hinge(entry) for entry in swings if _turns(entry)]
    return found


def unvalued(business: Business) -> list[str]:
    """Say what is missing for a comparison in money, and what it would add; [] if nothing is."""
    missing = [
        key
        for key, value in (
            ("payoff", business.payoff),
            ("decisions_per_year", business.decisions_per_year),
        )
        if value is None
    ]
    if not missing:
        return []
    keys = " and ".join(f"spec.business.{key}" for key in missing)
    return [
        f"The ways of deciding are not compared in money: the file does not say {keys}. With both, "
        "building, a rule, a service and doing nothing are compared over the horizon."
    ]


def _verdict(
    business: Business, *, plans: list[AlternativePlan], world: EconomicAssumptions
) -> str:
    winner = best(plans, world=world)
    if not winner:
        return "Which way is best is open until a run has measured what building earns."
    unknown = [plan.name for plan in allowed(plans) if plan.money is None]
    left_out = f"; not compared, its money is not known: {', '.join(unknown)}" if unknown else ""
    if winner == "nothing":
        return f"No way of deciding is worth more than doing nothing{left_out}."
    value = next(plan for plan in plans if plan.name == winner).value(world) or 0.0
    return (
        f"{winner.capitalize()} has the largest net present value, {value:,.0f} "
        f"{business.currency} more than doing nothing over {world.years:g} years "
        f"at {world.rate:.1%}{left_out}."
    )


def _requirements(
    business: Business, *, build: AlternativePlan, world: EconomicAssumptions
) -> list[str]:
    currency, team = business.currency, business.requirements.team
    if build.costs(world) == 0:
        return ["No team and no cost of building is stated: building is taken to be free."]
    stated = business.options.build.once is not None
    source = "as stated" if stated else f"{sum(member.days for member in team):g} days of the team"
    cost = f"Building costs {build.once:,.0f} {currency} ({source})"
    budget = business.requirements.budget
    if budget is None:
        return [f"{cost}; no budget is stated."]
    place = "within" if build.once <= budget else "over"
    return [f"{cost}, {place} the budget of {budget:,.0f} {currency}."]


def _money(
    business: Business, *, plans: list[AlternativePlan], build: AlternativePlan, bounds: Bounds
) -> list[str]:
    found = []
    measured = [plan.name for plan in plans if plan.measured]
    if measured:
        found.append(f"Measured on the test set: the money per decision of {', '.join(measured)}.")
    if build.money is not None and not build.measured:
        found.append("What building earns per decision is an expectation; a run will measure it.")
        if build.money > bounds.most:
            found.append(
                f"That expectation, {build.money:,.4g} {business.currency}, is more than any "
                f"decision can earn by the payoff, {bounds.most:,.4g}."
            )
    if bounds.nothing is None and "nothing" not in measured:
        found.append(
            "What doing nothing earns depends on the data and is not measured; it is taken as 0, "
            "so money per decision is read as the gain over doing nothing."
        )
    if any(plan.name == "buy" for plan in plans):
        found.append("What the service to buy earns is as stated in the file, never measured.")
    return found


def _reach(
    business: Business, *, build: AlternativePlan, world: EconomicAssumptions, bounds: Bounds
) -> list[str]:
    """Return what building must gain to pay, and whether the payoff allows that much."""
    least = build.break_even(world)
    if least is None or build.costs(world) == 0:
        return []
    gain = least - world.nothing
    needed = (
        f"To pay its costs, building must earn {gain:,.4g} {business.currency} per decision more "
        "than doing nothing"
    )
    if bounds.most_gain is None:
        return [f"{needed}."]
    if gain > bounds.most_gain:
        return [f"{needed}, but the payoff allows {bounds.most_gain:,.4g} at most: it cannot pay."]
    return [f"{needed}; the payoff allows {bounds.most_gain:,.4g} at most."]


def _turns(entry: Sensitivity) -> bool:
    """Return whether a change within the tried range changes the verdict."""
    return entry.break_even is not None and abs(entry.break_even - 1) <= SWING


def _hinge(entry: Sensitivity) -> str:
    change = (entry.break_even or 0.0) - 1
    name = entry.assumption.replace("_", " ")
    return f"The verdict hangs on {name}: it turns at {change:+.0%}."
