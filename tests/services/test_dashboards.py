"""Every query of the dashboards, asked of a Prometheus that a real predictor has filled."""

from __future__ import annotations

import json
import math
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mdlc.core.spec import Lifecycle, load
from mdlc.monitoring.dashboards.build_dashboards import dashboards
from mdlc.monitoring.rules.rule_file import rule_file
from tests.services import grafana
from tests.services.filled import Filled, filled
from tests.services.prometheus import program

pytestmark = [pytest.mark.services, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
RECORDED = re.compile(r"\b[a-z_]+(?::[a-z0-9_]+){1,2}\b")
MAY_BE_EMPTY: dict[str, str] = {}
"""Queries that may have no data after a fill, each with its reason. There is none."""


@pytest.fixture(scope="module", params=["classification", "regression"])
def full(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Filled]:
    program("prometheus")
    with filled(tmp_path_factory.mktemp("filled"), task=request.param, seconds=60) as made:
        yield made


def view(full: Filled, **chosen: Any) -> grafana.View:
    return grafana.View(seconds=full.end - full.start, interval=1, scrape=1, **chosen)


def numbers(full: Filled, asked: grafana.Asked, *, seen: grafana.View) -> list[float]:
    """Return the finite numbers of an answer, as Grafana would ask for them."""
    expr = seen.fill_in(asked.expr)
    if asked.instant:
        found = [value for _, value in full.prometheus.query(expr, full.end)]
    else:
        ranges = full.prometheus.query_range(expr, full.start, full.end, seen.interval)
        found = [value for _, points in ranges for _, value in points]
    return [value for value in found if math.isfinite(value)]


def test_every_query_has_data(full: Filled) -> None:
    empty = [
        f"{name}: {asked.where}: {asked.expr}"
        for name, board in dashboards(full.lifecycle).items()
        for asked in grafana.asked(board)
        if not numbers(full, asked, seen=view(full)) and asked.where not in MAY_BE_EMPTY
    ]
    assert empty == []


def test_one_version_can_be_chosen(full: Filled) -> None:
    expr = 'sum by (version) (mdlc_predictions_total{model="shop",version=~"$version"})'

    def versions(*chosen: str) -> set[str]:
        text = view(full, versions=chosen).fill_in(expr)
        return {labels["version"] for labels, _ in full.prometheus.query(text, full.end)}

    assert versions("$__all") == {"1", "2", "3"}
    assert versions("2") == {"2"}
    assert versions("1", "3") == {"1", "3"}


def test_the_variables_have_values(full: Filled) -> None:
    for board in dashboards(full.lifecycle).values():
        for _, series, label in grafana.variables(board):
            values = full.prometheus.get(f"label/{label}/values", **{"match[]": series})
            assert set(values) == {"1", "2", "3"}


def test_legends_name_labels_that_the_answers_have(full: Filled) -> None:
    """Of one answer at least: an alert may have no subject, a failed retraining no version."""
    wrong = []
    for name, board in dashboards(full.lifecycle).items():
        for asked in grafana.asked(board):
            wanted = set(grafana.LEGEND.findall(asked.legend))
            expr = view(full).fill_in(asked.expr)
            answers = full.prometheus.query_range(expr, full.start, full.end, 1)
            if not any(wanted <= set(labels) for labels, _ in answers):
                wrong.append(f"{name}: {asked.where}: {wanted}")
    assert wrong == []


def test_tables_name_columns_that_the_answers_have(full: Filled) -> None:
    for board in dashboards(full.lifecycle).values():
        for panel in grafana.panels(board):
            if panel["type"] != "table":
                continue
            renamed = panel["transformations"][0]["options"]["renameByName"]
            expr = view(full).fill_in(panel["targets"][0]["expr"])
            seen = {
                label for labels, _ in full.prometheus.query(expr, full.end) for label in labels
            }
            assert seen <= set(renamed), panel["title"]
            assert set(renamed) - seen <= {"Value", "subject", "reason", "version"}, panel["title"]


def test_the_numbers_tell_the_story(full: Filled) -> None:
    """Not only some data: those of what was done to the shop."""
    boards = dashboards(full.lifecycle)

    def last(page: str, title: str) -> list[float]:
        (panel,) = [one for one in grafana.panels(boards[f"shop-{page}"]) if one["title"] == title]
        expr = view(full).fill_in(panel["targets"][0]["expr"])
        return [value for _, value in full.prometheus.query(expr, full.end)]

    (drift,) = [
        asked
        for asked in grafana.asked(boards["shop-life"])
        if asked.where == "Drift of features over time, A"
    ]
    seen = numbers(full, drift, seen=view(full))
    bounds = full.lifecycle.spec.monitor.drift
    assert min(seen) < bounds.warn < bounds.retrain < max(seen)
    assert last("life", "Alerts firing")[0] >= 1
    assert last("life", "Canary") == [0.3]
    assert last("serving", "Replicas up") == [1]
    assert sum(last("serving", "Errors by reason")) > 0
    assert max(last("serving", "Unseen categories by feature")) > 0
    assert last("pipeline", "Runs left this month") == [2]
    (serves,) = last("life", "Serves since")
    assert full.start < serves / 1000 < full.end


FILES = sorted((ROOT / "examples").glob("*/lifecycle.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_every_recorded_name_is_recorded(file: Path) -> None:
    lifecycle = load(file)
    rules = [rule for group in rule_file(lifecycle)["groups"] for rule in group["rules"]]
    recorded = {rule["record"] for rule in rules if "record" in rule}
    used = {
        name
        for board in dashboards(lifecycle).values()
        for asked in grafana.asked(board)
        for name in RECORDED.findall(re.sub(r'"[^"]*"', '""', asked.expr))
    }
    assert len(used) > 15
    assert used <= recorded


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_every_expression_parses(file: Path, tmp_path: Path) -> None:
    """As rules, which promtool checks without a server."""
    seen = grafana.View(seconds=3600, interval=15, scrape=15)
    rules = [
        {"record": f"panel:{number}", "expr": seen.fill_in(asked.expr)}
        for number, asked in enumerate(all_asked(load(file)))
    ]
    path = tmp_path / "rules.yaml"
    path.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    command = [program("promtool"), "check", "rules", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout


def all_asked(lifecycle: Lifecycle) -> Iterator[grafana.Asked]:
    for board in dashboards(lifecycle).values():
        yield from grafana.asked(board)
