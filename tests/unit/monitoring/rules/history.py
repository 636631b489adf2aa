"""A predictor's life, scrape by scrape, told to promtool and to Python's store alike."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

from mdlc.core.spec import Lifecycle
from mdlc.monitoring.fake_predictor import DAY, MODEL, START, FakePredictor
from mdlc.monitoring.rules.rule_file import rule_file
from mdlc.monitoring.sample_store import SampleStore, parse
from mdlc.monitoring.signals import Signals, measure
from tests.services.prometheus import program

STEP = timedelta(minutes=1)
JOB = "mdlc-predictor"
MISSING, STALE = "_", "stale"


def lifecycle(**spec: Any) -> Lifecycle:
    """Return a small lifecycle with these sections (of spec) on top."""
    base: dict[str, Any] = {
        "business": {
            "payoff": {
                "actions": {"a": {"yes": 1, "no": -1}, "b": {"yes": 0, "no": 0}},
                "do_nothing": "b",
            }
        },
        "data": {"sources": {"s": {"csv": "s.csv"}}, "target": "y", "identifiers": ["id"]},
    }
    base |= {key: {**base.get(key, {}), **value} for key, value in spec.items()}
    whole = {"apiVersion": "mdlc.dev/v1alpha1", "kind": "Lifecycle", "metadata": {"name": MODEL}}
    return Lifecycle.model_validate({**whole, "spec": base})


class History:
    """Each tick is one scrape and one evaluation; checks are made of the tick before them."""

    def __init__(self, of: Lifecycle, folder: Path, *, step: timedelta = STEP) -> None:
        self.lifecycle, self.folder, self.step = of, folder, step
        self.predictor = FakePredictor()
        self.others: dict[str, float | None] = {}
        """Series beside the predictor's, as promtool writes them; None: gone."""
        self.now = -1
        self._series: dict[str, list[str]] = {}
        self._expressions: list[dict[str, Any]] = []
        self._alerts: list[dict[str, Any]] = []
        self._store = SampleStore(folder / "samples.sqlite", keep=400 * DAY)

    def tick(self, count: int = 1, *, down: bool = False) -> None:
        """Let `count` steps pass; `down`: Prometheus does not run."""
        for _ in range(count):
            self.now += 1
            shown = {} if down else {**_series(self.predictor), **self.others}
            for name in {*self._series, *shown}:
                values = self._series.setdefault(name, [MISSING] * self.now)
                gone = MISSING if down or values[-1:] in ([MISSING], [STALE]) else STALE
                value = shown.get(name)
                values.append(gone if value is None else repr(value))
            if not down:
                samples = [s for s in parse(self.predictor.show()) if s.name.startswith("mdlc_")]
                self._store.append(START + self.now * self.step, samples)

    def signals(self, version: str = "1") -> Signals:
        """Return what Python makes of it all."""
        match = {"model": MODEL, "version": version}
        time = START + self.now * self.step
        return measure(self._store, monitor=self.lifecycle.spec.monitor, match=match, time=time)

    def expect(self, expr: str, value: float | None, *, within: float = 1e-9) -> None:
        """Demand that `expr` is one sample of this value now, or nothing (None)."""
        expected = [] if value is None else [{"labels": "{}", "value": 1}]
        near = (
            f"count({expr})" if value is None else f"count(abs({expr} - ({value!r})) <= {within})"
        )
        near = expr if value is None else near
        self._expressions.append({"expr": near, "eval_time": self._time(), "exp_samples": expected})

    def alert(self, name: str, *labels: dict[str, str]) -> None:
        """Demand that exactly these alerts of one name fire now; labels but for the model's."""
        firing = f'ALERTS{{alertname="{name}",alertstate="firing"}}'
        fires = f"count by (severity, version, subject, reason, outcome) ({firing})"
        samples = [
            {"labels": "{" + ", ".join(f'{k}="{v}"' for k, v in one.items()) + "}", "value": 1}
            for one in labels
        ]
        self._expressions.append({"expr": fires, "eval_time": self._time(), "exp_samples": samples})

    def annotated(self, name: str, *alerts: dict[str, Any]) -> None:
        """Demand alerts with their annotations, as promtool's alert_rule_test has them."""
        test = {"alertname": name, "eval_time": self._time(), "exp_alerts": list(alerts)}
        self._alerts.append(test)

    def check(self) -> None:
        """Run promtool on everything demanded so far."""
        self._store.close()
        rules = self.folder / "rules.json"
        rules.write_text(json.dumps(rule_file(self.lifecycle, step=self.step)))
        step = f"{round(self.step.total_seconds())}s"
        case = {
            "interval": step,
            "input_series": [
                {"series": name, "values": " ".join(values)}
                for name, values in self._series.items()
            ],
            "promql_expr_test": self._expressions,
            "alert_rule_test": self._alerts,
        }
        whole = {"rule_files": ["rules.json"], "evaluation_interval": step, "tests": [case]}
        path = self.folder / "test.json"
        path.write_text(json.dumps(whole, indent=1))
        command = [program("promtool"), "test", "rules", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]

    def _time(self) -> str:
        return f"{round(self.now * self.step.total_seconds())}s"


def _series(predictor: FakePredictor) -> dict[str, float]:
    """Return each series as a target of the job shows it: those without an instance are of `a`."""
    shown = {}
    for (name, labels), value in predictor.counts.items():
        full = {"instance": "a", "job": JOB, **dict(labels)}
        text = ",".join(f"{key}={json.dumps(item)}" for key, item in sorted(full.items()))
        moved = name in {"process_start_time_seconds", "mdlc_model_since_timestamp_seconds"}
        # promtool's time begins at 0.
        shown[f"{name}{{{text}}}"] = value - START.timestamp() if moved else value
    return shown
