"""PromQL computes what signals.measure computes, to 1e-9, whatever happened."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest

from mdlc.core.profile import PREDICTION
from mdlc.monitoring.fake_predictor import START
from mdlc.monitoring.signals import Signals
from tests.unit.monitoring.rules.history import STEP, History, lifecycle

pytestmark = pytest.mark.services

MONITOR = {
    **{"window": "40m", "long_window": "80m", "warm_up": "20m", "labels_within": "15m"},
    **{"drift": {"min_predictions": 60}, "quality": {"min_labels": 40}},
}
PLACES = ("a", "b")
REGRESSION = "3"


def agree(history: History, version: str) -> Signals:
    """Demand of every recorded signal of a version what Python says of it now."""
    found = history.signals(version)
    at = f'{{model="m",version="{version}"}}'

    def same(name: str, value: float | None, window: str = "judged") -> None:
        level, _, rest = name.partition(":")
        history.expect(f"{level}:mdlc_{rest}_{window}{at}", value)

    same("model_version:accuracy:ratio", found.accuracy)
    same("model_version:log_loss:mean", found.log_loss)
    same("model_version:skill:ratio", found.skill)
    same("model_version:mae:mean", found.mae)
    same("model_version:money:mean", found.money_per_decision)
    same("model_version:money:error", found.money_error)
    same("model_version:labels:ratio", found.label_ratio, "short")
    at_version = at
    for signal in found.drift:
        at = at_version.replace("}", f',feature="{signal.name}"}}')
        same("model_version_feature:psi:value", signal.psi, "short")
        if signal.psi is not None:
            same("model_version_feature:psi:noise", signal.noise, "short")
    for item in found.calibration:
        at = at_version.replace("}", f',class="{item.label}"}}')
        off = abs(item.observed - item.predicted) / max(item.predicted, 1e-9)
        same("model_version_class:calibration:off", off)
        same("model_version_class:calibration:z", item.z)
    if not found.calibration:
        at = at_version
        same("model_version_class:calibration:z", None)
    return found


def happen(history: History, chance: random.Random) -> None:
    """Let one tick's worth of traffic, labels, restarts and promotions happen."""
    predictor = history.predictor
    where = {"instance": chance.choice(PLACES), "version": chance.choice("12")}
    bins = {str(index): chance.randrange(6) for index in range(chance.randrange(1, 5))}
    if chance.random() < 0.8:
        predictor.predict(bins, **where)
    if chance.random() < 0.6:
        count = chance.randrange(1, 9)
        money, p = chance.uniform(-2, 3), chance.choice([0.1, 0.4, 0.7])
        positive = chance.randrange(count + 1)
        predictor.label(count, positive=positive, p=p, money=money, **where)
    if chance.random() < 0.3:
        at = {"instance": where["instance"], "version": REGRESSION}
        predictor.add("mdlc_labels_total", 6, of=at)  # type: ignore[arg-type]
        predictor.add("mdlc_absolute_error_sum_total", chance.uniform(0, 9), of=at)  # type: ignore[arg-type]
    if chance.random() < 0.04:
        restart(history, where["instance"])


def restart(history: History, instance: str) -> None:
    """Begin one replica's counters anew; until then it has counted less than it had."""
    counts = history.predictor.counts
    for name, labels in list(counts):
        if dict(labels).get("instance") == instance and name.endswith("_total"):
            counts[name, labels] = 0.0


@pytest.mark.parametrize("seed", range(4))
def test_random_histories(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    history = History(lifecycle(monitor=MONITOR), tmp_path)
    for instance in PLACES:
        history.predictor.start(START, instance=instance)
        history.predictor.train({"0": 500, "1": 300, "2": 0, "9": 40}, instance=instance)
    history.tick()
    judged = 0
    for _ in range(110):
        happen(history, chance)
        history.tick()
        if chance.random() < 0.15:
            for version in ("1", "2", REGRESSION):
                found = agree(history, version)
                judged += found.log_loss is not None
                judged += any(signal.psi is not None for signal in found.drift)
    assert judged > 10  # else nothing was compared
    history.check()


def test_the_index_and_its_noise(tmp_path: Path) -> None:
    """Bins empty on one side, on both, and a feature that training does not know."""
    monitor = {**MONITOR, "warm_up": "0s"}
    history = History(lifecycle(monitor=monitor), tmp_path)
    predictor = history.predictor
    predictor.start(START)
    predictor.train({"0": 5000, "1": 3000, "2": 0, "empty": 0, "missing": 7})
    predictor.predict({"0": 0, "1": 0, "2": 0, "empty": 0, "new": 0})
    history.tick(2)
    predictor.predict({"0": 500, "1": 90, "2": 40, "empty": 0, "new": 3})
    predictor.add("mdlc_feature_bin_total", 633, of={}, feature="unknown", bin="0")
    history.tick(2)
    x, unknown, prediction = agree(history, "1").drift
    assert (x.name, unknown.name, prediction.name) == ("unknown", "x", PREDICTION) or x.name == "x"
    by_name = {signal.name: signal for signal in (x, unknown, prediction)}
    assert by_name["unknown"].psi is None
    moved = by_name["x"].psi
    assert moved is not None
    assert moved > 0.2
    history.expect('model_version_feature:mdlc_bins:used_short{feature="x"}', 5)
    history.check()


def test_what_python_does_not_measure(tmp_path: Path) -> None:
    history = History(lifecycle(monitor={**MONITOR, "warm_up": "0s"}), tmp_path)
    predictor = history.predictor
    predictor.start(START)
    predictor.train({"0": 90, "missing": 10})
    predictor.predict({"0": 0, "missing": 0, "other": 0})
    history.tick()
    predictor.predict({"0": 60, "missing": 30, "other": 10})
    predictor.label(60, positive=45, p=0.9, money=2.0)
    predictor.label(40, positive=10, p=0.2, money=-1.0)
    predictor.add("mdlc_squared_error_sum_total", 400, of={})
    predictor.add("mdlc_brier_sum_total", 25, of={})
    predictor.add("mdlc_label_lag_seconds_sum", 5000, of={})
    predictor.add("mdlc_label_lag_seconds_count", 100, of={})
    for le, count in (("60.0", 80), ("3600.0", 100), ("+Inf", 100)):
        predictor.add("mdlc_label_lag_seconds_bucket", count, of={}, le=le)
    history.tick()
    expected = {
        "model_version:mdlc_rmse:mean_short": 2,
        "model_version:mdlc_brier:mean_short": 0.25,
        "model_version:mdlc_label_lag_seconds:mean_short": 50,
        "model_version:mdlc_label_lag_seconds:p90_short": 60 + 3540 / 2,
        'model_version_class:mdlc_precision:ratio_short{class="yes"}': 45 / 60,
        'model_version_class:mdlc_recall:ratio_short{class="yes"}': 45 / 55,
        'model_version_class:mdlc_recall:ratio_short{class="no"}': 30 / 45,
        'model_version_feature:mdlc_missing:ratio_short{feature="x"}': 0.3,
        'model_version_feature:mdlc_unseen:ratio_short{feature="x"}': 0.1,
        "model:mdlc_accuracy:ratio_short": 0.75,
        "model:mdlc_money:sum_long": 80,
        "model:mdlc_money:mean_short": 0.8,
        "model:mdlc_labels:sum_short": 100,
        "model_version:mdlc_money:error_short": math.sqrt((2.8 - 0.64) / 99),
        "model_version:mdlc_predictions:increase": 100,
    }
    for name, value in expected.items():
        history.expect(name, value)
    history.check()


def test_which_version_serves_and_since_when_it_is_judged(tmp_path: Path) -> None:
    history = History(lifecycle(monitor=MONITOR), tmp_path)
    history.predictor.start(START)
    history.predictor.serve(version="1")
    history.tick(20)
    settled = "model_version:mdlc_settled:bool"
    history.expect(settled, None)
    history.tick()
    history.expect(settled, 1)
    history.predictor.serve(version="2")
    history.tick()
    serving = 'model_version:mdlc_serving:bool{version="%s"}'
    history.expect(serving % "1", None)
    history.expect(serving % "2", 1)
    history.expect(settled + '{version="2"}', None)
    history.tick(3, down=True)  # while nothing is heard, it is the one that did
    history.expect(serving % "2", 1)
    history.check()
    assert history.step == STEP
