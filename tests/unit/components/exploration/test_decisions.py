"""Cleaning decisions: what is dropped, clipped and imputed, in which order, and why."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mdlc.core import cleaning
from mdlc.core.errors import DataError

ROWS = 300


@pytest.fixture
def frame() -> pd.DataFrame:
    random = np.random.default_rng(3)
    x = random.normal(size=ROWS)
    target = np.where(x + random.normal(size=ROWS) > 0, "yes", "no")
    return pd.DataFrame({"x": x, "__target": target})


def actions(found, column: str) -> list[str]:
    return [decision.action for decision in found.decisions if decision.column == column]


def why(found, column: str) -> str:
    return next(decision.why for decision in found.decisions if decision.column == column)


def test_empty_mostly_missing_and_constant_features_are_dropped(explored, frame):
    frame["empty"] = np.nan
    frame["sparse"] = [1.0, 2.0, 3.0] + [np.nan] * (ROWS - 3)
    frame["constant"] = 5.0
    frame["filled"] = [None, 5.0] * (ROWS // 2)
    frame["word"] = pd.Series(["same"] * ROWS, dtype=object)
    found = explored(frame)
    for column in ("empty", "sparse", "constant", "filled", "word"):
        assert actions(found, column) == ["drop"]
    assert why(found, "sparse").startswith("99% of the values are missing")


def test_one_level_and_missing_is_no_constant(explored, frame):
    frame["flag"] = pd.Series(["on", None] * (ROWS // 2), dtype=object)
    assert actions(explored(frame), "flag") == ["impute"]


def test_too_many_categories_are_dropped_unmeasured(explored, frame):
    frame["name"] = pd.Series([f"n{i}" for i in range(ROWS)], dtype=object)
    found = explored(frame, max_categories=50)
    assert actions(found, "name") == ["drop"]
    assert found.categories[0].target_strength is None
    assert len(found.categories[0].top) == 20


def test_of_a_collinear_pair_the_weaker_goes_and_only_it(explored, frame):
    random = np.random.default_rng(4)
    frame["noisy"] = frame["x"] + 0.2 * random.normal(size=ROWS)
    frame["noisier"] = frame["x"] + 0.25 * random.normal(size=ROWS)
    found = explored(frame, collinear_above=0.9)
    strengths = {column.name: column.target_strength for column in found.numbers}
    kept = set(strengths) - cleaning.dropped(found.decisions)
    assert kept == {max(strengths, key=lambda name: strengths[name])}


def test_outliers_are_clipped_at_the_quantiles_before_missing_ones_are_imputed(explored, frame):
    frame.loc[0, "x"] = 1e6
    frame.loc[1, "x"] = np.nan
    found = explored(frame, clip_quantile=0.01)
    clip, impute = found.decisions
    assert (clip.action, impute.action) == ("clip", "impute")
    assert (clip.low, clip.high) == pytest.approx(tuple(np.nanquantile(frame["x"], [0.01, 0.99])))
    assert impute.value == pytest.approx(np.nanmedian(frame["x"]))
    assert "1 values" in clip.why
    assert impute.why.startswith("1 of 300 values (0.333%) are missing")


def test_outliers_stay_if_the_file_says_so(explored, frame):
    frame.loc[0, "x"] = 1e6
    assert actions(explored(frame, clip_outliers=False), "x") == ["impute"]


def test_a_rare_value_of_two_is_no_outlier(explored, frame):
    frame["flag"] = [1.0, 1.0] + [0.0] * (ROWS - 2)
    assert actions(explored(frame), "flag") == ["impute"]


def test_numbers_without_missing_values_can_be_imputed_later(explored, frame):
    found = explored(frame)
    assert actions(found, "x") == ["impute"]
    assert why(found, "x").startswith("none is missing here, but one may be later")


def test_rows_without_a_target_are_told_of(explored, frame):
    found = explored(frame, prepared={"removed_null_target": 12})
    assert found.decisions[0].action == "drop_rows"
    assert found.decisions[0].why.startswith("12 rows")
    assert found.null_sql.endswith("WHERE __target IS NOT NULL")


def test_no_feature_left_is_an_error_that_says_why(explored, frame):
    frame["x"] = 1.0
    with pytest.raises(DataError, match="no feature is left of 1, such as x: all 300 known values"):
        explored(frame)


def test_the_decisions_leave_a_batch_without_gaps(explored, frame):
    frame["word"] = pd.Series(["a", "b", None] * (ROWS // 3), dtype=object)
    found = explored(frame)
    batch = {
        "x": np.array([np.nan, np.inf, 0.5], np.float32),
        "word": np.array(["", "a", "new"], object),
    }
    cleaned = cleaning.apply(found.decisions, batch)
    assert not np.isnan(cleaned["x"]).any()
    assert cleaned["word"].tolist() == ["(missing)", "a", "new"]
