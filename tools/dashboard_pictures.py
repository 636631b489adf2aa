"""Draw docs/dashboards/*.png from the panels' queries: `python -m tools.dashboard_pictures`.

A real predictor fills a real Prometheus (tests/services/filled.py), each panel's queries are asked
as Grafana would ask them, and the answers are drawn at the panel's place. Grafana takes no part, so
the pictures show the data, the layout and the bounds, not its exact look. Needs prometheus and
chromium.
"""

from __future__ import annotations

import argparse
import html
import json
import math
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mdlc.monitoring.dashboards.build_dashboards import dashboards
from tests.services import browser, grafana
from tests.services.filled import Filled, filled

ROOT = Path(__file__).parent.parent
OUT = ROOT / "docs" / "dashboards"
COLUMN, ROW, GAP, WIDTH = 62, 32, 6, 24
MAX_BYTES = 400_000
PALETTE = [
    *("#5794f2", "#ff9830", "#73bf69", "#f2495c", "#b877d9", "#37872d"),
    *("#e0b400", "#8ab8ff", "#c4162a", "#806eb7", "#fade2a", "#3274d9"),
]
NAMED = {
    "green": "#37872d",
    "orange": "#fa6400",
    "red": "#c4162a",
    "blue": "#1f60c4",
    "yellow": "#f2cc0c",
    "purple": "#8f3bb8",
    "text": "#24292e",
}
AXES = {
    "percentunit": {"tickformat": ".1~%"},
    "s": {"tickformat": "~s", "ticksuffix": "s"},
    "bytes": {"tickformat": "~s", "ticksuffix": "B"},
    "reqps": {"ticksuffix": "/s"},
    "rowsps": {"ticksuffix": "/s"},
    "ops": {"ticksuffix": "/s"},
    "currencyEUR": {"tickprefix": "€"},
}
STYLE = """
body { margin: 0; background: #f4f5f5; font: 13px/1.3 "DejaVu Sans", sans-serif; color: #24292e }
.panel { position: absolute; background: #fff; border: 1px solid #d8d9da; border-radius: 2px;
  overflow: hidden; box-sizing: border-box }
.panel h3 { margin: 4px 8px 0; font-size: 12.5px; font-weight: 600; white-space: nowrap }
.row { position: absolute; font-size: 15px; font-weight: 600; padding: 5px 2px }
.stat { display: flex; flex-direction: column; align-items: center; justify-content: center;
  height: calc(100% - 28px); font-size: 24px; font-weight: 600; text-align: center }
.empty { color: #8e8e8e; text-align: center; padding-top: 12px }
table { border-collapse: collapse; margin: 6px 8px; width: calc(100% - 16px); font-size: 12px }
td, th { text-align: left; padding: 3px 6px; border-bottom: 1px solid #e9e9ea }
"""

Series = list[tuple[str, list[float], list[float]]]
"""Name, times in milliseconds, values."""


class Drawer:
    """Draws the panels of one dashboard."""

    def __init__(self, full: Filled, *, board: dict[str, Any], points: int = 240) -> None:
        self.full, self.board = full, board
        seconds = full.end - full.start
        self.view = grafana.View(seconds=seconds, interval=max(1, seconds // points), scrape=1)
        self.plots: list[dict[str, Any]] = []
        self.marks = [mark for one in board["annotations"]["list"] for mark in self._marks(one)]

    def _marks(self, annotation: dict[str, Any]) -> list[tuple[float, str]]:
        expr = self.view.fill_in(annotation["expr"])
        ranges = self.full.prometheus.query_range(expr, self.full.start, self.full.end, 1)
        times = {value for _, points in ranges for _, value in points}
        inside = [at for at in times if self.full.start < at / 1000 < self.full.end]
        return [(at, _color(annotation["iconColor"])) for at in inside]

    def page(self) -> tuple[str, int]:
        """Return the page's HTML and its height."""
        from plotly.offline import get_plotlyjs

        parts = [self._place(panel) for panel in self.board["panels"]]
        last = max(one["gridPos"]["y"] + one["gridPos"]["h"] for one in self.board["panels"])
        plots = json.dumps(self.plots)
        script = (
            f"for (const p of {plots}) Plotly.newPlot(p.id, p.data, p.layout, {{staticPlot: true}})"
        )
        text = (
            f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>{''.join(parts)}"
            f"<script>{get_plotlyjs()}</script><script>{script}</script>"
        )
        return text, last * ROW + GAP

    def _place(self, panel: dict[str, Any]) -> str:
        place = panel["gridPos"]
        box = (
            f"left:{place['x'] * COLUMN + GAP}px;top:{place['y'] * ROW + GAP}px;"
            f"width:{place['w'] * COLUMN - GAP}px;height:{place['h'] * ROW - GAP}px"
        )
        title = html.escape(panel["title"])
        if panel["type"] == "row":
            return f'<div class=row style="{box}">{title}</div>'
        return f'<div class=panel style="{box}"><h3>{title}</h3>{self._draw(panel)}</div>'

    def _draw(self, panel: dict[str, Any]) -> str:
        makers = {
            "timeseries": self._timeseries,
            "stat": self._stat,
            "bargauge": self._bars,
            "heatmap": self._heatmap,
            "table": self._table,
            "state-timeline": self._states,
        }
        return makers[panel["type"]](panel)

    def _ranges(self, target: dict[str, Any]) -> Series:
        expr, end = self.view.fill_in(target["expr"]), self.full.end
        found = self.full.prometheus.query_range(expr, self.full.start, end, self.view.interval)
        return [
            (
                grafana.named(target.get("legendFormat", ""), labels),
                [1000 * at for at, _ in points],
                [value for _, value in points],
            )
            for labels, points in found
        ]

    def _instant(self, target: dict[str, Any]) -> list[tuple[dict[str, str], float]]:
        return self.full.prometheus.query(self.view.fill_in(target["expr"]), self.full.end)

    def _plot(self, panel: dict[str, Any], *, data: list[Any], layout: dict[str, Any]) -> str:
        place, name = panel["gridPos"], f"p{panel['id']}"
        size = {"width": place["w"] * COLUMN - GAP - 4, "height": place["h"] * ROW - GAP - 26}
        times = [1000 * self.full.start, 1000 * self.full.end]
        base: dict[str, Any] = {
            "margin": {"l": 52, "r": 10, "t": 6, "b": 24},
            "font": {"size": 11},
            "xaxis": {"type": "date", "range": times, "showgrid": False, "nticks": 6}
            | {"tickformat": "%H:%M:%S", "tickangle": 0},
            "yaxis": {"gridcolor": "#ececec", "zeroline": False, "nticks": 6},
            "legend": {"orientation": "h", "y": -0.16, "font": {"size": 10}},
            "showlegend": True,
            "plot_bgcolor": "#fff",
        }
        for key, value in layout.items():
            base[key] = {**base.get(key, {}), **value} if isinstance(value, dict) else value
        self.plots.append({"id": name, "data": data, "layout": base | size})
        return f'<div id="{name}"></div>'

    def _timeseries(self, panel: dict[str, Any]) -> str:
        defaults = panel["fieldConfig"]["defaults"]
        custom = defaults.get("custom", {})
        stacked = "stacking" in custom
        dashed = {one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"]}
        data: list[dict[str, Any]] = []
        for target in panel["targets"]:
            for name, times, values in self._ranges(target):
                line = {"width": 1.6, "color": PALETTE[len(data) % len(PALETTE)]}
                line["dash"] = "dash" if target["refId"] in dashed else "solid"
                if custom.get("lineInterpolation") == "stepAfter":
                    line["shape"] = "hv"
                trace = {"x": times, "y": _finite(values), "name": name, "line": line}
                trace["mode"] = "lines"
                if stacked:
                    trace |= {"stackgroup": "one", "line": line | {"width": 0.8}}
                data.append(trace)
        if not data:
            return _empty(defaults)
        axis = {**AXES.get(defaults["unit"], {}), **_limits(defaults, data=data)}
        return self._plot(
            panel, data=data, layout={"yaxis": axis, "shapes": self._lines(defaults, axis=axis)}
        )

    def _lines(self, defaults: dict[str, Any], *, axis: dict[str, Any]) -> list[dict[str, Any]]:
        """Return events as vertical lines, and bounds inside the axis as dashed ones."""
        shapes = [
            {"type": "line", "xref": "x", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1}
            | {"line": {"color": color, "width": 1, "dash": "dot"}}
            for at, color in self.marks
        ]
        for step in defaults.get("thresholds", {}).get("steps", []):
            inside = (
                step["value"] is not None and axis["range"][0] <= step["value"] <= axis["range"][1]
            )
            if inside:
                shapes.append(
                    {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": step["value"]}
                    | {"y1": step["value"], "yref": "y"}
                    | {"line": {"color": _color(step["color"]), "width": 1.2, "dash": "dash"}}
                )
        return shapes

    def _stat(self, panel: dict[str, Any]) -> str:
        (target,) = panel["targets"]
        defaults = panel["fieldConfig"]["defaults"]
        lines = []
        found = self._instant(target)
        for labels, value in found:
            name = grafana.named(target.get("legendFormat", ""), labels)
            text = name if panel["options"]["textMode"] == "name" else self._text(value, defaults)
            if len(found) > 1 and panel["options"]["textMode"] != "name":
                text = f"{name}: {text}"
            color = _bounded(value, defaults=defaults)
            size = 24 if len(text) < 22 else 17
            lines.append(f'<div style="color:{color};font-size:{size}px">{html.escape(text)}</div>')
        return f"<div class=stat>{''.join(lines)}</div>" if lines else _empty(defaults)

    def _text(self, value: float, defaults: dict[str, Any]) -> str:
        for mapping in defaults.get("mappings", []):
            if (state := mapping["options"].get(f"{value:g}")) is not None:
                return str(state["text"])
        unit = defaults["unit"]
        if unit == "dateTimeFromNow":
            return f"{self.full.end - value / 1000:.0f} s ago"
        if unit == "percentunit":
            return f"{value:.2%}" if value < 0.1 else f"{value:.0%}"
        signs = {"s": ("", " s"), "reqps": ("", " req/s"), "currencyEUR": ("€", "")}
        before, after = signs.get(unit, ("", ""))
        return f"{before}{value:.3g}{after}" if value % 1 else f"{before}{value:.0f}{after}"

    def _bars(self, panel: dict[str, Any]) -> str:
        (target,) = panel["targets"]
        defaults = panel["fieldConfig"]["defaults"]
        found = [
            (grafana.named(target["legendFormat"], labels), value)
            for labels, value in reversed(self._instant(target))
        ]
        names, values = [name for name, _ in found], [value for _, value in found]
        bar = {
            "type": "bar",
            "orientation": "h",
            "y": names,
            "x": [min(value, defaults["max"]) for value in values],
            "text": [f"{value:.2f}" for value in values],
            "textposition": "auto",
            "marker": {"color": [_bounded(value, defaults=defaults) for value in values]},
        }
        scale = {"type": "linear", "tickformat": ".1f", "range": [defaults["min"], defaults["max"]]}
        layout = {"xaxis": scale, "yaxis": {"type": "category", "dtick": 1}, "showlegend": False}
        return self._plot(panel, data=[bar], layout=layout | {"margin": {"l": 92}})

    def _heatmap(self, panel: dict[str, Any]) -> str:
        (target,) = panel["targets"]
        series = self._ranges(target)
        if target["format"] == "heatmap":
            series = _apart(series)
        else:
            series.sort(reverse=True)
        color = panel["options"]["color"]
        times = sorted({at for _, points, _ in series for at in points})
        cells = {
            "type": "heatmap",
            "x": times,
            "y": [name for name, _, _ in series],
            "z": [
                [dict(zip(points, _finite(values), strict=True)).get(at) for at in times]
                for _, points, values in series
            ],
            "colorscale": "Oranges"
            if "max" not in color
            else [[0, "#fff5eb"], [0.4, "#fdae6b"], [1, "#a63603"]],
            "zmin": color.get("min", 0),
            "colorbar": {"thickness": 10, "len": 1},
        }
        if "max" in color:
            cells["zmax"] = color["max"]
        axis = {"type": "category"}
        return self._plot(
            panel, data=[cells], layout={"yaxis": axis, "margin": {"l": 92}, "showlegend": False}
        )

    def _states(self, panel: dict[str, Any]) -> str:
        (target,) = panel["targets"]
        defaults = panel["fieldConfig"]["defaults"]
        series = sorted(self._ranges(target), reverse=True)
        if not series:
            return _empty(defaults)
        states = {int(value): one for value, one in defaults["mappings"][0]["options"].items()}
        first, last = min(states), max(states)
        scale = [
            [(value - first) / (last - first), _color(one["color"])]
            for value, one in sorted(states.items())
        ]
        times = sorted({at for _, points, _ in series for at in points})
        cells = {
            "type": "heatmap",
            "x": times,
            "y": [name for name, _, _ in series],
            "z": [[dict(zip(p, v, strict=True)).get(at) for at in times] for _, p, v in series],
            "colorscale": scale,
            "zmin": first,
            "zmax": last,
            "showscale": False,
            "ygap": 4,
        }
        left = 20 + 6 * max(len(name) for name, _, _ in series)
        axis = {"type": "category", "dtick": 1}
        layout = {"yaxis": axis, "margin": {"l": left}, "showlegend": False}
        return self._plot(panel, data=[cells], layout=layout)

    def _table(self, panel: dict[str, Any]) -> str:
        (target,) = panel["targets"]
        defaults = panel["fieldConfig"]["defaults"]
        columns = panel["transformations"][0]["options"]["renameByName"]
        order = panel["transformations"][0]["options"]["indexByName"]
        keys = sorted(columns, key=order.__getitem__)
        rows = [
            [self._text(value, defaults) if key == "Value" else labels.get(key, "") for key in keys]
            for labels, value in self._instant(target)
        ]
        if not rows:
            return _empty(defaults)
        room = max(int((panel["gridPos"]["h"] * ROW - 56) / 23), 1)
        head = "".join(f"<th>{html.escape(columns[key])}</th>" for key in keys)
        body = "".join(
            f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>"
            for row in rows[:room]
        )
        return f"<table><tr>{head}</tr>{body}</table>"


def _finite(values: list[float]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values]


def _color(name: str) -> str:
    return NAMED.get(name, name)


def _empty(defaults: dict[str, Any]) -> str:
    return f"<div class=empty>{html.escape(defaults.get('noValue', 'no data'))}</div>"


def _bounded(value: float, *, defaults: dict[str, Any]) -> str:
    color = "text"
    for step in defaults["thresholds"]["steps"]:
        if step["value"] is None or value >= step["value"]:
            color = step["color"]
    return _color(color)


def _limits(defaults: dict[str, Any], *, data: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the range of the axis: the data's, or what the panel fixes."""
    sums: dict[float, float] = {}
    values = []
    for trace in data:
        for at, value in zip(trace["x"], trace["y"], strict=True):
            if value is None:
                continue
            sums[at] = sums.get(at, 0.0) + value
            values.append(sums[at] if "stackgroup" in trace else value)
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = 0.06 * ((high - low) or abs(high) or 1)
    return {"range": [defaults.get("min", low - room), defaults.get("max", high + room)]}


def _apart(series: Series) -> Series:
    """Return what lies in each bucket: cumulative counts less those of the bucket below."""
    below: dict[float, float] = {}
    found = []
    for name, times, values in sorted(series, key=lambda one: float(one[0])):
        own = [max(value - below.get(at, 0), 0) for at, value in zip(times, values, strict=True)]
        below = dict(zip(times, values, strict=True))
        found.append((f"{name} s", times, own))
    return found


def shoot(text: str, *, height: int, picture: Path, folder: Path) -> None:
    """Save a picture of the page."""
    page = folder / f"{picture.stem}.html"
    page.write_text(text)
    command = [str(browser.BROWSER), *browser.FLAGS, "--hide-scrollbars"]
    command += [f"--user-data-dir={folder / 'profile'}", f"--screenshot={picture}"]
    command += [f"--window-size={WIDTH * COLUMN + GAP},{height}", page.as_uri()]
    subprocess.run(command, capture_output=True, timeout=180, check=True)  # noqa: S603 - chromium
    if picture.stat().st_size > MAX_BYTES:
        sys.exit(f"{picture} has {picture.stat().st_size} bytes, more than {MAX_BYTES}")


def main() -> None:
    """Fill a Prometheus, and draw its dashboards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=150, help="how long a life is lived")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with filled(folder / "filled", seconds=options.seconds) as full:
            for board_name, board in dashboards(full.lifecycle).items():
                text, height = Drawer(full, board=board).page()
                picture = options.out / f"{board_name.rpartition('-')[2]}.png"
                shoot(text, height=height, picture=picture.resolve(), folder=folder)
                size = picture.stat().st_size
                sys.stdout.write(f"{picture} {size} bytes {datetime.now(UTC):%H:%M:%S}\n")


if __name__ == "__main__":
    main()
