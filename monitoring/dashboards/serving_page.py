"""The page of the predictor: requests, rows, the payload log, replicas and the canary."""

from __future__ import annotations

from typing import Literal

from mdlc.core.spec import Lifecycle
from mdlc.monitoring.dashboards import row_panels
from mdlc.monitoring.dashboards.life_page import events
from mdlc.monitoring.dashboards.panel import (
    GREEN,
    ORANGE,
    RED,
    Bound,
    DashboardRow,
    Page,
    Panel,
    PanelLine,
    Query,
    SeriesSelector,
    rising,
)
from mdlc.monitoring.rules import series_names
from mdlc.services import metric_families as metrics

ANSWERS = 'protocol!="feedback"'
BURN = (Bound(None, GREEN), Bound(1, "yellow"), Bound(6, ORANGE), Bound(14.4, RED))
"""Burn rates at which the alerts fire: those of 3 days, 6 hours and 1 hour."""


def page(lifecycle: Lifecycle) -> Page:
    """Return the page."""
    series = SeriesSelector(lifecycle.name)
    regression = lifecycle.spec.regression
    return Page(
        name="serving",
        title=f"{lifecycle.name}: serving",
        about="Requests, answers, latency, replicas, the payload log and the canary.",
        sections=(
            DashboardRow(
                "Requests",
                (PanelLine(_now(lifecycle, series=series), height=4), PanelLine(_requests(series))),
            ),
            DashboardRow(
                "Latency and objectives",
                (
                    PanelLine(_latency(lifecycle, series=series)),
                    PanelLine(_burn(lifecycle, series=series)),
                ),
            ),
            DashboardRow(
                "Rows",
                (
                    PanelLine(row_panels.rows(series, regression=regression)),
                    PanelLine(row_panels.inputs(series)),
                ),
            ),
            DashboardRow("Feedback and payload log", (PanelLine(row_panels.payload(series)),)),
            DashboardRow(
                "Versions and replicas",
                (
                    PanelLine(row_panels.versions(lifecycle, series=series)),
                    PanelLine(row_panels.replicas(series)),
                ),
            ),
        ),
        events=events(series),
        span="now-6h",
        refresh="30s",
    )


def _now(lifecycle: Lifecycle, *, series: SeriesSelector) -> tuple[Panel, ...]:
    goals = lifecycle.spec.monitor.objectives
    return (
        Panel(
            title="Requests a second",
            about="Of all replicas, feedback included. None at all: see whether replicas are up.",
            unit="reqps",
            queries=(
                Query(f"sum({series.rate(metrics.REQUEST_SECONDS.count_series)})", "requests"),
            ),
            kind="stat",
            empty="none",
        ),
        Panel(
            title="Failed, last 5 minutes",
            about="Share of requests that the server failed (not those it refused as wrong). Above "
            "the objective it spends error budget: see the reasons below.",
            unit="percentunit",
            queries=(Query(series.of(series_names.burn("errors", "5m")), "failed"),),
            kind="stat",
            bounds=rising(bad=1 - goals.availability),
            runbook="ErrorBudgetBurn",
        ),
        Panel(
            title="Slow, last 5 minutes",
            about=f"Share of requests that took more than {goals.latency_seconds:g} s. Above the "
            "objective: see latency, rows a request, and CPU.",
            unit="percentunit",
            queries=(Query(series.of(series_names.burn("slow", "5m")), "slow"),),
            kind="stat",
            bounds=rising(bad=1 - goals.latency),
            runbook="LatencyBudgetBurn",
        ),
        Panel(
            title="Replicas up",
            about="Replicas that answer scrapes and have a model loaded. 0: nobody is answered, or "
            "Prometheus does not reach them.",
            unit="none",
            queries=(Query(f"count({series.of(metrics.MODEL_INFO.series)}) or vector(0)", "up"),),
            kind="stat",
            bounds=(Bound(None, RED), Bound(1, GREEN)),
            runbook="PredictorDown",
        ),
    )


def _requests(series: SeriesSelector) -> tuple[Panel, ...]:
    return (
        Panel(
            title="Requests by protocol",
            about="V1, V2 and feedback. A protocol that stops is a client that stopped.",
            unit="reqps",
            queries=(
                Query(
                    f"sum by (protocol) ({series.rate(metrics.REQUEST_SECONDS.count_series)})",
                    "{{protocol}}",
                ),
            ),
            low=0,
            stacked=True,
        ),
        Panel(
            title="Errors by reason",
            about="invalid_input: the client's rows are not what the model was trained on; ask the "
            "client. unauthorized: a wrong token. Others are the server's: see its log.",
            unit="reqps",
            queries=(
                Query(
                    f"sum by (reason) ({series.rate(metrics.REQUEST_ERRORS.series)})",
                    "{{reason}}",
                ),
            ),
            low=0,
            stacked=True,
            empty="no error",
            runbook="SchemaChanged",
        ),
    )


def _latency(lifecycle: Lifecycle, *, series: SeriesSelector) -> tuple[Panel, ...]:
    buckets = series.rate(metrics.REQUEST_SECONDS.bucket_series, ANSWERS)
    limit = lifecycle.spec.monitor.objectives.latency_seconds
    queries = tuple(
        Query(f"histogram_quantile({share:g}, sum by (le) ({buckets}))", f"{share:.0%}")
        for share in (0.5, 0.9, 0.99)
    )
    return (
        Panel(
            title="Latency of answers",
            about="Median, 90 and 99 % of predictions. The bound is objectives.latency_seconds. "
            "Many rows in a request take longer: see rows by version.",
            unit="s",
            queries=queries,
            bounds=rising(bad=limit),
            low=0,
            runbook="LatencyBudgetBurn",
        ),
        Panel(
            title="Requests by latency",
            about="Requests a second in each bucket. Two bands are two kinds of requests, such as "
            "of one row and of many.",
            unit="s",
            queries=(Query(f"sum by (le) ({buckets})", "{{le}}"),),
            kind="heatmap",
        ),
    )


def _burn(lifecycle: Lifecycle, *, series: SeriesSelector) -> tuple[Panel, ...]:
    goals = lifecycle.spec.monitor.objectives

    def panel(kind: Literal["errors", "slow"], title: str, goal: float, verb: str) -> Panel:
        return Panel(
            title=f"{title} burn",
            about=f"How many times faster than allowed requests {verb}, over each window. 1 for "
            "30 days spends the budget; 14.4 over an hour and 5 minutes is urgent, 6 over six "
            "hours too; 1 over three days is for working hours.",
            unit="none",
            queries=tuple(
                Query(f"{series.of(series_names.burn(kind, window))} / {1 - goal:.12g}", window)
                for window in series_names.BURN_WINDOWS
            ),
            bounds=BURN,
            low=0,
            runbook="ErrorBudgetBurn" if kind == "errors" else "LatencyBudgetBurn",
        )

    return (
        panel("errors", "Error budget", goals.availability, "fail"),
        panel("slow", "Latency budget", goals.latency, "are slow"),
    )
