"""The page of the retraining loop: the trigger's decisions, and how retrainings ended."""

from __future__ import annotations

from mdlc.core.spec import Lifecycle
from mdlc.monitoring.dashboards.life_page import TIME, events, last_retraining, money_left
from mdlc.monitoring.dashboards.panel import (
    BLUE,
    GREEN,
    ORANGE,
    RED,
    Annotation,
    Bound,
    DashboardRow,
    Page,
    Panel,
    PanelLine,
    Query,
    SeriesSelector,
    ValueMapping,
)
from mdlc.monitoring.rules import series_names
from mdlc.services import metric_families as metrics

LAST = metrics.TRIGGER_LAST_DECISION_TIMESTAMP_SECONDS.series


def page(lifecycle: Lifecycle) -> Page:
    """Return the page."""
    series = SeriesSelector(lifecycle.name)
    started = series.of(LAST, 'decision="run"')
    decided = f"max by (reasons) ({started}) * 1000"
    decision = Annotation("Runs", decided, "Retraining decided", "{{reasons}}", ORANGE)
    return Page(
        name="pipeline",
        title=f"{lifecycle.name}: pipeline",
        about="What the trigger decided, what retrainings came to, and what the budget leaves.",
        sections=(
            DashboardRow(
                "The loop now",
                (
                    PanelLine(_now(series), height=4),
                    PanelLine(_budget(lifecycle, series=series), height=4),
                ),
            ),
            DashboardRow("Decisions", (PanelLine(_decisions(series), height=8),)),
            DashboardRow("Retrainings", (PanelLine(_runs(lifecycle, series=series), height=8),)),
            DashboardRow("Versions", (PanelLine(_versions(series), height=4),)),
            DashboardRow("The trigger itself", (PanelLine(_trigger()),)),
        ),
        events=(*events(series), decision),
        by_version=False,
        span="now-90d",
        refresh="1m",
    )


def _now(series: SeriesSelector) -> tuple[Panel, ...]:
    return (
        Panel(
            title="Last decision",
            about="What the trigger said last, and which rule said so: when, cooldown, budget, "
            "labels ... `mdlc status FILE` has the evidence.",
            unit=TIME,
            queries=(
                Query(
                    f"max by (decision, rule, reasons) ({series.of(LAST)}) * 1000",
                    "{{decision}} ({{rule}})",
                ),
            ),
            kind="stat",
            names=True,
            empty="none yet",
        ),
        last_retraining(series),
        Panel(
            title="Running",
            about="Whether a retraining runs. For much longer than the durations below: see its "
            "log, or end it.",
            unit="none",
            queries=(Query(f"max({series.of(metrics.RETRAINING_RUNNING.series)})", "running"),),
            kind="stat",
            states=(ValueMapping(0, "no", "text"), ValueMapping(1, "yes", BLUE)),
        ),
        Panel(
            title="Failures in a row",
            about="From 1 on look at the newest run's log: until it is mended, each try costs one "
            "of the month's runs.",
            unit="none",
            queries=(
                Query(
                    f"max({series.of(metrics.RETRAINING_FAILURES_IN_A_ROW.series)})",
                    "failures",
                ),
            ),
            kind="stat",
            bounds=(Bound(None, GREEN), Bound(1, ORANGE), Bound(2, RED)),
            runbook="RetrainingFailing",
        ),
    )


def _budget(lifecycle: Lifecycle, *, series: SeriesSelector) -> tuple[Panel, ...]:
    panels = [
        Panel(
            title="Runs left this month",
            about="Of retrain.max_per_month, in a calendar month of UTC; failed ones count. At 0 "
            "the trigger only notes what it would do.",
            unit="none",
            queries=(Query(f"max({series.of(metrics.RETRAINING_RUNS_LEFT.series)})", "runs"),),
            kind="stat",
            bounds=(Bound(None, RED), Bound(1, ORANGE), Bound(2, GREEN)),
            runbook="RetrainingBudgetSpent",
        )
    ]
    if lifecycle.spec.retrain.money_per_month is not None:
        panels.append(money_left(lifecycle, series=series))
    panels.append(
        Panel(
            title="Retrainings over time",
            about="When one ran. Much longer than the durations below: see its log, or end it.",
            unit="none",
            queries=(Query(f"max({series.of(metrics.RETRAINING_RUNNING.series)})", "running"),),
            kind="state-timeline",
            states=(ValueMapping(0, "no", "#d8d9da"), ValueMapping(1, "yes", BLUE)),
            width=2,
        )
    )
    return tuple(panels)


def _decisions(series: SeriesSelector) -> tuple[Panel, ...]:
    made = series.of(metrics.TRIGGER_DECISIONS.series)
    return (
        Panel(
            title="Decisions by rule",
            about="How often it said run, defer or skip, and by which rule, since the first one. "
            "Many skips by the budget: raise it, or widen the bounds that alert.",
            unit="none",
            queries=(Query(f"max by (decision, rule) ({made})", "{{decision}} ({{rule}})"),),
            low=0,
            steps=True,
        ),
        Panel(
            title="Last decisions",
            about="Each kind in the chosen span, with the reasons it answered. The same again on "
            "the same day keeps its first time.",
            unit=TIME,
            queries=(
                Query(
                    "sort_desc(max by (decision, rule, reasons) "
                    f"(last_over_time({series.of(LAST)}[$__range])) * 1000)"
                ),
            ),
            kind="table",
            columns={
                "decision": "Decision",
                "rule": "Rule",
                "reasons": "Reasons",
                "Value": "When",
            },
            empty="none yet",
        ),
    )


def _runs(lifecycle: Lifecycle, *, series: SeriesSelector) -> tuple[Panel, ...]:
    attempts = lifecycle.spec.retrain.attempts
    return (
        Panel(
            title="Retrainings by outcome",
            about="Since the first. Mostly refused: alerts ask for what a new model cannot mend; "
            "look at retrain.when.",
            unit="none",
            queries=(
                Query(
                    f"max by (outcome) ({series.of(metrics.RETRAININGS.series)})",
                    "{{outcome}}",
                ),
            ),
            low=0,
            steps=True,
        ),
        Panel(
            title="Attempts",
            about=f"Tries of all runs since the first; one run is tried at most {attempts} times. "
            "More attempts than retrainings: something passes by itself, such as a database away.",
            unit="none",
            queries=(
                Query(f"max({series.of(metrics.RETRAINING_ATTEMPTS.series)})", "attempts"),
                Query(
                    f"sum(max by (outcome) ({series.of(metrics.RETRAININGS.series)}))",
                    "retrainings",
                    dashed=True,
                ),
            ),
            low=0,
            steps=True,
        ),
        Panel(
            title="Duration of retrainings",
            about="How long the newest one took, over time. A jump: more data, or a busy machine.",
            unit="s",
            queries=(Query(f"max({series.of(metrics.RETRAINING_SECONDS.series)})", "newest took"),),
            low=0,
            steps=True,
        ),
    )


def _versions(series: SeriesSelector) -> tuple[Panel, ...]:
    what = (
        (
            "Promotions",
            metrics.PROMOTIONS.series,
            "Versions that began to serve, the first included.",
            "",
        ),
        (
            "Rollbacks",
            metrics.ROLLBACKS.series,
            "Versions that a person took back; `mdlc history FILE` says why.",
            "",
        ),
        (
            "Canaries rolled back",
            metrics.CANARY_ROLLBACKS.series,
            "Versions that did not pass their trial. See what they failed before the next one.",
            "CanaryRolledBack",
        ),
    )
    return tuple(
        Panel(
            title=title,
            about=about,
            unit="none",
            queries=(Query(f"max({series.of(name)})", "since the first"),),
            kind="stat",
            runbook=runbook,
        )
        for title, name, about, runbook in what
    )


def _trigger() -> tuple[Panel, ...]:
    requests = metrics.TRIGGER_REQUESTS.series
    asked = f"increase({requests}[$__rate_interval])"
    refused = f'increase({requests}{{outcome!="accepted"}}[$__rate_interval])'
    return (
        Panel(
            title="Trigger up",
            about="Of all lifecycles. Down: alerts reach nobody; Alertmanager repeats them once it "
            "is back.",
            unit="none",
            queries=(Query(f'min(up{{job="{series_names.TRIGGER_JOB}"}})', "trigger"),),
            kind="state-timeline",
            states=(ValueMapping(0, "down", RED), ValueMapping(1, "up", GREEN)),
            runbook="TriggerDown",
        ),
        Panel(
            title="Requests to the trigger",
            about="By who asked, of all lifecycles. Alerts come again and again while they fire.",
            unit="none",
            queries=(Query(f"sum by (source) ({asked})", "{{source}}"),),
            low=0,
            stacked=True,
        ),
        Panel(
            title="Requests refused",
            about="unauthorized: a wrong token; find out who. invalid: not an alert of "
            "Alertmanager. unavailable: the ledger's database was away; it is repeated.",
            unit="none",
            queries=(
                Query(f"sum by (source, outcome) ({refused}) > 0", "{{outcome}} ({{source}})"),
            ),
            low=0,
            stacked=True,
            empty="none refused",
            runbook="SecretRejected",
        ),
    )
