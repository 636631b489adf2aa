"""How much the verdict on building depends on each assumption.

One assumption at a time is scaled, the others stay (Saltelli and others, Global Sensitivity
Analysis: The Primer, 2008, chapter 1). So assumptions that are wrong together are not covered. Each
net present value is linear in each factor, so two points give exactly the factor at which building
equals another alternative.
"""

from __future__ import annotations

import math
from dataclasses import replace

from mdlc.components.business.alternatives import AlternativePlan, EconomicAssumptions, allowed
from mdlc.core.documents.business_case import Sensitivity

ASSUMPTIONS = ("decisions_per_year", "money_per_decision", "build_cost", "running_cost")
"""What is scaled; money_per_decision stands for building's gain over doing nothing."""

SWING = 0.3
TIE = 1e-9
"""Relative difference under which two values are equal in floating point."""


def sensitivities(plans: list[AlternativePlan], *, world: EconomicAssumptions) -> list[Sensitivity]:
    """Return one entry for each assumption; [] if building's money is unknown."""
    build = next(plan for plan in plans if plan.name == "build")
    if build.money is None:
        return []
    rivals = [p for p in allowed(plans) if p.name != "build" and p.money is not None]
    return [
        Sensitivity(
            assumption=name,
            low=_value(build, assumption=name, factor=1 - SWING, world=world),
            high=_value(build, assumption=name, factor=1 + SWING, world=world),
            break_even=_break_even(build, assumption=name, rivals=rivals, world=world),
        )
        for name in ASSUMPTIONS
    ]


def _value(
    plan: AlternativePlan, *, assumption: str, factor: float, world: EconomicAssumptions
) -> float:
    """Return the plan's net present value with one assumption times `factor`.

    Only the number of decisions changes the value of plans other than building.
    """
    money = plan.money if plan.money is not None else world.nothing
    if assumption == "decisions_per_year":
        world = replace(world, decisions=world.decisions * factor)
    elif plan.name == "build":
        plan = {
            "money_per_decision": replace(
                plan, money=world.nothing + factor * (money - world.nothing)
            ),
            "build_cost": replace(plan, once=plan.once * factor),
            "running_cost": replace(
                plan, per_year=plan.per_year * factor, per_decision=plan.per_decision * factor
            ),
        }[assumption]
    return plan.value(world) or 0.0


def _break_even(
    build: AlternativePlan,
    *,
    assumption: str,
    rivals: list[AlternativePlan],
    world: EconomicAssumptions,
) -> float | None:
    """Return the factor nearest to 1, not below 0, at which building equals the best rival."""

    def value(plan: AlternativePlan, factor: float) -> float:
        return _value(plan, assumption=assumption, factor=factor, world=world)

    factors = []
    for rival in rivals:
        at_0 = value(build, 0) - value(rival, 0)
        at_1 = value(build, 1) - value(rival, 1)
        if at_0 == at_1:
            continue
        factor = at_0 / (at_0 - at_1)
        if factor < 0 or not math.isfinite(factor):
            continue
        most = max(value(other, factor) for other in rivals)
        if math.isclose(value(rival, factor), most, rel_tol=TIE, abs_tol=TIE):
            factors.append(factor)
    return min(factors, key=lambda factor: abs(factor - 1), default=None)
