"""Raw values become the same arrays, whether they come from a request or from a table."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from mdlc.core.columns import Feature, from_values, read_table, rows_of
from mdlc.core.errors import DataError

NUMBER = Feature(name="x", kind="number")
CATEGORY = Feature(name="c", kind="category")
IMAGE = Feature(name="image", kind="image", shape=(1, 2, 1), scale=10)


def test_only_a_sensitive_feature_says_so_and_older_manifests_keep_their_digest():
    fields = {"name": "x", "kind": "number", "shape": None, "scale": 1.0}
    assert NUMBER.model_dump(mode="json") == fields
    secret = Feature(name="x", kind="number", sensitive=True)
    assert secret.model_dump(mode="json") == {**fields, "sensitive": True}
    assert Feature.model_validate_json(secret.model_dump_json()) == secret
    assert Feature.model_validate_json(NUMBER.model_dump_json()) == NUMBER


def test_numbers_are_float32_and_missing_is_nan():
    array = from_values(NUMBER, [1, 2.5, None, float("nan"), True, np.int64(3)])
    np.testing.assert_array_equal(array, np.array([1, 2.5, np.nan, np.nan, 1, 3], np.float32))
    assert array.dtype == np.float32


@pytest.mark.parametrize("value", ["1", float("inf"), 1e39, -1e39, 10**400, [1.0]])
def test_what_is_no_finite_number_is_refused_by_row(value):
    with pytest.raises(DataError, match="feature x, row 1: wanted"):
        from_values(NUMBER, [0, value])


def test_categories_are_text_and_missing_is_empty():
    array = from_values(CATEGORY, ["a", None, float("nan"), 3, 3.0, 3.5, True, ""])
    assert array.tolist() == ["a", "", "", "3", "3", "3.5", "true", ""]
    assert array.dtype == object


def test_a_list_is_no_category():
    with pytest.raises(DataError, match="feature c, row 0: wanted text"):
        from_values(CATEGORY, [["a"]])


def test_images_are_scaled_flat_or_nested():
    array = from_values(IMAGE, [[5, 10], [[[0], [1]]]])
    assert array.shape == (2, 1, 2, 1)
    assert array.ravel().tolist() == pytest.approx([0.5, 1, 0, 0.1])


def test_no_images_keep_their_shape():
    assert from_values(IMAGE, []).shape == (0, 1, 2, 1)


@pytest.mark.parametrize("value", [[1], [1, float("nan")], "no", None])
def test_an_image_of_another_size_or_with_gaps_is_refused(value):
    with pytest.raises(DataError, match="feature image"):
        from_values(IMAGE, [value])


def test_rows_of_no_columns_are_none():
    assert rows_of({}) == 0
    assert rows_of({"x": np.zeros(3)}) == 3


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.parquet"
    frame = pd.DataFrame(
        {
            "x": [3.0, np.nan, 1.0],
            "c": pd.Series(["b", None, "a"], dtype=object),
            "image": [[0.3, 0.3], [0.2, 0.2], [0.1, 1.0]],
            "__key": ["k3", "k2", "k1"],
            "__time": pd.to_datetime(["2024-01-02", "2024-01-02", "2024-01-01"]),
            "__split": ["test", "train", "train"],
            "__target": ["yes", "no", "yes"],
        }
    )
    frame.to_parquet(path, coerce_timestamps="us")
    return path


def test_a_table_reads_as_requests_do_in_order_of_time_and_key(table):
    features = [NUMBER, CATEGORY, IMAGE]
    batch, extra = read_table(table, features=features, extra=("__target", "__time"))
    np.testing.assert_array_equal(batch["x"], from_values(NUMBER, [1, None, 3]))
    assert batch["c"].tolist() == from_values(CATEGORY, ["a", None, "b"]).tolist()
    assert batch["image"].shape == (3, 1, 2, 1)
    assert batch["image"].ravel().tolist() == pytest.approx([0.1, 1, 0.2, 0.2, 0.3, 0.3])
    assert extra["__target"].tolist() == ["yes", "no", "yes"]
    assert extra["__time"][0] == np.datetime64(datetime(2024, 1, 1))


@pytest.mark.parametrize("features", [[NUMBER, CATEGORY], [IMAGE]])
def test_a_condition_chooses_rows_even_none(table, features):
    batch, _ = read_table(table, features=features, where="__split = 'train'")
    assert rows_of(batch) == 2
    empty, _ = read_table(table, features=features, where="__split = 'later'")
    assert rows_of(empty) == 0


def test_a_missing_column_is_an_error_that_names_it(table):
    with pytest.raises(DataError, match="nope"):
        read_table(table, features=[Feature(name="nope", kind="number")])


@pytest.mark.parametrize(
    ("truth", "values", "texts"),
    [
        (("False", "True"), [True, "true", "TRUE", False, None], ["True"] * 3 + ["False", ""]),
        (("no", "yes"), [True, "Yes", False, "maybe"], ["yes", "yes", "no", "maybe"]),
        (None, [True, "True", 1.0], ["true", "True", "1"]),
    ],
)
def test_false_and_true_are_spelled_as_in_training(
    truth: tuple[str, str] | None, values: list[object], texts: list[str]
) -> None:
    feature = Feature(name="b", kind="category", truth=truth)
    assert from_values(feature, values).tolist() == texts
