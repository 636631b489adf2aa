"""Intervals have the width that theory gives, and are quick."""

from __future__ import annotations

import time

import numpy as np
import pytest

from mdlc.components.evaluation import bootstrap, metrics
from mdlc.components.evaluation.significance import Units


def test_interval_of_a_mean_has_the_normal_width() -> None:
    values = np.random.default_rng(0).normal(size=2000)
    resamples = bootstrap.of_rows(2000, draws=2000, seed=1)
    sums = resamples.sums({"value": values[:, None]})["value"][:, 0] / 2000
    interval = resamples.interval(values.mean(), samples=sums)
    error = values.std() / np.sqrt(2000)
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * error, rel=0.08)


def test_more_rows_than_groups_give_the_same_width() -> None:
    rows = 3 * bootstrap.MAX_GROUPS
    values = np.random.default_rng(0).normal(size=rows)
    resamples = bootstrap.of_rows(rows, draws=400, seed=1)
    sums = resamples.sums({"value": values[:, None], "rows": np.ones((rows, 1))})
    assert resamples.size == bootstrap.MAX_GROUPS
    assert (sums["value"] / sums["rows"]).std() == pytest.approx(rows**-0.5, rel=0.12)


def test_days_are_resampled_whole_and_give_wider_intervals() -> None:
    random = np.random.default_rng(0)
    values = np.repeat(random.normal(size=10), 50)
    days = Units(np.repeat(np.arange(10), 50), 10, "days")
    by_day = bootstrap.of_units(days, draws=500, seed=0)
    by_row = bootstrap.of_rows(500, draws=500, seed=0)
    assert (by_day.unit, by_day.size) == ("days", 10)
    widths = [r.sums({"v": values[:, None]})["v"].std() for r in (by_day, by_row)]
    assert widths[0] > 4 * widths[1]


def test_rows_that_are_units_of_their_own_are_resampled_one_by_one() -> None:
    rows = Units(np.arange(20), 20, "rows")
    assert bootstrap.of_units(rows, draws=100, seed=0).unit == "rows"


def test_seven_days_give_wider_percentiles_than_many() -> None:
    samples = np.random.default_rng(0).normal(size=10_000)
    few = bootstrap.Resamples(np.arange(7), 7, 100, 0, "days").interval(0, samples=samples)
    many = bootstrap.Resamples(np.arange(7), 7000, 100, 0, "rows").interval(0, samples=samples)
    assert few.high == pytest.approx(2.45 * np.sqrt(7 / 6), rel=0.05)
    assert many.high == pytest.approx(1.96, rel=0.05)


def test_resamples_are_the_same_each_time_and_do_not_depend_on_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resamples = bootstrap.of_rows(50, draws=100, seed=3)
    block = {"v": np.arange(50.0)[:, None], "w": np.ones((50, 2))}
    first = resamples.sums(block)
    monkeypatch.setattr(bootstrap, "CELLS", 700)
    assert np.allclose(first["v"], resamples.sums(block)["v"])
    assert first["w"].shape == (100, 2)
    assert (first["w"] == 50).all()


def test_auc_interval_agrees_with_delong() -> None:
    random = np.random.default_rng(0)
    truth = (random.random(800) < 0.3).astype(int)
    second = 1 / (1 + np.exp(-(random.normal(size=800) + truth)))
    scores = np.column_stack([1 - second, second])
    blocks = metrics.classification_statistics(scores, truth)
    placed = blocks["placements"]
    variance = sum(placed[truth == c, c].var(ddof=1) / (truth == c).sum() for c in (0, 1))
    resamples = bootstrap.of_rows(800, draws=2000, seed=0)
    aucs = metrics.classification_metrics(resamples.sums(blocks))["auc"]
    assert aucs.std() == pytest.approx(np.sqrt(variance), rel=0.06)


def test_seven_thousand_rows_and_five_contenders_take_under_five_seconds() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, 7000)
    second = random.random(7000)
    blocks = metrics.classification_statistics(np.column_stack([1 - second, second]), truth)
    resamples = bootstrap.of_rows(7000, draws=1000, seed=0)
    start = time.process_time()
    for _ in range(5):
        metrics.classification_metrics(resamples.sums(blocks))
    assert time.process_time() - start < 5
