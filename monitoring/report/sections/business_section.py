"""Requirements, goals, and the alternatives in money."""

from __future__ import annotations

from typing import Any

from mdlc.core.documents.business_case import Alternative, BusinessCase, GoalState, Sensitivity
from mdlc.monitoring.report import plots
from mdlc.monitoring.report.formatting import known, money, number, percent, when
from mdlc.monitoring.report.page_parts import (
    Block,
    Cell,
    Fact,
    Facts,
    Notes,
    Plot,
    ReportSection,
    ReportTable,
)
from mdlc.monitoring.report.report_input import ReportInput

ID, TITLE = "business", "Requirements and return"


def build(inputs: ReportInput) -> ReportSection:
    """Return the section."""
    case = inputs.business
    blocks: list[Block] = []
    if case:
        blocks += [_facts(case), *_team(case)]
    if inputs.goals:
        blocks.append(_goals(inputs.goals, inputs.currency))
    if case is None:
        return ReportSection(ID, TITLE, blocks=blocks, missing="The business case has not run yet.")
    if case.alternatives:
        blocks += [_alternatives(case), *_returns(case)]
    if case.sensitivities:
        blocks += [_tornado(case), _break_even(case)]
    if case.notes:
        blocks.append(Notes("In words", case.notes))
    if not case.alternatives:
        return ReportSection(
            ID, TITLE, "Nobody has said what decisions are worth in a year.", blocks
        )
    lead = f"Over {case.horizon_years:g} years, the best way of deciding is to {_verb(case.best)}."
    if not case.best:
        lead = "Which way is best is open: what a model's decisions earn is not known yet."
    return ReportSection(ID, TITLE, lead, blocks)


def _verb(name: str) -> str:
    return {"build": "build a model", "rule": "use a rule", "buy": "buy a service"}.get(
        name, "do nothing"
    )


def _facts(case: BusinessCase) -> Facts:
    budget = money(case.budget, case.currency) if case.budget is not None else "open"
    within = {True: "within budget", False: "over budget", None: ""}[case.within_budget]
    return Facts(
        [
            Fact("Owner", case.owner or "–", ", ".join(case.tools)),
            Fact("Decisions a year", number(case.decisions_per_year)),
            Fact(
                "Cost to build",
                money(case.build_cost, case.currency),
                within,
                "bad" if case.within_budget is False else "",
            ),
            Fact("Budget", budget, f"discount rate {percent(case.discount_rate)}"),
        ]
    )


def _team(case: BusinessCase) -> list[Block]:
    if not case.team:
        return []
    names = list(dict.fromkeys(name for member in case.team for name in member))
    numeric = {i for i, name in enumerate(names) if isinstance(case.team[0].get(name), int | float)}
    rows = [
        [
            number(value) if isinstance(value, int | float) else str(value or "–")
            for value in (member.get(name, "") for name in names)
        ]
        for member in case.team
    ]
    head = [name.replace("_", " ") for name in names]
    return [ReportTable("Team", head, rows, frozenset(numeric), folded=True)]


def _goals(goals: list[GoalState], currency: str) -> ReportTable:
    rows: list[list[Cell | str]] = []
    for goal in goals:
        in_money = goal.metric.startswith("money")
        value = money(goal.value, currency) if in_money else number(goal.value)
        state = {True: Cell("met", "good"), False: Cell("missed", "bad")}.get(
            bool(goal.met), Cell("")
        )
        state = Cell("not measured yet", "muted") if goal.met is None else state
        bound = goal.bound.replace(">=", "at least").replace("<=", "at most")
        rows.append([goal.metric.replace("_", " "), bound, when(goal.by), value, state])
    return ReportTable("Goals", ["Goal", "Wanted", "By", "Now", "State"], rows, frozenset({1, 3}))


def _alternatives(case: BusinessCase) -> ReportTable:
    rows = [_alternative(item, case) for item in case.alternatives]
    head = [
        "Way of deciding",
        "Cost once + a year",
        "A decision",
        "Known by",
        "Break-even",
        "Present value",
        "Return",
        "Pays back after",
    ]
    note = (
        f"In {case.currency}. At break-even money a decision, it would equal doing nothing; "
        "present value is net of all costs, and return is present value over them."
    )
    refused = [
        f"{a.name.capitalize()} is refused: {a.refused}." for a in case.alternatives if a.refused
    ]
    return ReportTable(
        "Alternatives", head, rows, frozenset({1, 2, 4, 5, 6, 7}), " ".join([note, *refused])
    )


def _alternative(item: Alternative, case: BusinessCase) -> list[Cell | str]:
    name = Cell(f"{item.name} – best", "strong") if item.name == case.best else Cell(item.name)
    if item.refused:
        return [Cell(f"{item.name} – refused", "warn"), *["–"] * 6]
    measured = "measuring" if item.measured else "expecting"
    back = f"{item.payback_years:.1f} years" if known(item.payback_years) else "not by the end"
    unknown = item.net_present_value is None or item.name == "nothing"
    each = money(item.money_per_decision, case.currency)
    return [
        name,
        f"{money(item.once, '')} + {money(item.per_year, '')}",
        each,
        "–" if item.money_per_decision is None else measured,
        money(item.break_even_money_per_decision, case.currency),
        money(item.net_present_value, case.currency),
        percent(item.return_on_investment),
        "–" if unknown else back,
    ]


def _returns(case: BusinessCase) -> list[Block]:
    worth = {a.name: a.net_present_value for a in case.alternatives if not a.refused}
    items = sorted(((v, name) for name, v in worth.items() if v is not None), reverse=True)
    if len(items) < 2:
        return []
    colors = [plots.BLUE if name == case.best else plots.GREY for _, name in items]
    values = [value for value, _ in items]
    bars = plots.bars(
        [name for _, name in items],
        values,
        color=colors,
        textposition="outside",
        text=[money(value, case.currency) for value in values],
        cliponaxis=False,
    )
    made = plots.figure([bars], height=plots.height_of(len(items), each=38))
    made.update_yaxes(autorange="reversed")
    made.update_xaxes(title_text=f"net present value ({case.currency})", **room(values))
    caption = (
        f"The longest bar is worth most over {case.horizon_years:g} years, "
        "costs taken off and later money discounted."
    )
    return [Plot("What each alternative is worth", made, caption)]


def room(values: list[float]) -> dict[str, Any]:
    """Return an axis range that leaves space for the numbers written outside of bars."""
    low, high = min([0.0, *values]), max([0.0, *values])
    pad = (high - low or 1.0) * 0.16
    return {"range": [low - pad if low < 0 else 0.0, high + pad]}


def _tornado(case: BusinessCase) -> Plot:
    base = next((a.net_present_value for a in case.alternatives if a.name == "build"), None) or 0.0
    items = sorted(case.sensitivities, key=_span, reverse=True)
    names = [item.assumption.replace("_", " ") for item in items]
    sides = (
        ("30 % lower", plots.ORANGE, [item.low for item in items]),
        ("30 % higher", plots.BLUE, [item.high for item in items]),
    )
    traces = [
        plots.bars(
            names,
            [value - base for value in values],
            color=color,
            name=name,
            base=base,
            customdata=values,
            hovertemplate="%{y}: %{customdata:,.0f}",
        )
        for name, color, values in sides
    ]
    made = plots.figure(
        traces, height=plots.height_of(len(items), each=34, around=110), barmode="overlay"
    )
    made.update_yaxes(autorange="reversed")
    made.update_xaxes(
        title_text=f"net present value of building ({case.currency})", tickformat="~s"
    )
    plots.mark(made, x=base)
    caption = "The widest bar is the assumption to check first: 30 % off moves the return that far."
    return Plot("What the return depends on", made, caption)


def _span(item: Sensitivity) -> float:
    return abs(item.high - item.low)


def _break_even(case: BusinessCase) -> ReportTable:
    rows = [
        [
            item.assumption.replace("_", " "),
            money(item.low, case.currency),
            money(item.high, case.currency),
            f"× {number(item.break_even)}" if known(item.break_even) else "none",
        ]
        for item in sorted(case.sensitivities, key=_span, reverse=True)
    ]
    head = ["Assumption", "30 % lower", "30 % higher", "Break-even factor"]
    note = "At the break-even factor, building is worth as much as the best alternative to it."
    return ReportTable(
        "Sensitivities in numbers", head, rows, frozenset({1, 2, 3}), note, folded=True
    )
