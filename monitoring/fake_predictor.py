"""A predictor's metrics, made by hand: for tests of whatever reads them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TypedDict, Unpack

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

START = datetime(2025, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MODEL = "m"
GAUGES = {
    "mdlc_reference_bin_count",
    "mdlc_model_info",
    "mdlc_model_since_timestamp_seconds",
    "mdlc_promised_money_per_decision",
    "process_start_time_seconds",
}


class PredictorLabels(TypedDict, total=False):
    """Which model version counts, and on which replica."""

    version: str
    instance: str


class FakePredictor(Collector):
    """Counts as a predictor does, and shows it as prometheus_client would."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        # A predictor shows its counters, at 0, from the moment that it has loaded a version.
        self.add("mdlc_predictions_total", 0, of={})

    def add(self, name: str, value: float, *, of: PredictorLabels, **labels: str) -> None:
        """Raise one series; a label called `class_` is `class`."""
        key = _key(name, of, labels)
        self.counts[key] = self.counts.get(key, 0.0) + value

    def restart(self) -> None:
        """Lose all counters, keep the gauges."""
        self.counts = {key: item for key, item in self.counts.items() if key[0] in GAUGES}

    def start(self, time: datetime, *, instance: str = "") -> None:
        """Show when a replica's process began; it is not about a model."""
        labels = (("instance", instance),) if instance else ()
        self.counts["process_start_time_seconds", labels] = time.timestamp()

    def serve(
        self,
        *,
        since: datetime = START,
        promised: float | None = None,
        **of: Unpack[PredictorLabels],
    ) -> None:
        """Show which version a replica serves, since when, and the money that it promised."""
        for key in [key for key in self.counts if key[0] == "mdlc_model_info"]:
            if dict(key[1]).get("instance") == of.get("instance"):
                del self.counts[key]
        self.add("mdlc_predictions_total", 0, of=of)
        self.add("mdlc_model_info", 1, of=of, digest="d", candidate="c")
        self.counts[_key("mdlc_model_since_timestamp_seconds", of, {})] = since.timestamp()
        if promised is not None:
            key = _key("mdlc_promised_money_per_decision", of, {"currency": "EUR"})
            self.counts[key] = promised

    def train(self, bins: Mapping[str, float], **of: Unpack[PredictorLabels]) -> None:
        """Show training counts for the feature x and for the prediction."""
        for feature in ("x", "__prediction"):
            for name, count in bins.items():
                self.add("mdlc_reference_bin_count", count, of=of, feature=feature, bin=name)

    def predict(self, bins: Mapping[str, float], **of: Unpack[PredictorLabels]) -> None:
        """Predict rows whose x, and whose prediction, fall into these bins."""
        self.add("mdlc_predictions_total", sum(bins.values()), of=of)
        for name, count in bins.items():
            self.add("mdlc_feature_bin_total", count, of=of, feature="x", bin=name)
            self.add("mdlc_prediction_bin_total", count, of=of, bin=name)

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
        self.add("mdlc_predictions_total", 0, of=of)
        self.add("mdlc_labels_total", count, of=of)
        self.add("mdlc_correct_total", positive if p > 0.5 else count - positive, of=of)
        loss = -(positive * math.log(p) + (count - positive) * math.log(1 - p))
        self.add("mdlc_log_loss_sum_total", loss, of=of)
        for name, share, seen in (("yes", p, positive), ("no", 1 - p, count - positive)):
            self.add("mdlc_class_predicted_sum_total", share * count, of=of, class_=name)
            self.add("mdlc_class_observed_total", seen, of=of, class_=name)
            self.add("mdlc_class_variance_sum_total", p * (1 - p) * count, of=of, class_=name)
            named = count if (name == "yes") == (p > 0.5) else 0
            self.add("mdlc_class_named_total", named, of=of, class_=name)
            self.add("mdlc_class_correct_total", seen if named else 0, of=of, class_=name)
        self.add("mdlc_money_squared_sum_total", money**2 * count, of=of, currency="EUR")
        self.add("mdlc_money_gained_total", max(money, 0) * count, of=of, currency="EUR")
        self.add("mdlc_money_lost_total", max(-money, 0) * count, of=of, currency="EUR")

    def collect(self) -> list[Metric]:
        """Return the families for a registry."""
        families: dict[str, Metric] = {}
        for (name, labels), value in self.counts.items():
            kind = "gauge" if name in GAUGES else "counter"
            made = Metric(name.removesuffix("_total"), "made by a test", kind)
            family = families.setdefault(name, made)
            # Not by a list of label names: with and without `instance` there are two.
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
