"""Contestants, candidates and contenders that never were."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from mdlc.core.documents.evaluation_result import (
    Calibration,
    Comparison,
    Contender,
    Evaluation,
    Interval,
    Slice,
)
from mdlc.core.documents.training_result import (
    CandidateResult,
    Contestant,
    Selection,
    Training,
    Trial,
)
from tests.unit.monitoring.report.synthetic_base import DIGEST, NUMBERS


def selection() -> Selection:
    return Selection(
        task="binary",
        task_reason="the target has two values",
        ml_needed=None,
        ml_reason="open until the rule and the models have been compared in money",
        contestants=[
            Contestant(kind="rule", deep=False, why="always a candidate"),
            Contestant(kind="logistic", deep=False, why="fits the task"),
            Contestant(kind="lightgbm", deep=False, why="fits the task"),
            Contestant(kind="keras_mlp", deep=True, why="enough rows"),
            Contestant(kind="keras_cnn", deep=True, refused="there is no image feature"),
        ],
        ready_made=Contestant(
            kind="FlightGuess",
            deep=False,
            refused="tail_number is sensitive and would be sent outside",
        ),
    )


def training(kinds: list[str], *, deep: str) -> Training:
    rng = np.random.default_rng(4)
    found = []
    for place, kind in enumerate(kinds):
        values = 0.41 + 0.02 * place + np.abs(rng.normal(0, 0.02, 12))
        trials = [
            Trial(
                number=n,
                params={"rate": 0.1},
                value=None if n == 5 else float(v),
                seconds=1.5,
                state="complete",
            )
            for n, v in enumerate(values)
        ]
        epochs = np.arange(1, 21)
        curve = {
            "loss": (0.4 + 0.5 / epochs).tolist(),
            "val_loss": (0.45 + 0.45 / epochs + 0.002 * epochs).tolist(),
        }
        importance = dict(
            zip(NUMBERS, rng.dirichlet(np.ones(len(NUMBERS)) * 0.6).tolist(), strict=True)
        )
        found.append(
            CandidateResult(
                kind=kind,
                params={"rate": 0.0712, "leaves": 31},
                metric="log_loss",
                seconds=18.2,
                value=float(np.min(values)),
                parity=3e-7,
                format="onnx",
                folder=f"candidates/{kind}",
                digest=DIGEST,
                trials=trials if kind != "rule" else trials[:1],
                curve=curve if kind == deep else {},
                description="late if inbound_delay >= 25" if kind == "rule" else "",
                refused="the export differs by 0.3" if kind == "keras_mlp" else "",
                importance=importance if kind in {"lightgbm", "logistic"} else {},
            )
        )
    return Training(candidates=found, rows={"train": 61_220}, seconds=93.4)


def about(value: float, spread: float) -> Interval:
    return Interval(value=value, low=value - spread, high=value + spread * 1.1)


def calibrations(classes: list[str], name: str) -> list[Calibration]:
    rng = np.random.default_rng(len(name))
    predicted = np.linspace(0.05, 0.95, 10)
    return [
        Calibration(
            label=label,
            predicted=predicted.tolist(),
            observed=np.clip(predicted + rng.normal(0, 0.04, 10), 0, 1).tolist(),
            counts=[4000, 2000, 900, 500, 300, 200, 120, 80, 30, 0],
            expected_calibration_error=float(rng.uniform(0.01, 0.05)),
        )
        for label in classes
    ]


def contender(
    name: str,
    value: float,
    *,
    classes: list[str] | None = None,
    confusion: list[list[int]] | None = None,
    metrics: dict[str, float] | None = None,
) -> Contender:
    model = name != "nothing"
    scores = metrics or {"accuracy": 0.81, "log_loss": 0.43, "auc": 0.77}
    slices = [
        Slice(column="origin", value=v, rows=r, metrics=scores, money_per_decision=value + d)
        for v, r, d in (
            ("EWR", 2300, 0.2),
            ("JFK", 2100, -0.1),
            ("LGA", 2032, -1.9),
            ("TEB", 120, 0.7),
            ("HPN", 300, 0.02),
        )
    ]
    return Contender(
        name=name,
        folder="",
        metrics={k: about(v, 0.012) for k, v in scores.items()},
        money_per_decision=about(value, 0.12),
        confusion=confusion or [],
        actions={"go": 5000, "wait": 1432} if classes and len(classes) == 2 else {},
        calibration=calibrations(classes, name) if classes and model else [],
        slices=slices if model else [],
        residual_quantiles=[-9.0, -3.0, -0.4, 2.0, 8.0] if not classes else [],
    )


def evaluation() -> Evaluation:
    classes = ["on time", "late"]
    confusion = [[4700, 410], [620, 702]]
    money = {"lightgbm": 1.52, "champion": 1.11, "logistic": 1.3, "rule": 0.7, "nothing": 0.08}
    return Evaluation(
        rows=6432,
        begins=datetime(2013, 3, 25),
        ends=datetime(2013, 4, 1),
        classes=classes,
        contenders=[
            contender(n, v, classes=classes, confusion=confusion) for n, v in money.items()
        ],
        winner="lightgbm",
        winner_folder="candidates/lightgbm",
        winner_digest=DIGEST,
        champion_digest=DIGEST,
        promote=True,
        comparisons=[
            Comparison(against=n, gain=about(1.52 - v, 0.2), probability=0.97, enough=True)
            for n, v in money.items()
            if n != "lightgbm"
        ],
        reasons=["lightgbm earns 0.41 USD a decision more than the champion, 97 % sure"],
    )
