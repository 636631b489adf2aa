"""PSI is one formula, and its noise is what chance alone gives."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mdlc.core.errors import DataError
from mdlc.monitoring import population_stability


def test_the_index_is_siddiqis_sum() -> None:
    expected = {"a": 200.0, "b": 300.0, "c": 500.0}
    actual = {"a": 300.0, "b": 300.0, "c": 400.0}
    by_hand = 0.1 * math.log(0.3 / 0.2) - 0.1 * math.log(0.4 / 0.5)
    assert population_stability.psi(expected, actual) == pytest.approx(by_hand, rel=0.01)


def test_the_index_is_the_same_both_ways() -> None:
    one, other = {"a": 10.0, "b": 90.0}, {"a": 60.0, "b": 40.0}
    assert population_stability.psi(one, other) == pytest.approx(
        population_stability.psi(other, one)
    )


def test_an_empty_bin_stays_finite_and_is_large_when_it_fills() -> None:
    moved = population_stability.psi({"a": 1000, "b": 0}, {"a": 500, "b": 500})
    assert math.isfinite(moved)
    assert moved > 1


def test_a_bin_empty_on_both_sides_changes_nothing() -> None:
    expected, actual = {"a": 100.0, "b": 900.0}, {"a": 30.0, "b": 70.0}
    index = population_stability.psi({**expected, "missing": 0.0}, {**actual, "missing": 0.0})
    assert index == population_stability.psi(expected, actual)


@pytest.mark.parametrize(("expected", "actual"), [({}, {"a": 1}), ({"a": 1}, {"a": 0})])
def test_no_counts_are_an_error_and_not_no_drift(
    expected: dict[str, float], actual: dict[str, float]
) -> None:
    with pytest.raises(DataError, match="PSI needs"):
        population_stability.psi(expected, actual)


def test_chance_exceeds_the_noise_about_as_rarely_as_it_says() -> None:
    random = np.random.default_rng(1)
    shares, n, m, quantile = np.full(10, 0.1), 2000, 5000, 0.99
    bound = population_stability.noise(10, n_actual=n, n_expected=m, quantile=quantile)
    indices = [
        population_stability.psi(
            dict(enumerate_counts(random.multinomial(m, shares))),
            dict(enumerate_counts(random.multinomial(n, shares))),
        )
        for _ in range(2000)
    ]
    above = np.mean(np.array(indices) > bound)
    assert 0.004 < above < 0.018


def enumerate_counts(counts: np.ndarray) -> list[tuple[str, float]]:
    return [(str(index), float(count)) for index, count in enumerate(counts)]


def test_noise_is_finite_without_counts_and_nothing_for_one_bin() -> None:
    assert math.isfinite(population_stability.noise(5, n_actual=0, n_expected=0))
    assert population_stability.noise(5, n_actual=0, n_expected=1000) > 1
    assert population_stability.noise(1, n_actual=10, n_expected=10) == 0
