"""The common look of all plots.

Colours are Okabe and Ito's (distinguishable with any colour vision). Backgrounds are transparent,
and style.css colours text and grid, so the same figure fits light, dark and paper.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

BLUE, ORANGE, GREEN = "#0072B2", "#E69F00", "#009E73"
RED, PURPLE, SKY, GREY = "#D55E00", "#CC79A7", "#56B4E9", "#8A9099"
SERIES = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED, GREY)
SEQUENTIAL = [[0.0, "rgba(0,114,178,0.03)"], [1.0, "rgba(0,114,178,0.72)"]]
DIVERGING = [
    [0.0, "rgba(213,94,0,0.8)"],
    [0.5, "rgba(138,144,153,0.04)"],
    [1.0, "rgba(0,114,178,0.8)"],
]
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"
LINE = "rgba(138,144,153,0.55)"
CONTENDERS = {"champion": GREEN, "rule": ORANGE, "nothing": GREY}
POLICIES = {"loop": BLUE, "never": PURPLE, "monthly": GREEN, "rule": ORANGE, "nothing": GREY}


AXIS: dict[str, Any] = {
    "automargin": True,
    "gridcolor": LINE,
    "gridwidth": 0.5,
    "zeroline": False,
    "zerolinecolor": LINE,
    "linecolor": LINE,
    "title": {"standoff": 8},
}
LAYOUT: dict[str, Any] = {
    "autosize": True,
    "margin": {"l": 8, "r": 16, "t": 34, "b": 8},
    "font": {"family": FONT, "size": 12},
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "colorway": list(SERIES),
    "dragmode": False,
    "bargap": 0.25,
    "hoverlabel": {"bgcolor": "#1f2733", "font": {"color": "#ffffff", "family": FONT}},
    "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
}
SUBTITLE = {"size": 12, "weight": 600}


def figure(traces: Sequence[Any] = (), *, height: int, **layout: Any) -> Any:
    """Return a figure of `traces` with plotly's `layout`; `to_json` adds the common look."""
    import plotly.graph_objects as go

    margin = {"t": 34 if len(traces) > 1 else 10}
    return go.Figure(data=list(traces), layout={"height": height, "margin": margin, **layout})


def mark(made: Any, *, x: Any = None, y: Any = None, axis: str = "", **line: Any) -> None:
    """Draw a straight line through the figure at `x`, or through the panel of `axis` at `y`."""
    across = {"type": "line", "line": {"color": GREY, "width": 1, **line}, "layer": "above"}
    if y is None:
        place = {"x0": x, "x1": x, "y0": 0, "y1": 1, "xref": "x", "yref": "paper"}
    else:
        place = {"y0": y, "y1": y, "x0": 0, "x1": 1, "yref": f"y{axis}", "xref": f"x{axis} domain"}
    made.layout.shapes = [*made.layout.shapes, {**across, **place}]


def grid(
    *, rows: int, columns: int, height: int, titles: Sequence[str] = (), **options: Any
) -> Any:
    """Return an empty figure of small multiples; `options` go to plotly's make_subplots."""
    from plotly.subplots import make_subplots

    made = make_subplots(rows=rows, cols=columns, subplot_titles=list(titles), **options)
    made.layout.height = height
    made.layout.annotations = [
        {**note.to_plotly_json(), "font": SUBTITLE} for note in made.layout.annotations
    ]
    return made


def bars(names: Sequence[str], values: Sequence[float], *, color: Any = BLUE, **more: Any) -> Any:
    """Return horizontal bars; with a reversed axis the first name is on top."""
    import plotly.graph_objects as go

    marker = {"color": color, "line": {"width": 0}}
    return go.Bar(y=list(names), x=list(values), orientation="h", marker=marker, **more)


def line(x: Sequence[Any], y: Sequence[Any], *, name: str, color: str, **more: Any) -> Any:
    """Return a line; None in `y` is a gap."""
    import plotly.graph_objects as go

    options = {"mode": "lines", "line": {"color": color, "width": 2}, **more}
    return go.Scatter(x=times(x), y=list(y), name=name, **options)


def times(values: Sequence[Any]) -> list[Any]:
    """Return values for an axis, with times as ISO text."""
    return [item.isoformat() if isinstance(item, datetime) else item for item in values]


def contender_color(name: str, *, winner: str) -> str:
    """Return the colour of a contender; the winner, the rule and the champion stand out."""
    return BLUE if name == winner else CONTENDERS.get(name, SKY)


def height_of(items: int, *, each: int = 26, around: int = 90) -> int:
    """Return the height in pixels of a plot with one line for each item."""
    return around + each * max(items, 2)


def to_json(made: Any) -> str:
    """Return a figure as JSON for a script element: six digits, and no `<`, which could end it."""
    content = _rounded(json.loads(made.to_json()))
    layout = content["layout"]
    layout.pop("template", None)
    for name in layout:
        if name.startswith(("xaxis", "yaxis")):
            layout[name] = _under(layout[name], AXIS)
    for name in ("xaxis", "yaxis"):
        layout.setdefault(name, AXIS)
    content["layout"] = _under(layout, LAYOUT)
    return json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _under(stated: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """Return `stated`, completed by `defaults`.

    Plotly's own update_layout and update_xaxes validate each value, which takes seconds.
    """
    merged = {**defaults, **stated}
    for name, default in defaults.items():
        if isinstance(default, dict) and name in stated:
            merged[name] = _under(stated[name], default)
    return merged


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value
