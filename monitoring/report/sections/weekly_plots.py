"""Plots by week over one time axis: quality, drift, versions and events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from mdlc.monitoring.report import plots
from mdlc.monitoring.report.page_parts import Plot
from mdlc.state.replay_documents import ReplayRecord, ReplayWeek

PREDICTION = "__prediction"
EVENTS = {
    "alert": ("triangle-up", plots.ORANGE),
    "resolved": ("triangle-down", plots.GREY),
    "trigger": ("diamond", plots.PURPLE),
    "retraining": ("square", plots.SKY),
    "canary": ("star-open", plots.SKY),
    "promotion": ("star", plots.GREEN),
    "canary_rollback": ("x-open", plots.RED),
    "refusal": ("x", plots.RED),
    "withdrawal": ("square-open", plots.RED),
    "restoration": ("square-open", plots.GREEN),
    "failure": ("x-thin-open", plots.RED),
}
Panel = tuple[str, float, Callable[[Any, int], None]]
"""Title, relative height, and the function that draws it into a row of the figure."""


def feature_drift(week: ReplayWeek) -> list[float]:
    """Return the features' population stability indexes of a week."""
    return [value for name, value in week.drift.items() if name != PREDICTION]


def plot(life: ReplayRecord, *, warn: float) -> Plot:
    """Return the figure; panels without a value are left out."""
    panels = [*_quality(life.weeks), *_drift(life.weeks, warn), *_bands(life)]
    heights = [panel[1] for panel in panels]
    made = plots.grid(
        rows=len(panels),
        columns=1,
        shared_xaxes=True,
        titles=[panel[0] for panel in panels],
        height=round(80 + 128 * sum(heights)),
        row_heights=heights,
        vertical_spacing=0.28 / max(sum(heights), 1) if len(panels) > 1 else 0,
    )
    for row, (_, _, draw) in enumerate(panels, start=1):
        draw(made, row)
    for begin, _ in versions(life)[1:]:
        plots.mark(made, x=begin.isoformat(), color=plots.GREEN, dash="dot")
    made.update_layout(
        margin={"l": 8, "r": 16, "t": 64, "b": 8},
        legend={"yref": "container", "y": 1, "yanchor": "top"},
    )
    made.update_xaxes(range=[life.begins.isoformat(), life.ends.isoformat()], type="date")
    made.update_annotations(x=0, xanchor="left")
    _label_versions(made, life, row=len(panels) - (1 if life.events else 0))
    caption = (
        "Where observed leaves predicted, the world has changed; the green dotted lines are "
        "promotions, after which the two should meet again."
    )
    return Plot("Week by week", made, caption, wide=True)


def _quality(weeks: list[ReplayWeek]) -> list[Panel]:
    panels: list[Panel] = []
    label = _class_to_show(weeks)
    if label:
        title = "Mean" if label == "mean" else f"Share of {label}"
        panels.append((f"{title}: predicted and observed", 1.5, _pair(weeks, label)))
    for name, title in (
        ("log_loss", "Log-loss (lower is better)"),
        ("skill", "Skill (0 is a constant, 1 is perfect)"),
        ("accuracy", "Accuracy"),
        ("mae", "Mean absolute error"),
    ):
        values = [getattr(week, name) for week in weeks]
        if any(value is not None for value in values):
            panels.append((title, 1.0, _single(weeks, values, title, percents=name == "accuracy")))
    return panels


def _class_to_show(weeks: list[ReplayWeek]) -> str:
    """Return the class whose predicted share differs most over all weeks; of two, the rarer."""
    labels = list(dict.fromkeys(label for week in weeks for label in week.observed))
    if len(labels) == 2:
        return min(labels, key=lambda label: sum(week.observed.get(label, 0) for week in weeks))

    def gap(label: str) -> float:
        pairs = [(w.observed.get(label), w.predicted.get(label)) for w in weeks]
        return sum(abs(o - p) for o, p in pairs if o is not None and p is not None)

    return max(labels, key=gap, default="")


def _pair(weeks: list[ReplayWeek], label: str) -> Callable[[Any, int], None]:
    def draw(made: Any, row: int) -> None:
        series = (
            ("observed", plots.ORANGE, [week.observed.get(label) for week in weeks]),
            ("predicted", plots.BLUE, [week.predicted.get(label) for week in weeks]),
        )
        for name, color, values in series:
            made.add_trace(
                plots.line(_middles(weeks), values, name=name, color=color), row=row, col=1
            )
        made.update_yaxes(tickformat="" if label == "mean" else ".0%", nticks=5, row=row, col=1)

    return draw


def _single(
    weeks: list[ReplayWeek], values: list[float | None], name: str, *, percents: bool
) -> Callable[[Any, int], None]:
    def draw(made: Any, row: int) -> None:
        trace = plots.line(_middles(weeks), values, name=name, color=plots.BLUE, showlegend=False)
        made.add_trace(trace, row=row, col=1)
        made.update_yaxes(tickformat=".0%" if percents else "", nticks=4, row=row, col=1)

    return draw


def _drift(weeks: list[ReplayWeek], warn: float) -> list[Panel]:
    if not any(week.drift for week in weeks):
        return []

    def draw(made: Any, row: int) -> None:
        largest = [max(feature_drift(week), default=None) for week in weeks]
        names = [
            max((n for n in w.drift if n != PREDICTION), key=lambda n: w.drift[n], default="")
            for w in weeks
        ]
        features = plots.line(
            _middles(weeks),
            largest,
            name="largest feature drift",
            color=plots.PURPLE,
            customdata=names,
            hovertemplate="%{y:.3f} (%{customdata})",
        )
        answers = plots.line(
            _middles(weeks),
            [week.drift.get(PREDICTION) for week in weeks],
            name="prediction drift",
            color=plots.SKY,
        )
        made.add_traces([features, answers], rows=[row] * 2, cols=[1] * 2)
        plots.mark(made, y=warn, axis=str(row) if row > 1 else "", color=plots.RED, dash="dash")
        made.update_yaxes(rangemode="tozero", nticks=4, row=row, col=1)

    return [(f"Drift (population stability index; dashed: warn from {warn:g})", 1.0, draw)]


def _bands(life: ReplayRecord) -> list[Panel]:
    panels: list[Panel] = [("Version serving", 0.4, lambda made, row: _band(made, row, life))]
    if life.events:
        kinds = list(dict.fromkeys(event.kind for event in life.events))
        panels.append(
            ("Events", 0.25 + 0.17 * len(kinds), lambda made, row: _markers(made, row, life))
        )
    return panels


def versions(life: ReplayRecord) -> list[tuple[datetime, str]]:
    """Return when each version began to serve, in order of time.

    Read from the promotions, not from the versions that answered in a week, because these include
    canaries that never served alone.
    """
    first = next((name for week in life.weeks for name in week.versions), "")
    promoted = [
        (event.time, event.version)
        for event in life.events
        if event.kind == "promotion" and event.time < life.ends
    ]
    return [(life.begins, first), *promoted] if first else promoted


def _spans(life: ReplayRecord) -> list[tuple[datetime, datetime, str]]:
    begins = versions(life)
    ends = [begin for begin, _ in begins[1:]] + [life.ends]
    return [(begin, end, version) for (begin, version), end in zip(begins, ends, strict=True)]


def _band(made: Any, row: int, life: ReplayRecord) -> None:
    import plotly.graph_objects as go

    for index, (begin, end, version) in enumerate(_spans(life)):
        milliseconds = (end - begin).total_seconds() * 1000
        color = plots.SERIES[index % (len(plots.SERIES) - 1)]
        bar = go.Bar(
            x=[milliseconds],
            base=[begin.isoformat()],
            y=[""],
            orientation="h",
            marker={"color": color, "opacity": 0.45, "line": {"width": 0}},
            width=0.9,
            showlegend=False,
            hovertemplate=f"version {version}<extra></extra>",
        )
        made.add_trace(bar, row=row, col=1)
    made.update_layout(barmode="overlay")
    made.update_yaxes(showticklabels=False, showgrid=False, row=row, col=1)


def _label_versions(made: Any, life: ReplayRecord, *, row: int) -> None:
    for begin, end, version in _spans(life):
        middle = begin + (end - begin) / 2
        made.add_annotation(
            x=middle.isoformat(),
            y=0,
            text=f"v{version}",
            showarrow=False,
            font={"size": 11},
            row=row,
            col=1,
        )


def _markers(made: Any, row: int, life: ReplayRecord) -> None:
    import plotly.graph_objects as go

    for kind, (symbol, color) in EVENTS.items():
        found = [event for event in life.events if event.kind == kind]
        if not found:
            continue
        titles = [f"{event.title} {event.detail}"[:90] for event in found]
        dots = go.Scatter(
            x=plots.times([event.time for event in found]),
            y=[kind] * len(found),
            mode="markers",
            marker={
                "symbol": symbol,
                "size": 10,
                "color": color,
                "line": {"color": color, "width": 1},
            },
            customdata=titles,
            showlegend=False,
            name=kind,
            hovertemplate="%{x|%-d %b}: %{customdata}<extra></extra>",
        )
        made.add_trace(dots, row=row, col=1)
    made.update_yaxes(type="category", autorange="reversed", row=row, col=1)


def _middles(weeks: list[ReplayWeek]) -> list[datetime]:
    return [week.begins + timedelta(days=3.5) for week in weeks]
