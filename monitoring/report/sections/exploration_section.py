"""Statistics of the training rows, and the cleaning decided from them."""

from __future__ import annotations

from mdlc.core.cleaning import Decision
from mdlc.core.documents.exploration_findings import Correlation, Exploration
from mdlc.monitoring.report import plots
from mdlc.monitoring.report.formatting import number, percent, plural
from mdlc.monitoring.report.page_parts import (
    Block,
    Cell,
    Code,
    Notes,
    Plot,
    ReportSection,
    ReportTable,
)
from mdlc.monitoring.report.report_input import ReportInput
from mdlc.monitoring.report.sections import feature_plots, image_plots

ID, TITLE = "exploration", "Exploration and cleaning"
MOST_CORRELATED = 40


def build(inputs: ReportInput) -> ReportSection:
    """Return the section."""
    found = inputs.exploration
    if found is None:
        return ReportSection(ID, TITLE, missing="Exploration has not run yet.")
    blocks: list[Block] = []
    if found.warnings:
        blocks.append(Notes("Warnings", [Cell(text, "warn") for text in found.warnings]))
    blocks += feature_plots.plots_of(found)
    for image in found.images:
        blocks += image_plots.blocks_of(image)
    if found.correlation and len(found.correlation.names) > 1:
        blocks += [_correlation(found.correlation), *_inflation(found.correlation)]
    blocks += [_decisions(found.decisions), *_tables(found)]
    if found.null_sql:
        blocks.append(Code("The SQL that removed rows without a target", found.null_sql))
    dropped = sum(decision.action == "drop" for decision in found.decisions)
    lead = (
        f"{plural(found.rows, 'training row')} were looked at; cleaning made "
        f"{plural(len(found.decisions), 'decision')} and dropped {plural(dropped, 'feature')}."
    )
    return ReportSection(ID, TITLE, lead, blocks)


def _correlation(found: Correlation) -> Plot:
    import plotly.graph_objects as go

    names = found.names[:MOST_CORRELATED]
    matrix = [row[: len(names)] for row in found.matrix[: len(names)]]
    few = len(names) <= 14
    heat = go.Heatmap(
        z=matrix,
        x=names,
        y=names,
        zmin=-1,
        zmax=1,
        colorscale=plots.DIVERGING,
        xgap=1,
        ygap=1,
        texttemplate="%{z:.2f}" if few else None,
        textfont={"size": 10},
        showscale=not few,
        colorbar={"thickness": 10, "outlinewidth": 0},
        hovertemplate="%{y} and %{x}: %{z:.2f}<extra></extra>",
    )
    made = plots.figure([heat], height=plots.height_of(len(names), each=26, around=130))
    made.update_yaxes(autorange="reversed", showgrid=False)
    made.update_xaxes(tickangle=-45, showgrid=False)
    pairs = ", ".join(f"{one} and {two} ({r:.2f})" for one, two, r in found.collinear[:3])
    caption = "Strong colour away from the diagonal means that two features say the same" + (
        f"; too close: {pairs}." if pairs else "; none are too close."
    )
    return Plot("Correlations (Spearman)", made, caption, wide=True)


def _inflation(found: Correlation) -> list[Block]:
    if not found.variance_inflation:
        return []
    rows = [
        [name, "infinite" if value is None else number(value)]
        for name, value in sorted(
            found.variance_inflation.items(), key=lambda item: -(item[1] or float("inf"))
        )
    ]
    note = "Above 10, the other features nearly determine this one."
    return [
        ReportTable("Variance inflation", ["Feature", "Factor"], rows, frozenset({1}), note, True)
    ]


def _decisions(decisions: list[Decision]) -> ReportTable:
    rows: list[list[Cell | str]] = [
        [
            Cell(item.action.replace("_", " "), "warn" if item.action == "drop" else ""),
            item.column,
            _effect(item),
            item.why,
        ]
        for item in decisions
    ]
    head = ["Decision", "Column", "Effect", "Why"]
    note = "Made once on training rows and replayed on every later row."
    return ReportTable("Cleaning decisions", head, rows, note=note, folded=len(rows) > 15)


def _effect(item: Decision) -> str:
    if item.action == "clip":
        return f"{number(item.low)} to {number(item.high)}"
    if item.action == "impute":
        return f"missing becomes {item.text if item.text is not None else number(item.value)}"
    return "not used" if item.action == "drop" else "rows left out"


NUMBER_HEAD = "Feature Missing Mean Std Min Max Skewness Outliers Normal Strength"
"""Columns of the table of number features."""


def _tables(found: Exploration) -> list[Block]:
    blocks: list[Block] = []
    if found.numbers:
        rows = [
            [
                n.name,
                percent(n.nulls / n.rows if n.rows else None),
                number(n.mean),
                number(n.std),
                number(n.minimum),
                number(n.maximum),
                number(n.skewness),
                percent(n.box.outlier_ratio),
                "yes" if n.normal else "no",
                number(n.target_strength),
            ]
            for n in found.numbers
        ]
        head = NUMBER_HEAD.split()
        note = (
            "Normal is D'Agostino and Pearson's test; strength is what the feature tells about "
            "the target alone."
        )
        blocks.append(
            ReportTable("Number features", head, rows, frozenset(range(1, 10)), note, True)
        )
    if found.categories:
        rows = [
            [
                c.name,
                percent(c.nulls / c.rows if c.rows else None),
                f"{c.distinct:,}",
                ", ".join(f"{value} ({count:,})" for value, count in c.top[:4]),
                number(c.target_strength),
            ]
            for c in found.categories
        ]
        head = ["Feature", "Missing", "Values", "Most frequent", "Strength"]
        blocks.append(
            ReportTable("Category features", head, rows, frozenset({1, 2, 4}), folded=True)
        )
    return blocks
