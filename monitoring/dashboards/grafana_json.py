"""Turns pages into Grafana's JSON; only this module and `panel_shapes` import Grafana's SDK."""

from __future__ import annotations

import json
import string
from dataclasses import dataclass
from typing import Any

from mdlc.monitoring.dashboards.panel import Annotation, Bound, Page, Panel, Query
from mdlc.monitoring.dashboards.panel_shapes import shape
from mdlc.services import metric_families as metrics

WIDTH = 24
"""Columns of Grafana's grid."""
DATASOURCE = "${datasource}"
INSTANT = frozenset({"stat", "bargauge", "table"})


@dataclass(frozen=True)
class Setting:
    """What a page needs to know about its surroundings."""

    uid: str
    model: str
    tags: tuple[str, ...]
    others: dict[str, str]
    """The other pages: name -> uid."""
    step: str
    """The least time between two points."""
    docs_url: str | None = None
    """Address under which docs/ is published; None: panels name the runbook without a link."""

    def runbook(self, alert: str) -> str:
        """Return the place in docs/alerts.md about `alert`, as a link or a path."""
        return f"{self.docs_url or 'docs'}/alerts.md#{alert.lower()}"


def encode(page: Page, *, setting: Setting) -> dict[str, Any]:
    """Return the page as Grafana's JSON. The same page is always the same JSON."""
    from grafana_foundation_sdk.builders import dashboard as sdk
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models.dashboard import DashboardCursorSync

    links = [_link(name.capitalize(), url=f"/d/{uid}") for name, uid in setting.others.items()]
    if setting.docs_url is not None:
        links.append(_link("Runbook", url=f"{setting.docs_url}/alerts.md", outside=True))
    board = (
        sdk.Dashboard(page.title)
        .uid(setting.uid)
        .description(page.about)
        .tags(list(setting.tags))
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .time(page.span, "now")
        .refresh(page.refresh)
        .version(1)
        .links(links)
        .variables(_variables(setting.model, by_version=page.by_version))
        .annotations([_annotation(event) for event in page.events])
    )
    _lay_out(board, page=page, setting=setting)
    found: dict[str, Any] = json.loads(JSONEncoder(sort_keys=True).encode(board.build()))
    _finish_annotations(found, page=page)
    return found


def _link(title: str, *, url: str, outside: bool = False) -> Any:
    """Return a link; a link to another of our pages keeps the chosen time range."""
    from grafana_foundation_sdk.builders.dashboard import DashboardLink
    from grafana_foundation_sdk.models.dashboard import DashboardLinkType

    made = DashboardLink(title).type(DashboardLinkType.LINK).url(url).tooltip(title)
    return made.icon("doc" if outside else "dashboard").target_blank(outside).keep_time(not outside)


def _reference() -> Any:
    from grafana_foundation_sdk.models.dashboard import DataSourceRef

    return DataSourceRef(type_val="prometheus", uid=DATASOURCE)


def _variables(model: str, *, by_version: bool) -> list[Any]:
    from grafana_foundation_sdk.builders import dashboard as sdk
    from grafana_foundation_sdk.models.dashboard import (
        VariableOption,
        VariableRefresh,
        VariableSort,
    )

    source = (
        sdk.DatasourceVariable("datasource")
        .label("Prometheus")
        .type("prometheus")
        .current(VariableOption(selected=False, text="default", value="default"))
    )
    if not by_version:
        return [source]
    values = f'label_values({metrics.PREDICTIONS.series}{{model="{model}"}}, version)'
    version = (
        sdk.QueryVariable("version")
        .label("Version")
        .description("Versions to show; a panel of the version that serves shows that one.")
        .datasource(_reference())
        .query({"query": values, "refId": "version"})
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.NUMERICAL_DESC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(VariableOption(selected=True, text=["All"], value=["$__all"]))
    )
    return [source, version]


def _annotation(event: Annotation) -> Any:
    from grafana_foundation_sdk.builders.dashboard import AnnotationQuery

    made = AnnotationQuery().name(event.name).datasource(_reference()).enable(True)
    return made.icon_color(event.color).expr(event.expr)


def _finish_annotations(board: dict[str, Any], *, page: Page) -> None:
    """Add the keys of Prometheus annotations that the SDK's type does not have."""
    for annotation, event in zip(board["annotations"]["list"], page.events, strict=True):
        annotation |= {
            "useValueForTime": True,
            "titleFormat": event.title,
            "textFormat": event.text,
            "step": "60s",
        }


def _lay_out(board: Any, *, page: Page, setting: Setting) -> None:
    """Place rows and panels from top to bottom; a line's panels fill the width."""
    from grafana_foundation_sdk.builders.dashboard import Row
    from grafana_foundation_sdk.models.dashboard import GridPos

    top, number = 0, 0
    for section in page.sections:
        number += 1
        board.with_row(Row(section.title).id(number).grid_pos(GridPos(h=1, w=WIDTH, x=0, y=top)))
        top += 1
        for line in section.lines:
            parts, left = sum(panel.width for panel in line.panels), 0
            for at, panel in enumerate(line.panels):
                number += 1
                last = at == len(line.panels) - 1
                width = WIDTH - left if last else round(WIDTH * panel.width / parts)
                place = GridPos(h=line.height, w=width, x=left, y=top)
                made = _panel(panel, setting=setting)
                board.with_panel(made.id(number).grid_pos(place))
                left += width
            top += line.height


def _panel(panel: Panel, *, setting: Setting) -> Any:
    from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
    from grafana_foundation_sdk.models.dashboard import Threshold, ValueMap, ValueMappingResult

    made = shape(panel)
    made.title(panel.title).description(_about(panel, setting=setting)).datasource(
        _reference()
    ).unit(panel.unit)
    for refers, query in zip(string.ascii_uppercase, panel.queries, strict=False):
        made.with_target(_target(query, refers=refers, kind=panel.kind, step=setting.step))
    if panel.kind != "heatmap":
        # Without bounds of its own a panel gets Grafana's default, which turns red at 80.
        steps = panel.bounds or (Bound(None, "text"),)
        bounds = [Threshold(value=bound.value, color=bound.color) for bound in steps]
        made.thresholds(ThresholdsConfig().steps(bounds))
        for value, set_value in ((panel.low, made.min), (panel.high, made.max)):
            if value is not None:
                set_value(value)
    if panel.decimals is not None:
        made.decimals(panel.decimals)
    if panel.states:
        results = {
            str(state.value): ValueMappingResult(text=state.text, color=state.color, index=at)
            for at, state in enumerate(panel.states)
        }
        made.mappings([ValueMap(options=results)])
    if panel.empty:
        made.no_value(panel.empty)
    if panel.runbook and setting.docs_url is not None:
        url = setting.runbook(panel.runbook)
        made.links([_link(f"What to do: {panel.runbook}", url=url, outside=True)])
    return made


def _about(panel: Panel, *, setting: Setting) -> str:
    if not panel.runbook or setting.docs_url is not None:
        return panel.about
    return f"{panel.about} Runbook: {setting.runbook(panel.runbook)}"


def _target(query: Query, *, refers: str, kind: str, step: str) -> Any:
    from grafana_foundation_sdk.builders.prometheus import Dataquery
    from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode

    made = Dataquery().expr(query.expr).ref_id(refers).editor_mode(QueryEditorMode.CODE)
    made.datasource(_reference()).interval(step)
    if query.legend:
        made.legend_format(query.legend)
    formats = {"table": PromQueryFormat.TABLE}
    if query.legend == "{{le}}":  # cumulative buckets, from which Grafana computes the single ones
        formats["heatmap"] = PromQueryFormat.HEATMAP
    made.format(formats.get(kind, PromQueryFormat.TIME_SERIES))
    return made.instant() if kind in INSTANT else made.range()
