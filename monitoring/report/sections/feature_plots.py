"""Plots of the features: the target, how strong each is, histograms, boxes, categories."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from mdlc.core.documents.exploration_findings import CategoryColumn, Exploration, NumberColumn
from mdlc.monitoring.report import plots
from mdlc.monitoring.report.formatting import percent
from mdlc.monitoring.report.page_parts import Block, Plot

MOST_HISTOGRAMS, MOST_BOXES, MOST_CATEGORIES, MOST_VALUES = 24, 24, 6, 8
MOST_CLASSES_IN_BOXES = 4


def plots_of(found: Exploration) -> list[Block]:
    """Return the plots, each only where there is something to draw."""
    blocks: list[Block] = []
    if found.target:
        blocks.append(_target(found))
    strengths = _strengths(found)
    if len(strengths) > 1:
        blocks.append(_strength_plot(strengths))
    numbers = sorted(found.numbers, key=lambda n: -(n.target_strength or 0))
    if numbers:
        blocks += [_histograms(numbers), _boxes(numbers)]
    if found.categories:
        blocks.append(_categories(found))
    return blocks


def _target(found: Exploration) -> Plot:
    target = found.target
    if target.get("kind") == "classes":
        counts = sorted(target["counts"].items(), key=lambda item: -item[1])[:30]
        total = sum(target["counts"].values()) or 1
        names = [name for name, _ in counts]
        bars = plots.bars(
            names,
            [count for _, count in counts],
            textposition="outside",
            text=[percent(count / total) for _, count in counts],
            cliponaxis=False,
        )
        made = plots.figure([bars], height=plots.height_of(len(counts)))
        made.update_yaxes(autorange="reversed", type="category")
        made.update_xaxes(title_text="rows", range=[0, counts[0][1] * 1.15])
        caption = f"{names[-1]} is the rarest class: {percent(counts[-1][1] / total)} of the rows."
        return Plot("The target", made, caption)
    made = plots.figure(
        [_histogram(target["histogram_edges"], target["histogram_counts"])], height=260, bargap=0.04
    )
    made.update_yaxes(title_text="rows")
    return Plot("The target", made, "Where the bars are high, the target's values are frequent.")


def _strengths(found: Exploration) -> list[tuple[str, float]]:
    every: list[NumberColumn | CategoryColumn] = [*found.numbers, *found.categories]
    known = [(c.name, c.target_strength) for c in every if c.target_strength is not None]
    return sorted(known, key=lambda item: -item[1])[:MOST_HISTOGRAMS]


def _strength_plot(strengths: list[tuple[str, float]]) -> Plot:
    import plotly.graph_objects as go

    names, values = [name for name, _ in strengths], [value for _, value in strengths]
    dots = go.Scatter(
        x=values,
        y=names,
        mode="markers",
        marker={"size": 10, "color": plots.BLUE},
        hovertemplate="%{y}: %{x:.3f}<extra></extra>",
    )
    made = plots.figure([dots], height=plots.height_of(len(names), each=22))
    made.update_yaxes(autorange="reversed", type="category")
    made.update_xaxes(title_text="strength alone (AUC, Cramér's V, |r| or correlation ratio)")
    caption = (
        f"{names[0]} alone tells most about the target; a value close to 1 would smell of "
        "a leak. Numbers and categories have different measures."
    )
    return Plot("How much each feature tells by itself", made, caption)


def _histogram(edges: list[float], counts: list[int]) -> Any:
    import plotly.graph_objects as go

    pairs = list(pairwise(edges))
    return go.Bar(
        x=[(low + high) / 2 for low, high in pairs],
        y=counts,
        width=[(high - low) * 0.94 for low, high in pairs],
        marker={"color": plots.BLUE, "line": {"width": 0}},
        customdata=[[low, high] for low, high in pairs],
        hovertemplate="%{customdata[0]:,.4~g} to %{customdata[1]:,.4~g}: %{y:,}<extra></extra>",
        showlegend=False,
    )


def _histograms(numbers: list[NumberColumn]) -> Plot:
    shown = numbers[:MOST_HISTOGRAMS]
    columns = min(4, len(shown))
    rows = math.ceil(len(shown) / columns)
    made = plots.grid(
        rows=rows,
        columns=columns,
        height=60 + 150 * rows,
        titles=[n.name for n in shown],
        vertical_spacing=0.36 / rows if rows > 1 else 0.1,
        horizontal_spacing=0.05,
    )
    for index, item in enumerate(shown):
        made.add_trace(
            _histogram(item.histogram_edges, item.histogram_counts),
            row=index // columns + 1,
            col=index % columns + 1,
        )
    made.update_layout(margin={"l": 8, "r": 8, "t": 30, "b": 26})
    made.update_yaxes(showticklabels=False, showgrid=False)
    made.update_xaxes(
        nticks=6, showgrid=False, tickfont={"size": 10}, tickformat="~s", showline=True
    )
    left = (
        f" The {len(shown)} strongest of {len(numbers)} are shown."
        if len(numbers) > len(shown)
        else ""
    )
    normal = [item.name for item in shown if item.normal]
    about = f"look normal: {', '.join(normal)}" if normal else "none looks like a normal curve"
    return Plot(
        "Number features",
        made,
        f"The shape of each feature on the training rows; {about}.{left}",
        wide=True,
    )


def _boxes(numbers: list[NumberColumn]) -> Plot:
    shown = numbers[:MOST_BOXES]
    classes = list(dict.fromkeys(label for item in shown for label in item.by_class))
    if not 1 < len(classes) <= MOST_CLASSES_IN_BOXES:
        classes = []
    groups = classes or [""]
    traces = [_box(shown, label, color) for label, color in zip(groups, plots.SERIES, strict=False)]
    each = 16 + 14 * len(groups)
    made = plots.figure(
        traces,
        height=plots.height_of(len(shown), each=each),
        boxmode="group",
        showlegend=bool(classes),
    )
    made.update_yaxes(autorange="reversed", type="category")
    made.update_xaxes(title_text="standard deviations from the feature's mean", zeroline=True)
    worst = max(shown, key=lambda item: item.box.outlier_ratio)
    caption = (
        "Boxes of the same feature that lie apart tell the classes apart; "
        if classes
        else "A box holds the middle half of the rows; "
    ) + f"{worst.name} has most outliers ({percent(worst.box.outlier_ratio)})."
    return Plot("Boxes of the number features", made, caption)


def _box(numbers: list[NumberColumn], label: str, color: str) -> Any:
    import plotly.graph_objects as go

    boxes = [(item, item.by_class.get(label) if label else item.box) for item in numbers]
    known = [(item, box) for item, box in boxes if box is not None]

    def scaled(part: str) -> list[float]:
        return [(getattr(box, part) - n.mean) / (n.std or 1.0) for n, box in known]

    fields = {"lowerfence": "low", "q1": "q1", "median": "median", "q3": "q3", "upperfence": "high"}
    return go.Box(
        y=[item.name for item, _ in known],
        orientation="h",
        name=label,
        width=None,
        marker={"color": color},
        line={"width": 1.5},
        hoverinfo="y",
        **{name: scaled(part) for name, part in fields.items()},
    )


def _categories(found: Exploration) -> Plot:
    ordered = sorted(found.categories, key=lambda c: -(c.target_strength or 0))
    shown = [column for column in ordered if column.top][:MOST_CATEGORIES]
    columns = min(3, len(shown)) or 1
    rows = math.ceil(len(shown) / columns) or 1
    made = plots.grid(
        rows=rows,
        columns=columns,
        height=60 + 220 * rows,
        titles=[c.name for c in shown],
        vertical_spacing=0.24 / rows if rows > 1 else 0.1,
        horizontal_spacing=0.1,
    )
    for index, column in enumerate(shown):
        top = column.top[:MOST_VALUES]
        told = [
            f"target {column.target_by_value[value]:.3g}" if value in column.target_by_value else ""
            for value, _ in top
        ]
        bars = plots.bars(
            [value or "(missing)" for value, _ in top],
            [count for _, count in top],
            customdata=told,
            showlegend=False,
            hovertemplate="%{y}: %{x:,} rows, %{customdata}<extra></extra>",
        )
        made.add_trace(bars, row=index // columns + 1, col=index % columns + 1)
    made.update_yaxes(autorange="reversed", type="category", tickfont={"size": 10})
    made.update_xaxes(nticks=4, tickformat="~s", tickfont={"size": 10})
    left = (
        f" The {len(shown)} strongest of {len(ordered)} are shown."
        if len(ordered) > len(shown)
        else ""
    )
    return Plot(
        "Category features",
        made,
        f"Rows by value, at most {MOST_VALUES} values each; hovering tells the target.{left}",
        wide=True,
    )
