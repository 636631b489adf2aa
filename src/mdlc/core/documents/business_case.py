"""What the business stage writes: business.json."""

from __future__ import annotations

from datetime import date

from mdlc.core.files import Document


class Alternative(Document):
    """One way of deciding, in money over the horizon; all gains are over doing nothing."""

    name: str
    """build, rule, buy or nothing."""
    once: float
    per_year: float
    """All running costs of a year, those of each decision with them."""
    money_per_decision: float | None
    """Earned by a decision, before costs; None: nobody has stated or measured it."""
    measured: bool
    break_even_money_per_decision: float | None
    """What a decision must earn for it to equal doing nothing; None for doing nothing."""
    net_present_value: float | None
    """Of its money more than doing nothing, less its costs; None while its money is not known."""
    return_on_investment: float | None
    """Net present value over the present value of all costs; None without costs or money."""
    payback_years: float | None
    """When the discounted gain over doing nothing has paid the start; None: not by the end."""
    refused: str = ""
    """Why it is not allowed, such as a sensitive column sent outside."""


class Sensitivity(Document):
    """What happens to building's net present value when one assumption is off."""

    assumption: str
    low: float
    """Net present value with the assumption 30 % lower."""
    high: float
    """Net present value with the assumption 30 % higher."""
    break_even: float | None
    """The factor on the assumption at which building equals the best alternative; None: never."""


class GoalState(Document):
    """A goal and what is known about it."""

    metric: str
    bound: str
    """Such as ">= 0.2"."""
    by: date
    value: float | None = None
    met: bool | None = None


class BusinessCase(Document):
    """Requirements checked, alternatives compared."""

    problem: str
    owner: str
    currency: str
    decisions_per_year: float | None
    """None: the file does not say; then nothing is compared in money a year."""
    horizon_years: float
    discount_rate: float
    tools: list[str]
    team: list[dict[str, float | str]]
    budget: float | None
    build_cost: float
    within_budget: bool | None
    alternatives: list[Alternative]
    """[] where the file says no payoff or no decisions a year: then no money is known."""
    best: str
    """Largest net present value of those allowed; "" while building's money is not known."""
    sensitivities: list[Sensitivity]
    goals: list[GoalState]
    notes: list[str]
    """Sentences for a reader: what stands out, what is assumed."""
