"""Names of the recorded series, level:metric:operation; other modules take them from here.

Every series has the label `model`; the level names its other labels. A window is SHORT
(spec.monitor.window) or LONG (spec.monitor.long_window). What labels tell of a version is also
JUDGED: over the short window, or, where that has too few labels, over the long one.
"""

from __future__ import annotations

from typing import Literal

from mdlc.services import metric_families as metrics

Window = Literal["short", "long", "judged"]
SHORT: Window = "short"
LONG: Window = "long"
JUDGED: Window = "judged"
WINDOWS: tuple[Window, ...] = (SHORT, LONG)

PREDICTOR_JOB, TRIGGER_JOB = "mdlc-predictor", "mdlc-trigger"
"""Names of the scrape jobs."""

STATE = "mdlc:counts:step"
"""What one evaluation leaves for the next: the increment (label is="increase") and the last value
(is="last") of each counter, named by the label `of`. Only other rules read it."""
CHI_SQUARE = "mdlc:chi_square:quantile"
"""The quantiles that drift's noise is computed from, by number of bins (label `bins`)."""

COUNTS = {
    "predictions": metrics.PREDICTIONS.series,
    "labels": metrics.LABELS.series,
    "correct": metrics.CORRECT.series,
    "log_loss": metrics.LOG_LOSS_SUM.series,
    "brier": metrics.BRIER_SUM.series,
    "money_gained": metrics.MONEY_GAINED.series,
    "money_lost": metrics.MONEY_LOST.series,
    "money_squared": metrics.MONEY_SQUARED_SUM.series,
    "absolute_error": metrics.ABSOLUTE_ERROR_SUM.series,
    "squared_error": metrics.SQUARED_ERROR_SUM.series,
    "label_lag_seconds_sum": metrics.LABEL_LAG_SECONDS.sum_series,
    "label_lag_seconds_count": metrics.LABEL_LAG_SECONDS.count_series,
}
"""What is counted of a version -> the predictor's counter."""
CLASS_COUNTS = {
    "class_predicted": metrics.CLASS_PREDICTED_SUM.series,
    "class_observed": metrics.CLASS_OBSERVED.series,
    "class_variance": metrics.CLASS_VARIANCE_SUM.series,
    "class_named": metrics.CLASS_NAMED.series,
    "class_correct": metrics.CLASS_CORRECT.series,
}
"""What is counted of a class of a version -> the predictor's counter."""
ACTIONS, LAG_BUCKET, ROWS = "actions", "label_lag_seconds_bucket", "rows"

MODEL_LEVEL = ("model",)
VERSION_LEVEL = ("model", "version")
CLASS_LEVEL = ("model", "version", "class")
ACTION_LEVEL = ("model", "version", "action")
LAG_LEVEL = ("model", "version", "le")
FEATURE_LEVEL = ("model", "version", "feature")
BIN_LEVEL = ("model", "version", "feature", "bin")

LEVELS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(COUNTS, VERSION_LEVEL),
    **dict.fromkeys(CLASS_COUNTS, CLASS_LEVEL),
    ACTIONS: ACTION_LEVEL,
    LAG_BUCKET: LAG_LEVEL,
    ROWS: BIN_LEVEL,
}
"""What is counted -> the labels that its counts have."""

SERVING = "model_version:mdlc_serving:bool"
SETTLED = "model_version:mdlc_settled:bool"
REFERENCE = "model_version_feature_bin:mdlc_reference_rows:max"
REFERENCE_ROWS = "model_version_feature:mdlc_reference_rows:sum"

GROUPS = ("signals", "slo", "life")
"""Groups of a rule file: signals, service level objectives, and the loop itself."""
BURN_WINDOWS = ("5m", "30m", "1h", "6h", "3d")


def record(level: tuple[str, ...], metric: str, operation: str) -> str:
    """Return the name of a series with these labels.

    >>> record(CLASS_LEVEL, "precision", "ratio_short")
    'model_version_class:mdlc_precision:ratio_short'
    """
    return f"{'_'.join(level)}:mdlc_{metric}:{operation}"


def increase(counted: str) -> str:
    """Name the increments of something counted.

    >>> increase("rows")
    'model_version_feature_bin:mdlc_rows:increase'
    """
    return record(LEVELS[counted], counted, "increase")


def total(counted: str, window: Window) -> str:
    """Name the sum over a window of something counted.

    >>> total("predictions", SHORT)
    'model_version:mdlc_predictions:sum_short'
    """
    return record(LEVELS[counted], counted, f"sum_{window}")


def of_version(signal: str, window: Window) -> str:
    """Name a version's signal, such as "accuracy:ratio".

    >>> of_version("accuracy:ratio", LONG)
    'model_version:mdlc_accuracy:ratio_long'
    """
    return f"model_version:mdlc_{signal}_{window}"


def of_class(signal: str, window: Window) -> str:
    """Name a class's signal: "precision:ratio", "calibration:off" ..."""
    return f"model_version_class:mdlc_{signal}_{window}"


def of_feature(signal: str, window: Window) -> str:
    """Name a feature's signal: "psi:value", "psi:noise", "missing:ratio" ..."""
    return f"model_version_feature:mdlc_{signal}_{window}"


def of_model(signal: str, window: Window) -> str:
    """Name a signal summed over versions: "money:mean", "predictions:sum" ..."""
    return f"model:mdlc_{signal}_{window}"


def burn(kind: Literal["errors", "slow"], window: str) -> str:
    """Name the share of requests that fail or are slow over one of BURN_WINDOWS.

    >>> burn("errors", "5m")
    'model:mdlc_request_errors:ratio_rate5m'
    """
    return f"model:mdlc_request_{kind}:ratio_rate{window}"


def group(model: str, part: str) -> str:
    """Name a rule group of a lifecycle.

    >>> group("flight-delays", "alerts")
    'mdlc-flight-delays-alerts'
    """
    return f"mdlc-{model}-{part}"
