"""Lifecycles that never were: documents as the stages would write them, for looking at reports."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from mdlc.core.documents.evaluation_result import (
    Comparison,
    Deployment,
    Evaluation,
)
from mdlc.monitoring.report import ReportInput
from tests.unit.monitoring.report.synthetic_base import DIGEST
from tests.unit.monitoring.report.synthetic_business import business, lifecycle, snapshot
from tests.unit.monitoring.report.synthetic_data import (
    exploration,
    image_exploration,
    prepared,
)
from tests.unit.monitoring.report.synthetic_history import history, verdicts
from tests.unit.monitoring.report.synthetic_life import life
from tests.unit.monitoring.report.synthetic_models import (
    about,
    contender,
    evaluation,
    selection,
    training,
)


def empty() -> ReportInput:
    """Nothing has run."""
    return ReportInput(name="new-model")


def flights() -> ReportInput:
    """Two classes, all stages, a year lived."""
    return ReportInput(
        name="flight-delays",
        lifecycle=lifecycle(),
        business=business(),
        snapshot=snapshot(),
        prepared=prepared("binary", ["on time", "late"]),
        exploration=exploration(),
        selection=selection(),
        training=training(["lightgbm", "keras_mlp", "logistic", "rule"], deep="keras_mlp"),
        evaluation=evaluation(),
        deployment=Deployment(
            name="flight-delays",
            version="4",
            digest=DIGEST,
            promoted=True,
            replaced="3",
            reasons=["earns 0.41 USD a decision more than the champion, 97 % sure"],
            bundle="bundle",
            registry="sqlite:///mlflow.db",
            created=datetime(2013, 12, 1, 3),
        ),
        life=life("binary"),
        history=history(),
        verdicts=verdicts(),
    )


def digits() -> ReportInput:
    """Ten classes of images; nothing deployed yet."""
    classes = [str(n) for n in range(10)]
    rng = np.random.default_rng(5)
    confusion = rng.integers(0, 6, (10, 10)) + np.diag(rng.integers(150, 200, 10))
    evaluation = Evaluation(
        rows=int(confusion.sum()),
        begins=None,
        ends=None,
        classes=classes,
        winner="keras_cnn",
        winner_folder="candidates/keras_cnn",
        winner_digest=DIGEST,
        promote=False,
        reasons=["nothing serves yet, and the gain over the rule is not sure enough (82 %)"],
        contenders=[
            contender("keras_cnn", 0.61, classes=classes, confusion=confusion.tolist()),
            contender("rule", 0.4, classes=classes),
            contender("nothing", -0.2, classes=classes),
        ],
        comparisons=[
            Comparison(against="rule", gain=about(0.21, 0.3), probability=0.82, enough=False)
        ],
    )
    return ReportInput(
        name="post-codes",
        lifecycle=lifecycle(),
        prepared=prepared("multiclass", classes),
        exploration=image_exploration(classes),
        training=training(["keras_cnn", "keras_mlp"], deep="keras_cnn"),
        evaluation=evaluation,
        life=life("multiclass"),
    )


def demand() -> ReportInput:
    """Regression with missing values here and there."""
    evaluation = Evaluation(
        rows=5210,
        begins=datetime(2013, 11, 1),
        ends=datetime(2013, 11, 30),
        classes=[],
        winner="lightgbm",
        winner_folder="candidates/lightgbm",
        winner_digest=DIGEST,
        promote=True,
        reasons=["earns most"],
        comparisons=[],
        contenders=[
            contender("lightgbm", -3.1, metrics={"mae": 4.1, "rmse": 7.7, "r2": 0.62}),
            contender("rule", -5.0, metrics={"mae": 6.0, "rmse": 9.5, "r2": 0.2}),
            contender("nothing", -7.3, metrics={"mae": float("nan"), "rmse": 11.0}),
        ],
    )
    found = exploration().model_copy(
        update={
            "target": {
                "kind": "number",
                "histogram_edges": [0, 5, 10, 15, 20],
                "histogram_counts": [120, 800, 400, 20],
            }
        }
    )
    return ReportInput(
        name="bike-demand",
        prepared=prepared("regression", []),
        exploration=found,
        training=training(["lightgbm", "ridge"], deep=""),
        evaluation=evaluation,
        life=life("regression"),
    )
