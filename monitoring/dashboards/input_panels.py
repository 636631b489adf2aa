"""The life page's panels on inputs and labels: drift, coverage and lag."""

from __future__ import annotations

from mdlc.core.profile import PREDICTION
from mdlc.core.spec import Lifecycle
from mdlc.monitoring.dashboards.panel import (
    INPUTS,
    Panel,
    Query,
    SeriesSelector,
    falling,
    rising,
)
from mdlc.monitoring.rules import series_names
from mdlc.monitoring.rules.series_names import LONG, SHORT


def drift(lifecycle: Lifecycle, *, series: SeriesSelector) -> tuple[Panel, ...]:
    """Return the panels on how inputs and predictions moved since training."""
    bound = lifecycle.spec.monitor.drift
    psi = series_names.of_feature("psi:value", SHORT)
    features = f"max by (feature) ({series.serving(psi, INPUTS)})"
    limits = rising(warn=bound.warn, bad=bound.retrain)
    return (
        Panel(
            title="Drift of features over time",
            about="Population stability index of each feature of the serving version. The darkest "
            "is drift.retrain or more. Something upstream changed: see which bin grew before you "
            "retrain.",
            unit="none",
            queries=(Query(features, "{{feature}}"),),
            kind="heatmap",
            low=0,
            high=bound.retrain,
            runbook="FeatureDrift",
            width=4,
        ),
        Panel(
            title="Drift now",
            about="The same index now. Green: below drift.warn; red: drift.retrain or more. "
            "Features in drift.ignore never alert.",
            unit="none",
            queries=(Query(f"sort_desc({features})", "{{feature}}"),),
            kind="bargauge",
            bounds=limits,
            low=0,
            high=2 * bound.retrain,
            decimals=2,
            runbook="FeatureDrift",
            width=2,
        ),
        _predictions(lifecycle, series=series),
    )


def _predictions(lifecycle: Lifecycle, *, series: SeriesSelector) -> Panel:
    bound = lifecycle.spec.monitor.drift
    prediction = f'feature="{PREDICTION}"'
    psi = series_names.of_feature("psi:value", SHORT)
    noise = series_names.of_feature("psi:noise", SHORT)
    # Show the noise only for features that have an index.
    judged = f"on (model, version, feature) {series.by_version(psi, prediction)}"
    chance = f"{series.by_version(noise, prediction)} and {judged}"
    return Panel(
        title="Drift of the predictions",
        about="The index of what the model says, and how much of it chance explains (dashed). "
        "Where no feature explains it, somebody else may be asking.",
        unit="none",
        queries=(
            Query(series.by_version(psi, prediction), "{{version}}"),
            Query(chance, "{{version}} by chance", dashed=True),
        ),
        bounds=rising(warn=bound.warn, bad=bound.retrain),
        low=0,
        runbook="PredictionDrift",
        width=3,
    )


def labels(lifecycle: Lifecycle, *, series: SeriesSelector) -> tuple[Panel, ...]:
    """Return the panels on labels."""
    monitor = lifecycle.spec.monitor
    lag = series_names.of_version("label_lag_seconds:mean", SHORT)
    late = series_names.of_version("label_lag_seconds:p90", SHORT)
    return (
        Panel(
            title="Label coverage",
            about="Share of the predictions old enough (monitor.labels_within) that have a label. "
            "Below the bound ask whoever sends labels: quality and money are then of a part only.",
            unit="percentunit",
            queries=(
                Query(series.recorded("labels:ratio", SHORT), "short window"),
                Query(series.recorded("labels:ratio", LONG), "long window", dashed=True),
            ),
            bounds=falling(good=monitor.min_label_ratio),
            low=0,
            high=1,
            runbook="LabelsLate",
        ),
        Panel(
            title="Label lag",
            about="Time from a prediction to its label. Above monitor.labels_within a label counts "
            "as late: mend the feed, or widen the bound knowingly.",
            unit="s",
            queries=(
                Query(series.by_version(lag), "{{version}} mean"),
                Query(series.by_version(late), "{{version}} 90 %", dashed=True),
            ),
            bounds=rising(bad=monitor.labels_within.total_seconds()),
            low=0,
            runbook="LabelsLate",
        ),
        Panel(
            title="Predictions and labels in the window",
            about="How much the signals rest on. Below drift.min_predictions or quality.min_labels "
            "nothing is judged: that is not `all is well`.",
            unit="short",
            queries=(
                Query(series.recorded("predictions:sum", SHORT), "predictions"),
                Query(series.recorded("labels:sum", SHORT), "labels"),
            ),
            low=0,
            runbook="NotEnoughData",
        ),
    )
