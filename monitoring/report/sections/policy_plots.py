"""Plots of the loop's money against that of the other policies over the same time."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from mdlc.monitoring.report import plots
from mdlc.monitoring.report.formatting import money
from mdlc.monitoring.report.page_parts import Plot
from mdlc.monitoring.report.sections.business_section import room
from mdlc.state.replay_documents import PolicyResult, ReplayRecord


def cost_of(policy: PolicyResult) -> float:
    """Return what all retrainings of a policy cost."""
    return policy.earned - policy.net


def color_of(name: str) -> str:
    """Return a policy's colour."""
    return plots.POLICIES.get(name, plots.SKY)


def bars(life: ReplayRecord) -> Plot:
    """Return each policy's net money as a bar, most first."""
    ordered = sorted(life.policies, key=lambda policy: -policy.net)
    values = [policy.net for policy in ordered]
    drawn = plots.bars(
        [policy.title or policy.name for policy in ordered],
        values,
        color=[color_of(policy.name) for policy in ordered],
        textposition="outside",
        text=[money(value, life.currency) for value in values],
        cliponaxis=False,
        hovertemplate="%{y}: %{x:,.0f}<extra></extra>",
    )
    made = plots.figure([drawn], height=plots.height_of(len(ordered), each=40))
    made.update_yaxes(autorange="reversed", type="category")
    made.update_xaxes(title_text=f"net money ({life.currency})", tickformat="~s", **room(values))
    caption = "The longest bar earned most over the whole time, after the cost of its retrainings."
    return Plot("Net money of each policy", made, caption)


def cumulative(life: ReplayRecord) -> Plot:
    """Return cumulative money by week, and the loop's lead over each other policy."""
    sums = {policy.name: _sums(life, policy) for policy in life.policies}
    weeks = [week.begins for week in life.weeks]
    loop = life.policies[0].name
    made = plots.grid(
        rows=2,
        columns=1,
        height=600,
        shared_xaxes=True,
        vertical_spacing=0.1,
        titles=["Money so far, net", "Lead of the loop over each other policy"],
    )
    for policy in life.policies:
        options: dict[str, Any] = {"color": color_of(policy.name), "legendgroup": policy.name}
        label = policy.title or policy.name
        width = {"color": color_of(policy.name), "width": 3 if policy.name == loop else 1.75}
        made.add_trace(
            plots.line(weeks, sums[policy.name], name=label, line=width, **options), row=1, col=1
        )
        if policy.name == loop:
            continue
        lead = [mine - other for mine, other in zip(sums[loop], sums[policy.name], strict=True)]
        made.add_trace(
            plots.line(weeks, lead, name=label, line=width, showlegend=False, **options),
            row=2,
            col=1,
        )
    plots.mark(made, y=0, axis="2")
    made.update_layout(
        margin={"l": 8, "r": 16, "t": 64, "b": 8},
        hovermode="x",
        legend={"yref": "container", "y": 1, "yanchor": "top"},
    )
    made.update_yaxes(tickformat="~s", title_text=life.currency, nticks=6)
    caption = (
        "Above zero in the lower part, the loop is ahead of that policy; "
        "a step down is the cost of a retraining."
    )
    return Plot("Money as time went by", made, caption, wide=True)


def _sums(life: ReplayRecord, policy: PolicyResult) -> list[float]:
    """Return the policy's net money after each week; retrainings cost in the week they occur."""
    costs = _costs(life, policy)
    earned = (week.money.get(policy.name, 0.0) for week in life.weeks)
    return list(accumulate(money - cost for money, cost in zip(earned, costs, strict=True)))


def _costs(life: ReplayRecord, policy: PolicyResult) -> list[float]:
    """Return the retraining cost of each week: at the events for the loop, else spread evenly."""
    total = cost_of(policy)
    runs = [event.time for event in life.events if event.kind == "retraining"]
    if policy.name != life.policies[0].name or not runs:
        return [total / len(life.weeks)] * len(life.weeks)
    begins = [week.begins for week in life.weeks]
    costs = [0.0] * len(begins)
    for time in runs:
        costs[max(sum(begin <= time for begin in begins) - 1, 0)] += total / len(runs)
    return costs
