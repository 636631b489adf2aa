"""Rules on labelled predictions: quality, calibration, money, and how many labels come and when.

As in `mdlc.monitoring.signals`, a signal is absent (not 0) with fewer labels than
quality.min_labels, or before a version has served for monitor.warm_up.
"""

from __future__ import annotations

from mdlc.monitoring.rules import series_names
from mdlc.monitoring.rules.promql import (
    Rule,
    Scope,
    number,
    on,
    rule,
    sum_by,
    zero_where_absent,
)
from mdlc.monitoring.rules.series_names import JUDGED, VERSION_LEVEL, WINDOWS, Window
from mdlc.monitoring.rules.window_rules import due, total
from mdlc.monitoring.signals import COIN

BY_VERSION = on(VERSION_LEVEL)
MEANS = {
    "accuracy:ratio": "correct",
    "log_loss:mean": "log_loss",
    "brier:mean": "brier",
    "mae:mean": "absolute_error",
}
"""Signals that are a sum over labels, divided by their number."""
TINY = "1e-9"
"""The divisor for a class that is never predicted, in place of 0."""


def rules(scope: Scope) -> list[Rule]:
    """Return the rules; they read the windows of the same evaluation."""
    found = []
    for window in WINDOWS:
        found += _of_version(scope, window)
        found += _of_class(scope, window)
        found += _of_labels(scope, window)
        found += _over_versions(scope, window)
    return found + _of_version(scope, JUDGED) + _of_class(scope, JUDGED)


def enough(scope: Scope, window: Window) -> str:
    """Return the end of an expression that drops versions with too few labels to judge."""
    return (
        f"and {BY_VERSION} {total(scope, 'labels', window)}"
        f" >= {number(scope.monitor.quality.min_labels)}\n"
        f"and {BY_VERSION} {scope.select(series_names.SETTLED)}"
    )


def _of_version(scope: Scope, window: Window) -> list[Rule]:
    labels = total(scope, "labels", window)
    end = enough(scope, window)
    found = [
        rule(
            series_names.of_version(signal, window),
            f"{total(scope, counted, window)} / {labels}\n{end}",
        )
        for signal, counted in MEANS.items()
    ]
    rmse = f"sqrt({total(scope, 'squared_error', window)} / {labels})"
    money = series_names.of_version("money:sum", window)
    found += [
        rule(series_names.of_version("rmse:mean", window), f"{rmse}\n{end}"),
        rule(series_names.of_version("skill:ratio", window), _skill(scope, window)),
        rule(money, _money(scope, window)),
        rule(
            series_names.of_version("money:mean", window),
            f"{scope.select(money)} / {labels}\n{end}",
        ),
        rule(
            series_names.of_version("money:error", window), f"{_money_error(scope, window)}\n{end}"
        ),
    ]
    return found


def _skill(scope: Scope, window: Window) -> str:
    """Return 1 - log-loss / entropy of the observed shares; absent if only one class occurred."""
    observed = total(scope, "class_observed", window)
    share = f"({observed} / {BY_VERSION} group_left () {sum_by(VERSION_LEVEL, observed)} > 0)"
    entropy = f"-{sum_by(VERSION_LEVEL, f'{share} * ln{share}')}"
    log_loss = scope.select(series_names.of_version("log_loss:mean", window))
    return f"1 - {log_loss} / ({entropy} > 0)"


def _money(scope: Scope, window: Window) -> str:
    gained, lost = (total(scope, f"money_{way}", window) for way in ("gained", "lost"))
    return f"{zero_where_absent(gained, lost)} - {zero_where_absent(lost, gained)}"


def _money_error(scope: Scope, window: Window) -> str:
    """Return the standard error of the mean of n: sqrt((mean square - mean^2) / (n - 1))."""
    labels = total(scope, "labels", window)
    mean = f"({scope.select(series_names.of_version('money:sum', window))} / {labels})"
    square = f"{total(scope, 'money_squared', window)} / {labels}"
    return f"sqrt(clamp_min({square} - {mean} ^ 2, 0) / clamp_min({labels} - 1, 1))"


def _of_class(scope: Scope, window: Window) -> list[Rule]:
    predicted, observed, variance, named, correct = (
        total(scope, f"class_{what}", window)
        for what in ("predicted", "observed", "variance", "named", "correct")
    )
    end = enough(scope, window)
    more = f"({zero_where_absent(observed, predicted)} - {predicted})"
    labels = f"{BY_VERSION} group_left () {total(scope, 'labels', window)}"
    off = f"abs({more} / {labels}) / clamp_min({predicted} / {labels}, {TINY})"
    z = f"{more} / sqrt(clamp_min({zero_where_absent(variance, predicted)}, {number(COIN)}))"
    precision, recall = f"{correct} / ({named} > 0)", f"{correct} / ({observed} > 0)"
    return [
        rule(series_names.of_class("calibration:off", window), f"{off}\n{end}"),
        rule(series_names.of_class("calibration:z", window), f"{z}\n{end}"),
        rule(series_names.of_class("precision:ratio", window), f"{precision}\n{end}"),
        rule(series_names.of_class("recall:ratio", window), f"{recall}\n{end}"),
    ]


def _of_labels(scope: Scope, window: Window) -> list[Rule]:
    """Return the rules on coverage and lag of labels; they need no minimum number of labels."""
    owed = due(scope, window)
    labels = zero_where_absent(total(scope, "labels", window), owed)
    lag_sum, lag_count, buckets = (
        total(scope, f"label_lag_seconds_{part}", window) for part in ("sum", "count", "bucket")
    )
    return [
        rule(
            series_names.of_version("labels:ratio", window),
            f"clamp_max({labels} / ({owed} > 0), 1)",
        ),
        rule(
            series_names.of_version("label_lag_seconds:mean", window),
            f"{lag_sum} / ({lag_count} > 0)",
        ),
        rule(
            series_names.of_version("label_lag_seconds:p90", window),
            f"histogram_quantile(0.9, {buckets}) and {BY_VERSION} {lag_count} > 0",
        ),
    ]


def _over_versions(scope: Scope, window: Window) -> list[Rule]:
    """Return the rules that sum over all versions of a window, even if each has few labels."""
    labels = scope.select(series_names.of_model("labels:sum", window))
    end = f"and on (model) {labels} >= {number(scope.monitor.quality.min_labels)}"
    money = series_names.of_model("money:sum", window)
    correct = sum_by(("model",), total(scope, "correct", window))
    owed = sum_by(("model",), due(scope, window))
    per_version = scope.select(series_names.of_version("money:sum", window))
    came = zero_where_absent(labels, owed)
    return [
        rule(series_names.of_model("accuracy:ratio", window), f"{correct} / {labels} {end}"),
        rule(money, sum_by(("model",), per_version)),
        rule(
            series_names.of_model("money:mean", window), f"{scope.select(money)} / {labels} {end}"
        ),
        rule(series_names.of_model("labels:ratio", window), f"clamp_max({came} / ({owed} > 0), 1)"),
    ]
