"""The parts of dashboards as plain data: panels with queries, texts and bounds.

The modules of the pages (life, serving, pipeline) are mostly lists of panels. Only `grafana_json`
turns them into Grafana's JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mdlc.core.profile import PREDICTION
from mdlc.core.spec import Lifecycle
from mdlc.monitoring.rules import series_names

Kind = Literal["timeseries", "stat", "bargauge", "heatmap", "table", "state-timeline"]
GREEN, ORANGE, RED, BLUE, TEXT = "green", "orange", "red", "blue", "text"
INPUTS = f'feature!="{PREDICTION}"'
"""Matches features alone; the prediction is counted like a feature."""
VERSIONS = 'version=~"$version"'
"""Matches the versions that the reader has chosen at the top of the page."""
RATE = "$__rate_interval"
"""Grafana's variable for rates: at least four scrapes, and not less than a pixel."""
SIGNS = frozenset({"USD", "GBP", "EUR", "JPY", "CHF", "SEK", "NOK", "DKK", "CZK", "PLN", "INR"})
"""Currencies for which Grafana has a unit with a sign; others are written as text."""


@dataclass(frozen=True)
class Query:
    """One PromQL expression and the legend of its series."""

    expr: str
    legend: str = ""
    dashed: bool = False
    """Whether the line is dashed: a bound, or a slow trend beside the measured values."""


@dataclass(frozen=True)
class Bound:
    """The color from `value` on; None is the beginning of the scale."""

    value: float | None
    color: str


@dataclass(frozen=True)
class ValueMapping:
    """The text that is shown for a number."""

    value: int
    text: str
    color: str


@dataclass(frozen=True)
class Panel:
    """One panel. `about` says what it shows and what to do about it."""

    title: str
    about: str
    unit: str
    queries: tuple[Query, ...]
    kind: Kind = "timeseries"
    bounds: tuple[Bound, ...] = ()
    runbook: str = ""
    """The alert whose section in docs/alerts.md explains more."""
    empty: str = ""
    """The text shown if there are no data and that is not a fault."""
    low: float | None = None
    high: float | None = None
    decimals: int | None = None
    stacked: bool = False
    steps: bool = False
    """Whether to draw steps, for a value that holds until the next one."""
    names: bool = False
    """Whether a stat panel shows the legend in place of the number, which is 1 or a time."""
    states: tuple[ValueMapping, ...] = ()
    columns: dict[str, str] = field(default_factory=dict)
    """Columns of a table, in order: label -> heading. `Value` is the number."""
    width: int = 1
    """Its width relative to the other panels of its line."""


@dataclass(frozen=True)
class PanelLine:
    """Panels side by side over the whole width."""

    panels: tuple[Panel, ...]
    height: int = 7


@dataclass(frozen=True)
class DashboardRow:
    """A row of the page, with a heading."""

    title: str
    lines: tuple[PanelLine, ...]


@dataclass(frozen=True)
class Annotation:
    """A vertical mark on all plots; `expr` gives the time of the event, in milliseconds."""

    name: str
    expr: str
    title: str
    text: str
    color: str


@dataclass(frozen=True)
class Page:
    """One dashboard."""

    name: str
    title: str
    about: str
    sections: tuple[DashboardRow, ...]
    events: tuple[Annotation, ...] = ()
    by_version: bool = True
    """Whether the reader can choose versions."""
    span: str = "now-6h"
    refresh: str = "1m"

    @property
    def panels(self) -> list[Panel]:
        """All panels, in reading order."""
        return [
            panel for section in self.sections for line in section.lines for panel in line.panels
        ]


class SeriesSelector:
    """Selectors of one lifecycle's series.

    >>> SeriesSelector("tiny").of("mdlc_labels_total", 'reason="unknown"')
    'mdlc_labels_total{model="tiny",reason="unknown"}'
    """

    def __init__(self, model: str) -> None:
        self.model = model

    def of(self, name: str, *matchers: str) -> str:
        """Return the series `name` of this model."""
        chosen = ",".join([f'model="{self.model}"', *matchers])
        return f"{name}{{{chosen}}}"

    def recorded(self, signal: str, window: series_names.Window) -> str:
        """Return the recorded series of this model's `signal` over a window."""
        return self.of(series_names.of_model(signal, window))

    def by_version(self, name: str, *matchers: str) -> str:
        """Return the series of the versions that the reader has chosen."""
        return self.of(name, *matchers, VERSIONS)

    def serving(self, name: str, *matchers: str) -> str:
        """Return the series of the version that serves now."""
        serves = self.of(series_names.SERVING)
        return f"{self.of(name, *matchers)} and on (model, version) ({serves} == 1)"

    def rate(self, name: str, *matchers: str) -> str:
        """Return the rate of the counter `name` per second."""
        return f"rate({self.of(name, *matchers)}[{RATE}])"


def rising(*, warn: float | None = None, bad: float) -> tuple[Bound, ...]:
    """Return the colored bounds of a value that should stay low."""
    middle = () if warn is None else (Bound(warn, ORANGE),)
    return (Bound(None, GREEN), *middle, Bound(bad, RED))


def falling(*, good: float) -> tuple[Bound, ...]:
    """Return the colored bounds of a value that should stay high."""
    return (Bound(None, RED), Bound(good, GREEN))


def money_unit(lifecycle: Lifecycle) -> str:
    """Return Grafana's unit of the file's currency."""
    currency = lifecycle.spec.business.currency
    return f"currency{currency}" if currency in SIGNS else f"currency:{currency} "
