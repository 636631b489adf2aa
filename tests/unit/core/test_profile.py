"""Profiles count every row in exactly one bin, and live rows in the same ones."""

from __future__ import annotations

import numpy as np
import pytest

from mdlc.core import profile
from mdlc.core.columns import Feature

RANDOM = np.random.default_rng(2)


def test_bins_of_a_continuous_feature_hold_equal_shares():
    series = profile.make_number("x", RANDOM.normal(size=1000), bins=10)
    assert series.bins == [*map(str, range(10)), "missing"]
    assert list(series.counts.values()) == [100] * 10 + [0]


def test_every_row_falls_into_one_bin_and_missing_into_its_own():
    values = RANDOM.normal(size=200)
    values[:20] = np.nan
    series = profile.make_number("x", values, bins=5)
    assert series.counts["missing"] == 20
    assert sum(series.counts.values()) == 200


def test_a_value_on_an_edge_belongs_to_the_bin_above():
    series = profile.BinnedSeries(
        name="x", kind="number", edges=[1.0], counts={"0": 0, "1": 0, "m": 0}
    )
    assert profile.count(series, np.array([0.9, 1.0, np.inf, -np.inf, np.nan])).tolist() == [
        2,
        2,
        1,
    ]


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.97])
def test_a_flag_has_a_bin_for_each_value_however_rare(share):
    ones = int(1000 * share)
    values = np.array([1.0] * ones + [0.0] * (1000 - ones))
    series = profile.make_number("x", values, bins=10)
    assert series.counts == {"0": 1000 - ones, "1": ones, "missing": 0}


def test_a_constant_feature_still_shows_values_below_it():
    series = profile.make_number("x", np.full(50, 3.0), bins=10)
    assert series.counts == {"0": 0, "1": 50, "missing": 0}
    assert profile.count(series, np.array([2.0, 3.0])).tolist() == [1, 1, 0]


def test_a_feature_without_values_has_one_bin_and_missing():
    series = profile.make_number("x", np.full(5, np.nan), bins=10)
    assert series.counts == {"0": 0, "missing": 5}


def test_float32_values_are_counted_as_they_were_when_the_edges_were_made():
    values = RANDOM.exponential(size=500).astype(np.float32).round(1)
    series = profile.make_number("x", values, bins=10)
    assert profile.count(series, values).tolist() == list(series.counts.values())


def test_frequent_categories_have_bins_and_the_rest_share_one():
    values = np.array([f"c{i:02d}" for i in range(40) for _ in range(i + 1)] + [""] * 7, object)
    series = profile.make_category("c", values)
    assert len(series.categories) == profile.MAX_CATEGORIES
    assert series.counts["=c39"] == 40
    assert series.counts["other"] == sum(range(1, 11))
    assert series.counts["missing"] == 7
    assert sum(series.counts.values()) == len(values)


def test_categories_named_like_the_special_bins_keep_their_own():
    series = profile.make_category("c", np.array(["other", "missing", ""], object))
    assert series.counts == {"=missing": 1, "=other": 1, "other": 0, "missing": 1}


def test_bins_of_a_sensitive_category_have_numbers_and_count_the_same():
    values = np.array(["b", "a", "b", "", "#0"], object)
    secret = profile.make(Feature(name="c", kind="category", sensitive=True), values, bins=4)
    plain = profile.make(Feature(name="c", kind="category"), values, bins=4)
    assert secret.categories == plain.categories == ["#0", "a", "b"]
    assert secret.counts == {"#0": 1, "#1": 1, "#2": 2, "other": 0, "missing": 1}
    assert plain.counts == {"=#0": 1, "=a": 1, "=b": 2, "other": 0, "missing": 1}
    live = np.array(["z", "a", "", "other"], object)
    assert profile.count(secret, live).tolist() == profile.count(plain, live).tolist()


def test_unseen_categories_are_other():
    series = profile.make_category("c", np.array(["a", "b"], object))
    assert profile.count(series, np.array(["z", "a", ""], object)).tolist() == [1, 0, 1, 1]


def test_an_image_is_binned_by_its_brightness():
    images = RANDOM.uniform(size=(100, 4, 4, 1)).astype(np.float32)
    feature = Feature(name="i", kind="image", shape=(4, 4, 1))
    series = profile.make(feature, images, bins=4)
    assert list(series.counts.values()) == [25, 25, 25, 25, 0]


def test_counting_no_rows_gives_zeros():
    number = profile.make_number("x", np.array([1.0, 2.0]), bins=2)
    category = profile.make_category("c", np.array(["a"], object))
    assert profile.count(number, np.array([])).sum() == 0
    assert profile.count(category, np.array([], object)).sum() == 0
