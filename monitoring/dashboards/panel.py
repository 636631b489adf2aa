"""What a panel is: its queries, its words and its bounds, before it is Grafana's JSON.

The pages (life, serving, pipeline) are lists of these, so that they read as what is shown. Only
`grafana_json` turns them into JSON.
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
"""Features alone; the prediction is counted beside them."""
VERSIONS = 'version=~"$version"'
"""The versions that the reader has chosen at the top of the page."""
RATE = "$__rate_interval"
"""Grafana's own: at least four scrapes, and no shorter than a pixel."""
SIGNS = frozenset({"USD", "GBP", "EUR", "JPY", "CHF", "SEK", "NOK", "DKK", "CZK", "PLN", "INR"})
"""Currencies that Grafana knows a sign for; others are written out."""


@dataclass(frozen=True)
class Query:
    """One PromQL expression and how its series are called."""

    expr: str
    legend: str = ""
    dashed: bool = False
    """A bound or a slow trend beside what is measured."""


@dataclass(frozen=True)
class Bound:
    """From `value` on, `color`; None is where the scale begins."""

    value: float | None
    color: str


@dataclass(frozen=True)
class ValueMapping:
    """What a number stands for."""

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
    """The alert whose entry in docs/alerts.md says more."""
    empty: str = ""
    """What stands there when there are no data, where that is no fault."""
    low: float | None = None
    high: float | None = None
    decimals: int | None = None
    stacked: bool = False
    steps: bool = False
    """A value that holds until the next one: drawn as stairs."""
    names: bool = False
    """A stat that shows the legend, not the number, which is 1 or a time."""
    states: tuple[ValueMapping, ...] = ()
    columns: dict[str, str] = field(default_factory=dict)
    """A table's: label -> heading, in order. `Value` is the number."""
    width: int = 1
    """Its share of its line."""


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
    """A vertical mark on all plots: `expr` is the time at which it happened, in milliseconds."""

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
        """All panels, as they are read."""
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
        """Return what the rules record of this model's `signal` over a window."""
        return self.of(series_names.of_model(signal, window))

    def by_version(self, name: str, *matchers: str) -> str:
        """Return the series of the versions that the reader has chosen."""
        return self.of(name, *matchers, VERSIONS)

    def serving(self, name: str, *matchers: str) -> str:
        """Return the series of the version that serves now."""
        serves = self.of(series_names.SERVING)
        return f"{self.of(name, *matchers)} and on (model, version) ({serves} == 1)"

    def rate(self, name: str, *matchers: str) -> str:
        """Return how much the counter `name` grows in a second."""
        return f"rate({self.of(name, *matchers)}[{RATE}])"


def rising(*, warn: float | None = None, bad: float) -> tuple[Bound, ...]:
    """Return bounds of what should stay low."""
    middle = () if warn is None else (Bound(warn, ORANGE),)
    return (Bound(None, GREEN), *middle, Bound(bad, RED))


def falling(*, good: float) -> tuple[Bound, ...]:
    """Return bounds of what should stay high."""
    return (Bound(None, RED), Bound(good, GREEN))


def money_unit(lifecycle: Lifecycle) -> str:
    """Return Grafana's unit of the file's currency."""
    currency = lifecycle.spec.business.currency
    return f"currency{currency}" if currency in SIGNS else f"currency:{currency} "
