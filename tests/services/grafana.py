"""What Grafana does with a dashboard before Prometheus sees it: find queries, fill in names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

ALL = ("$__all",)
LABEL_VALUES = re.compile(r"label_values\((?P<series>.+), *(?P<label>\w+)\)")
LEGEND = re.compile(r"\{\{ *(\w+) *\}\}")


@dataclass(frozen=True)
class Asked:
    """One query of a dashboard."""

    where: str
    expr: str
    instant: bool
    legend: str


@dataclass(frozen=True)
class View:
    """What the reader chose, and how wide a pixel is: all in seconds."""

    seconds: float
    interval: float
    scrape: float
    versions: Sequence[str] = ALL

    def fill_in(self, expr: str) -> str:
        """Return the expression with Grafana's variables replaced, as Grafana documents them."""
        rate = max(self.interval + self.scrape, 4 * self.scrape)
        if tuple(self.versions) == ALL:
            versions = ".*"
        else:
            chosen = [re.escape(version) for version in self.versions]
            versions = chosen[0] if len(chosen) == 1 else f"({'|'.join(chosen)})"
        values = {
            "__rate_interval": f"{rate:.0f}s",
            "__interval": f"{self.interval:.0f}s",
            "__range": f"{self.seconds:.0f}s",
            "version": versions,
        }
        for name, value in values.items():
            expr = expr.replace(f"${name}", value)
        assert "$" not in expr, expr
        return expr


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a dashboard's panels, without rows."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def asked(dashboard: dict[str, Any]) -> Iterator[Asked]:
    """Yield each query of panels and annotations."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            yield Asked(
                f"{panel['title']}, {target['refId']}",
                target["expr"],
                bool(target.get("instant")),
                target.get("legendFormat", ""),
            )
    for mark in dashboard["annotations"]["list"]:
        yield Asked(f"annotation {mark['name']}", mark["expr"], False, mark["titleFormat"])


def variables(dashboard: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield (name, series, label) of each variable that is a query."""
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            found = LABEL_VALUES.fullmatch(variable["query"]["query"])
            assert found, variable["query"]
            yield variable["name"], found["series"], found["label"]


def named(legend: str, labels: dict[str, str]) -> str:
    """Return a series' name: the legend with labels filled in."""
    return LEGEND.sub(lambda match: labels.get(match[1], ""), legend).strip()
