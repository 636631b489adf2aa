"""The encoder: the same matrix in numpy, ONNX and TensorFlow."""

from __future__ import annotations

import numpy as np

from mdlc.components.training import encoding
from mdlc.core.columns import Batch, Feature

FEATURES = [
    Feature(name="x", kind="number"),
    Feature(name="image", kind="image", shape=(1, 2, 1)),
    Feature(name="place", kind="category"),
]


def batch(x: list[float], place: list[str]) -> Batch:
    return {
        "x": np.array(x, np.float32),
        "place": np.array(place, object),
        "image": np.ones((len(x), 1, 2, 1), np.float32),
    }


def test_missing_is_the_median_and_unseen_is_zeros() -> None:
    made = encoding.fit(FEATURES, batch([1, 2, 9, np.nan], ["b", "a", "", "a"]))
    assert made.owners == ["x", "image", "image", "place", "place", "place"]
    assert made.questions[3:] == ["place is missing", "place is a", "place is b"]
    matrix = made.matrix(batch([np.nan, 5], ["b", "never"]))
    assert matrix.dtype == np.float32
    assert matrix.tolist() == [[2, 1, 1, 0, 0, 1], [5, 1, 1, 0, 0, 0]]


def test_scaling_is_of_the_training_rows() -> None:
    made = encoding.fit(FEATURES, batch([0, 10], ["a", "a"]), scale=True)
    assert made.matrix(batch([5, 10], ["a", "a"]))[:, 0].tolist() == [0, 1]


def test_missing_is_kept_only_where_training_had_it() -> None:
    with_missing = encoding.fit(FEATURES, batch([1, np.nan], ["a", "a"]), keep_missing=True)
    without = encoding.fit(FEATURES, batch([1, 3], ["a", "a"]), keep_missing=True)
    asked = batch([np.nan], ["a"])
    assert np.isnan(with_missing.matrix(asked)[0, 0])
    assert without.matrix(asked)[0, 0] == 2


def test_rare_categories_have_no_column() -> None:
    names = [f"c{i}" for i in range(encoding.MAX_CATEGORIES + 5)]
    made = encoding.fit(FEATURES, batch([0.0] * len(names), names))
    assert len(made.categories["place"]) == encoding.MAX_CATEGORIES
