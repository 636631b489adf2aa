"""The table of all metrics of all servers: name, labels, help and unit.

The code that counts (predictor, trigger) and the code that reads (signals, recording rules, alerts,
dashboards, the judge of canaries, autoscaling) take metrics from here, so a renamed metric is an
error at import. The names of a metric's series in Prometheus are attributes:

    >>> PREDICTIONS.series, MODEL_INFO.series, REQUEST_SECONDS.bucket_series
    ('mdlc_predictions_total', 'mdlc_model_info', 'mdlc_request_seconds_bucket')

docs/metrics.md documents them; a test compares it with this table. `PREDICTOR` and `TRIGGER` list
the metrics of each server.
"""

from __future__ import annotations

from dataclasses import dataclass

from mdlc.core.spec.monitor import LATENCY_SECONDS

LAG_SECONDS = (
    *(60, 3600, 6 * 3600, 86400, 2 * 86400, 3 * 86400),
    *(7 * 86400, 14 * 86400, 28 * 86400),
)
Labels = tuple[str, ...]
MODEL: Labels = ("model",)
VERSION: Labels = ("model", "version")
BY_CLASS: Labels = (*VERSION, "class")
BY_BIN: Labels = (*VERSION, "feature", "bin")
MONEY: Labels = (*VERSION, "currency")


@dataclass(frozen=True)
class MetricFamily:
    """A metric. `name` is without the suffix of its kind (such as _total)."""

    name: str
    labels: Labels
    help: str
    unit: str

    @property
    def documented(self) -> str:
        """Its name on the page of metrics."""
        return self.name


@dataclass(frozen=True)
class CounterFamily(MetricFamily):
    """A counter: only grows, and begins at 0 when the server starts."""

    @property
    def series(self) -> str:
        """The name of its series."""
        return f"{self.name}_total"

    @property
    def documented(self) -> str:
        """Its name on the page of metrics."""
        return self.series


@dataclass(frozen=True)
class GaugeFamily(MetricFamily):
    """A gauge: a value as it is now."""

    @property
    def series(self) -> str:
        """The name of its series."""
        return self.name


@dataclass(frozen=True)
class HistogramFamily(MetricFamily):
    """A histogram of times or sizes, counted by upper bounds (`buckets`)."""

    buckets: tuple[float, ...]

    @property
    def bucket_series(self) -> str:
        """The name of the counts up to each bound, which is the label le."""
        return f"{self.name}_bucket"

    @property
    def count_series(self) -> str:
        """The name of the number of observations."""
        return f"{self.name}_count"

    @property
    def sum_series(self) -> str:
        """The name of the sum of observations."""
        return f"{self.name}_sum"


REQUEST_SECONDS = HistogramFamily(
    "mdlc_request_seconds",
    (*MODEL, "protocol"),
    "Time to answer a request.",
    "seconds",
    LATENCY_SECONDS,
)
REQUEST_ERRORS = CounterFamily(
    "mdlc_request_errors", (*MODEL, "reason"), "Requests that were refused or failed.", "requests"
)
PAYLOAD_LOST = CounterFamily(
    "mdlc_payload_lost", MODEL, "Predictions that were answered and not logged.", "predictions"
)
PAYLOAD_LOG_REOPENED = CounterFamily(
    "mdlc_payload_log_reopened",
    MODEL,
    "Times that the payload log was deleted or replaced.",
    "times",
)
PAYLOAD_WAITING_ROWS = GaugeFamily(
    "mdlc_payload_waiting_rows",
    MODEL,
    "Predictions in memory until the payload log is back.",
    "predictions",
)
MODEL_INFO = GaugeFamily(
    "mdlc_model_info", (*VERSION, "digest", "candidate"), "The version that serves.", "always 1"
)
MODEL_SINCE_TIMESTAMP_SECONDS = GaugeFamily(
    "mdlc_model_since_timestamp_seconds",
    VERSION,
    "When the version began to serve.",
    "seconds since 1970",
)
PROMISED_MONEY_PER_DECISION = GaugeFamily(
    "mdlc_promised_money_per_decision", MONEY, "What the version's evaluation promised.", "money"
)
CANARY_RATIO = GaugeFamily(
    "mdlc_canary_ratio", VERSION, "Share of the predictions that the canary answers.", "share"
)
VERSION_FAILURES = CounterFamily(
    "mdlc_version_failures", VERSION, "Rows that the version failed to score.", "rows"
)
SCORING_SECONDS = HistogramFamily(
    "mdlc_scoring_seconds",
    VERSION,
    "Time of one version to score one request's rows.",
    "seconds",
    LATENCY_SECONDS,
)
PREDICTIONS = CounterFamily("mdlc_predictions", VERSION, "Rows answered.", "rows")
ACTIONS = CounterFamily("mdlc_actions", (*VERSION, "action"), "Actions answered.", "rows")
FEATURE_BIN = CounterFamily("mdlc_feature_bin", BY_BIN, "Rows by bin of a feature.", "rows")
PREDICTION_BIN = CounterFamily(
    "mdlc_prediction_bin", (*VERSION, "bin"), "Rows by bin of the prediction.", "rows"
)
REFERENCE_BIN_COUNT = GaugeFamily(
    "mdlc_reference_bin_count",
    BY_BIN,
    "Training rows by bin of a feature, or of the prediction.",
    "rows",
)
LABELS = CounterFamily("mdlc_labels", VERSION, "Labels joined to a prediction.", "labels")
LABELS_REJECTED = CounterFamily(
    "mdlc_labels_rejected", (*MODEL, "reason"), "Labels not used.", "labels"
)
MONEY_GAINED = CounterFamily("mdlc_money_gained", MONEY, "Money that actions earned.", "money")
MONEY_LOST = CounterFamily("mdlc_money_lost", MONEY, "Money that actions cost.", "money")
MONEY_SQUARED_SUM = CounterFamily(
    "mdlc_money_squared_sum", MONEY, "Sum of squared money of decisions.", "money, squared"
)
LABEL_LAG_SECONDS = HistogramFamily(
    "mdlc_label_lag_seconds",
    VERSION,
    "Time from a prediction to its label.",
    "seconds",
    LAG_SECONDS,
)
CORRECT = CounterFamily("mdlc_correct", VERSION, "Labels that the top class met.", "labels")
LOG_LOSS_SUM = CounterFamily("mdlc_log_loss_sum", VERSION, "Sum of log-losses.", "nats")
BRIER_SUM = CounterFamily("mdlc_brier_sum", VERSION, "Sum of Brier scores.", "none")
CLASS_PREDICTED_SUM = CounterFamily(
    "mdlc_class_predicted_sum", BY_CLASS, "Sum of probabilities.", "rows"
)
CLASS_OBSERVED = CounterFamily("mdlc_class_observed", BY_CLASS, "Labels by class.", "labels")
CLASS_VARIANCE_SUM = CounterFamily("mdlc_class_variance_sum", BY_CLASS, "Sum of p(1 - p).", "rows")
CLASS_NAMED = CounterFamily("mdlc_class_named", BY_CLASS, "Labels by top class.", "labels")
CLASS_CORRECT = CounterFamily(
    "mdlc_class_correct", BY_CLASS, "Labels by top class that it met.", "labels"
)
ABSOLUTE_ERROR_SUM = CounterFamily(
    "mdlc_absolute_error_sum", VERSION, "Sum of |error|.", "target's"
)
SQUARED_ERROR_SUM = CounterFamily(
    "mdlc_squared_error_sum", VERSION, "Sum of squared errors.", "target's, squared"
)
OVER_SUM = CounterFamily("mdlc_over_sum", VERSION, "Sum of predicted beyond the truth.", "target's")
UNDER_SUM = CounterFamily("mdlc_under_sum", VERSION, "Sum of truth beyond predicted.", "target's")
TRIGGER_REQUESTS = CounterFamily(
    "mdlc_trigger_requests",
    ("source", "outcome"),
    "Requests to retrain, by where they came from and what became of them.",
    "requests",
)
TRIGGER_DECISIONS = CounterFamily(
    "mdlc_trigger_decisions",
    (*MODEL, "decision", "rule"),
    "Decisions; the same one again on the same day counts too.",
    "decisions",
)
RETRAININGS = CounterFamily("mdlc_retrainings", (*MODEL, "outcome"), "Runs that ended.", "runs")
RETRAINING_ATTEMPTS = CounterFamily("mdlc_retraining_attempts", MODEL, "Starts of runs.", "starts")
PROMOTIONS = CounterFamily(
    "mdlc_promotions", MODEL, "Versions that began to serve, the first included.", "versions"
)
ROLLBACKS = CounterFamily(
    "mdlc_rollbacks",
    MODEL,
    "Times that a version of the past was made to serve again.",
    "rollbacks",
)
CANARY_ROLLBACKS = CounterFamily(
    "mdlc_canary_rollbacks", MODEL, "Canaries that were dropped.", "canaries"
)
RETRAINING_RUNNING = GaugeFamily("mdlc_retraining_running", MODEL, "1 while a run goes on.", "runs")
RETRAINING_FAILURES_IN_A_ROW = GaugeFamily(
    "mdlc_retraining_failures_in_a_row", MODEL, "Newest runs that failed.", "runs"
)
RETRAINING_RUNS_LEFT = GaugeFamily(
    "mdlc_retraining_runs_left", MODEL, "Of max_per_month, this month.", "runs"
)
RETRAINING_MONEY_LEFT = GaugeFamily(
    "mdlc_retraining_money_left", (*MODEL, "currency"), "Of money_per_month, this month.", "money"
)
RETRAINING_SECONDS = GaugeFamily(
    "mdlc_retraining_seconds",
    MODEL,
    "From decision to end of the newest run that ended.",
    "seconds",
)
RETRAINING_LAST_TIMESTAMP_SECONDS = GaugeFamily(
    "mdlc_retraining_last_timestamp_seconds",
    (*MODEL, "outcome", "version"),
    "End of the newest run that ended.",
    "seconds since 1970",
)
TRIGGER_LAST_DECISION_TIMESTAMP_SECONDS = GaugeFamily(
    "mdlc_trigger_last_decision_timestamp_seconds",
    (*MODEL, "decision", "rule", "reasons"),
    "The newest decision.",
    "seconds since 1970",
)

PREDICTOR: tuple[MetricFamily, ...] = (
    REQUEST_SECONDS,
    REQUEST_ERRORS,
    PAYLOAD_LOST,
    PAYLOAD_LOG_REOPENED,
    PAYLOAD_WAITING_ROWS,
    MODEL_INFO,
    MODEL_SINCE_TIMESTAMP_SECONDS,
    PROMISED_MONEY_PER_DECISION,
    CANARY_RATIO,
    VERSION_FAILURES,
    SCORING_SECONDS,
    PREDICTIONS,
    ACTIONS,
    FEATURE_BIN,
    PREDICTION_BIN,
    REFERENCE_BIN_COUNT,
    LABELS,
    LABELS_REJECTED,
    MONEY_GAINED,
    MONEY_LOST,
    MONEY_SQUARED_SUM,
    LABEL_LAG_SECONDS,
    CORRECT,
    LOG_LOSS_SUM,
    BRIER_SUM,
    CLASS_PREDICTED_SUM,
    CLASS_OBSERVED,
    CLASS_VARIANCE_SUM,
    CLASS_NAMED,
    CLASS_CORRECT,
    ABSOLUTE_ERROR_SUM,
    SQUARED_ERROR_SUM,
    OVER_SUM,
    UNDER_SUM,
)
"""The predictor's metrics."""
TRIGGER: tuple[MetricFamily, ...] = (
    TRIGGER_REQUESTS,
    TRIGGER_DECISIONS,
    RETRAININGS,
    RETRAINING_ATTEMPTS,
    PROMOTIONS,
    ROLLBACKS,
    CANARY_ROLLBACKS,
    RETRAINING_RUNNING,
    RETRAINING_FAILURES_IN_A_ROW,
    RETRAINING_RUNS_LEFT,
    RETRAINING_MONEY_LEFT,
    RETRAINING_SECONDS,
    RETRAINING_LAST_TIMESTAMP_SECONDS,
    TRIGGER_LAST_DECISION_TIMESTAMP_SECONDS,
)
"""The trigger's metrics."""
