"""Every metric, alert, verb and exit code is documented, and nothing that is gone still is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

from mdlc.cli.main import app
from mdlc.core.errors import MdlcError
from mdlc.core.profile import PREDICTION
from mdlc.core.spec import Lifecycle, Monitor
from mdlc.monitoring.alert_conditions import judge
from mdlc.monitoring.rules.rule_file import rule_file
from mdlc.monitoring.signals import Signals
from mdlc.state.watch_documents import Baseline, DriftSignal

DOCS = Path(__file__).parents[2] / "docs"


def headings(page: str) -> set[str]:
    """Return the words in code style that are headings of a page."""
    return set(re.findall(r"^#+ .*?`([^`]+)`", (DOCS / page).read_text(), re.MULTILINE))


def series() -> dict[str, set[str]]:
    """Return each metric of the predictor with its labels, histograms by their base name."""
    from mdlc.serving.predictor_metrics import Metrics

    metrics = Metrics("m", currency="USD")
    # The client shows label names of series that have no value yet in no public way.
    collectors: list[Any] = list(metrics.registry._collector_to_names)
    found = {}
    for collector in collectors:
        suffix = "_total" if collector._type == "counter" else ""
        found[collector._name + suffix] = set(collector._labelnames)
    return found


def trigger_series() -> dict[str, set[str]]:
    """Return each metric of the trigger with its labels."""
    from prometheus_client import CollectorRegistry

    from mdlc.trigger.request_counter import RequestCounter
    from mdlc.trigger.trigger_metrics import families

    registry = CollectorRegistry()
    RequestCounter(registry)
    (requests,) = registry.collect()
    found = {f"{requests.name}_total": set(requests.samples[0].labels)}
    for family in families().values():
        suffix = "_total" if family.type == "counter" else ""
        found[family.name + suffix] = set(family._labelnames)
    return found


def rows(page: str) -> dict[str, set[str]]:
    """Return the metrics in a page's tables with the labels in their second column."""
    lines = re.findall(r"^\| `(mdlc_\w+)` \|([^|]*)\|", (DOCS / page).read_text(), re.MULTILINE)
    return {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in lines}


def alerts() -> set[str]:
    """Return the names of all conditions that monitoring judges."""
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
    judged = judge(signals, monitor=monitor, baseline=baseline, ignored=())
    return {condition.name for condition in judged}


def rules() -> set[str]:
    """Return the names of all alerts of a lifecycle that asks for everything."""
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
    return {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}


def test_metrics_are_documented_with_their_labels():
    pytest.importorskip("kserve")
    assert rows("metrics.md") == series() | trigger_series()


def test_alerts_have_a_runbook():
    assert headings("alerts.md") == rules()


def test_prometheus_has_every_alert_that_python_has():
    assert alerts() <= rules()
    assert len(alerts()) == 9


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
