"""Cleaning is replayed in order, on copies, the same for every batch."""

from __future__ import annotations

import numpy as np
import pytest

from mdlc.core import cleaning
from mdlc.core.cleaning import Decision


def number(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def decide(action: str, column: str = "x", **fields: object) -> Decision:
    return Decision.model_validate({"action": action, "column": column, "why": "", **fields})


def test_dropped_features_are_gone_and_others_stay():
    decisions = [decide("drop"), decide("drop_rows", "__target")]
    assert cleaning.dropped(decisions) == {"x"}
    assert list(cleaning.apply(decisions, {"x": number(1), "y": number(2)})) == ["y"]


def test_clipping_brings_infinity_back_and_leaves_missing_missing():
    cleaned = cleaning.apply([decide("clip", low=-1, high=2)], {"x": number(-5, 1, np.inf, np.nan)})
    np.testing.assert_array_equal(cleaned["x"], number(-1, 1, 2, np.nan))
    assert cleaned["x"].dtype == np.float32


@pytest.mark.parametrize(("low", "high", "wanted"), [(0, None, [0, 9]), (None, 3, [-9, 3])])
def test_clipping_may_have_one_side(low, high, wanted):
    cleaned = cleaning.apply([decide("clip", low=low, high=high)], {"x": number(-9, 9)})
    assert cleaned["x"].tolist() == wanted


def test_missing_numbers_become_the_value_in_float32():
    cleaned = cleaning.apply([decide("impute", value=0.1)], {"x": number(np.nan, 2)})
    np.testing.assert_array_equal(cleaned["x"], number(0.1, 2))
    assert cleaned["x"].dtype == np.float32


def test_a_value_of_zero_is_imputed_too():
    cleaned = cleaning.apply([decide("impute", value=0)], {"x": number(np.nan)})
    assert cleaned["x"].tolist() == [0]


def test_missing_categories_become_the_text_uncut():
    batch = {"x": np.array(["", "a"], object)}
    cleaned = cleaning.apply([decide("impute", text="(missing)")], batch)
    assert cleaned["x"].tolist() == ["(missing)", "a"]
    assert cleaned["x"].dtype == object


def test_decisions_apply_in_their_order():
    batch = {"x": number(np.nan, 9)}
    clip, impute = decide("clip", low=0, high=2), decide("impute", value=5)
    assert cleaning.apply([clip, impute], batch)["x"].tolist() == [5, 2]
    assert cleaning.apply([impute, clip], batch)["x"].tolist() == [2, 2]


def test_the_batch_itself_is_not_changed():
    batch = {"x": number(np.nan, 9)}
    cleaning.apply([decide("clip", low=0, high=1), decide("impute", value=0)], batch)
    np.testing.assert_array_equal(batch["x"], number(np.nan, 9))


def test_decisions_about_absent_columns_do_nothing():
    decisions = [decide("drop"), decide("clip", low=0, high=1), decide("impute", value=0)]
    assert list(cleaning.apply(decisions, {"y": number(1)})) == ["y"]


def test_no_rows_stay_no_rows():
    decisions = [decide("clip", low=0, high=1), decide("impute", value=0)]
    assert cleaning.apply(decisions, {"x": number()})["x"].shape == (0,)
