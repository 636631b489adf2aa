"""A year in which nothing changes: Prometheus' own engine counts the false alarms.

Rows are new draws from the very world that the model was trained on, so whatever fires is false.
The counts are made by the predictor's own code, the rules are those of the file, and promtool runs
them through the year. A change in it shows that the counting can fail.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mdlc.core.columns import from_values
from mdlc.core.files import read_document
from mdlc.core.spec import Lifecycle, load
from mdlc.monitoring.rules.rule_file import rule_file
from mdlc.monitoring.sample_store import parse
from mdlc.serving.active_models import ActiveModels, LoadedModel
from mdlc.serving.active_models import load as load_model
from mdlc.serving.label_feedback import judge_classes
from mdlc.serving.payload_labels import Label, LabelOutcome
from mdlc.serving.predictor_metrics import Metrics
from mdlc.state.release_documents import Pointer
from mdlc.state.workspace import workspace_of
from tests import tiny
from tests.services.prometheus import program

pytestmark = [
    pytest.mark.slow,
    pytest.mark.services,
    pytest.mark.filterwarnings("ignore"),
]
ROWS_A_DAY, STEPS_A_DAY = 200, 2
STEP = timedelta(days=1) / STEPS_A_DAY
LABELS_AFTER = STEPS_A_DAY
"""Steps from a prediction to its label."""
TARGET = 'instance="a",job="mdlc-predictor"'
TRIGGER = {  # a trigger that has nothing to say
    "mdlc_retraining_runs_left": 2,
    "mdlc_retraining_failures_in_a_row": 0,
    "mdlc_retraining_running": 0,
}
SPLIT = "until: 2026-03-01, validation: 7d, test: 7d"
MONITOR = """\
  monitor: {window: 7d, warm_up: 7d, hold: 1d}
  retrain:
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lifecycle, ActiveModels]:
    """Train on sixty days of the world."""
    folder = tmp_path_factory.mktemp("year")
    tiny.write_rows(folder / "rows.csv", days=60, rows_a_day=100)
    file = tiny.write_file(
        folder,
        (
            "until: 2026-01-31, validation: 5d, test: 5d",
            "until: 2026-03-01, validation: 7d, test: 7d",
        ),
        ("  retrain:\n", MONITOR),
    )
    done = tiny.mdlc("run", file)
    assert done.returncode == 0, done.stderr
    lifecycle = load(file)
    pointer = workspace_of(lifecycle, file=file).pointer
    assert read_document(pointer, Pointer).promised is not None
    return lifecycle, load_model(pointer, max_rows=ROWS_A_DAY)


def lived(lineup: ActiveModels, folder: Path, *, days: int, shift: Any) -> dict[str, list[float]]:
    """Answer, count and label `days` of rows; return each series' value at every step."""
    rows = folder / "year.csv"
    tiny.write_rows(rows, days=days, rows_a_day=ROWS_A_DAY, seed=1, shift=shift)
    with rows.open() as file:
        table = list(csv.DictReader(file))
    loaded = lineup.champion
    scorer = loaded.scorer
    columns = {
        f.name: from_values(
            f, [float(r[f.name]) if f.kind == "number" else r[f.name] for r in table]
        )
        for f in scorer.manifest.features
    }
    metrics = Metrics(scorer.manifest.name, currency="EUR")
    metrics.serve(lineup)
    size = ROWS_A_DAY // STEPS_A_DAY
    owed: list[Any] = []
    series: dict[str, list[float]] = {}
    for step in range(days * STEPS_A_DAY):
        _show(metrics, series=series)
        here = slice(step * size, (step + 1) * size)
        batch = {name: column[here] for name, column in columns.items()}
        answers = scorer.answer(batch)
        metrics.count(loaded, batch=batch, answers=answers)
        owed.append((answers, [row["answer"] for row in table[here]]))
        if len(owed) > LABELS_AFTER:
            _label(metrics, loaded, *owed.pop(0))
    return series


def _value(text: str, *, kind: str) -> float | str:
    return float(text) if kind == "number" else text


def _label(metrics: Metrics, loaded: LoadedModel, answers: Any, truth: list[str]) -> None:
    classes = tuple(loaded.scorer.classes)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    verdicts = []
    for row, label in enumerate(truth):
        scores = dict(zip(classes, answers.scores[row].tolist(), strict=True))
        prediction: Any = type("Prediction", (), {})()
        prediction.scores, prediction.action = scores, str(answers.actions[row])
        known = Label(str(row), label, now)
        verdicts.append(LabelOutcome(known, "accepted", text=label, prediction=prediction))
    quality = judge_classes(verdicts, classes=classes, terms=loaded.scorer.manifest.payoff)
    metrics.judge(loaded.version, quality=quality, lags=np.zeros(len(truth)))


def _show(metrics: Metrics, *, series: dict[str, list[float]]) -> None:
    text, _ = metrics.exposition("")
    for sample in parse(text.decode()):
        if not sample.name.startswith("mdlc_") or "timestamp" in sample.name:
            continue
        labels = ",".join(f"{key}={json.dumps(value)}" for key, value in sample.labels)
        series.setdefault(f"{sample.name}{{{labels},{TARGET}}}", []).append(sample.value)


def fired(
    lifecycle: Lifecycle, series: dict[str, list[float]], folder: Path
) -> dict[tuple[str, str], int]:
    """Run the series through promtool; return (alert, reason) -> steps at which it fired."""
    steps = max(map(len, series.values()))
    days = steps // STEPS_A_DAY
    (folder / "rules.json").write_text(json.dumps(rule_file(lifecycle, step=STEP)))
    steady = {f"process_start_time_seconds{{{TARGET}}}": 0.0} | {
        f'{name}{{model="{lifecycle.name}",instance="t",job="mdlc-trigger"}}': float(value)
        for name, value in TRIGGER.items()
    }
    inputs = [{"series": n, "values": " ".join(map(repr, v))} for n, v in series.items()]
    inputs += [{"series": n, "values": f"{v}x{steps}"} for n, v in steady.items()]
    interval = f"{int(STEP.total_seconds())}s"
    question = (
        "sum by (alertname, reason) (count_over_time("
        f'ALERTS{{alertstate="firing",severity!="info"}}[{days}d]))'
    )
    ask = {"expr": question, "eval_time": f"{days}d", "exp_samples": []}
    test = {
        "rule_files": ["rules.json"],
        "evaluation_interval": interval,
        "tests": [{"interval": interval, "input_series": inputs, "promql_expr_test": [ask]}],
    }
    (folder / "test.json").write_text(json.dumps(test))
    command = [program("promtool"), "test", "rules", str(folder / "test.json")]
    # It would spend half of its time on collecting garbage.
    environment = {**os.environ, "GOGC": "800"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    return _read(done.stdout + done.stderr) if done.returncode else {}


def _read(said: str) -> dict[tuple[str, str], int]:
    """Read the samples that promtool got where none were expected."""
    import re

    got = said.partition("got:")[2]
    pairs = re.findall(r"\{([^}]*)\} ([0-9.E+]+)", got)
    assert pairs, said[-3000:]
    found = {}
    for labels, value in pairs:
        named = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        found[named["alertname"], named.get("reason", "")] = round(float(value))
    return found


def test_a_year_without_drift_has_no_false_alarm(trained, tmp_path: Path):
    lifecycle, lineup = trained
    series = lived(lineup, tmp_path, days=365, shift=lambda _: -1.0)
    assert fired(lifecycle, series, tmp_path) == {}


def test_a_change_after_two_months_has_alarms(trained, tmp_path: Path):
    lifecycle, lineup = trained
    series = lived(lineup, tmp_path, days=90, shift=lambda day: -1.0 if day < 60 else 1.5)
    found = fired(lifecycle, series, tmp_path)
    assert found["CalibrationOff", "calibration"] > 10 * STEPS_A_DAY
    assert ("FeatureDrift", "") not in found
