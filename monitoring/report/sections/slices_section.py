"""Groups of the test set, by the money they bring."""

from __future__ import annotations

from mdlc.core.documents.evaluation_result import Contender, Slice
from mdlc.monitoring.report import plots
from mdlc.monitoring.report.formatting import money, number, plural
from mdlc.monitoring.report.page_parts import Block, Cell, Plot, ReportSection, ReportTable, Tone
from mdlc.monitoring.report.report_input import ReportInput

ID, TITLE = "slices", "Slices"
MOST = 40


def build(inputs: ReportInput) -> ReportSection:
    """Return the section."""
    judged = inputs.judged
    if judged is None:
        return ReportSection(ID, TITLE, missing="Evaluation has not run yet.")
    if not judged.slices:
        return ReportSection(
            ID, TITLE, missing="No slices: spec.model.slices is empty, or all are small."
        )
    if not inputs.priced:
        lead = f"{plural(len(judged.slices), 'group')} of the test set, judged apart."
        return ReportSection(
            ID, TITLE, lead, [_table(judged.slices, inputs.currency, priced=False)]
        )
    ordered = sorted(judged.slices, key=lambda item: -item.money_per_decision)
    losing = sum(item.money_per_decision < 0 for item in ordered)
    lead = f"{plural(len(ordered), 'group')} of the test set, judged apart with {judged.name}; " + (
        f"those that lose money: {losing}." if losing else "none of them loses money."
    )
    blocks: list[Block] = [
        _dots(ordered, judged, inputs.currency),
        _table(ordered, inputs.currency),
    ]
    return ReportSection(ID, TITLE, lead, blocks)


def _dots(ordered: list[Slice], judged: Contender, currency: str) -> Plot:
    import plotly.graph_objects as go

    shown = ordered if len(ordered) <= MOST else [*ordered[: MOST // 2], *ordered[-MOST // 2 :]]
    most = max(item.rows for item in shown)
    values = [item.money_per_decision for item in shown]
    dots = go.Scatter(
        x=values,
        y=[f"{item.column} = {item.value}" for item in shown],
        mode="markers",
        marker={
            "size": [8 + 14 * (item.rows / most) ** 0.5 for item in shown],
            "opacity": 1,
            "line": {"width": 0},
            "color": [plots.BLUE if value >= 0 else plots.RED for value in values],
        },
        customdata=[item.rows for item in shown],
        hovertemplate="%{y}: %{x:,.4~g} a decision, %{customdata:,} rows<extra></extra>",
    )
    made = plots.figure([dots], height=plots.height_of(len(shown), each=26))
    plots.mark(made, x=judged.money_per_decision.value, dash="dot", width=1.5)
    plots.mark(made, x=0)
    made.update_yaxes(autorange="reversed", type="category")
    made.update_xaxes(title_text=f"money a decision ({currency})")
    left = (
        f" The {MOST} best and worst of {len(ordered)} are shown."
        if len(shown) < len(ordered)
        else ""
    )
    caption = (
        "Groups far left of the dotted line (all rows) need another look; orange ones lose "
        f"money, larger points hold more rows.{left}"
    )
    return Plot("Money by slice", made, caption)


def _table(ordered: list[Slice], currency: str, *, priced: bool = True) -> ReportTable:
    metrics = list(dict.fromkeys(name for item in ordered for name in item.metrics))
    rows: list[list[Cell | str]] = [
        [
            f"{item.column} = {item.value}",
            f"{item.rows:,}",
            *([_money(item, currency)] if priced else []),
            *(number(item.metrics.get(name)) for name in metrics),
        ]
        for item in ordered
    ]
    earned = ["Money a decision"] if priced else []
    head = ["Slice", "Rows", *earned, *(name.replace("_", " ") for name in metrics)]
    return ReportTable("Slices in numbers", head, rows, frozenset(range(1, len(head))), folded=True)


def _money(item: Slice, currency: str) -> Cell:
    tone: Tone = "bad" if item.money_per_decision < 0 else ""
    return Cell(money(item.money_per_decision, currency), tone)
