"""Calibration curves, groups of rows, and numbers in words."""

from __future__ import annotations

import numpy as np
import pytest

from mdlc.components.evaluation import calibration, held_out_rows, verdict


def test_bins_hold_equally_many_rows_and_honest_scores_have_a_small_error() -> None:
    random = np.random.default_rng(0)
    predicted = random.random(5000)
    happened = (random.random(5000) < predicted).astype(float)
    honest = calibration.curve("bad", predicted, happened=happened)
    assert honest.counts == [500] * 10
    assert honest.expected_calibration_error < 0.03
    bold = calibration.curve("bad", np.minimum(predicted * 2, 1), happened=happened)
    assert bold.expected_calibration_error > 0.2


def test_equal_probabilities_share_a_bin() -> None:
    predicted = np.repeat([0.2, 0.8], 50)
    curve = calibration.curve("bad", predicted, happened=np.tile([0.0, 1.0], 50))
    assert curve.counts == [50, 50]
    assert curve.predicted == pytest.approx([0.2, 0.8])
    assert curve.expected_calibration_error == pytest.approx(0.3)


def test_no_curves_for_many_classes() -> None:
    scores = np.full((5, 11), 1 / 11)
    names = [str(i) for i in range(11)]
    assert calibration.curves(scores, truth=np.zeros(5, int), classes=names) == []


def test_groups_of_numbers_are_quartiles_and_missing_is_a_group() -> None:
    groups = held_out_rows._groups(np.append(np.arange(100.0), np.nan))
    names, counts = np.unique(groups.astype(str), return_counts=True)
    assert dict(zip(names, counts, strict=True)) == {
        "0 to 24.75": 25,
        "24.75 to 49.5": 25,
        "49.5 to 74.25": 25,
        "74.25 to 99": 25,
        "missing": 1,
    }
    assert held_out_rows._groups(np.array(["a", None], dtype=object)).tolist() == ["a", "missing"]
    assert held_out_rows._groups(np.array([1.0, np.nan])).tolist() == ["1", "missing"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.31, "0.31"), (-12.344, "-12.3"), (1234.5, "1,234"), (1e-5, "0.00001"), (0, "0")],
)
def test_numbers_are_short_and_never_powers_of_ten(value: float, text: str) -> None:
    assert verdict.number(value) == text


def test_per_cent_is_cut_not_rounded_up() -> None:
    assert [verdict.percent(p) for p in (0.9, 0.9999, 1)] == ["90 %", "99.9 %", "100 %"]
