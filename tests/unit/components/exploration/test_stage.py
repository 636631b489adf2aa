"""The stage as a whole: which rows it sees, what it hides, what it warns of, odd input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mdlc.components.exploration.stage import explore
from mdlc.core.columns import Feature
from mdlc.core.errors import ArtifactError, DataError
from mdlc.core.spec.model import Explore

ROWS = 200


@pytest.fixture
def frame() -> pd.DataFrame:
    random = np.random.default_rng(5)
    place = random.choice(["Utrecht", "Gent"], size=ROWS).astype(object)
    target = random.choice(["no", "yes"], size=ROWS)
    return pd.DataFrame({"x": random.normal(size=ROWS), "place": place, "__target": target})


def test_only_training_rows_are_looked_at(explored, frame):
    later = frame.assign(x=1e9, place="elsewhere")
    both = pd.concat([frame.assign(__split="train"), later.assign(__split="test")])
    found = explored(both.reset_index(drop=True))
    assert found.rows == ROWS
    assert found.numbers[0].maximum == pytest.approx(frame["x"].max())
    assert {value for value, _ in found.categories[0].top} == {"Utrecht", "Gent"}


def test_no_value_of_a_sensitive_column_is_written(explored, frame, tmp_path):
    found = explored(frame, sensitive=["place"])
    assert {value for value, _ in found.categories[0].top} == {"(sensitive)"}
    assert found.categories[0].target_by_value == {}
    assert found.categories[0].target_strength is not None
    assert "Utrecht" not in (tmp_path / "out/exploration.json").read_text()


def test_the_same_table_gives_the_same_bytes(frame, tmp_path, explored):
    explored(frame)
    first = (tmp_path / "out/exploration.json").read_bytes()
    again = tmp_path / "again"
    again.mkdir()
    explore(Explore(), prepared=tmp_path / "prepared", sensitive=[], out=again)
    assert (again / "exploration.json").read_bytes() == first


def test_a_sample_is_of_the_asked_size_and_leaves_the_statistics_whole(explored, frame):
    found = explored(frame, sample_rows=100)
    assert found.numbers[0].mean == pytest.approx(frame["x"].mean())


def test_leaks_weak_features_and_heavy_tails_are_warned_of(explored, frame):
    frame["leak"] = (frame["__target"] == "yes") + np.linspace(0, 0.1, ROWS)
    frame["tail"] = np.random.default_rng(6).standard_cauchy(ROWS)
    warnings = explored(frame).warnings
    assert any(line.startswith("leak alone tells ") for line in warnings)
    assert any("heavy tails" in line and "tail (" in line for line in warnings)


def test_a_rare_class_is_warned_of(explored, frame):
    frame["__target"] = ["yes"] * 4 + ["no"] * (ROWS - 4)
    assert "heavy class imbalance: yes is 2%" in explored(frame).warnings[0]


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300])
def test_what_float32_cannot_hold_is_counted_and_clipped_away(explored, frame, value):
    frame.loc[0, "x"] = value
    found = explored(frame)
    assert found.numbers[0].maximum < 1e3
    assert any("x has 1 values that are infinite" in line for line in found.warnings)
    assert found.decisions[0].action == "clip"


def test_huge_and_tiny_values_keep_finite_statistics(explored, frame):
    frame["huge"] = frame["x"] * 1e37
    frame["tiny"] = frame["x"] * 1e-300
    frame["offset"] = frame["x"] + 1e9
    by_name = {column.name: column for column in explored(frame, collinear_above=1).numbers}
    assert by_name["huge"].std == pytest.approx(frame["x"].std() * 1e37)
    assert by_name["tiny"].skewness == pytest.approx(by_name["x"].skewness)
    assert by_name["offset"].std == pytest.approx(frame["x"].std(), rel=1e-6)


def test_one_row_for_each_class_is_explored(explored):
    frame = pd.DataFrame(
        {
            "x": [1.0, 2.0, np.nan],
            "word": pd.Series(["a", "b", None], dtype=object),
            "__target": ["p", "q", "r"],
        }
    )
    found = explored(frame)
    assert found.target == {"kind": "classes", "counts": {"p": 1, "q": 1, "r": 1}}
    assert found.categories[0].target_strength is None


def test_a_number_and_a_category_without_values_are_described(explored, frame):
    frame["empty"] = np.nan
    frame["blank"] = pd.Series([None] * (ROWS - 1) + [""], dtype=object)
    found = explored(frame)
    empty, blank = found.numbers[1], found.categories[1]
    assert (empty.nulls, empty.distinct, empty.histogram_counts) == (ROWS, 0, [])
    assert (blank.nulls, blank.distinct, blank.top) == (ROWS, 0, [])


def test_images_show_their_mean_brightness_and_each_label(explored):
    random = np.random.default_rng(8)
    images = random.uniform(size=(60, 2, 3, 1))
    labels = random.choice(["a", "b", "c"], size=60)
    flat = [image.ravel().tolist() for image in images]
    table = pd.DataFrame({"image": flat, "__target": labels})
    feature = Feature(name="image", kind="image", shape=(2, 3, 1), scale=255)
    column = explored(table, prepared={"features": [feature]}).images[0]
    assert np.array(column.mean_image) == pytest.approx(images.mean(axis=(0, 3)), abs=1e-4)
    assert sum(column.brightness_counts) == column.rows == 60
    assert [label for label, _ in column.examples[:4]] == ["a", "b", "c", "a"]
    assert len(column.examples) == 20


def test_examples_of_a_sensitive_image_are_not_shown(explored):
    table = pd.DataFrame({"image": [[0.1, 0.2], [0.3, 0.4]], "__target": ["a", "b"]})
    feature = Feature(name="image", kind="image", shape=(1, 2, 1))
    found = explored(table, sensitive=["image"], prepared={"features": [feature]})
    assert found.images[0].examples == []


def test_examples_of_an_image_of_sensitive_columns_are_not_shown(explored):
    table = pd.DataFrame({"image": [[0.1, 0.2], [0.3, 0.4]], "__target": ["a", "b"]})
    feature = Feature(name="image", kind="image", shape=(1, 2, 1), sensitive=True)
    found = explored(table, sensitive=["pixel_1"], prepared={"features": [feature]})
    assert found.images[0].examples == []


def test_an_image_of_another_size_is_an_error(explored):
    table = pd.DataFrame({"image": [[0.1, 0.2], [0.3]], "__target": ["a", "b"]})
    feature = Feature(name="image", kind="image", shape=(1, 2, 1))
    with pytest.raises(DataError, match="an image has 2 numbers"):
        explored(table, prepared={"features": [feature]})


def test_no_training_row_and_a_missing_column_are_errors(frame, explored, tmp_path):
    with pytest.raises(DataError, match="no row is in the training split"):
        explored(frame.assign(__split="test"))
    document = json.loads((tmp_path / "prepared/prepared.json").read_text())
    document["features"][0]["name"] = "xx"
    (tmp_path / "prepared/prepared.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match="the column xx is missing"):
        explore(Explore(), prepared=tmp_path / "prepared", sensitive=[], out=tmp_path)


def test_a_folder_that_preparation_did_not_write_is_an_error(tmp_path: Path):
    with pytest.raises(ArtifactError, match="run the stage that writes it"):
        explore(Explore(), prepared=tmp_path, sensitive=[], out=tmp_path)
