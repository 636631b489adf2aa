"""How well the contenders predict the test rows, which no model was trained on."""

from __future__ import annotations

from typing import Any

from mdlc.core.documents.evaluation_result import Calibration, Contender, Evaluation, Interval
from mdlc.monitoring.report import plots
from mdlc.monitoring.report.formatting import number, percent, when
from mdlc.monitoring.report.page_parts import (
    Block,
    Cell,
    Fact,
    Facts,
    Plot,
    ReportSection,
    ReportTable,
)
from mdlc.monitoring.report.report_input import ReportInput

ID, TITLE = "test-set", "The test set"
MOST_CALIBRATIONS, MOST_NUMBERS = 6, 14


def build(inputs: ReportInput) -> ReportSection:
    """Return the section."""
    evaluation, winner = inputs.evaluation, inputs.winner
    if evaluation is None:
        return ReportSection(ID, TITLE, missing="Evaluation has not run yet.")
    blocks: list[Block] = [_facts(evaluation), _metrics(evaluation)]
    blocks += _calibration(evaluation)
    if winner and winner.confusion:
        blocks.append(_confusion(winner, evaluation.classes))
    blocks += [*_actions(evaluation), *_residuals(evaluation)]
    lead = (
        f"{evaluation.rows:,} rows that neither training nor tuning has seen judge all "
        f"contenders; {evaluation.winner} was chosen before, on the validation rows."
    )
    return ReportSection(ID, TITLE, lead, blocks)


def _facts(evaluation: Evaluation) -> Facts:
    span = f"{when(evaluation.begins)} to {when(evaluation.ends)}"
    promoted = "promoted" if evaluation.promote else "not promoted"
    return Facts(
        [
            Fact("Test rows", f"{evaluation.rows:,}", span if evaluation.begins else ""),
            Fact("Winner", evaluation.winner, f"digest {evaluation.winner_digest[:12]}"),
            Fact(
                "Verdict",
                promoted,
                " ".join(evaluation.reasons),
                "good" if evaluation.promote else "warn",
            ),
        ]
    )


def _metrics(evaluation: Evaluation) -> ReportTable:
    names = list(dict.fromkeys(name for c in evaluation.contenders for name in c.metrics))
    rows: list[list[Cell | str]] = [
        [
            Cell(c.name, "strong" if c.name == evaluation.winner else ""),
            *(_interval(c.metrics.get(name)) for name in names),
        ]
        for c in evaluation.contenders
    ]
    head = ["Contender", *(name.replace("_", " ") for name in names)]
    note = (
        "In brackets the bootstrap interval of 95 %; intervals that overlap are not a difference."
    )
    return ReportTable("Metrics", head, rows, frozenset(range(1, len(head))), note)


def _interval(interval: Interval | None) -> str:
    if interval is None:
        return "–"
    return f"{number(interval.value)} ({number(interval.low)} to {number(interval.high)})"


def _calibration(evaluation: Evaluation) -> list[Block]:
    curves = _curves(evaluation)
    if not curves:
        return []
    straight = plots.line(
        [0, 1],
        [0, 1],
        name="perfect",
        color=plots.GREY,
        hoverinfo="skip",
        line={"color": plots.GREY, "width": 1, "dash": "dot"},
    )
    traces = [straight]
    traces += [
        _curve(name, curve, color)
        for (name, curve), color in zip(curves, plots.SERIES, strict=False)
    ]
    made = plots.figure(traces, height=420)
    made.update_xaxes(title_text="predicted probability", range=[-0.02, 1.02], tickformat=".0%")
    made.update_yaxes(title_text="observed share", range=[-0.02, 1.02], tickformat=".0%")
    name, curve = curves[0]
    error = percent(curve.expected_calibration_error)
    caption = (
        f"On the dotted line, what is predicted is what happens; {name} is off by {error} "
        "on average. Larger points hold more rows."
    )
    return [Plot("Calibration", made, caption)]


def _curves(evaluation: Evaluation) -> list[tuple[str, Calibration]]:
    """Return the curves: one for each contender; with more than two classes, of the winner's."""
    first = sorted(evaluation.contenders, key=lambda c: c.name != evaluation.winner)
    if len(evaluation.classes) > 2:
        mine = first[0].calibration if first else []
        worst = sorted(mine, key=lambda c: -c.expected_calibration_error)
        return [(f"class {c.label}", c) for c in worst[:MOST_CALIBRATIONS]]
    found = [(c.name, c.calibration[-1]) for c in first if c.calibration]
    return found[:MOST_CALIBRATIONS]


def _curve(name: str, curve: Calibration, color: str) -> Any:
    points = [p for p in zip(curve.predicted, curve.observed, curve.counts, strict=True) if p[2]]
    most = max((count for _, _, count in points), default=1)
    return plots.line(
        [p for p, _, _ in points],
        [o for _, o, _ in points],
        name=name,
        color=color,
        mode="lines+markers",
        line={"color": color, "width": 1.5},
        marker={"size": [5 + 11 * (count / most) ** 0.5 for _, _, count in points]},
        customdata=[count for _, _, count in points],
        hovertemplate="predicted %{x:.1%}, observed %{y:.1%}, %{customdata:,} rows",
    )


def _confusion(winner: Contender, classes: list[str]) -> Plot:
    import plotly.graph_objects as go

    counts = winner.confusion
    shares = [[value / max(sum(row), 1) for value in row] for row in counts]
    few = len(classes) <= MOST_NUMBERS
    text = [
        [f"{n:,}<br>{s:.0%}" if len(classes) <= 5 else f"{n:,}" for n, s in zip(*pair, strict=True)]
        for pair in zip(counts, shares, strict=True)
    ]
    heat = go.Heatmap(
        z=shares,
        x=classes,
        y=classes,
        zmin=0,
        zmax=1,
        colorscale=plots.SEQUENTIAL,
        xgap=2,
        ygap=2,
        text=text,
        texttemplate="%{text}" if few else None,
        customdata=counts,
        showscale=not few,
        colorbar={"thickness": 10, "tickformat": ".0%", "outlinewidth": 0},
        hovertemplate="is %{y}, said %{x}: %{customdata:,} (%{z:.1%})<extra></extra>",
    )
    made = plots.figure(
        [heat], height=plots.height_of(len(classes), each=max(34, 110 // len(classes) + 20))
    )
    made.update_xaxes(title_text="predicted", type="category", showgrid=False, side="bottom")
    made.update_yaxes(title_text="true", type="category", autorange="reversed", showgrid=False)
    right = sum(counts[i][i] for i in range(len(counts))) / max(sum(map(sum, counts)), 1)
    caption = (
        f"{percent(right)} lie on the diagonal, where {winner.name} names the true class; "
        "colour is the share of the true class."
    )
    return Plot(f"Confusion matrix of {winner.name}", made, caption, wide=len(classes) > 6)


def _actions(evaluation: Evaluation) -> list[Block]:
    names = list(dict.fromkeys(name for c in evaluation.contenders for name in c.actions))
    if not names:
        return []
    rows = [
        [c.name, *(_share(c.actions.get(name, 0), sum(c.actions.values())) for name in names)]
        for c in evaluation.contenders
        if c.actions
    ]
    note = "How often each contender takes each action; the action that earns most is taken."
    return [
        ReportTable(
            "Actions",
            ["Contender", *names],
            rows,
            frozenset(range(1, 1 + len(names))),
            note,
            folded=len(names) > 6,
        )
    ]


def _share(count: int, total: int) -> str:
    return f"{count:,} ({percent(count / total if total else None)})"


def _residuals(evaluation: Evaluation) -> list[Block]:
    import plotly.graph_objects as go

    found = [c for c in evaluation.contenders if len(c.residual_quantiles) == 5]
    if not found:
        return []
    parts = ("lowerfence", "q1", "median", "q3", "upperfence")
    box = go.Box(
        y=[c.name for c in found],
        orientation="h",
        marker={"color": plots.BLUE},
        hoverinfo="x+y",
        **{part: [c.residual_quantiles[i] for c in found] for i, part in enumerate(parts)},
    )
    made = plots.figure([box], height=plots.height_of(len(found), each=44), showlegend=False)
    made.update_yaxes(autorange="reversed", type="category")
    made.update_xaxes(title_text="prediction − truth", zeroline=True)
    caption = (
        "Boxes hold the middle half of the errors, whiskers nine tenths; a box beside zero "
        "is a lean that the costs may want."
    )
    return [Plot("Errors", made, caption)]
