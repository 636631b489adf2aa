"""The dashboards' JSON: what Grafana asks of it, and what a reader does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from mdlc.core.spec import Lifecycle, load
from mdlc.monitoring.dashboards.build_dashboards import MAX_UID, dashboards, uid_of
from mdlc.monitoring.dashboards.panel import money_unit
from tests import tiny

ROOT = Path(__file__).parents[4]
DOCS = "https://docs.example/mdlc"
FULL = (
    ("deploy:\n", "deploy:\n    canary: {}\n"),
    (
        "  retrain:\n",
        "  monitor: {drift: {warn: 0.2, retrain: 0.4}}\n  retrain:\n    money_per_month: 50\n",
    ),
)
REGRESSION = (
    (
        """\
      actions:
        act: {bought: 2.0, left: -1.0}
        wait: {bought: 0, left: 0}
      do_nothing: wait
""",
        "      under: -1\n      over: -2\n",
    ),
    ("[logistic]", "[linear]"),
)


@pytest.fixture
def lifecycle(tmp_path: Path) -> Lifecycle:
    return load(tiny.write_file(tmp_path, *FULL))


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def titled(board: dict[str, Any], title: str) -> dict[str, Any]:
    (found,) = [panel for panel in panels(board) if panel["title"] == title]
    return found


def titles(boards: dict[str, dict[str, Any]]) -> set[str]:
    return {panel["title"] for board in boards.values() for panel in panels(board)}


def test_there_are_three_pages_and_they_are_always_the_same(lifecycle: Lifecycle) -> None:
    boards = dashboards(lifecycle)
    assert list(boards) == ["tiny-life", "tiny-serving", "tiny-pipeline"]
    assert json.dumps(boards) == json.dumps(dashboards(lifecycle))
    assert [board["uid"] for board in boards.values()] == [f"mdlc-{name}" for name in boards]


def test_each_page_links_to_the_others_and_asks_the_reader_for_prometheus(
    lifecycle: Lifecycle,
) -> None:
    boards = dashboards(lifecycle)
    for board in boards.values():
        others = {f"/d/{other['uid']}" for other in boards.values() if other is not board}
        assert {link["url"] for link in board["links"]} == others
        assert {"mdlc", "tiny"} < set(board["tags"])
        assert board["timezone"] == "browser"
        assert board["schemaVersion"] >= 36
        source = board["templating"]["list"][0]
        assert (source["type"], source["query"]) == ("datasource", "prometheus")
        everything = json.dumps(board)
        assert set(re.findall(r'"uid": "(\$[^"]*)"', everything)) == {"${datasource}"}


def test_each_panel_says_what_it_is_and_what_to_do(lifecycle: Lifecycle) -> None:
    for name, board in dashboards(lifecycle).items():
        seen = [panel["title"] for panel in panels(board)]
        assert len(seen) == len(set(seen)), name
        for panel in panels(board):
            where = f"{name}: {panel['title']}"
            assert panel["title"], where
            assert len(panel["description"]) > 40, where
            assert panel["fieldConfig"]["defaults"]["unit"], where
            assert panel["targets"], where
            if panel["type"] != "heatmap":
                assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"], where
            elif not panel["fieldConfig"]["defaults"].get("unit"):
                raise AssertionError(where)


def test_no_panel_lies_on_another_and_lines_are_full(lifecycle: Lifecycle) -> None:
    for name, board in dashboards(lifecycle).items():
        cells: dict[tuple[int, int], str] = {}
        for panel in board["panels"]:
            place = panel["gridPos"]
            assert place["x"] + place["w"] <= 24, (name, panel["title"])
            for x in range(place["x"], place["x"] + place["w"]):
                for y in range(place["y"], place["y"] + place["h"]):
                    assert (x, y) not in cells, (name, panel["title"], cells.get((x, y)))
                    cells[x, y] = panel["title"]
        height = max(y for _, y in cells) + 1
        assert len(cells) == 24 * height, name
        numbers = [panel["id"] for panel in board["panels"]]
        assert len(numbers) == len(set(numbers))


def test_bounds_come_from_the_file(lifecycle: Lifecycle) -> None:
    life = dashboards(lifecycle)["tiny-life"]
    steps = titled(life, "Drift now")["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [step["value"] for step in steps] == [None, 0.2, 0.4]
    assert titled(life, "Drift of features over time")["options"]["color"]["max"] == 0.4


def test_a_regression_has_errors_and_no_classes(tmp_path: Path, lifecycle: Lifecycle) -> None:
    numbers = titles(dashboards(load(tiny.write_file(tmp_path, *REGRESSION))))
    classes = titles(dashboards(lifecycle))
    assert {"Mean absolute error", "Root mean squared error"} == numbers - classes
    assert {
        "Accuracy",
        "Skill",
        "Rows by action",
        "Recall, by class",
    } < classes - numbers


def test_what_the_file_leaves_out_has_no_panel(tmp_path: Path, lifecycle: Lifecycle) -> None:
    plain = titles(dashboards(load(tiny.write_file(tmp_path))))
    assert titles(dashboards(lifecycle)) - plain == {"Canary", "Money left this month"}


def test_with_an_address_of_the_docs_panels_link_to_the_runbook(lifecycle: Lifecycle) -> None:
    linked = dashboards(lifecycle, docs_url=DOCS)["tiny-life"]
    plain = dashboards(lifecycle)["tiny-life"]
    money = "Money per decision, against what was promised"
    (link,) = titled(linked, money)["links"]
    assert link["url"] == f"{DOCS}/alerts.md#moneylow"
    assert f"{DOCS}/alerts.md" in {link["url"] for link in linked["links"]}
    assert "links" not in titled(plain, money)
    assert titled(plain, money)["description"].endswith("Runbook: docs/alerts.md#moneylow")


def test_every_runbook_that_is_named_exists(lifecycle: Lifecycle) -> None:
    text = (ROOT / "docs/alerts.md").read_text()
    headings = {
        re.sub(r"[^a-z0-9-]", "", line.strip("# ").lower())
        for line in text.splitlines()
        if line.startswith("#")
    }
    named = set(re.findall(r"alerts\.md#(\w+)", json.dumps(dashboards(lifecycle))))
    assert named <= headings


def test_every_panel_is_documented(tmp_path: Path, lifecycle: Lifecycle) -> None:
    text = (ROOT / "docs/dashboards.md").read_text()
    numbers = load(tiny.write_file(tmp_path, *REGRESSION))
    every = titles(dashboards(numbers)) | titles(dashboards(lifecycle))
    assert {title for title in every if f"**{title}**" not in text} == set()


def test_long_names_keep_their_uids_short_and_apart(lifecycle: Lifecycle) -> None:
    def named(name: str) -> Lifecycle:
        return lifecycle.model_copy(
            update={"metadata": lifecycle.metadata.model_copy(update={"name": name})}
        )

    names = ["a" * 53, "a" * 52 + "b", "a" * 20 + "-" * 1 + "b" * 30]
    uids = [uid_of(named(name), page=page) for name in names for page in ("life", "pipeline")]
    assert len(set(uids)) == len(uids)
    assert max(map(len, uids)) <= MAX_UID
    assert all(re.fullmatch(r"[a-z0-9-]+", uid) for uid in uids)
    assert all(one != other for one, other in combinations(uids, 2))


@pytest.mark.parametrize(("currency", "unit"), [("EUR", "currencyEUR"), ("XAU", "currency:XAU ")])
def test_money_has_the_files_currency(lifecycle: Lifecycle, currency: str, unit: str) -> None:
    business = lifecycle.spec.business.model_copy(update={"currency": currency})
    spec = lifecycle.spec.model_copy(update={"business": business})
    assert money_unit(lifecycle.model_copy(update={"spec": spec})) == unit


def test_the_sdk_is_imported_only_to_build() -> None:
    modules = "'grafana_foundation_sdk' in sys.modules"
    code = f"import sys, mdlc.monitoring.dashboards.build_dashboards; print({modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
