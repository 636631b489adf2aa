"""What champion and canary counted since the canary began, from a replay's store of scrapes.

The counts are those of `prometheus_counts`, for a replay, which scrapes the predictor itself and
has no Prometheus. Counts are known only at the times of scrapes: a canary that begins at the time
of a scrape is counted from its first row.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from mdlc.canary.canary_verdict import VersionCounts
from mdlc.core.profile import PREDICTION
from mdlc.monitoring.sample_store import (
    Labels,
    SampleStore,
    by,
)
from mdlc.services import metric_families as metrics

COUNTERS = {
    "predictions": metrics.PREDICTIONS.series,
    "failures": metrics.VERSION_FAILURES.series,
    "scorings": metrics.SCORING_SECONDS.count_series,
    "scoring_seconds": metrics.SCORING_SECONDS.sum_series,
    "labels": metrics.LABELS.series,
    "gained": metrics.MONEY_GAINED.series,
    "lost": metrics.MONEY_LOST.series,
    "money_squared": metrics.MONEY_SQUARED_SUM.series,
}
"""Field of `VersionCounts` -> the predictor's counter that it is read from."""
BINS, REFERENCE = metrics.PREDICTION_BIN.series, metrics.REFERENCE_BIN_COUNT.series


def counted_samples(
    samples: SampleStore, *, model: str, now: datetime, elapsed: timedelta
) -> dict[str, VersionCounts]:
    """Return version -> what it counted in (now - elapsed, now]; only those that counted anything.

    Raises:
        DataError: the store no longer has samples from the beginning of that time.
    """
    match, start = {"model": model}, now - elapsed
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, counter in COUNTERS.items():
        rose = samples.increase(counter, match=match, start=start, end=now)
        for version, increase in by(rose, "version").items():
            found[version][name] = increase
    rows = samples.increase(BINS, match=match, start=start, end=now)
    trained = samples.value(REFERENCE, match={**match, "feature": PREDICTION}, time=now)
    for version, fields in found.items():
        fields["money"] = fields.pop("gained", 0.0) - fields.pop("lost", 0.0)
        fields["bins"] = by(_of(rows, version), "bin")
        # Each replica reports the same training counts, so they are not summed.
        fields["reference"] = {dict(key)["bin"]: v for key, v in _of(trained, version).items()}
    return {version: VersionCounts(**fields) for version, fields in found.items()}


def _of(series: dict[Labels, float], version: str) -> dict[Labels, float]:
    return {labels: v for labels, v in series.items() if dict(labels).get("version") == version}
