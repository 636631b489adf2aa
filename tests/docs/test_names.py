"""Every metric, alert, verb and exit code is documented, and nothing that is gone still is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

import mdlc
from mdlc.cli.main import app
from mdlc.core.errors import MdlcError
from mdlc.core.profile import PREDICTION
from mdlc.core.spec import Lifecycle, Monitor
from mdlc.monitoring.alert_conditions import AlertCondition, judge
from mdlc.monitoring.rules.rule_file import rule_file
from mdlc.monitoring.signals import Signals
from mdlc.services.metric_families import PREDICTOR, TRIGGER, GaugeFamily, HistogramFamily
from mdlc.state.watch_documents import Baseline, DriftSignal

DOCS = Path(__file__).parents[2] / "docs"


def headings(page: str) -> set[str]:
    """Return the words in code style that are headings of a page."""
    return set(re.findall(r"^#+ .*?`([^`]+)`", (DOCS / page).read_text(), re.MULTILINE))


def families() -> dict[str, set[str]]:
    """Return each metric of the table with its labels, histograms by their base name."""
    return {of.documented: set(of.labels) for of in (*PREDICTOR, *TRIGGER)}


def shown() -> dict[str, set[str]]:
    """Return each metric that predictor and trigger show, with its labels."""
    from prometheus_client import CollectorRegistry

    from mdlc.serving.predictor_metrics import Metrics
    from mdlc.trigger.request_counter import RequestCounter
    from mdlc.trigger.trigger_metrics import families as trigger_families

    registry = CollectorRegistry()
    RequestCounter(registry)
    # The client shows label names of series that have no value yet in no public way.
    collectors: list[Any] = list(Metrics("m", currency="USD").registry._collector_to_names)
    collectors += list(registry._collector_to_names)
    found = {
        one._name + ("_total" if one._type == "counter" else ""): set(one._labelnames)
        for one in collectors
    }
    for family in trigger_families().values():
        suffix = "_total" if family.type == "counter" else ""
        found[family.name + suffix] = set(family._labelnames)
    return found


def units(page: str) -> dict[str, str]:
    """Return the metrics in a page's tables with what their third column says."""
    lines = re.findall(
        r"^\| `(mdlc_\w+)` \|[^|]*\|([^|]*)\|", (DOCS / page).read_text(), re.MULTILINE
    )
    return {name: unit.strip() for name, unit in lines}


def texts(file: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of all texts in a module's code, but its docstrings."""
    tree = ast.parse(file.read_text())
    prose = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.lineno, node.value


def rows(page: str) -> dict[str, set[str]]:
    """Return the metrics in a page's tables with the labels in their second column."""
    lines = re.findall(r"^\| `(mdlc_\w+)` \|([^|]*)\|", (DOCS / page).read_text(), re.MULTILINE)
    return {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in lines}


def alerts() -> set[str]:
    """Return the names of all conditions that monitoring judges."""
    return {condition.name for condition in conditions()}


def conditions() -> list[AlertCondition]:
    """Return all conditions that monitoring judges, of features and the prediction."""
    drift = [DriftSignal(name=n, psi=None, noise=0, predictions=0) for n in ("a", PREDICTION)]
    signals = Signals(
        predictions=0,
        labels=0,
        due=0,
        label_ratio=None,
        accuracy=None,
        log_loss=None,
        skill=None,
        mae=None,
        money_per_decision=None,
        calibration=[],
        drift=drift,
    )
    baseline = Baseline(version="1", money_per_decision=1, log_loss=None, mae=None)
    monitor = Monitor.model_validate({"quality": {"min_accuracy": 0.5}})
    return judge(signals, monitor=monitor, baseline=baseline, ignored=())


def rules() -> set[str]:
    """Return the names of all alerts of a lifecycle that asks for everything."""
    return {rule["alert"] for rule in whole_rules()}


def whole_rules() -> list[dict[str, Any]]:
    """Return all alerting rules of a lifecycle that asks for everything."""
    goal = {"metric": "accuracy", "at_least": 0.5, "by": "2030-01-01"}
    payoff = {"actions": {"a": {"yes": 1}, "b": {"yes": 0}}, "do_nothing": "b"}
    whole = {
        "apiVersion": "mdlc.dev/v1alpha1",
        "kind": "Lifecycle",
        "metadata": {"name": "all"},
        "spec": {
            "business": {"payoff": payoff, "goals": [goal]},
            "data": {"sources": {"s": {"csv": "s.csv"}}, "target": "y"},
            "deploy": {"canary": {}},
            "monitor": {"data_within": "1d", "quality": {"min_accuracy": 0.5}},
            "retrain": {"when": ["money"], "money_per_month": 1},
        },
    }
    groups = rule_file(Lifecycle.model_validate(whole))["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def test_metrics_are_documented_with_their_labels():
    pytest.importorskip("kserve")
    assert rows("metrics.md") == families()


def test_units_on_the_page_are_those_of_the_table():
    endings = {GaugeFamily: ", gauge", HistogramFamily: ", histogram"}
    wanted = {of.documented: of.unit + endings.get(type(of), "") for of in (*PREDICTOR, *TRIGGER)}
    assert units("metrics.md") == wanted


def test_servers_show_what_is_in_the_table():
    pytest.importorskip("kserve")
    assert shown() == families()


def test_no_metric_is_spelled_out_but_in_the_table():
    """One that is renamed there then breaks at import, not on a dashboard that stays empty."""
    names = {of.name for of in (*PREDICTOR, *TRIGGER)}
    spelled = re.compile(rf"\b(?:{'|'.join(names)})(?:_total|_bucket|_count|_sum)?\b")
    package = Path(mdlc.__file__).parent
    # Some rooms are links, which rglob does not follow.
    rooms = [room.resolve() for room in package.iterdir() if room.is_dir()]
    files = [f for room in rooms for f in room.rglob("*.py") if f.name != "metric_families.py"]
    assert len(files) > 300
    found = [
        f"{file}:{line}: {text[:80]}"
        for file in files
        for line, text in texts(file)
        if spelled.search(text)
    ]
    assert not found


def test_alerts_have_a_runbook():
    assert headings("alerts.md") == rules()


def test_prometheus_has_every_alert_that_python_has():
    assert alerts() <= rules()
    assert len(alerts()) == 10


def test_a_condition_and_its_rule_agree_on_severity_and_reason():
    """Whoever adds a condition, and forgets the rule or changes one of them, is told here."""
    kinds = {(rule["alert"], rule["labels"]["severity"]) for rule in whole_rules()}
    reasons = {(rule["alert"], rule["labels"].get("reason", "")) for rule in whole_rules()}
    for condition in conditions():
        assert (condition.name, condition.severity) in kinds
        assert (condition.name, condition.reason) in reasons


def test_verbs_are_documented():
    group = typer.main.get_command(app)
    assert headings("cli.md") == {f"mdlc {name}" for name in group.commands}  # type: ignore[attr-defined]


def test_options_are_documented():
    text = (DOCS / "cli.md").read_text()
    group = typer.main.get_command(app)
    for name, verb in group.commands.items():  # type: ignore[attr-defined]
        part = text.partition(f"`mdlc {name}`\n")[2].partition("\n## ")[0]
        common = text.partition("## What all verbs share")[2].partition("\n## ")[0]
        for option in (flag for p in verb.params for flag in p.opts if flag.startswith("--")):
            assert f"`{option}" in part + common, f"mdlc {name} {option} is not in docs/cli.md"


def test_exit_codes_are_documented():
    text = (DOCS / "cli.md").read_text()
    kinds: list[type[MdlcError]] = [MdlcError, *MdlcError.__subclasses__()]
    for kind in kinds:
        assert re.search(rf"^\| {kind.exit_code} \|.*\n", text, re.MULTILINE), kind.__name__
