"""A year that was never lived: seasons, drift, retrainings."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np

from mdlc.state.replay_documents import PolicyResult, ReplayEvent, ReplayRecord, ReplayWeek

BEGINS = datetime(2013, 4, 1)
WEEKS = 39
POLICIES = {
    "loop": ("The loop", 1.5, 6, 900.0),
    "never": ("Never retrain", 1.1, 0, 0.0),
    "monthly": ("Retrain monthly", 1.46, 9, 900.0),
    "rule": ("The rule", 0.7, 0, 0.0),
    "nothing": ("Do nothing", 0.1, 0, 0.0),
}


def life(task: Literal["binary", "multiclass", "regression"]) -> ReplayRecord:
    """Return a life of 39 weeks."""
    rng = np.random.default_rng(7)
    weeks = [_week(index, task, rng) for index in range(WEEKS)]
    policies = []
    for name, (title, _, runs, cost) in POLICIES.items():
        earned = sum(week.money[name] for week in weeks)
        policies.append(
            PolicyResult(
                name=name,
                title=title,
                earned=earned,
                retrainings=runs,
                retraining_cost=runs * cost,
                net=earned - runs * cost,
            )
        )
    return ReplayRecord(
        begins=BEGINS,
        ends=BEGINS + timedelta(weeks=WEEKS),
        currency="USD",
        decisions=251_330,
        labels=244_900,
        failed_requests=0,
        weeks=weeks,
        events=_events(),
        policies=policies,
        seconds=412.0,
        notes=["Labels arrived a day after landing."],
    )


def _version(index: int) -> list[str]:
    if index in {11, 24, 34}:
        return [
            str(1 + (index > 10) + (index > 23) - 1 + (index > 33)),
            str(1 + (index > 10) + (index > 23) + (index > 33)),
        ]
    return [str(1 + (index > 11) + (index > 24) + (index > 34))]


def _week(index: int, task: str, rng: Any) -> ReplayWeek:
    season = 0.2 + 0.09 * np.sin(index / 5)
    predicted = 0.2 + 0.09 * np.sin((index - 2) / 5)
    regression = task == "regression"
    names = {"binary": ["late"], "multiclass": ["1", "7"], "regression": []}[task]
    observed = {name: float(season + rng.normal(0, 0.008)) for name in names}
    said = {name: float(predicted) for name in names}
    rest = {"binary": "on time", "multiclass": "other"}.get(task)
    if rest:
        observed[rest] = 1 - sum(observed.values())
        said[rest] = 1 - sum(said.values())
    return ReplayWeek(
        begins=BEGINS + timedelta(weeks=index),
        decisions=6444,
        labels=6280,
        versions=_version(index),
        accuracy=None
        if regression
        else float(0.81 - abs(season - predicted) + rng.normal(0, 0.006)),
        log_loss=None if regression else float(0.43 + abs(season - predicted) * 1.5),
        skill=None if regression or index == 7 else float(0.16 - abs(season - predicted) * 2),
        mae=float(4 + season * 5) if regression else None,
        observed={"mean": 20 * season} if regression else observed,
        predicted={"mean": 20 * predicted} if regression else said,
        drift={
            "temp": float(0.05 + 0.2 * abs(np.sin(index / 9))),
            "distance": 0.02,
            "__prediction": float(0.03 + abs(season - predicted)),
        },
        money={
            name: float(6444 * rate * (1 + rng.normal(0, 0.06)))
            for name, (_, rate, _, _) in POLICIES.items()
        },
    )


def _events() -> list[ReplayEvent]:
    def at(day: int) -> datetime:
        return BEGINS + timedelta(days=day, hours=4)

    events = []
    for number, day in enumerate((80, 171, 241), start=2):
        events += [
            ReplayEvent(
                time=at(day - 3),
                kind="alert",
                title="Calibration off",
                detail="late: 0.29 against 0.21",
            ),
            ReplayEvent(time=at(day - 1), kind="trigger", title="Retraining asked for"),
            ReplayEvent(time=at(day), kind="retraining", title="Retrained", version=str(number)),
            ReplayEvent(
                time=at(day),
                kind="promotion",
                title=f"Version {number} promoted",
                version=str(number),
            ),
            ReplayEvent(time=at(day + 4), kind="resolved", title="Calibration off"),
        ]
    events += [
        ReplayEvent(time=at(120), kind="retraining", title="Retrained"),
        ReplayEvent(
            time=at(120), kind="refusal", title="Challenger refused", detail="71 % sure of a gain"
        ),
        ReplayEvent(time=at(140), kind="failure", title="Weather source did not answer"),
    ]
    return sorted(events, key=lambda event: event.time)
