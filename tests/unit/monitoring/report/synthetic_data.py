"""Prepared tables and explorations that never were."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

from mdlc.core.cleaning import Decision
from mdlc.core.columns import Feature
from mdlc.core.documents.exploration_findings import (
    Box,
    CategoryColumn,
    Correlation,
    Exploration,
    ImageColumn,
    NumberColumn,
)
from mdlc.core.documents.prepared_data import CheckResult, Prepared
from tests.unit.monitoring.report.synthetic_base import BEGINS, DIGEST, NUMBERS


def prepared(task: Any, classes: list[str]) -> Prepared:
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
        checks=_checks(),
    )


def number_column(name: str, index: int) -> NumberColumn:
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


def exploration() -> Exploration:
    rng = np.random.default_rng(1)
    matrix = np.clip(np.corrcoef(rng.normal(size=(len(NUMBERS), 12))), -1, 1)
    top = [("UA", 9800), ("B6", 8100), ("EV", 7300), ("DL", 6900), ("(masked)", 40), ("", 12)]
    return Exploration(
        rows=61_220,
        target={"kind": "classes", "counts": {"on time": 47_900, "late": 13_320}},
        numbers=[number_column(name, index) for index, name in enumerate(NUMBERS)],
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


def image_exploration(classes: list[str]) -> Exploration:
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


def _checks() -> list[CheckResult]:
    return [
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
    ]
