"""max_null_ratio: at most this share of the rows lacks a value."""

from __future__ import annotations

from typing import Any

from mdlc.components.preparation.checks._base import CheckFinding
from mdlc.core.spec.data import DataCheck


def test(table: Any, check: DataCheck, *, index: int) -> CheckFinding | None:  # noqa: ARG001
    """Count the rows without a value, if they are too many."""
    if check.max_null_ratio is None or check.column is None:
        return None
    import ibis

    nulls = table[check.column].isnull().sum().fill_null(0)
    failing = ibis.ifelse(nulls > table.count() * check.max_null_ratio, nulls, 0)
    name = f"{check.column}: at most {check.max_null_ratio:.2%} NULL"
    return CheckFinding(name=name, failing=failing, column=check.column)
