"""Which candidates took part, which were refused and why, and how they were tuned."""

from __future__ import annotations

import math
from typing import Any

from mdlc.core.documents.training_result import (
    CandidateResult,
    Contestant,
    Selection,
    Training,
    Trial,
)
from mdlc.monitoring.report import plots
from mdlc.monitoring.report.formatting import known, number, plural, seconds
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

ID, TITLE = "candidates", "Candidates and tuning"
MOST_FEATURES = 12


def build(inputs: ReportInput) -> ReportSection:
    """Return the section."""
    blocks: list[Block] = []
    if inputs.selection:
        blocks += [_chosen(inputs.selection), _contestants(inputs.selection)]
    training = inputs.training
    if training is None:
        missing = (
            "Training has not run yet."
            if inputs.selection
            else ("Selection and training have not run yet.")
        )
        return ReportSection(ID, TITLE, blocks=blocks, missing=missing)
    blocks.append(_results(training))
    drawn = (
        (_tuning, [c for c in training.candidates if len(_values(c.trials)) > 1]),
        (_curves, [c for c in training.candidates if c.curve]),
        (_importance, [c for c in training.candidates if c.importance]),
    )
    blocks += [draw(found) for draw, found in drawn if found]
    best = training.candidates[0] if training.candidates else None
    lead = (
        f"{plural(len(training.candidates), 'candidate')} trained in {seconds(training.seconds)}."
    )
    if best:
        lead += f" {best.kind} is best on the validation rows by {best.metric}."
    return ReportSection(ID, TITLE, lead, blocks)


def _chosen(selection: Selection) -> Facts:
    needed = {True: "yes", False: "no", None: "open"}[selection.ml_needed]
    return Facts(
        [
            Fact("Task", selection.task, selection.task_reason),
            Fact("Is machine learning needed?", needed, selection.ml_reason),
        ]
    )


def _contestants(selection: Selection) -> ReportTable:
    every = [*selection.contestants, *([selection.ready_made] if selection.ready_made else [])]
    head = ["Contestant", "Kind", "Takes part", "Why"]
    return ReportTable("Contestants", head, [_contestant(item) for item in every])


def _contestant(item: Contestant) -> list[Cell | str]:
    state = Cell("refused", "warn") if item.refused else Cell("yes", "good")
    return [
        item.kind,
        "deep" if item.deep else "statistical",
        state,
        item.refused or item.why or "–",
    ]


def _results(training: Training) -> ReportTable:
    rows: list[list[Cell | str]] = []
    for place, item in enumerate(training.candidates):
        state = Cell(f"refused: {item.refused}", "bad") if item.refused else Cell(item.format)
        params = ", ".join(f"{name} {_short(value)}" for name, value in item.params.items())
        rows.append(
            [
                Cell(item.kind, "" if place else "strong"),
                number(item.value, digits=4),
                str(len(item.trials)),
                seconds(item.seconds),
                number(item.parity),
                state,
                Cell(item.description or params or "–", "muted"),
            ]
        )
    metric = training.candidates[0].metric if training.candidates else "metric"
    head = [
        "Candidate",
        f"Validation {metric}",
        "Trials",
        "Time",
        "Export differs by",
        "Served as",
        "What it is",
    ]
    note = "Smaller validation values are better (money is negated). The test set is not used here."
    return ReportTable("Candidates, best first", head, rows, frozenset({1, 2, 3, 4}), note)


def _short(value: float | int | str | bool) -> str:
    return number(value) if isinstance(value, float) else str(value)


def _values(trials: list[Trial]) -> list[tuple[int, float]]:
    return [(t.number, t.value) for t in trials if t.value is not None and known(t.value)]


def small_multiples(
    names: list[str], *, each: int, wide: int = 3, **options: Any
) -> tuple[Any, int]:
    """Return an empty grid with one place for each name, and its number of columns."""
    columns = min(wide, len(names))
    rows = math.ceil(len(names) / columns)
    made = plots.grid(
        rows=rows,
        columns=columns,
        height=70 + each * rows,
        titles=names,
        vertical_spacing=0.3 / rows if rows > 1 else 0.1,
        horizontal_spacing=0.12,
        **options,
    )
    return made, columns


def _tuning(found: list[CandidateResult]) -> Plot:
    import plotly.graph_objects as go

    made, columns = small_multiples([c.kind for c in found], each=200)
    for index, item in enumerate(found):
        place = {"row": index // columns + 1, "col": index % columns + 1}
        points = _values(item.trials)
        numbers, values = [n for n, _ in points], [v for _, v in points]
        best = [min(values[: i + 1]) for i in range(len(values))]
        dots = go.Scatter(
            x=numbers,
            y=values,
            mode="markers",
            name="a trial",
            opacity=0.75,
            marker={"color": plots.SKY, "size": 7},
            showlegend=index == 0,
        )
        steps = plots.line(
            numbers,
            best,
            name="best so far",
            color=plots.BLUE,
            line={"color": plots.BLUE, "width": 2, "shape": "hv"},
            showlegend=index == 0,
        )
        made.add_traces([dots, steps], rows=[place["row"]] * 2, cols=[place["col"]] * 2)
    made.update_layout(
        margin={"l": 8, "r": 8, "t": 58, "b": 8},
        legend={"yref": "container", "y": 1, "yanchor": "top"},
    )
    made.update_xaxes(title_text="trial", rangemode="tozero")
    made.update_yaxes(nticks=5)
    failed = sum(len(c.trials) - len(_values(c.trials)) for c in found)
    cut = f" {plural(failed, 'trial')} failed or were cut and are not drawn." if failed else ""
    caption = f"A line that is flat at its end says that more trials would hardly help.{cut}"
    return Plot("Tuning", made, caption, wide=len(found) > 1)


def _curves(found: list[CandidateResult]) -> Plot:
    made, columns = small_multiples([c.kind for c in found], each=210)
    styles = {"loss": ("training", plots.GREY), "val_loss": ("validation", plots.BLUE)}
    for index, item in enumerate(found):
        for series, (name, color) in styles.items():
            values = item.curve.get(series, [])
            trace = plots.line(
                list(range(1, len(values) + 1)),
                values,
                name=name,
                color=color,
                showlegend=index == 0,
            )
            made.add_trace(trace, row=index // columns + 1, col=index % columns + 1)
    made.update_layout(
        margin={"l": 8, "r": 8, "t": 58, "b": 8},
        legend={"yref": "container", "y": 1, "yanchor": "top"},
    )
    made.update_xaxes(title_text="epoch")
    made.update_yaxes(title_text="loss", nticks=5)
    caption = "Validation loss that rises while training loss falls is learning by heart."
    return Plot("Learning curves of the deep models", made, caption, wide=len(found) > 1)


def _importance(found: list[CandidateResult]) -> Plot:
    made, columns = small_multiples([c.kind for c in found], each=280)
    for index, item in enumerate(found):
        top = sorted(item.importance.items(), key=lambda pair: -pair[1])[:MOST_FEATURES]
        bars = plots.bars(
            [name for name, _ in top],
            [value for _, value in top],
            showlegend=False,
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
        made.add_trace(bars, row=index // columns + 1, col=index % columns + 1)
    made.update_yaxes(autorange="reversed", type="category", tickfont={"size": 11})
    made.update_xaxes(tickformat=".0%", nticks=5, rangemode="tozero")
    first = max(found[0].importance, key=lambda name: found[0].importance[name])
    caption = f"{found[0].kind} leans most on {first}; features near zero could be left out."
    return Plot("What the models lean on", made, caption, wide=len(found) > 1)
