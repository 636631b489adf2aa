"""What champion and canary counted since the canary began, queried from Prometheus.

Rows, labels and money come from the increments that the recording rules record, so a restart of a
predictor or of Prometheus loses nothing. Failures and times come from the raw counters.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from mdlc.canary.canary_verdict import VersionCounts
from mdlc.core.profile import PREDICTION
from mdlc.monitoring.prometheus_api import Prometheus
from mdlc.monitoring.rules import series_names
from mdlc.services import metric_families as metrics

RECORDED = {"predictions": "predictions", "labels": "labels", "money_squared": "money_squared"}
RAW = {
    "failures": metrics.VERSION_FAILURES.series,
    "scorings": metrics.SCORING_SECONDS.count_series,
    "scoring_seconds": metrics.SCORING_SECONDS.sum_series,
}


def counted(prometheus: Prometheus, *, model: str, elapsed: timedelta) -> dict[str, VersionCounts]:
    """Return version -> what it counted in the last `elapsed`; only versions that counted anything.

    Raises:
        ServiceError: Prometheus does not answer.
    """
    span = f"{max(math.ceil(elapsed.total_seconds()), 1)}s"
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, promql in _sums(model, span):
        for sample in prometheus.query(promql):
            found[sample.labels.get("version", "")][name] = sample.value
    for name, promql in _bins(model, span):
        for sample in prometheus.query(promql):
            bins = found[sample.labels.get("version", "")].setdefault(name, {})
            bins[sample.labels.get("bin", "")] = sample.value
    for fields in found.values():
        fields["money"] = fields.pop("gained", 0.0) - fields.pop("lost", 0.0)
    return {version: VersionCounts(**fields) for version, fields in found.items()}


def _sums(model: str, span: str) -> Iterator[tuple[str, str]]:
    recorded = {**RECORDED, "gained": "money_gained", "lost": "money_lost"}
    for name, series in recorded.items():
        increments = f'{series_names.increase(series)}{{model="{model}"}}[{span}]'
        yield name, f"sum by (version) (sum_over_time({increments}))"
    for name, counter in RAW.items():
        yield name, f'sum by (version) (increase({counter}{{model="{model}"}}[{span}]))'


def _bins(model: str, span: str) -> Iterator[tuple[str, str]]:
    match = f'{{model="{model}", feature="{PREDICTION}"}}'
    live = f"sum_over_time({series_names.increase(series_names.ROWS)}{match}[{span}])"
    yield "bins", f"sum by (version, bin) ({live})"
    trained = f"{series_names.REFERENCE}{match}"
    yield "reference", f"max by (version, bin) ({trained})"
