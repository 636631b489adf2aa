"""The examples as a user runs them, and their reports as a browser shows them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mdlc.core.documents.evaluation_result import Evaluation
from mdlc.core.documents.training_result import Training
from mdlc.core.files import read_document
from mdlc.state.replay_documents import ReplayRecord
from tests.services import browser

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
LABEL_REASONS = {"calibration", "skill", "money"}


def mdlc(verb: str, example: str, *options: str, home: Path) -> str:
    """Run a verb on an example with its state in `home`; return what it prints for machines."""
    file = ROOT / "examples" / example / "lifecycle.yaml"
    made = subprocess.run(
        [sys.executable, "-m", "mdlc", verb, str(file), *options],
        capture_output=True,
        check=False,
        text=True,
        env={**os.environ, "MDLC_HOME": str(home)},
    )
    assert made.returncode == 0, made.stderr
    return made.stdout


def parsed(verb: str, example: str, *options: str, home: Path) -> Any:
    return json.loads(mdlc(verb, example, "--json", *options, home=home))


@pytest.fixture(scope="module")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Flights, trained and lived into July, when more of them are late."""
    home = tmp_path_factory.mktemp("flights")
    mdlc("run", "01-flight-delays", home=home)
    mdlc("replay", "01-flight-delays", "--to", "2013-07-15", home=home)
    return home


def lived(home: Path) -> ReplayRecord:
    return read_document(home / "flight-delays" / "life.json", ReplayRecord)


def test_an_unchanged_run_computes_nothing(flights: Path) -> None:
    assert parsed("run", "01-flight-delays", home=flights)["cached"] is True
    plan = parsed("plan", "01-flight-delays", home=flights)
    assert {stage["state"] for stage in plan["stages"]} == {"cached"}


def test_every_prediction_was_answered_and_labelled(flights: Path) -> None:
    life = lived(flights)
    assert life.failed_requests == 0
    assert life.decisions == life.labels > 100_000


def test_late_labels_retrain_and_drift_does_not(flights: Path) -> None:
    """The share of late flights changes while the features hardly do: only labels tell."""
    life = lived(flights)
    alerts = {event.title for event in life.events if event.kind == "alert"}
    assert alerts & {"CalibrationOff", "SkillLow", "MoneyLow"}
    verdicts = parsed("status", "01-flight-delays", home=flights)["verdicts"]
    assert verdicts == []  # real serving has had none: a replay has its own workspace
    runs = [event for event in life.events if event.kind == "retraining"]
    assert runs
    for run in runs:
        reasons = set(run.title.removeprefix("retraining: ").split(", "))
        assert reasons <= LABEL_REASONS


def test_identifiers_are_not_watched(flights: Path) -> None:
    watched = {name for week in lived(flights).weeks for name in week.drift}
    assert "dep_hour" in watched
    assert not watched & {"tailnum", "flight"}


def test_retrainings_keep_to_their_budget(flights: Path) -> None:
    months: dict[str, int] = {}
    for event in lived(flights).events:
        if event.kind == "retraining":
            months[f"{event.time:%Y-%m}"] = months.get(f"{event.time:%Y-%m}", 0) + 1
    assert max(months.values()) <= 1


def test_the_history_tells_every_promotion(flights: Path) -> None:
    entries = parsed("history", "01-flight-delays", "--replay", home=flights)
    promoted = [event for event in lived(flights).events if event.kind == "promotion"]
    assert [entry["version"] for entry in entries[1:]] == [event.version for event in promoted]
    assert entries[0]["version"] == "1"


def test_the_alternatives_lived_through_the_same_time(flights: Path) -> None:
    life = lived(flights)
    policies = {policy.name: policy for policy in life.policies}
    assert set(policies) == {"loop", "never", "monthly", "rule", "nothing"}
    assert policies["nothing"].earned == 0
    assert policies["monthly"].retrainings == 4
    for name, policy in policies.items():
        assert policy.earned == pytest.approx(sum(week.money[name] for week in life.weeks))


def test_the_report_of_the_year_opens(flights: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    mdlc("report", "01-flight-delays", "--out", str(out), home=flights)
    browser.require()
    page = browser.opened(out)
    assert page.errors == []
    assert page.drawn == page.figures > 10


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("digits")
    mdlc("run", "02-digits", home=home)
    return home


def test_images_are_read_by_a_convolutional_network(digits: Path) -> None:
    results = json.loads((digits / "digits" / "results.json").read_text())["stages"]
    training = read_document(Path(results["training"]) / "training.json", Training)
    network = next(c for c in training.candidates if c.kind == "keras_cnn")
    assert (network.format, network.refused) == ("savedmodel", "")
    evaluation = read_document(Path(results["evaluation"]) / "evaluation.json", Evaluation)
    judged = next(c for c in evaluation.contenders if c.name == "keras_cnn")
    assert judged.metrics["accuracy"].value > 0.9


def test_images_are_predicted_lived_and_reported(digits: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.json"
    rows.write_text(mdlc("predict", "02-digits", home=digits))
    answer = parsed("predict", "02-digits", "--rows", str(rows), home=digits)
    assert sum(answer["predictions"][0]["scores"].values()) == pytest.approx(1, abs=1e-5)
    life = ReplayRecord.model_validate(parsed("replay", "02-digits", home=digits))
    assert life.failed_requests == 0
    assert life.labels == life.decisions > 300
    out = tmp_path / "report.html"
    mdlc("report", "02-digits", "--out", str(out), home=digits)
    browser.require()
    page = browser.opened(out)
    assert page.errors == []
    assert page.drawn == page.figures > 5


def test_a_regression_is_trained_lived_and_reported(tmp_path: Path) -> None:
    made = parsed("run", "03-air-time", home=tmp_path)
    assert made["serving"] == "1"
    life = ReplayRecord.model_validate(
        parsed("replay", "03-air-time", "--to", "2013-03-20", home=tmp_path)
    )
    policies = {policy.name: policy.earned for policy in life.policies}
    assert policies["loop"] > policies["rule"] > policies["nothing"]
    assert all(week.mae for week in life.weeks if week.labels)
    out = tmp_path / "report.html"
    mdlc("report", "03-air-time", "--out", str(out), home=tmp_path)
    browser.require()
    page = browser.opened(out)
    assert page.errors == []
    assert page.drawn == page.figures > 5
