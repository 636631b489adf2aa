"""The page of the model's life: what serves, what it earns, how good it is, which alerts fire."""

from __future__ import annotations

from mdlc.core.spec import Lifecycle
from mdlc.monitoring.dashboards.input_panels import drift, labels
from mdlc.monitoring.dashboards.panel import (
    BLUE,
    GREEN,
    ORANGE,
    RED,
    TEXT,
    Annotation,
    Bound,
    DashboardRow,
    Page,
    Panel,
    PanelLine,
    Query,
    SeriesSelector,
    ValueMapping,
    money_unit,
)
from mdlc.monitoring.dashboards.quality_panels import quality
from mdlc.monitoring.rules import series_names
from mdlc.monitoring.rules.promql import money_bound
from mdlc.services import metric_families as metrics

TIME = "dateTimeFromNow"


def page(lifecycle: Lifecycle) -> Page:
    """Return the page."""
    series = SeriesSelector(lifecycle.name)
    window = _span(lifecycle.spec.monitor.long_window.total_seconds())
    return Page(
        name="life",
        title=f"{lifecycle.name}: life",
        about="What serves, what it earns, how good it is, and which alerts stand.",
        sections=(
            DashboardRow(
                "What serves",
                (PanelLine(_serves(series), height=4), PanelLine(_state(series), height=10)),
            ),
            DashboardRow("Money", (PanelLine(_money(lifecycle, series=series), height=8),)),
            quality(lifecycle, series=series),
            DashboardRow(
                "Drift",
                (PanelLine(drift(lifecycle, series=series), height=9),),
            ),
            DashboardRow("Labels", (PanelLine(labels(lifecycle, series=series)),)),
            DashboardRow("Retraining", _retraining(lifecycle, series=series)),
        ),
        events=events(series),
        span=f"now-{window}",
        refresh="1m",
    )


def events(series: SeriesSelector) -> tuple[Annotation, ...]:
    """Return the events of the model's life, as marks on every plot."""
    # A canary shows the time at which its trial began; only serving versions are marked.
    since = series.serving(metrics.MODEL_SINCE_TIMESTAMP_SECONDS.series)
    ended = series.of(metrics.RETRAINING_LAST_TIMESTAMP_SECONDS.series)
    return (
        Annotation(
            "Versions", f"max by (version) ({since}) * 1000", "Version {{version}}", "began", BLUE
        ),
        Annotation(
            "Retrainings",
            f"max by (outcome, version) ({ended}) * 1000",
            "Retraining: {{outcome}}",
            "version {{version}}",
            "purple",
        ),
    )


def _span(seconds: float) -> str:
    """Return a time span in Grafana's syntax."""
    return f"{round(seconds / 86400)}d" if seconds >= 2 * 86400 else f"{max(round(seconds), 1)}s"


def _serves(series: SeriesSelector) -> tuple[Panel, ...]:
    info, since = (
        series.of(metrics.MODEL_INFO.series),
        metrics.MODEL_SINCE_TIMESTAMP_SECONDS.series,
    )
    firing = series.of("ALERTS", 'alertstate="firing"')
    return (
        Panel(
            title="Serving version",
            about="The version that answers, and the kind of model. Two at a time only while "
            "replicas change over; if it stays so, a replica does not see its pointer.",
            unit="none",
            queries=(
                Query(f"max by (version, candidate) ({info})", "{{version}} ({{candidate}})"),
            ),
            kind="stat",
            names=True,
        ),
        Panel(
            title="Serves since",
            about="When it began. Its quality and drift are judged from spec.monitor.warm_up on.",
            unit=TIME,
            queries=(Query(f"max by (version) ({series.serving(since)}) * 1000", "{{version}}"),),
            kind="stat",
        ),
        last_retraining(series),
        Panel(
            title="Alerts firing",
            about="How many stand now. The table and the runbook page say what to do.",
            unit="none",
            queries=(Query(f"count({firing}) or vector(0)", "firing"),),
            kind="stat",
            bounds=(Bound(None, GREEN), Bound(1, ORANGE)),
        ),
    )


def _state(series: SeriesSelector) -> tuple[Panel, ...]:
    alert = "alertname, subject"
    pending = series.of("ALERTS", 'alertstate="pending"')
    firing = series.of("ALERTS", 'alertstate="firing"')
    alerts, began = series.of("ALERTS"), series.of("ALERTS_FOR_STATE")
    every = "alertname, alertstate, severity, subject, reason, version"
    return (
        Panel(
            title="Alerts over time",
            about="Yellow: the condition holds, not yet for spec.monitor.hold. Red: it fires. An "
            "empty plot is a good one.",
            unit="none",
            queries=(
                Query(f"max by ({alert}) ({pending} or {firing} * 2)", "{{alertname}} {{subject}}"),
            ),
            kind="state-timeline",
            states=(ValueMapping(1, "pending", "yellow"), ValueMapping(2, "firing", RED)),
            empty="no alert",
            width=3,
        ),
        Panel(
            title="Alerts that stand",
            about="Look each up in docs/alerts.md. `reason` is what it tells the trigger: a firing "
            "alert with a reason may start a retraining.",
            unit=TIME,
            queries=(
                Query(
                    f"max by ({every}) ({alerts} * ignoring (alertstate) group_left {began}) * 1000"
                ),
            ),
            kind="table",
            columns={
                "alertname": "Alert",
                "alertstate": "State",
                "severity": "Severity",
                "subject": "About",
                "reason": "Reason",
                "version": "Version",
                "Value": "Since",
            },
            empty="no alert",
            runbook="Alerts",
            width=3,
        ),
    )


def _money(lifecycle: Lifecycle, *, series: SeriesSelector) -> tuple[Panel, ...]:
    unit = money_unit(lifecycle)
    ratio = lifecycle.spec.monitor.quality.money_ratio
    promised = (
        f"max by (model, version) ({series.by_version(metrics.PROMISED_MONEY_PER_DECISION.series)})"
    )
    least = money_bound(promised, ratio=ratio)
    short = series_names.of_version("money:mean", series_names.JUDGED)
    long = series_names.of_version("money:mean", series_names.LONG)
    return (
        Panel(
            title="Money per decision, against what was promised",
            about="What labelled decisions earned, by version, over both windows. MoneyLow stands "
            "below the dashed bound. Read alerts and drift beside it: without either, the world "
            "pays less, and a new model may not help.",
            unit=unit,
            queries=(
                Query(series.by_version(short), "{{version}}"),
                Query(series.by_version(long), "{{version}}, long window", dashed=True),
                Query(promised, "{{version}} promised", dashed=True),
                Query(least, "{{version}} least", dashed=True),
            ),
            runbook="MoneyLow",
            width=2,
        ),
        Panel(
            title="Money earned",
            about="Gains less losses of all versions, over the short and the long window. It "
            "counts labelled decisions alone: see the labels' coverage before you add it up.",
            unit=unit,
            queries=(
                Query(
                    series.recorded("money:sum", series_names.SHORT),
                    "short window",
                ),
                Query(series.recorded("money:sum", series_names.LONG), "long window"),
            ),
            width=1,
        ),
    )


def _retraining(lifecycle: Lifecycle, *, series: SeriesSelector) -> tuple[PanelLine, ...]:
    ended = series.of(metrics.RETRAINING_LAST_TIMESTAMP_SECONDS.series)
    panels = [
        Panel(
            title="Retrainings that ended",
            about="Each outcome and version in the chosen span, newest first. `refused`: the "
            "champion earns more; nothing is wrong.",
            unit=TIME,
            queries=(
                Query(
                    "sort_desc(max by (outcome, version) "
                    f"(last_over_time({ended}[$__range])) * 1000)"
                ),
            ),
            kind="table",
            columns={"outcome": "Outcome", "version": "Version", "Value": "When"},
            empty="none yet",
            runbook="RetrainingEnded",
            width=2,
        ),
        Panel(
            title="Runs left this month",
            about="Of retrain.max_per_month. At 0 the trigger only notes what it would do; "
            "`mdlc retrain FILE --force` goes on.",
            unit="none",
            queries=(Query(f"max({series.of(metrics.RETRAINING_RUNS_LEFT.series)})", "runs"),),
            kind="stat",
            bounds=(Bound(None, RED), Bound(1, ORANGE), Bound(2, GREEN)),
            runbook="RetrainingBudgetSpent",
        ),
    ]
    if lifecycle.spec.retrain.money_per_month is not None:
        panels.append(money_left(lifecycle, series=series))
    if lifecycle.spec.deploy.canary is not None:
        panels.append(canary_share(series))
    return (PanelLine(tuple(panels), height=6),)


def last_retraining(series: SeriesSelector) -> Panel:
    """Return the panel on how the newest retraining ended."""
    ended = series.of(metrics.RETRAINING_LAST_TIMESTAMP_SECONDS.series)
    return Panel(
        title="Last retraining",
        about="How the newest retraining that ended came out, and for which version: why that "
        "version serves, or the old one still does. `mdlc history FILE` has all promotions.",
        unit=TIME,
        queries=(Query(f"max by (outcome, version) ({ended}) * 1000", "{{outcome}} {{version}}"),),
        kind="stat",
        names=True,
        empty="none yet",
        runbook="RetrainingEnded",
    )


def money_left(lifecycle: Lifecycle, *, series: SeriesSelector) -> Panel:
    """Return the panel on how much retrainings may still cost this month."""
    return Panel(
        title="Money left this month",
        about="Of retrain.money_per_month. A run that would cost more than this does not start.",
        unit=money_unit(lifecycle),
        queries=(Query(f"max({series.of(metrics.RETRAINING_MONEY_LEFT.series)})", "money"),),
        kind="stat",
        bounds=(Bound(None, RED), Bound(max(lifecycle.spec.retrain.cost_per_run, 1e-9), GREEN)),
        runbook="RetrainingBudgetSpent",
    )


def canary_share(series: SeriesSelector) -> Panel:
    """Return the panel on the version on trial."""
    return Panel(
        title="Canary",
        about="The version on trial and the share of predictions that it answers. `mdlc promote "
        "FILE` and `mdlc rollback FILE` end the trial by hand.",
        unit="percentunit",
        queries=(
            Query(
                f"max by (version) ({series.of(metrics.CANARY_RATIO.series)})",
                "{{version}}",
            ),
        ),
        kind="stat",
        bounds=(Bound(None, TEXT),),
        empty="no canary",
        runbook="CanaryRolledBack",
    )
