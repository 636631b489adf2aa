"""spec.business: why the model exists, what it may cost, and what a decision earns."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from mdlc.core.spec.base import RuleError, SpecSection


class TeamMember(SpecSection):
    """Someone who builds or runs the model."""

    role: str = Field(description="What the person does.")
    days: float = Field(ge=0, description="Working days to build the first version.")
    daily_cost: float = Field(ge=0, description="Money a day.")
    days_per_month: float = Field(0, ge=0, description="Working days a month to run it.")


class Requirements(SpecSection):
    """What the business allows and asks for."""

    tools: list[str] = Field(
        default=[], description="Tools, platforms and licences that are there."
    )
    team: list[TeamMember] = Field(default=[], description="Who builds and runs it.")
    budget: float | None = Field(None, ge=0, description="Money for the first version; None: open.")
    notes: str = Field("", description="Anything else, for the reader of the file.")

    @property
    def build_cost(self) -> float:
        """Money for the team's days to build the first version."""
        return sum(member.days * member.daily_cost for member in self.team)

    @property
    def running_cost(self) -> float:
        """Money a year for the team's days to run it."""
        return sum(12 * member.days_per_month * member.daily_cost for member in self.team)


class Goal(SpecSection):
    """A number to reach by a date."""

    metric: Literal[
        "money_per_decision", "money_per_year", "log_loss", "accuracy", "auc", "mae", "rmse"
    ] = Field(description="What is measured, on the test rows.")
    at_least: float | None = Field(None, description="Lower bound; give this or at_most.")
    at_most: float | None = Field(None, description="Upper bound; give this or at_least.")
    by: date = Field(description="The day by which it is reached.")

    @model_validator(mode="after")
    def _one_bound(self) -> Goal:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("a goal has exactly one of at_least and at_most")
        return self


class Option(SpecSection):
    """What one way of deciding costs."""

    once: float | None = Field(
        None, ge=0, description="Money to start; None: the team's days for build, else 0."
    )
    per_year: float | None = Field(
        None, ge=0, description="Money a year; None: the team's days for build, else 0."
    )
    per_decision: float = Field(0, ge=0, description="Money a decision.")


class ReadyMade(Option):
    """A service that can be bought instead of building."""

    name: str = Field(description="What it is called.")
    money_per_decision: float = Field(description="What its decisions are expected to earn, each.")
    sends_columns: list[str] = Field(
        default=[], description="Columns it needs; [] is all features."
    )

    def sensitive_sent(self, *, sensitive: list[str], features: list[str]) -> list[str]:
        """Return the sensitive columns that it would be sent, in the file's order.

        Where the features are not known yet ([]), a service that needs all of them is taken to be
        sent every sensitive column: a wrong refusal can be undone, a leak cannot.
        """
        sent = set(self.sends_columns or features or sensitive)
        return [column for column in sensitive if column in sent]


class BusinessOptions(SpecSection):
    """The alternatives that the business case compares; doing nothing is always one."""

    build: Option = Field(Option(), description="Building a model.")
    rule: Option = Field(Option(once=0, per_year=0), description="Running a rule instead.")
    buy: ReadyMade | None = Field(None, description="Buying a service; None: none is for sale.")


class Payoff(SpecSection):
    """What a decision earns, in money. Exactly one of three shapes.

    - `actions`: action -> true class -> money, for classification with a free choice of actions.
    - `right`, `wrong` and optionally `refer` (ask a person): classification where the action is to
      name the class.
    - `under`, `over` and optionally `base`: regression; money per unit of prediction below or
      above the truth (costs are negative), and money for each decision made.
    """

    actions: dict[str, dict[str, float]] | None = Field(
        None, description="Action -> true class -> money."
    )
    do_nothing: str | None = Field(
        None, description="The action taken where there is no model; default: the best constant."
    )
    right: float | None = Field(None, description="Money when the named class is the true one.")
    wrong: float | None = Field(None, description="Money when it is not.")
    refer: float | None = Field(None, description="Money when a person decides instead.")
    under: float | None = Field(
        None, le=0, description="Money per unit that the prediction is below the truth."
    )
    over: float | None = Field(
        None, le=0, description="Money per unit that the prediction is above the truth."
    )
    base: float = Field(0, description="Regression: money for each decision made.")

    @model_validator(mode="after")
    def _one_shape(self) -> Payoff:
        shapes = [
            self.actions is not None,
            self.right is not None or self.wrong is not None,
            self.under is not None or self.over is not None,
        ]
        if sum(shapes) != 1:
            raise ValueError(
                "payoff has exactly one shape: actions, right + wrong, or under + over"
            )
        if shapes[1] and (self.right is None or self.wrong is None):
            raise ValueError("payoff needs both right and wrong")
        if shapes[2] and (self.under is None or self.over is None):
            raise ValueError("payoff needs both under and over")
        self._check_actions()
        return self

    def _check_actions(self) -> None:
        if self.actions is None:
            if self.do_nothing is not None:
                raise ValueError("payoff.do_nothing names one of payoff.actions")
            return
        columns = {tuple(sorted(row)) for row in self.actions.values()}
        if len(self.actions) < 2 or len(columns) != 1:
            raise ValueError("payoff.actions needs two or more actions, each with the same classes")
        if self.do_nothing is not None and self.do_nothing not in self.actions:
            raise ValueError(f"payoff.do_nothing: {self.do_nothing} is not one of the actions")


class Business(SpecSection):
    """Requirements, goals, the cost matrix, and the alternatives."""

    problem: str = Field("", description="What is decided, and for whom.")
    owner: str = Field("", description="Who answers for the model.")
    requirements: Requirements = Field(
        Requirements(), description="What the business allows and asks for."
    )
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$", description="ISO 4217 code of all money.")
    decisions_per_year: float | None = Field(
        None, gt=0, description="How often it decides; None: no money a year is said."
    )
    horizon_years: float = Field(
        3, gt=0, le=20, description="Years over which alternatives are compared."
    )
    discount_rate: float = Field(0.08, ge=0, lt=1, description="A year's discount of later money.")
    expected_money_per_decision: float | None = Field(
        None, description="Expected before there is a model; a run replaces it by what it measured."
    )
    payoff: Payoff | None = Field(
        None,
        description="What a decision earns; exactly one of three shapes. None: nobody said it, so "
        "log-loss, for regression the squared error, judges and promotes, and no money is shown.",
    )
    goals: list[Goal] = Field(default=[], description="Numbers to reach, each by a date.")
    options: BusinessOptions = Field(
        BusinessOptions(), description="The alternatives, and what they cost."
    )

    @model_validator(mode="after")
    def _money_is_said(self) -> Business:
        for number, goal in enumerate(self.goals):
            if goal.metric.startswith("money") and self.payoff is None:
                raise RuleError(f"{goal.metric} needs business.payoff", "goals", number)
            if goal.metric == "money_per_year" and self.decisions_per_year is None:
                raise RuleError(f"{goal.metric} needs decisions_per_year", "goals", number)
        return self

    @property
    def build_cost(self) -> float:
        """Money for the first version: as stated, or the team's days."""
        stated = self.options.build.once
        return self.requirements.build_cost if stated is None else stated

    @property
    def running_cost(self) -> float:
        """Money a year to run the model: as stated or the team's days, plus each decision's."""
        stated = self.options.build.per_year
        fixed = self.requirements.running_cost if stated is None else stated
        return fixed + self.options.build.per_decision * (self.decisions_per_year or 0)
