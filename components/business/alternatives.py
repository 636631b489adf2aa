"""The alternatives build, rule, buy and nothing, each valued against doing nothing.

Only the difference to doing nothing counts: the incremental cash flow of Brealey, Myers and Allen,
Principles of Corporate Finance, chapter 6. Money that is earned in every case is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from mdlc.components.business.finance import annuity, payback_years, return_on_investment
from mdlc.core.documents.business_case import Alternative
from mdlc.core.spec.business import Business, Option

NAMES = ("nothing", "rule", "buy", "build")
"""Least effort first: of alternatives with equal value, the first is best."""


@dataclass(frozen=True)
class EconomicAssumptions:
    """What all alternatives have in common."""

    decisions: float
    """Decisions a year."""
    years: float
    rate: float
    nothing: float
    """Money that doing nothing earns per decision."""

    @property
    def annuity(self) -> float:
        """Present value of 1 a year over the horizon."""
        return annuity(self.years, rate=self.rate)


@dataclass(frozen=True)
class AlternativePlan:
    """One alternative: its costs, and what its decisions earn."""

    name: str
    once: float = 0
    per_year: float = 0
    per_decision: float = 0
    money: float | None = None
    measured: bool = False
    refused: str = ""

    def running(self, world: EconomicAssumptions) -> float:
        """Return all costs of a year."""
        return self.per_year + self.per_decision * world.decisions

    def yearly(self, world: EconomicAssumptions) -> float | None:
        """Return a year's gain over doing nothing minus its costs; None if the money is unknown."""
        if self.money is None:
            return None
        return (self.money - world.nothing) * world.decisions - self.running(world)

    def value(self, world: EconomicAssumptions) -> float | None:
        """Return the net present value; None if the money is unknown.

        -once + annuity x yearly (Brealey, Myers and Allen, chapter 2).
        """
        yearly = self.yearly(world)
        return None if yearly is None else world.annuity * yearly - self.once

    def costs(self, world: EconomicAssumptions) -> float:
        """Return the present value of all costs."""
        return self.once + world.annuity * self.running(world)

    def break_even(self, world: EconomicAssumptions) -> float | None:
        """Return the money per decision that makes its value 0; None for doing nothing."""
        if self.name == "nothing":
            return None
        return world.nothing + self.costs(world) / (world.annuity * world.decisions)


def plans(
    business: Business, *, money: dict[str, float], measured: frozenset[str], buy_refused: str
) -> list[AlternativePlan]:
    """Return the alternatives in the order of NAMES; `money`: name -> money, where known."""
    options: dict[str, Option] = {"rule": business.options.rule, "build": business.options.build}
    if business.options.buy is not None:
        options["buy"] = business.options.buy
    found = [AlternativePlan("nothing", money=money["nothing"], measured="nothing" in measured)]
    for name in (name for name in NAMES if name in options):
        once, per_year = _costs(name, business=business, option=options[name])
        refusals = [buy_refused if name == "buy" else "", _over_budget(business, once=once)]
        found.append(
            AlternativePlan(
                name,
                once=once,
                per_year=per_year,
                per_decision=options[name].per_decision,
                money=money.get(name),
                measured=name in measured,
                refused="; ".join(text for text in refusals if text),
            )
        )
    return found


def _costs(name: str, *, business: Business, option: Option) -> tuple[float, float]:
    """Return the costs (once, per year). For building, the default is the team's days."""
    team = business.requirements
    once, per_year = (team.build_cost, team.running_cost) if name == "build" else (0.0, 0.0)
    return (
        once if option.once is None else option.once,
        per_year if option.per_year is None else option.per_year,
    )


def _over_budget(business: Business, *, once: float) -> str:
    budget = business.requirements.budget
    if budget is None or once <= budget:
        return ""
    return f"it costs {once:,.0f} {business.currency} to start, and the budget is {budget:,.0f}"


def best(candidates: list[AlternativePlan], *, world: EconomicAssumptions) -> str:
    """Return the name of the allowed plan with the largest known value.

    "" if building is allowed and its money is unknown, because then the comparison is still open.
    """
    if any(p.name == "build" and p.money is None and not p.refused for p in candidates):
        return ""
    known = [(value, p.name) for p in allowed(candidates) if (value := p.value(world)) is not None]
    return max(known, key=lambda pair: pair[0])[1]


def allowed(candidates: list[AlternativePlan]) -> list[AlternativePlan]:
    """Return the plans that are not refused."""
    return [plan for plan in candidates if not plan.refused]


def describe(plan: AlternativePlan, *, world: EconomicAssumptions) -> Alternative:
    """Return the plan as the document has it."""
    value, yearly = plan.value(world), plan.yearly(world)
    return Alternative(
        name=plan.name,
        once=plan.once,
        per_year=plan.running(world),
        money_per_decision=plan.money,
        measured=plan.measured,
        break_even_money_per_decision=plan.break_even(world),
        net_present_value=value,
        return_on_investment=(
            return_on_investment(value, costs=plan.costs(world)) if value is not None else None
        ),
        payback_years=(
            payback_years(plan.once, yearly=yearly, years=world.years, rate=world.rate)
            if yearly is not None
            else None
        ),
        refused=plan.refused,
    )
