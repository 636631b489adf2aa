"""The life page's section on quality, computed from labels, for classification or regression."""

from __future__ import annotations

from mdlc.core.spec import Lifecycle
from mdlc.monitoring.dashboards.panel import (
    Bound,
    DashboardRow,
    Panel,
    PanelLine,
    Query,
    SeriesSelector,
    falling,
)
from mdlc.monitoring.rules import series_names


def quality(lifecycle: Lifecycle, *, series: SeriesSelector) -> DashboardRow:
    """Return the section; which panels it has depends on what is predicted."""
    if lifecycle.spec.regression:
        return DashboardRow("Quality", (PanelLine(_errors(series)),))
    classes = PanelLine(_classes(lifecycle, series=series))
    scores = PanelLine(_scores(lifecycle, series=series))
    return DashboardRow("Quality", (scores, classes, PanelLine(_named(series))))


def _both(series: SeriesSelector, signal: str) -> tuple[Query, ...]:
    """Return a signal by version over the short window, and dashed over the long one."""
    return (
        Query(
            series.by_version(series_names.of_version(signal, series_names.JUDGED)), "{{version}}"
        ),
        Query(
            series.by_version(series_names.of_version(signal, series_names.LONG)),
            "{{version}}, long window",
            dashed=True,
        ),
    )


def _scores(lifecycle: Lifecycle, *, series: SeriesSelector) -> tuple[Panel, ...]:
    bound = lifecycle.spec.monitor.quality
    least = () if bound.min_accuracy is None else falling(good=bound.min_accuracy)
    return (
        Panel(
            title="Accuracy",
            about="Share of labels that the likeliest class met. It says little where one class "
            "is rare: read skill and money first.",
            unit="percentunit",
            queries=_both(series, "accuracy:ratio"),
            bounds=least,
            runbook="AccuracyLow" if least else "",
            high=1,
        ),
        Panel(
            title="Skill",
            about="1 - log-loss / log-loss of always saying the window's class shares. Below "
            "quality.min_skill treat it as an outage: check the labels' ids, then the inputs.",
            unit="none",
            queries=_both(series, "skill:ratio"),
            bounds=falling(good=bound.min_skill),
            high=1,
            runbook="SkillLow",
        ),
        Panel(
            title="Log-loss and Brier score",
            about="Lower is better. The log-loss punishes certainty that was wrong; if it rises "
            "and accuracy stays, look at the calibration below.",
            unit="none",
            queries=(
                Query(
                    series.by_version(
                        series_names.of_version("log_loss:mean", series_names.JUDGED)
                    ),
                    "{{version}}",
                ),
                Query(
                    series.by_version(series_names.of_version("brier:mean", series_names.JUDGED)),
                    "{{version}} Brier",
                    dashed=True,
                ),
            ),
            low=0,
        ),
    )


def _classes(lifecycle: Lifecycle, *, series: SeriesSelector) -> tuple[Panel, ...]:
    off = lifecycle.spec.monitor.quality.calibration
    observed = series.by_version(series_names.total("class_observed", series_names.JUDGED))
    predicted = series.by_version(series_names.total("class_predicted", series_names.JUDGED))
    named = "{{class}} ({{version}})"
    edges = (
        Bound(None, "red"),
        Bound(1 - off, "green"),
        Bound(1 + off, "red"),
    )
    return (
        Panel(
            title="Calibration: observed over predicted, by class",
            about="1 is right; outside the bounds (quality.calibration) decisions by expected "
            "money are off. First check that the labels are complete: those that come sooner "
            "for one class look like this.",
            unit="none",
            queries=(Query(f"{observed} / ({predicted} > 0)", named),),
            bounds=edges,
            runbook="CalibrationOff",
        ),
        Panel(
            title="Calibration: standard errors off, by class",
            about="How far observed counts are from predicted ones. Within 4 it may be chance; "
            "CalibrationOff needs more. Above 0: the class is more frequent than predicted.",
            unit="none",
            queries=(
                Query(
                    series.by_version(series_names.of_class("calibration:z", series_names.JUDGED)),
                    named,
                ),
            ),
            bounds=(Bound(None, "red"), Bound(-4, "green"), Bound(4, "red")),
            runbook="CalibrationOff",
        ),
    )


def _named(series: SeriesSelector) -> tuple[Panel, ...]:
    named = "{{class}} ({{version}})"
    precision, recall = (
        series.by_version(series_names.of_class(signal, series_names.JUDGED))
        for signal in ("precision:ratio", "recall:ratio")
    )
    return (
        Panel(
            title="Precision, by class",
            about="Of rows named so, the share that were. If it falls, the class is named too "
            "readily. A class that is never named has none.",
            unit="percentunit",
            queries=(Query(precision, named),),
            low=0,
            high=1,
        ),
        Panel(
            title="Recall, by class",
            about="Of rows that were so, the share that was named so. If it falls, the class is "
            "missed: see what its action would have earned.",
            unit="percentunit",
            queries=(Query(recall, named),),
            low=0,
            high=1,
        ),
    )


def _errors(series: SeriesSelector) -> tuple[Panel, ...]:
    return (
        Panel(
            title="Mean absolute error",
            about="In the target's unit. Compare it with the promotion's test in the report; if "
            "it rises with drift, look at the inputs first.",
            unit="none",
            queries=_both(series, "mae:mean"),
            low=0,
        ),
        Panel(
            title="Root mean squared error",
            about="In the target's unit. If it rises alone, a few rows are very wrong: look for "
            "them in the payload log.",
            unit="none",
            queries=_both(series, "rmse:mean"),
            low=0,
        ),
    )
