"""Names hold on DNS, in Prometheus and in SQL without quotes."""

from __future__ import annotations

import pytest

from mdlc.core.names import is_column, is_label


@pytest.mark.parametrize("name", ["a", "a-b", "0", "flight-delays", "a" * 53])
def test_labels(name: str) -> None:
    assert is_label(name)


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a_b", "a.b", "a\n", "é", "a" * 54, "../x"])
def test_not_labels(name: str) -> None:
    assert not is_label(name)


@pytest.mark.parametrize("name", ["a", "Dep_2", "x" * 63])
def test_columns(name: str) -> None:
    assert is_column(name)


@pytest.mark.parametrize("name", ["", "_a", "__split", "1a", "a b", 'a"', "a\n", "é", "x" * 64])
def test_not_columns(name: str) -> None:
    assert not is_column(name)
