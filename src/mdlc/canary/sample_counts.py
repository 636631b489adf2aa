"""What champion and canary counted since the canary began, from a store of scrapes.

The same counts as those of `prometheus_counts`, for whoever scrapes the predictor itself and has no
Prometheus: a replay. The store knows no more than its scrapes, so a canary that begins at the time
of a scrape is counted from its first row.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from mdlc.canary.canary_verdict import VersionCounts
from mdlc.core.profile import PREDICTION
from mdlc.monitoring.sample_store import (
    SCORING_COUNT,
    SCORING_SECONDS,
    Labels,
    SampleStore,
    by,
)

COUNTERS = {
    "predictions": "mdlc_predictions_total",
    "failures": "mdlc_version_failures_total",
    "scorings": SCORING_COUNT,
    "scoring_seconds": SCORING_SECONDS,
    "labels": "mdlc_labels_total",
    "gained": "mdlc_money_gained_total",
    "lost": "mdlc_money_lost_total",
    "money_squared": "mdlc_money_squared_sum_total",
}
"""What is counted of a version -> the predictor's counter."""
BINS, REFERENCE = "mdlc_prediction_bin_total", "mdlc_reference_bin_count"


def counted_samples(
    samples: SampleStore, *, model: str, now: datetime, elapsed: timedelta
) -> dict[str, VersionCounts]:
    """Return version -> what it counted in (now - elapsed, now]; a version with no count is absent.

    Raises:
        DataError: the store keeps no samples from so long ago.
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
        # Each replica shows the same training counts, so they are not summed.
        fields["reference"] = {dict(key)["bin"]: v for key, v in _of(trained, version).items()}
    return {version: VersionCounts(**fields) for version, fields in found.items()}


def _of(series: dict[Labels, float], version: str) -> dict[Labels, float]:
    return {labels: v for labels, v in series.items() if dict(labels).get("version") == version}
