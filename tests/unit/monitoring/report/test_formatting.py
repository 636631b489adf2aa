"""Numbers are written for people, and what is not known is a dash."""

from __future__ import annotations

import doctest

import pytest

from mdlc.monitoring.report import formatting


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(formatting).failed == 0


@pytest.mark.parametrize("write", [formatting.number, formatting.percent, formatting.seconds])
@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_the_unknown_is_a_dash(write: object, value: float | None) -> None:
    assert callable(write)
    assert write(value) == "–"
    assert formatting.money(value, "USD") == "–"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (0.5, "0.5"),
        (12.34, "12.3"),
        (999.6, "1,000"),
        (2e-6, "2.0e-06"),
        (-1e6, "−1,000,000"),
    ],
)
def test_numbers_keep_three_digits(value: float, shown: str) -> None:
    assert formatting.number(value) == shown


def test_a_gain_has_its_sign() -> None:
    assert formatting.money(3, "EUR", signed=True) == "+3.00 EUR"
    assert formatting.money(-3, "EUR", signed=True) == "−3.00 EUR"
