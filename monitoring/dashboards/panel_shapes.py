"""Builds each kind of panel (time series, stat, table ...) with Grafana's SDK."""

from __future__ import annotations

import string
from typing import Any

from mdlc.monitoring.dashboards.panel import Panel


def shape(panel: Panel) -> Any:
    """Return the SDK's builder of a panel, with the settings of its kind."""
    makers = {
        "timeseries": _timeseries,
        "stat": _stat,
        "bargauge": _bargauge,
        "heatmap": _heatmap,
        "table": _table,
        "state-timeline": _state_timeline,
    }
    return makers[panel.kind](panel)


def _timeseries(panel: Panel) -> Any:
    from grafana_foundation_sdk.builders import common, timeseries
    from grafana_foundation_sdk.models import common as kinds
    from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

    bounded = "DASHED" if panel.bounds else "OFF"
    made = (
        timeseries.Panel()
        .line_width(2)
        .fill_opacity(30 if panel.stacked else 0)
        .show_points(kinds.VisibilityMode.AUTO)
        .tooltip(
            common.VizTooltipOptions()
            .mode(kinds.TooltipDisplayMode.MULTI)
            .sort(kinds.SortOrder.DESCENDING)
        )
        .legend(
            common.VizLegendOptions()
            .show_legend(True)
            .display_mode(kinds.LegendDisplayMode.LIST)
            .placement(kinds.LegendPlacement.BOTTOM)
        )
        .thresholds_style(
            common.GraphThresholdsStyleConfig().mode(kinds.GraphTresholdsStyleMode[bounded])
        )
        .color_scheme(_palette())
    )
    if panel.stacked:
        made.stacking(common.StackingConfig().mode(kinds.StackingMode.NORMAL).group("A"))
    if panel.steps:
        made.line_interpolation(kinds.LineInterpolation.STEP_AFTER)
    for refers, query in zip(string.ascii_uppercase, panel.queries, strict=False):
        if query.dashed:
            style = {"fill": "dash", "dash": [8, 8]}
            made.override_by_query(refers, [DynamicConfigValue("custom.lineStyle", style)])
    return made


def _palette() -> Any:
    from grafana_foundation_sdk.builders.dashboard import FieldColor
    from grafana_foundation_sdk.models.dashboard import FieldColorModeId

    return FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC)


def _last() -> Any:
    from grafana_foundation_sdk.builders.common import ReduceDataOptions

    return ReduceDataOptions().calcs(["lastNotNull"]).values(False)


def _stat(panel: Panel) -> Any:
    from grafana_foundation_sdk.builders import stat
    from grafana_foundation_sdk.models import common as kinds

    text = kinds.BigValueTextMode.NAME if panel.names else kinds.BigValueTextMode.VALUE
    return (
        stat.Panel()
        .graph_mode(kinds.BigValueGraphMode.NONE)
        .color_mode(kinds.BigValueColorMode.VALUE)
        .text_mode(text)
        .reduce_options(_last())
    )


def _bargauge(_: Panel) -> Any:
    from grafana_foundation_sdk.builders import bargauge
    from grafana_foundation_sdk.models import common as kinds

    return (
        bargauge.Panel()
        .display_mode(kinds.BarGaugeDisplayMode.BASIC)
        .orientation(kinds.VizOrientation.HORIZONTAL)
        .show_unfilled(True)
        .reduce_options(_last())
    )


def _heatmap(panel: Panel) -> Any:
    from grafana_foundation_sdk.builders import heatmap
    from grafana_foundation_sdk.models.heatmap import HeatmapColorMode, HeatmapColorScale

    color = heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges").steps(64)
    color.scale(HeatmapColorScale.EXPONENTIAL).exponent(0.5).fill("dark-orange").reverse(False)
    if panel.high is not None:
        color.min(panel.low or 0.0).max(panel.high)
    buckets = panel.queries[0].legend == "{{le}}"
    axis = heatmap.YAxisConfig().unit(panel.unit if buckets else "short")
    cells = heatmap.CellValues().unit("reqps" if buckets else panel.unit)
    made = heatmap.Panel().calculate(False).color(color).y_axis(axis).cell_values(cells)
    return made.show_legend().show_tooltip()


def _table(panel: Panel) -> Any:
    from grafana_foundation_sdk.builders import table
    from grafana_foundation_sdk.models.dashboard import DataTransformerConfig

    order = {label: at for at, label in enumerate(panel.columns)}
    options = {
        "excludeByName": {"Time": True},
        "indexByName": order,
        "renameByName": dict(panel.columns),
    }
    organize = DataTransformerConfig(id_val="organize", options=options)
    return table.Panel().show_header(True).with_transformation(organize)


def _state_timeline(_: Panel) -> Any:
    from grafana_foundation_sdk.builders import common, statetimeline
    from grafana_foundation_sdk.models import common as kinds

    return (
        statetimeline.Panel()
        .merge_values(True)
        .show_value(kinds.VisibilityMode.NEVER)
        .row_height(0.8)
        .fill_opacity(80)
        .legend(common.VizLegendOptions().show_legend(True).placement(kinds.LegendPlacement.BOTTOM))
    )
