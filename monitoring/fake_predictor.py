"""A fake of the predictor's metrics, for tests of code that reads them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TypedDict, Unpack

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from mdlc.services import metric_families as metrics

START = datetime(2025, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MODEL = "m"
GAUGES = {
    metrics.REFERENCE_BIN_COUNT.series,
    metrics.MODEL_INFO.series,
    metrics.MODEL_SINCE_TIMESTAMP_SECONDS.series,
    metrics.PROMISED_MONEY_PER_DECISION.series,
    "process_start_time_seconds",
}


class PredictorLabels(TypedDict, total=False):
    """The labels that name a model's version and a replica."""

    version: str
    instance: str


class FakePredictor(Collector):
    """Counts like a predictor, and shows the counts in the text format of prometheus_client."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        # A predictor shows its counters at 0 as soon as it has loaded a version.
        self.add(metrics.PREDICTIONS.series, 0, of={})

    def add(self, name: str, value: float, *, of: PredictorLabels, **labels: str) -> None:
        """Raise one series; a label called `class_` is `class`."""
        key = _key(name, of, labels)
        self.counts[key] = self.counts.get(key, 0.0) + value

    def restart(self) -> None:
        """Lose all counters, keep the gauges."""
        self.counts = {key: item for key, item in self.counts.items() if key[0] in GAUGES}

    def start(self, time: datetime, *, instance: str = "") -> None:
        """Show the start time of a replica's process, a series without a model label."""
        labels = (("instance", instance),) if instance else ()
        self.counts["process_start_time_seconds", labels] = time.timestamp()

    def serve(
        self,
        *,
        since: datetime = START,
        promised: float | None = None,
        **of: Unpack[PredictorLabels],
    ) -> None:
        """Show which version a replica serves, since when, and the money that was promised."""
        for key in [key for key in self.counts if key[0] == metrics.MODEL_INFO.series]:
            if dict(key[1]).get("instance") == of.get("instance"):
                del self.counts[key]
        self.add(metrics.PREDICTIONS.series, 0, of=of)
        self.add(metrics.MODEL_INFO.series, 1, of=of, digest="d", candidate="c")
        self.counts[_key(metrics.MODEL_SINCE_TIMESTAMP_SECONDS.series, of, {})] = since.timestamp()
        if promised is not None:
            key = _key(metrics.PROMISED_MONEY_PER_DECISION.series, of, {"currency": "EUR"})
            self.counts[key] = promised

    def train(self, bins: Mapping[str, float], **of: Unpack[PredictorLabels]) -> None:
        """Show training counts for the feature x and for the prediction."""
        for feature in ("x", "__prediction"):
            for name, count in bins.items():
                self.add(
                    metrics.REFERENCE_BIN_COUNT.series,
                    count,
                    of=of,
                    feature=feature,
                    bin=name,
                )

    def predict(self, bins: Mapping[str, float], **of: Unpack[PredictorLabels]) -> None:
        """Predict rows whose x, and whose prediction, fall into these bins."""
        self.add(metrics.PREDICTIONS.series, sum(bins.values()), of=of)
        for name, count in bins.items():
            self.add(metrics.FEATURE_BIN.series, count, of=of, feature="x", bin=name)
            self.add(metrics.PREDICTION_BIN.series, count, of=of, bin=name)

    def label(
        self,
        count: float,
        *,
        positive: float,
        p: float,
        money: float = 1.0,
        **of: Unpack[PredictorLabels],
    ) -> None:
        """Label `count` predictions of "yes" with probability `p`, of which `positive` were."""
        self.add(metrics.PREDICTIONS.series, 0, of=of)
        self.add(metrics.LABELS.series, count, of=of)
        self.add(metrics.CORRECT.series, positive if p > 0.5 else count - positive, of=of)
        loss = -(positive * math.log(p) + (count - positive) * math.log(1 - p))
        self.add(metrics.LOG_LOSS_SUM.series, loss, of=of)
        for name, share, seen in (("yes", p, positive), ("no", 1 - p, count - positive)):
            self.add(metrics.CLASS_PREDICTED_SUM.series, share * count, of=of, class_=name)
            self.add(metrics.CLASS_OBSERVED.series, seen, of=of, class_=name)
            self.add(metrics.CLASS_VARIANCE_SUM.series, p * (1 - p) * count, of=of, class_=name)
            named = count if (name == "yes") == (p > 0.5) else 0
            self.add(metrics.CLASS_NAMED.series, named, of=of, class_=name)
            self.add(metrics.CLASS_CORRECT.series, seen if named else 0, of=of, class_=name)
        self.add(metrics.MONEY_SQUARED_SUM.series, money**2 * count, of=of, currency="EUR")
        self.add(metrics.MONEY_GAINED.series, max(money, 0) * count, of=of, currency="EUR")
        self.add(metrics.MONEY_LOST.series, max(-money, 0) * count, of=of, currency="EUR")

    def collect(self) -> list[Metric]:
        """Return the families for a registry."""
        families: dict[str, Metric] = {}
        for (name, labels), value in self.counts.items():
            kind = "gauge" if name in GAUGES else "counter"
            made = Metric(name.removesuffix("_total"), "made by a test", kind)
            family = families.setdefault(name, made)
            # add_metric needs one list of label names, but series may have `instance` or not.
            family.add_sample(name, dict(labels), value)
        return list(families.values())

    def show(self) -> str:
        """Return the exposition, as /metrics answers it."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry).decode()


def _key(
    name: str, of: PredictorLabels, labels: Mapping[str, str]
) -> tuple[str, tuple[tuple[str, str], ...]]:
    named = {"model": MODEL, "version": "1", **of, **labels}
    return name, tuple(sorted((key.rstrip("_"), str(item)) for key, item in named.items()))
