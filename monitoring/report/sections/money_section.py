"""What winner, champion, rule and doing nothing earn on the test set."""

from __future__ import annotations

from mdlc.core.documents.evaluation_result import Comparison, Contender, Evaluation
from mdlc.monitoring.report import plots
from mdlc.monitoring.report.formatting import money
from mdlc.monitoring.report.page_parts import (
    Block,
    Cell,
    Notes,
    Plot,
    ReportSection,
    ReportTable,
    Tone,
)
from mdlc.monitoring.report.report_input import ReportInput
from mdlc.monitoring.report.sections import score

ID, TITLE = "money", "Money"


def build(inputs: ReportInput) -> ReportSection:
    """Return the section."""
    evaluation = inputs.evaluation
    if evaluation is None:
        return ReportSection(ID, TITLE, missing="Evaluation has not run yet.")
    if not evaluation.priced:
        return score.build(evaluation)
    ordered = sorted(evaluation.contenders, key=lambda c: -c.money_per_decision.value)
    blocks: list[Block] = [_bars(ordered, evaluation, inputs), _table(ordered, evaluation, inputs)]
    if evaluation.comparisons:
        blocks += [_gains(evaluation, inputs.currency), _comparisons(evaluation, inputs.currency)]
    if evaluation.reasons:
        tone: Tone = "good" if evaluation.promote else "warn"
        verdict = "Why it was promoted" if evaluation.promote else "Why it was not promoted"
        blocks.append(Notes(verdict, [Cell(reason, tone) for reason in evaluation.reasons]))
    return ReportSection(ID, TITLE, _lead(ordered, inputs), blocks)


def _lead(ordered: list[Contender], inputs: ReportInput) -> str:
    if not ordered:
        return ""
    first = ordered[0]
    each = money(first.money_per_decision.value, inputs.currency)
    text = f"{first.name} earns most: {each} a decision"
    nothing, a_year = inputs.contender("nothing"), inputs.decisions_per_year
    if nothing is None or a_year is None or first is nothing:
        return f"{text}."
    gain = (first.money_per_decision.value - nothing.money_per_decision.value) * a_year
    return f"{text}, {money(gain, inputs.currency)} a year more than doing nothing."


def _bars(ordered: list[Contender], evaluation: Evaluation, inputs: ReportInput) -> Plot:
    intervals = [c.money_per_decision for c in ordered]
    values = [interval.value for interval in intervals]
    errors = {
        "type": "data",
        "symmetric": False,
        "array": [i.high - i.value for i in intervals],
        "arrayminus": [i.value - i.low for i in intervals],
        "color": plots.GREY,
        "thickness": 1.5,
        "width": 5,
    }
    colors = [plots.contender_color(c.name, winner=evaluation.winner) for c in ordered]
    names = [f"{c.name} (winner)" if c.name == evaluation.winner else c.name for c in ordered]
    bars = plots.bars(
        names, values, color=colors, error_x=errors, hovertemplate="%{y}: %{x:,.4~g}<extra></extra>"
    )
    made = plots.figure([bars], height=plots.height_of(len(ordered), each=42))
    for name, interval in zip(names, intervals, strict=True):
        text = money(interval.value, inputs.currency)
        made.add_annotation(
            x=max(interval.high, 0),
            y=name,
            text=text,
            showarrow=False,
            xanchor="left",
            xshift=8,
            font={"size": 12},
        )
    low, high = min([0.0, *(i.low for i in intervals)]), max([0.0, *(i.high for i in intervals)])
    made.update_yaxes(autorange="reversed", type="category")
    made.update_xaxes(
        title_text=f"money a decision ({inputs.currency})",
        zeroline=True,
        range=[low * 1.05, high + 0.2 * (high - low or 1)],
    )
    caption = (
        "The longest bar earns most; the thin lines are each one's interval of 95 %. Whether one "
        "earns more than another is in the gains below, decision by decision."
    )
    return Plot("Money of each contender", made, caption)


def _table(ordered: list[Contender], evaluation: Evaluation, inputs: ReportInput) -> ReportTable:
    rows: list[list[Cell | str]] = []
    a_year = inputs.decisions_per_year
    for contender in ordered:
        earned = contender.money_per_decision
        rows.append(
            [
                Cell(contender.name, "strong" if contender.name == evaluation.winner else ""),
                money(earned.value, inputs.currency),
                f"{money(earned.low, '')} to {money(earned.high, '')}",
                money(None if a_year is None else earned.value * a_year, inputs.currency),
            ]
        )
    head = ["Contender", "A decision", "95 % interval", "A year"]
    return ReportTable("Money in numbers", head, rows, frozenset({1, 2, 3}))


def _gains(evaluation: Evaluation, currency: str) -> Plot:
    import plotly.graph_objects as go

    found = evaluation.comparisons
    gains = [item.gain for item in found]
    dots = go.Scatter(
        x=[gain.value for gain in gains],
        y=[item.against for item in found],
        mode="markers",
        marker={"size": 11, "color": [plots.BLUE if c.enough else plots.RED for c in found]},
        error_x={
            "type": "data",
            "symmetric": False,
            "color": plots.GREY,
            "thickness": 2,
            "width": 5,
            "array": [gain.high - gain.value for gain in gains],
            "arrayminus": [gain.value - gain.low for gain in gains],
        },
        hovertemplate="against %{y}: %{x:,.4~g}<extra></extra>",
    )
    made = plots.figure([dots], height=plots.height_of(len(found), each=36))
    plots.mark(made, x=0)
    made.update_yaxes(autorange="reversed", type="category")
    made.update_xaxes(title_text=f"gain of {evaluation.winner}, a decision ({currency})")
    caption = (
        "A line that stays right of zero is a sure gain, decision by decision on the same "
        "rows; orange points were not enough to promote."
    )
    return Plot(f"What {evaluation.winner} gains against each other", made, caption)


def _comparisons(evaluation: Evaluation, currency: str) -> ReportTable:
    head = ["Against", "Gain a decision", "95 % interval", "Sure of a gain", "Enough"]
    rows = [_comparison(item, currency) for item in evaluation.comparisons]
    return ReportTable("Gains in numbers", head, rows, frozenset({1, 2, 3}), folded=True)


def _comparison(item: Comparison, currency: str) -> list[Cell | str]:
    gain = item.gain
    return [
        item.against,
        money(gain.value, currency, signed=True),
        f"{money(gain.low, '')} to {money(gain.high, '')}",
        f"{item.probability:.1%}",
        Cell("yes", "good") if item.enough else Cell("no", "warn"),
    ]
