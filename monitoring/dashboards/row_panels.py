"""The serving page's panels on rows, labels, versions and replicas."""

from __future__ import annotations

from mdlc.core.spec import Lifecycle
from mdlc.monitoring.dashboards.life_page import canary_share
from mdlc.monitoring.dashboards.panel import (
    GREEN,
    INPUTS,
    RED,
    VERSIONS,
    Panel,
    Query,
    SeriesSelector,
    ValueMapping,
    rising,
)
from mdlc.monitoring.rules import series_names
from mdlc.services import metric_families as metrics


def rows(series: SeriesSelector, *, regression: bool) -> tuple[Panel, ...]:
    """Return the panels on predictions."""
    panels = [
        Panel(
            title="Rows by version",
            about="Rows answered a second. Two versions at a time: a canary, or replicas that "
            "change over.",
            unit="rowsps",
            queries=(
                Query(
                    f"sum by (version) ({series.rate(metrics.PREDICTIONS.series, VERSIONS)})",
                    "{{version}}",
                ),
            ),
            low=0,
            stacked=True,
        )
    ]
    if not regression:
        actions = f"sum by (version, action) ({series.rate(metrics.ACTIONS.series, VERSIONS)})"
        panels.append(
            Panel(
                title="Rows by action",
                about="What is done with the rows. An action that grows without a promotion: see "
                "drift of the predictions.",
                unit="rowsps",
                queries=(Query(actions, "{{action}} ({{version}})"),),
                low=0,
                stacked=True,
            )
        )
    return tuple(panels)


def inputs(series: SeriesSelector) -> tuple[Panel, ...]:
    """Return the panels on missing and unseen values in rows."""
    missing = series_names.of_feature("missing:ratio", series_names.SHORT)
    unseen = series_names.of_feature("unseen:ratio", series_names.SHORT)
    return (
        Panel(
            title="Missing values by feature",
            about="Share of the window's rows without the feature, of the serving version. A jump "
            "is a broken feed: repair it before you retrain, or the model learns the fault.",
            unit="percentunit",
            queries=(
                Query(
                    f"max by (feature) ({series.serving(missing, INPUTS)})",
                    "{{feature}}",
                ),
            ),
            low=0,
            runbook="SchemaChanged",
        ),
        Panel(
            title="Unseen categories by feature",
            about="Share of the window's rows whose category training did not count by name. A "
            "jump is a renamed code or a new market.",
            unit="percentunit",
            queries=(
                Query(
                    f"max by (feature) ({series.serving(unseen)})",
                    "{{feature}}",
                ),
            ),
            low=0,
            runbook="SchemaChanged",
        ),
    )


def payload(series: SeriesSelector) -> tuple[Panel, ...]:
    """Return the panels on incoming labels and the payload log."""
    return (
        Panel(
            title="Waiting for the payload log",
            about="Predictions in memory until the log is back. If it grows, see the database: "
            "what does not fit is lost, and its labels will be unknown.",
            unit="short",
            queries=(Query(f"sum({series.of(metrics.PAYLOAD_WAITING_ROWS.series)})", "waiting"),),
            bounds=rising(bad=1000),
            low=0,
            runbook="PayloadLost",
        ),
        Panel(
            title="Lost predictions",
            about="Answered and never logged. Anything above 0: mend the log, and expect labels "
            "that are unknown.",
            unit="rowsps",
            queries=(Query(f"sum({series.rate(metrics.PAYLOAD_LOST.series)})", "lost"),),
            low=0,
            runbook="PayloadLost",
        ),
        Panel(
            title="Labels refused",
            about="unknown: wrong ids, or predictions that the log lost. duplicate: sent twice. "
            "invalid: not a class of the model.",
            unit="ops",
            queries=(
                Query(
                    f"sum by (reason) ({series.rate(metrics.LABELS_REJECTED.series)})",
                    "{{reason}}",
                ),
            ),
            low=0,
            stacked=True,
            empty="none refused",
            runbook="LabelsLate",
        ),
    )


def versions(lifecycle: Lifecycle, *, series: SeriesSelector) -> tuple[Panel, ...]:
    """Return the panels on versions side by side."""
    total = series.rate(metrics.SCORING_SECONDS.sum_series, VERSIONS)
    count = series.rate(metrics.SCORING_SECONDS.count_series, VERSIONS)
    slowest = series.rate(metrics.SCORING_SECONDS.bucket_series, VERSIONS)
    panels = [
        Panel(
            title="Scoring time by version",
            about="Mean and 99 % of the time to score one request's rows. A canary much above the "
            "champion is rolled back (canary.max_slowdown).",
            unit="s",
            queries=(
                Query(
                    f"sum by (version) ({total}) / sum by (version) ({count})", "{{version}} mean"
                ),
                Query(
                    f"histogram_quantile(0.99, sum by (version, le) ({slowest}))",
                    "{{version}} 99%",
                    dashed=True,
                ),
            ),
            low=0,
            width=2,
        ),
        Panel(
            title="Rows that a version failed to score",
            about="A canary's go to the champion, so nobody notices but here. See the server's log "
            "for why.",
            unit="rowsps",
            queries=(
                Query(
                    f"sum by (version) ({series.rate(metrics.VERSION_FAILURES.series, VERSIONS)})",
                    "{{version}}",
                ),
            ),
            low=0,
            empty="none failed",
            width=2,
        ),
    ]
    if lifecycle.spec.deploy.canary is not None:
        panels.append(canary_share(series))
    return tuple(panels)


def replicas(series: SeriesSelector) -> tuple[Panel, ...]:
    """Return the panels on the processes."""
    serving = series.of(metrics.MODEL_INFO.series)
    ours = f"on (job, instance) group_left () max by (job, instance) ({serving})"
    return (
        Panel(
            title="Replicas",
            about="Whether each answers scrapes. Down: see the pod or the process; requests go to "
            "the others.",
            unit="none",
            queries=(
                Query(series.of("up", f'job="{series_names.PREDICTOR_JOB}"'), "{{instance}}"),
            ),
            kind="state-timeline",
            states=(ValueMapping(0, "down", RED), ValueMapping(1, "up", GREEN)),
            runbook="PredictorDown",
        ),
        Panel(
            title="CPU by replica",
            about="Cores in use. Near its limit latency grows: add a replica, or ask with fewer "
            "rows at a time.",
            unit="none",
            queries=(
                Query(
                    f"rate(process_cpu_seconds_total[$__rate_interval]) * {ours}", "{{instance}}"
                ),
            ),
            low=0,
        ),
        Panel(
            title="Memory by replica",
            about="Resident memory. A steady rise is a leak or a payload log that is away.",
            unit="bytes",
            queries=(Query(f"process_resident_memory_bytes * {ours}", "{{instance}}"),),
            low=0,
        ),
    )
